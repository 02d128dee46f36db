"""Web hooks: what they are told, that it can be checked, and that what a visitor typed is inert there."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import NEWSLETTER, render, write_files
from tests.delivery.receiver import Receiver, receiving
from tests.delivery.test_outbox import Scripted, states
from tests.handler.funnel import NOW, Funnel, funnel_on, unreachable, write_bundle

from leadpages.core.bundle import load
from leadpages.core.forms import Consent, Field, Form
from leadpages.delivery.outbox import Report, drain
from leadpages.delivery.outcomes import NotLetIn, TryLater
from leadpages.delivery.safe_http import Reply, SafeClient
from leadpages.delivery.webhooks import Post, sign, slack_text
from leadpages.leads.model import Submission
from leadpages.stores.protocol import Recipient
from leadpages.stores.sqlite.store import SQLiteStore

#: From the specification's own examples, https://github.com/standard-webhooks/standard-webhooks.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_" + base64.b64encode(b"o" * 24).decode()
CONFIG = 'title = "Test site"\nbase_url = "https://www.example.com"\n'
HOOKS = """
[[fields]]
name = "name"
type = "text"
label = "Name"
[[fields]]
name = "topics"
type = "checkbox"
label = "Topics"
choices = ["Pages", "Mails"]
[[fields]]
name = "ok"
type = "consent"
label = "Yes, write to me."
[[webhooks]]
name = "crm"
url = "https://crm.example.com/hook"
events = ["submitted", "accepted", "unsubscribed"]
secret = "CRM_SECRET"
[[webhooks]]
name = "chat"
url = "https://chat.example.com/"
shape = "slack"
[[webhooks]]
name = "sheet"
url = "https://sheet.example.com/"
shape = "flat"
"""
FORMS = {
    "forms/news.toml": NEWSLETTER + HOOKS,
    "forms/plain.toml": NEWSLETTER,
    "forms/call.toml": "double_opt_in = false\n" + NEWSLETTER + HOOKS,
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site whose form calls three hooks."""
    project = write_files(tmp_path_factory.mktemp("project"), {"leadpages.toml": CONFIG, **FORMS})
    return write_bundle(render(project), tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def funnel(bundle: Path, tmp_path: Path) -> Iterator[Funnel]:
    """That site, running."""
    with funnel_on(bundle, SQLiteStore(tmp_path / "leads.db")) as running:
        yield running


class Peer:
    """The other side of every hook: answers as told, and keeps what it was told, by host."""

    def __init__(self, *replies: Reply | Exception) -> None:
        self.replies = list(replies)
        self.calls: list[tuple[str, Mapping[str, str], bytes]] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Take the next answer; without any, 204."""
        self.calls.append((url, headers, body))
        reply = self.replies.pop(0) if self.replies else Reply(204, "", "")
        if isinstance(reply, Exception):
            raise reply
        return reply

    def told(self, host: str) -> list[Any]:
        """What that host was told."""
        return [json.loads(body) for url, _, body in self.calls if url.startswith(f"https://{host}.")]


def run(funnel: Funnel, post: Post, secret: str = SECRET) -> Report:
    hooks = funnel.hooks(post, CRM_SECRET=secret)
    return drain(funnel.service.store, funnel.composer(), funnel.mailbox, hooks, funnel.clock)


ANSWERS = {"email": "ann@example.com", "name": "Ann", "topics": ["Pages", "Mails"], "ok": "yes", "sneaked": "in"}


def test_a_hook_is_told_what_happened_in_the_standard_format(funnel: Funnel) -> None:
    """Who, by which form and where, what was answered and agreed to; of undeclared fields, nothing."""
    funnel.post("call", ANSWERS)
    peer = Peer()
    run(funnel, peer)
    accepted, submitted = sorted(peer.told("crm"), key=lambda told: str(told["type"]))
    assert (submitted["type"], accepted["type"]) == ("lead.submitted", "lead.accepted")
    assert accepted["timestamp"] == "2026-11-22T12:00:00.000Z"
    ((_, kept),) = funnel.service.store.submissions()
    assert accepted["data"] == {
        "id": kept.id,
        "form": "call",
        "email": "ann@example.com",
        "status": "received",
        "page": "/",
        "language": "en",
        "risk": 0,
        "risks": [],
        "received_at": "2026-11-22T12:00:00.000Z",
        "answers": {"email": "ann@example.com", "name": "Ann", "topics": ["Pages", "Mails"], "ok": "yes"},
        "consents": [{"field": "ok", "wording": "Yes, write to me."}],
    }


def test_a_field_that_the_form_declares_no_longer_is_not_passed_on(funnel: Funnel, tmp_path: Path) -> None:
    """The bundle of the moment of sending decides."""
    funnel.post("call", ANSWERS)
    fewer = {"leadpages.toml": CONFIG, "forms/call.toml": FORMS["forms/call.toml"].replace('"name"', '"first"')}
    bundle = write_bundle(render(write_files(tmp_path / "later", fewer)), tmp_path / "fewer")
    peer = Peer()
    hooks = replace(funnel.hooks(peer, CRM_SECRET=SECRET), bundle=load(bundle))
    drain(funnel.service.store, funnel.composer(), funnel.mailbox, hooks, funnel.clock)
    assert all("name" not in told["data"]["answers"] for told in peer.told("crm"))
    assert "Ann" not in str(peer.calls)


def test_the_signature_is_that_of_the_specification() -> None:
    """The example there, byte for byte."""
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signature = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_each_call_is_signed_with_each_secret(funnel: Funnel) -> None:
    """So that secrets can be exchanged; the id is the outbox row's and the time that of sending."""
    funnel.post("call", ANSWERS)
    funnel.clock.advance(minutes=3)
    peer = Peer()
    run(funnel, peer, f"{SECRET} {OLD}")
    rows = {row.id for row in funnel.service.store.outbox(["sent"]) if row.name == "crm"}
    calls = [(headers, body) for url, headers, body in peer.calls if "crm" in url]
    assert {headers["webhook-id"] for headers, _ in calls} == rows
    for headers, body in calls:
        timestamp = headers["webhook-timestamp"]
        assert int(timestamp) == funnel.clock().timestamp()
        signed = f"{headers['webhook-id']}.{timestamp}.".encode() + body
        keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in (SECRET, OLD)]
        wanted = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys]
        assert headers["webhook-signature"] == " ".join(f"v1,{signature}" for signature in wanted)
    assert all("webhook-signature" not in headers for url, headers, _ in peer.calls if "crm" not in url)


