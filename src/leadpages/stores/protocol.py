"""What a store must do, whatever database is behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from leadpages.leads.intake import Intake
from leadpages.leads.model import Dossier, Lead, LeadStatus, MailName, Standing, Submission


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One mail to send, held under a lease. A later holder has a higher `fence`."""

    id: str
    mail: MailName
    form: str
    submission_id: str
    created_at: datetime
    attempts: int
    fence: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who an outbox item goes to, as known just before sending."""

    email: str
    status: LeadStatus
    unsubscribed_at: datetime | None
    values: dict[str, str | list[str]]
    language: str = ""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a confirm link stands for: the forms that wait for it, or that it has confirmed already."""

    forms: tuple[str, ...]
    already: bool


@dataclass(frozen=True, slots=True)
class Download:
    """What a download link stands for, and how often it was used."""

    form: str
    count: int


Decide = Callable[[Standing], Intake]
MailsOf = Callable[[str], tuple[MailName, ...]]


class Store(Protocol):
    """Every method is one transaction, and is durable when it returns.

    All raise StorageBusy when another writer holds the store, StorageFull when the disk is full,
    StorageError for any other fault.
    """

    def add_submission(self, submission: Submission, decide: Decide) -> None:
        """Keep a submission, its lead, consents and history, and queue what `decide` says.

        A quarantined one is kept alone; one repeated within `REPEAT_WINDOW` changes nothing.
        """

    def find_confirmation(self, submission_id: str) -> Confirmation | None:
        """What a POST to this confirm link would confirm; None when the submission is gone."""

    def confirm(self, submission_id: str, mails_of: MailsOf, now: datetime) -> Confirmation | None:
        """Mark the address as confirmed and queue the mails of every form that waited for it. Idempotent."""

    def find_download(self, submission_id: str) -> Download | None:
        """The form behind a download link; None when the submission is gone."""

    def count_download(self, submission_id: str, limit: int, now: datetime) -> bool:
        """Count one download; False, with nothing counted, when `limit` were given out already."""

    def queue_again(self, submission_id: str, mail: MailName, pause: timedelta, now: datetime) -> None:
        """Queue `mail` for a submission once more, unless that happened within `pause`."""

    def unsubscribe(self, submission_id: str, now: datetime) -> None:
        """Take the submission's address off every list. Idempotent."""

    def claim(self, limit: int, lease: timedelta, now: datetime) -> list[OutboxItem]:
        """Take up to `limit` due items, oldest first, for the length of `lease`."""

    def recipient(self, item: OutboxItem) -> Recipient | None:
        """Whom `item` goes to; None when the lead is gone."""

    def mark_sent(self, item: OutboxItem, now: datetime) -> bool:
        """The mail was taken by the mail host. False when the lease was lost to another worker."""

    def mark_retry(self, item: OutboxItem, error: str, due_at: datetime) -> bool:
        """Try again at `due_at`. False as for `mark_sent`."""

    def mark_released(self, item: OutboxItem) -> bool:
        """Give the item back unattempted. False as for `mark_sent`."""

    def mark_ended(self, item: OutboxItem, state: str, reason: str, now: datetime) -> bool:
        """End the item as `cancelled` or `dead`. False as for `mark_sent`."""

    def count_page_event(self, kind: str, page: str, now: datetime) -> None:
        """Count one view or click of `page` on this day; no visitor is told from another."""

    def leads(self) -> Iterator[Lead]:
        """Every lead, newest first, without those whose only submissions are quarantined."""

    def submissions(self) -> Iterator[tuple[Lead, Submission]]:
        """Every submission that is not quarantined, oldest first, with its lead."""

    def dossier(self, email: str) -> Dossier | None:
        """All that is kept about one address."""

    def check(self) -> None:
        """Return when the store can be read and its schema is the one this version knows."""

    def close(self) -> None:
        """Give back what the store holds open."""
