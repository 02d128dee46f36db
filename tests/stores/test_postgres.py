"""PostgreSQL: the contract, and what is its own: locks, lost connections, schemas, several processes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import psycopg
import pytest
from tests.stores.contract import NOW, StoreContract, add, dossier_of, mails, marks, nothing, submission
from tests.stores.postgres_server import PostgresServer, running

from leadpages.core.errors import LeadpagesError, SettingsError, StorageBusy, StorageError, StorageFull
from leadpages.leads.intake import Intake
from leadpages.leads.model import Standing
from leadpages.stores.postgres.store import PostgresStore
from leadpages.stores.protocol import Store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    """A new, empty store."""
    with closing(PostgresStore(postgres_url)) as opened:
        yield opened


class TestPostgresStore(StoreContract):
    """`PostgresStore` keeps the promises of every store."""


@contextmanager
def beside(url: str) -> Iterator[psycopg.Connection]:
    """Another client of the same database."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def emails(store: Store) -> list[str]:
    return [lead.email for lead in store.leads()]


def in_processes(script: str, url: str, count: int) -> list[list[str]]:
    """The lines that each of several processes printed, which all ran `script` at once."""
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", script, url, str(n)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for n in range(count)
    ]
    printed = [process.communicate()[0].split("\n")[:-1] for process in running]
    assert [process.returncode for process in running] == [0] * count
    return printed


# Several at once

CLAIMING = """
import sys
from contextlib import closing
from leadpages.leads.intake import Intake
from leadpages.leads.model import Standing
from leadpages.stores.postgres.store import PostgresStore
from tests.stores.contract import claim, NOW
with closing(PostgresStore(sys.argv[1])) as store:
    while items := claim(store, limit=3):
        for item in items:
            assert store.mark_sent(item, NOW)
            print(item.id)
"""


def test_processes_that_claim_at_once_never_share_an_item(store: Store, postgres_url: str) -> None:
    """Each of 200 goes to exactly one, and none waits for another."""
    for number in range(200):
        add(store, submission(f"s{number}", f"a{number}@example.com"))
    claimed = [item for lines in in_processes(CLAIMING, postgres_url, 4) for item in lines]
    assert len(claimed) == len(set(claimed)) == 200


@pytest.mark.parametrize("leaves", [True, False])
def test_what_a_lead_does_during_a_submission_counts(store: Store, postgres_url: str, leaves: bool) -> None:
    """Who leaves stays away, and who confirms is confirmed: it waits for the submission, and comes after it."""
    add(store, submission("one"))
    with closing(PostgresStore(postgres_url)) as other, ThreadPoolExecutor(1) as pool:
        futures: list[Future[object]] = []

        def decide(standing: Standing) -> Intake:
            leave = partial(other.unsubscribe, "one", "by link", nothing, NOW)
            futures.append(pool.submit(leave if leaves else partial(other.confirm, "one", nothing, NOW)))
            time.sleep(0.3)  # time enough for it
            return Intake("pending", waiting=True)

        assert store.add_submission(submission("two", form="news"), decide) == "kept"
        futures[0].result(timeout=30)
    (lead,) = store.leads()
    assert lead.status == ("unsubscribed" if leaves else "confirmed")


def test_what_one_worker_is_about_to_take_keeps_no_other_waiting(store: Store, postgres_url: str) -> None:
    """The second one takes the next."""
    add(store, submission("one"))
    add(store, submission("two", "bob@example.com"))
    with beside(postgres_url) as other, other.transaction():
        other.execute("SELECT 1 FROM outbox WHERE submission_id = 'one' FOR UPDATE")
        assert [item.submission_id for item in store.claim(10, timedelta(), NOW)] == ["two"]


ADDING = """
import sys
from contextlib import closing
from leadpages.leads.intake import Intake
from leadpages.leads.model import Standing
from leadpages.stores.postgres.store import PostgresStore
from tests.stores.contract import add, submission
with closing(PostgresStore(sys.argv[1])) as store:
    for number in range(30):
        twin = submission(f"s{number}", f"a{number}@example.com")._replace(id=f"s{number}-{sys.argv[2]}")
        print(add(store, twin._replace(values={"email": twin.email})))
"""


