"""SQLite: the contract, and what is its own: locks, schemas, journals, files that come and go."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.stores.contract import NOW, StoreContract, add, deciding, submission

from leadpages.core.errors import SettingsError, StorageBusy, StorageError, StorageFull
from leadpages.leads.intake import Intake
from leadpages.leads.model import Standing, Submission
from leadpages.stores.opening import open_store
from leadpages.stores.protocol import Limit, Limited, Store
from leadpages.stores.sql.adding import Entry
from leadpages.stores.sqlite.driver import sqlite3
from leadpages.stores.sqlite.store import SQLiteStore, _begun, _Job


@pytest.fixture
def file(tmp_path: Path, journal: str) -> Path:
    """Where the database is."""
    return tmp_path / "leads.db"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    """A new, empty store."""
    with closing(SQLiteStore(file)) as opened:
        yield opened


class TestSQLiteStore(StoreContract):
    """`SQLiteStore` keeps the promises of every store."""


def emails(store: Store) -> list[str]:
    return [lead.email for lead in store.leads()]


def test_what_was_kept_is_there_after_closing(file: Path) -> None:
    """Opening a file of this version changes nothing in it."""
    for name in ("one", "two"):
        with closing(SQLiteStore(file)) as opened:
            add(opened, submission(name, f"{name}@example.com"))
    with closing(SQLiteStore(file)) as opened:
        assert sorted(emails(opened)) == ["one@example.com", "two@example.com"]


def test_two_processes_worth_of_stores_share_a_file(file: Path) -> None:
    """The handler and the worker see each other's work."""
    with closing(SQLiteStore(file)) as handler, closing(SQLiteStore(file)) as worker:
        add(handler, submission("one"))
        (item,) = worker.claim(10, NOW - NOW, NOW)
        assert worker.mark_sent(item, NOW) is True
        assert handler.claim(10, NOW - NOW, NOW) == []


def test_a_locked_database_is_busy_and_then_works_again(file: Path, journal: str) -> None:
    """Every write says so in time, and so does every look without a WAL; nothing is half done."""
    with closing(SQLiteStore(file, busy_timeout_s=0.05)) as store, closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageBusy):
            add(store, submission("one"))
        with pytest.raises(StorageBusy):
            store.claim(1, NOW - NOW, NOW)
        if journal == "DELETE":
            with pytest.raises(StorageBusy):
                store.check()
        other.rollback()
        assert emails(store) == []
        add(store, submission("one"))
        assert emails(store) == ["ann@example.com"]


def test_a_locked_database_cannot_be_opened(file: Path, journal: str) -> None:
    """Starting beside a long writer says what is the matter; beside a WAL, it has only to read."""
    SQLiteStore(file).close()
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN EXCLUSIVE")
        if journal == "WAL":
            SQLiteStore(file, busy_timeout_s=0.05).close()
            return
        with pytest.raises(StorageBusy):
            SQLiteStore(file, busy_timeout_s=0.05)


def test_a_newer_schema_is_refused(file: Path) -> None:
    """An old version does not write into what a newer one made."""
    SQLiteStore(file).close()
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageError, match="has schema 99; this version of leadpages knows 3"):
        SQLiteStore(file)
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("PRAGMA user_version").fetchone() == (99,)


def test_what_is_no_database_is_refused_and_left_alone(file: Path) -> None:
    """A wrong path destroys nobody's file."""
    file.write_bytes(b"Dear diary, " * 100)
    with pytest.raises(StorageError, match="not a database"):
        SQLiteStore(file)
    assert file.read_bytes() == b"Dear diary, " * 100


def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    """The store makes its file, not its folder."""
    with pytest.raises(StorageError, match="cannot be opened"):
        SQLiteStore(tmp_path / "nowhere" / "leads.db")


def test_a_file_that_is_gone_is_an_error_and_not_an_empty_store(file: Path, store: Store) -> None:
    """Nothing is acknowledged into a file that nobody will read."""
    add(store, submission("one"))
    file.unlink()
    with pytest.raises(StorageError):
        store.check()
    with pytest.raises(StorageError):
        add(store, submission("two"))
    assert not file.exists()


def test_a_backup_that_is_put_back(file: Path, store: Store, journal: str, tmp_path: Path) -> None:
    """What comes after goes into the new file; a WAL would go with it, which is the old one's, and nothing is taken in.

    Until it is with that one again, as the message says; then nothing is lost of either.
    """
    with closing(SQLiteStore(tmp_path / "backup.db")) as backup:
        add(backup, submission("old", "old@example.com"))
    add(store, submission("one"))
    aside = tmp_path / "aside.db"
    file.rename(aside)
    (tmp_path / "backup.db").rename(file)
    if journal == "DELETE":
        add(store, submission("two", "two@example.com"))
    else:
        for work in (store.check, partial(add, store, submission("two", "two@example.com"))):
            with pytest.raises(StorageError, match=r"newest leads are in leads\.db-wal"):
                work()
        store.close()
        for ending in ("-wal", "-shm"):
            Path(f"{file}{ending}").rename(f"{aside}{ending}")
    with closing(SQLiteStore(file)) as fresh:
        assert sorted(emails(fresh)) == ["old@example.com", *(["two@example.com"] if journal == "DELETE" else [])]
    with closing(SQLiteStore(aside)) as old:
        assert emails(old) == ["ann@example.com"]