@pytest.mark.parametrize("secret", ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_short", "whsec_!", f"{SECRET} x"])
def test_without_its_secret_nothing_is_sent(funnel: Funnel, secret: str, tmp_path: Path) -> None:
    """It waits for whoever mends that, the reason names the variable and not what is in it; the others go."""
    funnel.post("call", ANSWERS)
    peer = Peer()
    assert run(funnel, peer, secret) == Report(sent=2, put_off=2)
    assert peer.told("crm") == []
    reasons = {reason for _, _, reason in states(tmp_path) if reason}
    assert all(reason.startswith("CRM_SECRET is ") and "MfKQ9" not in reason for reason in reasons)


def test_a_flat_hook_gets_one_object_of_texts(funnel: Funnel) -> None:
    """Answers by their names; ours cannot be mistaken for them."""
    funnel.post("call", ANSWERS)
    peer = Peer()
    run(funnel, peer)
    (told,) = peer.told("sheet")
    assert all(isinstance(value, str) for value in told.values())
    assert (told["_type"], told["_email"], told["name"], told["topics"]) == (
        "lead.accepted",
        "ann@example.com",
        "Ann",
        "Pages, Mails",
    )


def test_a_message_for_slack_is_short_text(funnel: Funnel) -> None:
    """A line for each answer."""
    funnel.post("call", ANSWERS)
    peer = Peer()
    run(funnel, peer)
    assert peer.told("chat") == [
        {
            "text": "New lead: News by mail\nE-mail: ann@example.com\nName: Ann\nTopics: Pages, Mails\n"
            "Yes, write to me.: yes"
        }
    ]


def message(name: str) -> str:
    form = Form("call", "Call", (Field("email", "email", "E-mail"), Field("name", "textarea", "Name")), "Go", "/")
    values: dict[str, str | list[str]] = {"email": "ann@example.com", "name": name}
    sent = Submission("s", "call", "ann@example.com", values, (Consent("ok", "Yes"),), "/", NOW)
    return slack_text("New lead", form, Recipient("ann@example.com", "received", None, None, sent))


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("<!channel>", "&lt;!channel&gt;"),
        ("<https://evil.example|your bank>", "&lt;https://evil.example|your bank&gt;"),
        ("&lt;!here&gt;", "&amp;lt;!here&amp;gt;"),
        ("@channel hi", "@\u200bchannel hi"),
        ("(@all)", "(@\u200ball)"),
        ("me@example.com", "me@example.com"),
        ("one\nE-mail: boss@example.com", "one\n    E-mail: boss@example.com"),
    ],
)
def test_nobody_is_called_and_nothing_linked_by_what_a_visitor_typed(typed: str, shown: str) -> None:
    """No control sequence, no mention, no line that looks like another answer."""
    assert message(typed) == f"New lead\nE-mail: ann@example.com\nName: {shown}"


