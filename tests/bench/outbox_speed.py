"""How fast the outbox drains: mails a second from the store to a local mail host, with one worker and with two.

Each worker is a process of its own with a store of its own on the same SQLite file, as `leadpages deliver` is, and so
is the mail host. Whoever gets a mail twice, or none, is named. Beside it stand what the worker does without a mail host
(the store and writing the mails), and what smtplib does with one mail over and over.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from leadpages.build.project import BUNDLE, Options, build
from leadpages.core.bundle import load
from leadpages.core.signing import Tokens
from leadpages.core.times import Clock, now
from leadpages.delivery.mail import Composer
from leadpages.delivery.outbox import Report, drain
from leadpages.delivery.safe_http import Reply
from leadpages.delivery.transports import SMTPTransport, Transport
from leadpages.delivery.webhooks import Webhooks
from leadpages.leads.intake import Intake
from leadpages.leads.model import Delivery, Submission
from leadpages.stores.sqlite.store import SQLiteStore

_ROOT: Final = Path(__file__).parents[2]
_TARGET: Final = 300


@dataclass(frozen=True, slots=True)
class Figure:
    """Mails a second, the processor time of a mail in ms, and how many did not get theirs exactly once."""

    name: str
    per_second: float
    cpu_ms: float
    wrong: int = 0


class Nowhere:
    """A transport that takes every mail at once."""

    def send(self, message: EmailMessage) -> None:
        """Turn it into bytes, as one that sends it must."""
        bytes(message)

    def close(self) -> None:
        """Nothing is held open."""


@contextmanager
def sink(folder: Path) -> Iterator[tuple[str, Path]]:
    """The URL of a mail host, and the file with those who got a mail."""
    log = folder / "recipients.txt"
    log.write_text("")
    command = [sys.executable, "-m", "tests.bench.smtp_sink", str(log)]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"smtp://127.0.0.1:{process.stdout.readline().strip()}", log
        finally:
            process.kill()


def fill(database: Path, mails: int) -> None:
    """Leave one mail for each of so many leads in a new outbox."""
    for file in database.parent.glob(f"{database.name}*"):
        file.unlink()
    received_at = now() - timedelta(minutes=1)
    with closing(SQLiteStore(database)) as store:

        def add(number: int) -> None:
            email = f"lead{number}@example.com"
            sent = Submission(
                f"s{number}", "playbook", email, {"email": email, "first_name": "Ann"}, (), "/", received_at
            )
            store.add_submission(sent, lambda _: Intake("received", deliveries=(Delivery("mail", "deliver"),)))

        with ThreadPoolExecutor(16) as pool:  # they are committed together
            list(pool.map(add, range(mails)))


def work(bundle: Path, database: Path, transport: Transport, clock: Clock = now) -> Report:
    """Drain the outbox as `leadpages deliver` does."""
    loaded = load(bundle)
    composer = Composer(loaded, Tokens(["Vk3QeR8sTz5uWx7y"]), "https://www.example.com", "https://www.example.com")
    with closing(SQLiteStore(database)) as store:
        return drain(store, composer, transport, Webhooks(loaded, {}, _unused), clock)


def _unused(url: str, headers: Mapping[str, str], body: bytes) -> Reply:
    raise AssertionError("there is no web hook")


def measure(folder: Path, mails: int) -> list[Figure]:
    """Each case after the other, with an outbox of its own."""
    bundle, database = folder / BUNDLE, folder / "leads.db"
    with sink(folder) as (url, _):
        figures = [_timed("smtplib, one mail over and over", mails, lambda: _over_and_over(url, mails))]
    fill(database, mails)
    figures.append(_timed("no mail host", mails, lambda: work(bundle, database, Nowhere())))
    for workers in (1, 2):
        fill(database, mails)
        with sink(folder) as (url, log):
            command = [sys.executable, "-m", "tests.bench.outbox_speed", "--work", str(bundle), str(database), url]
            figure = _timed(f"{workers} worker{'s' * (workers > 1)}", mails, partial(_run, command, workers))
            got = Counter(log.read_text().split())
        wrong = sum(got[f"lead{number}@example.com"] != 1 for number in range(mails))
        figures.append(replace(figure, wrong=wrong))
    return figures


def _timed(name: str, mails: int, act: Callable[[], object]) -> Figure:
    """Of this process and of those that it has waited for; the mail host is not among them."""
    cpu, started = sum(os.times()[:4]), time.perf_counter()
    act()
    seconds = time.perf_counter() - started
    return Figure(name, mails / seconds, (sum(os.times()[:4]) - cpu) / mails * 1000)


def _run(command: Sequence[str], workers: int) -> None:
    processes = [subprocess.Popen(command, cwd=_ROOT) for _ in range(workers)]
    codes = [process.wait() for process in processes]
    if any(codes):
        sys.exit("a worker failed")


def _over_and_over(url: str, mails: int) -> None:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "Hi"
    message.set_content("Hello.\n")
    transport = SMTPTransport(url)
    for _ in range(mails):
        transport.send(message)
    transport.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.work:
        bundle, database, url = options.work
        work(Path(bundle), Path(database), SMTPTransport(url))
        return
    with TemporaryDirectory() as name:
        folder = Path(name)
        build(_ROOT, folder, Options(), datetime.now(UTC))
        figures = measure(folder, options.mails)
    if options.as_json:
        print(json.dumps([asdict(figure) for figure in figures]))
    else:
        for figure in figures:
            speed = f"{figure.per_second:7.0f} a second   {figure.cpu_ms:5.2f} ms of processor each"
            print(f"{figure.name:34}{speed}   {figure.wrong} not exactly once")
    one = next(figure for figure in figures if figure.name == "1 worker")
    if one.per_second < _TARGET or any(figure.wrong for figure in figures):
        sys.exit(f"missed: {_TARGET} a second with one worker, each mail once")


if __name__ == "__main__":
    main()
