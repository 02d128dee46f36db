"""Items as DynamoDB's protocol writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Text, numbers, flags, nothing, and lists and maps of them.
Item = dict[str, Any]
Key = tuple[str, str]


def wired_key(key: Key) -> dict[str, Any]:
    """A key of the table."""
    return wired({"pk": key[0], "sk": key[1]})


def wired(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Attributes, or with `:` before their names the values of an expression."""
    return {prefix + name: _wired_value(value) for name, value in values.items()}


def _wired_value(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case list():
            return {"L": [_wired_value(one) for one in value]}
        case dict():
            return {"M": wired(value)}
        case _:
            return {"S": value}


def item_of(wired: Mapping[str, Any]) -> Item:
    """The inverse of `wired`."""
    return {name: _value(value) for name, value in wired.items()}


def _value(wired: Mapping[str, Any]) -> Any:
    ((kind, value),) = wired.items()
    match kind:
        case "NULL":
            return None
        case "N":
            return int(value)
        case "L":
            return [_value(one) for one in value]
        case "M":
            return item_of(value)
        case _:
            return value
