"""`/c/TOKEN`: a button (GET), and the confirmation of an address (POST).

Link scanners open links, scripts and all; only a press of the button changes anything.
"""

from __future__ import annotations

from datetime import timedelta

from leadpages.core.bundle import Edition
from leadpages.core.signing import TokenExpired
from leadpages.core.urls import DOWNLOAD, SUBMIT
from leadpages.handler.pages import Pages
from leadpages.handler.refusals import not_found
from leadpages.handler.replies import Reply
from leadpages.handler.requests import Request
from leadpages.handler.service import Service
from leadpages.stores.protocol import Confirmation


def answer(service: Service, pages: Pages, request: Request, token: str) -> Reply:
    """Show the button, or confirm.

    Raises TokenError for a link that is not ours.
    """
    now = service.clock()
    edition = service.bundle.edition(request.language)
    try:
        submission_id = service.tokens.read("confirm", token, now)
    except TokenExpired as expired:
        found = service.store.find_confirmation(expired.subject)
        if found is None:
            raise not_found() from None
        return _expired(service, pages, edition, found)
    if request.method == "POST":
        found = service.store.confirm(submission_id, service.on_acceptance, now)
    else:
        found = service.store.find_confirmation(submission_id)
    if found is None:
        raise not_found()
    titles = [edition.forms[name].title for name in found.forms if name in edition.forms]
    if request.method != "POST" and not found.already:
        return pages.show(edition, "confirm", edition.say("Confirm your address"), titles=titles)
    return pages.show(
        edition,
        "confirmed",
        edition.say("Already confirmed" if found.already else "Address confirmed"),
        already=found.already,
        titles=titles,
        download=_download(service, edition, submission_id),
    )


def _download(service: Service, edition: Edition, submission_id: str) -> str:
    """Where the file is, for the person who just proved the address: no need to wait for the mail."""
    asked = service.store.find_download(submission_id)
    form = edition.forms.get(asked.form) if asked else None
    if form is None or form.file is None:
        return ""
    valid_for = timedelta(seconds=form.file.valid_for_s)
    token = service.tokens.make("download", submission_id, service.clock(), valid_for)
    return service.address(DOWNLOAD + token, edition)


def _expired(service: Service, pages: Pages, edition: Edition, found: Confirmation) -> Reply:
    form = edition.forms.get(found.forms[0])
    again = service.address(SUBMIT + form.name, edition) if form else ""
    return pages.show(edition, "expired", edition.say("This link has expired"), 410, resend=False, again=again)
