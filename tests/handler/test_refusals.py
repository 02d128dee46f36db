"""What the handler does not take: addresses, methods, bodies and origins."""

from __future__ import annotations

from io import BytesIO
from itertools import product

import pytest
from tests.handler.funnel import SITE, Funnel
from werkzeug.test import TestResponse

URLENCODED = "application/x-www-form-urlencoded"
JSON = {"Accept": "application/json"}


def refused(reply: TestResponse) -> tuple[int, str]:
    """Status and code of a JSON reply that has the documented shape."""
    assert reply.json is not None
    (error,) = reply.json["errors"]
    assert reply.json.keys() == {"error", "errors", "request_id"}
    assert error["code"] == reply.json["error"]
    assert error["message"]
    assert reply.json["request_id"] == reply.headers["X-Request-Id"]
    return reply.status_code, error["code"]


def post(funnel: Funnel, body: bytes, content_type: str = URLENCODED, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()} | JSON
    return funnel.client.post("/f/guide", data=body, content_type=content_type, headers=named)


@pytest.mark.parametrize(
    "path",
    ["/", "/f/", "/f/unknown", "/f/guide/", "/f/../f/guide", "/f/Guide", "/c/", "/x/y", "/d/a/b", "/e/", "/f/gui%00de"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_an_unknown_address_is_not_found(funnel: Funnel, path: str, method: str) -> None:
    """Programs and people alike."""
    assert funnel.client.open(path, method=method).status_code == 404
    if method != "HEAD":
        assert refused(funnel.client.open(path, method=method, headers=JSON)) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "method"),
    [
        *product(["/f/guide", "/c/x", "/d/x", "/u/x"], ["PUT", "DELETE", "PATCH", "TRACE", "POST ", "FOO"]),
        *product(["/c/x", "/d/x", "/u/x"], ["OPTIONS"]),  # asked of forms before a script may send JSON
    ],
)
def test_other_methods_are_not_allowed(funnel: Funnel, path: str, method: str) -> None:
    """The reply says which are."""
    environ = {"REQUEST_METHOD": method}
    reply = funnel.client.open(path, headers=JSON, environ_overrides=environ)
    assert refused(reply) == (405, "method_not_allowed")
    assert reply.headers["Allow"] == "GET, HEAD, POST"


def test_people_get_a_page_of_the_theme(funnel: Funnel) -> None:
    """It names the request, and nothing that was typed into the address."""
    reply = funnel.client.get("/f/<script>alert(1)</script>x")
    assert reply.status_code == 404
    assert "Page not found" in reply.text
    assert reply.headers["X-Request-Id"] in reply.text
    assert "alert" not in reply.text


def test_a_body_has_a_size(funnel: Funnel) -> None:
    """64 KiB are read, one byte more is refused by its header alone."""
    room = 64 * 1024 - len(b"email=ann@example.com&about=")
    assert refused(post(funnel, b"email=ann@example.com&about=" + b"a" * (room + 1))) == (413, "too_large")
    reply = funnel.client.post(
        "/f/guide", content_type=URLENCODED, headers=JSON, environ_overrides={"CONTENT_LENGTH": "99999999999"}
    )
    assert refused(reply) == (413, "too_large")
    fits = post(funnel, b"email=ann@example.com&about=" + b"a" * room)
    assert fits.json is not None
    assert [error["code"] for error in fits.json["errors"]] == ["too_long"]


def test_a_body_without_a_length_has_a_size_too(funnel: Funnel) -> None:
    """A chunked body is stopped as it comes in."""
    environ = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    reply = funnel.client.post(
        "/f/guide", data=b"about=" + b"a" * 70_000, content_type=URLENCODED, headers=JSON, environ_overrides=environ
    )
    assert refused(reply) == (413, "too_large")


def test_a_body_that_stops_short_is_no_form(funnel: Funnel) -> None:
    """A broken connection leaves no half-typed lead."""
    environ = {"CONTENT_LENGTH": "500"}
    reply = funnel.client.post(
        "/f/guide", data=b"email=ann@example.com", content_type=URLENCODED, headers=JSON, environ_overrides=environ
    )
    assert refused(reply) == (400, "incomplete")
    assert list(funnel.service.store.leads()) == []


