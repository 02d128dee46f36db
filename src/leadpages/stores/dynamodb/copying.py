"""Giving all that stands in the table to another store, and taking what another one gives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from leadpages.core.errors import StorageError
from leadpages.stores.dynamodb.change import Change, pay
from leadpages.stores.dynamodb.items import (
    LEAD,
    lead_key,
    mark_key,
    new_lead,
    pointer_item,
    risks_of,
    stored_outbox,
    stored_submission,
)
from leadpages.stores.dynamodb.reading import batches, place_of, with_leads
from leadpages.stores.dynamodb.table import Conflict, Table, delete, key_of, put
from leadpages.stores.dynamodb.wire import Item
from leadpages.stores.protocol import Record

_LEAD_VALUES: Final = (
    "id", "email", "status", "created_at", "confirmed_at", "confirmation_asked_at", "unsubscribed_at",
    "suppressed_for",
)  # fmt: skip
_SUBMISSION_VALUES: Final = (
    "id", "form", "email", "answers", "answers_hash", "files", "page", "language", "received_at", "downloads",
    "revoked", "quarantined_for",
)  # fmt: skip
_OUTBOX_VALUES: Final = (
    "id", "submission_id", "channel", "name", "happening", "form", "state", "created_at", "due_at", "fence",
    "attempts", "reason", "ended_at",
)  # fmt: skip


def records(table: Table) -> Iterator[Record]:
    """See `Store.records`."""
    for lead in table.scan("sk", LEAD):
        while pay(table, key_of(lead)):
            pass
        key = lead["pk"].removeprefix("address#")
        risks = json.dumps(risks_of(lead))
        yield Record("leads", {"address_key": key, "risks": risks, **{name: lead[name] for name in _LEAD_VALUES}})
    for item, lead_found in _with_possible_leads(table, table.scan("sk", "sub#")):
        is_counted = lead_found is not None and not item["quarantined_for"]
        waiting = [one["id"] for one in lead_found["waiting"]] if lead_found else []
        yield Record("submissions", {
            "lead_id": lead_found["id"] if lead_found and is_counted else None,
            "address_key": item["pk"].removeprefix("address#"),
            "waiting": item["id"] in waiting,
            **{name: item[name] for name in _SUBMISSION_VALUES},
        })  # fmt: skip
    for item in table.scan("sk", "sub#"):
        for field, wording in json.loads(item["consents"]):
            yield Record("consents", {"submission_id": item["id"], "field": field, "wording": wording})
    for item, lead in with_leads(table, table.scan("sk", "event#")):
        values = {name: item[name] for name in ("at", "kind", "form", "detail")}
        yield Record("events", {"lead_id": lead["id"], **values})
    for item, lead in with_leads(table, table.scan("sk", "out#")):
        yield Record("outbox", {"lead_id": lead["id"], **{name: item[name] for name in _OUTBOX_VALUES}})
    for item in table.scan("pk", "mark#"):
        yield Record("suppressions", {name: item[name] for name in ("mark", "reason", "since")})
    for item in table.scan("pk", "page#"):
        yield Record("page_events", {name: item[name] for name in ("day", "kind", "page", "count")})


def load(table: Table, given: Callable[[], Iterable[Record]]) -> None:
    """See `Store.load`. What was kept until it raises is deleted again."""
    if next(iter(records(table)), None):
        raise StorageError("the DynamoDB table is not empty", "copy into a new one")
    addresses: dict[Any, str] = {}
    try:
        for record in given():
            _load(table, record.kind, dict(record.values), addresses)
    except BaseException as error:
        _wipe(table)
        if isinstance(error, Conflict):
            raise StorageError("somebody else wrote into the DynamoDB table") from error
        raise


def _load(table: Table, kind: str, values: Item, addresses: dict[Any, str]) -> None:
    match kind:
        case "leads":
            lead = new_lead(values["id"], values["email"], values["created_at"])
            addresses[values["id"]] = lead["pk"]
            lead |= {name: values[name] for name in _LEAD_VALUES} | {"risks": json.loads(values["risks"])}
            table.write([put(lead)])
        case "submissions":
            row = {**{name: values[name] for name in (*_SUBMISSION_VALUES, "waiting")}, "consents": "[]"}
            item = stored_submission(row)
            change = Change(item["pk"], table.get(lead_key(item["pk"])))
            change.add(put(item))
            change.add(put(pointer_item(item)))
            if values["lead_id"]:
                change.count_in(item)
            change.commit(table)
        case "consents":
            found = place_of(table, values["submission_id"])
            if found and (seen := table.get(found)):
                consents = [*json.loads(seen["consents"]), [values["field"], values["wording"]]]
                table.write([put({**seen, "consents": json.dumps(consents)}, seen)])
        case "events":
            change = Change(pk := addresses[values["lead_id"]], table.get(lead_key(pk)))
            change.log(values["at"], values["kind"], values["form"], values["detail"])
            change.commit(table)
        case "outbox":
            row = {name: values[name] for name in _OUTBOX_VALUES}
            table.write([put(stored_outbox(addresses[values["lead_id"]], row))])
        case "suppressions":
            pk, sk = mark_key(values["mark"])
            table.write([put({"pk": pk, "sk": sk, **values})])
        case "page_events":
            pk = f"page#{values['day']}#{values['kind']}#{values['page']}"
            table.write([put({"pk": pk, "sk": "-", **values})])


def _wipe(table: Table) -> None:
    for prefix in ("address#", "sub#", "mark#", "page#"):
        for step in batches(table.scan("pk", prefix)):
            table.write([delete(item) for item in step])


def _with_possible_leads(table: Table, items: Iterable[Item]) -> Iterator[tuple[Item, Item | None]]:
    for batch in batches(items):
        leads = table.get_many(lead_key(item["pk"]) for item in batch)
        for item in batch:
            yield item, leads.get(lead_key(item["pk"]))
