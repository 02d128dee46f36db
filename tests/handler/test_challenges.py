"""Forms with a challenge: who solves it goes through, who cannot presses once more, and programs are kept apart."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from altcha.v1 import Challenge, solve_challenge
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import render, write_files
from tests.delivery.receiver import Receiver, receiving
from tests.handler.funnel import NOW, SITE, Funnel, funnel_on, seen, write_bundle
from tests.handler.html import element, elements
from tests.handler.test_refusals import refused
from tests.handler.test_uploads import folder_of
from tests.handler.test_uploads import kept as uploads
from werkzeug.test import Client, TestResponse

from leadpages.core.forms import HONEYPOT_FIELD, PRESSED_FIELD, SOLUTION_FIELDS, STARTED_FIELD, Field, Form
from leadpages.core.settings import Rate
from leadpages.core.signing import Tokens
from leadpages.delivery.outcomes import Unreachable
from leadpages.delivery.safe_http import Limits, Reply, SafeClient
from leadpages.handler import challenges
from leadpages.handler.application import App
from leadpages.handler.challenges import pose
from leadpages.leads.intake import REPLAYED, take_in
from leadpages.stores.sqlite.driver import sqlite3
from leadpages.stores.sqlite.store import SQLiteStore

EMAIL = """
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
"""
PROJECT = {
    "leadpages.toml": f'''title = "Test site"
base_url = "{SITE}"
[forms]
turnstile_site_key = "0x4AAA-site"
hcaptcha_site_key = "10000000-ffff-ffff-ffff-000000000001"
''',
    "forms/guide.toml": 'title = "The guide"\nchallenge = "altcha"\n'
    + EMAIL
    + '[[fields]]\nname = "about"\ntype = "textarea"\nlabel = "About you"\n',
    "forms/other.toml": 'title = "Another"\nchallenge = "altcha"\n' + EMAIL,
    "forms/plain.toml": 'title = "Plain"\n' + EMAIL,
    "forms/apply.toml": 'title = "Work with us"\nchallenge = "turnstile"\n'
    + EMAIL
    + '[[fields]]\nname = "cv"\ntype = "file"\nlabel = "CV"\nrequired = true\naccept = [".txt"]\n',
    "forms/turnstile.toml": 'title = "Cloudflare"\nchallenge = "turnstile"\n' + EMAIL,
    "forms/hcaptcha.toml": 'title = "hCaptcha"\nchallenge = "hcaptcha"\n' + EMAIL,
}
SECRETS = {"turnstile": "0x4AAA-secret", "hcaptcha": "ES_secret"}
#: As their makers document them.
PASSED = b'{"success": true, "challenge_ts": "2026-11-22T12:00:00Z", "hostname": "www.example.com", "error-codes": []}'
FAILED = b'{"success": false, "error-codes": ["invalid-input-response"]}'
SPENT = b'{"success": false, "error-codes": ["timeout-or-duplicate"], "messages": []}'


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a site whose forms have challenges."""
    project = write_files(tmp_path_factory.mktemp("challenges"), PROJECT)
    return write_bundle(render(project), tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def verifier() -> Iterator[Receiver]:
    """What stands in for the services that judge captchas."""
    with receiving(Receiver(200, {}, PASSED)) as receiver:
        yield receiver


@pytest.fixture
def funnel(bundle: Path, tmp_path: Path, verifier: Receiver) -> Iterator[Funnel]:
    """That site; what asks for a service, by the real client, is led to the one here."""
    challenges._passed.clear()
    store, ask = SQLiteStore(tmp_path / "leads.db", busy_timeout_s=0.1), partial(asking, verifier)
    with funnel_on(bundle, store, captcha_secrets=SECRETS, ask=ask) as running:
        yield running


def asking(verifier: Receiver, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """Ask the stand-in under the name and path of the service."""
    parts = urlsplit(url)
    assert parts.scheme == "https"
    client = SafeClient(lambda host, port: ["127.0.0.1"], lambda address: True, limits=Limits(1, 1, 2))
    return client.post(f"http://{parts.hostname}:{verifier.port}{parts.path}", headers, body)


def posed(funnel: Funnel, form: str = "guide") -> dict[str, Any]:
    """What the script of a form gets."""
    reply = funnel.client.get(f"/f/{form}", headers={"Accept": "application/json"})
    assert reply.json is not None
    return dict(reply.json)


def solved(funnel: Funnel, form: str = "guide", **changes: Any) -> str:
    """A solution, found by ALTCHA's own library, as its widget sends it; with `changes` of what is in it."""
    task = posed(funnel, form)
    names = ("algorithm", "challenge", "maxnumber", "salt", "signature")
    found = solve_challenge(Challenge(*(task[name] for name in names)))
    assert found is not None
    kept = {name: task[name] for name in ("algorithm", "challenge", "salt", "signature")}
    return encoded({**kept, "number": found.number, **changes})


def encoded(payload: object) -> str:
    return base64.b64encode(json.dumps(payload).encode()).decode()


def quarantine(funnel: Funnel) -> dict[str, str]:
    """Why what came from each address is in quarantine."""
    return {submission.email: submission.quarantined_for for submission in funnel.service.store.quarantined()}


def counted(funnel: Funnel) -> list[str]:
    """The addresses that have become leads."""
    return sorted(lead.email for lead in funnel.service.store.leads())


def hidden(reply: TestResponse, name: str) -> str:
    return element(reply.text, "input", name=name).attributes["value"]


# Proof of work


def test_who_has_worked_goes_through(funnel: Funnel) -> None:
    """With a solution that ALTCHA's own library finds in time; as a page and as JSON."""
    for accept, status in (("text/html", 303), ("application/json", 200)):
        email = f"{status}@example.com"
        reply = funnel.post("guide", {"email": email, "altcha": solved(funnel)}, Accept=accept)
        assert reply.status_code == status
    assert counted(funnel) == ["200@example.com", "303@example.com"]
    assert quarantine(funnel) == {}
    assert funnel.deliver().sent == 2


def test_the_task_is_altchas(funnel: Funnel) -> None:
    """Version 1 of its format: nothing in it depends on us, and the script has the time of its beginning beside it."""
    task = posed(funnel)
    assert set(task) == {"started", "algorithm", "challenge", "maxnumber", "salt", "signature"}
    assert (task["algorithm"], task["maxnumber"]) == ("SHA-256", 50_000)
    assert re.fullmatch(r"[0-9a-f]{64}", task["challenge"])
    assert re.fullmatch(r"[0-9a-f]{24}\?expires=[0-9]{10}&form=guide&", task["salt"])
    assert set(posed(funnel, "plain")) == set(posed(funnel, "turnstile")) == {"started"}


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_proof_is_good_once(funnel: Funnel, accept: str) -> None:
    """Who comes with it again is answered alike and kept apart; no mail goes out until a person lets it in."""
    proof = solved(funnel)
    first = funnel.post("guide", {"email": "ann@example.com", "altcha": proof}, Accept=accept)
    again = funnel.post("guide", {"email": "bot@example.com", "altcha": proof}, Accept=accept)
    assert seen(first) == seen(again)
    assert quarantine(funnel) == {"bot@example.com": REPLAYED}
    assert counted(funnel) == ["ann@example.com"]
    funnel.deliver()
    assert [mail["To"] for mail in funnel.mailbox.mails] == ["ann@example.com"]

    service = funnel.service
    (kept,) = service.store.quarantined()
    decide = partial(take_in, service.bundle.forms["guide"], has_mail=("confirm",), now=funnel.clock())
    assert service.store.release(kept.id, decide, service.tokens.marks, funnel.clock())
    funnel.deliver()
    assert [mail["To"] for mail in funnel.mailbox.mails] == ["ann@example.com", "bot@example.com"]


def test_a_repeated_try_may_bring_its_proof_again(funnel: Funnel) -> None:
    """Its key says that it is the same."""
    sent = {"email": "ann@example.com", "altcha": solved(funnel)}
    first = funnel.post("guide", sent, Idempotency_Key="one")
    funnel.clock.advance(minutes=30)
    assert seen(funnel.post("guide", sent, Idempotency_Key="one")) == seen(first)
    assert (counted(funnel), quarantine(funnel)) == (["ann@example.com"], {})


def forgeries(funnel: Funnel) -> Iterator[tuple[str, str]]:
    """Solutions that are none, with the reason to distrust them."""
    stranger = Tokens(["Bn2Mm4Kk6Jj8Hh0g"])
    own = json.loads(base64.b64decode(solved(funnel)))
    long = own["salt"].replace("?expires=1", "?expires=9")
    yield "forged proof of work", solved(funnel, signature=stranger.hashes("altcha", own["challenge"])[0])
    yield "forged proof of work", solved(funnel, "other")
    yield "forged proof of work", solved(funnel, algorithm="SHA-1")
    yield "wrong proof of work", solved(funnel, number=-1)
    yield "wrong proof of work", encoded({**own, "salt": long})
    # A digit of the number, passed off as one of the salt.
    yield "wrong proof of work", encoded({**own, "salt": own["salt"][:-1], "number": own["number"]})
    for nonsense in ("x", "====", encoded([]), encoded({}), encoded(None), encoded({**own, "salt": 1}), "WyJ" * 900):
        yield "forged proof of work", nonsense
    yield "wrong proof of work", encoded({**own, "number": str(own["number"])})
    yield "wrong proof of work", encoded({**own, "number": True})
    yield "forged proof of work", encoded({**own, "challenge": "\u00fc"})


def test_what_is_no_proof_is_kept_apart(funnel: Funnel) -> None:
    """Forged, made for another form, wrong or nonsense: the same reply as to a good one."""
    good = seen(funnel.post("guide", {"email": "ann@example.com", "altcha": solved(funnel)}))
    expected = {}
    for number, (reason, solution) in enumerate(forgeries(funnel)):
        email = f"bot{number}@example.com"
        expected[email] = reason
        assert seen(funnel.post("guide", {"email": email, "altcha": solution})) == good
    assert quarantine(funnel) == expected
    assert counted(funnel) == ["ann@example.com"]


@pytest.mark.parametrize(("minutes", "reason"), [(119, None), (120, "expired proof of work")])
def test_a_proof_has_its_time(funnel: Funnel, minutes: int, reason: str | None) -> None:
    """Two hours, in which what is spent is remembered."""
    proof = solved(funnel)
    funnel.clock.advance(minutes=minutes)
    funnel.post("guide", {"email": "ann@example.com", "altcha": proof})
    assert quarantine(funnel).get("ann@example.com") == reason


def test_an_older_key_still_counts(bundle: Path, tmp_path: Path) -> None:
    """While keys are exchanged, a proof that was begun before is good."""
    old, both = Tokens(["Vk3QeR8sTz5uWx7y"]), Tokens(["Bn2Mm4Kk6Jj8Hh0g", "Vk3QeR8sTz5uWx7y"])
    with funnel_on(bundle, SQLiteStore(tmp_path / "leads.db")) as funnel:
        form, now = funnel.service.bundle.forms["guide"], funnel.clock()
        task = pose(old, form, now)
        names = ("algorithm", "challenge", "maxnumber", "salt", "signature")
        found = solve_challenge(Challenge(*(task[name] for name in names)))
        assert found
        solution = encoded({**{n: task[n] for n in names if n != "maxnumber"}, "number": found.number})
        later = Client(App(funnel.service._replace(tokens=both)))
        assert later.post("/f/guide", data={"email": "ann@example.com", "altcha": solution}).status_code == 303
        assert quarantine(funnel) == {}


@given(st.one_of(st.text(), st.binary().map(lambda b: base64.b64encode(b).decode()), st.builds(encoded, st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["algorithm", "challenge", "salt", "number", "signature"]), inner),
))))  # fmt: skip
def test_nothing_that_is_sent_breaks_it(solution: str) -> None:
    """Whatever stands where a proof should."""
    form = Form("guide", "Guide", (Field("email", "email", "E-mail"),), "Send", "/", challenge="altcha")
    verdict = challenges._judge_work(Tokens(["Vk3QeR8sTz5uWx7y"]), form, solution, NOW)
    assert verdict.quarantined_for in ("forged proof of work", "wrong proof of work")