def test_handlers_that_take_in_the_same_at_once_keep_one(store: Store, postgres_url: str) -> None:
    """Thirty submissions, each sent to four processes: thirty are kept, with a mail each."""
    receipts = [line for lines in in_processes(ADDING, postgres_url, 4) for line in lines]
    assert (receipts.count("kept"), receipts.count("repeated")) == (30, 90)
    assert len(emails(store)) == len(list(store.submissions())) == len(mails(store)) == 30


def test_erasing_and_taking_in_at_once_leave_no_mail_behind(store: Store, postgres_url: str) -> None:
    """Whichever comes first: what came in is erased, or what comes in is suppressed."""
    ann = marks("ann@example.com")
    for number in range(20):
        store.lift_suppression("ann@example.com", ann, NOW)
        item = submission(f"s{number}", at=NOW + number * timedelta(days=2))
        with ThreadPoolExecutor(2) as pool:
            pool.submit(add, store, item)
            pool.submit(store.erase, "ann@example.com", ann, NOW)
        assert mails(store, NOW + timedelta(days=99)) == []
        store.erase("ann@example.com", ann, NOW)


def test_a_fork_shares_no_connection(postgres_url: str) -> None:
    """A host that opens the store and then forks, as `gunicorn --preload` does."""
    script = """
import os, sys
from leadpages.leads.intake import Intake
from leadpages.leads.model import Standing
from leadpages.stores.postgres.store import PostgresStore
from tests.stores.contract import add, submission
store = PostgresStore(sys.argv[1])
def backend():
    with store._connection() as connection:
        return connection.info.backend_pid
own = backend()
children = []
for child in range(3):
    if (pid := os.fork()) == 0:
        for number in range(20):
            add(store, submission(f"s{child}-{number}", f"a{child}-{number}@example.com"))
        os.write(1, f"{backend()}\\n".encode())
        os._exit(0)
    children.append(pid)
print([os.waitpid(pid, 0)[1] for pid in children], len(list(store.leads())))
print(own == backend(), own)
"""
    ((*others, outcome, own),) = in_processes(script, postgres_url, 1)
    assert outcome == "[0, 0, 0] 60"
    assert own.startswith("True ")
    assert len({*others, own.removeprefix("True ")}) == 4


# Locks and other faults


def test_a_lock_that_is_held_too_long_is_busy(postgres_url: str) -> None:
    """Every write says so in time, nothing of it is half done, and it works again afterwards."""
    with closing(PostgresStore(postgres_url, lock_timeout_s=0.05)) as store, beside(postgres_url) as other:
        with other.transaction():
            other.execute("LOCK TABLE leads IN EXCLUSIVE MODE")
            with pytest.raises(StorageBusy):
                add(store, submission("one"), key="k")
            assert emails(store) == []
        assert add(store, submission("one"), key="k") == "kept"


def test_an_address_that_is_held_is_busy(postgres_url: str) -> None:
    """The lock that tells a double click from two posts is no exception."""
    with closing(PostgresStore(postgres_url, lock_timeout_s=0.05)) as store, beside(postgres_url) as other:
        with other.transaction():
            other.execute("SELECT pg_advisory_xact_lock(hashtextextended('ann@example.com', 0))")
            with pytest.raises(StorageBusy):
                add(store, submission("one"))
        add(store, submission("one"))


#: Fails with a chosen error, or ends the connection, as often as the sequence says.
FAULT = """
CREATE SEQUENCE faults;
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF nextval('faults') <= {times} THEN {fault}; END IF;
  RETURN NEW;
END $$;
CREATE {kind} TRIGGER fails AFTER INSERT ON submissions {when} FOR EACH ROW EXECUTE FUNCTION fail();
"""
LOSE = "PERFORM pg_terminate_backend(pg_backend_pid())"


def inject(url: str, fault: str, times: int = 1, at_commit: bool = False) -> None:
    """Let the next inserts of submissions, or their commits, fail."""
    kind, when = ("CONSTRAINT", "DEFERRABLE INITIALLY DEFERRED") if at_commit else ("", "")
    with beside(url) as other:
        other.execute(FAULT.format(fault=fault, times=times, kind=kind, when=when).encode())


