"""`leadpages doctor`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

import click

from leadpages.core.bundle import Bundle, load
from leadpages.core.errors import LeadpagesError
from leadpages.core.settings import (
    bundle_folder,
    captcha_secrets,
    check_captcha_secrets,
    database_url,
    files_place,
    read_settings,
)
from leadpages.core.times import now, to_text
from leadpages.delivery.transports import SMTPTransport
from leadpages.stores.files.opening import open_files
from leadpages.stores.files.protocol import GatedFiles
from leadpages.stores.opening import open_store
from leadpages.stores.protocol import Finding, OutboxRow

#: What is due for longer has no worker that would send it.
_LATE: Final = timedelta(minutes=10)
_COLOURS: Final = {"ok": "green", "warning": "yellow", "error": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def command(as_json: bool) -> None:
    """Say what of the handler and its worker is in order, as the LEADPAGES_* variables are set here.

    Changes nothing. Exit codes: 0 no errors, 1 at least one, 2 wrong usage.
    """
    findings = [*_settings(), *_bundle(), *_store(now()), *_files()]
    if as_json:
        click.echo(json.dumps([finding._asdict() for finding in findings]))
    else:
        for finding in findings:
            click.echo(f"{click.style(f'{finding.level:<7}', fg=_COLOURS[finding.level])} {finding.text}")
            if finding.hint:
                click.echo(f"        hint: {finding.hint}")
    if any(finding.level == "error" for finding in findings):
        raise SystemExit(1)


def _settings() -> Iterator[Finding]:
    try:
        settings = read_settings(os.environ)
        yield Finding("ok", "settings: valid")
        if settings.smtp_url:
            SMTPTransport(settings.smtp_url)
        else:
            yield Finding("warning", "mail: LEADPAGES_SMTP_URL is not set, so none is sent")
    except LeadpagesError as error:
        yield Finding("error", f"settings: {error.message}", error.hint)


def _bundle() -> Iterator[Finding]:
    folder = bundle_folder(os.environ)
    try:
        bundle = load(folder)
    except LeadpagesError as error:
        yield Finding("error", f"bundle: {error.message}", error.hint)
        return
    yield Finding("ok", f"bundle: {folder}, for {bundle.site.url}, forms: {', '.join(bundle.forms) or 'none'}")
    try:
        check_captcha_secrets(bundle.forms.values(), captcha_secrets(os.environ))
    except LeadpagesError as error:
        yield Finding("error", f"captcha: {error.message}", error.hint)
    for name in _missing_secrets(bundle):
        yield Finding("warning", f"web hooks: {name}, the variable that holds a secret, is not set")


def _missing_secrets(bundle: Bundle) -> list[str]:
    named = {hook.secret for form in bundle.forms.values() for hook in form.webhooks if hook.secret}
    return sorted(name for name in named if not os.environ.get(name))


def _store(at: datetime) -> Iterator[Finding]:
    try:
        with closing(open_store(database_url(os.environ), create=False)) as store:
            for finding in store.findings():
                yield Finding(finding.level, f"store: {finding.text}", finding.hint)
            yield from _backlog(store.outbox(("due", "dead")), at)
    except LeadpagesError as error:
        hint = error.hint or "check LEADPAGES_DATABASE_URL; `leadpages migrate` makes a new database"
        yield Finding("error", f"store: {error.message}", hint)


def _backlog(rows: Iterable[OutboxRow], at: datetime) -> Iterator[Finding]:
    due = later = dead = 0
    oldest = at
    for row in rows:
        if row.state == "dead":
            dead += 1
        elif row.due_at > at:
            later += 1
        else:
            due += 1
            oldest = min(oldest, row.due_at)
    since = f", the oldest since {to_text(oldest)}" if due else ""
    waiting = f"; {later} later" if later else ""
    late = at - oldest > _LATE
    hint = "does `leadpages deliver --watch` run?" if late else ""
    yield Finding("warning" if late else "ok", f"outbox: {due} due{since}{waiting}", hint)
    if dead:
        yield Finding("warning", f"outbox: {dead} dead", "`leadpages outbox list` says why")


def _files() -> Iterator[Finding]:
    """Nothing where other findings say already what is wrong."""
    try:
        bundle = load(bundle_folder(os.environ))
        place = files_place(os.environ)
    except LeadpagesError:
        return
    try:
        if place is None:
            if takes := [form.name for form in bundle.forms.values() if form.file_fields]:
                hint = "set LEADPAGES_FILES_URL to a bucket, s3://NAME, or to a folder that lasts"
                yield Finding("error", f"files: form `{takes[0]}` takes some, and this disk does not last", hint)
            return
        files = open_files(place)
        files.check()
        yield Finding("ok", f"files: {files}")
        yield from _uploads(bundle, set(files.names()))
        if files.gated:
            yield from _gated(bundle, files.gated)
    except LeadpagesError as error:
        yield Finding("error", f"files: {error.message}", error.hint or "check LEADPAGES_FILES_URL")


def _uploads(bundle: Bundle, kept: set[str]) -> Iterator[Finding]:
    if not kept and not any(form.file_fields for form in bundle.forms.values()):
        return
    try:
        with closing(open_store(database_url(os.environ), create=False)) as store:
            counted = (submission for _, submission in store.submissions())
            named = {name for submission in chain(counted, store.quarantined()) for name in submission.files}
    except LeadpagesError:  # which another finding says
        return
    if unnamed := sorted(kept - named):
        hint = "a crash after something was erased can leave some; if this is their database, delete them"
        yield Finding("warning", f"files: {len(unnamed)} that no answer names: {', '.join(unnamed)}", hint)
    if missing := sorted(named - kept):
        hint = "who sent them heard that it failed, or they are elsewhere: check LEADPAGES_FILES_URL"
        yield Finding("warning", f"files: {len(missing)} that answers name are not there: {', '.join(missing)}", hint)


def _gated(bundle: Bundle, bucket: GatedFiles) -> Iterator[Finding]:
    for form in bundle.forms.values():
        if form.file:
            state = bucket.state(form.name, form.file)
            hint = "" if state == "there" else "run `leadpages files push`"
            text = f"files: {form.name}: {form.file.name}: {state}"
            yield Finding("ok" if state == "there" else "error", text, hint)
