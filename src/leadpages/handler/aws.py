"""AWS Lambda: `leadpages.handler.aws.handle` is the handler of the function.

A cold start loads no more than its event needs: a form that comes in no mail client, a schedule no web library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from leadpages.core.errors import SettingsError

if TYPE_CHECKING:
    from leadpages.delivery.worker import Worker


class Context(Protocol):
    """What Lambda says of an invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """How long it may still take."""


def handle(event: dict[str, Any], context: Context) -> Mapping[str, Any]:
    """Answer the HTTP request of a function URL, an API Gateway or a load balancer; on a schedule, send what is due.

    Raises SettingsError for an event of anything else, and LeadpagesError when the worker cannot work.
    """
    if "requestContext" in event:
        return _web()(event, context)
    if event.get("source") == "aws.events":  # EventBridge
        return _send(context)
    raise SettingsError(f"an event with {', '.join(event)}: this function answers HTTP requests and schedules")


@cache
def _web() -> Callable[[dict[str, Any], Context], dict[str, Any]]:
    from apig_wsgi import make_lambda_handler

    from leadpages.handler.app import app

    return make_lambda_handler(app)


def _send(context: Context) -> Mapping[str, Any]:
    from dataclasses import asdict
    from datetime import timedelta

    from leadpages.core.times import now

    # What is begun in the first half of the time has the other half to come to its end.
    half = timedelta(milliseconds=context.get_remaining_time_in_millis() / 2)
    return asdict(_worker().work(now() + half))


@cache
def _worker() -> Worker:
    import os

    from leadpages.core.times import now
    from leadpages.delivery.worker import Worker

    return Worker(os.environ, now)
