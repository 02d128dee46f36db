"""What the handler reads in a request's head."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from tests.handler.funnel import Funnel
from werkzeug.test import run_wsgi_app

from leadpages.handler.application import App
from leadpages.handler.requests import Request, wants_json

FORM = "application/x-www-form-urlencoded"
BODY = b"email=ann%40example.com"


def environ(**more: Any) -> dict[str, Any]:
    """What a server makes of a post, with as little as PEP 3333 asks for."""
    return {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/f/guide", "CONTENT_TYPE": FORM, "CONTENT_LENGTH": str(len(BODY)),
        "wsgi.input": BytesIO(BODY), "wsgi.url_scheme": "https", "SERVER_NAME": "www.example.com", "SERVER_PORT": "443",
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/*", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        ("application/json, text/plain, */*", True),
        ("text/html, */*", False),
        ("text/html, application/json", False),
        ("text/html;q=0.5, application/json", True),
        ("text/html;q=0.5,\tapplication/json;q=0.4", False),
        ("text/html;q=0.1,\tapplication/json", True),
        ("text/html;q=0.0001,application/json;q=0.001", True),
        ("text/html;q=0, application/json;q=0", False),
        ("text/html;q=0, */*", True),
        ("text/*;q=0.1, text/html, application/json;q=0.5", False),
        ("text/html;q=x, application/json;q=0.1", True),
        ("text/html;q=1.999, application/json;q=0.1", True),
        ("image/png", False),
        (",;,;q", False),
    ],
)
def test_what_is_wanted(accept: str | None, is_json: bool) -> None:
    """The best weight, by the range that names a type best; of two alike, the page, or JSON for who sends JSON."""
    asked = {} if accept is None else {"HTTP_ACCEPT": accept}
    assert wants_json(Request(environ(**asked))) is is_json


@pytest.mark.parametrize("accept", [None, "*/*", "text/html, application/json", "image/png"])
def test_who_sends_json_gets_json(accept: str | None) -> None:
    """Unless they would rather have a page."""
    asked = {} if accept is None else {"HTTP_ACCEPT": accept}
    assert wants_json(Request(environ(CONTENT_TYPE="application/json", **asked)))
    assert not wants_json(Request(environ(CONTENT_TYPE="application/json", HTTP_ACCEPT="text/html")))


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, 303),
        ({"CONTENT_LENGTH": f" {len(BODY)} "}, 303),
        ({"PATH_INFO": "//f/guide"}, 303),
        # The host has the whole body, however it came.
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 303),
        ({"HTTP_TRANSFER_ENCODING": "identity"}, 303),
        ({"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}, 303),
        ({"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "CONTENT_LENGTH": "3"}, 303),
        ({"CONTENT_LENGTH": "9" * 5000}, 413),
        ({"CONTENT_LENGTH": "999"}, 400),
        # An empty form.
        ({"CONTENT_LENGTH": ""}, 422),
        ({"CONTENT_LENGTH": None}, 422),
        ({"CONTENT_LENGTH": "-5"}, 422),
        ({"CONTENT_LENGTH": "\u0661\u0662"}, 422),
        ({"CONTENT_TYPE": None}, 415),
        ({"PATH_INFO": None}, 404),
        ({"PATH_INFO": ""}, 404),
        ({"REQUEST_METHOD": "post"}, 405),
    ],
)
def test_odd_heads(funnel: Funnel, more: dict[str, Any], status: int) -> None:
    """Servers differ in what they make of a request; none of it is a fault of ours."""
    _, got, _ = run_wsgi_app(App(funnel.service), environ(**more))
    assert int(got[:3]) == status