@given(st.text())
def test_no_text_makes_a_control_sequence(typed: str) -> None:
    """Slack's begin with `<`, which never gets there."""
    assert not {"<", ">"} & set(message(typed))


def test_a_hook_that_is_told_of_leaving_hears_of_it(funnel: Funnel) -> None:
    """Though nothing is sent to the lead any more."""
    funnel.post("call", ANSWERS)
    peer = Peer()
    run(funnel, peer)
    ((_, kept),) = funnel.service.store.submissions()
    funnel.service.store.unsubscribe(kept.id, "by link", funnel.service.on_leaving, funnel.clock())
    assert run(funnel, peer) == Report(sent=1)
    last = peer.told("crm")[-1]
    assert (last["type"], last["data"]["status"]) == ("lead.unsubscribed", "unsubscribed")


def test_a_lead_that_was_erased_is_told_to_nobody(funnel: Funnel) -> None:
    """What waited went with it."""
    funnel.post("call", ANSWERS)
    (held, *_) = funnel.service.store.claim(1, timedelta(0), funnel.clock(), ("webhook",))
    funnel.service.store.erase("ann@example.com", ("mark",), funnel.clock())
    peer = Peer()
    assert run(funnel, peer) == Report()
    assert funnel.service.store.recipient(held) is None
    assert peer.calls == []


def only(funnel: Funnel) -> None:
    """One item for one hook, the chat's."""
    funnel.post("call", {"email": "ann@example.com"})
    for item in funnel.service.store.claim(9, timedelta(0), funnel.clock()):
        if item.name != "chat":
            funnel.service.store.bury(item.id, funnel.clock())


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
def test_any_answer_but_2xx_is_a_failure_and_tries_grow_rarer_for_a_day(
    funnel: Funnel, tmp_path: Path, status: int
) -> None:
    """Then it is buried, with what the other side said."""
    only(funnel)
    start, gaps = funnel.clock(), []
    peer = Peer(*[Reply(status, "", "no\nway")] * 9)
    while run(funnel, peer).put_off:
        due = {row.due_at for row in funnel.service.store.outbox(["due"])}
        gaps.append((max(due) - funnel.clock()) // timedelta(minutes=1))
        funnel.clock.now = max(due)
    assert gaps == [1, 5, 30, 120, 360, 960]
    assert funnel.clock() - start > timedelta(hours=24)
    assert ("dead", 7, f"{status} no way") in states(tmp_path)


def test_410_ends_it_at_once(funnel: Funnel, tmp_path: Path) -> None:
    """The receiver is gone and said so."""
    only(funnel)
    assert run(funnel, Peer(Reply(410, "", "Gone"))) == Report(dead=1)
    assert ("dead", 1, "410 Gone") in states(tmp_path)


@pytest.mark.parametrize(
    ("retry_after", "minutes"),
    [
        ("600", 10),
        ("1", 1),
        ("Sun, 22 Nov 2026 12:20:00 GMT", 20),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 1),
        ("99999999999999", 24 * 60),
        ("soon", 1),
        ("-5", 1),
    ],
)
def test_a_wish_to_be_left_alone_is_heard_within_reason(funnel: Funnel, retry_after: str, minutes: int) -> None:
    """Never sooner than without it, never later than in a day."""
    only(funnel)
    assert run(funnel, Peer(Reply(429, retry_after, ""))) == Report(put_off=1)
    due = max(row.due_at for row in funnel.service.store.outbox(["due"]))
    assert due - funnel.clock() == timedelta(minutes=minutes)