# Without scripts


def test_one_more_press(funnel: Funnel) -> None:
    """Who runs no scripts gets the form again with what was typed, and is through with the next press."""
    page = funnel.post("guide", {"email": "ann@example.com", "about": "<b>me</b>", "_page": "/a/"})
    assert page.status_code == 422
    assert element(page.text, "title").text.startswith("One more press, please: The guide")
    assert "One more press, please" in element(page.text, "div", role="alert").text
    assert element(page.text, "input", name="email").attributes["value"] == "ann@example.com"
    assert element(page.text, "textarea", name="about").text.strip() == "<b>me</b>"
    assert (hidden(page, "_page"), elements(page.text, "script")) == ("/a/", [])
    assert (counted(funnel), quarantine(funnel)) == ([], {})

    funnel.clock.advance(seconds=2)
    sent = {"email": "ann@example.com", "about": "<b>me</b>", PRESSED_FIELD: hidden(page, PRESSED_FIELD)}
    assert funnel.post("guide", sent).status_code == 303
    assert (counted(funnel), quarantine(funnel)) == (["ann@example.com"], {})


def test_a_press_that_comes_too_early_goes_on(funnel: Funnel) -> None:
    """The page comes again, and the time that has passed counts."""
    token = hidden(funnel.post("guide"), PRESSED_FIELD)
    funnel.clock.advance(seconds=1.9)
    page = funnel.post("guide", {"email": "ann@example.com", PRESSED_FIELD: token})
    assert (page.status_code, hidden(page, PRESSED_FIELD)) == (422, token)
    funnel.clock.advance(seconds=0.1)
    assert funnel.post("guide", {"email": "ann@example.com", PRESSED_FIELD: token}).status_code == 303


