"""Checking a parsed file against a pydantic model, with every problem at its line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from leadpages.core.errors import Problem, nearest

Model = TypeVar("Model", bound=BaseModel)
#: Where each key stands: `("fields", 2, "type")` -> line. Files give the keys that they can.
Lines = Mapping[tuple[str | int, ...], int]


class Strict(BaseModel):
    """The base of every schema: no unknown keys, no change after checking."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


def check(model: type[Model], data: Mapping[str, Any], path: str, lines: Lines) -> Model | list[Problem]:
    """The checked model, or every problem that `data` has."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        return [_problem(model, dict(e), path, lines) for e in error.errors(include_url=False)]


def line_of(location: tuple[str | int, ...], lines: Lines) -> int:
    """The line of the innermost key of `location` that is known; 0 when none is."""
    for end in range(len(location), 0, -1):
        if location[:end] in lines:
            return lines[location[:end]]
    return 0


def _problem(model: type[BaseModel], error: dict[str, Any], path: str, lines: Lines) -> Problem:
    location = error["loc"]
    name = ".".join(str(part + 1) if isinstance(part, int) else part for part in location)
    line = line_of(location, lines)
    if error["type"] == "extra_forbidden":
        return Problem(path, line, f"unknown key `{name}`", nearest(str(location[-1]), _keys_at(model, location[:-1])))
    if error["type"] == "missing":
        return Problem(path, line_of(location[:-1], lines) or 1, f"`{name}` is missing", f"add `{location[-1]}`")
    found = _show(error["input"])
    if error["type"] == "literal_error":
        known = [word.strip("'") for word in error["ctx"]["expected"].replace(" or ", ", ").split(", ")]
        return Problem(path, line, f"`{name}` is {found}", nearest(str(error["input"]), known))
    expected = str(error["ctx"]["error"]) if error["type"] == "value_error" else _lower(error["msg"])
    return Problem(path, line, f"`{name}` is {found}: {expected}" if name else expected)


def _keys_at(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    for part in location:
        if isinstance(part, str) and part in model.model_fields:
            inner = _inner_model(model.model_fields[part].annotation)
            if inner is None:
                return []
            model = inner
    return list(model.model_fields)


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_inner_model(argument) for argument in getattr(annotation, "__args__", ()))
    return next((model for model in found if model), None)


def _lower(message: str) -> str:
    return message.replace("Input should be", "expected", 1).replace("Value error, ", "", 1)


def _show(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
