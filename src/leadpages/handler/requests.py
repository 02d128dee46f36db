"""Reading requests: limits first, then bytes, then text."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, parse_qsl
from uuid import uuid4

from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.utils import cached_property
from werkzeug.wrappers import Request

from leadpages.core.urls import LANGUAGE
from leadpages.handler.refusals import Refusal

MAX_BODY_BYTES: Final = 64 * 1024
_MAX_FIELDS: Final = 100
_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_MULTIPART_TYPE: Final = "multipart/form-data"


class HandlerRequest(Request):
    """A request whose body may be `MAX_BODY_BYTES` long, by its header or as it comes in."""

    # One more than is taken: a body without a length is cut off there, and by that it is known to be too long.
    max_content_length = MAX_BODY_BYTES + 1

    @property
    def language(self) -> str:
        """The language that the answer is asked for in, as it came; "" for the site's own."""
        return self.query.get(LANGUAGE, [""])[-1]

    @property
    def query(self) -> dict[str, list[str]]:
        """What stands in the address after `?`, by name."""
        # Not `args`: it raises for a query that is not UTF-8.
        return parse_qs(self.query_string.decode("latin-1"))

    @cached_property
    def id(self) -> str:
        """Names this request in its reply and in the log."""
        return uuid4().hex[:16]


def read_form_with_files(request: Request, most: int) -> tuple[dict[str, list[str]], dict[str, list[FileStorage]]]:
    """The posted fields and files of a form whose files may have `most` bytes together.

    Files are on the disk, not in memory, from half a megabyte on. Raises Refusal as `read_form` does.
    """
    if request.mimetype != _MULTIPART_TYPE:
        return read_form(request), {}
    request.max_content_length = most + MAX_BODY_BYTES
    request.max_form_memory_size, request.max_form_parts = MAX_BODY_BYTES, _MAX_FIELDS
    try:
        files = {name: [file for file in found if file.filename] for name, found in request.files.lists()}
        return {name: list(values) for name, values in request.form.lists()}, files
    except RequestEntityTooLarge:
        message = "A form may have {size} KiB."
        raise Refusal(413, "too_large", message, size=request.max_content_length // 1024) from None
    except ClientDisconnected:
        raise Refusal(400, "incomplete", "The form did not arrive whole.") from None


def read_form(request: Request) -> dict[str, list[str]]:
    """The posted fields, each with its values in order.

    Raises Refusal: 415 for another content type or encoding, 413 for a body or a number of fields over the
    limit, 400 for text that is not UTF-8.
    """
    if request.mimetype != _FORM_TYPE or request.headers.get("Content-Encoding", "identity") != "identity":
        raise Refusal(415, "unsupported_media_type", "Send the form as {type}.", type=_FORM_TYPE)
    body = read_body(request)
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except UnicodeDecodeError:
        raise Refusal(400, "not_utf8", "The form's text is not valid UTF-8.") from None
    except ValueError:
        raise Refusal(413, "too_many_fields", "A form may have {count} fields.", count=_MAX_FIELDS) from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def read_body(request: Request) -> bytes:
    """The body, at most `MAX_BODY_BYTES` of it.

    Raises Refusal 413 for more, 400 when the client went away.
    """
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise _too_large() from None
    except ClientDisconnected:
        raise Refusal(400, "incomplete", "The form did not arrive whole.") from None
    if len(body) > MAX_BODY_BYTES:
        raise _too_large()
    return body


def _too_large() -> Refusal:
    return Refusal(413, "too_large", "A form may have {size} KiB.", size=MAX_BODY_BYTES // 1024)


def wants_json(request: Request) -> bool:
    """Whether the client would rather have JSON than a page (RFC 9110, 12.5.1)."""
    return request.accept_mimetypes.best_match(("text/html", "application/json")) == "application/json"
