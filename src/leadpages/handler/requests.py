"""Reading requests: limits first, then bytes, then text."""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from math import inf
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote_to_bytes

from leadpages.core.forms import BOX_VALUE, Form
from leadpages.core.ids import new_request_id
from leadpages.core.urls import LANGUAGE
from leadpages.handler.refusals import Refusal

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from werkzeug.datastructures import FileStorage
    from werkzeug.wrappers import Request as FullRequest

MAX_BODY_BYTES: Final = 64 * 1024
_MAX_FIELDS: Final = 100
#: Of a form with few fields.
_MAX_PARTS: Final = 20
#: Digits of a body's length: what has more of them is too large by its first ones already.
_LONGEST_LENGTH: Final = 18
#: What stands after a media range in `Accept` (RFC 9110, 12.4.2), though some write more digits.
_WEIGHT: Final = re.compile(r"q=(0(?:\.\d*)?|1(?:\.0*)?)")

Posted = dict[str, list[str]]


class Request:
    """One request (PEP 3333), and what the handler asks of it."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        #: Names this request in its reply and in the log.
        self.id = new_request_id()
        self._full: FullRequest | None = None

    @property
    def path(self) -> str:
        """What is asked for, without the query, unquoted."""
        path: str = self.environ.get("PATH_INFO") or ""
        return "/" + path.encode("latin-1").decode(errors="replace").lstrip("/")

    def header(self, name: str) -> str | None:
        """What one header says; None where it is not there."""
        return self.environ.get(_variable(name))

    @property
    def peer(self) -> str:
        """The address that the request comes from: perhaps a proxy's."""
        return self.environ.get("REMOTE_ADDR") or ""

    @property
    def mimetype(self) -> str:
        """The content type, in lower case and without its parameters; "" where none is named."""
        named: str = self.environ.get("CONTENT_TYPE") or ""
        return named.partition(";")[0].strip().lower()

    @property
    def content_length(self) -> int | None:
        """How long the body is said to be; None where nobody says, or where it comes in chunks that the server joins.

        Hosts that have the whole body say how long it is, also where they pass on that it came in chunks.
        """
        said: str = (self.environ.get("CONTENT_LENGTH") or "").strip()
        joined = self.header("Transfer-Encoding") and self.environ.get("wsgi.input_terminated")
        return int(said[:_LONGEST_LENGTH]) if said.isascii() and said.isdecimal() and not joined else None

    @property
    def language(self) -> str:
        """The language that the answer is asked for in, as it came; "" for the site's own."""
        return self.query.get(LANGUAGE, [""])[-1]

    @property
    def query(self) -> dict[str, list[str]]:
        """What stands in the address after `?`, by name."""
        query = self.environ.get("QUERY_STRING")
        return parse_qs(query) if query else {}

    @property
    def full(self) -> FullRequest:
        """The same request to werkzeug, which knows files, ranges and entity tags, and takes a while to load."""
        from werkzeug.wrappers import Request as FullRequest

        self._full = self._full or FullRequest(self.environ)
        return self._full

    def close(self) -> None:
        """Let go of the files that came with it."""
        if self._full:
            self._full.close()


@cache
def _variable(name: str) -> str:
    return f"HTTP_{name.upper().replace('-', '_')}"


def read_form(request: Request, form: Form) -> tuple[Posted, dict[str, list[FileStorage]]]:
    """The posted fields, each with its values in order, and the files.

    Raises Refusal: 415 for another content type or encoding, 413 for a body or a number of fields over the
    limit, 400 for what cannot be read.
    """
    read = _READERS.get(request.mimetype)
    if read is None or request.header("Content-Encoding") not in (None, "identity"):
        raise Refusal(415, "unsupported_media_type", "Send the form as {type}.", type=" or ".join(_READERS))
    return read(request, form)


def _read_urlencoded(request: Request, form: Form) -> tuple[Posted, dict[str, list[FileStorage]]]:
    """As https://url.spec.whatwg.org/#urlencoded-parsing says; `parse_qsl` does, too, in three times the time."""
    pairs = read_body(request).replace(b"+", b" ").split(b"&")
    if len(pairs) > _MAX_FIELDS:
        raise _too_many(_MAX_FIELDS)
    fields: Posted = {}
    try:
        for pair in pairs:
            name, equals, value = pair.partition(b"=")
            if name or equals:
                fields.setdefault(_unquoted(name), []).append(_unquoted(value))
    except UnicodeDecodeError:
        raise _not_utf8() from None
    return fields, {}


def _unquoted(text: bytes) -> str:
    return (unquote_to_bytes(text) if b"%" in text else text).decode()


