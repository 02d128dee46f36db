"""The WSGI application: `leadpages.handler.app:app` for any WSGI host.

Importing this module reads no bundle and opens no database; the first request does.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING
from uuid import uuid4

from werkzeug.wrappers import Request, Response

from leadpages.core import urls
from leadpages.core.errors import LeadpagesError, StorageError, TokenError
from leadpages.core.settings import read_settings
from leadpages.handler import confirm, download, page_events, submit, unsubscribe
from leadpages.handler.pages import Pages
from leadpages.handler.refusals import Refusal, not_found
from leadpages.handler.replies import json_reply
from leadpages.handler.requests import HandlerRequest, wants_json
from leadpages.handler.service import Service, start

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = logging.getLogger("leadpages")

_BY_TOKEN = {
    urls.CONFIRM: confirm.answer,
    urls.DOWNLOAD: download.answer,
    urls.UNSUBSCRIBE: unsubscribe.answer,
}


class App:
    """One running site as a WSGI callable."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._pages = Pages(service)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        request = HandlerRequest(environ)
        request_id = uuid4().hex[:16]
        response = self._answer(request, request_id)
        response.headers["X-Request-Id"] = request_id
        response.headers["X-Content-Type-Options"] = "nosniff"
        self._allow_reading(request, response)
        return response(environ, start_response)

    def _answer(self, request: Request, request_id: str) -> Response:
        try:
            return self._route(request)
        except TokenError:
            return self._refuse(request, not_found("This link is not valid."), request_id)
        except Refusal as refusal:
            return self._refuse(request, refusal, request_id)
        except StorageError as error:
            log.error("%s %s: %s", request_id, error.code, error.message)
            busy = Refusal(503, error.code, "We could not do this just now. Please try again in a minute.")
            return self._refuse(request, busy, request_id)
        except Exception:
            log.exception("%s failed", request_id)
            return self._refuse(request, Refusal(500, "internal", "Something went wrong on our side."), request_id)

    def _route(self, request: Request) -> Response:
        path = request.path
        if path == urls.HEALTH:
            self._service.store.check()
            return json_reply({"status": "ok"})
        if path == urls.EVENTS and request.method == "POST":
            return page_events.answer(self._service, request)
        prefix, rest = path[:3], path[3:]
        if not rest or "/" in rest or not urls.is_handler_path(path):
            raise not_found()
        if request.method not in ("GET", "HEAD", "POST"):
            raise Refusal(405, "method_not_allowed", "Only GET and POST are answered here.")
        if prefix == urls.SUBMIT:
            return submit.answer(self._service, self._pages, request, rest)
        return _BY_TOKEN[prefix](self._service, self._pages, request, rest)

    def _refuse(self, request: Request, refusal: Refusal, request_id: str) -> Response:
        if wants_json(request):
            response = json_reply(
                {
                    "error": refusal.code,
                    "errors": [{"code": refusal.code, "message": refusal.message}],
                    "request_id": request_id,
                },
                refusal.status,
            )
        else:
            title = "Page not found" if refusal.status == 404 else "That did not work"
            response = self._pages.show("error", title, refusal.status, message=refusal.message, request_id=request_id)
        if refusal.status == 503:
            response.headers["Retry-After"] = "30"
        if refusal.status == 405:
            response.headers["Allow"] = "GET, HEAD, POST"
        return response

    def _allow_reading(self, request: Request, response: Response) -> None:
        # The site's script may read replies also where the handler stands on another origin (Fetch, CORS).
        response.vary.add("Origin")
        sender = request.headers.get("Origin")
        if sender in self._service.origins:
            response.headers["Access-Control-Allow-Origin"] = sender


@cache
def _configured() -> App:
    return App(start(read_settings(os.environ)))


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The application that the environment describes; 503 for every request while it is not in order."""
    try:
        configured = _configured()
    except LeadpagesError as error:
        log.critical("leadpages cannot start: %s (%s)", error.message, error.hint)
        return json_reply({"error": "not_configured"}, 503)(environ, start_response)
    return configured(environ, start_response)
