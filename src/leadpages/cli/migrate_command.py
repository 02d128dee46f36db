"""`leadpages migrate`."""

from __future__ import annotations

import json
import os

import click

from leadpages.core.settings import database_url
from leadpages.stores.opening import migrate_store


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def command(as_json: bool) -> None:
    """Make the tables of a new database, or bring those of an older version up to date.

    Reads LEADPAGES_DATABASE_URL. It happens in one transaction, and of two at once the second finds it done. Exit
    codes: 0 done, 1 the database cannot be reached or belongs to a newer version, 2 wrong usage.
    """
    before, after = migrate_store(database_url(os.environ))
    if as_json:
        click.echo(json.dumps({"before": before, "after": after}))
    elif before == after:
        click.echo(f"Schema {after}: nothing to do")
    else:
        click.echo(f"Schema {after}, before it was {before or 'empty'}")