def test_a_press_is_good_once(funnel: Funnel) -> None:
    """A program cannot send a thousand forms with one; who presses twice has pressed once."""
    token = hidden(funnel.post("guide"), PRESSED_FIELD)
    funnel.clock.advance(seconds=2)
    first = funnel.post("guide", {"email": "ann@example.com", PRESSED_FIELD: token})
    twice = funnel.post("guide", {"email": "ann@example.com", PRESSED_FIELD: token})
    assert quarantine(funnel) == {}
    again = funnel.post("guide", {"email": "bot@example.com", PRESSED_FIELD: token})
    assert seen(first) == seen(twice) == seen(again)
    assert quarantine(funnel) == {"bot@example.com": REPLAYED}


def test_a_press_of_another_form_or_of_long_ago_is_none(funnel: Funnel) -> None:
    """Nor one that somebody made up: a person gets a new one."""
    token = hidden(funnel.post("guide"), PRESSED_FIELD)
    started = hidden(funnel.client.get("/f/guide"), STARTED_FIELD)
    other = hidden(funnel.post("other"), PRESSED_FIELD)
    funnel.clock.advance(hours=2)
    for wrong in (token, started, other, "x", ""):
        page = funnel.post("guide", {"email": "ann@example.com", PRESSED_FIELD: wrong})
        assert page.status_code == 422
        assert hidden(page, PRESSED_FIELD) not in (token, started, other, wrong)
    assert (counted(funnel), quarantine(funnel)) == ([], {})