def test_commits_survive_a_power_cut(tmp_path: Path) -> None:
    """As documented: a WAL with FULL where the library is safe with it, else a rollback journal with EXTRA."""
    file = tmp_path / "leads.db"
    SQLiteStore(file).close()
    with closing(sqlite3.connect(file)) as other:
        (journal,) = other.execute("PRAGMA journal_mode").fetchone()
    assert journal == ("wal" if sqlite3.sqlite_version_info >= (3, 51, 3) else "delete")
    full, extra = 2, 3
    assert synchronous(file) == (full if journal == "wal" else extra)


def synchronous(file: Path) -> int:
    """What a store's own connection says; no other one can know."""
    with closing(SQLiteStore(file)) as store, store._connection() as connection:
        value: int = connection.execute("PRAGMA synchronous").fetchone()[0]
        return value


def test_what_is_erased_stays_in_a_log_that_is_read(
    file: Path, store: Store, journal: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """For so long, which the program's own log says; once nobody reads, erasing anew takes it out."""
    monkeypatch.setattr("leadpages.stores.sqlite.store._SCRUBS", 2)
    monkeypatch.setattr("leadpages.stores.sqlite.store._SCRUB_S", 0.01)
    add(store, submission("one"))
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        if journal == "WAL":  # else nobody could write
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM leads").fetchone()
        store.erase("ann@example.com", ["mark"], NOW)
        assert ("leads.db-wal" in caplog.text) == (journal == "WAL")
    caplog.clear()
    assert store.erase("ann@example.com", ["mark"], NOW).leads == 0
    assert caplog.text == ""
    log_file = Path(f"{file}-wal")
    assert not log_file.exists() or log_file.stat().st_size == 0


def test_a_log_that_an_old_library_writes_is_a_warning(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer one had the file open, too, and has made one."""
    with closing(SQLiteStore(file)) as store, closing(sqlite3.connect(file)) as newer:
        monkeypatch.setattr("leadpages.stores.sqlite.store._WAL_IS_SAFE", False)
        assert {finding.level for finding in store.findings()} <= {"ok", "warning"}
        newer.execute("PRAGMA journal_mode = WAL")
        assert [finding.level for finding in store.findings()] == ["ok", "warning"]


def test_a_file_that_is_open_in_the_other_mode_is_busy(file: Path, journal: str) -> None:
    """Which another version of SQLite may have set."""
    other = "DELETE" if journal == "WAL" else "WAL"
    SQLiteStore(file).close()
    with closing(sqlite3.connect(file, isolation_level=None)) as opened:
        opened.execute(f"PRAGMA journal_mode = {other}")
        opened.execute("BEGIN")
        opened.execute("SELECT count(*) FROM leads").fetchone()
        with pytest.raises(StorageBusy, match="another SQLite"):
            SQLiteStore(file, busy_timeout_s=0.05)


def test_an_erased_lead_takes_all_that_belongs_to_it(file: Path, store: Store) -> None:
    """A worker that holds its mail finds no recipient and cannot report on it."""
    add(store, submission("one"))
    (item,) = store.claim(1, NOW - NOW, NOW)
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA foreign_keys = ON")
        other.execute("DELETE FROM leads")
        other.commit()
        assert [other.execute(f"SELECT count(*) FROM {t}").fetchone() for t in ("submissions", "events", "outbox")] == [
            (0,),
            (0,),
            (0,),
        ]
    assert store.recipient(item) is None
    assert store.mark_ended(item, "cancelled", "the lead is gone", NOW) is False


def test_page_events_add_up_by_day_kind_and_page(file: Path, store: Store) -> None:
    """One row each, whatever the number."""
    for kind, page in (("form_view", "/a/"), ("form_view", "/a/"), ("form_start", "/a/"), ("form_view", "/b/")):
        store.count_page_event(kind, page, NOW)
    with closing(sqlite3.connect(file)) as other:
        rows = other.execute("SELECT day, kind, page, count FROM page_events ORDER BY kind, page").fetchall()
    assert rows == [
        ("2026-11-22", "form_start", "/a/", 1),
        ("2026-11-22", "form_view", "/a/", 2),
        ("2026-11-22", "form_view", "/b/", 1),
    ]


FILLING = """
import resource, signal, sys
from pathlib import Path
from leadpages.core.errors import StorageError
from leadpages.stores.sqlite.store import SQLiteStore
from tests.stores.contract import add, submission
file = Path(sys.argv[1])
store = SQLiteStore(file)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
soft = file.stat().st_size + 40_000
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))
kept = 0
try:
    for kept in range(10_000):
        add(store, submission(f"s{kept}", f"a{kept}@example.com"))
