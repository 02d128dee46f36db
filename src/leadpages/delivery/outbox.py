"""Draining the outbox: claim under a lease, look again, send, and say what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from leadpages.core.times import Clock
from leadpages.delivery.mail import Composer
from leadpages.delivery.transports import Bounced, NotLetIn, Transport, TryLater
from leadpages.stores.protocol import OutboxItem, Recipient, Store

LEASE: Final = timedelta(minutes=5)
_BATCH: Final = 20
#: After attempt 1, 2, 3 and so on; when they are used up, about a day later, the item is dead.
_BACK_OFF: Final = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 360, 960))


@dataclass(frozen=True, slots=True)
class Report:
    """What one drain did. `paused` is why it stopped early, if it did."""

    sent: int = 0
    put_off: int = 0
    cancelled: int = 0
    dead: int = 0
    paused: str = ""


def drain(store: Store, composer: Composer, transport: Transport, clock: Clock) -> Report:
    """Send everything that is due.

    A crash between the mail host's "accepted" and `mark_sent` sends that one mail again; its
    `Message-ID` is the same both times.
    """
    report = Report()
    while not report.paused and (items := store.claim(_BATCH, LEASE, clock())):
        for item in items:
            if report.paused:
                store.mark_released(item)
            else:
                report = _deliver(item, store, composer, transport, clock, report)
    transport.close()
    return report


def _deliver(
    item: OutboxItem, store: Store, composer: Composer, transport: Transport, clock: Clock, report: Report
) -> Report:
    recipient = store.recipient(item)
    if reason := _reason_to_cancel(item, recipient):
        store.mark_ended(item, "cancelled", reason, clock())
        return replace(report, cancelled=report.cancelled + 1)
    assert recipient is not None  # noqa: S101  (a lead that is gone is a reason to cancel)
    try:
        transport.send(composer.compose(item, recipient, clock()))
    except NotLetIn as error:
        store.mark_released(item)
        return replace(report, paused=error.message)
    except TryLater as error:
        if item.attempts < len(_BACK_OFF):
            store.mark_retry(item, error.message, clock() + _BACK_OFF[item.attempts])
            return replace(report, put_off=report.put_off + 1)
        return _bury(item, store, clock, report, error.message)
    except Bounced as error:
        return _bury(item, store, clock, report, f"bounced: {error.message}")
    except KeyError:
        return _bury(item, store, clock, report, f"the bundle has no mail `{item.mail}` for form `{item.form}`")
    store.mark_sent(item, clock())
    return replace(report, sent=report.sent + 1)


def _bury(item: OutboxItem, store: Store, clock: Clock, report: Report, reason: str) -> Report:
    store.mark_ended(item, "dead", reason, clock())
    return replace(report, dead=report.dead + 1)


def _reason_to_cancel(item: OutboxItem, recipient: Recipient | None) -> str:
    if recipient is None:
        return "the lead is gone"
    if recipient.unsubscribed_at and recipient.unsubscribed_at >= item.created_at:
        return "unsubscribed since"
    if item.mail == "confirm" and recipient.status == "confirmed":
        return "confirmed already"
    return ""
