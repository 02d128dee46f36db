"""`_defaults.toml`: front matter for every file in a folder of `site/` and in the folders under it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from leadpages.build.inputs import SITE
from leadpages.build.schema import Lines
from leadpages.build.sources import LINK_HINT, link_fault
from leadpages.build.toml_file import read_toml
from leadpages.core.errors import Problem

FILE: Final = "_defaults.toml"
#: Keys that would give many pages what only one can have.
_OF_ONE_PAGE: Final = ("aliases", "permalink", "slug", "translation_key")

#: Checks keys as front matter is checked, told the path of their file and where they stand in it. It is asked about
#: one key at a time, so it must not miss the others.
Check = Callable[[Mapping[str, Any], str, Lines], list[Problem]]


@dataclass(frozen=True, slots=True)
class _Folder:
    """What holds in a folder, its parents' keys among it; a digest of that; and where each key is written."""

    keys: Mapping[str, Any]
    digest: str
    written: Mapping[str, tuple[str, int]]


_NOTHING: Final = _Folder(MappingProxyType({}), "", MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Defaults:
    """What each folder of `site/` says for the files in it.

    A place is the path of a file relative to `site/`, in the folders that it is really in: `de/posts/a.md`.
    """

    folders: Mapping[str, _Folder]

    def for_place(self, place: str) -> Mapping[str, Any]:
        """The keys for the file at `place`; those of nearer folders win."""
        return self._nearest(place).keys

    def written(self, place: str, key: str) -> tuple[str, int] | None:
        """The file and line that a key for `place` comes from, for problems with it that show later."""
        return self._nearest(place).written.get(key)

    def _nearest(self, place: str) -> _Folder:
        if not self.folders:
            return _NOTHING
        while place:
            place = place.rpartition("/")[0]
            if place in self.folders:
                return self.folders[place]
        return _NOTHING


def read_defaults(project: Path, files: Iterable[str], check: Check) -> tuple[Defaults, list[Problem]]:
    """Read every `_defaults.toml` among `files`, the paths of all files of the project.

    What is wrong with a key is said here, once, at its line; the pages then do without the key.
    """
    folders: dict[str, _Folder] = {}
    problems: list[Problem] = []
    # A parent's path is shorter than that of a folder in it.
    for path in sorted((path for path in files if _is_defaults(path)), key=lambda path: (path.count("/"), path)):
        keys, lines, found = _read(project, path, check)
        problems += found
        folder = path.removeprefix(f"{SITE}/").rpartition("/")[0]
        parent = Defaults(folders)._nearest(folder) if folder else _NOTHING
        folders[folder] = _Folder(
            MappingProxyType(together := merged(parent.keys, keys)),
            sha256(json.dumps(together, sort_keys=True, default=repr).encode()).hexdigest(),
            {**parent.written, **{key: (path, lines.get((key,), 0)) for key in keys}},
        )
    return Defaults(folders), problems


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both, where the keys of `over` win. Two tables of one key, such as `extra`, become one; lists do not."""
    both = dict(under)
    for key, value in over.items():
        beneath = both.get(key)
        both[key] = {**beneath, **value} if isinstance(value, Mapping) and isinstance(beneath, Mapping) else value
    return both


def _is_defaults(path: str) -> bool:
    *folders, name = path.split("/")
    hidden = any(part.startswith((".", "_")) for part in folders)
    return name == FILE and folders[:1] == [SITE] and folders[1:2] != ["data"] and not hidden


def _read(project: Path, path: str, check: Check) -> tuple[dict[str, Any], Lines, list[Problem]]:
    if fault := link_fault(project / path, project):
        return {}, {}, [Problem(path, 0, fault, LINK_HINT)]
    toml = read_toml(project / path, path)
    if isinstance(toml, Problem):
        return {}, {}, [toml]
    keys: dict[str, Any] = {}
    problems = [*toml.warnings]
    for key, value in toml.data.items():
        if key in _OF_ONE_PAGE:
            message = f"`{key}` belongs to one page, not to a folder"
            found = [Problem(path, toml.lines.get((key,), 0), message, "move it into the page's front matter")]
        else:
            found = check({key: value}, path, toml.lines)
        if not any(problem.severity == "error" for problem in found):
            keys[key] = value
        problems += found
    return keys, toml.lines, problems
