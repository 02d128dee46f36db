"""Off every list: by a person's button, or in one click by a mail program (RFC 8058)."""

from __future__ import annotations

import pytest
from tests.handler.funnel import Funnel
from werkzeug.test import TestResponse

ONE_CLICK = "List-Unsubscribe=One-Click"
MULTIPART = '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'


def link(funnel: Funnel) -> str:
    """The unsubscribe link in a lead's mail."""
    funnel.confirmed()
    return funnel.link("/u/")


def status(funnel: Funnel) -> str:
    (lead,) = funnel.service.store.leads()
    return lead.status


def one_click(funnel: Funnel, path: str, body: str, content_type: str) -> TestResponse:
    return funnel.client.post(
        path,
        data=body,
        content_type=content_type,
        headers={"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"},
    )


def test_opening_the_link_changes_nothing(funnel: Funnel) -> None:
    """GET and HEAD show a button."""
    path = link(funnel)
    assert 'method="post"' in funnel.client.get(path).text
    assert funnel.client.head(path).status_code == 200
    assert status(funnel) == "confirmed"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (ONE_CLICK, "application/x-www-form-urlencoded"),
        (MULTIPART, "multipart/form-data; boundary=x"),
        ("", ""),
        ("{", "application/json"),
        ("x" * 100_000, "text/plain"),
    ],
)
def test_one_post_is_enough_from_anywhere(funnel: Funnel, body: str, content_type: str) -> None:
    """Whatever the body, without cookie, origin or redirect; a second one changes nothing."""
    path = link(funnel)
    for _ in range(2):
        reply = one_click(funnel, path, body, content_type)
        assert (reply.status_code, reply.headers.get("Location")) == (200, None)
        assert status(funnel) == "unsubscribed"


def test_a_mail_that_waits_is_not_sent_any_more(funnel: Funnel) -> None:
    """The worker looks again before it sends."""
    path = link(funnel)
    funnel.clock.advance(seconds=600)
    funnel.post("guide", {"email": "ann@example.com", "name": "again"})
    funnel.clock.advance(seconds=1)
    funnel.client.post(path)
    report = funnel.deliver()
    assert (report.sent, report.cancelled) == (0, 1)


def test_the_link_never_gets_too_old(funnel: Funnel) -> None:
    """Ten years later it works."""
    path = link(funnel)
    funnel.clock.advance(days=3650)
    assert funnel.client.post(path).status_code == 200
    assert status(funnel) == "unsubscribed"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_links_take_nobody_off(funnel: Funnel, method: str) -> None:
    """Forged ones and those for another purpose are not found."""
    path = link(funnel)
    (_, kept), *_ = funnel.service.store.submissions()
    download = funnel.service.tokens.make("download", kept.id, funnel.clock())
    for token in ("x", "x.y", path[3:-1], download):
        assert funnel.client.open(f"/u/{token}", method=method).status_code == 404
    assert status(funnel) == "confirmed"


def test_the_reply_does_not_tell_who_is_known(funnel: Funnel) -> None:
    """A genuine link to someone who is gone gets the same page."""
    known = funnel.client.post(link(funnel))
    gone = funnel.client.post(f"/u/{funnel.service.tokens.make('unsubscribe', 'gone', funnel.clock())}")
    assert (gone.status_code, gone.data) == (known.status_code, known.data)
