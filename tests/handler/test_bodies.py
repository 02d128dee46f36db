"""What a form may be sent as: as browsers do, with or without files, or as JSON."""

from __future__ import annotations

import json

import pytest
from tests.handler.funnel import Funnel
from tests.handler.html import element
from tests.handler.test_refusals import URLENCODED, post, refused
from werkzeug.test import Client, TestResponse

from leadpages.core.forms import HONEYPOT_FIELDS
from leadpages.handler.application import App


def post_json(funnel: Funnel, body: str | bytes, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return funnel.client.post("/f/guide", data=body, content_type="application/json", headers=named)


def answers(funnel: Funnel) -> dict[str, str | list[str]]:
    ((_, kept),) = funnel.service.store.submissions()
    return kept.values


def test_json_is_taken_and_answered_as_json(funnel: Funnel) -> None:
    """Texts, lists, numbers, yes and no; null and what is not declared are left out."""
    body = {"email": "ann@example.com", "name": "Ann", "topics": ["Mails"], "news": True, "size": None, "x": 1}
    reply = post_json(funnel, json.dumps(body))
    assert (reply.status_code, reply.json) == (200, {"redirect": "https://www.example.com/thanks/guide/"})
    assert answers(funnel) == {"email": "ann@example.com", "name": "Ann", "topics": ["Mails"], "news": "yes"}


def test_what_is_wrong_in_json_is_said_in_json(funnel: Funnel) -> None:
    """Field by field, as for a form; a client that asks for a page gets one."""
    reply = post_json(funnel, '{"email": "ann@", "size": "9"}')
    assert reply.json is not None
    assert (reply.status_code, reply.json["error"]) == (422, "invalid")
    assert [(e["field"], e["code"]) for e in reply.json["errors"]] == [("email", "email"), ("size", "unknown_choice")]
    assert post_json(funnel, '{"email": "ann@"}', Accept="text/html").mimetype == "text/html"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        '"ann@example.com"',
        "null",
        '{"email": "ann@example.com"',
        '{"email": "ann@example.com", "email": "bob@example.com"}',
        '{"email": {"email": "ann@example.com"}}',
        '{"email": "ann@example.com", "topics": [["Mails"]]}',
        '{"email": "ann@example.com", "topics": [{"a": "b"}]}',
        '{"email": "ann@example.com", "topics": [1]}',
        '{"email": "ann@example.com", "topics": [{}]}',
        '{"email": "ann@example.com", "name": NaN}',
        '{"email": "ann@example.com", "name": -Infinity}',
        '{"email": "ann@example.com", "x": ' + "[" * 30_000 + "]" * 30_000 + "}",
        '{"email": "ann@example.com", "x": ' + '{"a":' * 10 + "1" + "}" * 10 + "}",
    ],
)
def test_json_of_another_shape_is_refused(funnel: Funnel, body: str) -> None:
    """Before anything of it is looked at."""
    assert refused(post_json(funnel, body)) == (400, "bad_json")
    assert list(funnel.service.store.submissions()) == []


def test_json_has_the_limits_of_forms(funnel: Funnel) -> None:
    """As many bytes, as many fields, the same encoding."""
    assert refused(post_json(funnel, json.dumps({f"f{n}": "" for n in range(101)}))) == (413, "too_many_fields")
    assert refused(post_json(funnel, json.dumps({"about": "a" * 65_536}))) == (413, "too_large")
    assert refused(post_json(funnel, b'{"email": "\xff"}')) == (400, "not_utf8")


@pytest.mark.parametrize("name", ["\ud800", "\u202e\ud83d"])
def test_half_a_character_is_refused(funnel: Funnel, name: str) -> None:
    """JSON can spell what is no text."""
    reply = post_json(funnel, json.dumps({"email": "ann@example.com", "name": name}))
    assert reply.json is not None
    assert [error["code"] for error in reply.json["errors"]] == ["control_characters"]
    page = post_json(funnel, json.dumps({"email": "ann@example.com", "name": name}), Accept="text/html")
    assert (page.status_code, page.mimetype) == (422, "text/html")


