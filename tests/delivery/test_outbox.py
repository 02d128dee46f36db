"""Draining the outbox: each mail once, none forgotten, and one that fails holds up no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.handler.funnel import Clock, Funnel, Mailbox, funnel_on

from leadpages.core.errors import StorageBusy
from leadpages.delivery.outbox import LEASE, Report, drain
from leadpages.delivery.outcomes import Bounced, NotLetIn, TryLater
from leadpages.delivery.transports import Transport
from leadpages.leads.model import CHANNELS, Channel
from leadpages.stores.protocol import OutboxItem
from leadpages.stores.sqlite.driver import sqlite3
from leadpages.stores.sqlite.store import SQLiteStore


class Scripted(Mailbox):
    """A mail host that answers by address: with a fault, or by taking the mail."""

    def __init__(self, faults: dict[str, Exception]) -> None:
        super().__init__()
        self.faults = faults
        self.closed = 0

    def send(self, message: EmailMessage) -> None:
        """Take `message`, or raise the fault of its recipient."""
        if fault := self.faults.get(message["To"]):
            raise fault
        super().send(message)

    def close(self) -> None:
        """Count the goodbyes."""
        self.closed += 1

    @property
    def recipients(self) -> list[str]:
        """Who got a mail, in that order."""
        return [str(mail["To"]) for mail in self.mails]


def sign_up(funnel: Funnel, *names: str) -> None:
    """One lead each, a second apart."""
    for name in names:
        funnel.post("guide", {"email": f"{name}@example.com"})
        funnel.clock.advance(seconds=1)


def run(funnel: Funnel, transport: Transport) -> Report:
    return drain(funnel.service.store, funnel.composer(), transport, funnel.hooks(), funnel.clock)


def states(tmp_path: Path) -> list[tuple[str, int, str]]:
    """State, attempts and reason of every item, oldest first."""
    with closing(sqlite3.connect(tmp_path / "leads.db")) as connection:
        return list(connection.execute("SELECT state, attempts, reason FROM outbox ORDER BY created_at, id"))


def test_all_that_is_due_is_sent_once_oldest_first(funnel: Funnel, tmp_path: Path) -> None:
    """A second drain finds nothing, and the mail host hears goodbye each time."""
    sign_up(funnel, "ann", "bob", "cat")
    host = Scripted({})
    assert run(funnel, host) == Report(sent=3)
    assert run(funnel, host) == Report()
    assert host.recipients == ["ann@example.com", "bob@example.com", "cat@example.com"]
    assert states(tmp_path) == [("sent", 1, "")] * 3
    assert host.closed == 2


def test_a_mail_that_is_put_off_holds_up_no_other(funnel: Funnel, tmp_path: Path) -> None:
    """It is tried again after a minute."""
    sign_up(funnel, "ann", "bob")
    host = Scripted({"ann@example.com": TryLater("450 mailbox busy")})
    assert run(funnel, host) == Report(sent=1, put_off=1)
    assert states(tmp_path) == [("due", 1, "450 mailbox busy"), ("sent", 1, "")]
    host.faults.clear()
    funnel.clock.advance(seconds=59)
    assert run(funnel, host) == Report()
    funnel.clock.advance(seconds=1)
    assert run(funnel, host) == Report(sent=1)


def test_tries_grow_rarer_and_end_after_a_day(funnel: Funnel, tmp_path: Path) -> None:
    """Then the mail is buried where its owner sees it, with the last reason."""
    sign_up(funnel, "ann")
    host = Scripted({"ann@example.com": TryLater("450 mailbox busy")})
    gaps = []
    last = funnel.clock()
    while states(tmp_path)[0][0] == "due":
        if run(funnel, host) != Report():
            gaps.append((funnel.clock() - last) // timedelta(minutes=1))
            last = funnel.clock()
        funnel.clock.advance(minutes=1)
    assert gaps == [0, 1, 5, 30, 120, 360, 960]
    assert states(tmp_path) == [("dead", 7, "450 mailbox busy")]
    dossier = funnel.service.store.dossier("ann@example.com")
    assert dossier is not None
    assert dossier.events[-1].kind == "mail_dead"


def test_a_bounce_ends_it_at_once(funnel: Funnel, tmp_path: Path) -> None:
    """With what the mail host said; the others go out."""
    sign_up(funnel, "ann", "bob")
    host = Scripted({"ann@example.com": Bounced("550 no such mailbox")})
    assert run(funnel, host) == Report(sent=1, dead=1)
    assert states(tmp_path) == [("dead", 1, "bounced: 550 no such mailbox"), ("sent", 1, "")]


def test_a_refused_password_pauses_all_and_burns_nothing(funnel: Funnel, tmp_path: Path) -> None:
    """Every mail is free at once, with no attempt counted, for when someone has mended it."""
    sign_up(funnel, "ann", "bob", "cat")
    host = Scripted({"bob@example.com": NotLetIn("535 refused")})
    assert run(funnel, host) == Report(sent=1, paused="535 refused")
    assert states(tmp_path) == [("sent", 1, ""), ("due", 0, ""), ("due", 0, "")]
    host.faults.clear()
    assert run(funnel, host) == Report(sent=2)


@pytest.mark.parametrize("fault", [RuntimeError("odd"), KeyError("x"), ValueError("odd"), OSError("odd")])
def test_an_unforeseen_fault_stops_neither_worker_nor_queue(funnel: Funnel, tmp_path: Path, fault: Exception) -> None:
    """That one mail is put off, so that it goes out once the fault is mended; the others go now."""
    sign_up(funnel, "ann", "bob")
    host = Scripted({"ann@example.com": fault})
    assert run(funnel, host) == Report(sent=1, put_off=1)
    ((state, attempts, reason), _) = states(tmp_path)
    assert (state, attempts, type(fault).__name__ in reason) == ("due", 1, True)
    host.faults.clear()
    funnel.clock.advance(minutes=1)
    assert run(funnel, host) == Report(sent=1)


def test_a_mail_that_cannot_be_written_holds_up_no_other(funnel: Funnel, tmp_path: Path) -> None:
    """An address from before a rule was tightened, say."""
    sign_up(funnel, "ann", "bob")
    with closing(sqlite3.connect(tmp_path / "leads.db")) as connection:
        connection.execute("UPDATE leads SET email = 'ann@example.com, x' || char(10) WHERE email LIKE 'ann%'")
        connection.commit()
    host = Scripted({})
    assert run(funnel, host) == Report(sent=1, put_off=1)
    assert host.recipients == ["bob@example.com"]


def test_a_mail_that_left_the_project_is_buried_with_the_reason(bundle: Path, funnel: Funnel, tmp_path: Path) -> None:
    """Nobody can send it; it says which one it was."""
    sign_up(funnel, "ann")
    folder = tmp_path / "bundle"
    folder.mkdir()
    text = (bundle / "bundle.json").read_text("utf-8")
    (folder / "bundle.json").write_text(text.replace('"confirm": {', '"other": {'), "utf-8")
    with funnel_on(folder, SQLiteStore(tmp_path / "leads.db")) as later:
        later.clock.now = funnel.clock()
        assert later.deliver() == Report(dead=1)
    assert states(tmp_path) == [("dead", 1, "the bundle has no mail `confirm` for form `guide`")]


def unsubscribe(funnel: Funnel) -> None:
    (_, kept), *_ = funnel.service.store.submissions()
    funnel.service.store.unsubscribe(kept.id, "by link", lambda _: (), funnel.clock())


def confirm(funnel: Funnel) -> None:
    (_, kept), *_ = funnel.service.store.submissions()
    funnel.service.store.confirm(kept.id, lambda _: (), funnel.clock())


@pytest.mark.parametrize(("change", "reason"), [(unsubscribe, "unsubscribed since"), (confirm, "confirmed already")])
def test_a_mail_that_is_no_longer_wanted_is_cancelled(
    funnel: Funnel, tmp_path: Path, change: Callable[[Funnel], None], reason: str
) -> None:
    """The worker looks again just before it sends."""
    sign_up(funnel, "ann")
    change(funnel)
    host = Scripted({})
    assert run(funnel, host) == Report(cancelled=1)
    assert host.mails == []
    assert states(tmp_path) == [("cancelled", 0, reason)]


def test_a_lead_that_was_erased_gets_no_mail(bundle: Path, tmp_path: Path) -> None:
    """Also when the worker holds the mail already."""
    store = ErasingStore(tmp_path / "leads.db")
    with funnel_on(bundle, store) as funnel:
        sign_up(funnel, "ann")
        host = Scripted({})
        assert run(funnel, host) == Report(cancelled=1)
        assert host.mails == []


class ErasingStore(SQLiteStore):
    """A store whose lead is erased just after a worker has claimed the mail."""

    def claim(
        self, limit: int, lease: timedelta, now: datetime, channels: Sequence[Channel] = CHANNELS
    ) -> list[OutboxItem]:
        """Claim, then erase."""
        items = super().claim(limit, lease, now, channels)
        with closing(sqlite3.connect(self._path)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("DELETE FROM leads")
            connection.commit()
        return items


def test_many_workers_send_each_mail_once(funnel: Funnel, bundle: Path, tmp_path: Path) -> None:
    """Four at once, each with a connection of its own."""
    names = [f"lead{number}" for number in range(40)]
    sign_up(funnel, *names)
    hosts = [Scripted({}) for _ in range(4)]

    def work(host: Scripted) -> Report:
        with closing(SQLiteStore(tmp_path / "leads.db")) as store:
            return drain(store, funnel.composer(), host, funnel.hooks(), funnel.clock)

    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(work, hosts))
    got = [recipient for host in hosts for recipient in host.recipients]
    assert sorted(got) == sorted(f"{name}@example.com" for name in names)
    assert sum(report.sent for report in reports) == 40


class Noting(SQLiteStore):
    """A store that takes its time to note what was sent."""

    noted = 0

    def mark_sent(self, item: OutboxItem, now: datetime) -> bool:
        """Take that time, and count."""
        time.sleep(0.02)
        done = super().mark_sent(item, now)
        self.noted += 1
        return done


def test_at_most_two_mails_are_sent_and_not_noted(funnel: Funnel, tmp_path: Path) -> None:
    """A crash at any moment sends no more than these again, and after a drain all are noted."""
    sign_up(funnel, *(f"lead{number}" for number in range(6)))
    unnoted = []
    with closing(Noting(tmp_path / "leads.db")) as store:

        class Host(Mailbox):
            def send(self, message: EmailMessage) -> None:
                super().send(message)
                unnoted.append(len(self.mails) - store.noted)

        host = Host()
        assert drain(store, funnel.composer(), host, funnel.hooks(), funnel.clock) == Report(sent=6)
        assert max(unnoted) <= 2
        assert store.noted == 6


class Slow(Mailbox):
    """A mail host that takes four minutes for a mail, in which another worker gets its turn."""

    def __init__(self, clock: Clock, meanwhile: Iterable[Callable[[], object]]) -> None:
        super().__init__()
        self._clock = clock
        self._meanwhile = iter(meanwhile)

    def send(self, message: EmailMessage) -> None:
        """Take `message`, and time."""
        super().send(message)
        self._clock.advance(minutes=4)
        next(self._meanwhile, lambda: None)()


def test_a_slow_mail_host_makes_no_mail_go_out_twice(funnel: Funnel) -> None:
    """The last of many mails is not held so long that its lease runs out before its turn."""
    sign_up(funnel, *(f"lead{number}" for number in range(6)))
    other = Scripted({})
    slow = Slow(funnel.clock, [lambda: run(funnel, other)] * 6)
    run(funnel, slow)
    got = [str(mail["To"]) for mail in slow.mails] + other.recipients
    assert sorted(got) == sorted(f"lead{number}@example.com" for number in range(6))


def test_a_worker_that_died_is_replaced_after_its_lease(funnel: Funnel) -> None:
    """Not before."""
    sign_up(funnel, "ann")
    (held,) = funnel.service.store.claim(1, LEASE, funnel.clock())
    host = Scripted({})
    assert run(funnel, host) == Report()
    funnel.clock.advance(minutes=5)
    assert run(funnel, host) == Report(sent=1)
    assert funnel.service.store.mark_sent(held, funnel.clock()) is False


def test_a_store_that_fails_ends_the_conversation_and_is_heard(funnel: Funnel, tmp_path: Path) -> None:
    """The caller decides when to go on; the mail host's connection is not left open."""
    sign_up(funnel, "ann")
    host = Scripted({})
    with closing(sqlite3.connect(tmp_path / "leads.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageBusy):
            run(funnel, host)
    assert host.closed == 1
    assert run(funnel, host) == Report(sent=1)