def test_a_silent_host_is_asked_once_in_a_drain_and_holds_up_nobody(funnel: Funnel) -> None:
    """The others' calls go out, and the mails went before."""
    for number in range(5):
        funnel.post("call", {"email": f"a{number}@example.com"})
        funnel.post("plain", {"email": f"a{number}@example.com"})
    asked = []

    def post(url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        asked.append(url)
        return unreachable(url, headers, body) if "crm" in url else Reply(200, "", "")

    assert run(funnel, post) == Report(sent=15, put_off=10)
    assert sum("crm" in url for url in asked) == 1
    assert len(funnel.mailbox.mails) == 5


def test_slow_hooks_and_mails_take_turns(funnel: Funnel) -> None:
    """A mail that comes in meanwhile waits for no more than the hooks' turn."""
    for number in range(20):
        funnel.post("call", {"email": f"a{number}@example.com"})
    order: list[str] = []

    def post(url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if not order:
            funnel.post("plain", {"email": "ann@example.com"})
        order.append("hook")
        funnel.clock.advance(seconds=9)
        return Reply(200, "", "")

    class Noting(Scripted):
        def send(self, message: Any) -> None:
            order.append("mail")

    hooks = funnel.hooks(post, CRM_SECRET=SECRET)
    report = drain(funnel.service.store, funnel.composer(), Noting({}), hooks, funnel.clock)
    assert report == Report(sent=81)
    assert order.index("mail") == 3


def test_a_refused_password_pauses_the_mails_and_not_the_hooks(funnel: Funnel) -> None:
    """And burns no attempt of any."""
    funnel.post("plain", {"email": "bob@example.com"})
    funnel.post("call", {"email": "ann@example.com"})
    host = Scripted({"bob@example.com": NotLetIn("535 refused")})
    hooks = funnel.hooks(Peer(), CRM_SECRET=SECRET)
    report = drain(funnel.service.store, funnel.composer(), host, hooks, funnel.clock)
    assert report == Report(sent=4, paused="535 refused")
    (mail,) = funnel.service.store.outbox(["due"])
    assert (mail.channel, mail.attempts) == ("mail", 0)


def test_a_hook_that_left_the_form_is_buried_with_the_reason(funnel: Funnel, tmp_path: Path) -> None:
    """Nobody knows its address any more."""
    only(funnel)
    fewer = {"leadpages.toml": CONFIG, "forms/call.toml": NEWSLETTER}
    later = write_bundle(render(write_files(tmp_path / "later", fewer)), tmp_path / "fewer")
    composer = replace(funnel.composer(), bundle=load(later))
    report = drain(funnel.service.store, composer, funnel.mailbox, funnel.hooks(Peer()), funnel.clock)
    assert report == Report(dead=1)
    assert ("dead", 1, "the bundle has no web hook `chat` for form `call`") in states(tmp_path)


def test_a_real_call_arrives_whole(funnel: Funnel) -> None:
    """From the form to a server's socket, with a signature that the server can check."""
    funnel.post("call", ANSWERS)
    with receiving(Receiver()) as receiver:
        safe = SafeClient(lambda host, port: ["127.0.0.1"], lambda address: True)

        def post(url: str, headers: Mapping[str, str], body: bytes) -> Reply:
            return safe.post(url.replace("https", "http").replace(".com", f".com:{receiver.port}"), headers, body)

        assert run(funnel, post) == Report(sent=4)
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    for path, headers, body in receiver.calls:
        if path == "/hook":
            wanted = sign(key, headers["webhook-id"], headers["webhook-timestamp"], body)
            assert headers["webhook-signature"] == wanted
            assert headers["Content-Type"] == "application/json"
    assert sorted(path for path, _, _ in receiver.calls) == ["/", "/", "/hook", "/hook"]


FAULTS: Mapping[str, Callable[[], Exception]] = {
    "later": lambda: TryLater("busy"),
    "ours": lambda: RuntimeError("odd"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_call_that_fails_holds_up_no_other(funnel: Funnel, fault: str) -> None:
    """The next one to the same hook is made."""
    for number in range(2):
        funnel.post("call", {"email": f"a{number}@example.com"})
    assert run(funnel, Peer(FAULTS[fault]())) == Report(sent=7, put_off=1)
