"""`leadpages bounces`."""

from __future__ import annotations

from collections import Counter
from typing import BinaryIO

import click

from leadpages.cli.rows import json_line
from leadpages.cli.site import Site, running_site
from leadpages.core.times import now
from leadpages.delivery.bounces import Returned, read_return, split_mailbox


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="The counts as one JSON object.")
def command(file: BinaryIO, as_json: bool) -> None:
    """Take in what came back: a mailbox FILE (mbox) or one mail, `-` for standard input.

    Addresses that do not exist, and those of whoever calls a mail spam, get no more mails. Reads the same LEADPAGES_*
    variables as the handler. Exit codes: 0 done, 2 wrong usage.
    """
    counts = Counter(bounced=0, complained=0, transient=0, unknown=0, other=0)
    with running_site() as site:
        for mail in split_mailbox(file.read()):
            returned = read_return(mail)
            counts["other"] += not returned
            for one in returned:
                counts[_take_in(site, one)] += 1
    if as_json:
        click.echo(json_line(counts))
        return
    click.echo(
        "{bounced} bounced, {complained} complained, {transient} may arrive yet, "
        "{unknown} to nobody known, {other} other mails".format_map(counts)
    )


def _take_in(site: Site, returned: Returned) -> str:
    """Suppress the address where it is one of ours; under what to count it."""
    if returned.reason is None:
        return returned.kind
    email = returned.item_id and site.store.email_of(returned.item_id)
    if not email and returned.recipient and site.store.dossier(returned.recipient):
        email = returned.recipient
    if not email:
        return "unknown"
    site.store.suppress(email, site.tokens.marks(email), returned.reason, now())
    return returned.kind
