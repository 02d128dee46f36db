"""Each thing that writes into a store is begun, and crashes one statement later each time, until it goes through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from tests.stores.contract import DAY, HOUR, MINUTE, NOW, add, claim, deciding, deliver, marks, nothing, submission
from tests.stores.crashes import Crash, DynamoDBPlace, Place, PostgresPlace, SQLitePlace
from tests.stores.dynamodb_server import ENVIRONMENT, new_table, running, running_local
from tests.stores.model import Kept, kept

from leadpages.core.errors import StorageError
from leadpages.stores.protocol import Limit, OutboxItem, Record, Store
from leadpages.stores.sqlite.store import SQLiteStore

NewPlace = Callable[[], AbstractContextManager[Place]]
KINDS: Final = ("SQLite", "SQLite without a WAL", "PostgreSQL", "DynamoDB", "DynamoDB Local")
ANN, CAT = "ann@example.com", "cat@example.com"


def fill(store: Store) -> OutboxItem:
    """A lead with several submissions and files, somebody in quarantine, somebody suppressed; what a worker holds."""
    for number in range(3):
        add(store, submission(f"s{number}", at=NOW + number * MINUTE)._replace(files=(f"{number}.pdf",)))
    add(store, submission("news", at=NOW + HOUR, form="news"))
    add(store, submission("spam", "spam@example.com")._replace(quarantined_for="honeypot", files=("spam.pdf",)))
    add(store, submission("cat", CAT))
    store.suppress(CAT, marks(CAT), "blocked", NOW)
    store.unsubscribe("cat", "by link", nothing, NOW)
    held = {item.submission_id: item for item in claim(store)}
    store.mark_ended(held["cat"], "cancelled", "blocked address", NOW)
    return held["s0"]


def item_of(store: Store, submission_id: str) -> str:
    """The id of what is or was to be sent on account of a submission."""
    rows = (record.values for record in store.records() if record.kind == "outbox")
    return next(str(row["id"]) for row in rows if row["submission_id"] == submission_id)


def records() -> Iterator[Record]:
    """What another store gives."""
    with TemporaryDirectory() as folder, closing(SQLiteStore(Path(folder, "other.db"))) as other:
        add(other, submission("one"))
        other.suppress(CAT, marks(CAT), "blocked", NOW)
        other.count_page_event("form_view", "/p/", NOW)
        yield from other.records()


def adding(store: Store, spam: str = "") -> None:
    new = submission("new", at=NOW + DAY)._replace(quarantined_for=spam)
    add(store, new, Limit("client", 99, HOUR), Limit("form", 99, HOUR), key="k")


def releasing(store: Store) -> None:
    spam = submission("spam", "spam@example.com")
    store.release("spam", deciding(spam), marks, NOW + HOUR)


#: All that writes, by the names of the methods: on a store that is filled, with an item that a worker holds.
STEPS: Final[dict[str, Callable[[Store, OutboxItem], Any]]] = {
    "add_submission": lambda store, _: adding(store),
    "add_submission, in quarantine": lambda store, _: adding(store, "honeypot"),
    "add_submission, suppressed": lambda store, _: add(store, submission("new", CAT, at=NOW + DAY)),
    "count_page_event": lambda store, _: store.count_page_event("form_view", "/p/", NOW),
    "confirm": lambda store, _: store.confirm("s0", deliver, NOW + HOUR),
    "count_download": lambda store, _: store.count_download("s0", 2, NOW + HOUR),
    "revoke_downloads": lambda store, _: store.revoke_downloads(ANN, NOW + HOUR),
    "queue_again": lambda store, _: store.queue_again("s0", "deliver", MINUTE, NOW + DAY),
    "unsubscribe": lambda store, _: store.unsubscribe("s0", "by link", deliver, NOW + HOUR),
    "claim": lambda store, _: claim(store, NOW + DAY),
    "mark_sent": lambda store, held: store.mark_sent(held, NOW + MINUTE),
    "mark_retry": lambda store, held: store.mark_retry(held, "450 later", NOW + DAY),
    "mark_released": lambda store, held: store.mark_released(held),
    "mark_ended": lambda store, held: store.mark_ended(held, "dead", "why", NOW + MINUTE),
    "requeue": lambda store, _: store.requeue(item_of(store, "cat"), NOW + HOUR),
    "bury": lambda store, held: store.bury(held.id, NOW + HOUR),
    "release": lambda store, _: releasing(store),
    "empty_quarantine": lambda store, _: store.empty_quarantine(NOW + DAY),
    "note_risks": lambda store, _: store.note_risks(ANN, ("no mail host",)),
    "suppress": lambda store, _: store.suppress(ANN, marks(ANN), "bounced", NOW + HOUR),
    "lift_suppression": lambda store, _: store.lift_suppression(CAT, marks(CAT), NOW + HOUR),
    "erase": lambda store, _: store.erase(ANN, marks(ANN), NOW + HOUR),
    "expire": lambda store, _: store.expire("guide", NOW + MINUTE, marks, NOW + DAY),
    "tidy": lambda store, _: store.tidy(NOW + 40 * DAY),
}
READING: Final = {
    "find_confirmation", "find_download", "recipient", "outbox", "quarantined", "email_of", "dossier", "expired",
    "leads", "submissions", "records", "findings", "check", "close", "limited",
}  # fmt: skip


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """DynamoDB, for all tests here."""
    with running() as address:
        yield address


@pytest.fixture(scope="module")
def local() -> Iterator[str]:
    """Amazon's own."""
    with running_local() as address:
        yield address


