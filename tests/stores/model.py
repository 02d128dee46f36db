"""What a store must do, said once more: all that it keeps as plain values, one method for each that writes.

Short, slow and in memory. What becomes of a submission is decided by the real `take_in`, as in every store.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from leadpages.core.forms import Happening
from leadpages.core.times import to_text
from leadpages.leads.intake import REPEAT_WINDOW, REPLAYED
from leadpages.leads.model import (
    Channel,
    Delivery,
    Dossier,
    Event,
    Lead,
    LeadStatus,
    Standing,
    Submission,
    SuppressionReason,
    address_key,
)
from leadpages.leads.risks import Risk
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
    Receipt,
    Recipient,
    Store,
)

Kept = dict[str, Any]


@dataclass
class Person:
    """A lead."""

    email: str
    status: LeadStatus
    created_at: datetime
    confirmed_at: datetime | None = None
    asked_at: datetime | None = None
    unsubscribed_at: datetime | None = None
    suppressed_for: SuppressionReason | None = None
    risks: tuple[Risk, ...] = ()
    events: list[Event] = field(default_factory=list)


@dataclass
class Post:
    """A submission, which counts unless it is in quarantine."""

    submission: Submission
    waiting: bool = False
    downloads: int = 0
    revoked: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is one of a lead's."""
        return not self.submission.quarantined_for

    @property
    def address(self) -> str:
        """Whose it is."""
        return address_key(self.submission.email)


@dataclass
class Item:
    """One thing to send. Its `id` is the store's, and is learnt from it."""

    submission_id: str
    form: str
    channel: Channel
    name: str
    happening: Happening
    created_at: datetime
    due_at: datetime
    state: ItemState = "due"
    fence: int = 0
    attempts: int = 0
    reason: str = ""
    ended_at: datetime | None = None
    id: str = ""


