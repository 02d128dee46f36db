"""`leadpages openapi`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from leadpages.core.bundle import load
from leadpages.core.openapi import describe


@click.command()
def command() -> None:
    """Print what programs may send to the forms, as OpenAPI.

    Reads the bundle that LEADPAGES_BUNDLE names, `bundle` by default.
    """
    document = describe(load(Path(os.environ.get("LEADPAGES_BUNDLE", "bundle"))))
    click.echo(json.dumps(document, indent=1))
