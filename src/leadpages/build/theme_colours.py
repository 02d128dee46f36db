"""The colours of a theme, as numbers: the custom properties that its styles set for the page, and their contrast."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from colorsys import hls_to_rgb, rgb_to_hls
from typing import Final

Colour = tuple[int, int, int]
Properties = Mapping[str, Sequence[str]]

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
_RULE: Final = re.compile(r"([^{}]*)\{([^{}]*)\}")
_PROPERTY: Final = re.compile(r"(--[\w-]+)\s*:\s*([^;]+)")
_OF_THE_PAGE: Final = re.compile(r"(?:^|,)\s*(?::root|html)\s*(?:,|$)")
_VAR: Final = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,(.*))?\)$", re.DOTALL)
_LIGHT: Final = re.compile(r"light-dark\((.*?),[^,()]*(?:\([^()]*\))?[^,()]*\)$", re.DOTALL)
_DARK: Final = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)")
_HEX: Final = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
#: How many properties may name one another in a row.
_STEPS: Final = 8
#: How finely a colour's lightness is moved.
_SHADES: Final = 250


def page_properties(css: str, *, dark: bool = False) -> dict[str, list[str]]:
    """The values of every custom property on `:root` in one colour scheme, by its name, the one that holds last."""
    found: dict[str, list[str]] = {}
    for selector, body in _RULE.findall(_in_scheme(_COMMENT.sub("", css), dark)):
        if _OF_THE_PAGE.search(selector.rpartition(";")[2].strip()):
            for name, value in _PROPERTY.findall(body):
                found.setdefault(name, []).append(value.strip())
    return found


def colour(name: str, properties: Properties, otherwise: Colour) -> Colour:
    """The red, green and blue of a property: the last value of it that says them in a way that is understood here."""
    for value in reversed(properties.get(name, ())):
        if found := _read(value, properties, _STEPS):
            return found
    return otherwise


def _read(value: str, properties: Properties, steps: int) -> Colour | None:
    if light := _LIGHT.match(value):
        value = light[1].strip()
    if named := _VAR.match(value):
        values = [*(properties.get(named[1], ())[-1:]), *([named[2].strip()] if named[2] else [])]
        return _read(values[0], properties, steps - 1) if values and steps else None
    if _HEX.fullmatch(value):
        return from_hex(value)
    from PIL import ImageColor  # where colours are needed: nothing is drawn anew in most builds

    try:
        return ImageColor.getrgb(value)[:3]
    except ValueError:
        return None


def from_hex(text: str) -> Colour:
    """The colour that `#rgb` or `#rrggbb` names."""
    digits = text[1:] if len(text) > 4 else "".join(digit * 2 for digit in text[1:])
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def to_hex(colour: Colour) -> str:
    """A colour as CSS writes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def contrast(one: Colour, other: Colour) -> float:
    """From 1 to 21 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: Colour) -> float:
    """From 0, black, to 1, white (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    shares = [value / 255 for value in colour]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mixed(colour: Colour, ground: Colour, share: float) -> Colour:
    """`ground` with that share of `colour` in it."""
    red, green, blue = (round(a * share + b * (1 - share)) for a, b in zip(colour, ground, strict=True))
    return red, green, blue


def lighter(colour: Colour, by: float) -> Colour:
    """The same hue with its lightness, which is from 0 to 1, moved."""
    hue, lightness, saturation = rgb_to_hls(*(value / 255 for value in colour))
    red, green, blue = hls_to_rgb(hue, min(1, max(0, lightness + by)), saturation)
    return round(red * 255), round(green * 255), round(blue * 255)


def nearest_shade(colour: Colour, is_fit: Callable[[Colour], bool]) -> Colour | None:
    """The fit colour of the same hue whose lightness is nearest to that of `colour`."""
    moves = (sign * step / _SHADES for step in range(_SHADES + 1) for sign in (1, -1))
    return next((shade for by in moves if is_fit(shade := lighter(colour, by))), None)


def _in_scheme(css: str, dark: bool) -> str:
    """`css` without what holds only sometimes, but for what holds in the scheme."""
    kept = []
    while (at := css.find("@media")) >= 0:
        kept.append(css[:at])
        depth, end = 0, len(css)
        for brace in re.finditer(r"[{}]", css[at:]):
            depth += 1 if brace[0] == "{" else -1
            if depth <= 0:
                end = at + brace.end()
                break
        if dark and _DARK.match(css, at):
            kept.append(css[css.find("{", at) + 1 : end - 1])
        css = css[end:]
    return "".join([*kept, css])
