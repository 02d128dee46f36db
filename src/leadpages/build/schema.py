"""Checking a parsed file against a pydantic model, with every problem at its line."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any, Final, TypeVar

# Plugins are looked for in every installed package, and may not change what a build accepts.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from pydantic import BaseModel, ConfigDict, ValidationError

from leadpages.build.pages import plain
from leadpages.core.errors import Problem, nearest

Model = TypeVar("Model", bound=BaseModel)
#: Where each key stands: `("fields", 2, "type")` -> line. Files give the keys that they can.
Lines = Mapping[tuple[str | int, ...], int]
#: What pydantic's words are to someone who writes TOML or YAML.
_EXPECTED: Final = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a table of keys",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "model_type": "a table of keys",
    "string_too_short": "some text",
    "string_type": "text",
    "too_short": "at least one",
    "tuple_type": "a list",
}


class Fault(ValueError):
    """For a validator of a whole table: what is wrong, at which of its keys, and what to do."""

    def __init__(self, message: str, key: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.key, self.hint = key, hint


class Strict(BaseModel):
    """The base of every schema: no unknown keys, no change after checking."""

    # Of the models that a build imports it uses few, and most of the cost of one is not its class.
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False, defer_build=True)


def check(model: type[Model], data: Mapping[str, Any], path: str, lines: Lines) -> Model | list[Problem]:
    """The checked model, or every problem that `data` has."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        errors: list[dict[str, Any]] = [dict(e) for e in error.errors(include_url=False)]
        return [_problem(model, e, path, lines) for e in errors if not _follows(e["loc"], errors)]


def _follows(location: tuple[str | int, ...], errors: Sequence[dict[str, Any]]) -> bool:
    """Whether an error at `location` only says that there are errors inside."""
    return any(len(e["loc"]) > len(location) and e["loc"][: len(location)] == location for e in errors)


def line_of(location: tuple[str | int, ...], lines: Lines) -> int:
    """The line of the innermost key of `location` that is known; 0 when none is."""
    for end in range(len(location), 0, -1):
        if location[:end] in lines:
            return lines[location[:end]]
    return 0


def _problem(model: type[BaseModel], error: dict[str, Any], path: str, lines: Lines) -> Problem:
    location = tuple(part for part in error["loc"] if part != "[key]")  # the fault of a key is at its value's place
    name = ".".join(str(part + 1) if isinstance(part, int) else part for part in location)
    line = line_of(location, lines)
    if error["type"] == "extra_forbidden":
        return Problem(path, line, f"unknown key `{name}`", _hint_on_unknown(model, location))
    if error["type"] == "missing":
        return Problem(path, line_of(location[:-1], lines) or 1, f"`{name}` is missing", f"add `{location[-1]}`")
    found = shown(error["input"])
    if error["type"] == "literal_error":
        known = [word.strip("'") for word in error["ctx"]["expected"].replace(" or ", ", ").split(", ")]
        return Problem(path, line, f"`{name}` is {found}", nearest(str(error["input"]), known))
    if error["type"] != "value_error":
        return Problem(path, line, f"`{name}` is {found}: expected {_expected(error)}", _hint_on_kind(model, error))
    fault = error["ctx"]["error"]
    if isinstance(fault, Fault):
        return Problem(path, line_of((*location, fault.key), lines), str(fault), fault.hint)
    return Problem(path, line, f"`{name}` is {found}: {fault}")


def _hint_on_unknown(model: type[BaseModel], location: Sequence[str | int]) -> str:
    """Where a key belongs that a table around this one has: in TOML, a table ends only where the next one begins."""
    *table, key = location
    for end in reversed(range(len(table))):
        around = _model_at(model, table[:end])
        field = around.model_fields.get(str(key)) if around else None
        if field and not _inner_model(field.annotation):  # a table would have a header of its own
            above = f"`{_header(table[:end])}`: write it above [{_header(table)}]"
            return f"`{key}` belongs to {above if end else 'the whole file: write it above the first [table]'}"
    return nearest(str(key), _keys_at(model, table))


def _hint_on_kind(model: type[BaseModel], error: Mapping[str, Any]) -> str:
    if error["type"] == "tuple_type" and isinstance(error["input"], Mapping):
        return f"each one begins with [[{_header(error['loc'])}]]" if _model_at(model, error["loc"]) else ""
    return hint_on_signs(_expected(error), error["input"])


def hint_on_signs(expected: str, value: object) -> str:
    """The signs that make `value` what is expected, "text" or "a list"; "" where it takes more than signs."""
    if isinstance(value, Mapping | list):
        return ""
    return {"text": "put it in quotes", "a list": f"a list stands in brackets: {shown([value])}"}.get(expected, "")


def _header(location: Sequence[str | int]) -> str:
    return ".".join(part for part in location if isinstance(part, str))


def _keys_at(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    found = _model_at(model, location)
    return [field.alias or name for name, field in found.model_fields.items()] if found else []


def _model_at(model: type[BaseModel], location: Sequence[str | int]) -> type[BaseModel] | None:
    for part in location:
        if isinstance(part, str) and part in model.model_fields:
            inner = _inner_model(model.model_fields[part].annotation)
            if inner is None:
                return None
            model = inner
    return model


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_inner_model(argument) for argument in getattr(annotation, "__args__", ()))
    return next((model for model in found if model), None)


def _expected(error: Mapping[str, Any]) -> str:
    return _EXPECTED.get(error["type"]) or re.sub(r"^\w+ should (be )?", "", error["msg"])


def shown(value: Any) -> str:
    """A value as a writer may have written it, in short."""
    if isinstance(value, str):
        text = repr(value)
    else:
        text = str(value) if isinstance(value, date | time) else json.dumps(plain(value), ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
