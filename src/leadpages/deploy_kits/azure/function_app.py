"""Azure Functions: the handler answers every path, and a timer sends the mails."""

import os
from datetime import timedelta
from functools import cache

import azure.functions as func

from leadpages.core.times import now
from leadpages.delivery.worker import Worker
from leadpages.handler.app import app as handler

app = func.WsgiFunctionApp(app=handler, http_auth_level=func.AuthLevel.ANONYMOUS)


@cache
def worker() -> Worker:
    """The worker that the settings of the app describe."""
    return Worker(os.environ, now)


@app.timer_trigger(schedule="0 * * * * *", arg_name="timer")
def deliver(timer: func.TimerRequest) -> None:
    """Send what is due; what is begun within two minutes ends within the five that `host.json` gives."""
    worker().work(now() + timedelta(minutes=2))