except StorageError as error:
    print(kept, error.code)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
add(store, submission("after", "after@example.com"))
store.close()
"""


def test_a_disk_that_takes_no_more_loses_nothing_that_was_acknowledged(file: Path) -> None:
    """The write that did not fit is an error, all before it are there, and so is what comes when there is room."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", FILLING, str(file)], capture_output=True, text=True, cwd=root, check=True
    )
    kept, code = done.stdout.split()
    assert code in ("storage_full", "storage_unavailable")
    with closing(SQLiteStore(file)) as store:
        assert len(emails(store)) == int(kept) + 1 > 1
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///", "sqlite:///:memory:", "mysql://db/leads", "leads.db"])
def test_a_url_that_names_no_lasting_store_is_refused(url: str) -> None:
    """What is kept in memory would be gone with the process."""
    with pytest.raises(SettingsError, match="LEADPAGES_DATABASE_URL"):
        open_store(url)


def test_a_url_names_the_file(file: Path) -> None:
    """Three slashes and a path, here an absolute one with signs that mean something in a URL."""
    odd = file.with_name("our leads?#%41.db")
    with closing(open_store(f"sqlite:///{odd}")) as store:
        add(store, submission("one"))
    assert odd.is_file()


def test_a_second_store_leaves_the_locks_of_the_first(file: Path, store: Store) -> None:
    """Closing any handle on a file drops all locks that its process has on it: nobody must do so by the way."""
    other_process = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with contextlib.suppress(StorageBusy):
            SQLiteStore(file, busy_timeout_s=0).close()
        tried = subprocess.run([sys.executable, "-c", other_process, str(file)], capture_output=True, text=True)
    assert "database is locked" in tried.stderr


class Watched(SQLiteStore):
    """Knows how many writes each transaction was to have."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.sizes: list[int] = []

    def _commit(self, jobs: Sequence[Any]) -> None:
        self.sizes.append(len(jobs))
        super()._commit(jobs)

    def write_while(self, begins: Submission, others: Sequence[Callable[[], object]]) -> list[Future[object]]:
        """Write `begins`, and `others` from threads of their own that all wait by the time that its turn ends."""
        with ThreadPoolExecutor(len(others)) as pool:
            futures: list[Future[object]] = []

            def decide(standing: Standing) -> Intake:
                futures.extend(pool.submit(other) for other in others)
                while len(self._waiting) < len(others):
                    pass
                return Intake("received")

            self.add_submission(begins, decide)
        return futures


def test_what_threads_write_at_once_is_committed_together(file: Path) -> None:
    """One transaction for all that came while another was under way."""
    with closing(Watched(file)) as store:
        others = [partial(add, store, submission(f"s{n}", f"a{n}@example.com")) for n in range(8)]
        futures = store.write_while(submission("first"), others)
        assert [future.result() for future in futures] == ["kept"] * 8
        assert store.sizes == [1, 8]
        assert len(emails(store)) == 9


def test_what_is_taken_in_together_is_counted_in_its_order(file: Path) -> None:
    """Also where a client is known of one and not of the other."""
    client, form = Limit("client", 9, timedelta(hours=1)), Limit("form", 1, timedelta(hours=1))
    sent = [submission("one", "one@example.com"), submission("two", "two@example.com")]
    for limits in ([(client, form), (form,)], [(form,), (client, form)]):
        entries = [Entry(one, deciding(one), (), each, "", "") for one, each in zip(sent, limits, strict=True)]
        with closing(SQLiteStore(file)) as store:
            first, second = store._write(partial(store._add, entries=entries))
            assert (first, type(second)) == ("kept", Limited)
        file.unlink()


def test_a_transaction_begins_when_all_have_come_who_were_there_of_late(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last one ends the wait; whoever is alone waits for nobody."""
    monkeypatch.setattr("leadpages.stores.sqlite.store._GATHER_S", 60.0)
    monkeypatch.setattr("leadpages.stores.sqlite.store._PAUSE_S", 60.0)
    with closing(Watched(file)) as store, ThreadPoolExecutor(3) as pool:
        add(store, submission("alone"))
        store._expected = 3
        futures = [pool.submit(add, store, submission(f"s{n}", f"a{n}@example.com")) for n in range(3)]
        assert [future.result(timeout=30) for future in futures] == ["kept"] * 3
        assert store.sizes == [1, 3]


