"""Vercel: `app` answers every path, and one that only Vercel's timer may ask for sends the mails."""

import os
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from hmac import compare_digest
from typing import TYPE_CHECKING

from leadpages.handler.app import app as handler

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from leadpages.delivery.worker import Worker


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer one request (PEP 3333)."""
    if environ["PATH_INFO"] != "/deliver":
        return handler(environ, start_response)
    expected = f"Bearer {os.environ['CRON_SECRET']}"
    is_ours = compare_digest(environ.get("HTTP_AUTHORIZATION", "").encode(), expected.encode())
    if is_ours:
        deliver()
    start_response("204 No Content" if is_ours else "403 Forbidden", [("Cache-Control", "no-store")])
    return []


def deliver() -> None:
    """Send what is due; what is begun within 25 seconds ends within the 60 that `vercel.json` gives."""
    from leadpages.core.times import now

    worker().work(now() + timedelta(seconds=25))


@cache
def worker() -> "Worker":
    """The worker that the environment describes."""
    from leadpages.core.times import now
    from leadpages.delivery.worker import Worker

    return Worker(os.environ, now)
