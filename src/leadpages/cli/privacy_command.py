"""`leadpages privacy`."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import click

from leadpages.cli.rows import dossier_data, json_line
from leadpages.cli.site import Site, in_words, running_site
from leadpages.core.errors import LeadpagesError
from leadpages.core.times import now
from leadpages.delivery.retention import delete_files
from leadpages.delivery.retention import erase as erase_all
from leadpages.leads.model import SuppressionReason
from leadpages.stores.protocol import Erased

_REASONS: Final = ("blocked", "bounced", "complained")


@click.group()
def command() -> None:
    """Tell people what is kept about them, erase it, and send them nothing more.

    Reads the same LEADPAGES_* variables as the handler.
    """


@command.command()
@click.argument("email")
def export(email: str) -> None:
    """All that is kept about an address, as JSON: answers, consents with their wording, and what happened when."""
    with running_site() as site:
        dossier = site.store.dossier(email)
    if dossier is None:
        raise _nothing_about(email)
    click.echo(json_line({"email": email, **dossier_data(dossier)}))


@command.command()
@click.argument("email")
def erase(email: str) -> None:
    """Erase all that is kept about an address; nothing is sent there any more."""
    with running_site() as site:
        erased = erase_all(site.store, email, site.tokens.marks(email), site.files(), now())
    what = f"erased: {in_words(erased)}" if any(erased) else f"nothing is kept about {email}"
    click.echo(f"{what}; nothing is sent there any more")


@command.command()
@click.argument("email")
@click.option("--reason", type=click.Choice(_REASONS), default="blocked", show_default=True)
def suppress(email: str, reason: SuppressionReason) -> None:
    """Send nothing to an address any more, whoever types it into a form."""
    with running_site() as site:
        site.store.suppress(email, site.tokens.marks(email), reason, now())
    click.echo("nothing is sent there any more")


@command.command()
@click.argument("email")
def lift(email: str) -> None:
    """Let mails go to an address again."""
    with running_site() as site:
        if not site.store.lift_suppression(email, site.tokens.marks(email), now()):
            raise LeadpagesError(f"{email} is not suppressed")
    click.echo("mails go there again")


@command.command()
@click.argument("email")
def revoke(email: str) -> None:
    """Let every download link that an address has lead nowhere."""
    with running_site() as site:
        if site.store.dossier(email) is None:
            raise _nothing_about(email)
        count = site.store.revoke_downloads(email, now())
    click.echo(f"{count} link{'' if count == 1 else 's'} revoked")


@command.command()
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and erase nothing.")
def expire(dry_run: bool) -> None:
    """Erase what came by each form longer ago than it is kept (`keep` in its file); `deliver` does so, too."""
    with running_site() as site:
        forms = [form for form in site.bundle().forms.values() if form.keep_for_s]
        for form in forms:
            erased = _expire(site, form.name, timedelta(seconds=form.keep_for_s), dry_run)
            click.echo(f"{form.name}: {'would be erased' if dry_run else 'erased'}: {in_words(erased)}")
    if not forms:
        click.echo('no form says how long to keep what comes in, like keep = "24 months"')


def _expire(site: Site, form: str, keep: timedelta, dry_run: bool) -> Erased:
    if dry_run:
        return site.store.expired(form, now() - keep)
    erased = site.store.expire(form, now() - keep, site.tokens.marks, now())
    delete_files(erased, site.files())
    return erased


def _nothing_about(email: str) -> LeadpagesError:
    return LeadpagesError(f"nothing is kept about {email}", "`leadpages leads list` shows every lead")
