"""`leadpages outbox`: what waits, what went and what did not, and a hand to lend."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.conftest import RunCli

from leadpages.leads.intake import Intake
from leadpages.leads.model import Delivery, Submission
from leadpages.stores.sqlite.store import SQLiteStore

LEASE = timedelta(minutes=5)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SQLiteStore]:
    """The store of the environment: a mail that is due, one that was sent, a dead call with an ugly reason."""
    monkeypatch.setenv("LEADPAGES_DATABASE_URL", f"sqlite:///{tmp_path / 'leads.db'}")
    monkeypatch.setenv("LEADPAGES_SECRET_KEYS", "kJ8sD2fGq5Lw9Xz3Vb7Nm1Rt6Yp4Hc0A")
    at = datetime.now(UTC) - timedelta(hours=1)
    with closing(SQLiteStore(tmp_path / "leads.db")) as store:
        for number, channel in enumerate(("mail", "mail", "webhook")):
            name = "crm" if channel == "webhook" else "deliver"
            sent = Submission(
                f"s{number}", "guide", f"a{number}@example.com", {}, (), "/", at + timedelta(minutes=number)
            )
            told = (Delivery(channel, name),)  # type: ignore[arg-type]
            store.add_submission(sent, lambda _, told=told: Intake("received", deliveries=told))  # type: ignore[misc]
        first, second, third = store.claim(3, LEASE, datetime.now(UTC))
        store.mark_retry(first, "450 later", datetime.now(UTC))
        store.mark_sent(second, datetime.now(UTC))
        store.mark_ended(third, "dead", "500 \x1b[31mred\x1b[0m\u202eno\ncrash", datetime.now(UTC))
        yield store


def ids(store: SQLiteStore, *states: str) -> list[str]:
    return [row.id for row in store.outbox(states)]  # type: ignore[arg-type]


def test_list(run_cli: RunCli, store: SQLiteStore) -> None:
    """A line for each, the newest first, and nothing in it that does something to a terminal."""
    ran = run_cli("outbox", "list")
    assert ran.code == 0
    assert "\x1b" not in ran.stdout
    assert "\u202e" not in ran.stdout
    head, *lines = ran.stdout.splitlines()
    assert head.split() == ["ID", "STATE", "TRIES", "DUE", "OR", "ENDED", "WHAT", "E-MAIL", "REASON"]
    assert [line.split()[1] for line in lines] == ["dead", "sent", "due"]
    assert lines[0].split()[5:8] == ["webhook", "crm", "(guide)"] or "webhook crm (guide)" in lines[0]
    assert lines[2].endswith("450 later")
    assert run_cli("outbox", "list", "--limit", "2").stdout.splitlines() == [head, *lines[:2]]


def test_list_by_state_as_json(run_cli: RunCli, store: SQLiteStore) -> None:
    """One object a line, of the states that were asked for."""
    ran = run_cli("outbox", "list", "--state", "dead", "--state", "due", "--json")
    dead, due = map(json.loads, ran.stdout.splitlines())
    assert (dead["state"], dead["channel"], dead["attempts"], dead["email"]) == ("dead", "webhook", 1, "a2@example.com")
    assert (due["state"], due["ended_at"], due["reason"]) == ("due", None, "450 later")
    assert run_cli("outbox", "list", "--state", "lost").code == 2


def test_retry(run_cli: RunCli, store: SQLiteStore) -> None:
    """By id, or all that are dead; what was sent can be sent again."""
    (dead,), (sent,), (due,) = ids(store, "dead"), ids(store, "sent"), ids(store, "due")
    ran = run_cli("outbox", "retry", "--dead")
    assert (ran.code, ran.stdout) == (0, "1 due again\n")
    assert ids(store, "due") == [dead, due]
    assert run_cli("outbox", "retry", sent).stdout == "1 due again\n"
    ran = run_cli("outbox", "retry", due, "nothing\x1b[0m")
    assert (ran.code, ran.stdout) == (1, "0 due again\n")
    assert ran.stderr.count("has not ended, or is unknown") == 2
    assert "\x1b" not in ran.stderr
    assert run_cli("outbox", "retry").code == run_cli("outbox", "retry", due, "--dead").code == 2


def test_bury(run_cli: RunCli, store: SQLiteStore) -> None:
    """Only what is due can be."""
    (due,), (sent,) = ids(store, "due"), ids(store, "sent")
    assert run_cli("outbox", "bury", due).stdout == "1 buried\n"
    assert due in ids(store, "dead")
    ran = run_cli("outbox", "bury", sent)
    assert (ran.code, "is not due, or is unknown" in ran.stderr) == (1, True)
