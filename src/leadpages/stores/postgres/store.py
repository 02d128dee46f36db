"""Leads in a PostgreSQL database."""

from __future__ import annotations

import os
import re
import select
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, Final, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row
from psycopg.types.datetime import DateBinaryLoader, TimestamptzBinaryLoader
from psycopg.types.string import TextBinaryLoader

from leadpages.core.errors import SettingsError, StorageBusy, StorageError, StorageFull
from leadpages.core.times import to_text
from leadpages.leads.model import address_key
from leadpages.stores.protocol import Finding
from leadpages.stores.sql.queries import read_migrations, read_queries
from leadpages.stores.sql.running import Run
from leadpages.stores.sql.schema import check_schema
from leadpages.stores.sql.store import SQLStore

T = TypeVar("T")
Connection = psycopg.Connection[DictRow]

#: What a URL need not say: a server that is gone is noticed in seconds, not in hours.
_DEFAULTS: Final = {
    "application_name": "leadpages",
    "connect_timeout": 5,
    "keepalives_idle": 60,
    "tcp_user_timeout": 10_000,
}
#: Kept by PostgreSQL for those that change a schema, so that two at once do one after the other.
_MIGRATION_LOCK: Final = 0x6C656164
#: Of transactions that left nothing behind (SQLSTATE): the connection was lost, or another transaction was in the way.
_PASSING: Final = ("08", "40", "57P")
_LOCKED: Final = ("40001", "40P01", "55P03", "57014")
#: A server that lets nobody in sends no SQLSTATE that libpq would pass on.
_CROWDED: Final = ("too many", "connection slots", "starting up", "shutting down")
_SERVER_VERSION: Final = "SELECT split_part(current_setting('server_version'), ' ', 1) AS value"


class PostgresStore(SQLStore):
    """The Store protocol on PostgreSQL.

    There is a connection for each thread that works at the same time, opened when it is first needed and then kept:
    what takes one connection on a function takes eight on a server. A process that a fork made opens its own. Nothing
    lasts longer on a connection than its transaction, so a pooler may stand in front. `lock_timeout_s` is how
    long a call waits for another transaction before it raises StorageBusy.
    """

    def __init__(self, url: str, lock_timeout_s: float = 5.0) -> None:
        self._parameters = _parameters(url)
        self._begin = f"BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = {int(lock_timeout_s * 1000)}"
        self._idle: deque[Connection] = deque()
        self._process = os.getpid()
        self._sql = {name: _with_gaps(statement) for name, statement in read_queries("postgres").items()}
        self._known = len(read_migrations("postgres"))
        with _translated(), self._connection() as connection:
            self._check_schema(connection)

    @staticmethod
    def migrate(url: str) -> tuple[int, int]:
        """Bring the schema of a database up to date; its version before and after."""
        migrations = read_migrations("postgres")
        with _translated(), closing(_connect(_parameters(url))) as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
            before = _version(connection)
            if before > len(migrations):
                check_schema(_name(connection), before, len(migrations))
            for statements in migrations[before:]:
                for statement in statements:
                    connection.execute(statement)
            connection.execute("UPDATE leadpages_schema SET version = %s", (len(migrations),))
            return before, len(migrations)

    def findings(self) -> tuple[Finding, ...]:
        """See `Store`."""
        with _translated(), self._connection() as connection:
            what = f"PostgreSQL {_value(connection, _SERVER_VERSION)}, {_name(connection)}"
            found = [Finding("ok", f"{what}, schema {_version(connection)}")]
            for name in ("fsync", "full_page_writes", "synchronous_commit"):
                if _value(connection, f"SELECT current_setting('{name}') AS value") == "off":
                    text = f"{name} is off: a power cut can take what was acknowledged"
                    found.append(Finding("warning", text, "turn it on in postgresql.conf"))
        return tuple(found)

    def check(self) -> None:
        """See `Store`."""
        super().check()
        with _translated(), self._connection() as connection:
            self._check_schema(connection)

    def close(self) -> None:
        """See `Store`."""
        while self._idle:
            self._idle.pop().close()

    def _check_schema(self, connection: Connection) -> None:
        check_schema(_name(connection), _version(connection), self._known)

    def _write(self, work: Callable[[Run], T]) -> T:
        with _translated():
            try:
                return self._transact(work)
            except psycopg.Error as error:
                if not (error.sqlstate or "08").startswith(_PASSING):
                    raise
            return self._transact(work)

    def _transact(self, work: Callable[[Run], T]) -> T:
        with self._connection() as connection:
            connection.execute(self._begin)
            value = work(_Run(connection, self._sql))
            try:
                connection.execute("COMMIT")
            except psycopg.Error as error:
                if connection.closed:  # its answer is lost: to do it once more could do it twice
                    raise StorageError("the connection was lost before the database said what it had kept") from error
                raise
            return value

    def _lock(self, run: Run, email: str) -> None:
        run("lock_address", {"address_key": address_key(email)})

    @contextmanager
    def _reading(self) -> Iterator[Run]:
        with _translated(), self._connection() as connection:
            yield _Run(connection, self._sql)

    def _scrub(self) -> None:
        # Frees the space for what comes next; its log and its backups, PostgreSQL recycles in its own time.
        with _translated(), self._connection() as connection:
            connection.execute("VACUUM leads, submissions, consents, events, outbox")

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        connection = self._take_idle() or _connect(self._parameters)
        try:
            yield connection
        except BaseException:
            connection.close()  # and with it, what was begun
            raise
        self._idle.append(connection)

    def _take_idle(self) -> Connection | None:
        if self._process != os.getpid():
            # Kept, for they are another process's: to let go of one would not even close it.
            self._others, self._idle, self._process = self._idle, deque(), os.getpid()
        with suppress(IndexError):  # another thread may take the last one between a look and a pop
            while True:
                connection = self._idle.pop()
                if not _speaks(connection):
                    return connection
                connection.close()
        return None


