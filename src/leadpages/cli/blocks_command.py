"""`leadpages blocks`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import click

from leadpages.build.config import read_config
from leadpages.build.inputs import SITE
from leadpages.build.theme import BlockFile, load_theme
from leadpages.cli.options import project_option
from leadpages.core.errors import ProjectError, nearest

#: The path of a file of the site in an example.
_FILE: Final = re.compile(r"(?<![\w/:])/[\w/-]+\.\w+")


@click.command()
@click.argument("name", required=False)
@project_option
@click.option("--json", "as_json", is_flag=True, help="List them as JSON.")
def command(name: str | None, project: Path, as_json: bool) -> None:
    """List the blocks of the project's theme; of one, NAME, also its attributes and an example."""
    config, problems = read_config(project)
    theme, found = load_theme(project, config)
    if errors := [problem for problem in (*problems, *found) if problem.severity == "error"]:
        raise ProjectError(errors)
    blocks = dict(sorted(theme.blocks.items()))
    if name is not None and name not in blocks:
        hint = nearest(name, blocks)
        raise click.BadParameter(f"there is no block `{name}`{f'; {hint}' if hint else ''}", param_hint="NAME")
    chosen = blocks if name is None else {name: blocks[name]}
    if as_json:
        click.echo(json.dumps({key: block.model_dump() for key, block in chosen.items()}, ensure_ascii=False))
    elif name is None:
        width = max(map(len, blocks), default=0)
        for key, block in blocks.items():
            click.echo(f"{key:{width}}  {block.description}")
    else:
        click.echo(_described(name, blocks[name], project))


def _described(name: str, block: BlockFile, project: Path) -> str:
    kind = f"container: `:::{name}` to `:::`" if block.container else f"leaf: `::{name}` on a line of its own"
    lines = [f"{name}: {block.description}", "", kind]
    width = max(map(len, block.attributes), default=0)
    for key, attribute in block.attributes.items():
        kind = " | ".join(attribute.choices) or attribute.type
        lines.append(f"  {key:{width}}  {kind}{', required' if attribute.required else ''}")
    if block.example:
        lines += ["", block.example.strip()]
    paths = dict.fromkeys(_FILE.findall(block.example))
    if missing := [path for path in paths if not (project / SITE / path[1:]).is_file()]:
        lines += ["", f"Name files of your own in place of {', '.join(missing)}."]
    return "\n".join(lines)
