"""TOML, YAML, JSON and CSV, each read to the same plain values, with the lines of the tables in their lists."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import PurePath
from typing import Any, Final

from leadpages.build.front_matter import parse_yaml_document
from leadpages.build.schema import Lines
from leadpages.build.toml_file import parse_toml
from leadpages.core.errors import Problem

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_STRING_OR_CONSTANT: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|(-?Infinity|NaN)')

#: A table or list, and where the tables in its lists begin: `("products", 2)` -> line.
Parsed = tuple[Any, Lines]


class _Bad(Exception):
    def __init__(self, *problems: Problem) -> None:
        self.problems = problems


def parse_data(text: str, path: str) -> Parsed | list[Problem]:
    """What is in the data file `path`, whose ending is one of `FORMATS`, or everything that is wrong with it."""
    try:
        parsed = FORMATS[PurePath(path).suffix.lower()](text, path)
    except _Bad as bad:
        return list(bad.problems)
    except RecursionError:
        return [Problem(path, 1, "nested too deeply")]
    return [parsed] if isinstance(parsed, Problem) else parsed


def _json(text: str, path: str) -> Parsed:
    unique, refuse = partial(_unique, text, path), partial(_refuse, text, path)
    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    except json.JSONDecodeError as error:
        message = f"not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise _Bad(Problem(path, error.lineno, message, _hint(text, error.lineno), column=error.colno)) from None
    except ValueError:  # of int(), which refuses to read thousands of digits
        raise _Bad(Problem(path, 1, "a number with too many digits", "write it as text")) from None
    if not isinstance(value, dict | list):
        raise _Bad(Problem(path, 1, "expected a list or a table around everything", "begin with { or ["))
    return value, _json_lines(text, value)


def _hint(text: str, line: int) -> str:
    found = text.split("\n")[line - 1].strip()
    return f"the line reads: {found[:80]}" if found else ""


def _refuse(text: str, path: str, constant: str) -> Any:
    found = next(found for found in _STRING_OR_CONSTANT.finditer(text) if found[1])
    line, column = _position(text, found.start())
    raise _Bad(Problem(path, line, f"`{constant}` is no number in JSON", "write null, or text", column=column))


def _unique(text: str, path: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            quoted = re.escape(json.dumps(key, ensure_ascii=False))
            places = [place.start() for place in re.finditer(quoted + r"\s*:", text)]
            # Where other tables have the key too, its line is anyone's guess.
            line, column = _position(text, places[1]) if len(places) == 2 else (0, 0)
            hint = "take one of them out"
            raise _Bad(Problem(path, line, f"the key `{key}` stands twice in one table", hint, column=column))
        found[key] = value
    return found


def _position(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _json_lines(text: str, value: dict[str, Any] | list[Any]) -> Lines:
    """The line of each item of the outermost list, or of the lists right in the outermost table."""
    starts: dict[tuple[str | int, ...], int] = {}
    if isinstance(value, list):
        starts = {(number,): at for number, (_, at) in enumerate(_json_items(text, 0))}
    else:
        for key, at in _json_items(text, 0):
            if text[at] == "[":
                starts |= {(key, number): inner for number, (_, inner) in enumerate(_json_items(text, at))}
    lines: dict[tuple[str | int, ...], int] = {}
    line, seen = 1, 0
    for place, at in starts.items():
        line, seen = line + text.count("\n", seen, at), at
        lines[place] = line
    return lines


def _json_items(text: str, at: int) -> Iterator[tuple[str, int]]:
    """Each value of the list or table at `at`, with its key or "", and where it begins. `text` is good JSON."""
    decoder = json.JSONDecoder()
    at = _skip(text, at)
    is_table = text[at] == "{"
    at = _skip(text, at + 1)
    while text[at] not in "]}":
        key = ""
        if is_table:
            key, at = decoder.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        yield key, at
        at = _skip(text, decoder.raw_decode(text, at)[1])
        at = _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _csv(text: str, path: str) -> Parsed:
    """Comma-separated values (RFC 4180), or separated by semicolons or tabs where the header row has no comma.

    All values are text, without the space around them; empty lines are left out.
    """
    delimiter = next((sign for sign in ",;\t" if sign in text.partition("\n")[0]), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    table: list[dict[str, str]] = []
    lines: dict[tuple[str | int, ...], int] = {}
    problems: list[Problem] = []
    line = 1
    try:
        for cells in reader:
            if not header and cells:
                header = [cell.strip() for cell in cells]
                problems += _check_header(header, path, line)
            elif cells and len(cells) != len(header):
                message = f"{len(cells)} cells under a header of {len(header)}"
                problems.append(Problem(path, line, message, f"put text with a {delimiter!r} in it in double quotes"))
            elif cells:
                lines[(len(table),)] = line
                table.append(dict(zip(header, map(str.strip, cells), strict=True)))
            line = reader.line_num + 1
    except csv.Error as error:
        problems.append(Problem(path, line, f"not valid CSV: {error}", _hint(text, line)))
    if not header and not problems:
        problems.append(Problem(path, 1, "an empty table", "name the columns on the first line"))
    if problems:
        raise _Bad(*problems)
    return table, lines


def _check_header(names: list[str], path: str, line: int) -> list[Problem]:
    problems = [
        Problem(path, line, f"column {number} has no name", "name it, or take the column out")
        for number, name in enumerate(names, 1)
        if not name
    ]
    twice = dict.fromkeys(name for number, name in enumerate(names) if name and name in names[:number])
    return problems + [Problem(path, line, f"two columns are called `{name}`", "rename one") for name in twice]


#: How to read a file, by its ending.
FORMATS: Final[Mapping[str, Callable[[str, str], Parsed | Problem]]] = {
    ".toml": parse_toml,
    ".yaml": parse_yaml_document,
    ".yml": parse_yaml_document,
    ".json": _json,
    ".csv": _csv,
}
