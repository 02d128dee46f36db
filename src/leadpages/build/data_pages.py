"""Pages made from data: one for each row of a list of tables, as a `[[pages]]` of the configuration asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from leadpages.build.config import FILE as CONFIG_FILE
from leadpages.build.config import Config, DataPages
from leadpages.build.data_files import FOLDER, Data
from leadpages.build.documents import address_of, slug_of
from leadpages.build.theme import Theme
from leadpages.core.errors import Problem, nearest
from leadpages.core.urls import collision_key

_COLUMN: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Row:
    """One table of a list, and where it is written."""

    values: Mapping[str, Any]
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class DataPage:
    """A page that a row asks for."""

    url: str
    title: str
    template: str
    row: Row


def rows(data: Data, name: str) -> list[Row]:
    """The tables of the list that templates call `data.NAME`; dots lead into folders, files and tables.

    Raises ValueError, with what there is instead, when that is no list of tables.
    """
    at: tuple[str | int, ...] = ()
    found: Any = data.tree
    for part in name.split("."):
        if not isinstance(found, Mapping) or part not in found:
            known = [".".join(map(str, (*at, key))) for key in found] if isinstance(found, Mapping) else []
            raise ValueError(f"there is no data `{name}`", nearest(name, known) or f"data lies in {FOLDER}/")
        at, found = (*at, part), found[part]
    if not isinstance(found, tuple) or not all(isinstance(row, Mapping) for row in found):
        raise ValueError(f"the data `{name}` is no list of tables", "pages are made from rows")
    path = next(data.files[at[:end]] for end in range(len(at), 0, -1) if at[:end] in data.files)
    return [Row(row, path, data.lines.get((*at, number), 0)) for number, row in enumerate(found)]


def all_data_pages(config: Config, data: Data, theme: Theme) -> tuple[list[DataPage], list[Problem]]:
    """The pages of every `[[pages]]`, and what is wrong with them, or with two rows for one address."""
    pages: dict[tuple[str, str], DataPage] = {}
    problems: list[Problem] = []
    for number, spec in enumerate(config.pages):
        if fault := theme.pages.fault(spec.template):
            problems.append(Problem(CONFIG_FILE, config.line("pages", number, "template"), *fault))
            continue
        made, found = pages_from_data(spec, data, config, config.line("pages", number))
        problems += found
        for page in made:
            # Rows of two files, and a row and a file of Markdown, are told apart where all addresses are known.
            first = pages.setdefault((page.row.path, collision_key(page.url)), page)
            if first is not page:
                message = f"its address {page.url} is also that of the row on line {first.row.line}"
                hint = "put a column in `permalink` that differs in every row"
                problems.append(Problem(page.row.path, page.row.line, message, hint))
    return list(pages.values()), problems


def pages_from_data(spec: DataPages, data: Data, config: Config, line: int) -> tuple[list[DataPage], list[Problem]]:
    """A page for each row that `spec` asks for. `line` is that of `spec` in the configuration.

    `{column}` in the title stands for the row's value, and in the permalink for its slug.
    """
    pages: list[DataPage] = []
    problems: list[Problem] = []
    try:
        found = rows(data, spec.data)
    except ValueError as error:
        message, hint = error.args
        return [], [Problem(CONFIG_FILE, line, message, hint)]
    for row in found:
        permalink, title = _filled(spec.permalink, row, slug_of), _filled(spec.title, row, str)
        wrong = [part for part in (permalink, title) if isinstance(part, Problem)]
        url, reason = address_of(permalink, config) if isinstance(permalink, str) else ("", "")
        if reason:
            wrong.append(Problem(row.path, row.line, f"the address `{url}` is not possible: it {reason}"))
        if isinstance(title, str) and not wrong:
            pages.append(DataPage(url, title, spec.template, row))
        problems += dict.fromkeys(wrong)  # title and permalink may lack the same column
    return pages, problems


def _filled(pattern: str, row: Row, form: Callable[[str], str]) -> str | Problem:
    texts: dict[str, str] = {}
    for column in dict.fromkeys(_COLUMN.findall(pattern)):
        if column not in row.values:
            hint = nearest(column, row.values)
            return Problem(row.path, row.line, f"there is no `{column}` in this row", hint)
        cell = row.values[column]
        is_plain = isinstance(cell, str | int | float) and not isinstance(cell, bool)
        texts[column] = form(str(cell).strip()) if is_plain else ""
        if not texts[column]:
            shown = f"`{cell}`" if is_plain and cell != "" else "empty" if cell in (None, "") else "no text"
            message = f"`{column}` is {shown}, and part of the page's address or title"
            return Problem(row.path, row.line, message, "expected a word or a number")
    return _COLUMN.sub(lambda found: texts[found[1]], pattern)