def test_the_handlers_own_page_needs_no_second_press(funnel: Funnel) -> None:
    """It runs no scripts, and shows no widget that needs them."""
    for form in ("guide", "turnstile", "hcaptcha"):
        page = funnel.client.get(f"/f/{form}")
        assert elements(page.text, "script") == []
        assert "sitekey" not in page.text
        funnel.clock.advance(seconds=2)
        names = (PRESSED_FIELD, STARTED_FIELD)
        sent = {"email": f"{form}@example.com", **{name: hidden(page, name) for name in names}}
        assert funnel.post(form, sent).status_code == 303
    assert len(counted(funnel)) == 3


def test_what_is_wrong_with_an_answer_comes_first(funnel: Funnel) -> None:
    """And is the only thing on the page; with it mended, the form goes through."""
    page = funnel.post("guide", {"email": "ann@"})
    assert "One more press" not in page.text
    funnel.clock.advance(seconds=2)
    sent = {"email": "ann@example.com", PRESSED_FIELD: hidden(page, PRESSED_FIELD)}
    assert funnel.post("guide", sent).status_code == 303


def without_token(reply: TestResponse) -> object:
    status, headers, body = seen(reply)
    return status, headers, re.sub(rb'(name="_pressed" value=")[^"]+', rb"\1", body)


def test_the_trap_is_not_given_away(funnel: Funnel) -> None:
    """Who fills it gets the same page, and then the same reply."""
    trap = {HONEYPOT_FIELD: "x"}
    asked = [funnel.post("guide", {"email": "ann@example.com", **more}) for more in ({}, trap)]
    assert without_token(asked[0]) == without_token(asked[1])
    funnel.clock.advance(seconds=2)
    replies = [
        seen(funnel.post("guide", {"email": "ann@example.com", PRESSED_FIELD: hidden(page, PRESSED_FIELD), **more}))
        for page, more in zip(asked, ({}, trap), strict=True)
    ]
    assert replies[0] == replies[1]
    assert quarantine(funnel) == {"ann@example.com": "honeypot"}


def test_a_program_hears_what_is_missing(funnel: Funnel) -> None:
    """By a code; a key that it sent along is still free."""
    sent = {"email": "ann@example.com"}
    reply = funnel.post("guide", sent, Accept="application/json", Idempotency_Key="one")
    assert refused(reply) == (422, "challenge_required")
    sent["altcha"] = solved(funnel)
    assert funnel.post("guide", sent, Accept="application/json", Idempotency_Key="one").status_code == 200


