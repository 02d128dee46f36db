"""`leadpages quarantine`."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from itertools import islice

import click

from leadpages.cli.options import duration_option, limit_option
from leadpages.cli.rows import json_line, printable, submission_data
from leadpages.cli.site import in_words, running_site
from leadpages.core.errors import LeadpagesError
from leadpages.core.forms import Form
from leadpages.core.times import now, to_text
from leadpages.delivery.retention import delete_files
from leadpages.leads.intake import take_in
from leadpages.leads.model import Submission


@click.group()
def command() -> None:
    """Look at what was taken for spam, and let it count or go.

    Reads the same LEADPAGES_* variables as the handler. What nobody looks at goes after 30 days by itself.
    """


@command.command("list")
@limit_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_quarantined(limit: int | None, as_json: bool) -> None:
    """What is in quarantine, newest first."""
    with running_site() as site:
        for found in islice(site.store.quarantined(), limit):
            if as_json:
                click.echo(json_line({"id": found.id, "email": found.email, **submission_data(found)}))
                continue
            moment = to_text(found.received_at)[:16]
            line = f"{found.id}  {moment}  {found.form:<20}  {found.quarantined_for:<18}  {found.email}"
            click.echo(printable(line.replace("\n", " ")))


@command.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True)
def release(ids: tuple[str, ...]) -> None:
    """Let submissions count: their leads get the mails that they would have got."""
    with running_site() as site:
        bundle, wanted = site.bundle(), set(ids)
        found = {submission.id: submission for submission in site.store.quarantined() if submission.id in wanted}
        faults = [f"there is no submission {missing} in quarantine" for missing in ids if missing not in found]
        released = 0
        for submission in found.values():
            form, at = bundle.forms.get(submission.form), now()
            if form is None:
                faults.append(f"{submission.id} came by form `{submission.form}`, which the bundle does not have")
                continue
            decide = partial(take_in, form, has_mail=bundle.mails.get(form.name, {}), now=at)
            if site.store.release(submission.id, decide, site.tokens.marks, at):
                released += 1
                _say_what_was_not_kept(form, submission)
    click.echo(f"{released} released")
    if faults:
        raise LeadpagesError("; ".join(faults), "`leadpages quarantine list` shows what there is")


def _say_what_was_not_kept(form: Form, submission: Submission) -> None:
    """What a program sends fills no disk."""
    sent = [field.name for field in form.file_fields if submission.values.get(field.name)]
    if sent and not submission.files:
        what = printable(f"{submission.id}: {', '.join(sent)}: files that come into quarantine are not kept")
        click.echo(f"warning: {what}; ask {printable(submission.email)} for them", err=True)


@command.command()
@duration_option("--older-than", "Leave what came in during this time, like `7 days`.")
def empty(older_than: timedelta | None) -> None:
    """Erase what is in quarantine."""
    with running_site() as site:
        erased = site.store.empty_quarantine(now() - (older_than or timedelta()))
        delete_files(erased, site.files())
    click.echo(f"erased: {in_words(erased)}")
