"""`/d/TOKEN`: the gated file (GET), and a new link by mail (POST)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from werkzeug.utils import send_file
from werkzeug.wrappers import Request, Response

from leadpages.core.forms import GatedFile
from leadpages.core.signing import TokenExpired
from leadpages.handler.pages import Pages
from leadpages.handler.refusals import Refusal, not_found
from leadpages.handler.service import Service

_RESEND_PAUSE: Final = timedelta(minutes=10)


def answer(service: Service, pages: Pages, request: Request, token: str) -> Response:
    """Give out the file, count it, and stop at the form's limit.

    Raises TokenError for a link that is not ours, Refusal 404 for one that was used up.
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
    if request.method == "POST":
        service.store.queue_again(submission_id, "deliver", _RESEND_PAUSE, now)
        return pages.show("link-sent", "A new link is on its way")
    if expired:
        return pages.show("expired", "This link has expired", 410, resend=True, again="")
    if request.method == "GET":
        _count(service, request, submission_id, asked.count, form.file)
    return _send(service, request, form.file)


def _count(service: Service, request: Request, submission_id: str, count: int, file: GatedFile) -> None:
    # A reader that asks for a file in ranges has one download, counted when its first byte is asked for.
    continues = bool(re.match(r"bytes=0*[1-9]", request.headers.get("Range", "")))
    if continues and 0 < count <= file.limit:
        return
    if not service.store.count_download(submission_id, file.limit, service.clock()):
        raise Refusal(404, "used_up", "This link has been used as often as it can be.")


def _send(service: Service, request: Request, file: GatedFile) -> Response:
    response = send_file(
        service.folder / file.path,
        request.environ,
        mimetype=file.media_type,
        as_attachment=True,
        download_name=file.name,
        conditional=True,
        etag=file.sha256,
    )
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
