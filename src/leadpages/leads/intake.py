"""What becomes of a submission: which status the lead gets, which mails go out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from leadpages.core.forms import Form
from leadpages.leads.model import LeadStatus, MailName, Standing

#: A second post with the same answers in this time is the same one sent twice (a double click, a retry).
REPEAT_WINDOW: Final = timedelta(minutes=10)
#: However often someone types a stranger's address, the stranger is asked once in this time.
CONFIRMATION_PAUSE: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Intake:
    """The lead's status from now on, whether the submission waits for a confirmation, the mails to queue."""

    status: LeadStatus
    waiting: bool
    mails: tuple[MailName, ...]


def take_in(form: Form, standing: Standing, has_mail: Collection[str], now: datetime) -> Intake:
    """Decide for a submission that is neither quarantined nor repeated.

    An address that was confirmed once is proven: it gets what it asks for at once, through any form, though
    not the same mail twice within `REPEAT_WINDOW`, whatever else was typed. Someone who unsubscribed stays so
    until they confirm anew: anybody can type their address into a form.
    """
    status = standing.status or ("pending" if form.double_opt_in else "received")
    if standing.status == "unsubscribed" and not form.double_opt_in:
        return Intake(status, False, ())
    if not form.double_opt_in or standing.status == "confirmed":
        lately = _within(REPEAT_WINDOW, standing.delivery_queued_at, now)
        return Intake(status, False, () if lately else mails_on_acceptance(has_mail))
    status = "unsubscribed" if status == "unsubscribed" else "pending"
    asked = _within(CONFIRMATION_PAUSE, standing.confirmation_asked_at, now)
    return Intake(status, True, () if asked else ("confirm",))


def _within(window: timedelta, moment: datetime | None, now: datetime) -> bool:
    return moment is not None and now - moment < window


def mails_on_acceptance(has_mail: Collection[str]) -> tuple[MailName, ...]:
    """What goes out once a submission counts: at once, or when its address is confirmed."""
    return ("deliver",) if "deliver" in has_mail else ()
