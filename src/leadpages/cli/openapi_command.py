"""`leadpages openapi`."""

from __future__ import annotations

import json
import os

import click

from leadpages.core.bundle import load
from leadpages.core.openapi import describe
from leadpages.core.settings import bundle_folder


@click.command()
def command() -> None:
    """Print what programs may send to the forms, as OpenAPI.

    Reads the bundle that LEADPAGES_BUNDLE names, `bundle` by default.
    """
    document = describe(load(bundle_folder(os.environ)))
    click.echo(json.dumps(document, indent=1))
