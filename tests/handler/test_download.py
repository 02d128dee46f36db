"""The gated file: its exact bytes, on the terms of the form."""

from __future__ import annotations

import pytest
from tests.handler.funnel import PDF, Funnel
from tests.handler.html import element
from werkzeug.test import TestResponse


def link(funnel: Funnel) -> str:
    """The download link in the mail of a lead that has confirmed."""
    funnel.confirmed()
    return funnel.link("/d/")


def get(funnel: Funnel, path: str, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return funnel.client.get(path, headers=named, buffered=True)


def count(funnel: Funnel) -> int:
    (lead,) = funnel.service.store.leads()
    return lead.downloads


def test_the_link_gives_the_exact_bytes_under_their_name(funnel: Funnel) -> None:
    """As an attachment that no cache shares."""
    reply = get(funnel, link(funnel))
    assert (reply.status_code, reply.data) == (200, PDF)
    assert reply.headers["Content-Type"] == "application/pdf"
    assert reply.headers["Content-Disposition"] == "attachment; filename=guide.pdf"
    assert "no-store" in reply.headers["Cache-Control"]
    assert "private" in reply.headers["Cache-Control"]
    assert count(funnel) == 1


def test_a_head_request_is_no_download(funnel: Funnel) -> None:
    """It tells the size and is not counted."""
    path = link(funnel)
    reply = funnel.client.head(path, buffered=True)
    assert (reply.status_code, reply.headers["Content-Length"], reply.data) == (200, str(len(PDF)), b"")
    assert count(funnel) == 0


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-99", PDF[:100]), ("bytes=100-", PDF[100:]), ("bytes=-10", PDF[-10:]), ("bytes=0-999999", PDF)],
)
def test_a_part_is_given_as_a_part(funnel: Funnel, asked: str, part: bytes) -> None:
    """Readers that load a file bit by bit work."""
    reply = get(funnel, link(funnel), Range=asked)
    assert (reply.status_code, reply.data) == (206, part)
    assert count(funnel) == 1


def test_a_file_in_parts_is_one_download(funnel: Funnel) -> None:
    """The first part counts, and those that come with its tag belong to it, also where the link is used up by then."""
    path = link(funnel)
    for number in range(1, 4):
        first = get(funnel, path, Range="bytes=0-1023")
        tag = first.headers["ETag"]
        later = [get(funnel, path, Range=f"bytes={at}-{at + 1023}", If_Range=tag) for at in range(1024, len(PDF), 1024)]
        assert b"".join(part.data for part in (first, *later)) == PDF
        assert {part.headers["ETag"] for part in later} == {tag}
        assert len(later) > 3
        assert count(funnel) == number
    assert get(funnel, path, Range="bytes=0-1023").status_code == 404


def test_a_part_by_itself_is_a_download(funnel: Funnel) -> None:
    """Nobody gets the file for nothing by leaving out its first byte; an old tag does not help either."""
    path = link(funnel)
    tag = get(funnel, path).headers["ETag"]
    assert get(funnel, path, Range="bytes=1-").status_code == 206
    assert count(funnel) == 2
    funnel.clock.advance(hours=2)
    assert get(funnel, path, Range="bytes=1-", If_Range=tag).status_code == 200
    for headers in ({"Range": "bytes=1-"}, {"Range": "bytes=1-", "If_Range": tag}, {"If_None_Match": tag}):
        assert get(funnel, path, **headers).status_code == 404
    assert funnel.client.head(path).status_code == 404
    assert count(funnel) == 3


def test_the_tag_of_another_link_is_none(funnel: Funnel) -> None:
    """Each download has a tag of its own."""
    tag = get(funnel, link(funnel)).headers["ETag"]
    funnel.confirmed("bob@example.com")
    path = funnel.link("/d/")
    assert get(funnel, path, Range="bytes=1-", If_Range=tag).data == PDF
    assert [lead.downloads for lead in funnel.service.store.leads()] == [1, 1]


@pytest.mark.parametrize("asked", ["bytes=0-1,5-9", "bytes=x", "lines=0-9", "bytes", "bytes=9-1", "bytes=5-,0-4"])
def test_a_range_that_is_manifold_or_unreadable_gets_the_whole(funnel: Funnel, asked: str) -> None:
    """As if it had not been asked for (RFC 9110, 14.2), and it counts."""
    path = link(funnel)
    for expected in (1, 2):
        reply = get(funnel, path, Range=asked)
        assert (reply.status_code, reply.data) == (200, PDF)
        assert count(funnel) == expected


