"""Stores whose process ends in the midst of a step, each where stores of its kind are kept.

A process dies between two things that it asks of its database: after the one is as good as before the next. So all
points at which a step can die are: after none of its statements, after one, after two, and so on up to the last, when
all is done and nobody hears of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from leadpages.stores.dynamodb.store import DynamoDBStore
from leadpages.stores.postgres.store import PostgresStore
from leadpages.stores.protocol import Store
from leadpages.stores.sqlite.store import SQLiteStore

T = TypeVar("T")

#: After how many statements a process dies, or on which side of its first commit.
Point = int | Literal["before commit", "after commit"]

#: What writes into DynamoDB. A read leaves no trace there: to die over it is to die before the next write.
_WRITES: Final = ("update_item", "transact_write_items")
_COMMITS: Final = ("COMMIT", "transact_write_items")


class Crash(BaseException):
    """The process ends here, after all that it `ran`: nothing handles this."""

    def __init__(self, ran: Sequence[str]) -> None:
        self.ran = ran


def is_committed(ran: Sequence[str]) -> bool:
    """Whether a transaction was, among what a process ran."""
    return any(statement in _COMMITS for statement in ran)


class Process:
    """Counts what a store asks of its database, and dies at a point."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self._dies_at: Point | None = None
        self.is_dead = False

    def begin(self, dies_at: Point | None) -> None:
        """Begin a step, which may end at `dies_at`."""
        self.ran = []
        self._dies_at = dies_at

    def run(self, statement: str, work: Callable[[], T]) -> T:
        """Do `work`, unless the process is dead or dies before it."""
        self._live(self._dies_at == "before commit" and statement in _COMMITS)
        value = work()
        self.ran.append(statement)
        self._live(self._dies_at == "after commit" and statement in _COMMITS)
        return value

    def _live(self, is_its_time: bool) -> None:
        self.is_dead = self.is_dead or is_its_time or self._dies_at == len(self.ran)
        if self.is_dead:
            raise Crash(self.ran)


class _Connection:
    """A connection to an SQL database. It is lost with its process, and what was begun on it with it."""

    def __init__(self, connection: Any, process: Process) -> None:
        self._connection, self._process = connection, process

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    @property
    def in_transaction(self) -> bool:
        """As SQLite says it. The dead roll nothing back."""
        return not self._process.is_dead and bool(self._connection.in_transaction)

    def execute(self, statement: str, *values: Any, **options: Any) -> Any:
        """Run a statement."""
        return self._run(statement, lambda: self._connection.execute(statement, *values, **options))

    def executemany(self, statement: str, rows: Sequence[Any]) -> None:
        """Run a statement with each of `rows`."""
        cursor = self._connection.cursor()
        self._run(statement, lambda: cursor.executemany(statement, rows))

    @contextmanager
    def cursor(self) -> Iterator[_Connection]:
        """PostgreSQL runs a statement many times on a cursor alone."""
        yield self

    def _run(self, statement: str, work: Callable[[], T]) -> T:
        try:
            return self._process.run(statement, work)
        except Crash:
            self._connection.close()
            raise


@contextmanager
def _dying_with(process: Process, lent: AbstractContextManager[Any]) -> Iterator[Any]:
    with lent as connection:
        yield _Connection(connection, process)


class _SQLiteStore(SQLiteStore):
    process: Process

    def _connection(self) -> Any:
        return _dying_with(self.process, super()._connection())


class _PostgresStore(PostgresStore):
    def __init__(self, url: str) -> None:
        self.process = Process()  # of which the opening is a part
        super().__init__(url)

    def _connection(self) -> Any:
        return _dying_with(self.process, super()._connection())


class _Client:
    """A client of DynamoDB. What it was asked, stays done."""

    def __init__(self, client: Any, process: Process) -> None:
        self._client, self._process = client, process

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)
        if name not in _WRITES:
            return operation
        return lambda **arguments: self._process.run(name, lambda: operation(**arguments))


class Place(ABC):
    """Where a store is kept, which outlives the processes that open it."""

    #: What a crash may leave half done here; done again, it comes to its end.
    in_steps: frozenset[str] = frozenset()
    process: Process

    @abstractmethod
    def open(self) -> Store:
        """The store, opened by a new process."""

    def is_done(self, what: str, ran: Sequence[str]) -> bool:
        """Whether a step that crashed after it `ran` that was done."""
        return is_committed(ran)


class SQLitePlace(Place):
    """A file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def open(self) -> Store:
        """See `Place`."""
        store = _SQLiteStore(self._file)
        store.process = self.process = Process()
        return store


class PostgresPlace(Place):
    """A database."""

    def __init__(self, url: str) -> None:
        self._url = url

    def open(self) -> Store:
        """See `Place`."""
        store = _PostgresStore(self._url)
        store.process = self.process = Process()
        return store


class DynamoDBPlace(Place):
    """A table. One request is all that is sure to be done whole: what takes several transactions can end between two.

    What does is made so that doing it again finishes it. A claim takes its items one by one; the limits of a submission
    are counted before it is kept, so a crash between the two has counted it already.
    """

    in_steps = frozenset({"claim", "erase", "expire", "empty_quarantine", "tidy", "load"})

    def __init__(self, url: str) -> None:
        self._url = url

    def open(self) -> Store:
        """See `Place`."""
        store = DynamoDBStore(self._url)
        self.process = Process()
        store._table._client = _Client(store._table._client, self.process)
        return store

    def is_done(self, what: str, ran: Sequence[str]) -> bool:
        """See `Place`."""
        return super().is_done(what, ran) or (what == "count_page_event" and "update_item" in ran)
