"""The bar that a person sees while a build takes its time."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

#: Work of a given time, in steps of a tenth of it.
WORK = """
import sys, time
from leadpages.cli.progress import progress_bar
with progress_bar(quiet=False) as progress:
    for step in range(1, 11):
        time.sleep(float(sys.argv[1]) / 10)
        progress and progress("Reading", step, 10)
"""


def seen_on_terminal(seconds: float) -> str:
    """What a terminal shows of work that takes so long."""
    ours, theirs = pty.openpty()
    env = os.environ | {"TERM": "xterm-256color", "COLUMNS": "80"}
    with subprocess.Popen([sys.executable, "-c", WORK, str(seconds)], stderr=theirs, env=env) as working:
        os.close(theirs)
        seen = b""
        try:
            while piece := os.read(ours, 4096):
                seen += piece
        except OSError:  # how a terminal ends on Linux
            pass
    os.close(ours)
    assert working.returncode == 0
    return seen.decode()


@pytest.mark.parametrize(("seconds", "is_seen"), [(0.2, False), (2.0, True)])
def test_bar_on_a_terminal(seconds: float, is_seen: bool) -> None:
    """Work of over a second shows how far it is; shorter work shows nothing."""
    shown = seen_on_terminal(seconds)

    assert ("Reading" in shown) == is_seen
    assert ("90%" in shown or "100%" in shown) == is_seen


def test_no_bar_in_a_pipe() -> None:
    """Where no terminal is, nothing is drawn."""
    done = subprocess.run([sys.executable, "-c", WORK, "1.5"], capture_output=True, check=True)

    assert done.stderr == b""
