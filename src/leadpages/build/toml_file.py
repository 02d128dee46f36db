"""TOML with the line of every key, which neither tomllib nor tomlkit gives."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leadpages.build.schema import Lines
from leadpages.build.text import find_mojibake, read_text
from leadpages.core.errors import Problem

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([\w\-]+|\"[^\"]+\")\s*=")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """The tables of a file, where their keys stand, and what is odd about its text."""

    data: Mapping[str, Any]
    lines: Lines
    warnings: Sequence[Problem]


def read_toml(file: Path, path: str) -> TomlFile | Problem:
    """What is in `file`, which problems call `path`, or what keeps it from being read."""
    text = read_text(file, path)
    if isinstance(text, Problem):
        return text
    parsed = parse_toml(text, path)
    return parsed if isinstance(parsed, Problem) else TomlFile(*parsed, find_mojibake(text, path))


def parse_toml(text: str, path: str) -> tuple[dict[str, Any], Lines] | Problem:
    """The tables of `text` and where their keys stand, or what keeps it from being TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.fullmatch(r"(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error))
        message, line = (found[1], int(found[2] or text.count("\n") + 1)) if found else (str(error), 0)
        return Problem(path, line, *_explain(message, text, line))
    except RecursionError:
        return Problem(path, 1, "not valid TOML: nested too deeply")
    except ValueError:  # of int(), which refuses to read thousands of digits
        return Problem(path, 1, "not valid TOML: a number with too many digits")
    return data, _lines(text)


def _explain(message: str, text: str, line: int) -> tuple[str, str]:
    """What tomllib says, and a hint."""
    lines = text.splitlines()
    found = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    header = _HEADER.match(found)
    if header and re.match("Cannot (declare|overwrite)", message):
        hint = f"where there may be several, each one begins with [[{header[2]}]]; else join the two"
        return f"not valid TOML: there is a `{header[2]}` already", hint
    hint = f"the line reads: {found[:80]}" if found else ""
    return f"not valid TOML: {message[:1].lower()}{message[1:]}", hint


def _lines(text: str) -> dict[tuple[str | int, ...], int]:
    lines: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    counts: dict[tuple[str | int, ...], int] = {}
    closing = ""  # of the multi-line string that we are in
    for number, line in enumerate(text.splitlines(), 1):
        if closing:
            closing = "" if closing in line else closing
        elif header := _HEADER.match(line):
            *above, last = (part.strip().strip('"') for part in header[2].split("."))
            table = ()
            for part in above:  # `[[menu.children]]` belongs to the `[[menu]]` above it
                table = (*table, part)
                table = (*table, counts[table]) if table in counts else table
            table = (*table, last)
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                lines.setdefault(table, number)
                table = (*table, counts[table])
            lines[table] = number
            for end in range(1, len(table)):
                lines.setdefault(table[:end], number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, key[1].strip('"')), number)
            mark = next((m for m in ('"""', "'''") if line.count(m) % 2), "")
            closing = mark
    return lines
