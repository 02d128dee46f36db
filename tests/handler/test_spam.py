"""Programs: they are answered like people, and have no effect."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from tests.handler.funnel import Funnel, seen

from leadpages.core.forms import HONEYPOT_FIELD, STARTED_FIELD
from leadpages.core.signing import Tokens
from leadpages.handler.guards import start_token
from leadpages.stores.sqlite.driver import sqlite3


def reasons(tmp_path: Path) -> list[str]:
    """Why each kept submission is in quarantine, "" where it is not."""
    with closing(sqlite3.connect(tmp_path / "leads.db")) as connection:
        return [reason for (reason,) in connection.execute("SELECT quarantined_for FROM submissions ORDER BY rowid")]


def suspicious(funnel: Funnel) -> dict[str, dict[str, str]]:
    """Posts that a program makes, by the reason to distrust them."""
    now = funnel.clock()
    other = Tokens(["Bn2Mm4Kk6Jj8Hh0g"])
    return {
        "honeypot": {HONEYPOT_FIELD: "https://spam.example"},
        "too fast": {STARTED_FIELD: start_token(funnel.service.tokens, now)},
        "forged start time": {STARTED_FIELD: start_token(other, now)},
    }


@pytest.mark.parametrize("reason", ["honeypot", "too fast", "forged start time"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_program_is_answered_like_a_person_and_kept_apart(
    funnel: Funnel, tmp_path: Path, reason: str, accept: str
) -> None:
    """Same status, headers and body; the row waits for a look, without a lead and without a mail."""
    trap = suspicious(funnel)[reason]
    bad = funnel.post("guide", {"email": "bot@example.com", **trap}, Accept=accept)
    good = funnel.post("guide", {"email": "ann@example.com"}, Accept=accept)
    assert seen(bad) == seen(good)
    assert reasons(tmp_path) == [reason, ""]
    assert [lead.email for lead in funnel.service.store.leads()] == ["ann@example.com"]
    assert funnel.deliver().sent == 1
    assert [mail["To"] for mail in funnel.mailbox.mails] == ["ann@example.com"]


@pytest.mark.parametrize(
    ("seconds", "reason"), [(0, "too fast"), (1.9, "too fast"), (2, ""), (3600, ""), (90 * 86400, "")]
)
def test_a_person_takes_a_moment(funnel: Funnel, tmp_path: Path, seconds: float, reason: str) -> None:
    """Two seconds are the form's least time; there is no most."""
    started = start_token(funnel.service.tokens, funnel.clock())
    funnel.clock.advance(seconds=seconds)
    funnel.post("guide", {"email": "ann@example.com", STARTED_FIELD: started})
    assert reasons(tmp_path) == [reason]


@pytest.mark.parametrize("started", ["", None])
def test_a_visitor_without_scripts_is_no_program(funnel: Funnel, tmp_path: Path, started: str | None) -> None:
    """No start time is no reason, and an empty trap is none."""
    answers = {"email": "ann@example.com", HONEYPOT_FIELD: ""}
    funnel.post("guide", answers | ({} if started is None else {STARTED_FIELD: started}))
    assert reasons(tmp_path) == [""]


@pytest.mark.parametrize("purpose", ["confirm", "download", "unsubscribe"])
def test_a_link_is_no_start_time(funnel: Funnel, tmp_path: Path, purpose: str) -> None:
    """A token that was made for something else is forged here."""
    token = funnel.service.tokens.make(purpose, "1", funnel.clock())  # type: ignore[arg-type]
    funnel.post("guide", {"email": "ann@example.com", STARTED_FIELD: token})
    assert reasons(tmp_path) == ["forged start time"]


@pytest.mark.parametrize(
    ("email", "reason"),
    [
        ("mallory@example.org", "blocked address"),
        ("MALLORY@EXAMPLE.ORG", "blocked address"),
        ("Any.One@spam.example.net", "blocked domain"),
        ("ann@mail.deep.Spam.Example.net", "blocked domain"),
        ("ann@xn--bcher-kva.example.com", "blocked domain"),
        ("ann@BÜCHER.example.com", "blocked domain"),
        ("ann@example.org", ""),
        ("mallory@mail.example.org", ""),
        ("ann@example.net", ""),
        ("ann@nospam.example.net", ""),
        ("spam.example.net@example.com", ""),
    ],
)
def test_from_whom_nothing_is_taken(funnel: Funnel, tmp_path: Path, email: str, reason: str) -> None:
    """An address, or a domain with all below it, however it is written: the same reply, and no effect."""
    reply = funnel.post("guide", {"email": email})
    assert reasons(tmp_path) == [reason]
    assert funnel.deliver().sent == (0 if reason else 1)
    assert seen(reply) == seen(funnel.post("guide", {"email": "bob@example.com"}))


def test_spam_does_not_swallow_the_persons_own_post(funnel: Funnel) -> None:
    """The same answers, without the trap, are no repetition."""
    funnel.post("guide", {"email": "ann@example.com", HONEYPOT_FIELD: "x"})
    funnel.post("guide", {"email": "ann@example.com"})
    assert funnel.deliver().sent == 1
