"""What 100,000 leads and 1,000,000 events do to the speed and the memory of leadpages, beside few or none.

A form is posted to the whole WSGI application, by turns on an empty database and on the large one. Exports run as
processes of their own, whose memory is looked at. What else must not look at everything is timed on the large
database and on one of a hundredth of its size.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Final
from unittest.mock import patch

from tests.bench.cold_start import PROJECT
from tests.bench.measure import peak_mb, timed
from tests.bench.targets import Target, show
from tests.conftest import write_files
from werkzeug.test import EnvironBuilder

from leadpages.build.project import BUNDLE, Options, build
from leadpages.core.forms import Consent
from leadpages.core.settings import read_settings
from leadpages.core.times import now, to_text
from leadpages.handler.application import App
from leadpages.handler.service import start
from leadpages.leads.intake import Intake
from leadpages.leads.model import Delivery, Submission
from leadpages.stores.opening import open_store
from leadpages.stores.protocol import Record, RecordKind, Store
from leadpages.stores.sqlite.store import SQLiteStore

_SITE: Final = "https://www.example.com"
_FORMS: Final = ("playbook", "newsletter", "contact")
_PAGE: Final = 50
#: In the time of the first id: before now.
_FIRST_ID_MS: Final = 1_700_000_000_000
_REPEATS: Final = 20
#: One lead in so many has a submission in quarantine beside its own, and one a mail that is still due.
_RARE: Final = 100
#: The oldest leads, which expire.
_EXPIRING: Final = 10

_MOST_GROWTH: Final = 1.1
_MOST_MB: Final = 4.0
_MOST_MS: Final = 50.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured. Times are in ms; `posts` are the median and the 95th percentile, by the name of the store.

    `exports` are peaks of memory in MB, by format and number of leads; `others` the times of one thing on
    the small store and on the large one.
    """

    leads: int
    events: int
    fill_s: float
    posts: Mapping[str, tuple[float, float]]
    exports: Mapping[str, Mapping[int, float]]
    others: Mapping[str, tuple[float, float]]
    list_process_ms: float


def records(leads: int, events: int) -> Iterator[Record]:
    """So many leads of the last two years, each with a submission, a sent mail and its share of the events."""
    templates = _templates()
    begin, step = now() - timedelta(days=730), timedelta(days=700) / leads

    def record(kind: RecordKind, **values: str | int | None) -> Record:
        return Record(kind, {**templates[kind], **values})

    for number in range(leads):
        email, at = f"lead{number}@example.com", to_text(begin + number * step)
        yield record("leads", id=_id("lead", number), address_key=email, email=email, created_at=at)
    for number in range(leads):
        lead, email, at = _id("lead", number), f"lead{number}@example.com", to_text(begin + number * step)
        sent = {"email": email, "address_key": email, "answers_hash": _hash("answers", number), "received_at": at}
        yield record("submissions", id=_id("sent", number), lead_id=lead, form=_form(number), **sent)
        if number % _RARE == 0:
            sent["received_at"] = to_text(now() - timedelta(days=29) + timedelta(days=28) * number / leads)
            spam = {"lead_id": None, "quarantined_for": "honeypot", "answers_hash": _hash("spam", number)}
            yield record("submissions", id=_id("spam", number), form=_form(number), **{**sent, **spam})
    for number in range(leads):
        yield record("consents", submission_id=_id("sent", number))
    for event in range(events):
        number, minute = event % leads, event // leads
        at = to_text(begin + number * step + timedelta(minutes=minute))
        yield record("events", lead_id=_id("lead", number), at=at, form=_form(number))
    for number in range(leads):
        at = to_text(begin + number * step)
        state = {"state": "due", "ended_at": None} if number % _RARE == 0 else {"state": "sent", "ended_at": at}
        ids = {"lead_id": _id("lead", number), "submission_id": _id("sent", number)}
        yield record("outbox", id=_id("item", number), form=_form(number), created_at=at, due_at=at, **ids, **state)


def _templates() -> dict[RecordKind, Mapping[str, str | int | None]]:
    """A record of each kind, as a store makes them."""
    answers: dict[str, str | list[str]] = {"email": "ann@example.com", "first_name": "Ann", "company": "Example & Co."}
    consents = (Consent("news", "Yes, send me news by mail. I can unsubscribe at any time."),)
    sent = Submission("s", "playbook", "ann@example.com", answers, consents, "/landing/playbook/", now())
    with TemporaryDirectory() as folder, closing(SQLiteStore(Path(folder, "leads.db"))) as store:
        store.add_submission(sent, lambda _: Intake("received", deliveries=(Delivery("mail", "deliver"),)))
        return {record.kind: record.values for record in store.records()}


