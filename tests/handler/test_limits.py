"""Too much from one client or for one form, and the same thing sent again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.handler.funnel import Funnel, funnel_on
from tests.handler.test_refusals import refused
from werkzeug.test import TestResponse

from leadpages.core.settings import Rate
from leadpages.handler.guards import client_of
from leadpages.stores.sqlite.store import SQLiteStore


@pytest.fixture
def guarded(bundle: Path, tmp_path: Path) -> Iterator[Funnel]:
    """A site behind one proxy that takes two posts a client and three a form in ten minutes."""
    minutes = timedelta(minutes=10)
    with funnel_on(bundle, SQLiteStore(tmp_path / "leads.db"), Rate(2, minutes), Rate(3, minutes)) as funnel:
        yield funnel


def from_client(funnel: Funnel, address: str, email: str, form: str = "guide") -> TestResponse:
    return funnel.post(form, {"email": email}, X_Forwarded_For=address, Accept="application/json")


def test_one_client_has_a_limit(guarded: Funnel) -> None:
    """The reply says when to come back; others are served, and so is the client then."""
    for number in range(2):
        assert from_client(guarded, "203.0.113.7", f"a{number}@example.com").status_code == 200
    reply = from_client(guarded, "203.0.113.7", "a2@example.com")
    assert refused(reply) == (429, "rate_limited")
    assert 0 < int(reply.headers["Retry-After"]) <= 600
    assert from_client(guarded, "203.0.113.8", "b@example.com").status_code == 200
    guarded.clock.advance(seconds=int(reply.headers["Retry-After"]))
    assert from_client(guarded, "203.0.113.7", "a3@example.com").status_code == 200
    emails = {lead.email for lead in guarded.service.store.leads()}
    assert emails == {"a0@example.com", "a1@example.com", "b@example.com", "a3@example.com"}


def test_one_form_has_a_limit(guarded: Funnel) -> None:
    """Whoever they come from; another form is another."""
    for number in range(3):
        assert from_client(guarded, f"203.0.113.{number}", f"a{number}@example.com").status_code == 200
    assert refused(from_client(guarded, "203.0.113.9", "b@example.com")) == (429, "rate_limited")
    assert from_client(guarded, "203.0.113.9", "b@example.com", "newsletter").status_code == 200


def test_people_read_when_to_come_back(guarded: Funnel) -> None:
    """In words, on a page."""
    for number in range(3):
        reply = guarded.post("guide", {"email": f"a{number}@example.com"}, X_Forwarded_For="203.0.113.7")
    assert reply.status_code == 429
    assert "Please try again in" in reply.text


def test_a_forged_forwarding_helps_nobody(guarded: Funnel) -> None:
    """What a client writes before the proxy's own word is not looked at."""
    codes = [from_client(guarded, f"198.51.100.{n}, 203.0.113.7", f"a{n}@example.com").status_code for n in range(3)]
    assert codes == [200, 200, 429]


def test_no_address_is_written_down(guarded: Funnel, tmp_path: Path) -> None:
    """A count needs no name."""
    from_client(guarded, "203.0.113.7", "ann@example.com")
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("leads.db*"))
    assert b"ann@example.com" in kept
    assert b"203.0.113.7" not in kept


@pytest.mark.parametrize(
    ("forwarded", "peer", "hops", "client"),
    [
        ("", "203.0.113.7", 0, "203.0.113.7"),
        ("198.51.100.1", "203.0.113.7", 0, "203.0.113.7"),
        ("198.51.100.1", "10.0.0.1", 1, "198.51.100.1"),
        ("6.6.6.6, 198.51.100.1", "10.0.0.1", 1, "198.51.100.1"),
        ("6.6.6.6, 198.51.100.1, 10.0.0.2", "10.0.0.1", 2, "198.51.100.1"),
        ("198.51.100.1", "10.0.0.1", 2, "10.0.0.1"),
        ("", "10.0.0.1", 1, "10.0.0.1"),
        ("", "2001:db8:1:2:3:4:5:6", 0, "2001:db8:1:2::/64"),
        ("", "2001:db8:1:2:ffff::1", 0, "2001:db8:1:2::/64"),
        ("[2001:db8:1:3::1]", "::1", 1, "2001:db8:1:3::/64"),
        ("203.0.113.7:1234", "10.0.0.1", 1, "203.0.113.7"),
        ("6.6.6.6:1, 203.0.113.7:65535", "10.0.0.1", 1, "203.0.113.7"),
        ("[2001:db8::1]:443", "10.0.0.1", 1, "2001:db8::/64"),
        ("203.0.113.7:", "10.0.0.1", 1, "203.0.113.7"),
        (":1234", "10.0.0.1", 1, ""),
        ("[2001:db8::1", "10.0.0.1", 1, "2001:db8::/64"),
        ("", "::ffff:203.0.113.7", 0, "203.0.113.7"),
        ("", "", 0, ""),
        ("", "unix:", 0, ""),
        ("<script>", "10.0.0.1", 1, ""),
    ],
)
def test_who_is_counted(forwarded: str, peer: str, hops: int, client: str) -> None:
    """The one that the trusted proxies name, or whoever is at the other end; IPv6 by what one client has."""
    assert client_of(forwarded, peer, hops) == client


def test_a_key_makes_one_lead_and_one_mail(funnel: Funnel) -> None:
    """A client that tries again an hour later gets the first reply."""
    sent = {"email": "ann@example.com"}
    first = funnel.post("guide", sent, Idempotency_Key='"8e03978e"')
    funnel.clock.advance(seconds=3600)
    again = funnel.post("guide", sent, Idempotency_Key="8e03978e")
    assert (again.status_code, again.headers["Location"]) == (first.status_code, first.headers["Location"])
    assert len(list(funnel.service.store.submissions())) == 1
    assert funnel.deliver().sent == 1


def test_a_key_with_other_answers_is_refused(funnel: Funnel) -> None:
    """Whichever way it comes, and nothing of the second is kept."""
    funnel.post("guide", {"email": "ann@example.com", "_key": "8e03978e"})
    reply = funnel.post("guide", {"email": "bob@example.com", "_key": "8e03978e"}, Accept="application/json")
    assert refused(reply) == (422, "idempotency_conflict")
    assert [lead.email for lead in funnel.service.store.leads()] == ["ann@example.com"]


@pytest.mark.parametrize("key", ["k" * 256, "a\tb", "ü"])
def test_what_is_no_key_is_refused(funnel: Funnel, key: str) -> None:
    """Rather than taken for none."""
    reply = funnel.post("guide", {"email": "ann@example.com", "_key": key}, Accept="application/json")
    assert refused(reply) == (400, "bad_idempotency_key")


def test_an_invalid_form_uses_up_no_key(funnel: Funnel) -> None:
    """Whoever mends a slip is heard."""
    assert funnel.post("guide", {"email": "ann@", "_key": "k"}).status_code == 422
    assert funnel.post("guide", {"email": "ann@example.com", "_key": "k"}).status_code == 303
