"""The confirm link: a button for scanners and people, an effect for people alone."""

from __future__ import annotations

import pytest
from tests.handler.funnel import PDF, SITE, Funnel
from tests.handler.html import element, elements


def asked(funnel: Funnel, form: str = "guide") -> str:
    """The confirm link of a lead that just signed up."""
    funnel.post(form, {"email": "ann@example.com"})
    assert funnel.deliver().sent == 1
    return funnel.link("/c/")


def status(funnel: Funnel) -> str:
    (lead,) = funnel.service.store.leads()
    return lead.status


def test_opening_the_link_changes_nothing(funnel: Funnel) -> None:
    """A scanner may open it as often as it likes, with GET and with HEAD."""
    path = asked(funnel)
    for method in ("GET", "HEAD", "GET"):
        assert funnel.client.open(path, method=method).status_code == 200
    assert status(funnel) == "pending"
    assert funnel.deliver().sent == 0
    page = funnel.client.get(path).text
    assert "The guide" in page
    assert element(page, "form").attributes == {"method": "post"}


def test_the_button_confirms_and_hands_over_the_file(funnel: Funnel) -> None:
    """The page has the download for the person who just proved the address, and the mail has it too."""
    path = asked(funnel)
    page = funnel.client.post(path)
    assert page.status_code == 200
    assert status(funnel) == "confirmed"
    (link,) = [a.attributes["href"] for a in elements(page.text, "a") if "/d/" in a.attributes["href"]]
    assert funnel.client.get(link.removeprefix(SITE), buffered=True).data == PDF
    assert funnel.deliver().sent == 1
    assert funnel.client.get(funnel.link("/d/"), buffered=True).data == PDF


def test_a_second_press_says_already_and_sends_nothing(funnel: Funnel) -> None:
    """No second mail comes of it; whoever lost the file finds it again."""
    path = asked(funnel)
    funnel.client.post(path)
    again = funnel.client.post(path)
    assert again.status_code == 200
    assert "Already confirmed" in again.text
    assert "Download now" in again.text
    assert "Already confirmed" in funnel.client.get(path).text
    assert funnel.deliver().sent == 1


def test_one_press_confirms_every_form_that_waits(funnel: Funnel) -> None:
    """Both are named on the page."""
    path = asked(funnel)
    funnel.post("newsletter", {"email": "ann@example.com"})
    page = funnel.client.get(path).text
    assert ("The guide" in page, "News by mail" in page) == (True, True)
    funnel.client.post(path)
    assert status(funnel) == "confirmed"


def test_an_old_link_says_so_and_leads_back_to_the_form(funnel: Funnel) -> None:
    """After a week neither GET nor POST confirms."""
    path = asked(funnel)
    funnel.clock.advance(days=7)
    for method in ("GET", "POST"):
        reply = funnel.client.open(path, method=method)
        assert reply.status_code == 410
        assert elements(reply.text, "a", href=f"{SITE}/f/guide")
    assert status(funnel) == "pending"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_links_confirm_nothing(funnel: Funnel, method: str) -> None:
    """Forged, damaged, for another purpose, or for a lead that is not there: not found."""
    path = asked(funnel)
    make, now = funnel.service.tokens.make, funnel.clock()
    (_, kept), *_ = funnel.service.store.submissions()
    for token in (
        "x",
        "x.y",
        path.removeprefix("/c/")[:-1],
        make("download", kept.id, now),
        make("unsubscribe", kept.id, now),
        make("confirm", "gone", now),
    ):
        assert funnel.client.open(f"/c/{token}", method=method).status_code == 404
    assert status(funnel) == "pending"


def test_a_confirm_page_is_for_nobody_else(funnel: Funnel) -> None:
    """No cache keeps it, no frame shows it, and its address goes to no other site."""
    headers = funnel.client.get(asked(funnel)).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
