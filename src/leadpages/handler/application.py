"""Answering requests: one place that routes them, and turns every fault into a status code."""

from __future__ import annotations

import os
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from leadpages.core import urls
from leadpages.core.bundle import Edition
from leadpages.core.errors import LeadpagesError, StorageError, TokenError
from leadpages.core.ids import new_request_id
from leadpages.core.logs import log
from leadpages.core.settings import read_settings
from leadpages.handler import confirm, page_events, submit, unsubscribe
from leadpages.handler.pages import Pages
from leadpages.handler.refusals import Refusal, not_found
from leadpages.handler.replies import Reply, error_reply, json_reply, text_reply
from leadpages.handler.requests import Request, wants_json
from leadpages.handler.service import Service, start

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from leadpages.handler.replies import Answer


_RETRY_AFTER_S: Final = 30


def _download(service: Service, pages: Pages, request: Request, token: str) -> Answer:
    from leadpages.handler import download  # which takes longer to load than all the rest

    return download.answer(service, pages, request, token)


_BY_TOKEN = {
    urls.CONFIRM: confirm.answer,
    urls.DOWNLOAD: _download,
    urls.UNSUBSCRIBE: unsubscribe.answer,
}


class App:
    """One running site as a WSGI callable."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._pages = Pages(service)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        request = Request(environ)
        response = self._answer(request)
        response.headers["X-Request-Id"] = request.id
        if len(self._service.origins) > 1:
            self._allow_reading(request, response)
        return response(environ, start_response)

    def close(self) -> None:
        """Let go of the store: what stopped leaves one whole file behind where that is SQLite's."""
        self._service.store.close()

    def _answer(self, request: Request) -> Answer:
        try:
            return self._route(request)
        except TokenError:
            return self._refuse(
                request, not_found("This link is not valid. Was it copied whole? The button in the mail always works.")
            )
        except Refusal as refusal:
            return self._refuse(request, refusal)
        except StorageError as error:
            log.error("%s %s: %s%s", request.id, error.code, error.message, f" ({error.hint})" if error.hint else "")
            busy = Refusal(
                503, error.code, "We could not do this just now. Please try again in a minute.", _RETRY_AFTER_S
            )
            return self._refuse(request, busy)
        except Exception:
            log.exception("%s failed", request.id)
            return self._refuse(request, Refusal(500, "internal", "Something went wrong on our side."))

    def _route(self, request: Request) -> Answer:
        path = request.path
        if path == urls.HEALTH:
            self._service.store.check()
            return json_reply({"status": "ok"})
        if path == urls.EVENTS and request.method == "POST":
            return page_events.answer(self._service, request)
        prefix, rest = path[:3], path[3:]
        if not rest or "/" in rest or not urls.is_handler_path(path):
            raise not_found()
        if request.method == "OPTIONS" and prefix == urls.SUBMIT:
            return _preflight()
        if request.method not in ("GET", "HEAD", "POST"):
            raise Refusal(405, "method_not_allowed", "Only GET and POST are answered here.")
        if prefix == urls.SUBMIT:
            return submit.answer(self._service, self._pages, request, rest)
        return _BY_TOKEN[prefix](self._service, self._pages, request, rest)

    def _refuse(self, request: Request, refusal: Refusal) -> Reply:
        edition = self._service.bundle.edition(request.language)
        if wants_json(request):
            errors = [{"code": refusal.code, "message": edition.say(refusal.text, **refusal.gaps)}]
            response = error_reply(refusal.status, refusal.code, errors, request.id)
        else:
            response = self._error_page(edition, refusal, request.id)
        if refusal.retry_after_s:
            response.headers["Retry-After"] = str(refusal.retry_after_s)
        if refusal.status == 405:
            response.headers["Allow"] = "GET, HEAD, POST"
        return response

    def _error_page(self, edition: Edition, refusal: Refusal, request_id: str) -> Reply:
        title = edition.say("Page not found" if refusal.status == 404 else "That did not work")
        if refusal.code == "used_up":
            title = edition.say("This link is used up")
        message = edition.say(refusal.text, **refusal.gaps)
        try:
            return self._pages.show(edition, "error", title, refusal.status, message=message, request_id=request_id)
        except Exception:
            log.exception("%s: the theme's error page failed", request_id)
            return text_reply(f"{message}\n", refusal.status)

    def _allow_reading(self, request: Request, response: Answer) -> None:
        # The site's script may read the replies of a handler on another origin (Fetch, CORS).
        response.headers["Vary"] = "Origin"
        sender = request.header("Origin")
        if sender in self._service.origins:
            response.headers["Access-Control-Allow-Origin"] = sender


def _preflight() -> Reply:
    """What a script of the site may send to a handler on another origin (Fetch, CORS)."""
    headers = {"Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key"}
    return Reply(HTTPStatus.NO_CONTENT, {**headers, "Allow": "GET, HEAD, POST", "Access-Control-Max-Age": "600"})


def from_environment() -> App:
    """The application that the environment describes.

    Raises BundleError, SettingsError or StorageError.
    """
    return App(start(read_settings(os.environ)))


def not_in_order(error: LeadpagesError) -> WSGIApplication:
    """What answers while there is no application: 503, and the reason for the log alone."""
    log.critical("leadpages cannot start: %s (%s)", error.message, error.hint)
    errors = [{"code": "not_configured", "message": "This service is not in order yet."}]
    response = error_reply(503, "not_configured", errors, new_request_id())
    response.headers["Retry-After"] = str(_RETRY_AFTER_S)
    return response
