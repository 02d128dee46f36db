"""`leadpages deploy-kit`."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from leadpages.cli.options import project_option
from leadpages.core.bundle import load
from leadpages.core.errors import OutputError
from leadpages.deploy_kits.kits import TARGETS, make_kit

#: What was written, for the next time; as `sha256sum --check` reads it.
_RECORD: Final = ".deploy-kit"


@click.command()
@click.argument("target", type=click.Choice(TARGETS))
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="[default: deploy/TARGET]")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@project_option
def command(target: str, output: Path | None, as_json: bool, project: Path) -> None:
    """Write what TARGET needs to run a built site, and a README that says how.

    Run it again after a change of address, of headers or of Leadpages: it replaces what it wrote, as long as nobody
    changed it since, and leaves files with secrets (*.env) as they are. Exit codes: 0 done, 1 there is no built
    site, or a file of somebody's stands in the way, 2 wrong usage.
    """
    folder = output or project / "deploy" / target
    bundle = load(project / "bundle")
    try:
        headers = (project / "public" / "_headers").read_text("utf-8")
    except FileNotFoundError:
        raise OutputError(f"there is no {project / 'public' / '_headers'}", "run `leadpages build`") from None
    way = Path(os.path.relpath(project.resolve(), folder.resolve())).as_posix()
    kit = make_kit(target, bundle, headers, way, (secrets.token_urlsafe(32), secrets.token_urlsafe(32)))
    _check_ours(folder, kit.files)
    kept = [name for name in kit.secrets if (folder / name).exists()]
    new = {name: content for name, content in kit.secrets.items() if name not in kept}
    _write(folder, kit.files, 0o666)
    _write(folder, new, 0o600)
    _write(folder, {_RECORD: _record(kit.files)}, 0o666)
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "written": sorted([*kit.files, *new]), "kept": sorted(kept)}))
        return
    for name in sorted([*kit.files, *new]):
        click.echo(folder / name)
    for name in sorted(kept):
        click.echo(f"{folder / name} (left as it was)")
    click.echo(f"Next: {folder / 'README.md'} says what to do")


def _check_ours(folder: Path, files: Mapping[str, bytes]) -> None:
    """Raise OutputError where a file that would be replaced is neither as we wrote it nor as we would."""
    try:
        lines = (folder / _RECORD).read_text("utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    ours = {*lines, *_record(files).decode().splitlines()}
    there = {name: (folder / name).read_bytes() for name in files if (folder / name).exists()}
    theirs = [name for name, content in there.items() if _line(name, content) not in ours]
    if theirs:
        raise OutputError(
            f"somebody wrote or changed {', '.join(theirs)} in {folder}; nothing is overwritten",
            "move them away, or write the kit to another place with --output and compare",
        )


def _record(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{_line(name, content)}\n" for name, content in files.items()).encode()


def _line(name: str, content: bytes) -> str:
    return f"{hashlib.sha256(content).hexdigest()}  {name}"


def _write(folder: Path, files: Mapping[str, bytes], mode: int) -> None:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        # With its mode from the first moment on: nobody else opens it before it is shut.
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as opened:
            opened.write(content)
