"""Leads in one SQLite file."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from itertools import groupby
from math import inf
from operator import attrgetter
from pathlib import Path
from threading import Condition, Lock
from typing import Any, Final, Generic, Literal, NamedTuple, TypeVar, cast

from leadpages.core.errors import StorageBusy, StorageError, StorageFull
from leadpages.core.logs import log
from leadpages.stores.protocol import Finding
from leadpages.stores.sql.queries import read_migrations, read_queries
from leadpages.stores.sql.running import Run
from leadpages.stores.sql.schema import check_schema
from leadpages.stores.sql.store import SQLStore
from leadpages.stores.sqlite.driver import sqlite3

E = TypeVar("E")
T = TypeVar("T")

_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
#: Older libraries can corrupt a write-ahead log that several processes write (https://sqlite.org/wal.html).
_WAL_IS_SAFE: Final = sqlite3.sqlite_version_info >= (3, 51, 3)
#: What is safe with the library's version.
JOURNAL: Final = "WAL" if _WAL_IS_SAFE else "DELETE"

#: So long after it ended, a transaction's writers are expected back, and the next one is held up for them in all;
#: and so long for each of them.
_GATHER_S: Final = 0.04
_PAUSE_S: Final = 0.008
#: So often and so long, without keeping writers out in between, the log's readers are waited for.
_SCRUBS, _SCRUB_S = 20, 0.1


class SQLiteStore(SQLStore):
    """The Store protocol on SQLite.

    What threads write at the same time is committed together: each commit waits for the disk, which is most of its
    time. Commits are durable through a power cut: `synchronous` is FULL under WAL, and EXTRA where the
    library's version makes the rollback journal the safe choice. `busy_timeout_s` is how long a call
    waits for another writer before it raises StorageBusy. A file that is not there yet is made if `create` says so.
    """

    def __init__(self, path: Path, busy_timeout_s: float = 5.0, *, create: bool = True) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._idle: deque[_Open] = deque()
        self._waiting: list[_Job[Any]] = []
        self._is_led = False
        self._expected, self._ended_at = 1, -inf
        self._turn = Condition(Lock())
        self._sql = read_queries("sqlite")
        self._migrations = read_migrations("sqlite")
        if not create and not path.exists():
            raise StorageError(f"{path} does not exist", "is that the file which the handler writes?")
        with _translated(), closing(self._connect("rwc" if create else "rw").connection) as connection:
            # Not kept: a host may fork after this, and a connection must not be shared over a fork.
            if create and _version(connection) == 0:
                _migrate(connection, self._migrations)
            self._check_schema(connection)
            self._first = self._identity()
            self._has_wal = _journal_mode(connection) == "WAL"

    @staticmethod
    def migrate(path: Path) -> tuple[int, int]:
        """Make a database or bring its schema up to date; its version before and after."""
        migrations = read_migrations("sqlite")
        with _translated():
            _make_private(path)
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                before = _migrate(connection, migrations)
        if before > len(migrations):
            check_schema(str(path), before, len(migrations))
        return before, len(migrations)

    def findings(self) -> tuple[Finding, ...]:
        """See `Store`."""
        with _translated(), self._connection() as connection:
            schema, mode = _version(connection), _journal_mode(connection)
        why = (
            "a WAL is safe from version 3.51.3 on when several processes write"
            if _WAL_IS_SAFE
            else "before version 3.51.3, a WAL can be corrupted when several processes write; "
            "leadpages[sqlite] brings a newer one"
        )
        is_safe = _WAL_IS_SAFE or mode != "WAL"
        return (
            Finding("ok", f"SQLite {sqlite3.sqlite_version}, {self._path}, schema {schema}"),
            Finding(
                "ok" if is_safe else "warning",
                f"journal mode {mode}, synchronous {synchronous(mode)}: {why}",
                ""
                if is_safe
                else "a newer SQLite opened the file: let all that open it have the same one, and restart",
            ),
        )

    def check(self) -> None:
        """See `Store`."""
        super().check()
        with _translated(), self._connection() as connection:
            self._check_schema(connection)

    def close(self) -> None:
        """See `Store`."""
        while self._idle:
            self._idle.pop().connection.close()

    def _check_schema(self, connection: sqlite3.Connection) -> None:
        check_schema(str(self._path), _version(connection), len(self._migrations))

    def _write(self, work: Callable[[Run], T]) -> T:
        return self._write_together(lambda run, _entries: [work(run)], None)

    def _write_together(self, work: Callable[[Run, list[E]], list[T]], entry: E) -> T:
        job = _Job(work, entry)
        with self._turn:
            self._waiting.append(job)
            job.is_to_lead, self._is_led = not self._is_led, True
            if len(self._waiting) == self._expected:
                self._turn.notify()
        try:
            if job.is_to_lead or not job.is_done_when_woken():
                self._gather()
                self._commit_waiting()
        except BaseException:
            self._give_up(job)
            raise
        return job.outcome()

    def _give_up(self, job: _Job[Any]) -> None:
        """Let nobody wait for a thread that was interrupted while it waited itself."""
        with self._turn:
            if job in self._waiting:
                self._waiting.remove(job)
                if job.is_to_lead:
                    self._pass_on()

    def _pass_on(self) -> None:
        """Let the first of those who wait do what is waiting, if there is one."""
        self._is_led = bool(self._waiting)
        if self._is_led:
            self._waiting[0].wake(is_done=False)

    def _gather(self) -> None:
        """Wait for those who wrote of late and have not come back: one transaction for many costs each of them less.

        While they wait themselves, no thread is in the way of the one that writes for all.
        """
        now = time.monotonic()
        if now - self._ended_at > _GATHER_S:  # they are long gone
            return
        seen, latest = 0, now + _GATHER_S
        with self._turn:
            while seen < len(self._waiting) < self._expected and time.monotonic() < latest:
                seen = len(self._waiting)
                self._turn.wait(_PAUSE_S)

    def _commit_waiting(self) -> None:
        """Commit what is waiting, one's own job among it. Of what comes meanwhile, the first one's thread is next."""
        with self._turn:
            jobs, self._waiting = self._waiting, []
        try:
            self._commit(jobs)
        finally:
            for job in jobs:
                job.wake(is_done=True)
            with self._turn:
                self._ended_at = time.monotonic()
                # Where not all have come who were waited for, only those are counted on who are there by now.
                self._expected = len(self._waiting) + (len(jobs) if len(jobs) >= self._expected else 0)
                self._pass_on()

    def _commit(self, jobs: Sequence[_Job[Any]]) -> None:
        """Do `jobs` in one transaction; where one of them fails, each half in its own, until that one fails alone."""
        is_under_way = False
        try:
            with self._connection() as connection, _begun(connection):
                is_under_way = True
                for work, group in groupby(jobs, key=attrgetter("work")):
                    alike = list(group)
                    values = work(_Run(connection, self._sql), [job.entry for job in alike])
                    for job, value in zip(alike, values, strict=True):
                        job.value = value
                is_under_way = False
        except Exception as error:
            if is_under_way and len(jobs) > 1:
                half = len(jobs) // 2
                self._commit(jobs[:half])
                self._commit(jobs[half:])
                return
            for job in jobs:
                job.error = _storage_error(error) if isinstance(error, OSError | sqlite3.Error) else error
        else:
            for job in jobs:
                job.is_committed = True

    def _scrub(self) -> None:
        # Rows are overwritten as they are deleted; what is left of them is in the log.
        with _translated(), closing(self._connect("rw").connection) as connection:
            connection.execute(f"PRAGMA busy_timeout = {int(_SCRUB_S * 1000)}")
            for _ in range(_SCRUBS):
                is_busy, *_counts = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if not is_busy:
                    return
                time.sleep(_SCRUB_S)
        log.warning("what was erased is in %s-wal for as long as another process reads there", self._path.name)

    @contextmanager
    def _reading(self) -> Iterator[Run]:
        with _translated(), self._connection() as connection:
            yield _Run(connection, self._sql)

    def _connection(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._lent(self._take_idle() or self._connect("rw"))

    @contextmanager
    def _lent(self, opened: _Open) -> Iterator[sqlite3.Connection]:
        try:
            yield opened.connection
        except BaseException:
            opened.connection.close()
            raise
        self._idle.append(opened)

    def _take_idle(self) -> _Open | None:
        if self._has_wal and self._identity() != self._first:
            # To open another file would be to write the log of the old one into it.
            name = self._path.name
            raise StorageError(
                f"{self._path} is not the file that was opened, whose newest leads are in {name}-wal",
                f"stop Leadpages, and put that file back, or move {name}-wal and {name}-shm to where it is",
            )
        with suppress(IndexError):  # another thread may take the last one between a look and a pop
            while True:
                opened = self._idle.pop()
                if opened.identity == self._identity():
                    return opened
                # Deleted, or replaced by a backup: what this connection writes, nobody will ever read.
                opened.connection.close()
        return None

    def _identity(self) -> tuple[int, int]:
        """Which file the path means."""
        with suppress(FileNotFoundError):
            found = self._path.stat()
            return found.st_dev, found.st_ino
        return 0, 0

    def _connect(self, mode: Literal["rw", "rwc"]) -> _Open:
        if mode == "rwc":
            _make_private(self._path)
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=self._busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.row_factory = sqlite3.Row
            # On some file systems there is no WAL, whatever is asked for.
            journal = _journal_mode(connection, f" = {JOURNAL}")
            connection.execute(f"PRAGMA synchronous = {synchronous(journal)}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")  # whoever is erased is not in the file's free space either
            return _Open(connection, self._identity())
        except BaseException:
            connection.close()
            raise


class _Open(NamedTuple):
    """A connection, and the file that it was opened on: a path can come to mean another one."""

    connection: sqlite3.Connection
    identity: tuple[int, int]


class _Job(Generic[T]):
    """What one thread wants to write, and what became of it once the transaction has ended."""

    def __init__(self, work: Callable[[Run, list[Any]], list[T]], entry: object) -> None:
        self.work, self.entry = work, entry
        self.value: T | None = None
        self._is_done = self.is_to_lead = False
        self._asleep = Lock()
        self._asleep.acquire()
        self.error: Exception | None = None
        self.is_committed = False

    def is_done_when_woken(self) -> bool:
        """Sleep until woken: because another thread has done the work, or for this one to do it."""
        self._asleep.acquire()
        return self._is_done

    def wake(self, *, is_done: bool) -> None:
        """Let the thread go on that has this job."""
        self._is_done, self.is_to_lead = is_done, not is_done
        self._asleep.release()

    def outcome(self) -> T:
        """What the work gave. Raises what it raised, or what kept it from being written."""
        if self.error or not self.is_committed:
            raise self.error or StorageError("the write was broken off")
        return cast(T, self.value)


class _Run:
    """Runs a named statement on one connection."""

    def __init__(self, connection: sqlite3.Connection, sql: Mapping[str, str]) -> None:
        self._connection, self._sql = connection, sql

    def __call__(self, name: str, values: Mapping[str, Any]) -> sqlite3.Cursor:
        return self._connection.execute(self._sql[name], values)

    def many(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self._connection.executemany(self._sql[name], rows)


@contextmanager
def _begun(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def synchronous(journal: str) -> str:
    """What makes commits durable through a power cut in a journal mode."""
    return "FULL" if journal == "WAL" else "EXTRA"


def _journal_mode(connection: sqlite3.Connection, change: str = "") -> str:
    """The journal mode, perhaps after a change."""
    try:
        (mode,) = connection.execute(f"PRAGMA journal_mode{change}").fetchone()
    except sqlite3.OperationalError as error:
        if change and _code(error) in _BUSY:
            raise StorageBusy(
                "the database is locked by another process, or open with another SQLite",
                "let all that open it have the same: `leadpages[sqlite]`, or Python's own",
            ) from error
        raise
    return str(mode).upper()


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _make_private(path: Path) -> None:
    """Make the file if need be: the leads are their owner's to read, and SQLite gives its journals the file's mode.

    One that is there is left alone: to close it would drop every lock that this process has on it, and two writers at
    once tear a database apart (https://sqlite.org/howtocorrupt.html, 2.2).
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _migrate(connection: sqlite3.Connection, migrations: list[list[str]]) -> int:
    """Bring the schema up to date, unless it is a newer one; its version before."""
    with _begun(connection):
        before = _version(connection)
        for statements in migrations[before:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {max(before, len(migrations))}")
        return before


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise _storage_error(error) from error


def _code(error: Exception) -> int:
    """The kind of an error of SQLite."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _storage_error(error: Exception) -> StorageError:
    if isinstance(error, OSError):
        return StorageError(f"the database cannot be opened: {error.strerror}")
    code = _code(error)
    if code in _BUSY:
        return StorageBusy("the database is locked by another process", "try again when that one is done")
    if code == sqlite3.SQLITE_FULL:
        return StorageFull("the disk is full")
    if code == sqlite3.SQLITE_CORRUPT:
        hint = "put a backup back as README says: with all of Leadpages stopped, and without the -wal of this file"
        return StorageError(f"the database is broken: {error}", hint)
    return StorageError(f"the database failed: {error}")
