"""What stands in the table: the keys of each kind of item, and the items.

| pk | sk | what |
|---|---|---|
| `address#ANN@…` | `~lead` | the lead, what waits for its confirmation, and what it is still owed |
| | `sub#TIME#ID` | a submission, also one in quarantine, for which there need be no lead |
| | `event#NUMBER` | a line of the history |
| | `out#FORM#CHANNEL#NAME#TIME#ID` | an item of the outbox |
| | `~files` | the names of files whose submissions were erased, until a caller has them |
| `sub#ID` | `-` | where the submission stands |
| `mark#MARK` | `-` | a suppression |
| `key#HASH`, `limit#BUCKET#TIME` | `-` | an idempotency key, and a count, until they have served their time |
| `page#DAY#KIND#PAGE` | `-` | a count |
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zlib import crc32

from leadpages.core.ids import new_id
from leadpages.core.times import to_text
from leadpages.leads.model import Channel, Lead, Submission, address_key
from leadpages.leads.risks import Risk
from leadpages.stores.dynamodb.wire import Item, Key
from leadpages.stores.protocol import ItemState, OutboxItem, OutboxRow
from leadpages.stores.rows import as_json, lead_of, moment

#: Before and after all others with the same `pk`.
LEAD: Final = "~lead"
NOTE: Final = "~files"
#: A list is spread over so many parts of an index: each takes a thousand writes in a second.
_SHARDS: Final = 4


def address_pk(email: str) -> str:
    """Of all that belongs to one address."""
    return f"address#{address_key(email)}"


def shards(*kinds: str) -> list[str]:
    """The parts in which everything of these `kinds` is listed."""
    return [f"{kind}#{number}" for kind in kinds for number in range(_SHARDS)]


def _shard(kind: str, id_: str) -> str:
    return f"{kind}#{crc32(id_.encode()) % _SHARDS}"


def _listed(kind: str, id_: str, at: str) -> Item:
    return {"listed": _shard(kind, id_), "listed_at": f"{at}#{id_}"}


def new_lead(id_: str, email: str, at: str) -> Item:
    """A lead of whom nothing is known yet but the address."""
    return {
        "pk": address_pk(email),
        "sk": LEAD,
        "id": id_,
        "email": email,
        "status": "pending",
        "created_at": at,
        "confirmed_at": None,
        "confirmation_asked_at": None,
        "unsubscribed_at": None,
        "suppressed_for": "",
        "risks": [],
        "forms": {},
        "downloads": 0,
        "events": 0,
        "waiting": [],
        "owed": [],
        **_listed("leads", id_, at),
    }


def lead_key(pk: str) -> Key:
    """Where the lead of an address is."""
    return pk, LEAD


def mark_key(mark: str) -> Key:
    """Where a suppression is."""
    return f"mark#{mark}", "-"


def pointer_key(submission_id: str) -> Key:
    """Where it is said where a submission is."""
    return f"sub#{submission_id}", "-"


def submission_item(submission: Submission, answers_hash: str, quarantined_for: str, waiting: bool = False) -> Item:
    """A submission that nobody has downloaded anything for."""
    return stored_submission(
        {
            "id": submission.id,
            "form": submission.form,
            "email": submission.email,
            "answers": as_json(submission.values),
            "answers_hash": answers_hash,
            "consents": json.dumps([[consent.field, consent.wording] for consent in submission.consents]),
            "files": json.dumps(submission.files),
            "page": submission.page,
            "language": submission.language,
            "received_at": to_text(submission.received_at),
            "waiting": waiting,
            "downloads": 0,
            "revoked": False,
            "quarantined_for": quarantined_for,
        }
    )


def stored_submission(row: Item) -> Item:
    """A row of a submission, with its keys."""
    at, kind = row["received_at"], "quarantine" if row["quarantined_for"] else "submissions"
    keys = {"pk": address_pk(row["email"]), "sk": f"sub#{at}#{row['id']}"}
    return {**row, **keys, **_listed(kind, row["id"], at)}


def is_submission(item: Item) -> bool:
    """Also one in quarantine."""
    return bool(item["sk"].startswith("sub#"))


def pointer_item(submission: Item) -> Item:
    """Says where a submission is."""
    pk, sk = pointer_key(submission["id"])
    return {"pk": pk, "sk": sk, "there_pk": submission["pk"], "there_sk": submission["sk"]}


def outbox_sk(form: str, channel: Channel, name: str, created_at: str = "", id_: str = "") -> str:
    """The newest of these stands last."""
    return f"out#{form}#{channel}#{name}#" + (f"{created_at}#{id_}" if id_ else "")


def new_outbox_row(submission_id: str, form: str, channel: str, name: str, happening: str, at: str) -> Item:
    """What is due from now on."""
    return {
        "id": new_id(),
        "submission_id": submission_id,
        "form": form,
        "channel": channel,
        "name": name,
        "happening": happening,
        "state": "due",
        "created_at": at,
        "due_at": at,
        "fence": 0,
        "attempts": 0,
        "reason": "",
        "ended_at": None,
    }


def stored_outbox(pk: str, row: Item) -> Item:
    """A row of the outbox, with its keys."""
    at = row["created_at"]
    item = {
        **row,
        "pk": pk,
        "sk": outbox_sk(row["form"], row["channel"], row["name"], at, row["id"]),
        "outbox_id": row["id"],
        **_listed(f"outbox#{row['state']}", row["id"], at),
    }
    item.pop("due", None)
    return item | {"due": due_name(row["channel"], row["id"])} if row["state"] == "due" else item


def due_name(channel: str, id_: str) -> str:
    """The part of the index of what is due."""
    return _shard(f"due#{channel}", id_)


def claimed(item: Item) -> OutboxItem:
    """An item of the outbox as its holder gets it."""
    names = ("id", "channel", "name", "happening", "form", "submission_id", "attempts", "fence")
    created_at = datetime.fromisoformat(item["created_at"])
    return OutboxItem(**{name: item[name] for name in names}, created_at=created_at)


def outbox_row(item: Item, lead: Item) -> OutboxRow:
    """An item of the outbox as the owner of the site reads it."""
    names = ("id", "channel", "name", "form", "state", "attempts", "reason")
    moments: dict[str, Any] = {name: moment(item[name]) for name in ("created_at", "due_at", "ended_at")}
    return OutboxRow(**{name: item[name] for name in names}, **moments, email=lead["email"])


def ended(item: Item, state: ItemState, reason: str, at: str, **more: int) -> Item:
    """An item of the outbox, from now on in `state`."""
    return stored_outbox(item["pk"], {**item, "state": state, "reason": reason, "ended_at": at, **more})


def lead_read(item: Item) -> Lead:
    """A lead as its owner reads it."""
    return lead_of({**item, "forms": json.dumps(sorted(item["forms"])), "risks": json.dumps(risks_of(item))})


def risks_of(lead: Item) -> tuple[Risk, ...]:
    """What speaks against its address; leads of older versions do not say."""
    return tuple(lead.get("risks", ()))


def note_item(pk: str, files: Sequence[str]) -> Item:
    """Names files that are to be deleted."""
    return {"pk": pk, "sk": NOTE, "files": list(files), **_listed("files", pk, "")}