class _Run:
    """Runs a named statement on one connection."""

    def __init__(self, connection: Connection, sql: Mapping[str, str]) -> None:
        self._connection, self._sql = connection, sql

    def __call__(self, name: str, values: Mapping[str, Any]) -> psycopg.Cursor[DictRow]:
        # Binary, because as text moments depend on what the database calls a date.
        return self._connection.execute(self._sql[name], values, binary=True)

    def many(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if len(rows) == 1:  # not worth a pipeline
            self(name, rows[0])
            return
        with self._connection.cursor() as cursor:
            cursor.executemany(self._sql[name], rows)


class _Moment(TimestamptzBinaryLoader):
    def load(self, data: Any) -> str:  # type: ignore[override]  # as SQLite has it
        return to_text(super().load(data))


class _Day(DateBinaryLoader):
    def load(self, data: Any) -> str:  # type: ignore[override]  # as SQLite has it
        return super().load(data).isoformat()


def _parameters(url: str) -> dict[str, Any]:
    try:
        return {**_DEFAULTS, **conninfo_to_dict(url)}
    except psycopg.Error:  # whose message may show the password
        raise SettingsError(
            "LEADPAGES_DATABASE_URL is no address of a PostgreSQL database",
            "expected postgresql://USER:PASSWORD@HOST/NAME, with special characters in percent-encoding",
        ) from None


def _connect(parameters: Mapping[str, Any]) -> Connection:
    try:
        # Without prepared statements: they would last longer than a transaction.
        connection = psycopg.connect(**parameters, autocommit=True, row_factory=dict_row, prepare_threshold=None)
    except psycopg.OperationalError as error:
        reason = str(error).partition("\n")[0]
        kind = StorageBusy if any(words in reason for words in _CROWDED) else StorageError
        raise kind(f"the database lets nobody in: {reason}") from error
    for name, loader in (("timestamptz", _Moment), ("date", _Day), ("json", TextBinaryLoader)):
        connection.adapters.register_loader(name, loader)
    return connection


def _speaks(connection: Connection) -> bool:
    """Whether the server has said something unasked, which is that it hangs up."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _with_gaps(statement: str) -> str:
    """`:name` and `%` as psycopg writes them."""
    return re.sub(r"(?<![:\w]):([a-z_]+)", r"%(\1)s", statement.replace("%", "%%"))


def _version(connection: Connection) -> int:
    if _value(connection, "SELECT to_regclass('leadpages_schema') IS NULL AS value"):
        return 0
    return int(_value(connection, "SELECT version AS value FROM leadpages_schema"))


def _value(connection: Connection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row["value"] if row else None


def _name(connection: Connection) -> str:
    return f"the database {connection.info.dbname}"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise _storage_error(error) from error


def _storage_error(error: psycopg.Error) -> StorageError:
    if error.sqlstate in _LOCKED:
        return StorageBusy("the database is locked by another transaction")
    if error.sqlstate == "53100":
        return StorageFull("the disk is full")
    # The first line alone: the details may show what somebody typed.
    reason = error.diag.message_primary or str(error).partition("\n")[0]
    return StorageError(f"the database failed: {reason}")
