"""Finding what a writer wrote: Markdown under `site/`, and the files that go out as they are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from leadpages.build.inputs import FOR_HOSTS, SITE, Inputs
from leadpages.core.errors import Problem
from leadpages.core.urls import unsafe_reason

POSTS: Final = "posts"
LINK_HINT: Final = "copy what it points to here instead"
_MARKDOWN: Final = (".md", ".markdown")

Kind = Literal["post", "page"]


@dataclass(frozen=True, slots=True)
class Source:
    """One Markdown file. `path` is relative to the project.

    `place` is relative to `site/`, without the ending and what says the language: `de/about.md` and `about.de.md`
    both have the place `about`.
    """

    path: str
    place: str
    kind: Kind
    language: str


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file that is copied as it is to `url`."""

    path: str
    file: Path
    url: str


@dataclass(frozen=True, slots=True)
class Sources:
    """All of `site/`, in the order of the paths, whatever the file system says."""

    markdown: tuple[Source, ...]
    static: tuple[StaticFile, ...]


def find_sources(project: Path, inputs: Inputs, languages: Sequence[str]) -> tuple[Sources, list[Problem]]:
    """Sort what is in `site/` of `project`. The first of `languages` is that of files which name none.

    `site/data/` is left out, and so are names that begin with `.` or `_`, but for those that hosts read.
    """
    markdown: list[Source] = []
    static: list[StaticFile] = []
    if not (project / SITE).is_dir():
        return Sources((), ()), [Problem(SITE, 0, "there is no site/ folder", "start a project with `leadpages init`")]
    problems = [Problem(path, 0, "neither a file nor a folder", "remove it") for path in sorted(inputs.odd)]
    # Those in site/ are looked at one by one below; a build would not see what changes in the others.
    linked = (path for path in sorted(inputs.links) if not path.startswith(f"{SITE}/") and (project / path).is_dir())
    problems += [Problem(path, 0, "a link to a folder", LINK_HINT) for path in linked]
    for path in sorted({*inputs.files, *inputs.links}):
        place = path.removeprefix(f"{SITE}/")
        if place == path or place.startswith("data/"):
            continue
        if ("/." in path or "/_" in path) and not all(map(_is_published, place.split("/"))):
            continue
        stem, ending = os.path.splitext(place)
        if not path.isascii() and path.encode(errors="replace").decode() != path:
            problems.append(Problem(ascii(path)[1:-1], 0, "this name is not in UTF-8", "rename the file"))
        elif path in inputs.links and (fault := link_fault(project / path, project)):
            problems.append(Problem(path, 0, fault, LINK_HINT))
        elif ending.lower() in _MARKDOWN:
            markdown.append(_source(path, stem, languages))
        elif reason := unsafe_reason("/" + place.replace("%", "%25")):
            problems.append(Problem(path, 0, f"this name cannot be published: it {reason}", "rename the file"))
        else:
            static.append(StaticFile(path, project / path, "/" + place))
    return Sources(tuple(markdown), tuple(static)), problems


def _source(path: str, stem: str, languages: Sequence[str]) -> Source:
    first, _, rest = stem.partition("/")
    plain, _, last = stem.rpartition(".")
    if rest and first in languages[1:]:
        place, language = rest, first
    elif plain and last in languages:
        place, language = plain, last
    else:
        place, language = stem, languages[0]
    is_post = place.startswith(f"{POSTS}/") and place != f"{POSTS}/index"
    return Source(path, place, "post" if is_post else "page", language)


def link_fault(file: Path, project: Path) -> str:
    """Why the symbolic link `file` is not followed, or "" when it is, or is no link."""
    if not file.is_symlink():
        return ""
    target = Path(os.path.realpath(file))  # Path.resolve raises on a link that points to itself
    if not target.is_relative_to(os.path.realpath(project)):
        return "a link to a file outside the project"
    return "" if target.is_file() else "a link to a folder, or to nothing"


def _is_published(name: str) -> bool:
    return not name.startswith((".", "_")) or name in FOR_HOSTS