def _read_json(request: Request, form: Form) -> tuple[Posted, dict[str, list[FileStorage]]]:
    """An object with a text, a number, a yes or no, or a list of texts under each name (RFC 8259)."""
    try:
        # Pairs, not a dict: a key that stands twice means one thing here and another elsewhere.
        pairs = json.loads(read_body(request), object_pairs_hook=_Pairs, parse_constant=_no_constant)
        if not isinstance(pairs, _Pairs) or len({name for name, _ in pairs}) < len(pairs):
            raise ValueError("not one object, or one with a key twice")
        fields = {name: _texts(value) for name, value in pairs if value is not None}
    except UnicodeDecodeError:
        raise _not_utf8() from None
    except (ValueError, RecursionError):
        raise Refusal(
            400,
            "bad_json",
            "Send a JSON object with a text, a number, true, false or a list of texts under each name.",
        ) from None
    if len(fields) > _MAX_FIELDS:
        raise _too_many(_MAX_FIELDS)
    return fields, {}


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it is written."""


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _texts(value: object) -> list[str]:
    if isinstance(value, list) and not isinstance(value, _Pairs) and all(isinstance(text, str) for text in value):
        return value
    if isinstance(value, bool):
        return [BOX_VALUE] if value else []
    if isinstance(value, str | int | float) and value not in (inf, -inf):  # which 1e999 is
        return [str(value)]
    raise ValueError("nested")


def _read_multipart(request: Request, form: Form) -> tuple[Posted, dict[str, list[FileStorage]]]:
    """Files are on the disk, not in memory, from half a megabyte on (RFC 7578)."""
    from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

    full = request.full
    full.max_content_length = sum(field.max_size for field in form.file_fields) + MAX_BODY_BYTES
    # Counts what is left of one piece of 64 KiB together with the next one, of a file, too.
    full.max_form_memory_size = 2 * MAX_BODY_BYTES
    full.max_form_parts = max(_MAX_PARTS, 2 * len(form.fields))
    try:
        files = {name: [file for file in found if file.filename] for name, found in full.files.lists()}
        fields = {name: list(values) for name, values in full.form.lists() if name}
    except RequestEntityTooLarge:
        raise _too_large(full.max_content_length) from None
    except ClientDisconnected:
        raise _incomplete() from None
    if sum(len(text.encode(errors="replace")) for values in fields.values() for text in values) > MAX_BODY_BYTES:
        raise _too_large()
    if any("\ufffd" in text for name, values in fields.items() for text in (name, *values)):
        raise _not_utf8()  # werkzeug puts this sign where it cannot decode, and nobody types it
    return fields, files


#: `text/plain` is not among them: it is what a form elsewhere could send without a preflight.
_READERS: Final = {
    "application/x-www-form-urlencoded": _read_urlencoded,
    "multipart/form-data": _read_multipart,
    "application/json": _read_json,
}


def read_body(request: Request) -> bytes:
    """The body, at most `MAX_BODY_BYTES` of it.

    Raises Refusal 413 for more, 400 when the client went away.
    """
    stream = request.environ["wsgi.input"]
    length = request.content_length
    most = length or 0
    if length is None and request.environ.get("wsgi.input_terminated"):  # the server knows where its chunks end
        most = MAX_BODY_BYTES + 1  # by which it is known to be too long
    elif most > MAX_BODY_BYTES:
        raise _too_large()
    body = b""
    try:
        while chunk := stream.read(most - len(body)):
            body += chunk
    except Exception:  # servers have errors of their own for what they cannot read
        raise _incomplete() from None
    if len(body) > MAX_BODY_BYTES:
        raise _too_large()
    if len(body) < (length or 0):
        raise _incomplete()
    return body


def _incomplete() -> Refusal:
    return Refusal(400, "incomplete", "The form did not arrive whole.")


def _too_large(most: int = MAX_BODY_BYTES) -> Refusal:
    return Refusal(413, "too_large", "A form may have {size} KiB.", size=most // 1024)


def _too_many(most: int) -> Refusal:
    return Refusal(413, "too_many_fields", "A form may have {count} fields.", count=most)


def _not_utf8() -> Refusal:
    return Refusal(400, "not_utf8", "The form's text is not valid UTF-8.")


def wants_json(request: Request) -> bool:
    """Whether the client would rather have JSON than a page (RFC 9110, 12.5.1); who sends JSON and says nothing has."""
    return _prefers_json(request.header("Accept") or "", request.mimetype == "application/json")


@lru_cache  # what browsers accept is long, and always the same
def _prefers_json(accept: str, sends_json: bool) -> bool:
    as_json, as_page = _weight(accept, "application/json"), _weight(accept, "text/html")
    return as_json > as_page or (as_json == as_page and sends_json)


def _weight(accept: str, kind: str) -> tuple[float, int]:
    """How much a media type is wanted, by the range that names it best, and how well it is named; 0 for not at all."""
    named = {"*/*": 1, f"{kind.partition('/')[0]}/*": 2, kind: 3}
    found = (0, 0.0)
    for range_, *parameters in (part.split(";") for part in re.sub(r"[ \t]", "", accept.lower()).split(",")):
        if range_ in named:
            weight = _WEIGHT.fullmatch(next((p for p in parameters if p.startswith("q=")), "q=1"))
            found = max(found, (named[range_], float(weight[1]) if weight else 0.0))
    return (found[1], found[0]) if found[1] else (0.0, 0)
