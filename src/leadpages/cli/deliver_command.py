"""`leadpages deliver`."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import closing
from threading import Event

import click

from leadpages.core.bundle import load
from leadpages.core.errors import SettingsError, StorageError
from leadpages.core.settings import Settings, read_settings
from leadpages.core.signing import Tokens
from leadpages.core.times import now
from leadpages.delivery.mail import Composer
from leadpages.delivery.outbox import Report, drain
from leadpages.delivery.retention import forget
from leadpages.delivery.safe_http import SafeClient
from leadpages.delivery.transports import SMTPTransport
from leadpages.delivery.webhooks import Webhooks
from leadpages.stores.opening import open_store

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
    settings = read_settings(os.environ)
    if not settings.smtp_url:
        raise SettingsError("LEADPAGES_SMTP_URL is not set", "for example smtp://user:password@mail.example.com:587")
    transport = SMTPTransport(settings.smtp_url)
    composer = _composer(settings)
    hooks = Webhooks(composer.bundle, os.environ, SafeClient().post)
    store = open_store(settings.database_url)

    def work() -> Report:
        report = drain(store, composer, transport, hooks, now)
        forget(store, composer.bundle.forms.values(), composer.tokens.marks, settings.uploads, now())
        return report

    with closing(store):
        if watch:
            _watch(work)
            return
        report = work()
    click.echo(_summary(report))
    if report.paused or report.put_off or report.dead:
        raise SystemExit(1)


def _watch(work: Callable[[], Report]) -> None:
    """Work again and again, until SIGINT or SIGTERM; what is under way then is finished, so that none goes twice."""
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: stop.set())
    while not stop.is_set():
        pause_s = _PAUSE_S
        try:
            report = work()
        except StorageError as error:  # a locked database is free again in a moment
            click.echo(f"error: {error.message}", err=True)
        else:
            if report != Report():
                click.echo(_summary(report))
            pause_s = _REFUSED_PAUSE_S if report.paused else _PAUSE_S
        stop.wait(pause_s)


def _composer(settings: Settings) -> Composer:
    bundle = load(settings.bundle)
    site_url = settings.site_url or bundle.site.url
    return Composer(bundle, Tokens(settings.secret_keys), site_url, bundle.site.handler_url or site_url)


def _summary(report: Report) -> str:
    text = f"{report.sent} sent, {report.put_off} to try again, {report.cancelled} cancelled, {report.dead} dead"
    return f"{text}; stopped early: {report.paused}" if report.paused else text
