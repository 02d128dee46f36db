"""DynamoDB: the contract on moto's server, and what is its own: steps, crashes, lost answers, schemas.

Not on dynalite: it has no transactions, and all that this store writes is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from tests.cli.test_store import fill as fill_with_everything
from tests.cli.test_store import kept as everything
from tests.stores.contract import (
    DAY,
    DELIVER,
    HOUR,
    LEASE,
    MINUTE,
    NOW,
    StoreContract,
    add,
    claim,
    deciding,
    deliver,
    kinds,
    mails,
    marks,
    submission,
)
from tests.stores.dynamodb_server import ENVIRONMENT, new_table, running, running_local

from leadpages.core.errors import SettingsError, StorageBusy, StorageError
from leadpages.leads.model import Delivery
from leadpages.stores.dynamodb.store import DynamoDBStore
from leadpages.stores.opening import migrate_store, open_store
from leadpages.stores.protocol import Confirmation, Limit, Store
from leadpages.stores.sqlite.store import SQLiteStore


@pytest.fixture(scope="module", params=[running, running_local], ids=["moto", "DynamoDB Local"])
def endpoint(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server for all tests here, and then another one."""
    with request.param() as address:
        yield address


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that are good for nothing."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def url(endpoint: str) -> str:
    """A new, empty table."""
    return new_table(endpoint)


@pytest.fixture
def store(url: str) -> Iterator[DynamoDBStore]:
    """A new, empty store."""
    with closing(DynamoDBStore(url)) as opened:
        yield opened


class TestDynamoDBStore(StoreContract):
    """`DynamoDBStore` keeps the promises of every store."""


# Steps


def test_what_does_not_fit_into_a_transaction_is_queued_all_the_same(store: Store) -> None:
    """A confirmation for very many forms is one call, and workers find all of it, each thing once."""
    for number in range(40):
        add(store, submission(f"s{number:02}", at=NOW + number * MINUTE, form=f"form{number:02}"))
    told = (DELIVER, Delivery("webhook", "crm"), Delivery("notice", "owner@example.com"))
    found = store.confirm("s00", lambda _: told, NOW + DAY)
    assert found is not None
    assert (len(found.forms), found.already) == (40, False)
    assert store.confirm("s00", lambda _: told, NOW + DAY) == Confirmation(("form00",), already=True)
    got = Counter[str]()
    while items := store.claim(50, LEASE, NOW + DAY):
        got.update(f"{item.channel} {item.name} {item.form}" for item in items)
    assert len(got) == sum(got.values()) == 121  # three for each form, and the question at first
    assert kinds(store).count("confirmed") == 1


def test_an_address_with_very_much_goes_whole(store: Store) -> None:
    """In as many steps as it takes; the names of all its files come back."""
    for number in range(40):
        add(store, submission(f"s{number:02}", at=NOW + number * MINUTE)._replace(files=(f"{number}.pdf",)))
    assert store.revoke_downloads("ann@example.com", NOW + DAY) == 40
    assert kinds(store).count("downloads_revoked") == 1
    looked = store.expired("guide", NOW + 32 * MINUTE)
    assert (looked.leads, looked.submissions, len(set(looked.files))) == (0, 32, 32)
    assert store.expire("guide", NOW + 32 * MINUTE, marks, NOW + DAY) == looked
    assert [lead.forms for lead in store.leads()] == [("guide",)]
    erased = store.erase("ann@example.com", marks("ann@example.com"), NOW + DAY)
    assert (erased.leads, erased.submissions, len(set(erased.files))) == (1, 8, 8)
    assert [record.kind for record in store.records()] == ["suppressions"]


# Crashes and lost answers


class Crash(Exception):
    """The process ends here."""


LOST = EndpointConnectionError(endpoint_url="http://127.0.0.1")


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "TransactWriteItems")


