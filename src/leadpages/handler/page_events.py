"""`/e`: counting views and clicks of pages, with nothing kept that tells one visitor from another."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Final

from leadpages.core.forms import has_control_characters
from leadpages.handler.guards import check_origin, event_limits
from leadpages.handler.refusals import Refusal
from leadpages.handler.replies import Reply
from leadpages.handler.requests import Request, read_body
from leadpages.handler.service import Service

_KINDS: Final = ("form_view", "form_start")


def answer(service: Service, request: Request) -> Reply:
    """Count `{"kind": "form_view" | "form_start", "page": "/a/path/"}`; 204, also where one client sends too many.

    The content type is not looked at: `navigator.sendBeacon` sends text/plain to spare a preflight.

    Raises Refusal 403 for a foreign origin, 400 for anything else in the body.
    """
    check_origin(request, service.origins)
    try:
        # Pairs, not a dict: a key that stands twice means one thing here and another elsewhere.
        (_, kind), (_, page) = pairs = sorted(json.loads(read_body(request), object_pairs_hook=list))
        known = [key for key, _ in pairs] == ["kind", "page"] and kind in _KINDS and _is_path(page)
    except (ValueError, TypeError, AttributeError, RecursionError):
        known = False
    if not known:
        raise Refusal(400, "unknown_event", "This is not an event that is counted.")
    service.store.count_page_event(kind, page, service.clock(), event_limits(service, request))
    return Reply(HTTPStatus.NO_CONTENT, {})


def _is_path(page: str) -> bool:
    return page.startswith("/") and len(page) <= 500 and not has_control_characters(page)