def raising(state: str) -> str:
    return f"RAISE EXCEPTION 'ann@example.com' USING ERRCODE = '{state}'"


@pytest.mark.parametrize("fault", [LOSE, raising("40001"), raising("40P01")])
def test_what_left_nothing_behind_is_done_once_more(store: Store, postgres_url: str, fault: str) -> None:
    """A connection that was lost before the commit, a serialization failure, a deadlock: one lead, one mail."""
    inject(postgres_url, fault)
    assert add(store, submission("one")) == "kept"
    assert mails(store) == [("confirm", "one")]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (LOSE, StorageError),
        (raising("40001"), StorageBusy),
        (raising("53100"), StorageFull),
        (raising("58030"), StorageError),
    ],
)
def test_what_fails_twice_or_for_good_is_an_error(
    store: Store, postgres_url: str, fault: str, error: type[StorageError]
) -> None:
    """Of the right kind; nothing of it is kept, and the next one is."""
    inject(postgres_url, fault, times=2 if error in (StorageBusy, StorageError) else 1)
    with pytest.raises(StorageError) as found:
        add(store, submission("one"))
    assert type(found.value) is error
    if fault == raising("58030"):
        with pytest.raises(StorageError):
            add(store, submission("one"))
    assert emails(store) == []
    assert add(store, submission("one")) == "kept"


def test_a_commit_whose_answer_is_lost_is_an_error(store: Store, postgres_url: str) -> None:
    """Never a success, and never tried again: it could be done twice."""
    inject(postgres_url, LOSE, at_commit=True)
    with pytest.raises(StorageError, match="lost before the database said"):
        add(store, submission("one"))
    assert emails(store) == []
    assert add(store, submission("one")) == "kept"


def test_a_server_that_was_restarted_is_found_again(postgres: PostgresServer, postgres_url: str) -> None:
    """All kept connections are dead at once; the next calls, reads and writes, see nothing of it."""
    with closing(PostgresStore(postgres_url)) as store:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: add(store, submission(f"s{n}", f"a{n}@example.com")), range(16)))
        postgres.crash()
        with pytest.raises(StorageError, match="lets nobody in"):
            add(store, submission("late"))
        postgres.start()
        assert len(emails(store)) == 16
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: add(store, submission(f"t{n}", f"b{n}@example.com")), range(16)))
        assert len(emails(store)) == 32


def test_what_was_acknowledged_is_found_after_a_crash() -> None:
    """Three crashes in the middle of writing, on a server that syncs: nothing that was acknowledged is missing."""
    with running(durable=True) as server, server.leads() as name:
        acknowledged: list[str] = []
        stop = threading.Event()

        def write(store: Store, worker: int) -> None:
            number = 0
            while not stop.is_set():
                number += 1
                email = f"a{worker}-{number}@example.com"
                try:
                    add(store, submission(f"s{worker}-{number}", email))
                except StorageError:
                    stop.wait(0.02)
                else:
                    acknowledged.append(email)

        with closing(PostgresStore(server.url(name))) as store, ThreadPoolExecutor(4) as pool:
            writing = [pool.submit(write, store, worker) for worker in range(4)]
            for _ in range(3):
                stop.wait(0.3)
                server.crash()
                server.start()
            stop.wait(0.3)
            stop.set()
            for future in writing:
                future.result()
            assert set(acknowledged) <= set(emails(store))
        assert len(acknowledged) > 100


# Schemas and addresses


def test_an_empty_database_is_not_filled_unasked(postgres: PostgresServer) -> None:
    """It may be the wrong one: `leadpages migrate` is for whoever means it."""
    with postgres.database() as name:
        with pytest.raises(StorageError, match="has no tables of leadpages yet") as found:
            PostgresStore(postgres.url(name))
        assert found.value.hint == "run `leadpages migrate`"
        assert postgres.run("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", name) == []
        assert PostgresStore.migrate(postgres.url(name)) == (0, 2)
        assert PostgresStore.migrate(postgres.url(name)) == (2, 2)
        with closing(PostgresStore(postgres.url(name))) as store:
            add(store, submission("one"))