def test_a_file_has_to_be_chosen_again(funnel: Funnel) -> None:
    """Browsers fill in none; the page says so, and nothing of the first press is kept."""
    data = {"email": "ann@example.com"}
    page = funnel.client.post("/f/apply", data={**data, "cv": (BytesIO(b"me"), "cv.txt")})
    assert page.status_code == 422
    assert "A file has to be chosen again." in page.text
    assert not folder_of(funnel).exists()
    funnel.clock.advance(seconds=2)
    data[PRESSED_FIELD] = hidden(page, PRESSED_FIELD)
    assert funnel.client.post("/f/apply", data={**data, "cv": (BytesIO(b"me"), "cv.txt")}).status_code == 303
    assert len(uploads(funnel)) == 1


def test_a_step_is_checked_without(funnel: Funnel) -> None:
    """The script asks what is wrong with a step before there is anything to prove."""
    reply = funnel.post("guide", {"email": "ann@", "_check": "email"}, Accept="application/json")
    assert reply.json is not None
    assert [error["field"] for error in reply.json["errors"]] == ["email"]


# Captchas


@pytest.mark.parametrize("form", ["turnstile", "hcaptcha"])
def test_a_person_of_whom_the_service_says_so(funnel: Funnel, verifier: Receiver, form: str) -> None:
    """It is asked with the secret and the token, and with nothing about the visitor."""
    token = secrets.token_urlsafe(300)
    assert funnel.post(form, {"email": "ann@example.com", SOLUTION_FIELDS[form]: token}).status_code == 303  # type: ignore[index]
    ((path, headers, body),) = verifier.calls
    asked = parse_qs(body.decode())
    host, where = {
        "turnstile": ("challenges.cloudflare.com", "/turnstile/v0/siteverify"),
        "hcaptcha": ("api.hcaptcha.com", "/siteverify"),
    }[form]
    assert (path, headers["Host"]) == (where, f"{host}:{verifier.port}")
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    site_key = {"sitekey": ["10000000-ffff-ffff-ffff-000000000001"]} if form == "hcaptcha" else {}
    assert asked == {"secret": [SECRETS[form]], "response": [token], **site_key}
    assert (counted(funnel), quarantine(funnel)) == (["ann@example.com"], {})


def test_what_is_no_token(funnel: Funnel, verifier: Receiver) -> None:
    """Nobody is asked about what could not even be sent there."""
    sent = {"email": "bot@example.com", "cf-turnstile-response": "\ud800"}
    assert funnel.client.post("/f/turnstile", json=sent).status_code == 200
    assert (verifier.calls, quarantine(funnel)) == ([], {"bot@example.com": "not a person"})


@pytest.mark.parametrize("body", [FAILED, SPENT])
def test_no_person(funnel: Funnel, verifier: Receiver, body: bytes) -> None:
    """The same reply, and kept apart."""
    good = funnel.post("turnstile", {"email": "ann@example.com", "cf-turnstile-response": "x"})
    verifier.body = body
    bad = funnel.post("turnstile", {"email": "bot@example.com", "cf-turnstile-response": "y"})
    assert seen(good) == seen(bad)
    assert quarantine(funnel) == {"bot@example.com": "not a person"}


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (503, b"busy", "an answer that makes no sense"),
        (200, b"", "an answer that makes no sense"),
        (200, b"[]", "an answer that makes no sense"),
        (200, b'{"success": "true"}', "an answer that makes no sense"),
        (200, b'{"success": false, "error-codes": 7}', "an answer that makes no sense"),
        (200, b"[" * 900, "an answer that makes no sense"),
        (200, b'{"success": false, "error-codes": ["internal-error"]}', "internal-error"),
        (200, b'{"success": false, "error-codes": ["invalid-input-secret"]}', "invalid-input-secret"),
    ],
)
def test_a_service_that_cannot_say_loses_nobody(
    funnel: Funnel, verifier: Receiver, status: int, body: bytes, why: str
) -> None:
    """The same reply; what came waits, with its file and the reason, for a person who looks."""
    verifier.status, verifier.body = status, body
    data = {"email": "ann@example.com", "cf-turnstile-response": "x", "cv": (BytesIO(b"me"), "cv.txt")}
    reply = funnel.client.post("/f/apply", data=data)
    assert (reply.status_code, reply.headers["Location"]) == (303, f"{SITE}/thanks/apply/")
    assert quarantine(funnel) == {"ann@example.com": f"captcha not verified: {why}"}
    (kept,) = funnel.service.store.quarantined()
    assert list(uploads(funnel)) == list(kept.files)
    assert funnel.deliver().sent == 0


