"""`leadpages new`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from leadpages.build.archetypes import FOLDER, fill_archetype, find_archetypes, folder_of
from leadpages.build.config import Config, read_config
from leadpages.build.inputs import SITE
from leadpages.build.theme import load_theme
from leadpages.cli.options import project_option
from leadpages.core.errors import OutputError, Problem, ProjectError
from leadpages.core.times import now
from leadpages.core.urls import unsafe_reason

_SLUG_LENGTH: Final = 80


class _Command(click.Command):
    """A command whose help names the archetypes of the project."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        project = ctx.params.get("project", Path())
        with formatter.section("Archetypes"):
            formatter.write_dl([(name, _shown(file, project)) for name, file in _archetypes(project)[0].items()])


@click.command(cls=_Command)
@click.argument("archetype")
@click.argument("title")
@click.option("--in", "folder", metavar="FOLDER", help=f"A folder under {SITE}/, instead of the archetype's own.")
@project_option
def command(archetype: str, title: str, folder: str | None, project: Path) -> None:
    """Write a new file, as its archetype has it: a post into site/posts/, a landing page into site/, as drafts.

    NAME.md in site/_archetypes/ is an archetype of your own, and goes to site/NAME/ where that folder exists.
    """
    archetypes, config = _archetypes(project)
    if archetype not in archetypes:
        known = ", ".join(archetypes)
        raise click.BadParameter(f"there is no archetype `{archetype}`; known: {known}", param_hint="ARCHETYPE")
    title = " ".join(title.split())
    slug = _slug(title)
    place = folder_of(project, archetype) if folder is None else _checked(folder)
    day = now().astimezone(config.zone).date().isoformat()
    text = fill_archetype(project, archetypes[archetype], title, slug, day)
    if isinstance(text, Problem):
        raise ProjectError([text])
    file = project / SITE / place / f"{slug}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError:
        raise OutputError(f"{file} is there already", "choose another title") from None
    click.echo(file)


# `leadpages new --project DIR --help` is about the archetypes in DIR.
for _parameter in command.params:
    _parameter.is_eager = _parameter.is_eager or _parameter.name == "project"


def _archetypes(project: Path) -> tuple[dict[str, Path], Config]:
    config, _ = read_config(project)
    theme, _ = load_theme(project, config)
    return find_archetypes(project, theme.folders), config


def _shown(file: Path, project: Path) -> str:
    return (
        file.relative_to(project).as_posix()
        if file.is_relative_to(project)
        else f"built in; {FOLDER}/{file.name} replaces it"
    )


def _slug(title: str) -> str:
    from slugify import slugify

    slug = slugify(title, allow_unicode=True, max_length=_SLUG_LENGTH, word_boundary=True)
    if not slug:
        raise click.BadParameter(f"{title!r} has no letter that could go into an address", param_hint="TITLE")
    return slug


def _checked(folder: str) -> str:
    folder = folder.replace("\\", "/").removeprefix(f"{SITE}/").strip("/")
    reason = unsafe_reason(f"/{folder}/") if folder else ""
    hidden = any(part.startswith((".", "_")) for part in folder.split("/")) or folder.split("/")[0] == "data"
    if reason or hidden:
        reason = reason or "is not published"
        raise click.BadParameter(f"`{folder}` cannot hold pages: it {reason}", param_hint="--in")
    return folder
