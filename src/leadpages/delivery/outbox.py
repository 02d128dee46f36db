"""Draining the outbox: claim under a lease, look again, send, and say what came of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from leadpages.core.times import Clock
from leadpages.delivery.mail import Composer
from leadpages.delivery.transports import Bounced, NotLetIn, Transport, TryLater
from leadpages.stores.protocol import OutboxItem, Recipient, Store

log = logging.getLogger("leadpages")

#: Longer than any one mail takes. Items are claimed one by one: in a batch, the last would wait for the others
#: beyond its lease, and another worker would send it too.
LEASE: Final = timedelta(minutes=5)
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
    try:
        while not report.paused and (items := store.claim(1, LEASE, clock())):
            report = _deliver(items[0], store, composer, transport, clock, report)
    finally:
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
    if item.name not in composer.bundle.mails.get(item.form, {}):
        return _bury(item, store, clock, report, f"the bundle has no mail `{item.name}` for form `{item.form}`")
    try:
        transport.send(composer.compose(item, recipient, clock()))
    except NotLetIn as error:
        store.mark_released(item)
        return replace(report, paused=error.message)
    except TryLater as error:
        return _put_off(item, store, clock, report, error.message)
    except Bounced as error:
        return _bury(item, store, clock, report, f"bounced: {error.message}")
    except Exception as error:
        # A fault of ours with this one mail: the others go out, and it waits for whoever mends us.
        log.exception("mail %s failed", item.id)
        return _put_off(item, store, clock, report, f"{type(error).__name__}: {error}")
    store.mark_sent(item, clock())
    return replace(report, sent=report.sent + 1)


def _put_off(item: OutboxItem, store: Store, clock: Clock, report: Report, reason: str) -> Report:
    if item.attempts >= len(_BACK_OFF):
        return _bury(item, store, clock, report, reason)
    store.mark_retry(item, reason, clock() + _BACK_OFF[item.attempts])
    return replace(report, put_off=report.put_off + 1)


def _bury(item: OutboxItem, store: Store, clock: Clock, report: Report, reason: str) -> Report:
    store.mark_ended(item, "dead", reason, clock())
    return replace(report, dead=report.dead + 1)


def _reason_to_cancel(item: OutboxItem, recipient: Recipient | None) -> str:
    if recipient is None:
        return "the lead is gone"
    if recipient.suppressed_for:
        return f"{recipient.suppressed_for} address"
    if recipient.unsubscribed_at and recipient.unsubscribed_at >= item.created_at:
        return "unsubscribed since"
    if item.name == "confirm" and recipient.status == "confirmed":
        return "confirmed already"
    return ""