def test_another_schema_is_refused_also_while_running(store: Store, postgres_url: str) -> None:
    """A handler that is older than its database stops."""
    with beside(postgres_url) as other:
        other.execute("UPDATE leadpages_schema SET version = 99")
    with pytest.raises(StorageError, match="has schema 99; this version of leadpages knows 2"):
        PostgresStore(postgres_url)
    with pytest.raises(StorageError, match="has schema 99"):
        store.check()
    with pytest.raises(StorageError, match="has schema 99"):
        PostgresStore.migrate(postgres_url)


def test_the_tables_may_stand_in_a_schema_of_their_own(postgres: PostgresServer) -> None:
    """Beside tables of the same names, of another program."""
    with postgres.database() as name:
        postgres.run("CREATE TABLE events (id integer)", name)
        postgres.run("CREATE SCHEMA ours", name)
        url = f"{postgres.url(name)}&options=-csearch_path%3Dours"
        assert PostgresStore.migrate(url) == (0, 2)
        with closing(PostgresStore(url)) as store:
            add(store, submission("one"))
            store.erase("bob@example.com", marks("bob@example.com"), NOW)
        assert postgres.run("SELECT kind FROM ours.events", name) == [("submitted",)]


def test_two_that_migrate_at_once_do_it_once(postgres: PostgresServer) -> None:
    """One makes the tables, the others find them."""
    with postgres.database() as name, ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: PostgresStore.migrate(postgres.url(name)), range(4)))
    assert sorted(found) == [(0, 2), (2, 2), (2, 2), (2, 2)]


def test_a_migration_that_fails_leaves_nothing(postgres: PostgresServer) -> None:
    """Here because somebody else's table has the name of one of ours."""
    with postgres.database() as name:
        postgres.run("CREATE TABLE outbox (id integer)", name)
        with pytest.raises(StorageError, match='relation "outbox" already exists'):
            PostgresStore.migrate(postgres.url(name))
        assert postgres.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name) == [("outbox",)]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda url: url.replace("/test_", "/none_"), StorageError),
        (lambda url: url.replace("?host=/", "?host=/nowhere/"), StorageError),
        (lambda url: url.replace("leadpages@", "leadpages:hunter2@[::"), SettingsError),
    ],
)
def test_a_database_that_is_not_there_is_said(
    postgres_url: str, change: Callable[[str], str], error: type[LeadpagesError]
) -> None:
    """In one line, and never with the password."""
    with pytest.raises(error) as found:
        PostgresStore(change(postgres_url))
    assert "\n" not in found.value.message
    assert "hunter2" not in found.value.message + found.value.hint


def test_a_server_that_is_full_is_busy(postgres: PostgresServer, postgres_url: str) -> None:
    """Too many connections are nothing to mend: they pass."""
    name = postgres_url.partition("?")[0].rpartition("/")[2]
    postgres.run("CREATE ROLE few LOGIN CONNECTION LIMIT 0")
    with pytest.raises(StorageBusy, match="too many connections"):
        PostgresStore(postgres.url(name).replace("leadpages@", "few@"))
    postgres.run("DROP ROLE few")


def test_the_tables_are_a_pleasure_to_query(store: Store, postgres_url: str) -> None:
    """Answers in the order of the form's fields, moments as moments, flags as flags."""
    answers: dict[str, str | list[str]] = {"zebra": "first", "email": "ann@example.com", "apple": ["last"]}
    add(store, submission("one")._replace(values=answers))
    with beside(postgres_url) as other:
        row = other.execute(
            "SELECT answers::text, answers ->> 'zebra', received_at, waiting, revoked FROM submissions"
        ).fetchone()
    assert row == (
        '{"zebra": "first", "email": "ann@example.com", "apple": ["last"]}', "first", NOW, True, False,
    )  # fmt: skip


def test_the_database_may_tell_time_its_own_way(postgres: PostgresServer, postgres_url: str) -> None:
    """Its time zone and its way to write dates are those of whoever reads it, and change nothing."""
    name = postgres_url.partition("?")[0].rpartition("/")[2]
    postgres.run(f"ALTER DATABASE {name} SET timezone = 'America/St_Johns'")
    postgres.run(f"ALTER DATABASE {name} SET datestyle = 'German'")
    with closing(PostgresStore(postgres_url)) as store:
        add(store, submission("one"))
        assert dossier_of(store).submissions == (submission("one"),)
