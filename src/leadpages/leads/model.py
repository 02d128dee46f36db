"""What a lead is: a person who left an address, what they sent, and what happened since."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, NamedTuple, get_args

from leadpages.core.forms import Consent, Happening
from leadpages.leads.risks import Risk

#: `pending` waits for the confirmation of the address; `received` came through a form that asks for none.
LeadStatus = Literal["pending", "received", "confirmed", "unsubscribed"]
#: A mail to the lead, a call of a web hook, a notice to the owner of the site.
Channel = Literal["mail", "webhook", "notice"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
#: Why nothing is sent to an address.
SuppressionReason = Literal["unsubscribed", "erased", "bounced", "complained", "blocked"]


class Delivery(NamedTuple):
    """One thing to send: a mail, a web hook or a notice by its name in the form, and what it is about."""

    channel: Channel
    name: str
    happening: Happening = "accepted"


class Submission(NamedTuple):
    """One accepted post. A quarantined one is kept and has no effect.

    `language` is that of the form as it was shown; "" stands for the site's own. `files` are the names under which
    the files that came with it are kept.
    """

    id: str
    form: str
    email: str
    values: dict[str, str | list[str]]
    consents: tuple[Consent, ...]
    page: str
    received_at: datetime
    quarantined_for: str = ""
    language: str = ""
    files: tuple[str, ...] = ()


class Standing(NamedTuple):
    """What the store knows of an address at the moment a submission comes in.

    `delivery_queued_at` is when the mail of the same form last went into the outbox.
    """

    status: LeadStatus | None = None
    confirmation_asked_at: datetime | None = None
    delivery_queued_at: datetime | None = None
    suppressed_for: SuppressionReason | None = None


class Lead(NamedTuple):
    """A lead as its owner reads it."""

    email: str
    status: LeadStatus
    created_at: datetime
    confirmed_at: datetime | None
    forms: tuple[str, ...]
    downloads: int
    suppressed_for: SuppressionReason | None = None
    risks: tuple[Risk, ...] = ()


class Event(NamedTuple):
    """One line in a lead's history."""

    at: datetime
    kind: str
    form: str
    detail: str


class Dossier(NamedTuple):
    """All that is kept about one address. There is no lead where all that came from it is in quarantine."""

    lead: Lead | None
    submissions: tuple[Submission, ...]
    events: tuple[Event, ...]


def address_key(email: str) -> str:
    """Equal for addresses that reach the same person: mail hosts do not tell case apart."""
    return email.casefold()