def _id(kind: str, number: int) -> str:
    """In the order of time, as those of the handler are, and the same at every call."""
    return f"{_FIRST_ID_MS + number:012x}{_hash(kind, number)[:20]}"


def _hash(kind: str, number: int) -> str:
    return blake2b(f"{kind} {number}".encode(), digest_size=32).hexdigest()


def _form(number: int) -> str:
    return _FORMS[number % len(_FORMS)]


def measure(urls: Mapping[str, str], folder: Path, leads: int, events: int, posts: int) -> Figures:
    """Fill the databases at `urls` ("empty", "small", "middle", "large"), which are empty, and measure."""
    sizes = {"small": leads // 100, "middle": leads // 10, "large": leads}
    started = time.perf_counter()
    for name, size in sizes.items():
        with closing(open_store(urls[name])) as store:
            store.load(partial(records, size, size * events // leads))
            _analyze(urls[name])
    fill_s = time.perf_counter() - started
    build(write_files(folder / "project", PROJECT), folder, Options(), now())
    with _app(folder / BUNDLE, urls["empty"]) as empty, _app(folder / BUNDLE, urls["large"]) as large:
        times = _post_by_turns({"empty": empty, "large": large}, posts)
    exports = {
        form: {size: _export_mb(urls[name], form, folder) for name, size in sizes.items()} for form in ("csv", "jsonl")
    }
    with closing(open_store(urls["small"])) as small, closing(open_store(urls["large"])) as large:
        others = {name: (act(small, leads // 100), act(large, leads)) for name, act in _OTHERS.items()}
    command = (_leadpages(), "leads", "list", "--limit", str(_PAGE))
    with patch.dict(os.environ, {"LEADPAGES_DATABASE_URL": urls["large"]}):
        list_process_ms = median(timed(command, folder).wall_s for _ in range(5)) * 1000
    return Figures(leads, events, fill_s, times, exports, others, list_process_ms)


def _analyze(url: str) -> None:
    """What PostgreSQL does by itself within minutes of such a change."""
    if url.startswith("postgresql:"):
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


@contextmanager
def _app(bundle: Path, url: str) -> Iterator[App]:
    """The handler on the database at `url`, without limits: all posts come from here."""
    env = {
        "LEADPAGES_BUNDLE": str(bundle),
        "LEADPAGES_DATABASE_URL": url,
        "LEADPAGES_SECRET_KEYS": "kJ8sD2fGq5Lw9Xz3Vb7Nm1Rt6Yp4Hc0A",
        "LEADPAGES_RATE_PER_CLIENT": "off",
        "LEADPAGES_RATE_PER_FORM": "off",
    }
    service = start(read_settings(env))
    with closing(service.store):
        yield App(service)


def _post_by_turns(apps: Mapping[str, App], posts: int) -> dict[str, tuple[float, float]]:
    """The median and the 95th percentile of as many posts to each, of which the first tenth fills the caches."""
    times: dict[str, list[float]] = {name: [] for name in apps}
    for number in range(posts + posts // 10):
        for name in sorted(apps, reverse=number % 2 == 0):
            times[name].append(_post_ms(apps[name], number))
    counted = {name: found[posts // 10 :] for name, found in times.items()}
    return {name: (median(found), quantiles(found, n=20)[-1]) for name, found in counted.items()}


def _post_ms(app: App, number: int) -> float:
    answers = {"email": f"new{number}@example.com", "consent": "yes"}
    environ = EnvironBuilder("/f/newsletter", _SITE, method="POST", data=answers).get_environ()
    statuses: list[str] = []

    def note(status: str, headers: object, exc_info: object = None) -> Callable[[bytes], object]:
        statuses.append(status)
        return statuses.append  # type: ignore[return-value]  # never called

    started = time.perf_counter()
    b"".join(app(environ, note))
    took = time.perf_counter() - started
    assert statuses == ["303 See Other"], statuses
    return took * 1000


def _export_mb(url: str, form: str, folder: Path) -> float:
    with patch.dict(os.environ, {"LEADPAGES_DATABASE_URL": url}):
        return peak_mb((_leadpages(), "leads", "export", "--format", form), folder)


def _leadpages() -> str:
    return str(Path(sys.executable).with_name("leadpages"))


def _median_ms(act: Callable[[int], object]) -> float:
    times = []
    for number in range(_REPEATS):
        started = time.perf_counter()
        act(number)
        times.append((time.perf_counter() - started) * 1000)
    return median(times)


def _list(store: Store, leads: int) -> float:
    return _median_ms(lambda _: list(islice(store.leads(), _PAGE)))


def _quarantine(store: Store, leads: int) -> float:
    return _median_ms(lambda _: list(islice(store.quarantined(), _PAGE)))


def _dossier(store: Store, leads: int) -> float:
    return _median_ms(lambda number: store.dossier(f"lead{number * 7919 % leads}@example.com"))


def _claim(store: Store, leads: int) -> float:
    # Each claim is over before the next one, which takes the same items again.
    return _median_ms(lambda number: store.claim(10, timedelta(minutes=1), now() + timedelta(hours=number)))


def _oldest(leads: int) -> datetime:
    """Before this, a few submissions of one form came in."""
    return now() - timedelta(days=730) + timedelta(days=700) / leads * _EXPIRING * len(_FORMS)


def _expired(store: Store, leads: int) -> float:
    return _median_ms(lambda _: store.expired(_FORMS[0], _oldest(leads)))


def _expire(store: Store, leads: int) -> float:
    started = time.perf_counter()
    erased = store.expire(_FORMS[0], _oldest(leads), lambda email: (email,), now())
    assert erased.leads >= min(_EXPIRING, leads // len(_FORMS)), erased
    return (time.perf_counter() - started) * 1000


def _tidy(store: Store, leads: int) -> float:
    return _median_ms(lambda _: store.tidy(now()))


_OTHERS: Final = {
    "first page of leads": _list,
    "first page of the quarantine": _quarantine,
    "all about one address": _dossier,
    "claim of 10 outbox items": _claim,
    "what would expire": _expired,
    "expiry of 10": _expire,
    "tidying": _tidy,
}


def targets(figures: Figures) -> list[Target]:
    """What the large store may cost."""
    large, empty = figures.posts["large"][0], figures.posts["empty"][0]
    found = [Target("post, median: large / empty", large / empty, _MOST_GROWTH)]
    for form, sizes in figures.exports.items():
        least, most = min(sizes), max(sizes)
        text = f"memory of an export as {form}, from {least:,} to {most:,}, in MB"
        found.append(Target(text, sizes[most] - sizes[least], _MOST_MB))
    return [*found, Target("first page of leads, in ms", figures.others["first page of leads"][1], _MOST_MS)]


@contextmanager
def databases(folder: Path, postgres: bool) -> Iterator[dict[str, str]]:
    """The URLs of four empty databases; those of PostgreSQL on a server of their own."""
    names = ("empty", "small", "middle", "large")
    if not postgres:
        yield {name: f"sqlite:///{folder / name}.db" for name in names}
        return
    from tests.stores.postgres_server import running

    with ExitStack() as stack:
        server = stack.enter_context(running(durable=True))
        yield {name: server.url(stack.enter_context(server.leads())) for name in names}


def _print(figures: Figures) -> None:
    print(f"{figures.leads:,} leads, {figures.events:,} events; all was filled in {figures.fill_s:.0f} s\n")
    print(f"{'a form is posted':34}{'median':>10}{'95 %':>10}")
    for name, (middle, high) in figures.posts.items():
        print(f"  {name:32}{middle:7.2f} ms{high:7.2f} ms")
    for form, sizes in figures.exports.items():
        print(f"\nexport as {form}")
        for size, mb in sizes.items():
            print(f"  {size:<32,}{mb:7.1f} MB")
    print(f"\n{'':34}{'small':>10}{'large':>10}")
    for name, (small, large) in figures.others.items():
        print(f"{name:34}{small:7.2f} ms{large:7.2f} ms")
    print(f"{'`leads list`, the whole process':44}{figures.list_process_ms:7.0f} ms")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 when a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--posts", type=int, default=2_000, help="to each database")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL, started for this, instead of SQLite")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as folder, databases(Path(folder), options.postgres) as urls:
        figures = measure(urls, Path(folder), options.leads, options.events, options.posts)
    found = targets(figures)
    if options.as_json:
        given = [asdict(one) | {"reached": one.reached} for one in found]
        print(json.dumps({"figures": asdict(figures), "targets": given}))
    else:
        _print(figures)
        print(f"\n{show(found)}")
    return int(not all(one.reached for one in found))


if __name__ == "__main__":
    sys.exit(main())
