"""Archetypes: what a new file begins with. One is `NAME.md` in `site/_archetypes/`, in a theme's, or in ours.

In it, `{{ title }}`, `{{ heading }}`, `{{ date }}` and `{{ slug }}` are filled in; nothing else is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

from leadpages.build.front_matter import parse_front_matter
from leadpages.build.inputs import SITE
from leadpages.build.plain_text import escape_markdown
from leadpages.build.sources import LINK_HINT, POSTS, link_fault
from leadpages.build.text import read_text
from leadpages.core.errors import Problem

FOLDER: Final = f"{SITE}/_archetypes"
_GAP: Final = re.compile(r"\{\{ *(title|heading|date|slug) *\}\}")
_FRONT_MATTER: Final = re.compile(
    r"(?:(---|\+\+\+)[ \t]*\n.*?^\1[ \t]*$|\{[ \t]*\n.*?^\}[ \t]*$)", re.DOTALL | re.MULTILINE
)


def find_archetypes(project: Path, themes: Sequence[Path]) -> dict[str, Path]:
    """Every archetype by its name. `themes` are the folders of the theme and its parents, nearest first.

    The project's own stand before the theme's, and those before the packaged ones.
    """
    folders = [Path(str(files("leadpages") / "archetypes")), *(theme / "archetypes" for theme in reversed(themes))]
    found = {file.stem: file for folder in [*folders, project / FOLDER] for file in sorted(folder.glob("[!._]*.md"))}
    return dict(sorted(found.items()))


def fill_archetype(project: Path, file: Path, title: str, slug: str, day: str) -> str | Problem:
    """The text of a new file, or what is wrong with its archetype. `day` is an ISO date."""
    path = file.relative_to(project).as_posix() if file.is_relative_to(project) else f"leadpages/{file.name}"
    if file.is_relative_to(project) and (fault := link_fault(file, project)):
        return Problem(path, 0, fault, LINK_HINT)
    text = read_text(file, path)
    if isinstance(text, Problem):
        return text
    heading = escape_markdown(title)
    values = {"title": title, "slug": slug, "heading": heading, "date": day}
    found = _FRONT_MATTER.match(text)
    front, body = text[: found.end() if found else 0], text[found.end() if found else 0 :]
    filled = "\n".join(_fill_front_matter(line, values) for line in front.split("\n"))
    filled += _GAP.sub(lambda gap: (values | {"title": heading})[gap[1]], body)
    parsed = parse_front_matter(filled, path)
    return parsed if isinstance(parsed, Problem) else filled


def _fill_front_matter(line: str, values: dict[str, str]) -> str:
    """Text becomes quoted as JSON quotes it, which YAML and TOML read too, whatever signs it has."""

    def fill(gap: re.Match[str]) -> str:
        if gap[1] == "date":
            return values["date"]
        quoted = json.dumps(values[gap[1]], ensure_ascii=False)
        is_quoted = line.count('"', 0, gap.start()) % 2 == 1
        return quoted[1:-1] if is_quoted else quoted

    return _GAP.sub(fill, line)


def folder_of(project: Path, archetype: str) -> str:
    """Where in `site/` new files go: posts in their folder, others in one of the archetype's name if it is there."""
    if archetype == "post":
        return POSTS
    return archetype if (project / SITE / archetype).is_dir() else ""
