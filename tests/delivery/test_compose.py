"""A mail as it goes out: its headers, its two bodies, and nothing that a visitor could add."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.handler.funnel import NOW, SITE, Funnel

from leadpages.core.forms import Accepted, validate
from leadpages.leads.model import LeadStatus, Submission
from leadpages.stores.protocol import OutboxItem, Recipient

HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"]
UNSUBSCRIBE = ["List-Unsubscribe", "List-Unsubscribe-Post"]
BODY = ["MIME-Version", "Content-Type"]
ODD = (
    "Ann\r\nBcc: evil@example.com",
    "Ann\nBcc: evil@example.com",
    "Ann\u2028Bcc: evil@example.com",
    "Ann\x85Bcc: evil@example.com",
    "=?utf-8?q?Ann=0D=0ABcc:_evil@example.com?=",
    "=?utf-8?b?DQpCY2M6IGV2aWxAZXhhbXBsZS5jb20=?=",
    "=?utf-8?q?Ann?= =?utf-8?q?=0ABcc:_evil@example.com?=",
    "==??utf-8?q?=0ABcc:_evil@example.com?=",
    "Zoë " * 100,
    "ü" * 500,
    "a" * 500,
    "\u202eevil\u202c 😀",
    '"<ann@example.com>, evil@example.com',
)


def item(mail: str, form: str = "guide") -> OutboxItem:
    return OutboxItem("0123456789abcdef0123456789abcdef", "mail", mail, "accepted", form, "submission", NOW, 0, 1)


def recipient(
    values: Mapping[str, str | list[str]], email: str = "ann@example.com", status: LeadStatus = "pending"
) -> Recipient:
    return Recipient(email, status, None, None, Submission("submission", "guide", email, dict(values), (), "/", NOW))


def compose(funnel: Funnel, mail: str, now: datetime = NOW, **values: str) -> EmailMessage:
    return funnel.composer().compose(item(mail), recipient({"email": "ann@example.com", **values}), now)


def sent(mail: EmailMessage) -> EmailMessage:
    """The mail as the other side reads it."""
    return message_from_bytes(mail.as_bytes(), policy=SMTP)


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


def test_a_mail_says_who_it_is_from_and_what_it_is(funnel: Funnel) -> None:
    """One of each header, and the time is that of sending."""
    mail = sent(compose(funnel, "confirm"))
    assert sorted(mail.keys()) == sorted(HEADERS + BODY)
    assert mail["From"] == "Test site <hello@www.example.com>"
    assert mail["To"] == "ann@example.com"
    assert mail["Subject"] == "Please confirm: The guide"
    assert mail["Date"].datetime == NOW
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_a_mail_that_is_sent_twice_says_so_itself(funnel: Funnel) -> None:
    """Its Message-ID is the outbox row's, whenever it is written."""
    first, second = compose(funnel, "confirm"), compose(funnel, "confirm", datetime(2027, 1, 1, tzinfo=UTC))
    assert first["Message-ID"] == second["Message-ID"] == "<0123456789abcdef0123456789abcdef@www.example.com>"
    other = funnel.composer().compose(item("confirm")._replace(id="f" * 32), recipient({}), NOW)
    assert other["Message-ID"] != first["Message-ID"]


def test_every_mail_but_the_question_can_be_unsubscribed_in_one_click(funnel: Funnel) -> None:
    """The pair of RFC 8058, on one line each as mail programs want them, with a link that works."""
    assert "List-Unsubscribe" not in compose(funnel, "confirm")
    raw = compose(funnel, "deliver").as_bytes().decode("ascii")
    assert "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    found = re.search(rf"\r\nList-Unsubscribe: <{SITE}(/u/[\w.-]+)>\r\n", raw)
    assert found
    assert funnel.client.post(found[1], data="List-Unsubscribe=One-Click").status_code == 200


def test_a_gap_is_filled_in_both_bodies(funnel: Funnel) -> None:
    """With the value or its stand-in; links and terms are the form's."""
    mail = compose(funnel, "deliver", name="Zoë", about="one\ntwo")
    assert (mail["Subject"], compose(funnel, "deliver")["Subject"]) == ("Your guide, Zoë", "Your guide, friend")
    for kind in ("plain", "html"):
        assert "Zoë" in body(sent(mail), kind)
        assert "2 days" in body(sent(mail), kind)
        assert f"{SITE}/d/" in body(sent(mail), kind)
    assert "one\ntwo" in body(sent(mail), "plain")


def test_markup_that_a_visitor_typed_is_inert(funnel: Funnel) -> None:
    """It is text in the HTML, and as typed in the plain text."""
    script = '<script>alert(1)</script><img src="x" onerror=alert(1)>'
    mail = sent(compose(funnel, "deliver", name=script, about='"><a href="https://evil.example">'))
    html = body(mail, "html")
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="https://evil.example"' not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert script in body(mail, "plain")


def test_what_looks_like_a_gap_in_a_value_is_text(funnel: Funnel) -> None:
    """Nobody gets another's link by typing its name."""
    assert "{{ confirm_url }}" in body(sent(compose(funnel, "deliver", about="{{ confirm_url }}")), "plain")


@pytest.mark.parametrize("name", ODD)
def test_an_odd_name_adds_no_header(funnel: Funnel, name: str) -> None:
    """Line breaks in any disguise, encoded words too, end up as text of the subject."""
    mail = sent(compose(funnel, "deliver", name=name))
    assert sorted(mail.keys()) == sorted(HEADERS + UNSUBSCRIBE + BODY)
    assert mail["To"] == "ann@example.com"
    assert mail["Subject"].startswith("Your guide, ")
    assert not re.search(r"[\r\n\u2028\x85]", mail["Subject"])
    assert max(len(line) for line in compose(funnel, "deliver", name=name).as_bytes().splitlines()) <= 998


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200) | st.from_regex(r"=\?utf-8\?[qb]\?[ -~]{0,30}\?=", fullmatch=True), st.text(max_size=200))
def test_whatever_a_form_accepts_can_be_mailed(funnel: Funnel, name: str, about: str) -> None:
    """Any accepted answers make a mail with the same headers, and nothing is lost on the way."""
    form = funnel.service.bundle.forms["guide"]
    outcome = validate(form, {"email": ["ann@example.com"], "name": [name], "about": [about]})
    if not isinstance(outcome, Accepted):
        return
    composed = funnel.composer().compose(item("deliver"), recipient(outcome.values, outcome.email, "confirmed"), NOW)
    mail = sent(composed)
    assert sorted(mail.keys()) == sorted(HEADERS + UNSUBSCRIBE + BODY)
    assert str(outcome.values.get("about", "")) in body(mail, "plain")


LOCAL = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,30}", fullmatch=True)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LOCAL | st.from_regex(r"=\?utf-8\?q\?[A-Za-z=]{0,10}\?=", fullmatch=True))
def test_every_accepted_address_is_exactly_one_recipient(funnel: Funnel, local: str) -> None:
    """The mailbox arrives as it was validated."""
    outcome = validate(funnel.service.bundle.forms["guide"], {"email": [f"{local}@example.com"]})
    if not isinstance(outcome, Accepted):
        return
    mail = sent(funnel.composer().compose(item("confirm"), recipient({}, outcome.email), NOW))
    assert [address.addr_spec for address in mail["To"].addresses] == [outcome.email]
