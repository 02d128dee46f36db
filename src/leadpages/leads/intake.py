"""What becomes of a submission: which status the lead gets, what is sent to whom."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from leadpages.core.forms import Form, Happening
from leadpages.leads.model import Delivery, LeadStatus, Standing

#: A second post with the same answers in this time is the same one sent twice (a double click, a retry).
REPEAT_WINDOW: Final = timedelta(minutes=10)
#: However often someone types a stranger's address, the stranger is asked once in this time.
CONFIRMATION_PAUSE: Final = timedelta(hours=24)
SUPPRESSED: Final = "suppressed address"
#: What proves that no program sent a form is good for one submission.
REPLAYED: Final = "solution used before"
_CONFIRM: Final = Delivery("mail", "confirm", "submitted")
_DELIVER: Final = Delivery("mail", "deliver")


class Intake(NamedTuple):
    """The lead's status from now on, whether the submission waits for a confirmation, and what to send.

    With `quarantined_for`, none of that: the submission is kept and has no effect.
    """

    status: LeadStatus
    waiting: bool = False
    deliveries: tuple[Delivery, ...] = ()
    quarantined_for: str = ""


def take_in(form: Form, standing: Standing, has_mail: Collection[str], now: datetime) -> Intake:
    """Decide for a submission that is neither quarantined nor repeated.

    An address that was confirmed once is proven: it gets what it asks for at once, through any form, though
    not the same mail twice within `REPEAT_WINDOW`, whatever else was typed. Someone who unsubscribed stays so
    until they confirm anew: anybody can type their address into a form; the owners of the site hear of what they send.
    To one that is suppressed for another reason nothing is sent at all.
    """
    if standing.suppressed_for not in (None, "unsubscribed"):
        return Intake("unsubscribed", quarantined_for=SUPPRESSED)
    left = (standing.status or standing.suppressed_for) == "unsubscribed"
    submitted = _told(form, "submitted")
    if left and not form.double_opt_in:
        return Intake("unsubscribed", deliveries=submitted + _to_owners(on_acceptance(form, has_mail)))
    if not form.double_opt_in or standing.status == "confirmed":
        lately = _within(REPEAT_WINDOW, standing.delivery_queued_at, now)
        accepted = on_acceptance(form, has_mail)
        deliveries = _to_owners(accepted) if lately else accepted
        return Intake(standing.status or "received", deliveries=submitted + deliveries)
    asked = _within(CONFIRMATION_PAUSE, standing.confirmation_asked_at, now)
    return Intake("unsubscribed" if left else "pending", True, submitted + (() if asked else (_CONFIRM,)))


def _to_owners(deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
    """What does not go to the lead."""
    return tuple(delivery for delivery in deliveries if delivery.channel != "mail")


def on_acceptance(form: Form, has_mail: Collection[str]) -> tuple[Delivery, ...]:
    """What is sent once a submission counts: at once, or when its address is confirmed."""
    mail = (_DELIVER,) if "deliver" in has_mail else ()
    notices = tuple(Delivery("notice", address) for address in form.notify)
    return mail + notices + _told(form, "accepted")


def on_leaving(form: Form) -> tuple[Delivery, ...]:
    """What is sent when the lead who came by `form` unsubscribes."""
    return _told(form, "unsubscribed")


def _told(form: Form, happening: Happening) -> tuple[Delivery, ...]:
    return tuple(Delivery("webhook", hook.name, happening) for hook in form.webhooks if happening in hook.events)


def _within(window: timedelta, moment: datetime | None, now: datetime) -> bool:
    return moment is not None and now - moment < window
