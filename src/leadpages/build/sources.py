"""Finding what a writer wrote: Markdown under `site/`, and the files that go out as they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from leadpages.build.text import read_text
from leadpages.core.errors import Problem
from leadpages.core.urls import unsafe_reason

SITE: Final = "site"
#: Hidden by their names, and read by static hosts all the same.
_FOR_HOSTS: Final = ("_headers", "_redirects", ".well-known", ".nojekyll")
POSTS: Final = "posts"
LINK_HINT: Final = "copy what it points to here instead"
_MARKDOWN: Final = (".md", ".markdown")

Kind = Literal["post", "page"]


@dataclass(frozen=True, slots=True)
class Source:
    """One Markdown file. `path` is relative to the project, `place` to `site/`, without the ending."""

    path: str
    place: str
    kind: Kind
    text: str


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


def read_sources(project: Path) -> tuple[Sources, list[Problem]]:
    """Read `site/` of `project`.

    `site/data/` is left out, and so are names that begin with `.` or `_`, but for those that hosts read.
    """
    markdown: list[Source] = []
    static: list[StaticFile] = []
    problems: list[Problem] = []
    site = project / SITE
    if not site.is_dir():
        return Sources((), ()), [Problem(SITE, 0, "there is no site/ folder", "start a project with `leadpages init`")]
    for file in _files(site):
        place = file.relative_to(site).as_posix()
        path = f"{SITE}/{place}"
        if fault := link_fault(file, project):
            problems.append(Problem(path, 0, fault, LINK_HINT))
        elif not file.is_file():
            problems.append(Problem(path, 0, "neither a file nor a folder", "remove it"))
        elif file.suffix.lower() in _MARKDOWN:
            text = read_text(file, path)
            if isinstance(text, Problem):
                problems.append(text)
            else:
                kind: Kind = "post" if place.startswith(POSTS + "/") else "page"
                markdown.append(Source(path, place.removesuffix(file.suffix), kind, text))
        elif reason := unsafe_reason("/" + place.replace("%", "%25")):
            problems.append(Problem(path, 0, f"this name cannot be published: it {reason}", "rename the file"))
        else:
            static.append(StaticFile(path, file, "/" + place))
    return Sources(tuple(markdown), tuple(static)), problems


def link_fault(file: Path, project: Path) -> str:
    """Why the symbolic link `file` is not followed, or "" when it is, or is no link."""
    if not file.is_symlink():
        return ""
    target = Path(os.path.realpath(file))  # Path.resolve raises on a link that points to itself
    if not target.is_relative_to(os.path.realpath(project)):
        return "a link to a file outside the project"
    return "" if target.is_file() else "a link to a folder, or to nothing"


def _files(site: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(site):
        at_top = Path(folder) == site
        names[:] = sorted(n for n in names if _is_published(n) and not (at_top and n == "data"))
        # A linked folder is not walked into; it is listed, so that it can be named as a problem.
        links = [n for n in names if (Path(folder) / n).is_symlink()]
        for name in sorted([*files, *links]):
            if _is_published(name):
                yield Path(folder) / name


def _is_published(name: str) -> bool:
    return not name.startswith((".", "_")) or name in _FOR_HOSTS
