"""`leadpages files`."""

from __future__ import annotations

import json
import os
import sys
from hashlib import file_digest
from pathlib import Path

import click

from leadpages.core.bundle import load
from leadpages.core.errors import BundleError, SettingsError
from leadpages.core.forms import GatedFile
from leadpages.core.settings import Bucket, bundle_folder, files_place
from leadpages.core.uploads import size_in_words
from leadpages.stores.files.opening import open_files
from leadpages.stores.files.protocol import GatedFiles


@click.group()
def command() -> None:
    """Look after the gated files that are given out from a bucket."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def push(as_json: bool) -> None:
    """Put every gated file of the bundle into the bucket that has it not, or has other bytes.

    Reads LEADPAGES_BUNDLE and LEADPAGES_FILES_URL, like s3://BUCKET. What other forms or older versions left there
    stays. Exit codes: 0 all are there, 1 a fault, 2 wrong usage.
    """
    place = files_place(os.environ)
    bucket = open_files(place).gated if isinstance(place, Bucket) else None
    if bucket is None:
        raise SettingsError(
            "LEADPAGES_FILES_URL names no bucket: gated files are given out from the bundle",
            "there is nothing to push; for a bucket, set it to s3://NAME",
        )
    folder = bundle_folder(os.environ)
    gated = [(form.name, form.file) for form in load(folder).forms.values() if form.file]
    rows = []
    for form, file in gated:
        pushed = bucket.state(form, file) != "there"
        if pushed:
            _push(bucket, form, file, folder / file.path)
        rows.append({"form": form, "file": file.name, "bytes": file.size, "sha256": file.sha256, "pushed": pushed})
        if not as_json:
            did = "pushed" if pushed else "is there already"
            click.echo(f"{form}: {file.name}, {size_in_words(file.size)}: {did}")
    if as_json:
        click.echo(json.dumps(rows))
    elif not gated:
        click.echo("the bundle has no gated files")


def _push(bucket: GatedFiles, form: str, file: GatedFile, source: Path) -> None:
    try:
        with source.open("rb") as content:
            digest = file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise BundleError(f"{source} cannot be read: {error.strerror}", "run `leadpages build` again") from error
    if digest != file.sha256:
        raise BundleError(f"{source} is not the file that the bundle says", "run `leadpages build` again")
    bucket.put(form, file, source, lambda sent: _show(f"{form}: {file.name}: {sent * 100 // max(1, file.size)} %"))
    _show("")


def _is_watched() -> bool:
    return sys.stderr.isatty()


def _show(text: str) -> None:
    if _is_watched():
        click.echo(f"\r{text:<78.78}\r", nl=False, err=True)
