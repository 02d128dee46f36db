"""Durable submissions a second on SQLite: 64 keep-alive clients, one process of gunicorn with a thread for each.

Beside it stand, in the same run and under the same server, an empty reply (what the server can do at most), the same
form with Flask and SQLAlchemy that commits each request, and how often one process can commit one row (what a
handler that commits each request can do at most). Disks that acknowledge a sync before it is safe make commits cheap:
the last row slows every sync down, with `slow_sync.c` before the C library. After each round everything that was
acknowledged is counted in the database.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from tests.bench.measure import free_port

from leadpages.build.project import BUNDLE, Options, build
from leadpages.core.bundle import load
from leadpages.stores.sqlite.driver import sqlite3
from leadpages.stores.sqlite.store import JOURNAL, SQLiteStore, synchronous

_ROOT: Final = Path(__file__).parents[2]
_CLIENTS: Final = 64
_SYNC_MS: Final = 5
_NUMBERS: Final = count(1)
#: What is asked: of the empty reply, of Flask, of the same with slow syncs at least; in ms at most.
_OF_EMPTY, _OF_FLASK, _WHEN_SLOW, _P99_MS = 0.5, 2.5, 0.6, 100.0


@dataclass(frozen=True, slots=True)
class Server:
    """A WSGI application, and what its environment has beside that of the handler."""

    name: str
    app: str
    env: Mapping[str, str] = field(default_factory=dict)


_HANDLER: Final = "leadpages.handler.app:app"
_APPS: Final = "tests.bench.submission_apps"
EMPTY: Final = Server("an empty 303", f"{_APPS}:empty")
FORGETFUL: Final = Server("leadpages, keeping nothing", f"{_APPS}:forgetful()")
OURS: Final = Server("leadpages", _HANDLER)
FLASK: Final = Server("Flask, SQLAlchemy", f"{_APPS}:flask_app()")


@dataclass(frozen=True, slots=True)
class Row:
    """What one server did, the median of all rounds. `per_second` counts answers, `lost` what is in no database."""

    name: str
    per_second: float
    median_ms: float
    p99_ms: float
    lost: int = 0


class Bench:
    """One run, in a folder of its own."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder, self._seconds = folder, seconds
        build(_ROOT, folder, Options(), datetime.now(UTC))
        self._origin = load(folder / BUNDLE).site.url

    def run(self, rounds: int) -> list[Row]:
        """All servers in turns, so often."""
        servers = [EMPTY, FORGETFUL, OURS, FLASK, self._slowed(OURS)]
        found: dict[str, list[Row]] = {server.name: [] for server in servers}
        for _ in range(rounds):
            for server in servers:
                found[server.name].append(self.measure(server))
        rows = [_middle(rows) for rows in found.values()]
        half = self.measure(OURS, rate=rows[servers.index(OURS)].per_second / 2)
        return [*rows, replace(half, name="leadpages at half of that")]

    def _slowed(self, server: Server) -> Server:
        """The same server with syncs that take longer. There has to be a C compiler."""
        library, source = self._folder / "slow_sync.so", Path(__file__).with_name("slow_sync.c")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        env = {"LD_PRELOAD": str(library), "SLOW_SYNC_MS": str(_SYNC_MS)}
        return Server(f"{server.name}, {_SYNC_MS} ms more a sync", server.app, env)

    def measure(self, server: Server, rate: float = 0.0) -> Row:
        """What `server` does with as many forms as it can take, or at `rate` a second."""
        database = self._folder / f"{next(_NUMBERS)}.db"
        name = database.stem
        with self._serving(server, database) as port:
            _clients(port, f"{name}-warm", self._origin, min(1.0, self._seconds), rate)
            answers = _clients(port, name, self._origin, self._seconds, rate)
        if answers["bad"]:
            sys.exit(f"{server.name}: {answers['bad']} of {answers['good'] + answers['bad']} forms were not taken in")
        lost = 0 if server in (EMPTY, FORGETFUL) else int(answers["good"]) - _kept(database, f"{name}-")
        return Row(server.name, answers["per_second"], answers["median_ms"], answers["p99_ms"], lost)

    @contextmanager
    def _serving(self, server: Server, database: Path) -> Iterator[int]:
        port = free_port()
        env = os.environ | {
            "LEADPAGES_BUNDLE": str(self._folder / BUNDLE),
            "LEADPAGES_DATABASE_URL": f"sqlite:///{database}",
            "LEADPAGES_SECRET_KEYS": "a key for this benchmark and nothing else",
            # Counted as always, and never reached.
            "LEADPAGES_RATE_PER_CLIENT": "1000000 in 10 minutes",
            "LEADPAGES_RATE_PER_FORM": "1000000 in 1 minute",
            **server.env,
        }
        options = f"--workers 1 --worker-class gthread --threads {_CLIENTS} --keep-alive 30 --log-level error"
        command = [sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{port}", *options.split(), server.app]
        with subprocess.Popen([*command, "--no-control-socket"], cwd=_ROOT, env=env) as process:
            try:
                _wait_for(port, process)
                yield port
            finally:
                process.terminate()


def commits_a_second(database: Path, seconds: float) -> float:
    """How often one row can be committed, in the store's mode."""
    with closing(SQLiteStore(database)):
        pass  # makes the file
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode = {JOURNAL}")
        connection.execute(f"PRAGMA synchronous = {synchronous(JOURNAL)}")
        started, number = time.perf_counter(), 0
        while time.perf_counter() - started < seconds:
            connection.execute("INSERT INTO page_events VALUES (?, 'view', '/', 1)", (str(number),))
            number += 1
        return number / (time.perf_counter() - started)


def _clients(port: int, name: str, origin: str, seconds: float, rate: float) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.form_clients", str(port), name, origin]
    options = [f"--clients={_CLIENTS}", f"--seconds={seconds}", f"--rate={rate}"]
    printed = subprocess.run([*command, *options], cwd=_ROOT, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(printed)
    return found


def _kept(database: Path, prefix: str) -> int:
    """Of how many of these visitors a submission is there."""
    query = "SELECT count(*) FROM submissions JOIN leads ON leads.id = lead_id WHERE leads.email GLOB ?"
    with closing(sqlite3.connect(database)) as connection:
        (kept,) = connection.execute(query, (f"{prefix}[0-9]*",)).fetchone()
    return int(kept)


def _middle(rows: Sequence[Row]) -> Row:
    return Row(
        rows[0].name,
        median(row.per_second for row in rows),
        median(row.median_ms for row in rows),
        median(row.p99_ms for row in rows),
        sum(row.lost for row in rows),
    )


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection, suppress(OSError):
            connection.request("POST", "/nothing", b"", {"Content-Length": "0"})
            connection.getresponse()
            return
        time.sleep(0.05)
    sys.exit("the server did not start")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args(arguments)
    with TemporaryDirectory(dir=Path(__file__).parent) as name:
        folder = Path(name)
        commits = commits_a_second(folder / "commits.db", options.seconds / 4)
        empty, forgetful, ours, flask, slow, half = rows = Bench(folder, options.seconds).run(options.rounds)
    ratios = {
        "of_empty": ours.per_second / empty.per_second,
        "of_forgetful": ours.per_second / forgetful.per_second,
        "of_flask": ours.per_second / flask.per_second,
        "when_slow": slow.per_second / ours.per_second,
    }
    missed = [
        what
        for what, reached in {
            f"of the empty reply {ratios['of_empty']:.2f}, expected {_OF_EMPTY}": ratios["of_empty"] >= _OF_EMPTY,
            f"of Flask {ratios['of_flask']:.2f}, expected {_OF_FLASK}": ratios["of_flask"] >= _OF_FLASK,
            f"with slow syncs {ratios['when_slow']:.2f}, expected {_WHEN_SLOW}": ratios["when_slow"] >= _WHEN_SLOW,
            f"p99 at half load {half.p99_ms:.0f} ms, expected {_P99_MS:.0f}": half.p99_ms <= _P99_MS,
            "something that was acknowledged is not there": not any(row.lost for row in rows),
        }.items()
        if not reached
    ]
    if options.as_json:
        print(json.dumps({"commits": commits, "rows": [asdict(row) for row in rows], **ratios, "missed": missed}))
        return int(bool(missed))
    print(f"{'one row a commit, one process':32}{commits:8.0f} a second   ({JOURNAL}, {synchronous(JOURNAL)})")
    for row in rows:
        times = f"median {row.median_ms:6.1f} ms   p99 {row.p99_ms:6.1f} ms"
        print(f"{row.name:32}{row.per_second:8.0f} a second   {times}   {row.lost} lost")
    print("   ".join(f"{name.replace('_', ' ')} {ratio:.2f}" for name, ratio in ratios.items()))
    for what in missed:
        print(f"missed: {what}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
