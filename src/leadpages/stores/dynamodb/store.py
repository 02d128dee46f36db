"""Leads in a DynamoDB table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any, Final

from leadpages.core.ids import new_id
from leadpages.core.times import from_text, to_text
from leadpages.leads.intake import REPEAT_WINDOW, REPLAYED
from leadpages.leads.model import (
    CHANNELS,
    Channel,
    Delivery,
    Dossier,
    Event,
    Lead,
    Standing,
    Submission,
    SuppressionReason,
)
from leadpages.leads.risks import Risk
from leadpages.stores.dynamodb.change import Change, pay
from leadpages.stores.dynamodb.client import connect
from leadpages.stores.dynamodb.copying import load, records
from leadpages.stores.dynamodb.erasing import erase_all, erase_some
from leadpages.stores.dynamodb.items import (
    LEAD,
    address_pk,
    claimed,
    ended,
    is_submission,
    lead_key,
    lead_read,
    mark_key,
    new_lead,
    outbox_row,
    outbox_sk,
    pointer_item,
    pointer_key,
    risks_of,
    shards,
    stored_outbox,
    submission_item,
)
from leadpages.stores.dynamodb.reading import LAST, batches, fetch, list_items, listed_keys, place_of, with_leads
from leadpages.stores.dynamodb.table import (
    SCHEMA_VERSION,
    Table,
    Write,
    delete,
    key_of,
    put,
    unchanged,
)
from leadpages.stores.dynamodb.wire import Item, Key
from leadpages.stores.held_items import HeldItems
from leadpages.stores.protocol import (
    KEY_WINDOW,
    QUARANTINE_WINDOW,
    Confirmation,
    Decide,
    DeliveriesOf,
    Download,
    Erased,
    Finding,
    ItemState,
    Limit,
    Limited,
    MarksOf,
    OutboxItem,
    OutboxRow,
    Receipt,
    Recipient,
    Record,
)
from leadpages.stores.rows import (
    as_json,
    asks,
    hash_answers,
    hash_key,
    hash_once,
    hash_under,
    moment,
    submission_of,
    window,
)

#: So many downloads are revoked at once.
_STEP: Final = 30


class DynamoDBStore(HeldItems):
    """The Store protocol on one DynamoDB table.

    What belongs to an address stands together, and changes in one transaction that hangs on its lead being as it was
    read; whoever was slower reads again. Three things may be too much for one transaction and are done in steps, each
    of which leaves a whole state and can be done again after a crash:

    - What a confirmation, or anything else, queues: the lead keeps what did not fit, in the same transaction, and is
      due itself until `claim` has queued the rest. So what was acknowledged is sent, whoever crashes.
    - `erase` suppresses the address first, so that nothing more comes in; then goes all that hangs on the lead, and the
      lead last. `expire` deletes the history and the outbox first, then the submissions, and with the last of them the
      lead: as long as there is something to erase, it is found again.
    - The names of files whose submissions are gone are noted in the transaction that deletes them. The notes go last, a
      hundred in one transaction, so who begins again after a crash before it gets them all.
    """

    def __init__(self, url: str) -> None:
        self._table = Table(*connect(url))
        self._table.check()
        self._table.close()  # a host may fork after opening a store, and two must not share a connection

    @staticmethod
    def migrate(url: str) -> tuple[int, int]:
        """Make the table if it is not there; its version before and after."""
        return Table(*connect(url)).migrate()

    def findings(self) -> tuple[Finding, ...]:
        """See `Store`."""
        self.check()
        found = [Finding("ok", f"DynamoDB, table {self._table.name}, schema {SCHEMA_VERSION}")]
        if not self._table.forgets():
            text = "nothing is deleted by its age: idempotency keys and counts of limits pile up"
            found.append(Finding("warning", text, "turn on time to live, with the attribute `expires_at`"))
        return tuple(found)

    def check(self) -> None:
        """See `Store`."""
        self._table.check()

    def close(self) -> None:
        """See `Store`."""
        self._table.close()

    # Taking in

    def add_submission(
        self,
        submission: Submission,
        decide: Decide,
        marks: Sequence[str] = (),
        limits: Sequence[Limit] = (),
        key: str = "",
        once: str = "",
    ) -> Receipt:
        """See `Store`."""
        answers_hash, pk = hash_answers(submission.form, as_json(submission.values)), address_pk(submission.email)
        noted = _key_item(submission, hash_key(submission.form, key), hash_under(key, answers_hash)) if key else None
        spent = _key_item(submission, hash_once(once), "") if once else None
        if noted and (earlier := _earlier(self._table.get(key_of(noted)), noted)):
            return earlier
        if limited := self._over(limits, submission.received_at):
            return limited

        def add() -> Receipt:
            own = pointer_key(submission.id)
            found = self._table.get_many(
                [lead_key(pk), own, *map(mark_key, marks), *(key_of(item) for item in (noted, spent) if item)],
            )
            writes: list[Write] = []
            if noted:
                before = found.get(key_of(noted))
                if earlier := _earlier(before, noted):
                    return earlier
                writes.append(put(noted, before))
            if own in found:  # whose answer was lost
                return "kept"
            lead, reason = found.get(lead_key(pk)), submission.quarantined_for
            if lead and not reason and self._is_repeated(pk, answers_hash, submission.received_at):
                if writes:
                    self._table.write(writes)
                return "repeated"
            if spent:
                before = found.get(key_of(spent))
                match _earlier(before, spent):
                    case None:
                        writes.append(put(spent, before))
                    case "kept":
                        return "kept"
                    case _:
                        reason = reason or REPLAYED
            if reason:
                item = submission_item(submission, answers_hash, reason)
                self._table.write([*writes, put(item), put(pointer_item(item))])
                return "kept"
            change = Change(pk, lead)
            for write in writes:
                change.add(write)
            for mark in map(mark_key, marks):
                change.add(unchanged(mark, found.get(mark)))
            reasons = [found[mark]["reason"] for mark in map(mark_key, marks) if mark in found]
            self._count_in(change, submission, answers_hash, decide, next(iter(reasons), None))
            return "kept"

        return self._table.retrying(add)

    def limited(self, limits: Sequence[Limit], now: datetime) -> Limited | None:
        """See `Store`."""
        for limit in limits:
            key, ends_at = _count_key(limit, now)
            found = self._table.get(key)
            if found and found["count"] >= limit.most:
                return Limited(ends_at - now)
        return None

    def count_page_event(self, kind: str, page: str, now: datetime, limits: Sequence[Limit] = ()) -> bool:
        """See `Store`."""
        if self._over(limits, now):
            return False
        day = to_text(now)[:10]
        self._table.count((f"page#{day}#{kind}#{page}", "-"), day=day, kind=kind, page=page)
        return True

    def _over(self, limits: Sequence[Limit], now: datetime) -> Limited | None:
        """Count towards each limit up to the first that this is too much for."""
        for limit in limits:
            key, ends_at = _count_key(limit, now)
            if self._table.count(key, expires_at=int(ends_at.timestamp())) > limit.most:
                return Limited(ends_at - now)
        return None

    def _is_repeated(self, pk: str, answers_hash: str, now: datetime) -> bool:
        """Whether a submission with the same answers came in just before."""
        first, last = f"sub#{to_text(now - REPEAT_WINDOW)}{LAST}", f"sub#{LAST}"
        same = (item for item in self._table.partition(pk, first, last) if item["answers_hash"] == answers_hash)
        return any(not item["quarantined_for"] for item in same)

    def _count_in(
        self,
        change: Change,
        submission: Submission,
        answers_hash: str,
        decide: Decide,
        suppressed_for: SuppressionReason | None,
        seen: Item | None = None,
    ) -> None:
        """Let `submission` be one of a lead, and commit. It may be `seen` already, in quarantine."""
        pk, at = address_pk(submission.email), to_text(submission.received_at)
        intake = decide(self._standing(pk, change.lead, submission.form, suppressed_for))
        item = submission_item(submission, answers_hash, intake.quarantined_for, intake.waiting)
        change.add(put(item, seen))
        if not seen:
            change.add(put(pointer_item(item)))
        if not intake.quarantined_for:
            lead = change.lead or new_lead(new_id(), submission.email, at)
            lead |= {"email": submission.email, "status": intake.status}
            if asks(intake):
                lead["confirmation_asked_at"] = at
            change.lead = lead
            change.count_in(item)
            change.log(at, "submitted", submission.form, submission.page)
            change.queue(submission.id, submission.form, intake.deliveries, at)
        change.commit(self._table)

    def _standing(self, pk: str, lead: Item | None, form: str, suppressed_for: SuppressionReason | None) -> Standing:
        if lead is None:
            return Standing(suppressed_for=suppressed_for)
        last = next(self._table.newest(pk, outbox_sk(form, "mail", "deliver")), None)
        queued_at = moment(last["created_at"]) if last else None
        return Standing(lead["status"], moment(lead["confirmation_asked_at"]), queued_at, suppressed_for)

    # Links

    def find_confirmation(self, submission_id: str) -> Confirmation | None:
        """See `Store`."""
        found = self._find(submission_id)
        return _confirmation(*found) if found else None

    def confirm(self, submission_id: str, deliveries_of: DeliveriesOf, now: datetime) -> Confirmation | None:
        """See `Store`."""
        at = to_text(now)

        def confirm() -> Confirmation | None:
            found = self._find(submission_id)
            if found is None:
                return None
            lead, submission = found
            confirmation = _confirmation(lead, submission)
            if confirmation.already:
                return confirmation
            change = Change(lead["pk"], lead)
            change.lead = {**lead, "status": "confirmed", "confirmed_at": at, "waiting": []}
            change.log(at, "confirmed", "", ", ".join(confirmation.forms))
            for one in lead["waiting"]:
                change.queue(one["id"], one["form"], deliveries_of(one["form"]), at)
            change.commit(self._table)
            return confirmation

        return self._table.retrying(confirm)

    def find_download(self, submission_id: str) -> Download | None:
        """See `Store`."""
        found = self._find(submission_id)
        return Download(found[1]["form"], found[1]["downloads"]) if found and not found[1]["revoked"] else None

    def count_download(self, submission_id: str, limit: int, now: datetime) -> bool:
        """See `Store`."""

        def count() -> bool:
            found = self._find(submission_id)
            if found is None or found[1]["revoked"] or found[1]["downloads"] >= limit:
                return False
            lead, submission = found
            change = Change(lead["pk"], lead)
            change.lead = {**lead, "downloads": lead["downloads"] + 1}
            change.add(put({**submission, "downloads": submission["downloads"] + 1}, submission))
            change.log(to_text(now), "downloaded", submission["form"])
            change.commit(self._table)
            return True

        return self._table.retrying(count)

    def revoke_downloads(self, email: str, now: datetime) -> int:
        """See `Store`. In steps: the last of them is the one that is in the history."""
        pk, count = address_pk(email), 0

        def revoke() -> None:
            nonlocal count
            change = Change(pk, self._table.get(lead_key(pk)))
            found = self._table.partition(pk, "sub#", f"sub#{LAST}")
            valid = [item for item in found if not item["revoked"] and not item["quarantined_for"]]
            for step in batches(valid, _STEP):
                for item in step:
                    change.add(put({**item, "revoked": True}, item))
                if step[-1] is valid[-1]:
                    change.log(to_text(now), "downloads_revoked")
                change.commit(self._table)
                count += len(step)

        self._table.retrying(revoke)
        return count

    def queue_again(self, submission_id: str, mail: str, pause: timedelta, now: datetime) -> None:
        """See `Store`."""

        def queue() -> None:
            found = self._find(submission_id)
            if found is None:
                return
            lead, submission = found
            of_form = self._table.newest(lead["pk"], outbox_sk(submission["form"], "mail", mail))
            last = next((item["created_at"] for item in of_form if item["submission_id"] == submission_id), None)
            if last is None or now - from_text(last) >= pause:
                change = Change(lead["pk"], lead)
                change.queue(submission_id, submission["form"], (Delivery("mail", mail),), to_text(now))
                change.commit(self._table)

        self._table.retrying(queue)

    def unsubscribe(self, submission_id: str, how: str, deliveries_of: DeliveriesOf, now: datetime) -> None:
        """See `Store`."""
        at = to_text(now)

        def leave() -> None:
            found = self._find(submission_id)
            if found is None or found[0]["status"] == "unsubscribed":
                return
            lead, submission = found
            change = Change(lead["pk"], lead)
            change.lead = {**lead, "status": "unsubscribed", "unsubscribed_at": at}
            change.log(at, "unsubscribed", submission["form"], how)
            change.queue(submission_id, submission["form"], deliveries_of(submission["form"]), at)
            change.commit(self._table)

        self._table.retrying(leave)

    def _find(self, submission_id: str) -> tuple[Item, Item] | None:
        """The lead behind a submission, and the submission; None for what is gone or in quarantine."""
        there = place_of(self._table, submission_id)
        if there is None:
            return None
        found = self._table.get_many([there, lead_key(there[0])])
        lead, submission = found.get(lead_key(there[0])), found.get(there)
        return (lead, submission) if lead and submission and not submission["quarantined_for"] else None

    # The outbox

    def claim(
        self, limit: int, lease: timedelta, now: datetime, channels: Sequence[Channel] = CHANNELS
    ) -> list[OutboxItem]:
        """See `Store`."""
        at, until = to_text(now), to_text(now + lease)
        names = shards(*(f"due#{channel}" for channel in channels))
        due = merge(*(self._table.due(name, at) for name in names), key=lambda item: (item["due_at"], item["sk"]))
        keys = (key for item in due for key in self._payable(key_of(item), channels))
        taken = (item for key in keys if (item := self._table.claim(key, at, until)))
        items = [claimed(item) for item in islice(taken, limit)]
        return sorted(items, key=lambda item: (item.created_at, item.id))

    def _payable(self, key: Key, channels: Sequence[Channel]) -> list[Key]:
        """The item that is due, or those that a lead was owed so far."""
        if key[1] != LEAD:
            return [key]
        return [key_of(item) for item in pay(self._table, key) if item["channel"] in channels]

    def recipient(self, item: OutboxItem) -> Recipient | None:
        """See `Store`."""
        there = place_of(self._table, item.submission_id)
        if there is None:
            return None
        key = _outbox_key(item, there)
        found = self._table.get_many([there, lead_key(there[0]), key])
        lead, submission = found.get(lead_key(there[0])), found.get(there)
        if key not in found or lead is None or submission is None:
            return None
        left = moment(lead["unsubscribed_at"])
        return Recipient(
            email=lead["email"],
            status=lead["status"],
            unsubscribed_at=left,
            suppressed_for=lead["suppressed_for"] or None,
            submission=submission_of(submission),
            risks=risks_of(lead),
        )

    def note_risks(self, email: str, risks: Sequence[Risk]) -> None:
        """See `Store`."""

        def note() -> None:
            if lead := self._table.get(lead_key(address_pk(email))):
                self._table.write([put({**lead, "risks": list(risks)}, lead)])

        self._table.retrying(note)

    def _end(self, item: OutboxItem, state: ItemState, reason: str, now: datetime, attempted: int) -> bool:
        at = to_text(now)

        def end(held: Item) -> None:
            change = Change(held["pk"], self._table.get(lead_key(held["pk"])))
            change.add(put(ended(held, state, reason, at, attempts=held["attempts"] + attempted), held))
            change.log(at, f"{item.channel}_{state}", item.form, item.name)
            change.commit(self._table)

        return self._holding(item, end)

    def _put_off(self, item: OutboxItem, reason: str, due_at: datetime, attempted: int) -> bool:
        def put_off(held: Item) -> None:
            later = {"due_at": to_text(due_at), "reason": reason, "fence": held["fence"] + 1}
            self._table.write([put({**held, **later, "attempts": held["attempts"] + attempted}, held)])

        return self._holding(item, put_off)

    def _holding(self, item: OutboxItem, work: Callable[[Item], None]) -> bool:
        """Do `work` with the item as it stands, if its lease has not been lost."""

        def look() -> bool:
            there = place_of(self._table, item.submission_id)
            held = self._table.get(_outbox_key(item, there)) if there else None
            if held is None or held["fence"] != item.fence or held["state"] != "due":
                return False
            work(held)
            return True

        return self._table.retrying(look)

    def outbox(self, states: Sequence[ItemState]) -> Iterator[OutboxRow]:
        """See `Store`."""
        items = list_items(self._table, *(f"outbox#{state}" for state in states))
        return (outbox_row(item, lead) for item, lead in with_leads(self._table, items))

    def requeue(self, item_id: str, now: datetime) -> bool:
        """See `Store`."""
        again = {"state": "due", "due_at": to_text(now), "attempts": 0, "reason": "", "ended_at": None}
        return self._by_hand(item_id, lambda state: state != "due", again)

    def bury(self, item_id: str, now: datetime) -> bool:
        """See `Store`."""
        dead = {"state": "dead", "reason": "buried by hand", "ended_at": to_text(now)}
        return self._by_hand(item_id, lambda state: state == "due", dead)

    def _by_hand(self, item_id: str, is_meant: Callable[[str], bool], values: Mapping[str, Any]) -> bool:
        def change() -> bool:
            key = self._table.with_outbox_id(item_id)
            item = self._table.get(key) if key else None
            if item is None or not is_meant(item["state"]):
                return False
            changed = {**item, **values, "fence": item["fence"] + 1}
            self._table.write([put(stored_outbox(item["pk"], changed), item)])
            return True

        return self._table.retrying(change)

    # Quarantine

    def quarantined(self) -> Iterator[Submission]:
        """See `Store`."""
        return map(submission_of, list_items(self._table, "quarantine"))

    def release(self, submission_id: str, decide: Decide, marks_of: MarksOf, now: datetime) -> bool:
        """See `Store`."""

        def release() -> bool:
            there = place_of(self._table, submission_id)
            item = self._table.get(there) if there else None
            if item is None or not item["quarantined_for"]:
                return False
            submission = submission_of({**item, "quarantined_for": ""})
            change, _ = self._lifting(submission.email, marks_of(submission.email), now)
            self._count_in(change, submission, item["answers_hash"], decide, None, seen=item)
            return True

        return self._table.retrying(release)

    def empty_quarantine(self, before: datetime) -> Erased:
        """See `Store`."""
        at = to_text(before)
        keys = listed_keys(self._table, ("quarantine",), at, newest_first=False)
        return erase_some(self._table, keys, lambda item: item["quarantined_for"] and item["received_at"] < at)

    # Suppression and privacy

    def suppress(self, email: str, marks: Sequence[str], reason: SuppressionReason, now: datetime) -> None:
        """See `Store`."""
        pk = address_pk(email)

        def suppress() -> None:
            found = self._table.get_many([mark_key(marks[0]), lead_key(pk)])
            change = Change(pk, found.get(lead_key(pk)))
            change.add(_marking(marks[0], reason, now, found.get(mark_key(marks[0]))))
            if change.lead is not None:
                change.lead["suppressed_for"] = reason
            change.log(to_text(now), "suppressed", "", reason)
            change.commit(self._table)

        self._table.retrying(suppress)

    def lift_suppression(self, email: str, marks: Sequence[str], now: datetime) -> bool:
        """See `Store`."""

        def lift() -> bool:
            change, is_suppressed = self._lifting(email, marks, now)
            if is_suppressed:
                change.commit(self._table)
            return is_suppressed

        return self._table.retrying(lift)

    def _lifting(self, email: str, marks: Sequence[str], now: datetime) -> tuple[Change, bool]:
        """A change of a lead that lifts its suppression, and whether there is one."""
        pk = address_pk(email)
        found = self._table.get_many([lead_key(pk), *map(mark_key, marks)])
        change = Change(pk, found.pop(lead_key(pk), None))
        for key in map(mark_key, marks):
            change.add(delete(found[key]) if key in found else unchanged(key, None))
        if found and change.lead is not None:
            change.lead["suppressed_for"] = ""
            change.log(to_text(now), "suppression_lifted")
        return change, bool(found)

    def _mark(self, mark: str, reason: SuppressionReason, now: datetime) -> None:
        """Suppress an address whose lead goes."""
        self._table.retrying(lambda: self._table.write([_marking(mark, reason, now, self._table.get(mark_key(mark)))]))

    def email_of(self, item_id: str) -> str | None:
        """See `Store`."""
        key = self._table.with_outbox_id(item_id)
        lead = self._table.get(lead_key(key[0])) if key else None
        return lead["email"] if lead else None

    def dossier(self, email: str) -> Dossier | None:
        """See `Store`."""
        items = list(self._table.partition(address_pk(email)))
        lead = next((item for item in items if item["sk"] == LEAD), None)
        submissions = tuple(submission_of(item) for item in items if is_submission(item))
        events = [item for item in items if item["sk"].startswith("event#")]
        if lead is None and not submissions:
            return None
        history = tuple(Event(from_text(e["at"]), e["kind"], e["form"], e["detail"]) for e in events)
        return Dossier(lead_read(lead) if lead else None, submissions, history)

    def erase(self, email: str, marks: Sequence[str], now: datetime) -> Erased:
        """See `Store`. Backups and the log of point-in-time recovery, DynamoDB recycles in its own time."""
        self._mark(marks[0], "erased", now)
        return erase_all(self._table, address_pk(email))

    def expired(self, form: str, before: datetime) -> Erased:
        """See `Store`."""
        at = to_text(before)
        keys = listed_keys(self._table, ("submissions", "quarantine"), at, newest_first=False, form=form)
        leads, submissions, files = 0, 0, []
        for item in fetch(self._table, keys):
            submissions += 1
            of_address = self._submissions_of(item["pk"])
            left = {name for one in of_address if not _is_expired(one, form, at) for name in json.loads(one["files"])}
            files += [name for name in json.loads(item["files"]) if name not in left]
            counted = [one for one in of_address if not one["quarantined_for"]]
            is_first = bool(counted) and counted[0]["id"] == item["id"]
            leads += is_first and all(_is_expired(one, form, at) for one in counted)
        return Erased(leads, submissions, tuple(files))

    def expire(self, form: str, before: datetime, marks_of: MarksOf, now: datetime) -> Erased:
        """See `Store`."""
        at = to_text(before)

        def stay_away(lead: Item) -> None:
            marks = marks_of(lead["email"])
            # Another reason says more.
            if lead["status"] == "unsubscribed" and not self._table.get_many(map(mark_key, marks)):
                self._mark(marks[0], "unsubscribed", now)

        keys = listed_keys(self._table, ("submissions", "quarantine"), at, newest_first=False, form=form)
        return erase_some(self._table, keys, lambda item: _is_expired(item, form, at), stay_away)

    def tidy(self, now: datetime) -> Erased:
        """See `Store`. Keys and counts, DynamoDB forgets by itself."""
        return self.empty_quarantine(now - QUARANTINE_WINDOW)

    def _submissions_of(self, pk: str) -> list[Item]:
        return list(self._table.partition(pk, "sub#", f"sub#{LAST}"))

    # Reading

    def leads(self) -> Iterator[Lead]:
        """See `Store`."""
        return map(lead_read, list_items(self._table, "leads"))

    def submissions(self) -> Iterator[tuple[Lead, Submission]]:
        """See `Store`."""
        items = list_items(self._table, "submissions", newest_first=False)
        return ((lead_read(lead), submission_of(item)) for item, lead in with_leads(self._table, items))

    def records(self) -> Iterator[Record]:
        """See `Store`."""
        return records(self._table)

    def load(self, records: Callable[[], Iterable[Record]]) -> None:
        """See `Store`. What was kept until it raises is deleted again."""
        load(self._table, records)


def _count_key(limit: Limit, now: datetime) -> tuple[Key, datetime]:
    """Where `limit` is counted, and until when."""
    begins_at, ends_at = window(limit, now)
    return (f"limit#{limit.bucket}#{begins_at}", "-"), from_text(ends_at)


def _key_item(submission: Submission, key_hash: str, answers_hash: str) -> Item:
    now = submission.received_at
    return {
        "pk": f"key#{key_hash}",
        "sk": "-",
        "answers_hash": answers_hash,
        "submission_id": submission.id,
        "noted_at": to_text(now),
        "expires_at": int((now + KEY_WINDOW).timestamp()),
    }


def _earlier(found: Item | None, noted: Item) -> Receipt | None:
    """What becomes of a submission whose key came before; None for the first one."""
    # What has served its time may stand there for days.
    if found is None or found["noted_at"] <= to_text(from_text(noted["noted_at"]) - KEY_WINDOW):
        return None
    if found["submission_id"] == noted["submission_id"]:  # our own, whose answer was lost
        return "kept"
    return "repeated" if found["answers_hash"] == noted["answers_hash"] else "conflicting"


def _confirmation(lead: Item, submission: Item) -> Confirmation:
    waiting = tuple(one["form"] for one in lead["waiting"])
    return Confirmation(waiting or (submission["form"],), already=not waiting)


def _marking(mark: str, reason: SuppressionReason, now: datetime, seen: Item | None) -> Write:
    pk, sk = mark_key(mark)
    return put({"pk": pk, "sk": sk, "mark": mark, "reason": reason, "since": to_text(now)}, seen)


def _outbox_key(item: OutboxItem, there: Key) -> Key:
    return there[0], outbox_sk(item.form, item.channel, item.name, to_text(item.created_at), item.id)


def _is_expired(item: Item, form: str, before: str) -> bool:
    return bool(item["form"] == form and item["received_at"] < before)