def test_who_does_not_come_is_waited_for_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause, and the transaction begins without them; after a longer one, nobody is waited for at all."""
    with closing(Watched(file)) as store:
        add(store, submission("zero"))
        store._expected = 4
        add(store, submission("one", "one@example.com"))
        monkeypatch.setattr("leadpages.stores.sqlite.store._PAUSE_S", float("nan"))  # in which nobody can wait
        add(store, submission("two", "two@example.com"))
        store._expected = 4
        store._ended_at -= 1
        add(store, submission("three", "three@example.com"))
        assert store.sizes == [1, 1, 1, 1]


def test_a_thread_that_is_interrupted_while_it_gathers_holds_up_no_other(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one leads."""
    gather = SQLiteStore._gather
    interrupted: list[SQLiteStore] = []

    def interrupt_the_first(store: SQLiteStore) -> None:
        if interrupted:
            gather(store)
            return
        interrupted.append(store)
        while len(store._waiting) < 2:
            pass
        raise KeyboardInterrupt

    monkeypatch.setattr(SQLiteStore, "_gather", interrupt_the_first)
    with closing(SQLiteStore(file)) as store, ThreadPoolExecutor(2) as pool:
        first = pool.submit(add, store, submission("one", "one@example.com"))
        while not interrupted:
            pass
        second = pool.submit(add, store, submission("two", "two@example.com"))
        assert isinstance(first.exception(timeout=30), KeyboardInterrupt)
        assert second.result(timeout=30) == "kept"
        assert emails(store) == ["two@example.com"]


def test_a_write_that_fails_takes_no_other_with_it(file: Path) -> None:
    """Its caller hears of it, and the others are kept."""

    def fail(standing: Standing) -> Intake:
        raise ZeroDivisionError

    with closing(Watched(file)) as store:
        bad = partial(store.add_submission, submission("bad", "bad@example.com"), fail)
        good = [partial(add, store, submission(f"s{n}", f"a{n}@example.com")) for n in range(4)]
        futures = store.write_while(submission("first"), [good[0], good[1], bad, good[2], good[3]])
        failed = [future for future in futures if future.exception()]
        assert failed == [futures[2]]
        assert isinstance(failed[0].exception(), ZeroDivisionError)
        assert sorted(emails(store)) == [f"a{n}@example.com" for n in range(4)] + ["ann@example.com"]


@pytest.mark.parametrize("woken", [False, True])
def test_a_thread_that_is_interrupted_while_it_waits_holds_up_no_other(
    file: Path, monkeypatch: pytest.MonkeyPatch, woken: bool
) -> None:
    """Whether it was its turn to write for all, or not yet."""
    wait = _Job.is_done_when_woken
    interrupted: list[_Job[Any]] = []

    def interrupt_the_first(job: _Job[Any]) -> bool:
        if interrupted:
            return wait(job)
        interrupted.append(job)
        if woken:
            wait(job)
        raise KeyboardInterrupt

    monkeypatch.setattr(_Job, "is_done_when_woken", interrupt_the_first)
    with closing(SQLiteStore(file)) as store, ThreadPoolExecutor(2) as pool:
        futures: list[Future[object]] = []

        def decide(standing: Standing) -> Intake:
            futures.append(pool.submit(add, store, submission("one", "one@example.com")))
            while not interrupted or len(store._waiting) != woken:
                pass
            futures.append(pool.submit(add, store, submission("two", "two@example.com")))
            while len(store._waiting) != 1 + woken:
                pass
            return Intake("received")

        store.add_submission(submission("first"), decide)
        assert isinstance(futures[0].exception(timeout=30), KeyboardInterrupt)
        assert futures[1].result(timeout=30) == "kept"
        assert add(store, submission("after", "after@example.com")) == "kept"
        assert sorted(emails(store)) == ["after@example.com", "ann@example.com", "two@example.com"]


def test_a_full_disk_at_the_commit_is_everybodys(file: Path) -> None:
    """Nobody is told that what they wrote is kept, and it is not there."""
    with closing(Watched(file)) as store:
        add(store, submission("before", "before@example.com"))
        others = [partial(add, store, submission(f"s{n}", f"a{n}@example.com")) for n in range(4)]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("leadpages.stores.sqlite.store._begun", _full_at_the_second_commit())
            futures = store.write_while(submission("first"), others)
        assert [type(future.exception()) for future in futures] == [StorageFull] * 4
        assert sorted(emails(store)) == ["ann@example.com", "before@example.com"]


def _full_at_the_second_commit() -> Callable[[sqlite3.Connection], AbstractContextManager[None]]:
    number = count(1)

    @contextlib.contextmanager
    def begun(connection: sqlite3.Connection) -> Iterator[None]:
        with _begun(connection):
            yield
            if next(number) == 2:
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise error

    return begun
