"""What a store must do, whatever database is behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple, Protocol

from leadpages.core.forms import Happening
from leadpages.leads.intake import Intake
from leadpages.leads.model import (
    CHANNELS,
    Channel,
    Delivery,
    Dossier,
    Lead,
    LeadStatus,
    Standing,
    Submission,
    SuppressionReason,
)
from leadpages.leads.risks import Risk

#: For how long the reply to an idempotency key is remembered.
KEY_WINDOW: Final = timedelta(hours=24)
#: For how long what looks like spam is kept for a person to look at.
QUARANTINE_WINDOW: Final = timedelta(days=30)

ItemState = Literal["due", "sent", "cancelled", "dead"]


class Limit(NamedTuple):
    """At most `most` submissions that share `bucket` in each `window`; windows begin at whole multiples of it."""

    bucket: str
    most: int
    window: timedelta


class Limited(NamedTuple):
    """The submission was one too many; nothing was kept."""

    retry_after: timedelta


#: What became of a submission. `conflicting`: its idempotency key stands for other answers, and nothing was kept.
Receipt = Literal["kept", "repeated", "conflicting"] | Limited


class OutboxItem(NamedTuple):
    """One thing to send, held under a lease. A later holder has a higher `fence`."""

    id: str
    channel: Channel
    name: str
    happening: Happening
    form: str
    submission_id: str
    created_at: datetime
    attempts: int
    fence: int


class OutboxRow(NamedTuple):
    """One thing that was to be sent, as the owner of the site reads it."""

    id: str
    channel: Channel
    name: str
    form: str
    email: str
    state: ItemState
    attempts: int
    reason: str
    created_at: datetime
    due_at: datetime
    ended_at: datetime | None


class Recipient(NamedTuple):
    """The lead that an outbox item is about, as known just before sending, and what they sent."""

    email: str
    status: LeadStatus
    unsubscribed_at: datetime | None
    suppressed_for: SuppressionReason | None
    submission: Submission
    risks: tuple[Risk, ...] = ()


class Confirmation(NamedTuple):
    """What a confirm link stands for: the forms that wait for it, or that it has confirmed already."""

    forms: tuple[str, ...]
    already: bool


class Download(NamedTuple):
    """What a download link stands for, and how often it was used."""

    form: str
    times: int


class Erased(NamedTuple):
    """How much was erased, and the names of the kept files that belonged to it."""

    leads: int = 0
    submissions: int = 0
    files: tuple[str, ...] = ()


class Finding(NamedTuple):
    """One thing that is in order, or is not."""

    level: Literal["ok", "warning", "error"]
    text: str
    hint: str = ""


#: In an order in which none needs one that comes later.
RecordKind = Literal["leads", "submissions", "consents", "events", "outbox", "suppressions", "page_events"]


class Record(NamedTuple):
    """One thing that a store keeps, in values that another store can keep: text, numbers, flags, moments as text."""

    kind: RecordKind
    values: Mapping[str, str | int | None]


Decide = Callable[[Standing], Intake]
DeliveriesOf = Callable[[str], tuple[Delivery, ...]]
#: From an address to the keyed hashes under which it may be suppressed: one for each key, the newest first.
MarksOf = Callable[[str], Sequence[str]]


class Store(Protocol):
    """Every method is one transaction, and is durable when it returns.

    All raise StorageBusy when another writer holds the store, StorageFull when the disk is full,
    StorageError for any other fault.
    """

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
        """Keep a submission, its lead, consents and history, and queue what `decide` says.

        A quarantined one is kept alone; one repeated within `REPEAT_WINDOW`, or under the same idempotency `key`
        within `KEY_WINDOW`, or with an id that is there already, changes nothing. All but what its key answers counts
        towards each of `limits` up to the first that it is over: whoever has used up their own uses up nobody else's.
        `once` names what is good for one submission within `KEY_WINDOW`: one that comes with what was spent before is
        quarantined. `marks` are those of the address.
        """

    def limited(self, limits: Sequence[Limit], now: datetime) -> Limited | None:
        """The first of `limits` that one more would be too much for. Nothing is counted: a look before costly work."""

    def count_page_event(self, kind: str, page: str, now: datetime, limits: Sequence[Limit] = ()) -> bool:
        """Count one view or click of `page` on this day; no visitor is told from another.

        False, with nothing counted there, when it is one too many for one of `limits`.
        """

    # Links

    def find_confirmation(self, submission_id: str) -> Confirmation | None:
        """What a POST to this confirm link would confirm; None when the submission is gone."""

    def confirm(self, submission_id: str, deliveries_of: DeliveriesOf, now: datetime) -> Confirmation | None:
        """Mark the address as confirmed and queue what each form that waited for it has to send. Idempotent."""

    def find_download(self, submission_id: str) -> Download | None:
        """The form behind a download link; None when the submission is gone or the link was revoked."""

    def count_download(self, submission_id: str, limit: int, now: datetime) -> bool:
        """Count one download; False, with nothing counted, when `limit` were given out already."""

    def revoke_downloads(self, email: str, now: datetime) -> int:
        """Let every download link that an address has lead nowhere from now on; how many there were."""

    def queue_again(self, submission_id: str, mail: str, pause: timedelta, now: datetime) -> None:
        """Queue `mail` for a submission once more, unless that happened within `pause`."""

    def unsubscribe(self, submission_id: str, how: str, deliveries_of: DeliveriesOf, now: datetime) -> None:
        """Take the submission's address off every list, and queue what its form has to send then. Idempotent."""

    # The outbox

    def claim(
        self, limit: int, lease: timedelta, now: datetime, channels: Sequence[Channel] = CHANNELS
    ) -> list[OutboxItem]:
        """Take up to `limit` due items of these channels, oldest first, for the length of `lease`."""

    def recipient(self, item: OutboxItem) -> Recipient | None:
        """Whom `item` is about; None when the lead is gone."""

    def note_risks(self, email: str, risks: Sequence[Risk]) -> None:
        """Keep what speaks against an address with its lead, if it is one's."""

    def mark_sent(self, item: OutboxItem, now: datetime) -> bool:
        """The other side has taken it. False when the lease was lost to another worker."""

    def mark_retry(self, item: OutboxItem, error: str, due_at: datetime) -> bool:
        """Try again at `due_at`. False as for `mark_sent`."""

    def mark_released(self, item: OutboxItem) -> bool:
        """Give the item back unattempted. False as for `mark_sent`."""

    def mark_ended(self, item: OutboxItem, state: ItemState, reason: str, now: datetime) -> bool:
        """End the item as `cancelled` or `dead`. False as for `mark_sent`."""

    def outbox(self, states: Sequence[ItemState]) -> Iterator[OutboxRow]:
        """Every item in one of `states`, newest first."""

    def requeue(self, item_id: str, now: datetime) -> bool:
        """Let an item that has ended be due again, with no attempt made yet.

        False when none of that id has ended.
        """

    def bury(self, item_id: str, now: datetime) -> bool:
        """Let a due item be dead. False when there is none of that id."""

    # Quarantine

    def quarantined(self) -> Iterator[Submission]:
        """Every submission in quarantine, newest first."""

    def release(self, submission_id: str, decide: Decide, marks_of: MarksOf, now: datetime) -> bool:
        """Let a quarantined submission count after all, and lift the suppression of its address.

        False when there is none of that id.
        """

    def empty_quarantine(self, before: datetime) -> Erased:
        """Erase what went into quarantine before that."""

    # Suppression and privacy

    def suppress(self, email: str, marks: Sequence[str], reason: SuppressionReason, now: datetime) -> None:
        """Send nothing to an address any more; whatever waits for it is cancelled when it is due."""

    def lift_suppression(self, email: str, marks: Sequence[str], now: datetime) -> bool:
        """The inverse of `suppress`. False when the address was not suppressed."""

    def email_of(self, item_id: str) -> str | None:
        """The address that an outbox item went to: what a bounce names is its id."""

    def dossier(self, email: str) -> Dossier | None:
        """All that is kept about one address; of what is in quarantine there, the submissions."""

    def erase(self, email: str, marks: Sequence[str], now: datetime) -> Erased:
        """Erase all that is kept about an address, and suppress it. Idempotent.

        The bytes are gone from the files of SQLite, too, when this returns; PostgreSQL recycles them in its own time.
        """

    def expired(self, form: str, before: datetime) -> Erased:
        """What `expire` would erase."""

    def expire(self, form: str, before: datetime, marks_of: MarksOf, now: datetime) -> Erased:
        """Erase what came by `form` before that, and leads of whom nothing else is left.

        Whoever unsubscribed stays so.
        """

    def tidy(self, now: datetime) -> Erased:
        """Forget what has served its time: idempotency keys, counts of limits, what is old in quarantine."""

    # Reading

    def leads(self) -> Iterator[Lead]:
        """Every lead, newest first, without those whose only submissions are quarantined."""

    def submissions(self) -> Iterator[tuple[Lead, Submission]]:
        """Every submission that is not quarantined, oldest first, with its lead."""

    def records(self) -> Iterator[Record]:
        """All that is kept, but for idempotency keys and counts of limits: what `load` of another store takes.

        Whole only while nobody writes.
        """

    def load(self, records: Callable[[], Iterable[Record]]) -> None:
        """Keep what another store's `records` gave. `records` begins anew when it is called once more.

        When it raises, nothing is kept.
        """

    def findings(self) -> Sequence[Finding]:
        """What this store is, and how safely it keeps what it is given."""

    def check(self) -> None:
        """Return when the store can be read and its schema is the one this version knows."""

    def close(self) -> None:
        """Give back what the store holds open."""
