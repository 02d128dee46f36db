"""Draining the outbox: claim under a lease, look again, send, and say what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from leadpages.core.logs import log
from leadpages.core.times import Clock
from leadpages.delivery.address_risks import Look, no_look
from leadpages.delivery.mail import Composer
from leadpages.delivery.outcomes import Bounced, NoSuchMailbox, NotLetIn, Rejected, TryLater, Unreachable
from leadpages.delivery.transports import Transport
from leadpages.delivery.webhooks import Webhooks
from leadpages.leads.model import Channel
from leadpages.stores.protocol import OutboxItem, Recipient, Store

#: Of each claim, nothing is begun later than `_BEGIN_WITHIN`; the rest of the lease is more than any one thing takes.
LEASE: Final = timedelta(minutes=5)
_BEGIN_WITHIN: Final = timedelta(minutes=1)
_BATCH: Final = 50
#: So long web hooks are called before it is the mails' turn again.
_HOOKS_TURN: Final = timedelta(seconds=20)
#: After attempt 1, 2, 3 and so on; when they are used up, about a day later, the item is dead.
_BACK_OFF: Final = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 360, 960))
#: However long the other side wants to be left alone.
_LONGEST_WAIT: Final = timedelta(days=1)

NEVER: Final = datetime.max.replace(tzinfo=UTC)

_MAILS: Final[tuple[Channel, ...]] = ("mail", "notice")
_HOOKS: Final[tuple[Channel, ...]] = ("webhook",)
_CALLED: Final = {"mail": "mail", "notice": "notice to", "webhook": "web hook"}


@dataclass(frozen=True, slots=True)
class Report:
    """What one drain did. `paused` is why mails stopped early, if they did."""

    sent: int = 0
    put_off: int = 0
    cancelled: int = 0
    dead: int = 0
    paused: str = ""


def drain(
    store: Store,
    composer: Composer,
    transport: Transport,
    hooks: Webhooks,
    clock: Clock,
    ends_at: datetime = NEVER,
    look: Look = no_look,
) -> Report:
    """Send everything that is due, and begin nothing from `ends_at` on; `look` at an address first.

    A crash between the other side's "accepted" and the note of it sends that thing again, two of them at most; its
    `Message-ID` or `webhook-id` is the same both times.
    """
    with ThreadPoolExecutor(1) as writer:
        return _Drain(store, composer, transport, hooks, clock, ends_at, look, _Notes(store, writer)).run()


class _Notes:
    """What was sent is noted while the next thing goes out: to be on the disk takes a note about as long."""

    def __init__(self, store: Store, writer: Executor) -> None:
        self._store, self._writer = store, writer
        self._next: tuple[OutboxItem, datetime] | None = None
        self._begun: Future[bool] | None = None

    def add(self, item: OutboxItem, now: datetime) -> None:
        """Have it that `item` was sent. The one before is noted by then."""
        self.wait()
        self._next = item, now

    def begin(self) -> None:
        """Write down what was added."""
        if self._next:
            self._begun, self._next = self._writer.submit(self._store.mark_sent, *self._next), None

    def wait(self) -> None:
        """Return when what was begun is noted. Raises StorageError."""
        if self._begun:
            begun, self._begun = self._begun, None
            begun.result()


class _Drain:
    """One drain, and what it has learnt on its way."""

    def __init__(
        self,
        store: Store,
        composer: Composer,
        transport: Transport,
        hooks: Webhooks,
        clock: Clock,
        ends_at: datetime,
        look: Look,
        notes: _Notes,
    ) -> None:
        self._store, self._composer, self._transport, self._hooks = store, composer, transport, hooks
        self._clock, self._ends_at, self._look, self._notes = clock, ends_at, look, notes
        self._counts: Counter[str] = Counter()
        self._paused = ""
        #: Why nothing is handed over there any more: one that does not answer takes its time, and once is enough.
        self._silent: dict[tuple[str, str], str] = {}

    def run(self) -> Report:
        """Mails and web hooks in turns, until none is due."""
        is_over = False
        while not is_over:
            self._send_mails()
            is_over = self._call_hooks() or self._clock() >= self._ends_at
        return Report(**self._counts, paused=self._paused)

    def _send_mails(self) -> None:
        try:
            while not self._paused and self._clock() < self._ends_at and (items := self._claim(_MAILS)):
                self._work_off(items, min(self._clock() + _BEGIN_WITHIN, self._ends_at))
        finally:
            self._transport.close()

    def _call_hooks(self) -> bool:
        """Whether all that were due have been called."""
        ends_at = min(self._clock() + _HOOKS_TURN, self._ends_at)
        while items := self._claim(_HOOKS):
            self._work_off(items, ends_at)
            if self._clock() >= ends_at:
                return False
        return True

    def _claim(self, channels: Sequence[Channel]) -> list[OutboxItem]:
        return self._store.claim(_BATCH, LEASE, self._clock(), channels)

    def _work_off(self, items: Sequence[OutboxItem], until: datetime) -> None:
        """Deliver what can be begun before `until`, and give the rest back."""
        try:
            for number, item in enumerate(items):
                if (self._paused and item.channel in _MAILS) or self._clock() >= until:
                    for left in items[number:]:
                        self._store.mark_released(left)
                    return
                self._deliver(item)
        finally:
            self._notes.begin()
            self._notes.wait()

    def _deliver(self, item: OutboxItem) -> None:
        recipient = self._store.recipient(item)
        self._notes.begin()  # not before: where nobody can read while another writes, this would have to wait
        if reason := _reason_to_cancel(item, recipient):
            self._end(item, "cancelled", reason)
            return
        assert recipient is not None  # noqa: S101  (a lead that is gone is a reason to cancel)
        if not self._is_known(item):
            called = _CALLED[item.channel]
            self._end(item, "dead", f"the bundle has no {called} `{item.name}` for form `{item.form}`")
            return
        peer = ("", "") if item.channel in _MAILS else (item.form, item.name)
        if peer in self._silent:
            self._put_off(item, self._silent[peer])
            return
        if not recipient.risks and (risks := self._look(recipient.email)):
            self._store.note_risks(recipient.email, risks)
            recipient = recipient._replace(risks=risks)
        try:
            self._hand_over(item, recipient)
        except NotLetIn as error:
            self._paused = error.message
            self._store.mark_released(item)
        except Unreachable as error:
            self._silent[peer] = error.message
            self._put_off(item, error.message)
        except TryLater as error:
            self._put_off(item, error.message, error.after)
        except Rejected as error:
            if isinstance(error, NoSuchMailbox) and item.channel == "mail":
                self._store.suppress(
                    recipient.email, self._composer.tokens.marks(recipient.email), "bounced", self._clock()
                )
            self._end(item, "dead", f"bounced: {error.message}" if isinstance(error, Bounced) else error.message)
        except Exception as error:
            # A fault of ours with this one thing: the others go out, and it waits for whoever mends us.
            log.exception("%s %s failed", item.channel, item.id)
            self._put_off(item, f"{type(error).__name__}: {error}")
        else:
            self._notes.add(item, self._clock())
            self._counts["sent"] += 1

    def _is_known(self, item: OutboxItem) -> bool:
        bundle = self._composer.bundle
        form, mails = bundle.forms.get(item.form), bundle.mails.get(item.form, {})
        if item.channel == "mail":
            return item.name in mails
        if item.channel == "notice":
            return form is not None and item.name in form.notify
        return form is not None and any(hook.name == item.name for hook in form.webhooks)

    def _hand_over(self, item: OutboxItem, recipient: Recipient) -> None:
        now = self._clock()
        if item.channel == "webhook":
            self._hooks.call(item, recipient, now)
        else:
            self._transport.send(self._composer.compose(item, recipient, now))

    def _put_off(self, item: OutboxItem, reason: str, asked: timedelta = timedelta()) -> None:
        if item.attempts >= len(_BACK_OFF):
            self._end(item, "dead", reason)
            return
        wait = max(_BACK_OFF[item.attempts], min(asked, _LONGEST_WAIT))
        self._store.mark_retry(item, reason, self._clock() + wait)
        self._counts["put_off"] += 1

    def _end(self, item: OutboxItem, state: Literal["cancelled", "dead"], reason: str) -> None:
        self._store.mark_ended(item, state, reason, self._clock())
        self._counts[state] += 1


def _reason_to_cancel(item: OutboxItem, recipient: Recipient | None) -> str:
    if recipient is None:
        return "the lead is gone"
    if item.channel != "mail":  # what goes to the owners of the site
        return ""
    if recipient.suppressed_for:
        return f"{recipient.suppressed_for} address"
    if recipient.unsubscribed_at and recipient.unsubscribed_at >= item.created_at:
        return "unsubscribed since"
    if item.name == "confirm" and recipient.status == "confirmed":
        return "confirmed already"
    return ""
