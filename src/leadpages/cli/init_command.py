"""`leadpages init`."""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from pathlib import Path

import click

from leadpages.core.errors import OutputError


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Write a starter project to DIR: a small site with an e-book behind a form."""
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputError(f"{folder} is not empty", "name a new folder: nothing is overwritten")
    with as_file(files("leadpages") / "starter") as starter:
        shutil.copytree(starter, folder, dirs_exist_ok=True)
    (folder / "gitignore").rename(folder / ".gitignore")
    click.echo(f"Wrote a starter project to {folder}. Next:\n  leadpages serve --project {folder}")
