"""The WSGI application for any host: `leadpages.handler.app:app`.

Importing this module reads no bundle, opens no database and loads no library; the first request does.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from leadpages.core.errors import LeadpagesError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


_turn = Lock()


def configured() -> WSGIApplication:
    """The application as the environment describes it. A host that would rather load early calls this first.

    Raises LeadpagesError when the environment is not in order; the next call looks again.
    """
    with _turn:  # of the threads that come first, one makes it
        return _configured()


@cache
def _configured() -> WSGIApplication:
    with _nothing_collected():
        from leadpages.handler.application import from_environment

        application = from_environment()
        atexit.register(application.close)
        return application


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """What is loaded stays: to look through it for garbage takes a twentieth of a cold start, and of each reply."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request (PEP 3333); 503 for as long as the environment is not in order."""
    try:
        application = configured()
    except LeadpagesError as error:
        from leadpages.handler.application import not_in_order

        application = not_in_order(error)
    return application(environ, start_response)