class Faulty:
    """A client of whose writes some end with a fault, before or after they are done."""

    def __init__(self, store: DynamoDBStore, fault: Exception, at: range, is_done: bool = False) -> None:
        self._client, self._fault, self._at, self._is_done = store._table._client, fault, at, is_done
        self.writes = 0
        store._table._client = self
        store._table._pause = lambda _: None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation: Callable[..., Any] = getattr(self._client, name)
        return self._failing(operation) if name in ("update_item", "transact_write_items") else operation

    def _failing(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            self.writes += 1
            if self.writes not in self._at:
                return operation(**arguments)
            if self._is_done:
                operation(**arguments)
            raise self._fault

        return call


def adding(store: Store) -> None:
    new = submission("new", at=NOW + HOUR)._replace(files=("new.pdf",))
    assert add(store, new, Limit("client", 99, HOUR), double_opt_in=False, key="k", once="x") in ("kept", "repeated")


def confirming(store: Store) -> None:
    assert store.confirm("s0", lambda _: (DELIVER, Delivery("webhook", "crm")), NOW + HOUR)


def leaving(store: Store) -> None:
    store.unsubscribe("s0", "by link", lambda _: (Delivery("webhook", "crm", "unsubscribed"),), NOW + HOUR)


def erasing(store: Store) -> None:
    files.update(store.erase("ann@example.com", marks("ann@example.com"), NOW + HOUR).files)


def expiring(store: Store) -> None:
    files.update(store.expire("guide", NOW + DAY, marks, NOW + DAY).files)


def releasing(store: Store) -> None:
    spam = submission("spam", "spam@example.com")
    store.release("spam", deciding(spam), marks, NOW + HOUR)


def suppressing(store: Store) -> None:
    store.suppress("ann@example.com", marks("ann@example.com"), "bounced", NOW + HOUR)


def sending(store: Store) -> None:
    for item in claim(store, NOW + HOUR):
        store.mark_sent(item, NOW + HOUR)


def counting(store: Store) -> None:
    assert store.count_download("s0", 5, NOW + HOUR)


def noting(store: Store) -> None:
    store.note_risks("ann@example.com", ("no mail host",))


#: What they were told to delete.
files: set[str] = set()
DOINGS = (adding, confirming, leaving, erasing, expiring, releasing)


def fill(store: Store) -> None:
    """A lead with several submissions and files, waiting in two forms, and somebody in quarantine."""
    for number in range(3):
        add(store, submission(f"s{number}", at=NOW + number * MINUTE)._replace(files=(f"{number}.pdf",)))
    add(store, submission("news", at=NOW + HOUR, form="news"))
    add(store, submission("spam", "spam@example.com")._replace(quarantined_for="honeypot", files=("spam.pdf",)))


def kept(store: Store) -> list[tuple[str, list[tuple[str, str]]]]:
    """All that there is, but for what is made by chance."""
    by_chance = ("id", "lead_id")
    return sorted(
        (record.kind, sorted((name, str(value)) for name, value in record.values.items() if name not in by_chance))
        for record in store.records()
    )


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if everything were too much for one transaction."""
    monkeypatch.setattr("leadpages.stores.dynamodb.erasing._STEP", 2)
    monkeypatch.setattr("leadpages.stores.dynamodb.change.MOST_WRITES", 4)


def undisturbed(endpoint: str, doing: Callable[[Store], None]) -> tuple[object, set[str]]:
    """What is kept after `doing`, and the files that it gave up."""
    files.clear()
    with closing(DynamoDBStore(new_table(endpoint))) as store:
        fill(store)
        doing(store)
        return kept(store), set(files)


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("doing", DOINGS, ids=lambda doing: doing.__name__)
def test_a_crash_anywhere_is_mended_by_doing_it_again(
    endpoint: str, doing: Callable[[Store], None], is_done: bool
) -> None:
    """Before or after each single write: in the end all is as without a crash, and nothing is sent or told twice."""
    expected, given_up = undisturbed(endpoint, doing)
    writes = number = 0
    while number <= writes:
        number += 1
        files.clear()
        url = new_table(endpoint)
        with closing(DynamoDBStore(url)) as store:
            fill(store)
            client = Faulty(store, Crash(), range(number, number + 1), is_done)
            with suppress(Crash):
                doing(store)
            writes = client.writes
        with closing(DynamoDBStore(url)) as store:
            doing(store)
            assert kept(store) == expected
            assert files == given_up or (is_done and number == writes)  # that crash took them with it
    assert number > 1


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("doing", (*DOINGS, suppressing, sending, counting, noting), ids=lambda doing: doing.__name__)
def test_a_lost_answer_is_looked_for(endpoint: str, doing: Callable[[Store], None], is_done: bool) -> None:
    """At each single write: whether it was done or not, in the end it was done once."""
    expected, given_up = undisturbed(endpoint, doing)
    writes = number = 0
    while number <= writes:
        number += 1
        files.clear()
        with closing(DynamoDBStore(new_table(endpoint))) as store:
            fill(store)
            client = Faulty(store, LOST, range(number, number + 1), is_done)
            doing(store)
            writes = client.writes
            assert kept(store) == expected
            assert files == given_up
    assert number > 1


@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
def test_a_worker_that_dies_anywhere_loses_nothing(endpoint: str, is_done: bool) -> None:
    """After the lease the next one sends what is left; what is marked as sent is not sent again."""
    for number in range(1, 5):
        url = new_table(endpoint)
        with closing(DynamoDBStore(url)) as store:
            add(store, submission("one"))
            add(store, submission("bob", "bob@example.com"))
            Faulty(store, Crash(), range(number, number + 1), is_done)
            with suppress(Crash):
                sending(store)
        with closing(DynamoDBStore(url)) as store:
            for item in claim(store, NOW + HOUR + LEASE):
                assert store.mark_sent(item, NOW + HOUR + LEASE) is True
            assert [row.state for row in store.outbox(("due", "sent"))] == ["sent", "sent"]
            assert kinds(store) == ["submitted", "mail_sent"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (LOST, StorageBusy),
        (refusal("ThrottlingException"), StorageBusy),
        (refusal("ProvisionedThroughputExceededException"), StorageBusy),
        (refusal("TransactionConflictException"), StorageBusy),
        (refusal("InternalServerError"), StorageBusy),
        (refusal("AccessDeniedException"), StorageError),
        (refusal("ValidationException"), StorageError),
    ],
    ids=lambda value: getattr(value, "__name__", "") or type(value).__name__,
)
def test_what_never_goes_well_is_an_error_in_the_end(
    store: DynamoDBStore, url: str, fault: Exception, error: type[StorageError]
) -> None:
    """Never a success, and nothing is there."""
    Faulty(store, fault, range(1, 99))
    with pytest.raises(StorageError) as found:
        add(store, submission("one"))
    assert type(found.value) is error
    with closing(DynamoDBStore(url)) as other:
        assert list(other.records()) == []


def test_what_was_done_but_is_never_answered_is_done(store: DynamoDBStore) -> None:
    """Our own write is there: that is an answer."""
    Faulty(store, LOST, range(1, 99), is_done=True)
    assert add(store, submission("one")) == "kept"
    assert mails(store) == [("confirm", "one")]


# What happens between a look and a write


class Interrupted:
    """A client before whose first write something else happens."""

    def __init__(self, store: DynamoDBStore, happening: Callable[[], object]) -> None:
        self._client, self._happening = store._table._client, [happening]
        store._table._client = self

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name == "transact_write_items" and self._happening:
            self._happening.pop()()
        operation: Callable[..., Any] = getattr(self._client, name)
        return operation


@pytest.mark.parametrize("is_known", [False, True])
def test_an_address_that_is_erased_meanwhile_is_in_quarantine(store: DynamoDBStore, url: str, is_known: bool) -> None:
    """No lead comes back to life, and no mail goes out."""
    if is_known:
        add(store, submission("one"))
    with closing(DynamoDBStore(url)) as other:
        Interrupted(store, lambda: other.erase("ann@example.com", marks("ann@example.com"), NOW + HOUR))
        assert add(store, submission("two", at=NOW + HOUR)) == "kept"
    assert list(store.leads()) == []
    assert [s.id for s in store.quarantined()] == ["two"]
    assert mails(store, NOW + DAY) == []


def test_what_comes_in_while_an_address_is_erased_is_in_quarantine(store: DynamoDBStore, url: str) -> None:
    """The suppression comes first, so all that comes later meets it."""
    add(store, submission("one"))
    with closing(DynamoDBStore(url)) as other:

        def meanwhile() -> None:
            Interrupted(store, lambda: add(other, submission("two", at=NOW + HOUR)))

        Interrupted(store, meanwhile)  # before the second write, which is the first that deletes
        store.erase("ann@example.com", marks("ann@example.com"), NOW + HOUR)
    assert list(store.leads()) == []
    assert mails(store, NOW + DAY) == []


def test_whoever_leaves_while_something_is_sent_has_left(store: DynamoDBStore, url: str) -> None:
    """Both are in the history, in their order."""
    add(store, submission("one"))
    (item,) = claim(store)
    with closing(DynamoDBStore(url)) as other:
        Interrupted(store, lambda: other.unsubscribe("one", "by link", lambda _: (), NOW + MINUTE))
        assert store.mark_sent(item, NOW + MINUTE) is True
    assert kinds(store) == ["submitted", "unsubscribed", "mail_sent"]
    assert [lead.status for lead in store.leads()] == ["unsubscribed"]


# Keys and counts


def test_what_should_be_gone_long_since_counts_no_more(store: DynamoDBStore) -> None:
    """DynamoDB forgets late, so the time itself is looked at; and each thing says when it may go."""
    limit = Limit("client", 1, HOUR)
    assert add(store, submission("one"), limit, key="k") == "kept"
    assert add(store, submission("two", at=NOW + DAY), limit, key="k") == "kept"
    expiring = {
        item["pk"].split("#")[0]: item["expires_at"] for item in store._table.scan("sk", "-") if "expires_at" in item
    }
    assert expiring == {"key": int((NOW + 2 * DAY).timestamp()), "limit": int((NOW + DAY + HOUR).timestamp())}


# Schemas and addresses


def test_a_table_is_not_made_unasked(endpoint: str) -> None:
    """It may be the wrong one: `leadpages migrate` is for whoever means it."""
    url = f"dynamodb://not-there?region=eu-central-1&endpoint={endpoint}"
    with pytest.raises(StorageError, match="has no tables of leadpages yet") as found:
        open_store(url)
    assert found.value.hint == "run `leadpages migrate`"
    assert migrate_store(url) == (0, 1)
    assert migrate_store(url) == (1, 1)
    with closing(open_store(url)) as store:
        add(store, submission("one"))
        assert [finding.level for finding in store.findings()] == ["ok"]


def test_another_schema_is_refused_also_while_running(store: DynamoDBStore, url: str) -> None:
    """A handler that is older than its table stops."""
    store._table.count(("schema", "-"), version=99)
    with pytest.raises(StorageError, match="has schema 99; this version of leadpages knows 1"):
        open_store(url)
    with pytest.raises(StorageError, match="has schema 99"):
        store.check()
    with pytest.raises(StorageError, match="has schema 99"):
        migrate_store(url)


@pytest.mark.parametrize(
    "url",
    [
        "dynamodb://",
        "dynamodb://ab",
        "dynamodb://leads?zone=eu",
        "dynamodb://leads/more",
        "dynamodb://leads?region=x y",
    ],
)
def test_an_address_that_is_none_is_said(url: str) -> None:
    """With what was expected."""
    with pytest.raises(SettingsError) as found:
        open_store(url)
    assert "dynamodb://TABLE?region=REGION" in found.value.hint


def test_a_server_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """After some tries, in one line."""
    monkeypatch.setattr("leadpages.stores.dynamodb.table._WAIT_S", (0.0, 0.0))
    with pytest.raises(StorageBusy, match="cannot be reached"):
        open_store("dynamodb://leads?region=eu-central-1&endpoint=http://127.0.0.1:1")


# Copies


def test_a_copy_that_fails_leaves_nothing(store: Store, endpoint: str) -> None:
    """And what is there already is left alone."""
    fill(store)
    store.confirm("s0", deliver, NOW + HOUR)
    with closing(DynamoDBStore(new_table(endpoint))) as other:

        def some() -> Iterator[Any]:
            yield from list(store.records())[:-1]
            raise Crash

        with pytest.raises(Crash):
            other.load(some)
        assert list(other.records()) == []
        other.load(store.records)
        assert kept(other) == kept(store)
        assert other.dossier("ann@example.com") == store.dossier("ann@example.com")
        with pytest.raises(StorageError, match="is not empty"):
            other.load(store.records)
        assert kept(other) == kept(store)


def test_there_and_back_again(store: Store, tmp_path: Path) -> None:
    """From SQLite and to SQLite: dossiers, outbox, quarantine, suppressions and counts are the same."""
    with closing(SQLiteStore(tmp_path / "first.db")) as first, closing(SQLiteStore(tmp_path / "last.db")) as last:
        fill_with_everything(first)
        store.load(first.records)
        last.load(store.records)
        assert everything(store) == everything(first) == everything(last)