def test_a_service_that_is_away(bundle: Path, tmp_path: Path) -> None:
    """Not reached, or without a secret to ask it with: the same."""

    def away(url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        raise Unreachable("no answer from the service")

    with funnel_on(bundle, SQLiteStore(tmp_path / "a.db"), captcha_secrets=SECRETS, ask=away) as funnel:
        assert funnel.post("hcaptcha", {"email": "a@example.com", "h-captcha-response": "x"}).status_code == 303
        assert quarantine(funnel) == {"a@example.com": "captcha not verified: no answer from the service"}
    with funnel_on(bundle, SQLiteStore(tmp_path / "b.db"), ask=away) as funnel:
        assert funnel.post("hcaptcha", {"email": "a@example.com", "h-captcha-response": "x"}).status_code == 303
        assert quarantine(funnel) == {"a@example.com": "captcha not verified: LEADPAGES_HCAPTCHA_SECRET is not set"}


def test_nobody_is_asked_about_who_is_in_the_trap(funnel: Funnel, verifier: Receiver) -> None:
    """It is known what that is."""
    sent = {"email": "bot@example.com", "cf-turnstile-response": "x", HONEYPOT_FIELD: "x"}
    assert funnel.post("turnstile", sent).status_code == 303
    assert (verifier.calls, quarantine(funnel)) == ([], {"bot@example.com": "honeypot"})


def test_a_repeated_try_with_a_captcha(funnel: Funnel, verifier: Receiver) -> None:
    """The service knows its token already; the key says that it is the same try."""
    sent = {"email": "ann@example.com", "cf-turnstile-response": "x"}
    first = funnel.post("turnstile", sent, Idempotency_Key="one")
    verifier.body = SPENT
    funnel.clock.now += timedelta(minutes=20)
    assert seen(funnel.post("turnstile", sent, Idempotency_Key="one")) == seen(first)
    assert (counted(funnel), quarantine(funnel)) == (["ann@example.com"], {})


def test_a_try_that_met_a_busy_store_is_good_the_second_time(
    funnel: Funnel, verifier: Receiver, tmp_path: Path
) -> None:
    """The service says yes to a token once; who passed has passed, and for one submission."""
    sent = {"email": "ann@example.com", "cf-turnstile-response": "only once"}
    with closing(sqlite3.connect(tmp_path / "leads.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        assert funnel.post("turnstile", sent).status_code == 503
    verifier.body = SPENT
    assert funnel.post("turnstile", sent).status_code == 303
    assert (counted(funnel), quarantine(funnel)) == (["ann@example.com"], {})
    assert funnel.post("turnstile", {**sent, "email": "bob@example.com"}).status_code == 303
    assert quarantine(funnel) == {"bob@example.com": REPLAYED}


def test_a_reason_that_is_no_text_is_written_down_all_the_same(funnel: Funnel, verifier: Receiver) -> None:
    """Half a character, say."""
    verifier.body = b'{"success": false, "error-codes": ["\\ud800"]}'
    assert funnel.post("turnstile", {"email": "ann@example.com", "cf-turnstile-response": "y"}).status_code == 303
    assert list(quarantine(funnel)) == ["ann@example.com"]


def test_nobody_is_asked_for_who_has_sent_too_many(bundle: Path, tmp_path: Path, verifier: Receiver) -> None:
    """The limit stands before the service."""
    store, ask, one = SQLiteStore(tmp_path / "leads.db"), partial(asking, verifier), Rate(1, timedelta(minutes=10))
    with funnel_on(bundle, store, per_client=one, captcha_secrets=SECRETS, ask=ask) as running:
        sent = [{"email": f"a{n}@example.com", "cf-turnstile-response": f"t{n}"} for n in range(3)]
        replies = [running.post("turnstile", data, X_Forwarded_For="203.0.113.7") for data in sent]
        assert [reply.status_code for reply in replies] == [303, 429, 429]
    assert len(verifier.calls) == 1


def test_other_forms_ask_for_nothing(funnel: Funnel) -> None:
    """A form without a challenge is as it was."""
    page = funnel.client.get("/f/plain").text
    assert PRESSED_FIELD not in page
    assert funnel.post("plain").status_code == 303
