"""Finding what stands in the table: by the id of a submission, and in lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import Final, TypeVar

from leadpages.stores.dynamodb.items import lead_key, pointer_key, shards
from leadpages.stores.dynamodb.table import Table, key_of
from leadpages.stores.dynamodb.wire import Item, Key

T = TypeVar("T")

#: So many items are fetched at once.
_BATCH: Final = 100
#: After every moment and every id.
LAST: Final = "~"


def place_of(table: Table, submission_id: str) -> Key | None:
    """Where a submission stands."""
    pointer = table.get(pointer_key(submission_id))
    return (pointer["there_pk"], pointer["there_sk"]) if pointer else None


def listed_keys(table: Table, kinds: Sequence[str], before: str, newest_first: bool, **only: str) -> Iterator[Key]:
    """The keys of what is listed as one of `kinds` before that, where the attribute `only` has its value."""
    parts = [table.listed(name, before, newest_first, **only) for name in shards(*kinds)]
    return map(key_of, merge(*parts, key=lambda item: item["listed_at"], reverse=newest_first))


def list_items(table: Table, *kinds: str, newest_first: bool = True) -> Iterator[Item]:
    """All items of these `kinds`, as they stand now."""
    names = shards(*kinds)
    found = fetch(table, listed_keys(table, kinds, LAST, newest_first))
    return (item for item in found if item["listed"] in names)


def fetch(table: Table, keys: Iterable[Key]) -> Iterator[Item]:
    """What stands under `keys`, each once, as far as there is something."""
    last = None
    for batch in batches(keys):
        found = table.get_many(batch)
        for key in batch:
            # What has just gone from one part of a list into another may stand in both.
            if key != last and key in found:
                yield found[key]
            last = key


def with_leads(table: Table, items: Iterable[Item]) -> Iterator[tuple[Item, Item]]:
    """The `items` with their leads, as far as they have one."""
    for batch in batches(items):
        leads = table.get_many(lead_key(item["pk"]) for item in batch)
        for item in batch:
            if lead := leads.get(lead_key(item["pk"])):
                yield item, lead


def batches(items: Iterable[T], size: int = _BATCH) -> Iterator[list[T]]:
    """The `items` in lists of `size`."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
