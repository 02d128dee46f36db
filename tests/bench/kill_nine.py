"""`kill -9` at random moments under load: what was acknowledged is there, and no mail goes out twice.

A handler with eight threads takes submissions while a worker sends their mails; both are killed at once, again and
again, on the same database. After each kill the database has to be whole and hold, with its mail, every submission
that got a reply. A mail may go out twice only where its worker died between the mail host's "accepted" and the note of
it: at most two for each kill. The clock jumps past the leases of the dead from round to round.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.bench.outbox_speed import sink, work

from leadpages.build.project import BUNDLE, Options, build
from leadpages.core.times import Clock, now
from leadpages.delivery.outbox import LEASE
from leadpages.delivery.transports import SMTPTransport
from leadpages.stores.sqlite.driver import sqlite3

_ROOT: Final = Path(__file__).parents[2]
_HANDLER: Final = """
import os, sys
from threading import Thread
from werkzeug.test import Client
from leadpages.handler.app import app
def post(thread):
    client, number = Client(app), 0
    while True:
        email = f"r{sys.argv[1]}-{thread}-{number}@example.com"
        reply = client.post("/f/newsletter", data={"email": email, "newsletter_consent": "yes"})
        if reply.status_code == 303:
            os.write(1, f"{email}\\n".encode())
        number += 1
for thread in range(8):
    Thread(target=post, args=(thread,)).start()
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What so many kills did. All but the first three should be 0; `sent_twice` may be twice as much as `kills`."""

    kills: int
    acknowledged: int
    sent: int
    lost: int = 0
    broken: int = 0
    without_mail: int = 0
    sent_twice: int = 0


def _later(rounds: int) -> Clock:
    """A clock that is past the leases of so many rounds."""
    return lambda: now() + 2 * rounds * LEASE


def measure(folder: Path, kills: int, seed: int) -> Outcome:
    """Kill so often, at moments that `seed` decides."""
    chance = random.Random(seed)
    build(_ROOT, folder, Options(), datetime.now(UTC))
    bundle, database = folder / BUNDLE, folder / "leads.db"
    env = os.environ | {
        "LEADPAGES_BUNDLE": str(bundle),
        "LEADPAGES_DATABASE_URL": f"sqlite:///{database}",
        "LEADPAGES_SECRET_KEYS": "a key for this benchmark and nothing else",
        "LEADPAGES_RATE_PER_FORM": "off",
    }
    acknowledged: set[str] = set()
    broken = 0
    with sink(folder) as (url, log):
        for kill in range(kills):
            command = [
                sys.executable,
                "-m",
                "tests.bench.kill_nine",
                "--work",
                str(bundle),
                str(database),
                url,
                str(kill),
            ]
            with (
                subprocess.Popen(
                    [sys.executable, "-c", _HANDLER, str(kill)], env=env, stdout=subprocess.PIPE
                ) as handler,
                subprocess.Popen(command, cwd=_ROOT) as worker,
            ):
                assert handler.stdout is not None
                first = handler.stdout.readline()
                time.sleep(chance.uniform(0, 0.3))
                handler.kill()
                worker.kill()
                lines = (first + handler.stdout.read()).decode().split("\n")[:-1]
            acknowledged.update(lines)
            with closing(sqlite3.connect(database)) as connection:
                broken += connection.execute("PRAGMA integrity_check").fetchone() != ("ok",)
        work(bundle, database, SMTPTransport(url), _later(kills))
        got = Counter(log.read_text().split())
    with closing(sqlite3.connect(database)) as connection:
        kept = {email for (email,) in connection.execute("SELECT email FROM submissions")}
    twice = sum(count - 1 for count in got.values())
    lost, without_mail = len(acknowledged - kept), len(kept - got.keys())
    return Outcome(kills, len(acknowledged), sum(got.values()), lost, broken, without_mail, twice)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.work:
        bundle, database, url, kill = options.work
        while True:
            work(Path(bundle), Path(database), SMTPTransport(url), _later(int(kill)))
            time.sleep(0.01)
    with TemporaryDirectory() as folder:
        outcome = measure(Path(folder), options.kills, options.seed)
    for name, count in asdict(outcome).items() if not options.as_json else ():
        print(f"{name.replace('_', ' '):14}{count:8}")
    if options.as_json:
        print(json.dumps(asdict(outcome)))
    if outcome.lost or outcome.broken or outcome.without_mail or outcome.sent_twice > 2 * outcome.kills:
        sys.exit(1)


if __name__ == "__main__":
    main()
