"""A notice: what an owner of the site reads of a new lead, and how to answer it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import NEWSLETTER, Files, render, write_files
from tests.delivery.test_compose import body, sent
from tests.handler.funnel import Funnel, funnel_on, write_bundle

from leadpages.delivery.outbox import Report
from leadpages.stores.sqlite.store import SQLiteStore

CONFIG = 'title = "Test site"\nbase_url = "https://www.example.com"\n'
FIELDS = """
[[fields]]
name = "about"
type = "textarea"
label = "What *can* we do? {{ email }}"
[[fields]]
name = "phone"
type = "tel"
label = "Phone"
"""
PROJECT = {
    "leadpages.toml": CONFIG,
    "forms/call.toml": 'double_opt_in = false\nnotify = ["sales@example.com", "bob@example.com"]\n'
    + NEWSLETTER
    + FIELDS,
    "forms/news.toml": 'notify = ["sales@example.com"]\n' + NEWSLETTER,
}


def running(files: Files, tmp_path: Path) -> Iterator[Funnel]:
    bundle = tmp_path / "bundle"
    write_bundle(render(write_files(tmp_path / "project", files)), bundle)
    with funnel_on(bundle, SQLiteStore(tmp_path / "leads.db")) as funnel:
        yield funnel


@pytest.fixture
def funnel(tmp_path: Path) -> Iterator[Funnel]:
    """A site whose owners want to know."""
    yield from running(PROJECT, tmp_path)


@pytest.fixture
def german(tmp_path: Path) -> Iterator[Funnel]:
    """A German site with an English edition."""
    yield from running({**PROJECT, "leadpages.toml": CONFIG + 'language = "de"\n[languages.en]\n'}, tmp_path)


def test_each_owner_gets_a_notice_that_can_be_answered(funnel: Funnel) -> None:
    """Reply goes to the lead; there is nothing to unsubscribe from, and nothing that could tell of its reading."""
    funnel.post("call", {"email": "ann@example.com", "about": "one\ntwo", "_page": "/offer/"})
    assert funnel.deliver() == Report(sent=2)
    assert sorted(mail["To"] for mail in funnel.mailbox.mails) == ["bob@example.com", "sales@example.com"]
    mail = sent(funnel.mailbox.mails[0])
    assert mail["From"] == "Test site <hello@www.example.com>"
    assert mail["Reply-To"] == "ann@example.com"
    assert mail["Subject"] == "News by mail: ann@example.com"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "List-Unsubscribe" not in mail
    assert body(mail, "plain") == (
        "ann@example.com has sent the form “News by mail”.\n\n"
        "- E-mail: ann@example.com\n- What can we do? {{ email }}: one\ntwo\n- Phone: –\n\n"
        "Sent from https://www.example.com/offer/, 2026-11-22 12:00 UTC.\n\nRisk: 0 of 100 (nothing found).\n\n"
        "--------------------\n\nA reply to this mail goes to ann@example.com.\n"
    )
    html = body(mail, "html")
    assert "<title>News by mail</title>" in html
    assert "one<br>two" in html
    assert "<img" not in html
    assert "/u/" not in html


def test_what_a_visitor_typed_is_inert(funnel: Funnel) -> None:
    """Text in both bodies."""
    funnel.post(
        "call", {"email": "ann@example.com", "about": '<a href="https://evil.example">**x**</a>\n{{ confirm_url }}'}
    )
    funnel.deliver()
    mail = sent(funnel.mailbox.mails[0])
    assert "evil.example&quot;&gt;**x**&lt;/a&gt;<br>{{ confirm_url }}" in body(mail, "html")
    assert '<a href="https://evil.example">**x**</a>' in body(mail, "plain")


def test_writing_that_runs_backwards_ends_with_the_answer(funnel: Funnel) -> None:
    """What stands after it reads as ever; Hebrew needs no marks, and stays as it is."""
    funnel.post("call", {"email": "ann@example.com", "about": "\u202etxet\u2067", "phone": "030 12345"})
    funnel.deliver()
    funnel.post("call", {"email": "bob@example.com", "about": "\u05e9\u05dc\u05d5\u05dd"})
    funnel.deliver()
    first, second = (body(sent(mail), "plain") for mail in (funnel.mailbox.mails[0], funnel.mailbox.mails[-1]))
    assert ": \u2068txet\u2069\n- Phone: 03012345" in first
    assert ": \u05e9\u05dc\u05d5\u05dd\n" in second


def test_there_is_no_notice_of_an_address_that_is_not_confirmed(funnel: Funnel) -> None:
    """Whoever types a stranger's address is no lead yet."""
    funnel.post("news")
    assert funnel.deliver() == Report(sent=1)
    assert funnel.mailbox.mails[0]["To"] == "ann@example.com"
    funnel.client.post(funnel.link("/c/"))
    assert funnel.deliver() == Report(sent=1)
    assert funnel.mailbox.mails[1]["To"] == "sales@example.com"


def test_a_notice_goes_out_also_for_who_left_since_but_not_for_who_was_erased(funnel: Funnel) -> None:
    """It is the owner's mail, and about a lead."""
    funnel.post("call", {"email": "ann@example.com"})
    funnel.post("call", {"email": "bob@example.com"})
    store = funnel.service.store
    for _, kept in store.submissions():
        if kept.email == "ann@example.com":
            store.unsubscribe(kept.id, "by link", lambda _: (), funnel.clock())
    store.erase("bob@example.com", ("mark",), funnel.clock())
    assert funnel.deliver() == Report(sent=2)


def test_notices_speak_the_language_of_the_site(german: Funnel) -> None:
    """Not that of the visitor."""
    german.client.post("/f/call?language=en", data={"email": "ann@example.com"})
    german.deliver()
    assert "hat das Formular" in body(sent(german.mailbox.mails[0]), "plain")


def test_a_form_may_have_a_notice_of_its_own(tmp_path: Path) -> None:
    """In Markdown, as its other mails; one that nobody gets is a warning."""
    own = "---\nsubject: 'Call {{ phone or \"nobody\" }}'\n---\n\nOn {{ sent.page }}:\n\n{{ form.answers }}\n"
    text = str(PROJECT["forms/call.toml"])
    files = {"leadpages.toml": CONFIG, "forms/call/form.toml": text, "forms/call/notice.md": own}
    for funnel in running(files, tmp_path):
        funnel.post("call", {"email": "ann@example.com"})
        funnel.deliver()
        assert funnel.mailbox.mails[0]["Subject"] == "Call nobody"
    write_files(tmp_path / "project", {"forms/call/form.toml": text.replace("notify", "#")})
    (warning,) = render(tmp_path / "project").warnings
    assert (warning.path, warning.message) == ("forms/call/notice.md", "no mail is sent from this file")
