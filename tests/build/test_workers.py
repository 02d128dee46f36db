"""Work beside other work: what a second process finds out comes back, and none outlives its owner."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from leadpages.build import workers
from leadpages.build.workers import Aside

needs_forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


@needs_forks
@pytest.mark.parametrize(("count", "elsewhere"), [(1, False), (2, True)])
def test_aside(monkeypatch: pytest.MonkeyPatch, count: int, elsewhere: bool) -> None:
    """With two workers another process does it, once; with one this process does."""
    monkeypatch.setattr(workers, "_may_fork", lambda: True)
    with closing(Aside(os.getpid, count)) as aside:
        assert (aside.result != os.getpid()) is elsewhere
        assert aside.result == aside.result


@needs_forks
def test_failure_comes_to_light(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the other process fails, the work is done here, with its error."""
    monkeypatch.setattr(workers, "_may_fork", lambda: True)
    with closing(Aside((tmp_path / "missing").read_bytes, 2)) as aside, pytest.raises(FileNotFoundError):
        aside.result  # noqa: B018


@needs_forks
def test_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed before it is asked, the process is gone."""
    monkeypatch.setattr(workers, "_may_fork", lambda: True)
    reading, writing = os.pipe()
    aside = Aside(lambda: os.read(reading, 1), 2)  # waits for ever
    assert aside._child is not None
    aside.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(aside._child[0], 0)
    os.close(reading)
    os.close(writing)