def multipart(fields: dict[str, str], boundary: str = "x") -> bytes:
    parts = (f'--{boundary}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items())
    return "".join((*parts, f"--{boundary}--\r\n")).encode()


MULTIPART = "multipart/form-data; boundary=x"


def test_multipart_is_taken_without_files_too(funnel: Funnel) -> None:
    """As `fetch` sends a FormData."""
    reply = post(funnel, multipart({"email": "ann@example.com", "name": "Zoë"}), MULTIPART)
    assert reply.status_code == 200
    assert answers(funnel)["name"] == "Zoë"


def test_multipart_has_limits(funnel: Funnel) -> None:
    """Of parts, of bytes, of encoding."""
    many = {"email": "ann@example.com", **{f"f{n}": "" for n in range(20)}}
    assert refused(post(funnel, multipart(many), MULTIPART)) == (413, "too_large")
    assert refused(post(funnel, multipart({"about": "a" * 70_000}), MULTIPART)) == (413, "too_large")
    broken = multipart({"email": "ann@example.com", "name": "?"}).replace(b"?", b"\xff")
    assert refused(post(funnel, broken, MULTIPART)) == (400, "not_utf8")
    reply = post(funnel, multipart({"email": "ann@example.com"}), MULTIPART, Content_Encoding="gzip")
    assert refused(reply) == (415, "unsupported_media_type")


def test_a_form_made_for_another_service_works(funnel: Funnel, caplog: pytest.LogCaptureFixture) -> None:
    """Its own fields are dropped, and where it wants to go is said in the log and nowhere else."""
    fields = {
        "email": "ann@example.com",
        "name": "Ann",
        "_subject": "A lead!",
        "_gotcha": "",
        "form-name": "contact",
        "bot-field": "",
        "_next": "https://evil.example/",
    }
    with caplog.at_level("INFO", "leadpages"):
        reply = funnel.post("guide", fields)
    assert (reply.status_code, reply.headers["Location"]) == (303, "https://www.example.com/thanks/guide/")
    assert answers(funnel) == {"email": "ann@example.com", "name": "Ann"}
    assert "`_next` of form guide is ignored" in caplog.text
    assert "evil.example" not in caplog.text


@pytest.mark.parametrize(
    ("headers", "page"),
    [
        ({"Referer": "https://www.example.com/offers/?utm_source=x"}, "/offers/"),
        ({"Referer": "https://www.example.com/%C3%BCber/"}, "/über/"),
        ({"Referer": "https://www.example.com/%FF/"}, "/"),
        ({"Referer": "https://www.example.com/c/SECRET.token"}, "/"),
        ({"Referer": "https://evil.example/offers/"}, "/"),
        ({"Referer": "https://www.example.com/" + "a" * 500}, "/"),
        ({"Referer": "https://www.example.com:port/offers/"}, "/"),
        ({"Referer": "https://www.example.com"}, "/"),
        ({}, "/"),
    ],
)
def test_the_page_of_a_form_made_elsewhere(funnel: Funnel, headers: dict[str, str], page: str) -> None:
    """Is what the browser says, where that is one of the site's; also after a mistake."""
    again = element(funnel.post("guide", {"email": "ann"}, **headers).text, "input", name="_page")
    assert again.attributes["value"] == page
    funnel.post("guide", None, **headers)
    assert [submission.page for _, submission in funnel.service.store.submissions()] == [page]


@pytest.mark.parametrize(("path", "page"), [("/promo/offers/", "/offers/"), ("/offers/", "/"), ("/promo/f/guide", "/")])
def test_the_page_of_a_site_below_a_path(funnel: Funnel, path: str, page: str) -> None:
    """Is where its own forms say that they stand: without that path."""
    client = Client(App(funnel.service._replace(site_url="https://www.example.com/promo")))
    shown = client.get("/f/guide", headers={"Referer": f"https://www.example.com{path}"})
    assert element(shown.text, "input", name="_page").attributes["value"] == page


def test_a_page_on_another_host_is_none(funnel: Funnel) -> None:
    """Two slashes begin an address without a scheme."""
    funnel.post("guide", {"email": "ann@example.com", "_page": "//evil.example/x"})
    assert [submission.page for _, submission in funnel.service.store.submissions()] == ["/"]


def test_a_form_says_itself_where_it_stands(funnel: Funnel) -> None:
    """Then the browser is not asked."""
    answers = {"email": "ann@example.com", "_page": "/guide/"}
    funnel.post("guide", answers, Referer="https://www.example.com/offers/")
    assert [submission.page for _, submission in funnel.service.store.submissions()] == ["/guide/"]


@pytest.mark.parametrize("name", HONEYPOT_FIELDS)
def test_a_trap_of_another_service_is_one(funnel: Funnel, name: str) -> None:
    """Whoever fills it is kept apart."""
    funnel.post("guide", {"email": "ann@example.com", name: "https://spam.example"})
    assert [s.quarantined_for for s in funnel.service.store.quarantined()] == ["honeypot"]


def test_a_script_on_the_site_may_send_json_to_a_handler_elsewhere(funnel: Funnel) -> None:
    """The browser asks first, and hears that it may; a page elsewhere hears nothing."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    client = funnel.elsewhere()
    reply = client.options("/f/guide", headers={**asked, "Origin": "https://www.example.com"})
    assert (reply.status_code, reply.data) == (204, b"")
    assert reply.headers["Access-Control-Allow-Origin"] == "https://www.example.com"
    assert "Content-Type" in reply.headers["Access-Control-Allow-Headers"]
    foreign = client.options("/f/guide", headers={**asked, "Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in foreign.headers


def test_the_type_is_named_that_is_taken(funnel: Funnel) -> None:
    """In words that help whoever writes a client."""
    reply = post(funnel, b"x", "text/plain")
    assert reply.json is not None
    assert URLENCODED in reply.json["errors"][0]["message"]
    assert "application/json" in reply.json["errors"][0]["message"]
