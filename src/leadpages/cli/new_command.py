"""`leadpages new`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click

from leadpages.build.plain_text import escape_markdown
from leadpages.build.sources import POSTS, SITE
from leadpages.cli.options import project_option
from leadpages.core.errors import OutputError
from leadpages.core.times import now

_POST: Final = """\
---
title: {title}
date: {day}
description: ""
tags:
  - post
draft: true
---

Write here. Take out the line `draft: true` when it is ready.
"""
_LANDING: Final = """\
---
title: {title}
description: ""
template: landing
draft: true
---

:::hero
# {heading}

One or two sentences: what the visitor gets, and why now.

- A first benefit
- A second benefit
:::

## What is inside

Say it plainly. To put a form beside the opening, write the first line as `:::hero{{form=NAME}}`,
with the name of a form in forms/.
"""


@click.group()
def command() -> None:
    """Write a new post or landing page, as a draft."""


@command.command()
@click.argument("title")
@project_option
def post(title: str, project: Path) -> None:
    """Write site/posts/TITLE.md."""
    _write(project, f"{SITE}/{POSTS}", title, _POST)


@command.command()
@click.argument("title")
@project_option
def landing(title: str, project: Path) -> None:
    """Write site/TITLE.md, a landing page."""
    _write(project, SITE, title, _LANDING)


def _write(project: Path, folder: str, title: str, template: str) -> None:
    from slugify import slugify

    title = " ".join(title.split())
    name = slugify(title, allow_unicode=True, max_length=80, word_boundary=True)
    if not name:
        raise click.BadParameter(f"{title!r} has no letter that could go into an address", param_hint="TITLE")
    file = project / folder / f"{name}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    # JSON's quotes are YAML's too, whatever the title has in it.
    quoted = json.dumps(title, ensure_ascii=False)
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(template.format(title=quoted, heading=escape_markdown(title), day=now().date().isoformat()))
    except FileExistsError:
        raise OutputError(f"{file} is there already", "choose another title") from None
    click.echo(file)