@pytest.fixture(params=KINDS)
def new_place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> NewPlace:
    """Makes empty places for stores of one kind. What DynamoDB does in steps, it does in very small ones."""
    if request.param == "SQLite":
        return sqlite_place
    if request.param == "SQLite without a WAL":
        monkeypatch.setattr("leadpages.stores.sqlite.store.JOURNAL", "DELETE")
        return sqlite_place
    if request.param == "PostgreSQL":
        server = request.getfixturevalue("postgres")

        @contextmanager
        def postgres_place() -> Iterator[Place]:
            with server.leads() as name:
                yield PostgresPlace(server.url(name))

        return postgres_place
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("leadpages.stores.dynamodb.erasing._STEP", 2)
    monkeypatch.setattr("leadpages.stores.dynamodb.change.MOST_WRITES", 4)
    address = request.getfixturevalue("moto" if request.param == "DynamoDB" else "local")

    @contextmanager
    def dynamodb_place() -> Iterator[Place]:
        yield DynamoDBPlace(new_table(address))

    return dynamodb_place


@contextmanager
def sqlite_place() -> Iterator[Place]:
    """A file of its own."""
    with TemporaryDirectory() as folder:
        yield SQLitePlace(Path(folder, "leads.db"))


def state(place: Place) -> Kept:
    """All that is kept, whatever ids were given to what is to be sent."""
    with closing(place.open()) as store:
        found = kept(store)
    return found | {"outbox": sorted(map(str, found["outbox"].values()))}


def test_every_method_that_writes_is_here() -> None:
    """`load` has a test of its own."""
    methods = {name for name in vars(Store) if not name.startswith("_")}
    assert {name.partition(",")[0] for name in STEPS} | {"load"} == methods - READING


@pytest.mark.parametrize("what", STEPS)
def test_a_step_that_crashes_anywhere_is_done_whole_or_not_at_all(new_place: NewPlace, what: str) -> None:
    """Begun again, it gets one statement further each time; once it has died after its commit, it was done."""
    before, once, twice = undisturbed(new_place, what)
    assert before != once
    undone = done = 0
    with ExitStack() as places:
        place = places.enter_context(new_place())
        held = filled(place)
        while (ran := die(place, undone + done, STEPS[what], held)) is not None:
            if what in place.in_steps:
                undone += 1
            elif place.is_done(what, ran):
                done += 1
                assert state(place) == once
                do(place, what, held)
                assert state(place) == twice
                place = places.enter_context(new_place())
                held = filled(place)
            else:
                undone += 1
                assert done == 0
                assert state(place) == before
        assert state(place) == once
    # The first time before the first statement, and the last time after the last one.
    assert undone
    assert done or what in place.in_steps


def undisturbed(new_place: NewPlace, what: str) -> tuple[Kept, Kept, Kept]:
    """What is kept before a step, after it, and after the caller has tried again."""
    with new_place() as place:
        held = filled(place)
        before = state(place)
        do(place, what, held)
        once = state(place)
        do(place, what, held)
        return before, once, state(place)


def filled(place: Place) -> OutboxItem:
    """Let there be something; what a worker holds of it."""
    with closing(place.open()) as store:
        return fill(store)


def do(place: Place, what: str, held: OutboxItem) -> None:
    """Take a step, undisturbed."""
    with closing(place.open()) as store:
        STEPS[what](store, held)


def die(place: Place, statements: int, work: Callable[..., object], *arguments: object) -> list[str] | None:
    """All that a process ran until it died of so many statements; None when it had no more to do."""
    with closing(place.open()) as store:
        place.process.begin(statements)
        try:
            work(store, *arguments)
        except Crash as crash:
            crash.__traceback__ = None  # which keeps a cursor alive, and that the locks of SQLite
            return list(crash.ran)
        finally:
            place.process.begin(None)
    return None


def test_a_copy_that_crashes_anywhere_is_made_anew(new_place: NewPlace) -> None:
    """It is there whole or not at all. Where it takes steps, what a crash left of it is no place to copy into."""
    given = list(records())
    statements = 0
    ran: list[str] | None = []
    while ran is not None:
        with new_place() as place:
            ran = die(place, statements, lambda store: store.load(lambda: given))
            with closing(place.open()) as store:
                left = [record.kind for record in store.records()]
                if left:
                    assert ran is None or place.is_done("load", ran)
                    assert len(left) == len(given) or "load" in place.in_steps
                    with pytest.raises(StorageError):
                        store.load(lambda: given)
                else:
                    store.load(lambda: given)
                    assert [record.kind for record in store.records()] == [record.kind for record in given]
        statements += 1
    assert statements > 2