def test_a_body_that_the_server_cannot_read_is_no_form(funnel: Funnel) -> None:
    """Chunks without a size, for example: gunicorn has an error of its own for them."""

    class Chunks(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ArithmeticError("no size")

    environ = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True, "wsgi.input": Chunks()}
    reply = funnel.client.post("/f/guide", content_type=URLENCODED, headers=JSON, environ_overrides=environ)
    assert refused(reply) == (400, "incomplete")


def test_a_form_has_a_number_of_fields(funnel: Funnel) -> None:
    """A hundred are read, one more is refused."""
    fields = b"email=ann@example.com&" + b"&".join(b"f%d=" % n for n in range(99))
    assert post(funnel, fields).status_code == 200
    assert refused(post(funnel, fields + b"&one=more")) == (413, "too_many_fields")
    assert refused(post(funnel, b"&" * 60_000)) == (413, "too_many_fields")


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "multipart/mixed; boundary=x", "application/x-ndjson", "x", "application/xml"]
)
def test_other_content_types_are_refused(funnel: Funnel, content_type: str) -> None:
    """A form is sent in one of three ways."""
    assert refused(post(funnel, b"email=ann@example.com", content_type)) == (415, "unsupported_media_type")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip", "x"])
def test_content_encodings_are_refused(funnel: Funnel, encoding: str) -> None:
    """Nothing is unpacked, so nothing can explode."""
    reply = post(funnel, b"email=ann@example.com", Content_Encoding=encoding)
    assert refused(reply) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "body",
    [
        b"email=ann@example.com&name=\xff",
        b"email=ann@example.com&name=%FF",
        b"%C3=1",
        b"name=%ED%A0%80",
        b"name=\xc0\x80",
    ],
)
def test_bytes_that_are_not_utf_8_are_refused(funnel: Funnel, body: bytes) -> None:
    """Raw or percent-encoded, in names or values; surrogates and overlong forms are none."""
    assert refused(post(funnel, b"email=ann@example.com&" + body)) == (400, "not_utf8")


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://www.example.com.evil.example",
        "https://evil.example",
        "http://www.example.com",
        "https://example.com",
        "https://www.example.com:8443",
        "https://www.example.com/",
        "https://WWW.example.com",
        "https://evil.example, https://www.example.com",
        "file://",
    ],
)
@pytest.mark.parametrize("path", ["/f/guide", "/e"])
def test_a_foreign_origin_is_denied(funnel: Funnel, path: str, origin: str) -> None:
    """Only exactly the site's own is not foreign, and a foreign one may not read the reply either."""
    for client in (funnel.client, funnel.elsewhere()):
        reply = client.post(path, data={"email": "ann@example.com"}, headers={"Origin": origin, **JSON})
        assert refused(reply) == (403, "origin_denied")
        assert "Access-Control-Allow-Origin" not in reply.headers
    assert list(funnel.service.store.leads()) == []


def test_the_sites_own_origin_may_post_and_read(funnel: Funnel) -> None:
    """Where the handler has another one, a browser is told so, and caches that the reply depends on it."""
    reply = funnel.elsewhere().post("/f/guide", data={"email": "ann@example.com"}, headers={"Origin": SITE})
    assert reply.status_code == 303
    assert reply.headers["Access-Control-Allow-Origin"] == SITE
    assert "Origin" in reply.headers["Vary"]
    assert "Vary" not in funnel.post("guide", {"email": "bob@example.com"}, Origin=SITE).headers


@pytest.mark.parametrize(
    ("site", "status"),
    [(None, 303), ("same-origin", 303), ("none", 303), ("same-site", 403), ("cross-site", 403), ("", 403), ("x", 403)],
)
def test_without_an_origin_the_browsers_own_word_counts(funnel: Funnel, site: str | None, status: int) -> None:
    """`Sec-Fetch-Site` decides; clients that send neither are no browsers."""
    headers = {} if site is None else {"Sec-Fetch-Site": site}
    reply = funnel.client.post("/f/guide", data={"email": "ann@example.com"}, headers=headers)
    assert reply.status_code == status


def test_an_origin_outweighs_the_browsers_other_word(funnel: Funnel) -> None:
    """A foreign origin stays foreign."""
    assert funnel.post("guide", Origin="https://evil.example", Sec_Fetch_Site="same-origin").status_code == 403
