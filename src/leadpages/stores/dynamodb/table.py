"""One DynamoDB table: reads, and writes that hold only when nobody wrote in between."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from leadpages.core.errors import StorageBusy, StorageError
from leadpages.core.ids import new_id
from leadpages.stores.dynamodb.client import Client
from leadpages.stores.dynamodb.wire import Item, Key, item_of, wired, wired_key
from leadpages.stores.sql.schema import check_schema

T = TypeVar("T")
Pause = Callable[[int], None]

SCHEMA_VERSION: Final = 1
#: So many writes DynamoDB takes in one transaction.
MOST_WRITES: Final = 100
_SCHEMA_KEY: Final = ("schema", "-")
_PAGE_ITEMS: Final = 100
#: As long as others write to the same lead, and as long as DynamoDB is slow or cannot be reached.
_TRIES: Final = 12
_CALLS: Final = 8
_WAIT_S: Final = (0.01, 1.0)

#: By their names: the attributes that are their keys. They hold the table's own keys, and what stands third.
_INDEXES: Final[Mapping[str, tuple[str, str | None, tuple[str, ...]]]] = {
    "by_time": ("listed", "listed_at", ("form",)),
    "by_due": ("due", "due_at", ()),
    "by_outbox_id": ("outbox_id", None, ()),
}
_CONFLICTS: Final = ("ConditionalCheckFailed", "TransactionConflict", "TransactionInProgress")
_THROTTLED: Final = ("Throttling", "ProvisionedThroughputExceeded", "RequestLimitExceeded")
#: What DynamoDB says when it does not know itself whether something was written.
_UNCERTAIN: Final = ("InternalServerError", "InternalFailure", "ServiceUnavailable", "RequestTimeout")


class Conflict(Exception):
    """Somebody wrote in between, and nothing of ours is there: read again, decide again."""


class _Lost(Exception):
    """The answer is lost; what was asked may have been done or not."""


class _Throttled(Exception):
    """DynamoDB asks to slow down; nothing was done."""


@dataclass(frozen=True, slots=True)
class Write:
    """What shall stand under `key`: `item`, or nothing, or (where `is_check`) what stands there already.

    It is refused unless `seen` still stands there, which is the mark of the transaction that wrote it, or None for
    nothing at all.
    """

    key: Key
    seen: str | None
    item: Item | None = None
    is_check: bool = False


def put(item: Item, seen: Item | None = None) -> Write:
    """Put `item` in the place of what was `seen` there."""
    return Write(key_of(item), _mark_of(seen), item)


def delete(seen: Item) -> Write:
    """Delete what was `seen`."""
    return Write(key_of(seen), seen["written_by"])


def unchanged(key: Key, seen: Item | None) -> Write:
    """Write nothing there, and nothing elsewhere if it has changed."""
    return Write(key, _mark_of(seen), is_check=True)


def _mark_of(seen: Item | None) -> str | None:
    return seen["written_by"] if seen else None


def key_of(item: Item) -> Key:
    """The key that `item` has in its table."""
    return item["pk"], item["sk"]


def pause(attempt: int) -> None:
    """Wait before the next attempt: twice as long each time, by chance less, so that those in each other's way part."""
    shortest, longest = _WAIT_S
    time.sleep(random.uniform(0, min(longest, shortest * 2**attempt)))  # noqa: S311


