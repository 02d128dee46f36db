"""Mails that came back: which are about a mailbox that is not there, which are complaints, and which say nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import RunCli

from leadpages.delivery.bounces import Returned, read_return, split_mailbox
from leadpages.leads.intake import Intake
from leadpages.leads.model import Delivery, Submission
from leadpages.stores.sqlite.store import SQLiteStore

ID = "0123456789abcdef0123456789abcdef"


def dsn(
    status: str = "5.1.1",
    action: str = "failed",
    recipient: str = "rfc822;ann@example.com",
    original: str = f"text/rfc822-headers\n\nMessage-ID: <{ID}@www.example.com>\nTo: ann@example.com\n",
) -> bytes:
    """A notification as Postfix writes it."""
    return f"""\
From: MAILER-DAEMON@mx.example.net
To: hello@www.example.com
Subject: Undelivered Mail Returned to Sender
Message-ID: <other@mx.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: Sun, 22 Nov 2026 12:00:00 +0000

Final-Recipient: {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} no such user

--b
Content-Type: {original}
--b--
""".encode()


WHOLE = f"message/rfc822\n\nMessage-ID: <{ID}@www.example.com>\nTo: ann@example.com\nSubject: Hi\n\nHello.\n"
COMPLAINT = f"""\
From: feedback@mail.example.net
To: hello@www.example.com
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an abuse report.

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Rcpt-To: <ann@example.com>

--b
Content-Type: {WHOLE}
--b--
""".encode()


@pytest.mark.parametrize(
    ("mail", "expected"),
    [
        (dsn(), Returned("bounced", ID, "ann@example.com")),
        (dsn(original=WHOLE), Returned("bounced", ID, "ann@example.com")),
        (dsn(original="text/plain\n\nnothing\n"), Returned("bounced", "", "ann@example.com")),
        (dsn("5.0.0"), Returned("bounced", ID, "ann@example.com")),
        (dsn("5.7.1"), Returned("transient", ID, "ann@example.com")),
        (dsn("4.2.2"), Returned("transient", ID, "ann@example.com")),
        (dsn("4.4.1", "delayed"), Returned("transient", ID, "ann@example.com")),
        (dsn(recipient="RFC822; <ann@example.com>"), Returned("bounced", ID, "ann@example.com")),
        (COMPLAINT, Returned("complained", ID, "ann@example.com")),
        (
            COMPLAINT.replace(b"Original-Rcpt-To: <ann@example.com>\n", b""),
            Returned("complained", ID, "ann@example.com"),
        ),
        (dsn().replace(b"\n", b"\r\n"), Returned("bounced", ID, "ann@example.com")),
    ],
)
def test_a_report_says_what_became_of_which_mail(mail: bytes, expected: Returned) -> None:
    """By our own Message-ID where it came back, and by the address."""
    assert read_return(mail) == [expected]


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"Subject: Out of office\n\nI am back on Monday.\n",
        dsn(action="delivered", status="2.1.5"),
        COMPLAINT.replace(b"Feedback-Type: abuse", b"Feedback-Type: not-spam"),
    ],
)
def test_other_mail_says_nothing(mail: bytes) -> None:
    """Answers by machines and good news."""
    assert read_return(mail) == []


@given(st.binary(max_size=600) | st.builds(lambda at, x: dsn()[:at] + x + dsn()[at:], st.integers(0, 900), st.binary()))
def test_no_mail_is_too_broken_to_be_read(mail: bytes) -> None:
    """Whoever can write to the mailbox can write anything."""
    for one in split_mailbox(mail):
        read_return(one)


def mbox(*mails: bytes) -> bytes:
    return b"".join(b"From MAILER-DAEMON Sun Nov 22 12:00:00 2026\n" + mail + b"\n" for mail in mails)


def test_a_mailbox_is_split_where_its_mails_begin() -> None:
    """A quoted `From` in a text begins none; one mail alone is a mailbox, too."""
    text = b"Subject: Hi\n\n>From here on\n"
    assert [mail.strip() for mail in split_mailbox(mbox(dsn(), text, COMPLAINT))] == [
        dsn().strip(),
        b"Subject: Hi\n\nFrom here on",
        COMPLAINT.strip(),
    ]
    assert split_mailbox(dsn()) == [dsn()]
    assert split_mailbox(b"") == []


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SQLiteStore]:
    """Three leads, to each of whom a mail was sent."""
    monkeypatch.setenv("LEADPAGES_DATABASE_URL", f"sqlite:///{tmp_path / 'leads.db'}")
    monkeypatch.setenv("LEADPAGES_SECRET_KEYS", "kJ8sD2fGq5Lw9Xz3Vb7Nm1Rt6Yp4Hc0A")
    at = datetime.now(UTC) - timedelta(hours=1)
    with closing(SQLiteStore(tmp_path / "leads.db")) as store:
        for name in ("ann", "bob", "cat"):
            sent = Submission(name, "guide", f"{name}@example.com", {}, (), "/", at)
            store.add_submission(sent, lambda _: Intake("received", deliveries=(Delivery("mail", "deliver"),)))
        for item in store.claim(3, timedelta(minutes=5), datetime.now(UTC)):
            store.mark_sent(item, datetime.now(UTC))
        yield store


def test_addresses_that_do_not_exist_get_no_more_mail(run_cli: RunCli, store: SQLiteStore, tmp_path: Path) -> None:
    """Found by the mail's id, whatever address the far host has made of it, or by the address alone."""
    ids = {row.email: row.id for row in store.outbox(("sent",))}
    file = tmp_path / "bounces.mbox"
    moved = dsn(recipient="rfc822; someone@else.example").replace(ID.encode(), ids["ann@example.com"].encode())
    complaint = COMPLAINT.replace(ID.encode(), b"unknown").replace(b"ann@", b"bob@")
    later = dsn("4.2.2", recipient="rfc822; cat@example.com")
    stranger = dsn(recipient="rfc822; nobody@example.org")
    file.write_bytes(mbox(moved, complaint, later, stranger, b"Subject: Hi\n\nHello\n"))

    ran = run_cli("bounces", file)

    assert (ran.code, ran.stdout) == (
        0,
        "1 bounced, 1 complained, 1 may arrive yet, 1 to nobody known, 1 other mails\n",
    )
    assert {lead.email: lead.suppressed_for for lead in store.leads()} == {
        "ann@example.com": "bounced",
        "bob@example.com": "complained",
        "cat@example.com": None,
    }
    counts = json.loads(run_cli("bounces", file, "--json").stdout)
    assert counts == {"bounced": 1, "complained": 1, "transient": 1, "unknown": 1, "other": 1}
