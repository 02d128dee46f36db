"""Compare how long a fresh process takes to load the form handler and to load Flask, and to answer one request.

Loading is most of a cold start on a serverless host. `leadpages.handler.app` puts its own off until the first
request, so importing it says little alone; "ready" loads what every request needs, and the first answers (to
GET /healthz, for which the handler also opens its database) are what a visitor waits for. An empty program shows
what the interpreter itself takes. The programs take turns, so that a busy machine slows all of them; byte code is
cached, as it is once deployed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from leadpages.build.project import BUNDLE, Options, build

_ROOT: Final = Path(__file__).parents[2]
_ASK: Final = """
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/healthz", "SERVER_NAME": "x", "SERVER_PORT": "80",
    "wsgi.url_scheme": "http"}
statuses = []
list(app(environ, lambda status, headers: statuses.append(status)))
assert statuses == ["200 OK"], statuses
"""
_FLASK: Final = "from flask import Flask; app = Flask('x')"
_PROGRAMS: Final = {
    "empty": "pass",
    "handler": "import leadpages.handler.app",
    "handler, ready": "import leadpages.handler.application",
    "handler, first answer": "from leadpages.handler.app import app" + _ASK,
    "flask": _FLASK,
    "flask, first answer": _FLASK + "\napp.add_url_rule('/healthz', view_func=lambda: 'ok')" + _ASK,
}
_PAIRS: Final = (
    ("handler", "flask"),
    ("handler, ready", "flask"),
    ("handler, first answer", "flask, first answer"),
)


def measure(rounds: int, env: Mapping[str, str]) -> dict[str, float]:
    """Median milliseconds by program; the first round fills the caches and is not counted."""
    times: dict[str, list[float]] = {name: [] for name in _PROGRAMS}
    for _ in range(rounds + 1):
        for name, program in _PROGRAMS.items():
            times[name].append(_run_ms(program, env))
    return {name: median(found[1:]) for name, found in times.items()}


def _run_ms(program: str, env: Mapping[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, env=env)
    return (time.perf_counter() - started) * 1000


def _environment(folder: Path) -> dict[str, str]:
    """What the handler needs to run on this repository's own site, built into `folder`."""
    build(_ROOT, folder, Options(), datetime.now(UTC))
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return inherited | {
        "LEADPAGES_BUNDLE": str(folder / BUNDLE),
        "LEADPAGES_DATABASE_URL": f"sqlite:///{folder / 'leads.db'}",
        "LEADPAGES_SECRET_KEYS": "a key for this benchmark and nothing else",
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        times = measure(options.rounds, _environment(Path(folder)))
    ratios = {f"{ours} / {theirs}": times[ours] / times[theirs] for ours, theirs in _PAIRS}
    if options.as_json:
        print(json.dumps({"ms": times, "ratios": ratios}))
        return
    for name, ms in times.items():
        print(f"{name:46}{ms:5.0f} ms")
    for pair, ratio in ratios.items():
        print(f"{pair:46}{ratio:5.2f}")


if __name__ == "__main__":
    main()
