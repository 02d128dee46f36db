"""The colours of a theme, for what is drawn and not styled: the custom properties that its styles set for the page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

Colour = tuple[int, int, int]

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
_RULE: Final = re.compile(r"([^{}]*)\{([^{}]*)\}")
_PROPERTY: Final = re.compile(r"(--[\w-]+)\s*:\s*([^;]+)")
_OF_THE_PAGE: Final = re.compile(r"(?:^|,)\s*(?::root|html)\s*(?:,|$)")
_VAR: Final = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,(.*))?\)$", re.DOTALL)
_LIGHT: Final = re.compile(r"light-dark\((.*?),[^,()]*(?:\([^()]*\))?[^,()]*\)$", re.DOTALL)
#: How many properties may name one another in a row.
_STEPS: Final = 8


def page_properties(css: str) -> dict[str, list[str]]:
    """The values of every custom property on `:root` in the light scheme, by its name, the one that holds last."""
    found: dict[str, list[str]] = {}
    for selector, body in _RULE.findall(_without_media(_COMMENT.sub("", css))):
        if _OF_THE_PAGE.search(selector.rpartition(";")[2].strip()):
            for name, value in _PROPERTY.findall(body):
                found.setdefault(name, []).append(value.strip())
    return found


def colour(name: str, properties: Mapping[str, Sequence[str]], otherwise: Colour) -> Colour:
    """The red, green and blue of a property: the last value of it that says them in a way that is understood here."""
    for value in reversed(properties.get(name, ())):
        if found := _read(value, properties, _STEPS):
            return found
    return otherwise


def _read(value: str, properties: Mapping[str, Sequence[str]], steps: int) -> Colour | None:
    if light := _LIGHT.match(value):
        value = light[1].strip()
    if named := _VAR.match(value):
        values = [*(properties.get(named[1], ())[-1:]), *([named[2].strip()] if named[2] else [])]
        return _read(values[0], properties, steps - 1) if values and steps else None
    from PIL import ImageColor  # where colours are needed: nothing is drawn anew in most builds

    try:
        return ImageColor.getrgb(value)[:3]
    except ValueError:
        return None


def _without_media(css: str) -> str:
    """`css` without what holds only sometimes."""
    kept = []
    while (at := css.find("@media")) >= 0:
        kept.append(css[:at])
        depth, end = 0, len(css)
        for brace in re.finditer(r"[{}]", css[at:]):
            depth += 1 if brace[0] == "{" else -1
            if depth <= 0:
                end = at + brace.end()
                break
        css = css[end:]
    return "".join([*kept, css])
