"""`/u/TOKEN`: a button (GET), and off every list (POST, by a person or one-click, RFC 8058)."""

from __future__ import annotations

from leadpages.handler.pages import Pages
from leadpages.handler.replies import Reply
from leadpages.handler.requests import Request
from leadpages.handler.service import Service


def answer(service: Service, pages: Pages, request: Request, token: str) -> Reply:
    """Show the button, or unsubscribe. The body, cookies and origin of a POST play no part.

    Raises TokenError for a link that is not ours.
    """
    submission_id = service.tokens.read("unsubscribe", token, service.clock())
    edition = service.bundle.edition(request.language)
    if request.method != "POST":
        return pages.show(edition, "unsubscribe", edition.say("Unsubscribe"))
    service.store.unsubscribe(submission_id, "by link", service.on_leaving, service.clock())
    return pages.show(edition, "unsubscribed", edition.say("You are unsubscribed"))