class Model:
    """What is kept, and how each step changes it. `now` is what time it is for the step."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.posts: dict[str, Post] = {}
        self.items: list[Item] = []
        self.suppressions: dict[str, tuple[SuppressionReason, datetime]] = {}
        self.keys: dict[tuple[str, str], tuple[Mapping[str, Any], datetime]] = {}
        self.spent: dict[str, datetime] = {}
        self.counts: Counter[tuple[str, int]] = Counter()
        self.page_events: Counter[tuple[str, str, str]] = Counter()

    # Taking in

    def add_submission(
        self, new: Submission, decide: Decide, marks: Sequence[str], limits: Sequence[Limit], key: str, once: str
    ) -> Receipt:
        """See `Store`."""
        now = new.received_at
        values, noted_at = self.keys.get((new.form, key), ({}, now - KEY_WINDOW))
        if key and now - noted_at < KEY_WINDOW:
            return "repeated" if values == new.values else "conflicting"
        for limit in limits:
            if limited := self.count_towards(limit, now):
                return limited
        if key:
            self.keys[new.form, key] = new.values, now
        if new.id in self.posts or (not new.quarantined_for and self._is_repeated(new)):
            return "repeated"
        is_replayed = bool(once) and now - self.spent.get(once, now - KEY_WINDOW) < KEY_WINDOW
        if once and not is_replayed:
            self.spent[once] = now
        if new.quarantined_for or is_replayed:
            self.posts[new.id] = Post(new._replace(quarantined_for=new.quarantined_for or REPLAYED))
        else:
            self._count_in(new, decide, marks)
        return "kept"

    def count_towards(self, limit: Limit, now: datetime) -> Limited | None:
        """Count one more, and say so if it is one too many."""
        number = int(now.timestamp() // limit.window.total_seconds())
        self.counts[limit.bucket, number] += 1
        if self.counts[limit.bucket, number] <= limit.most:
            return None
        return Limited(timedelta(seconds=(number + 1) * limit.window.total_seconds() - now.timestamp()))

    def _is_repeated(self, new: Submission) -> bool:
        return any(
            (post.submission.form, post.submission.values) == (new.form, new.values)
            and new.received_at - post.submission.received_at < REPEAT_WINDOW
            for post in self.posts_of(new.email)
        )

    def _count_in(self, new: Submission, decide: Decide, marks: Sequence[str]) -> None:
        person, at = self.people.get(address_key(new.email)), new.received_at
        delivered = [
            item.created_at
            for item in self.items_of(new.email)
            if (item.form, item.channel, item.name) == (new.form, "mail", "deliver")
        ]
        intake = decide(
            Standing(
                status=person.status if person else None,
                confirmation_asked_at=person.asked_at if person else None,
                delivery_queued_at=max(delivered, default=None),
                suppressed_for=next((self.suppressions[mark][0] for mark in marks if mark in self.suppressions), None),
            )
        )
        self.posts[new.id] = Post(new._replace(quarantined_for=intake.quarantined_for), intake.waiting)
        if intake.quarantined_for:
            return
        person = self.people.setdefault(address_key(new.email), Person(new.email, intake.status, at))
        person.email, person.status = new.email, intake.status
        if any((delivery.channel, delivery.name) == ("mail", "confirm") for delivery in intake.deliveries):
            person.asked_at = at
        self._log(new.email, at, "submitted", new.form, new.page)
        self._queue(new, intake.deliveries, at)

    def count_page_event(self, kind: str, page: str, now: datetime) -> bool:
        """See `Store`."""
        self.page_events[f"{now:%Y-%m-%d}", kind, page] += 1
        return True

    # Links

    def find_confirmation(self, submission_id: str) -> Confirmation | None:
        """See `Store`. The forms stand in the order of the alphabet here."""
        if not (post := self._counting(submission_id)):
            return None
        waiting = {one.submission.form for one in self.posts_of(post.address) if one.waiting}
        return Confirmation(tuple(sorted(waiting or {post.submission.form})), already=not waiting)

    def confirm(self, submission_id: str, deliveries_of: DeliveriesOf, now: datetime) -> Confirmation | None:
        """See `Store`."""
        found = self.find_confirmation(submission_id)
        if found is None or found.already:
            return found
        email = self.posts[submission_id].submission.email
        person = self.people[address_key(email)]
        person.status, person.confirmed_at = "confirmed", now
        self._log(email, now, "confirmed", "", ", ".join(found.forms))
        waiting = [post for post in self.posts_of(email) if post.waiting]
        for post in waiting:
            post.waiting = False
        for form in found.forms:
            of_form = [post.submission for post in waiting if post.submission.form == form]
            latest = max(of_form, key=lambda one: (one.received_at, one.id))
            self._queue(latest, deliveries_of(form), now)
        return found

    def find_download(self, submission_id: str) -> Download | None:
        """See `Store`."""
        post = self._counting(submission_id)
        return Download(post.submission.form, post.downloads) if post and not post.revoked else None

    def count_download(self, submission_id: str, limit: int, now: datetime) -> bool:
        """See `Store`."""
        post = self._counting(submission_id)
        if post is None or post.revoked or post.downloads >= limit:
            return False
        post.downloads += 1
        self._log(post.submission.email, now, "downloaded", post.submission.form)
        return True

    def revoke_downloads(self, email: str, now: datetime) -> int:
        """See `Store`."""
        valid = [post for post in self.posts_of(email) if not post.revoked]
        for post in valid:
            post.revoked = True
        if valid:
            self._log(email, now, "downloads_revoked")
        return len(valid)

    def queue_again(self, submission_id: str, mail: str, pause: timedelta, now: datetime) -> None:
        """See `Store`."""
        if not (post := self._counting(submission_id)):
            return
        same = (submission_id, "mail", mail)
        queued = [i.created_at for i in self.items if (i.submission_id, i.channel, i.name) == same]
        if not queued or now - max(queued) >= pause:
            self._queue(post.submission, (Delivery("mail", mail),), now)

    def unsubscribe(self, submission_id: str, how: str, deliveries_of: DeliveriesOf, now: datetime) -> None:
        """See `Store`."""
        post = self._counting(submission_id)
        if post is None or self.people[post.address].status == "unsubscribed":
            return
        self.people[post.address].status, self.people[post.address].unsubscribed_at = "unsubscribed", now
        self._log(post.submission.email, now, "unsubscribed", post.submission.form, how)
        self._queue(post.submission, deliveries_of(post.submission.form), now)

    # The outbox

    def due(self, channels: Sequence[Channel], now: datetime) -> list[Item]:
        """What may be claimed, oldest first."""
        found = [i for i in self.items if i.state == "due" and i.due_at <= now and i.channel in channels]
        return sorted(found, key=lambda item: item.due_at)

    def claim(self, ids: Iterable[str], until: datetime) -> None:
        """Let a worker hold these items."""
        for id_ in ids:
            item = self.item(id_)
            item.due_at, item.fence = until, item.fence + 1

    def recipient(self, held: OutboxItem) -> Recipient | None:
        """See `Store`."""
        if not any(item.id == held.id for item in self.items):
            return None
        post = self.posts[held.submission_id]
        person = self.people[post.address]
        return Recipient(
            person.email, person.status, person.unsubscribed_at, person.suppressed_for, post.submission, person.risks
        )

    def note_risks(self, email: str, risks: Sequence[Risk]) -> None:
        """See `Store`."""
        if person := self.people.get(address_key(email)):
            person.risks = tuple(risks)

    def mark_sent(self, held: OutboxItem, now: datetime) -> bool:
        """See `Store`."""
        return self._end(held, "sent", "", 1, now)

    def mark_ended(self, held: OutboxItem, state: ItemState, reason: str, now: datetime) -> bool:
        """See `Store`."""
        return self._end(held, state, reason, 0 if state == "cancelled" else 1, now)

    def mark_retry(self, held: OutboxItem, error: str, due_at: datetime) -> bool:
        """See `Store`."""
        return self._put_off(held, error, 1, due_at)

    def mark_released(self, held: OutboxItem) -> bool:
        """See `Store`."""
        return self._put_off(held, "", 0, held.created_at)

    def _end(self, held: OutboxItem, state: ItemState, reason: str, attempted: int, now: datetime) -> bool:
        if not (item := self._held(held)):
            return False
        item.state, item.reason, item.ended_at = state, reason, now
        item.attempts += attempted
        self._log(self.posts[item.submission_id].submission.email, now, f"{item.channel}_{state}", item.form, item.name)
        return True

    def _put_off(self, held: OutboxItem, reason: str, attempted: int, due_at: datetime) -> bool:
        if not (item := self._held(held)):
            return False
        item.due_at, item.reason, item.fence = due_at, reason, item.fence + 1
        item.attempts += attempted
        return True

    def _held(self, held: OutboxItem) -> Item | None:
        same = (item for item in self.items if (item.id, item.fence, item.state) == (held.id, held.fence, "due"))
        return next(same, None)

    def requeue(self, item_id: str, now: datetime) -> bool:
        """See `Store`."""
        for item in self.items:
            if item.id == item_id and item.state != "due":
                item.state, item.due_at, item.attempts, item.reason, item.ended_at = "due", now, 0, "", None
                item.fence += 1
                return True
        return False

    def bury(self, item_id: str, now: datetime) -> bool:
        """See `Store`."""
        for item in self.items:
            if item.id == item_id and item.state == "due":
                item.state, item.reason, item.ended_at = "dead", "buried by hand", now
                item.fence += 1
                return True
        return False

    # Quarantine

    def release(self, submission_id: str, decide: Decide, marks_of: MarksOf, now: datetime) -> bool:
        """See `Store`."""
        post = self.posts.get(submission_id)
        if post is None or post.counts:
            return False
        del self.posts[submission_id]
        self.lift_suppression(post.submission.email, marks_of(post.submission.email), now)
        self._count_in(post.submission._replace(quarantined_for=""), decide, marks_of(post.submission.email))
        return True

    def empty_quarantine(self, before: datetime) -> Erased:
        """See `Store`."""
        return self._erase([p for p in self.posts.values() if not p.counts and p.submission.received_at < before])

    # Suppression and privacy

    def suppress(self, email: str, marks: Sequence[str], reason: SuppressionReason, now: datetime) -> None:
        """See `Store`."""
        self.suppressions[marks[0]] = reason, now
        if person := self.people.get(address_key(email)):
            person.suppressed_for = reason
            self._log(email, now, "suppressed", "", reason)

    def lift_suppression(self, email: str, marks: Sequence[str], now: datetime) -> bool:
        """See `Store`."""
        lifted = [mark for mark in marks if self.suppressions.pop(mark, None)]
        person = self.people.get(address_key(email))
        if lifted and person:
            person.suppressed_for = None
            self._log(email, now, "suppression_lifted")
        return bool(lifted)

    def erase(self, email: str, marks: Sequence[str], now: datetime) -> Erased:
        """See `Store`."""
        erased = self._erase([post for post in self.posts.values() if post.address == address_key(email)])
        self.suppressions[marks[0]] = "erased", now
        return erased

    def expire(self, form: str, before: datetime, marks_of: MarksOf, now: datetime) -> Erased:
        """See `Store`."""
        people = dict(self.people)
        erased = self._erase(
            [p for p in self.posts.values() if p.submission.form == form and p.submission.received_at < before]
        )
        for address, person in people.items():
            marks = marks_of(person.email)
            left = address not in self.people and person.status == "unsubscribed"
            if left and not any(mark in self.suppressions for mark in marks):
                self.suppressions[marks[0]] = "unsubscribed", now
        return erased

    def tidy(self, now: datetime) -> Erased:
        """See `Store`. That old keys and counts are forgotten is nothing that could be seen."""
        return self.empty_quarantine(now - QUARANTINE_WINDOW)

    def _erase(self, posts: Sequence[Post]) -> Erased:
        gone = {post.submission.id for post in posts}
        self.posts = {id_: post for id_, post in self.posts.items() if id_ not in gone}
        self.items = [item for item in self.items if item.submission_id not in gone]
        left = {post.address for post in self.posts.values() if post.counts}
        leads = [address for address in self.people if address not in left]
        for address in leads:
            del self.people[address]
        named = {(post.address, file) for post in self.posts.values() for file in post.submission.files}
        files = {file for post in posts for file in post.submission.files if (post.address, file) not in named}
        return Erased(len(leads), len(posts), tuple(sorted(files)))

    # Reading

    def item(self, item_id: str) -> Item:
        """The item of the outbox with this id."""
        return next(item for item in self.items if item.id == item_id)

    def posts_of(self, email: str) -> list[Post]:
        """What an address sent and what counts, oldest first."""
        found = [post for post in self.posts.values() if post.address == address_key(email) and post.counts]
        return sorted(found, key=lambda post: (post.submission.received_at, post.submission.id))

    def items_of(self, email: str) -> list[Item]:
        """What is or was to be sent on account of an address."""
        return [item for item in self.items if self.posts[item.submission_id].address == address_key(email)]

    def lead(self, email: str) -> Lead:
        """As its owner reads it."""
        person, posts = self.people[address_key(email)], self.posts_of(email)
        return Lead(
            email=person.email,
            status=person.status,
            created_at=person.created_at,
            confirmed_at=person.confirmed_at,
            forms=tuple(sorted({post.submission.form for post in posts})),
            downloads=sum(post.downloads for post in posts),
            suppressed_for=person.suppressed_for,
            risks=person.risks,
        )

    def dossier(self, email: str) -> Dossier | None:
        """See `Store`."""
        address = address_key(email)
        found = [post.submission for post in self.posts.values() if post.address == address]
        lead = self.lead(email) if address in self.people else None
        events = tuple(self.people[address].events) if lead else ()
        posts = tuple(sorted(found, key=lambda one: (one.received_at, one.id)))
        return Dossier(lead, posts, events) if posts else None

    def learn(self, outbox: Mapping[str, Kept]) -> None:
        """Take over the ids of what was queued since."""
        for id_ in outbox.keys() - {item.id for item in self.items}:
            for item in self.items:
                if not item.id and _identity(item) == {name: outbox[id_][name] for name in _identity(item)}:
                    item.id = id_
                    break

    def kept(self) -> Kept:
        """All of it, as `kept` reads it from a store."""
        return {
            "leads": {
                address: {
                    "email": person.email,
                    "status": person.status,
                    "created_at": to_text(person.created_at),
                    "confirmed_at": _text(person.confirmed_at),
                    "confirmation_asked_at": _text(person.asked_at),
                    "unsubscribed_at": _text(person.unsubscribed_at),
                    "suppressed_for": person.suppressed_for or "",
                    "risks": json.dumps(person.risks),
                }
                for address, person in self.people.items()
            },
            "events": {
                address: [(to_text(event.at), event.kind, event.form, event.detail) for event in person.events]
                for address, person in self.people.items()
            },
            "submissions": {
                id_: {
                    "form": post.submission.form,
                    "email": post.submission.email,
                    "address_key": post.address,
                    "lead": post.address if post.counts else None,
                    "answers": post.submission.values,
                    "consents": [(consent.field, consent.wording) for consent in post.submission.consents],
                    "files": list(post.submission.files),
                    "page": post.submission.page,
                    "language": post.submission.language,
                    "received_at": to_text(post.submission.received_at),
                    "downloads": post.downloads,
                    "revoked": post.revoked,
                    "quarantined_for": post.submission.quarantined_for,
                }
                for id_, post in self.posts.items()
            },
            "outbox": {
                item.id: _identity(item)
                | {
                    "due_at": to_text(item.due_at),
                    "state": item.state,
                    "fence": item.fence,
                    "attempts": item.attempts,
                    "reason": item.reason,
                    "ended_at": _text(item.ended_at),
                    "lead": self.posts[item.submission_id].address,
                }
                for item in self.items
            },
            "suppressions": {mark: (reason, to_text(at)) for mark, (reason, at) in self.suppressions.items()},
            "page_events": dict(self.page_events),
        }

    def _counting(self, submission_id: str) -> Post | None:
        post = self.posts.get(submission_id)
        return post if post and post.counts else None

    def _log(self, email: str, at: datetime, kind: str, form: str = "", detail: str = "") -> None:
        self.people[address_key(email)].events.append(Event(at, kind, form, detail))

    def _queue(self, submission: Submission, deliveries: Sequence[Delivery], at: datetime) -> None:
        self.items += [
            Item(submission.id, submission.form, one.channel, one.name, one.happening, at, due_at=at)
            for one in deliveries
        ]


def kept(store: Store) -> Kept:
    """All that a store keeps but limits and keys, without what is made by chance: the ids of leads and of events.

    Which submissions wait is left out: one store notes the last of a form alone, which is the one that counts.
    """
    found: dict[str, list[Kept]] = {}
    for record in store.records():
        found.setdefault(record.kind, []).append(dict(record.values))
    leads = found.get("leads", [])
    address_of = {row.pop("id"): row.pop("address_key") for row in leads}
    kept: Kept = {
        "leads": dict(zip(address_of.values(), leads, strict=True)),
        "events": {address: [] for address in address_of.values()},
        "submissions": {},
        "outbox": {},
        "suppressions": {
            row["mark"]: (row["reason"], row["since"]) for row in found.get("suppressions", [])
        },
        "page_events": {
            (row["day"], row["kind"], row["page"]): row["count"] for row in found.get("page_events", [])
        },
    }  # fmt: skip
    for row in found.get("events", []):
        # One store names the forms of a confirmation in another order than the others once some of it was copied.
        detail = ", ".join(sorted(row["detail"].split(", ")))
        kept["events"][address_of[row["lead_id"]]].append((row["at"], row["kind"], row["form"], detail))
    for row in found.get("submissions", []):
        del row["answers_hash"], row["waiting"]
        row |= {"answers": json.loads(row["answers"]), "files": json.loads(row["files"]), "consents": []}
        row["lead"] = address_of.get(row.pop("lead_id"))
        kept["submissions"][row.pop("id")] = row
    for row in found.get("consents", []):
        kept["submissions"][row["submission_id"]]["consents"].append((row["field"], row["wording"]))
    for row in found.get("outbox", []):
        row["lead"] = address_of[row.pop("lead_id")]
        kept["outbox"][row.pop("id")] = row
    return kept


def _identity(item: Item) -> Kept:
    names = ("submission_id", "form", "channel", "name", "happening")
    return {name: getattr(item, name) for name in names} | {"created_at": to_text(item.created_at)}


def _text(moment: datetime | None) -> str | None:
    return to_text(moment) if moment else None
