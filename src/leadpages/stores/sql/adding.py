"""Taking in submissions: many at once, statement by statement. The same statement again takes less than another one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from leadpages.core.forms import Consent
from leadpages.core.ids import new_id
from leadpages.core.times import from_text, to_text
from leadpages.leads.intake import REPEAT_WINDOW, REPLAYED, Intake
from leadpages.leads.model import Standing, Submission, address_key
from leadpages.stores.protocol import KEY_WINDOW, Decide, Limit, Limited, Receipt
from leadpages.stores.rows import as_json, asks, hash_answers, hash_key, hash_once, hash_under, moment, window
from leadpages.stores.sql.running import Run, event, outbox_rows

Row = Mapping[str, Any]
#: Lets no other transaction write about an address until this one ends.
Lock = Callable[[Run, str], None]


class Entry(NamedTuple):
    """What `Store.add_submission` is given."""

    submission: Submission
    decide: Decide
    marks: Sequence[str]
    limits: Sequence[Limit]
    key: str
    once: str


def add(run: Run, lock: Lock, entries: Sequence[Entry]) -> list[Receipt]:
    """Take in all of them, as if one came after the other."""
    items = left = [_Item(entry) for entry in entries]
    while left:
        count = _count_apart(left)
        _add_apart(run, lock, left[:count])
        left = left[count:]
    return [item.receipt or "kept" for item in items]


def count_anew(run: Run, entry: Entry) -> None:
    """Let a submission count that was kept apart."""
    item = _Item(entry)
    item.known = _known(run, item.row)
    _count_in(run, [item])


class _Item:
    """A submission on its way in, and what became of it as soon as that is known."""

    def __init__(self, entry: Entry) -> None:
        submission, self.decide, self.marks, self.limits, key, once = entry
        self.email, self.consents, self.now = submission.email, submission.consents, submission.received_at
        self.row = _row(submission)
        noted = _key_row(submission, key, self.row["answers_hash"]) if key or once else {}
        self.noted = noted if key else None
        self.spent = {**noted, "key_hash": hash_once(once), "answers_hash": ""} if once else None
        self.known: Row = {}
        self.receipt: Receipt | None = None

    def intake(self, run: Run) -> Intake:
        """What becomes of it now that it counts."""
        found = (run("find_suppression", {"mark": mark}).fetchone() for mark in self.marks)
        return self.decide(
            Standing(
                status=self.known["status"],
                confirmation_asked_at=moment(self.known["confirmation_asked_at"]),
                delivery_queued_at=moment(self.known["delivery_queued_at"]),
                suppressed_for=next((row["reason"] for row in found if row), None),
            )
        )

    def names(self) -> set[str]:
        """What two can have in common only when one comes after the other."""
        keys = (row["key_hash"] for row in (self.noted, self.spent) if row)
        return {self.row["address_key"], self.row["id"], *keys}


def _count_apart(items: Sequence[_Item]) -> int:
    """How many of them, from the first one on, have nothing in common."""
    seen: set[str] = set()
    for number, item in enumerate(items):
        names = item.names()
        if not seen.isdisjoint(names):
            return number
        seen |= names
    return len(items)


def _add_apart(run: Run, lock: Lock, items: Sequence[_Item]) -> None:
    """Each line is one step of all of them, and leaves those of which it is not known yet what becomes of them."""
    items = _left(items, (_earlier(run, item.noted) for item in items))
    items = _left(items, over(run, [(item.limits, item.now) for item in items]))
    items = _left(items, (_overtaken(run, item.noted) for item in items))
    items = _left(items, (_repeated(run, lock, item) for item in items))
    items = _left(items, (_set_apart(run, item) for item in items))
    _count_in(run, items)


def _left(items: Sequence[_Item], receipts: Iterable[Receipt | None]) -> list[_Item]:
    """Note what became of some of them; those that are left."""
    for item, receipt in zip(items, receipts, strict=True):
        item.receipt = receipt
    return [item for item in items if item.receipt is None]


def _earlier(run: Run, noted: Row | None) -> Receipt | None:
    """What becomes of a submission whose key came before; None for the first one."""
    row = run("find_key", noted).fetchone() if noted else None
    if not (noted and row):
        return None
    return "repeated" if row["answers_hash"] == noted["answers_hash"] else "conflicting"


def _overtaken(run: Run, noted: Row | None) -> Receipt | None:
    """Note a key. Where another submission came in with it since the look: what becomes of this one."""
    if noted is None or run("note_key", noted).rowcount:
        return None
    return _earlier(run, noted) or "repeated"


def _repeated(run: Run, lock: Lock, item: _Item) -> Receipt | None:
    if item.row["quarantined_for"]:
        return None
    lock(run, item.email)
    item.known = _known(run, item.row)
    return "repeated" if item.known["is_repeated"] else None


def _set_apart(run: Run, item: _Item) -> Receipt | None:
    """Keep a submission in quarantine, if that is where it belongs."""
    is_replayed = item.spent is not None and not run("note_key", item.spent).rowcount
    if not (item.row["quarantined_for"] or is_replayed):
        return None
    row = {**item.row, "quarantined_for": item.row["quarantined_for"] or REPLAYED}
    if not run("insert_submission", row).rowcount:
        return "repeated"
    _insert_all(run, insert_consent=_consent_rows(row, item.consents))
    return "kept"


def over(run: Run, asked: Sequence[tuple[Sequence[Limit], datetime]]) -> list[Limited | None]:
    """Count each, with the moment at which it came, towards its limits up to the first that it is too much for.

    What several count towards stands at the same place from the end with all of them.
    """
    found: list[Limited | None] = [None] * len(asked)
    for place in range(-max((len(limits) for limits, _ in asked), default=0), 0):
        alike: dict[tuple[str, ...], list[int]] = {}
        for number, (limits, now) in enumerate(asked):
            if len(limits) >= -place and found[number] is None:
                alike.setdefault((limits[place].bucket, *window(limits[place], now)), []).append(number)
        for (bucket, begins_at, ends_at), numbers in alike.items():
            row = {"bucket": bucket, "begins_at": begins_at, "ends_at": ends_at, "more": len(numbers)}
            before = run("count_towards", row).fetchone()["count"] - len(numbers)
            for count, number in enumerate(numbers, before + 1):
                limits, now = asked[number]
                if count > limits[place].most:
                    found[number] = Limited(from_text(ends_at) - now)
    return found


def _row(submission: Submission) -> dict[str, Any]:
    """The row of a submission, with `since`: what is older is not the same one sent twice."""
    answers = as_json(submission.values)
    return {
        "id": submission.id,
        "lead_id": None,
        "form": submission.form,
        "email": submission.email,
        "address_key": address_key(submission.email),
        "answers": answers,
        "answers_hash": hash_answers(submission.form, answers),
        "files": as_json(submission.files) if submission.files else "[]",
        "page": submission.page,
        "language": submission.language,
        "received_at": to_text(submission.received_at),
        "since": to_text(submission.received_at - REPEAT_WINDOW),
        "waiting": False,
        "quarantined_for": submission.quarantined_for,
    }


def _key_row(submission: Submission, key: str, answers_hash: str) -> dict[str, str]:
    now = submission.received_at
    row = {"key_hash": hash_key(submission.form, key), "answers_hash": hash_under(key, answers_hash)}
    return {**row, "now": to_text(now), "since": to_text(now - KEY_WINDOW)}


def _known(run: Run, row: Row) -> Row:
    """What is known of the address of a submission, and whether the same came from there a moment ago."""
    known: Row = run("standing", row).fetchone()
    return known


def _count_in(run: Run, items: Sequence[_Item]) -> None:
    """Keep submissions with their leads, of which no two are the same, and what is to be sent."""
    leads: list[Row] = []
    submissions: list[Row] = []
    consents: list[Row] = []
    events: list[Row] = []
    outbox: list[Row] = []
    for item in items:
        row, intake = item.row, item.intake(run)
        consents += _consent_rows(row, item.consents)
        if intake.quarantined_for:
            submissions.append({**row, "quarantined_for": intake.quarantined_for})
            continue
        now = row["received_at"]
        lead_id = item.known["id"] or new_id()
        lead = {"id": lead_id, "status": intake.status, "now": now, "asked_at": now if asks(intake) else None}
        leads.append({**row, **lead})
        submissions.append({**row, "lead_id": lead_id, "waiting": intake.waiting})
        events.append(event(lead_id, now, "submitted", row["form"], row["page"]))
        outbox += outbox_rows(lead_id, row["id"], row["form"], intake.deliveries, now)
    _insert_all(
        run,
        upsert_lead=leads,
        insert_submission=submissions,
        insert_consent=consents,
        insert_event=events,
        insert_outbox=outbox,
    )


def _consent_rows(row: Row, consents: Sequence[Consent]) -> list[Row]:
    return [{"submission_id": row["id"], "field": consent.field, "wording": consent.wording} for consent in consents]


def _insert_all(run: Run, **rows: Sequence[Row]) -> None:
    for name, given in rows.items():
        if given:
            run.many(name, given)
