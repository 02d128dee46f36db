"""`leadpages import`."""

from __future__ import annotations

from pathlib import Path

import click

from leadpages.build.inputs import SITE
from leadpages.build.plain_text import import_text
from leadpages.build.sources import POSTS
from leadpages.build.text import decode
from leadpages.cli.options import project_option
from leadpages.core.errors import OutputError, Problem, ProjectError
from leadpages.core.times import now


@click.command()
@click.argument(
    "sources",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@project_option
def command(sources: tuple[Path, ...], project: Path) -> None:
    """Turn plain text into posts: finds the title, the headings and the paragraphs.

    Files that have front matter already are copied as they are. Nothing is overwritten.
    """
    posts: dict[Path, str] = {}
    problems: list[Problem] = []
    for source in sources:
        text = decode(source.read_bytes(), str(source))
        if isinstance(text, Problem):
            problems.append(text)
            continue
        imported = import_text(text, source.stem, now().date())
        if isinstance(imported, str):
            problems.append(Problem(str(source), 0, imported))
            continue
        target = project / SITE / POSTS / f"{imported.slug}.md"
        if target.exists() or target in posts:
            raise OutputError(f"{target} is there already", "rename it, or change the title in the text")
        posts[target] = imported.markdown
    if problems:
        raise ProjectError(problems)
    for target, markdown in posts.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(markdown, "utf-8")
        click.echo(target)
