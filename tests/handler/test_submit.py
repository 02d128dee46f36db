"""Taking in a form: what is kept, where the visitor goes, what nobody can find out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.handler.funnel import SITE, Funnel, seen

from leadpages.core.forms import Consent

THANKS = f"{SITE}/thanks/guide/"


def test_a_post_is_kept_and_goes_on_to_the_thank_you_page(funnel: Funnel) -> None:
    """Values, consent, page and time are all there before the reply is."""
    answers = {
        "email": " Ann@Example.com ",
        "name": "Ame\u0301lie",
        "about": "one\r\ntwo",
        "topics": ["Mails", "Pages"],
        "news": "yes",
        "_page": "/landing/",
    }
    reply = funnel.post("guide", answers)
    ((lead, kept),) = funnel.service.store.submissions()
    assert (reply.status_code, reply.headers["Location"], reply.data) == (303, THANKS, b"")
    assert (lead.email, lead.status) == ("Ann@example.com", "pending")
    assert kept.values == {
        "email": "Ann@example.com",
        "name": "Am\u00e9lie",
        "about": "one\ntwo",
        "topics": ["Pages", "Mails"],
        "news": "yes",
    }
    assert kept.consents == (Consent("news", "Yes, send me news."),)
    assert (kept.page, kept.received_at) == ("/landing/", funnel.clock())


def test_programs_are_told_where_to_go_in_json(funnel: Funnel) -> None:
    """The destination is the same."""
    reply = funnel.post("guide", Accept="application/json")
    assert (reply.status_code, reply.json) == (200, {"redirect": THANKS})


@pytest.mark.parametrize("name", ["_next", "next", "redirect", "_redirect", "thank_you", "Location"])
def test_the_request_has_no_say_in_the_destination(funnel: Funnel, name: str) -> None:
    """It comes from the form's definition, whatever is in the body, the query or the headers."""
    elsewhere = "https://evil.example/"
    reply = funnel.client.post(
        f"/f/guide?{name}={elsewhere}",
        data={"email": "ann@example.com", name: elsewhere},
        headers={"Host": "evil.example", "Referer": elsewhere, "X-Forwarded-Host": "evil.example"},
    )
    assert reply.headers["Location"] == THANKS
    ((_, kept),) = funnel.service.store.submissions()
    assert kept.values == {"email": "ann@example.com"}


@pytest.mark.parametrize("page", ["https://evil.example/", "javascript:x", "", "/" + "a" * 500, "/a\nb", "/a\u2028b"])
def test_a_page_that_is_no_path_is_not_kept(funnel: Funnel, page: str) -> None:
    """The form is taken all the same."""
    assert funnel.post("guide", {"email": "ann@example.com", "_page": page}).status_code == 303
    ((_, kept),) = funnel.service.store.submissions()
    assert kept.page == "/"


def test_a_double_click_makes_one_lead_and_one_mail(funnel: Funnel) -> None:
    """Both get the same reply."""
    first, second = funnel.post("guide"), funnel.post("guide")
    assert seen(first) == seen(second)
    assert len(list(funnel.service.store.submissions())) == 1
    assert funnel.deliver().sent == 1


def test_a_double_click_of_a_confirmed_lead_sends_one_mail(funnel: Funnel) -> None:
    """Also where each post would be answered by a mail at once."""
    funnel.confirmed(form="newsletter")
    funnel.post("guide")
    funnel.post("guide")
    assert funnel.deliver().sent == 1


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_nobody_finds_out_who_is_on_the_list(funnel: Funnel, accept: str) -> None:
    """New, pending, confirmed and unsubscribed addresses get one reply, byte for byte."""
    funnel.confirmed("confirmed@example.com")
    funnel.confirmed("left@example.com")
    funnel.client.post(funnel.link("/u/"))
    funnel.post("guide", {"email": "pending@example.com"})
    statuses = {lead.email: lead.status for lead in funnel.service.store.leads()}
    assert statuses == {
        "confirmed@example.com": "confirmed",
        "left@example.com": "unsubscribed",
        "pending@example.com": "pending",
    }
    replies = [
        seen(funnel.post(form, {"email": email, "name": "x"}, Accept=accept))
        for form in ("guide",)
        for email in ("new@example.com", *statuses)
    ]
    assert replies == [replies[0]] * 4


def test_a_bombed_address_gets_one_mail_a_day(funnel: Funnel) -> None:
    """However many clients type it, in whatever spelling, with whatever answers."""
    for number in range(20):
        for form in ("guide", "newsletter"):
            email = "Victim@Example.com" if number % 2 else "victim@example.com"
            funnel.post(form, {"email": email, "name": f"x{number}"}, X_Forwarded_For=f"203.0.113.{number}")
    assert funnel.deliver().sent == 1
    funnel.clock.advance(hours=23)
    funnel.post("guide", {"email": "victim@example.com", "name": "later"})
    assert funnel.deliver().sent == 0
    funnel.clock.advance(hours=1)
    funnel.post("guide", {"email": "victim@example.com", "name": "tomorrow"})
    assert funnel.deliver().sent == 1


def test_a_form_without_confirmation_is_received_at_once(funnel: Funnel) -> None:
    """No mail is sent where the project has none."""
    assert funnel.post("contact", {"email": "ann@example.com", "message": "Hi"}).status_code == 303
    assert [(lead.email, lead.status) for lead in funnel.service.store.leads()] == [("ann@example.com", "received")]
    funnel.clock.advance(seconds=timedelta(days=3).total_seconds())
    assert funnel.deliver().sent == 0
