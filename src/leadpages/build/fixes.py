"""Making the mends that problems carry: only what is named, byte for byte, and each file whole or not at all."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leadpages.core.errors import Edit, Problem

#: The line ends that `decode` knows, so that lines count as they did when the problem was found.
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_BOM: Final = "\ufeff"
#: What a longer address could have before or after the one that is meant, or any longer word.
_OF_ADDRESS: Final = r"[\w%/?#&=~+:@$*-]"
_OF_WORD: Final = r"[\w-]"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A piece of a line that becomes `new`. Columns count characters from 1; `end` is the first one kept."""

    line: int
    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Mended:
    """The problems whose mends are in their files now, and a problem for each file that could not be written."""

    done: tuple[Problem, ...]
    faults: tuple[Problem, ...]


def find_replacements(project: Path, problems: Sequence[Problem]) -> dict[Problem, tuple[Replacement, ...]]:
    """Where the mends of `problems` apply in the files as they are now; problems without such a place are left out.

    A mend touches its problem's line only. It applies to its text where that stands by itself, not inside a longer
    word or address: with a column, the first time at or after it; without one, every time. Of two mends that overlap,
    the later one waits for another run.
    """
    found: dict[Problem, tuple[Replacement, ...]] = {}
    for path, group in _by_file(problems).items():
        file = _inside(project, path)
        if file is not None and (text := _read(file)) is not None:
            found |= _find(text, group)
    return found


def mend(project: Path, problems: Sequence[Problem]) -> Mended:
    """Make every mend of `problems` that is safe. What is not part of a mend keeps its bytes, line ends and all.

    Never raises OSError: a file that cannot be written is a problem with the reason.
    """
    done: list[Problem] = []
    faults: list[Problem] = []
    for path, group in _by_file(problems).items():
        file = _inside(project, path)
        text = _read(file) if file else None
        if file is None:
            faults.append(_fault(path, "is outside the project"))
        elif text is not None and (found := _find(text, group)):
            try:
                _write(file, _replace(text, found))
                done += found
            except OSError as error:
                faults.append(_fault(path, (error.strerror or str(error)).lower()))
    return Mended(tuple(done), tuple(faults))


def _fault(path: str, reason: str) -> Problem:
    return Problem(path, 0, f"cannot be mended: {reason}", "mend it by hand")


def _by_file(problems: Sequence[Problem]) -> dict[str, list[Problem]]:
    groups: dict[str, list[Problem]] = {}
    for problem in problems:
        if problem.edit and problem.line and problem.edit.old not in ("", problem.edit.new):
            groups.setdefault(problem.path, []).append(problem)
    return groups


def _inside(project: Path, path: str) -> Path | None:
    """The file itself, behind links; None when it is outside the project."""
    file = Path(os.path.realpath(project / path))
    return file if file.is_relative_to(os.path.realpath(project)) else None


def _read(file: Path) -> str | None:
    """The text with its line ends and byte order mark; None for what is no UTF-8 or cannot be read."""
    try:
        return file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _find(text: str, problems: Sequence[Problem]) -> dict[Problem, tuple[Replacement, ...]]:
    lines = _LINE_END.split(text.removeprefix(_BOM))
    taken: dict[int, list[Replacement]] = {}
    found: dict[Problem, tuple[Replacement, ...]] = {}
    for problem in dict.fromkeys(problems):
        if not problem.edit or problem.line > len(lines):
            continue
        places = tuple(_places(lines[problem.line - 1], problem.edit, problem.line, problem.column))
        others = taken.setdefault(problem.line, [])
        if places and not any(_overlap(one, other) for one in places for other in others):
            others += places
            found[problem] = places
        elif places and all(place in others for place in places):
            found[problem] = ()  # the same mend, asked for twice
    return found


def _places(line: str, edit: Edit, number: int, column: int) -> Iterator[Replacement]:
    part = _OF_ADDRESS if "://" in edit.old else _OF_WORD
    before = rf"(?<!{part})" if re.match(part, edit.old) else ""
    # A dot or comma may end a sentence, or go on with the address.
    after = rf"(?!{part}|[.,;!]\w)" if re.match(part, edit.old[-1]) else ""
    pattern = re.compile(before + re.escape(edit.old) + after)
    for match in pattern.finditer(line, max(column - 1, 0)):
        yield Replacement(number, match.start() + 1, match.end() + 1, edit.new)
        if column:
            return


def _overlap(one: Replacement, other: Replacement) -> bool:
    return one.start < other.end and other.start < one.end


def _replace(text: str, found: Mapping[Problem, Sequence[Replacement]]) -> str:
    starts = [0, *(end.end() for end in _LINE_END.finditer(text))]
    if text.startswith(_BOM):
        starts[0] = 1
    places = sorted((place for group in found.values() for place in group), key=lambda place: (place.line, place.start))
    for place in reversed(places):
        start = starts[place.line - 1]
        text = text[: start + place.start - 1] + place.new + text[start + place.end - 1 :]
    return text


def _write(file: Path, text: str) -> None:
    """Put `text` in the place of `file`, with its permissions; a crash leaves the old file or the new one.

    Raises OSError, also for a file whose permissions let nobody write to it.
    """
    mode = stat.S_IMODE(file.stat().st_mode)
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(file, os.W_OK):
        raise PermissionError(0, "the file is read-only")
    new = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        with new.open("xb") as out:
            out.write(text.encode("utf-8"))
            out.flush()
            os.fsync(out.fileno())
        new.chmod(mode)
        new.replace(file)
    finally:
        with suppress(FileNotFoundError):
            new.unlink()