def test_a_range_beyond_the_end_cannot_be_given(funnel: Funnel) -> None:
    """The reply says how long the file is, and nothing is counted."""
    reply = get(funnel, link(funnel), Range="bytes=999999-")
    assert (reply.status_code, reply.headers["Content-Range"]) == (416, f"bytes */{len(PDF)}")
    assert count(funnel) == 0


def test_who_has_the_file_already_is_not_counted(funnel: Funnel) -> None:
    """Nothing is given out with a 304."""
    reply = get(funnel, link(funnel), If_Modified_Since="Fri, 01 Jan 2100 00:00:00 GMT")
    assert (reply.status_code, reply.data) == (304, b"")
    assert count(funnel) == 0


def test_a_condition_that_does_not_hold_gets_nothing(funnel: Funnel) -> None:
    """And is not counted."""
    reply = get(funnel, link(funnel), If_Match='"other"')
    assert (reply.status_code, reply.data) == (412, b"")
    assert count(funnel) == 0


def test_a_condition_that_holds(funnel: Funnel) -> None:
    """There is a file (RFC 9110, 13.1.1); that it is given out counts."""
    reply = get(funnel, link(funnel), If_Match="*")
    assert (reply.status_code, reply.data) == (200, PDF)
    assert count(funnel) == 1


def test_what_head_tells_begins_no_download(funnel: Funnel) -> None:
    """A part that goes on with it counts, as nothing came before it."""
    path = link(funnel)
    etag = funnel.client.head(path, buffered=True).headers["ETag"]
    assert get(funnel, path, Range="bytes=1-", If_Range=etag).status_code == 200
    assert count(funnel) == 1


def test_asking_for_a_later_part_does_not_get_the_whole_for_nothing(funnel: Funnel) -> None:
    """Where `If-Range` turns a part into the whole, it is counted as that."""
    path = link(funnel)
    for _ in range(3):
        assert get(funnel, path, Range="bytes=1-", If_Range='"other"').data == PDF
    assert get(funnel, path, Range="bytes=1-", If_Range='"other"').status_code == 404
    assert count(funnel) == 3


def test_the_link_works_as_often_as_the_form_says(funnel: Funnel) -> None:
    """After that it is not found, for people and programs."""
    path = link(funnel)
    assert [get(funnel, path).status_code for _ in range(5)] == [200, 200, 200, 404, 404]
    assert element(get(funnel, path).text, "h1").text == "This link is used up"
    refused = get(funnel, path, Accept="application/json")
    assert refused.json is not None
    assert refused.json["error"] == "used_up"
    assert count(funnel) == 3


def test_an_old_link_offers_a_new_one_by_mail(funnel: Funnel) -> None:
    """410 with a button; pressing it, however often, sends one mail, to the address that is known."""
    path = link(funnel)
    funnel.clock.advance(days=2)
    page = get(funnel, path)
    assert page.status_code == 410
    assert element(page.text, "form").attributes == {"method": "post"}
    assert funnel.deliver().sent == 0
    for _ in range(3):
        sent = funnel.client.post(path)
        assert sent.status_code == 200
        assert "To the start page" in sent.text
    assert funnel.deliver().sent == 1
    assert funnel.mailbox.mails[-1]["To"] == "ann@example.com"
    assert get(funnel, funnel.link("/d/")).data == PDF
    assert count(funnel) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_other_links_give_nothing(funnel: Funnel, method: str) -> None:
    """Forged, for another purpose, for a form without a file, or for a path: not found."""
    funnel.confirmed("ann@example.com", "newsletter")
    make, now = funnel.service.tokens.make, funnel.clock()
    ((_, kept),) = funnel.service.store.submissions()
    for token in (
        "x.y",
        "..%2f..%2fbundle.json",
        "files%2fguide%2fguide.pdf",
        make("confirm", kept.id, now),
        make("unsubscribe", kept.id, now),
        make("download", kept.id, now),
        make("download", "../../etc/passwd", now),
    ):
        assert funnel.client.open(f"/d/{token}", method=method).status_code == 404
    assert funnel.deliver().sent == 0
