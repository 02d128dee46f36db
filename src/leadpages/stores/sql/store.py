"""What stores on SQL databases have in common: all but how statements are run and made durable."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from itertools import groupby, islice
from operator import attrgetter
from typing import Any, Final, TypeVar

from leadpages.core.times import from_text, to_text
from leadpages.leads.model import (
    CHANNELS,
    Channel,
    Delivery,
    Dossier,
    Event,
    Lead,
    Submission,
    SuppressionReason,
    address_key,
)
from leadpages.leads.risks import Risk
from leadpages.stores.held_items import HeldItems
from leadpages.stores.protocol import (
    KEY_WINDOW,
    QUARANTINE_WINDOW,
    Confirmation,
    Decide,
    DeliveriesOf,
    Download,
    Erased,
    ItemState,
    Limit,
    Limited,
    MarksOf,
    OutboxItem,
    OutboxRow,
    Receipt,
    Recipient,
    Record,
    RecordKind,
)
from leadpages.stores.rows import (
    lead_of,
    moment,
    submission_of,
    window,
)
from leadpages.stores.sql.adding import Entry, add, count_anew, over
from leadpages.stores.sql.running import Run, log, queue

E = TypeVar("E")
T = TypeVar("T")

_PAGE_ROWS: Final = 500
#: Before and after every moment and every id.
_FIRST: Final = ("0001-01-01T00:00:00.000Z", "")
_LAST: Final = ("9999-12-31T23:59:59.999Z", "~")
#: The key that comes before all others, of every kind of record.
_FIRST_KEYS: Final[Mapping[RecordKind, Mapping[str, str | int]]] = {
    "leads": {"id": ""},
    "submissions": {"id": ""},
    "consents": {"submission_id": "", "field": ""},
    "events": {"id": 0},
    "outbox": {"id": ""},
    "suppressions": {"mark": ""},
    "page_events": {"day": "0001-01-01", "kind": "", "page": ""},
}
#: Columns that are numbers to SQLite.
_FLAGS: Final = ("waiting", "revoked")


class SQLStore(HeldItems):
    """The Store protocol but for connections, transactions and schemas."""

    @abstractmethod
    def _write(self, work: Callable[[Run], T]) -> T:
        """Do `work` in one transaction, durable when this returns. When it raises, nothing of it was done."""

    def _write_together(self, work: Callable[[Run, list[E]], list[T]], entry: E) -> T:
        """The same for one entry, with others' if there are any: work that takes less time for many at once."""
        return self._write(lambda run: work(run, [entry])[0])

    def _lock(self, run: Run, email: str) -> None:
        """Let no other transaction write about this address until this one ends."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Run]:
        """For statements that change nothing."""

    @abstractmethod
    def _scrub(self) -> None:
        """See to it that rows which were deleted are gone from the database's files, too."""

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
        entry = Entry(submission, decide, marks, limits, key, once)
        return self._write_together(self._add, entry)

    def _add(self, run: Run, entries: list[Entry]) -> list[Receipt]:
        return add(run, self._lock, entries)

    def limited(self, limits: Sequence[Limit], now: datetime) -> Limited | None:
        """See `Store`."""
        with self._reading() as run:
            for limit in limits:
                begins_at, ends_at = window(limit, now)
                found = run("find_count", {"bucket": limit.bucket, "begins_at": begins_at}).fetchone()
                if found and found["count"] >= limit.most:
                    return Limited(from_text(ends_at) - now)
        return None

    def count_page_event(self, kind: str, page: str, now: datetime, limits: Sequence[Limit] = ()) -> bool:
        """See `Store`."""

        def count(run: Run) -> bool:
            if any(over(run, [(limits, now)])):
                return False
            run("count_page_event", {"day": to_text(now)[:10], "kind": kind, "page": page})
            return True

        return self._write(count)

    def find_confirmation(self, submission_id: str) -> Confirmation | None:
        """See `Store`."""
        with self._reading() as run:
            return _confirmation(run, submission_id)

    def confirm(self, submission_id: str, deliveries_of: DeliveriesOf, now: datetime) -> Confirmation | None:
        """See `Store`."""
        at = to_text(now)

        def confirm(run: Run) -> Confirmation | None:
            lead = run("lock_lead", {"submission_id": submission_id}).fetchone()
            found = _confirmation(run, submission_id)
            if found is None or found.already:
                return found
            of_lead = {"lead_id": lead["id"]}
            waiting = [row for row in run("forms_of_lead", of_lead).fetchall() if row["waiting"]]
            run("confirm_lead", {**of_lead, "now": at})
            run("confirm_submissions", of_lead)
            log(run, lead["id"], at, "confirmed", "", ", ".join(found.forms))
            for row in {row["form"]: row for row in waiting}.values():
                queue(run, lead["id"], row["id"], row["form"], deliveries_of(row["form"]), at)
            return found

        return self._write(confirm)

    def find_download(self, submission_id: str) -> Download | None:
        """See `Store`."""
        with self._reading() as run:
            row = run("submission_lead", {"submission_id": submission_id}).fetchone()
            return Download(row["form"], row["downloads"]) if row and not row["revoked"] else None

    def count_download(self, submission_id: str, limit: int, now: datetime) -> bool:
        """See `Store`."""

        def count(run: Run) -> bool:
            if run("count_download", {"submission_id": submission_id, "limit": limit}).rowcount == 0:
                return False
            row = run("submission_lead", {"submission_id": submission_id}).fetchone()
            log(run, row["lead_id"], to_text(now), "downloaded", row["form"])
            return True

        return self._write(count)

    def revoke_downloads(self, email: str, now: datetime) -> int:
        """See `Store`."""

        def revoke(run: Run) -> int:
            lead = run("find_lead", {"address_key": address_key(email)}).fetchone()
            count = run("revoke_downloads", {"lead_id": lead["id"]}).rowcount if lead else 0
            if count:
                log(run, lead["id"], to_text(now), "downloads_revoked")
            return count

        return self._write(revoke)

    def queue_again(self, submission_id: str, mail: str, pause: timedelta, now: datetime) -> None:
        """See `Store`."""

        def again(run: Run) -> None:
            if not run("lock_lead", {"submission_id": submission_id}).fetchone():
                return
            row = run("submission_lead", {"submission_id": submission_id}).fetchone()
            last = run("last_queued", {"submission_id": submission_id, "name": mail}).fetchone()["at"]
            if last is None or now - from_text(last) >= pause:
                queue(run, row["lead_id"], submission_id, row["form"], (Delivery("mail", mail),), to_text(now))

        self._write(again)

    def unsubscribe(self, submission_id: str, how: str, deliveries_of: DeliveriesOf, now: datetime) -> None:
        """See `Store`."""
        at = to_text(now)

        def leave(run: Run) -> None:
            row = run("submission_lead", {"submission_id": submission_id}).fetchone()
            if row and run("unsubscribe_lead", {"lead_id": row["lead_id"], "now": at}).rowcount:
                log(run, row["lead_id"], at, "unsubscribed", row["form"], how)
                queue(run, row["lead_id"], submission_id, row["form"], deliveries_of(row["form"]), at)

        self._write(leave)

    def claim(
        self, limit: int, lease: timedelta, now: datetime, channels: Sequence[Channel] = CHANNELS
    ) -> list[OutboxItem]:
        """See `Store`."""
        values = {"now": to_text(now), "until": to_text(now + lease), "limit": limit, "channels": _listed(channels)}
        rows = self._write(lambda run: run("claim", values).fetchall())
        items = [OutboxItem(**{**row, "created_at": from_text(row["created_at"])}) for row in map(dict, rows)]
        return sorted(items, key=lambda item: (item.created_at, item.id))

    def recipient(self, item: OutboxItem) -> Recipient | None:
        """See `Store`."""
        with self._reading() as run:
            row = run("recipient", {"id": item.id}).fetchone()
        if row is None:
            return None
        left = moment(row["unsubscribed_at"])
        risks = tuple(json.loads(row["risks"]))
        return Recipient(
            row["lead_email"], row["status"], left, row["suppressed_for"] or None, submission_of(row), risks
        )

    def note_risks(self, email: str, risks: Sequence[Risk]) -> None:
        """See `Store`."""
        row = {"address_key": address_key(email), "risks": json.dumps(risks)}
        self._write(lambda run: run("note_risks", row))

    def _end(self, item: OutboxItem, state: ItemState, reason: str, now: datetime, attempted: int) -> bool:
        values = {"id": item.id, "fence": item.fence, "state": state, "reason": reason, "now": to_text(now)}

        def end(run: Run) -> bool:
            row = run("end_item", {**values, "attempted": attempted}).fetchone()
            if row:
                log(run, row["lead_id"], to_text(now), f"{item.channel}_{state}", item.form, item.name)
            return row is not None

        return self._write(end)

    def _put_off(self, item: OutboxItem, reason: str, due_at: datetime, attempted: int) -> bool:
        values = {"id": item.id, "fence": item.fence, "reason": reason, "due_at": to_text(due_at)}
        return self._write(lambda run: bool(run("put_off", {**values, "attempted": attempted}).rowcount))

    def outbox(self, states: Sequence[ItemState]) -> Iterator[OutboxRow]:
        """See `Store`."""
        chosen = {"states": _listed(states)}
        for row in self._pages("outbox", ("created_at", "id"), _LAST, chosen):
            moments = {name: moment(row[name]) for name in ("created_at", "due_at", "ended_at")}
            yield OutboxRow(**{**row, **moments})

    def requeue(self, item_id: str, now: datetime) -> bool:
        """See `Store`."""
        return self._write(lambda run: bool(run("requeue", {"id": item_id, "now": to_text(now)}).rowcount))

    def bury(self, item_id: str, now: datetime) -> bool:
        """See `Store`."""
        return self._write(lambda run: bool(run("bury", {"id": item_id, "now": to_text(now)}).rowcount))

    def quarantined(self) -> Iterator[Submission]:
        """See `Store`."""
        return map(submission_of, self._pages("quarantined", ("received_at", "id"), _LAST))

    def release(self, submission_id: str, decide: Decide, marks_of: MarksOf, now: datetime) -> bool:
        """See `Store`."""

        def release(run: Run) -> bool:
            row = run("take_quarantined", {"submission_id": submission_id}).fetchone()
            if row is None:
                return False
            consents = run("consents_of", {"submission_id": submission_id}).fetchone()["consents"]
            submission = submission_of({**row, "consents": consents, "quarantined_for": ""})
            marks = marks_of(submission.email)
            self._lock(run, submission.email)
            _lift(run, submission.email, marks, to_text(now))
            run("delete_submission", {"submission_id": submission_id})
            count_anew(run, Entry(submission, decide, marks, (), "", ""))
            return True

        return self._write(release)

    def empty_quarantine(self, before: datetime) -> Erased:
        """See `Store`."""
        return self._scrubbed(self._write(lambda run: _empty_quarantine(run, before)))

    def suppress(self, email: str, marks: Sequence[str], reason: SuppressionReason, now: datetime) -> None:
        """See `Store`."""

        def suppress(run: Run) -> None:
            self._lock(run, email)
            _suppress(run, email, marks, reason, to_text(now))

        self._write(suppress)

    def lift_suppression(self, email: str, marks: Sequence[str], now: datetime) -> bool:
        """See `Store`."""
        return self._write(lambda run: _lift(run, email, marks, to_text(now)))

    def email_of(self, item_id: str) -> str | None:
        """See `Store`."""
        with self._reading() as run:
            row = run("recipient", {"id": item_id}).fetchone()
        return row["lead_email"] if row else None

    def dossier(self, email: str) -> Dossier | None:
        """See `Store`."""
        key = {"address_key": address_key(email)}
        with self._reading() as run:
            row = run("lead", key).fetchone()
            submissions = tuple(map(submission_of, run("submissions_of", key).fetchall()))
            events = run("events_of", key).fetchall()
        if row is None and not submissions:
            return None
        history = tuple(Event(from_text(e["at"]), e["kind"], e["form"], e["detail"]) for e in events)
        return Dossier(lead_of(row) if row else None, submissions, history)

    def erase(self, email: str, marks: Sequence[str], now: datetime) -> Erased:
        """See `Store`."""
        key = {"address_key": address_key(email)}

        def erase(run: Run) -> Erased:
            self._lock(run, email)  # what is coming in from there comes wholly before or after this
            files = _files(run("files_of", key).fetchall())
            submissions = run("delete_submissions_of", key).rowcount
            leads = run("delete_lead", key).rowcount
            _suppress(run, email, marks, "erased", to_text(now))
            return Erased(leads, submissions, files)

        erased = self._write(erase)
        self._scrub()  # also where all is gone already: it may be in the log
        return erased

    def expired(self, form: str, before: datetime) -> Erased:
        """See `Store`."""
        values = {"form": form, "before": to_text(before)}
        with self._reading() as run:
            erased, _ = _expiring(run, values)
        return erased

    def expire(self, form: str, before: datetime, marks_of: MarksOf, now: datetime) -> Erased:
        """See `Store`."""
        values = {"form": form, "before": to_text(before)}

        def expire(run: Run) -> Erased:
            erased, leads = _expiring(run, values)
            run("delete_expired", values)
            for lead in leads:
                if lead["status"] == "unsubscribed":
                    _stay_away(run, marks_of(lead["email"]), to_text(now))
                run("delete_lead", {"address_key": address_key(lead["email"])})
            return erased

        return self._scrubbed(self._write(expire))

    def tidy(self, now: datetime) -> Erased:
        """See `Store`."""

        def tidy(run: Run) -> Erased:
            run("forget_keys", {"before": to_text(now - KEY_WINDOW)})
            run("forget_counts", {"now": to_text(now)})
            return _empty_quarantine(run, now - QUARANTINE_WINDOW)

        return self._scrubbed(self._write(tidy))

    def _scrubbed(self, erased: Erased) -> Erased:
        if erased.submissions:
            self._scrub()
        return erased

    def leads(self) -> Iterator[Lead]:
        """See `Store`."""
        return map(lead_of, self._pages("leads", ("created_at", "id"), _LAST))

    def submissions(self) -> Iterator[tuple[Lead, Submission]]:
        """See `Store`."""
        for row in self._pages("submissions", ("received_at", "id"), _FIRST):
            lead = lead_of({**row, "email": row["lead_email"], "downloads": row["lead_downloads"]})
            yield lead, submission_of(row)

    def records(self) -> Iterator[Record]:
        """See `Store`."""
        for kind, first in _FIRST_KEYS.items():
            after, rows = first, [first]
            while rows:
                with self._reading() as run:
                    rows = run(f"{kind}_after", {**after, "limit": _PAGE_ROWS}).fetchall()
                for row in rows:
                    values = dict(row)
                    yield Record(kind, values | {name: bool(values[name]) for name in _FLAGS if name in values})
                    after = {name: row[name] for name in first}

    def load(self, records: Callable[[], Iterable[Record]]) -> None:
        """See `Store`."""

        def load(run: Run) -> None:
            for kind, group in groupby(records(), key=attrgetter("kind")):
                while page := [record.values for record in islice(group, _PAGE_ROWS)]:
                    run.many(f"load_{kind}", page)

        self._write(load)

    def check(self) -> None:
        """See `Store`."""
        with self._reading() as run:
            run("find_lead", {"address_key": ""})

    def _pages(
        self, name: str, keys: tuple[str, str], start: tuple[str, str], values: Mapping[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        # Page by page: one long read would keep writers waiting where the journal is not a WAL.
        after = start
        while True:
            page = {"after_time": after[0], "after_id": after[1], "limit": _PAGE_ROWS}
            with self._reading() as run:
                rows = run(name, {**page, **(values or {})}).fetchall()
            yield from map(dict, rows)
            if len(rows) < _PAGE_ROWS:
                return
            after = (rows[-1][keys[0]], rows[-1][keys[1]])


def _confirmation(run: Run, submission_id: str) -> Confirmation | None:
    row = run("submission_lead", {"submission_id": submission_id}).fetchone()
    if row is None:
        return None
    rows = run("forms_of_lead", {"lead_id": row["lead_id"]}).fetchall()
    waiting = tuple(dict.fromkeys(r["form"] for r in rows if r["waiting"]))
    return Confirmation(waiting or (row["form"],), already=not waiting)


def _suppress(run: Run, email: str, marks: Sequence[str], reason: SuppressionReason, at: str) -> None:
    run("insert_suppression", {"mark": marks[0], "reason": reason, "now": at})
    lead = run("suppress_lead", {"address_key": address_key(email), "reason": reason}).fetchone()
    if lead:
        log(run, lead["id"], at, "suppressed", "", reason)


def _stay_away(run: Run, marks: Sequence[str], at: str) -> None:
    """Note that an address unsubscribed, unless there is another reason, which says more."""
    if not any(run("find_suppression", {"mark": mark}).fetchone() for mark in marks):
        run("insert_suppression", {"mark": marks[0], "reason": "unsubscribed", "now": at})


def _lift(run: Run, email: str, marks: Sequence[str], at: str) -> bool:
    lifted = sum(run("delete_suppression", {"mark": mark}).rowcount for mark in marks)
    lead = run("suppress_lead", {"address_key": address_key(email), "reason": ""}).fetchone() if lifted else None
    if lead:
        log(run, lead["id"], at, "suppression_lifted")
    return bool(lifted)


def _expiring(run: Run, values: Mapping[str, str]) -> tuple[Erased, list[Mapping[str, Any]]]:
    """What goes by its age, and the leads of whom nothing else is left."""
    gone = run("expired", values).fetchall()
    leads = run("expiring_leads", values).fetchall()
    return Erased(len(leads), len(gone), _unnamed(run, gone, "files_left", values)), leads


def _empty_quarantine(run: Run, before: datetime) -> Erased:
    values = {"before": to_text(before)}
    gone = run("quarantined_files", values).fetchall()
    submissions = run("empty_quarantine", values).rowcount
    return Erased(submissions=submissions, files=_unnamed(run, gone, "files_of", {}))


def _unnamed(run: Run, gone: Sequence[Mapping[str, Any]], left: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """The files of what goes that nothing `left` of the address names: what was sent twice is kept once."""
    addresses = {row["address_key"] for row in gone if row["files"] != "[]"}
    named = {name for key in addresses for name in _files(run(left, {**values, "address_key": key}).fetchall())}
    return tuple(dict.fromkeys(name for name in _files(gone) if name not in named))


def _files(rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(name for row in rows for name in json.loads(row["files"]))


def _listed(words: Sequence[str]) -> str:
    return f",{','.join(words)},"
