"""`/d/TOKEN`: the gated file (GET), and a new link by mail (POST)."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import dump_options_header
from werkzeug.utils import send_file
from werkzeug.wrappers import Response

from leadpages.core.errors import LeadpagesError, StorageError, TokenError
from leadpages.core.forms import GatedFile
from leadpages.core.signing import TokenExpired
from leadpages.handler.pages import Pages
from leadpages.handler.refusals import Refusal, not_found
from leadpages.handler.replies import NO_SNIFFING
from leadpages.handler.requests import Request
from leadpages.handler.service import Service
from leadpages.stores.files.protocol import GatedFiles

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from leadpages.handler.replies import Answer

_RESEND_PAUSE: Final = timedelta(minutes=10)
#: So long after its beginning, the later parts of a download belong to it.
_PARTS_WITHIN: Final = timedelta(hours=1)
#: Replies to a condition or a range that come without the file.
_WITHOUT_IT: Final = (304, 412, 416)
_PRIVATE: Final = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex", **NO_SNIFFING}


def answer(service: Service, pages: Pages, request: Request, token: str) -> Answer:
    """Give out the file, count it, and stop at the form's limit.

    Raises TokenError for a link that is not ours, Refusal 404 for one that was used up, StorageError where the bucket
    has not the file; that costs no download.
    """
    now = service.clock()
    expired = False
    try:
        submission_id = service.tokens.read("download", token, now)
    except TokenExpired as error:
        submission_id, expired = error.subject, True
    asked = service.store.find_download(submission_id)
    form = service.bundle.forms.get(asked.form) if asked else None
    if asked is None or form is None or form.file is None:
        raise not_found()
    edition = service.bundle.edition(request.language)
    if request.method == "POST":
        service.store.queue_again(submission_id, "deliver", _RESEND_PAUSE, now)
        return pages.show(edition, "link-sent", edition.say("A new link is on its way"))
    if expired:
        return pages.show(edition, "expired", edition.say("This link has expired"), 410, resend=True, again="")
    begun, is_get = _begun(service, request, submission_id), request.method == "GET"
    if asked.times >= form.file.limit and not begun:
        raise _used_up()
    if gated := service.files.gated:
        response = _point_to(gated, request, form.name, form.file)
    else:
        mark = begun or (service.tokens.make("part", submission_id, now, _PARTS_WITHIN) if is_get else "")
        response = _open(service, request, form.file, f"{form.file.sha256}.{mark}")
    goes_on = begun and response.content_range.start
    if is_get and response.status_code not in _WITHOUT_IT and not goes_on:
        try:
            _count(service, submission_id, form.file)
        except LeadpagesError:
            response.close()
            raise
    return response


def _begun(service: Service, request: Request, submission_id: str) -> str:
    """The mark of the download that this request goes on with, "" where it begins one.

    Each download has an entity tag of its own, which comes back in `If-Range` (RFC 9110, 13.1.5) with the later parts:
    any other part is a download by itself.
    """
    _, _, mark = (request.full.if_range.etag or "").partition(".")
    try:
        is_own = service.tokens.read("part", mark, service.clock()) == submission_id
    except TokenError:
        return ""
    return mark if is_own else ""


def _count(service: Service, submission_id: str, file: GatedFile) -> None:
    if not service.store.count_download(submission_id, file.limit, service.clock()):
        raise _used_up()


def _used_up() -> Refusal:
    return Refusal(404, "used_up", "This link has been used as often as it can be.")


def _point_to(gated: GatedFiles, request: Request, form: str, file: GatedFile) -> Response:
    """The way to the file in a bucket; to HEAD, what is known of it, for that address answers GET alone."""
    if not gated.is_there(form, file):
        raise StorageError(f"{file.name} of form {form} is not in the bucket, or not whole: run `leadpages files push`")
    shown = _disposition(file.name)
    if request.method == "HEAD":
        known = {"Content-Type": file.media_type, "Content-Length": str(file.size), "Content-Disposition": shown}
        return Response(headers={**known, **_PRIVATE})
    return Response(status=302, headers={"Location": gated.address(form, file, shown), **_PRIVATE})


def _disposition(name: str) -> str:
    """For saving under `name` (RFC 6266, 4.3; RFC 8187), with a plain one for what does not know the other."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    exact = {} if plain == name else {"filename*": f"UTF-8''{quote(name, safe='')}"}
    return dump_options_header("attachment", {"filename": plain, **exact})


def _open(service: Service, request: Request, file: GatedFile, etag: str) -> Response:
    try:
        response = send_file(
            service.folder / file.path,
            _conditions(request),
            mimetype=file.media_type,
            as_attachment=True,
            download_name=file.name,
            conditional=True,
            etag=etag,
        )
    except RequestedRangeNotSatisfiable:
        return Response(status=416, headers={"Content-Range": f"bytes */{file.size}"})
    if response.status_code == 412:
        response.close()
        response = Response(status=412)
    response.headers.update(_PRIVATE)
    return response


def _conditions(request: Request) -> WSGIEnvironment:
    """The request without a range that is unreadable or manifold: it is answered in full (RFC 9110, 14.2).

    Nor has it the condition that there be a file (`If-Match: *`), which holds (13.1.1).
    """
    ignored = set()
    asked = request.full.range
    if not (asked and asked.units == "bytes" and len(asked.ranges) == 1):
        ignored.add("HTTP_RANGE")
    if request.full.if_match.star_tag:
        ignored.add("HTTP_IF_MATCH")
    return {name: value for name, value in request.environ.items() if name not in ignored}
