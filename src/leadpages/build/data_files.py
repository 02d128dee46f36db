"""`site/data/`: all of its files as one tree, which templates call `data`.

A file is known by its name without the ending, and folders hold files as tables hold keys: what is in
`site/data/shop/products.csv` is `data.shop.products`.
"""

from __future__ import annotations

import math
import os
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from leadpages.build.data_formats import FORMATS, parse_data
from leadpages.build.inputs import SITE, is_read
from leadpages.build.schema import Lines
from leadpages.build.sources import LINK_HINT, link_fault
from leadpages.build.text import decode, find_mojibake
from leadpages.core.errors import Problem

FOLDER: Final = f"{SITE}/data"


@dataclass(frozen=True, slots=True)
class Data:
    """What templates see as `data`, which nothing can change, and a digest of all of it.

    Tables are read-only mappings, lists are tuples. `files` has the path of the file that stands at a place in
    `tree`, and `lines` the lines of the tables in lists.
    """

    tree: Mapping[str, Any]
    digest: str
    files: Mapping[tuple[str | int, ...], str]
    lines: Lines


def read_data(project: Path) -> tuple[Data, list[Problem]]:
    """All of `site/data/`, and what is wrong in it. Names that begin with `.` or `_` are left out."""
    tree: dict[str, Any] = {}
    files: dict[tuple[str | int, ...], str] = {}
    lines: dict[tuple[str | int, ...], int] = {}
    problems: list[Problem] = []
    taken: dict[tuple[str, ...], str] = {}
    digest = sha256()
    for path, file in _files(project):
        at = _place(path)
        if fault := _misplaced(path, file, project) or _clash(at, path, taken):
            problems.append(fault)
            continue
        content = _read(file, path)
        if isinstance(content, Problem):
            problems.append(content)
            continue
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
        found = _parse(content, path)
        if isinstance(found, list):
            problems += found
            continue
        value, found_lines, warnings = found
        problems += warnings
        folder = tree
        for part in at[:-1]:
            folder = folder.setdefault(part, {})
        folder[at[-1]] = value
        files[at] = path
        lines |= {(*at, *place): line for place, line in found_lines.items()}
    return Data(_frozen(tree), digest.hexdigest(), files, lines), problems


def _files(project: Path) -> Iterator[tuple[str, Path]]:
    """The path and the place of every file, in an order that is the same everywhere."""
    for folder, names, files in os.walk(project / FOLDER):
        names[:] = sorted(name for name in names if not name.startswith((".", "_")))
        links = [name for name in names if (Path(folder) / name).is_symlink()]
        for name in sorted([*files, *links]):
            if is_read(name) and not name.startswith("_"):
                file = Path(folder) / name
                yield file.relative_to(project).as_posix(), file


def _place(path: str) -> tuple[str, ...]:
    *folders, name = unicodedata.normalize("NFC", path.removeprefix(f"{FOLDER}/")).split("/")
    return (*folders, Path(name).stem)


def _misplaced(path: str, file: Path, project: Path) -> Problem | None:
    if fault := link_fault(file, project):
        return Problem(path, 0, fault, LINK_HINT)
    if file.suffix.lower() not in FORMATS:
        hint = f"known endings: {', '.join(FORMATS)}"
        return Problem(path, 0, "this is no data file, and nothing uses it", hint, "warning")
    return None


def _clash(at: tuple[str, ...], path: str, taken: dict[tuple[str, ...], str]) -> Problem | None:
    """Whether something else has this name, or one that a file system without upper and lower case takes for it."""
    for end in range(1, len(at) + 1):
        own = path if end == len(at) else "/".join((FOLDER, *at[:end])) + "/"
        other = taken.setdefault(tuple(part.casefold() for part in at[:end]), own)
        if other != own:
            return Problem(path, 0, f"{own} and {other} have one name", "rename one of them")
    return None


def _read(file: Path, path: str) -> bytes | Problem:
    try:
        return file.read_bytes()
    except OSError as error:
        return Problem(path, 0, f"cannot be read: {(error.strerror or str(error)).lower()}")


def _parse(content: bytes, path: str) -> tuple[Any, Lines, list[Problem]] | list[Problem]:
    text = decode(content, path)
    if isinstance(text, Problem):
        return [text]
    parsed = parse_data(text, path)
    if isinstance(parsed, list):
        return parsed
    try:
        return _plain(parsed[0]), parsed[1], find_mojibake(text, path)
    except ValueError as error:
        return [Problem(path, 0, str(error), "write it as text")]


def _plain(value: Any) -> Any:
    """Only what JSON could hold too: days and times become ISO 8601 text.

    Raises ValueError for what has no such form.
    """
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"the number `{value}` is not finite")
    if value is None or isinstance(value, str | int | float):
        return value
    raise ValueError(f"a value is of a kind that data cannot have: {type(value).__name__}")


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(inner) for key, inner in value.items()})
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list) else value
