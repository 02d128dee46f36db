"""Erasing what stands in the table, in steps that can be done again after a crash."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from leadpages.stores.dynamodb.change import Change
from leadpages.stores.dynamodb.items import LEAD, NOTE, is_submission, note_item, pointer_key
from leadpages.stores.dynamodb.reading import batches, list_items
from leadpages.stores.dynamodb.table import Table, delete, put
from leadpages.stores.dynamodb.wire import Item, Key
from leadpages.stores.protocol import Erased

#: So many items go in one step: with each there may be one that says where it is.
_STEP: Final = 30


def erase_all(table: Table, pk: str) -> Erased:
    """Erase all that stands with an address: the lead last, so that as long as there is something, it is found."""
    counts: Counter[str] = Counter()

    def erase() -> None:
        while items := [item for item in table.partition(pk) if item["sk"] != NOTE]:
            doomed = [item for item in items if item["sk"] != LEAD]
            _remove(table, pk, items, doomed, takes_lead=len(doomed) < len(items), counts=counts)

    table.retrying(erase)
    return Erased(counts["leads"], counts["submissions"], _take_notes(table, [pk]))


def erase_some(
    table: Table,
    keys: Iterable[Key],
    is_doomed: Callable[[Item], bool],
    before_lead_goes: Callable[[Item], None] = lambda _: None,
) -> Erased:
    """Erase what `is_doomed` of the submissions with the addresses of `keys`, and leads of whom none is left."""
    counts: Counter[str] = Counter()
    noted: dict[str, None] = {}

    def erase(pk: str) -> None:
        items = [item for item in table.partition(pk) if item["sk"] != NOTE]
        submissions = [item for item in items if is_submission(item)]
        doomed = [item for item in submissions if is_doomed(item)]
        if not doomed:
            return
        left = {item["id"] for item in submissions if not is_doomed(item) and not item["quarantined_for"]}
        lead = next((item for item in items if item["sk"] == LEAD), None)
        takes_lead = lead is not None and not left and not all(item["quarantined_for"] for item in doomed)
        if lead and takes_lead:
            before_lead_goes(lead)
        ids = {item["id"] for item in doomed}
        belongs = [
            item
            for item in items
            if (takes_lead and item["sk"].startswith("event#"))
            or (item["sk"].startswith("out#") and (takes_lead or item["submission_id"] in ids))
        ]
        if _remove(table, pk, items, belongs + doomed, takes_lead, counts):
            noted[pk] = None

    for pk, _ in keys:
        table.retrying(partial(erase, pk))
    late = [pk for item in list_items(table, "files") if (pk := item["pk"]) not in noted]
    return Erased(counts["leads"], counts["submissions"], _take_notes(table, [*late, *noted]))


def _remove(
    table: Table, pk: str, items: Sequence[Item], doomed: Sequence[Item], takes_lead: bool, counts: Counter[str]
) -> bool:
    """Delete `doomed` of an address' `items` in their order, in steps, and with the last step perhaps the lead.

    Whether files are to be deleted.
    """
    change = Change(pk, next((item for item in items if item["sk"] == LEAD), None))
    gone = {item["sk"] for item in doomed}
    named = {name for item in items if is_submission(item) and item["sk"] not in gone for name in _files(item)}
    note = table.get((pk, NOTE))
    steps = list(batches(doomed, _STEP)) or [[]]
    for number, step in enumerate(steps, 1):
        submissions = [item for item in step if is_submission(item)]
        pointers = table.get_many(pointer_key(item["id"]) for item in submissions)
        for item in (*step, *pointers.values()):
            change.add(delete(item))
        for item in submissions:
            change.count_out(item)
        kept = note["files"] if note else []
        unnamed = [name for item in submissions for name in _files(item) if name not in named]
        if new := [name for name in dict.fromkeys(unnamed) if name not in kept]:
            change.add(put(note_item(pk, [*kept, *new]), note))
        is_last = takes_lead and number == len(steps)
        if is_last:
            change.lead = None
        change.commit(table)
        if new:
            note = table.get((pk, NOTE))
        counts["submissions"] += len(submissions)
        counts["leads"] += is_last
    return note is not None


def _take_notes(table: Table, pks: Iterable[str]) -> tuple[str, ...]:
    """The names of files that are to be deleted, which nobody else is told any more."""

    def take(keys: Sequence[Key]) -> list[str]:
        found = table.get_many(keys)
        notes = [found[key] for key in keys if key in found]
        if notes:
            table.write([delete(note) for note in notes])
        return [name for note in notes for name in note["files"]]

    # As many at once as can be: what is taken is lost if the process ends before its caller has it.
    steps = batches((pk, NOTE) for pk in pks)
    return tuple(name for keys in steps for name in table.retrying(partial(take, keys)))


def _files(submission: Item) -> list[str]:
    names: list[str] = json.loads(submission["files"])
    return names
