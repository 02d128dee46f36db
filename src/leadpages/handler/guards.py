"""Telling people from programs, and our pages from others'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from werkzeug.wrappers import Request

from leadpages.core.errors import TokenError
from leadpages.core.forms import HONEYPOT_FIELD, STARTED_FIELD, Form
from leadpages.core.signing import Tokens
from leadpages.handler.refusals import Refusal


def check_origin(request: Request, allowed: frozenset[str]) -> None:
    """Let a form be posted from the site's own pages, and by clients that are no browser.

    A browser that sends no `Origin` says with `Sec-Fetch-Site` where the form stood
    (https://www.w3.org/TR/fetch-metadata/).

    Raises Refusal 403.
    """
    sender = request.headers.get("Origin")
    if sender is None:
        if request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none"):
            return
    elif sender in allowed:
        return
    raise Refusal(403, "origin_denied", "This form was sent from a page that is not ours.")


def reason_to_quarantine(form: Form, posted: Mapping[str, Sequence[str]], tokens: Tokens, now: datetime) -> str:
    """Why a valid post looks like a program's, or "".

    A missing start time is no reason: visitors without scripts send none.
    """
    if any(posted.get(HONEYPOT_FIELD, ())):
        return "honeypot"
    started = next(iter(posted.get(STARTED_FIELD, ())), "")
    if not started:
        return ""
    try:
        issued_at = datetime.fromtimestamp(int(tokens.read("started", started, now)), now.tzinfo)
    except (TokenError, ValueError):
        return "forged start time"
    return "too fast" if now - issued_at < timedelta(seconds=form.min_seconds) else ""


def start_token(tokens: Tokens, now: datetime) -> str:
    """A proof of when someone began to fill in a form."""
    return tokens.make("started", str(int(now.timestamp())), now)