class Table:
    """One table in which every item bears the mark of the transaction that wrote it, in `written_by`.

    Whoever changes an item says which mark they saw. A transaction whose answer is lost is looked for by its own mark,
    and sent again if it is not found: as all of it hangs on what was seen, it cannot happen twice.
    """

    def __init__(self, client: Client, name: str, pause: Pause = pause) -> None:
        self._client, self.name, self._pause = client, name, pause

    # Reading

    def get(self, key: Key) -> Item | None:
        """What stands under `key`."""
        answer = self._on_table(self._client.get_item, Key=wired_key(key), ConsistentRead=True)
        return item_of(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """What stands under each of up to a hundred `keys`, as far as there is something."""
        found: dict[Key, Item] = {}
        asked: Any = {self.name: {"Keys": [wired_key(key) for key in dict.fromkeys(keys)], "ConsistentRead": True}}
        while asked and asked[self.name]["Keys"]:
            answer = self._patiently(self._client.batch_get_item, RequestItems=asked)
            items = map(item_of, answer["Responses"].get(self.name, ()))
            found |= {key_of(item): item for item in items}
            asked = answer.get("UnprocessedKeys")
        return found

    def partition(self, pk: str, first: str = "", last: str = "~~") -> Iterator[Item]:
        """All items with `pk` whose `sk` is between `first` and `last`, in its order."""
        return self._query("pk = :pk AND sk BETWEEN :first AND :last", pk=pk, first=first or " ", last=last)

    def newest(self, pk: str, prefix: str) -> Iterator[Item]:
        """The items with `pk` whose `sk` begins with `prefix`, the last one first."""
        return self._query("pk = :pk AND begins_with(sk, :prefix)", False, pk=pk, prefix=prefix)

    def listed(self, name: str, before: str, newest_first: bool, **only: str) -> Iterator[Item]:
        """The keys of what is listed as `name` before that, by `listed_at`, where the attribute `only` has its value.

        Some of it may be missing for a moment after it was written, or be there for a moment after it was deleted.
        """
        condition = "listed = :name AND listed_at < :before"
        return self._query(condition, not newest_first, "by_time", only, name=name, before=before)

    def due(self, name: str, now: str) -> Iterator[Item]:
        """The keys of what is due as `name`, by `due_at`; late as `listed`."""
        return self._query("due = :name AND due_at <= :now", True, "by_due", name=name, now=now)

    def with_outbox_id(self, outbox_id: str) -> Key | None:
        """The key of an outbox item; late as `listed`."""
        return next(map(key_of, self._query("outbox_id = :id", True, "by_outbox_id", id=outbox_id)), None)

    def scan(self, attribute: str, prefix: str) -> Iterator[Item]:
        """Every item whose `attribute` begins with `prefix`, those with one `pk` in their order."""
        gaps = {
            "FilterExpression": f"begins_with({attribute}, :prefix)",
            "ExpressionAttributeValues": wired({"prefix": prefix}, ":"),
            "ConsistentRead": True,
        }
        yield from self._pages(self._client.scan, gaps)

    # Writing

    def write(self, writes: Sequence[Write]) -> str:
        """Do all of `writes`, or none of them; the mark that they bear from now on.

        Raises Conflict when one of them is refused.
        """
        mark = new_id()
        arguments = {"TransactItems": [self._wired_write(write, mark) for write in writes]}
        is_lost = False
        for attempt in range(_CALLS):
            try:
                _translated(self._client.transact_write_items, arguments)
                return mark
            except _Throttled:
                self._pause(attempt)
            except _Lost:
                is_lost = True
                if self._is_there(writes, mark):
                    return mark
                self._pause(attempt)
            except Conflict:
                if is_lost and self._is_there(writes, mark):  # it was only late
                    return mark
                raise
        raise StorageBusy("the database is too busy, or cannot be reached")

    def claim(self, key: Key, now: str, until: str) -> Item | None:
        """Put off what is due under `key` until then, with a higher fence; None when it is not due any more."""
        mark = new_id()
        arguments = {
            "TableName": self.name,
            "Key": wired_key(key),
            "UpdateExpression": "SET due_at = :until, written_by = :mark ADD fence :one",
            "ConditionExpression": "attribute_exists(due) AND due_at <= :now",
            "ExpressionAttributeValues": wired({"until": until, "mark": mark, "one": 1, "now": now}, ":"),
            "ReturnValues": "ALL_NEW",
        }
        for attempt in range(_CALLS):
            try:
                return item_of(_translated(self._client.update_item, arguments)["Attributes"])
            except _Throttled:
                self._pause(attempt)
            except (_Lost, Conflict):
                # Either another worker has it, or it is ours and the answer was lost.
                item = self.get(key)
                if item is None or item["written_by"] == mark:
                    return item
                if item["due_at"] > now or "due" not in item:
                    return None
                self._pause(attempt)
        raise StorageBusy("the database is too busy, or cannot be reached")

    def count(self, key: Key, **attributes: Any) -> int:
        """Add one to the count under `key`, and set `attributes` there; the count.

        When an answer is lost, one is added twice: a limit is then reached early, never late.
        """
        sets = ", ".join(f"#{name} = :{name}" for name in attributes)
        answer = self._patiently(
            self._client.update_item,
            TableName=self.name,
            Key=wired_key(key),
            UpdateExpression=f"SET {sets} ADD #count :one",
            ExpressionAttributeNames={f"#{name}": name for name in (*attributes, "count")},
            ExpressionAttributeValues=wired({**attributes, "one": 1}, ":"),
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["count"]["N"])

    def retrying(self, work: Callable[[], T]) -> T:
        """Do `work`, which reads and then writes, until nobody writes in between."""
        for attempt in range(_TRIES):
            try:
                return work()
            except Conflict:
                self._pause(attempt)
        raise StorageBusy("others were always faster to write there")

    # The schema

    def check(self) -> None:
        """Return when the table has the schema that this version knows."""
        check_schema(f"the DynamoDB table {self.name}", self._version(), SCHEMA_VERSION)

    def migrate(self) -> tuple[int, int]:
        """Make the table if it is not there; its version before and after."""
        before = self._version()
        if before > SCHEMA_VERSION:
            self.check()
        if before < SCHEMA_VERSION:
            self._create()
            self.retrying(self._note_version)
        return before, SCHEMA_VERSION

    def _version(self) -> int:
        try:
            found = self.get(_SCHEMA_KEY)
        except _NoTable:
            return 0
        return found["version"] if found else 0

    def _create(self) -> None:
        with suppress(_TableExists):  # of another one at the same time, or of one that did not come to its end
            self._patiently(self._client.create_table, **_definition(self.name))
        self._patiently(self._client.get_waiter("table_exists").wait, TableName=self.name, WaiterConfig={"Delay": 2})
        if not self.forgets():
            wanted = {"Enabled": True, "AttributeName": "expires_at"}
            self._on_table(self._client.update_time_to_live, TimeToLiveSpecification=wanted)

    def forgets(self) -> bool:
        """Whether items are deleted some time after their `expires_at`."""
        answer = self._on_table(self._client.describe_time_to_live)
        return answer["TimeToLiveDescription"]["TimeToLiveStatus"] in ("ENABLED", "ENABLING")

    def _note_version(self) -> None:
        pk, sk = _SCHEMA_KEY
        if not (found := self.get(_SCHEMA_KEY)):
            self.write([put({"pk": pk, "sk": sk, "version": SCHEMA_VERSION}, found)])

    def close(self) -> None:
        """Close the connections; whoever goes on gets new ones."""
        self._client.close()

    def _query(
        self,
        condition: str,
        forward: bool = True,
        index: str = "",
        only: Mapping[str, str] | None = None,
        **values: Any,
    ) -> Iterator[Item]:
        arguments: dict[str, Any] = {
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": wired({**values, **(only or {})}, ":"),
            "ScanIndexForward": forward,
            "Limit": _PAGE_ITEMS,
            **({"IndexName": index} if index else {"ConsistentRead": True}),
        }
        if only:
            arguments["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in only)
            arguments["ExpressionAttributeNames"] = {f"#{name}": name for name in only}
        return self._pages(self._client.query, arguments)

    def _pages(self, operation: Callable[..., dict[str, Any]], arguments: Mapping[str, Any]) -> Iterator[Item]:
        start: dict[str, Any] = {}
        while True:
            answer = self._on_table(operation, **arguments, **start)
            yield from map(item_of, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _is_there(self, writes: Sequence[Write], mark: str) -> bool:
        puts = [write.key for write in writes if write.item]
        if not puts:  # what is deleted bears no mark: it is gone, whoever did it
            return not self.get_many(write.key for write in writes)
        return any(item["written_by"] == mark for item in self.get_many(puts).values())

    def _on_table(self, operation: Callable[..., dict[str, Any]], **arguments: Any) -> dict[str, Any]:
        return self._patiently(operation, TableName=self.name, **arguments)

    def _patiently(self, operation: Callable[..., dict[str, Any]], **arguments: Any) -> dict[str, Any]:
        """Do what does no harm if it is done twice."""
        for attempt in range(_CALLS):
            try:
                return _translated(operation, arguments)
            except (_Throttled, _Lost):
                self._pause(attempt)
        raise StorageBusy("the database is too busy, or cannot be reached")

    def _wired_write(self, write: Write, mark: str) -> dict[str, Any]:
        table: dict[str, Any] = {"TableName": self.name, "ConditionExpression": "attribute_not_exists(pk)"}
        if write.seen is not None:
            table["ConditionExpression"] = "written_by = :seen"
            table["ExpressionAttributeValues"] = wired({"seen": write.seen}, ":")
        if write.item is not None:
            return {"Put": {**table, "Item": wired({**write.item, "written_by": mark})}}
        return {"ConditionCheck" if write.is_check else "Delete": {**table, "Key": wired_key(write.key)}}


class _NoTable(StorageError):
    """There is no such table."""


class _TableExists(StorageError):
    """There is such a table already."""


def _translated(operation: Callable[..., dict[str, Any]], arguments: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return operation(**arguments)
    except ClientError as error:
        raise _fault(error) from error
    except BotoCoreError as error:
        if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"):
            raise StorageError("there are no credentials for AWS", "see the documentation of boto3") from error
        raise _Lost from error


def _fault(error: ClientError) -> Exception:
    answer: Mapping[str, Any] = error.response
    code = answer["Error"]["Code"]
    reasons = [reason.get("Code", "None") for reason in answer.get("CancellationReasons", ())]
    codes = [reason for reason in reasons if reason != "None"] or [code]
    if any(one.startswith(_CONFLICTS) for one in codes):
        return Conflict()
    if any(one.startswith(_THROTTLED) for one in codes):
        return _Throttled()
    if code in _UNCERTAIN:
        return _Lost()
    if code == "ResourceNotFoundException":
        return _NoTable("the DynamoDB table is not there", "run `leadpages migrate`")
    if code == "ResourceInUseException":
        return _TableExists("the DynamoDB table is being made or deleted")
    return StorageError(f"the database failed: {', '.join(codes)}: {answer['Error'].get('Message', '')}")


def _definition(name: str) -> dict[str, Any]:
    attributes = {"pk", "sk", *(attribute for keys in _INDEXES.values() for attribute in keys[:2] if attribute)}
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": a, "AttributeType": "S"} for a in sorted(attributes)],
        "KeySchema": _key_schema("pk", "sk"),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index,
                "KeySchema": _key_schema(hash_key, range_key),
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(more)}
                if more
                else {"ProjectionType": "KEYS_ONLY"},
            }
            for index, (hash_key, range_key, more) in _INDEXES.items()
        ],
    }


def _key_schema(hash_key: str, range_key: str | None) -> list[dict[str, str]]:
    keys = [(hash_key, "HASH"), *([(range_key, "RANGE")] if range_key else [])]
    return [{"AttributeName": name, "KeyType": kind} for name, kind in keys]
