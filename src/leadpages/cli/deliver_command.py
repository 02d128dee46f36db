"""`leadpages deliver`."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from threading import Event

import click

from leadpages.core.errors import StorageError
from leadpages.core.times import now
from leadpages.delivery.outbox import Report
from leadpages.delivery.worker import Worker

_PAUSE_S = 5.0
#: A mail host that does not know us will not learn it in seconds, and may lock us out for asking.
_REFUSED_PAUSE_S = 300.0


@click.command()
@click.option("--watch", is_flag=True, help="Keep on sending what becomes due.")
def command(watch: bool) -> None:
    """Send the mails that are due over LEADPAGES_SMTP_URL, and call the web hooks.

    Also erases what forms keep no longer. Reads the same LEADPAGES_* variables as the handler, and those that hold
    the secrets of web hooks. Exit codes: 0 done, 1 something could not be sent now or ever, 2 wrong usage.
    """
    with closing(Worker(os.environ, now)) as worker:
        if watch:
            _watch(worker)
            return
        report = worker.work()
    click.echo(_summary(report))
    if report.paused or report.put_off or report.dead:
        raise SystemExit(1)


def _watch(worker: Worker) -> None:
    """Work again and again, until SIGINT or SIGTERM; what is under way then is finished, so that none goes twice."""
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: stop.set())
    while not stop.is_set():
        pause_s = _PAUSE_S
        try:
            report = worker.work()
        except StorageError as error:  # a locked database is free again in a moment
            click.echo(f"error: {error.message}", err=True)
        else:
            if report != Report():
                click.echo(_summary(report))
            pause_s = _REFUSED_PAUSE_S if report.paused else _PAUSE_S
        stop.wait(pause_s)


def _summary(report: Report) -> str:
    text = f"{report.sent} sent, {report.put_off} to try again, {report.cancelled} cancelled, {report.dead} dead"
    return f"{text}; stopped early: {report.paused}" if report.paused else text
