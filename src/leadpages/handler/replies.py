"""Replies: pages, JSON, and the way to another page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from werkzeug.wrappers import Response

    Answer: TypeAlias = "Reply | Response"

#: How the reply to each code begins (RFC 9112, 4).
_STATUS_LINES: Final = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Reply:
    """A status, headers and a text, as a WSGI application.

    werkzeug's Response knows files and ranges too, and takes ten times as long: a third of what it takes to take in a
    form. It is used where there is a file.
    """

    __slots__ = ("headers", "status_code", "text")

    def __init__(self, status: int, headers: Mapping[str, str], text: str = "") -> None:
        self.status_code = status
        self.headers = dict(headers)
        self.text = text

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send it (PEP 3333); to HEAD, its head."""
        body = self.text.encode(errors="replace")  # JSON can bring half a character
        headers = list(self.headers.items())
        if self.status_code != HTTPStatus.NO_CONTENT:  # which has no length (RFC 9110, 8.6)
            headers.append(("Content-Length", str(len(body))))
        start_response(_STATUS_LINES[self.status_code], headers)
        return () if environ["REQUEST_METHOD"] == "HEAD" else (body,)


#: Beside each body: a browser takes it for what it is said to be.
NO_SNIFFING: Final = {"X-Content-Type-Options": "nosniff"}


def text_reply(text: str, status: int) -> Reply:
    """Words for a person, where there is no page."""
    return Reply(status, {"Content-Type": "text/plain; charset=utf-8", **NO_SNIFFING}, text)


def json_reply(data: Mapping[str, Any], status: int = 200) -> Reply:
    """`data` as JSON that no cache keeps."""
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store", **NO_SNIFFING}
    return Reply(status, headers, json.dumps(data, ensure_ascii=False) + "\n")


def error_reply(status: int, code: str, errors: Sequence[Mapping[str, str]], request_id: str) -> Reply:
    """What programs are told of every fault: each of `errors` has a code, a message and perhaps a field."""
    return json_reply({"error": code, "errors": errors, "request_id": request_id}, status)


def see_other(url: str) -> Reply:
    """On to a page, which is asked for with GET (RFC 9110, 15.4.4). No cache keeps the answer to a post (9.3.3)."""
    return Reply(HTTPStatus.SEE_OTHER, {"Location": _as_uri(url)})


@lru_cache  # the same few pages are asked for ever again
def _as_uri(url: str) -> str:
    """`url` in ASCII, as all headers are."""
    if url.isascii() and url.isprintable() and " " not in url:
        return url
    from werkzeug.urls import iri_to_uri

    return iri_to_uri(url)
