"""The settings of a theme: what a project may say under `[settings]`, and the styles that come of it.

A setting with choices may have a style sheet for each, `settings/NAME-VALUE.css` in the theme. The setting `accent` is
one colour, of which those beside it are made for both schemes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from pydantic import model_validator

from leadpages.build.config import FILE as CONFIG_FILE
from leadpages.build.config import Config
from leadpages.build.schema import Fault, Strict, shown
from leadpages.build.theme_colours import (
    Colour,
    Properties,
    colour,
    contrast,
    from_hex,
    lighter,
    luminance,
    mixed,
    nearest_shade,
    page_properties,
    to_hex,
)
from leadpages.core.errors import Problem, nearest

ACCENT: Final = "accent"
PRESET: Final = "preset"
#: https://www.w3.org/TR/WCAG22/#contrast-minimum and #non-text-contrast.
_LEAST_TEXT: Final = 4.5
_LEAST_EDGE: Final = 3.0
#: Light text on a dark ground looks thinner, so an accent for it is made with room to spare.
_LEAST_DARK_ACCENT: Final = 7.0
_GROUNDS: Final = ("ground", "surface", "raised", "wash")
_TEXTS: Final = ("ink", "soft", "accent", "accent-deep", "error", "good")
#: What stands on what, and the least contrast.
_PAIRS: Final = (
    *((text, ground, _LEAST_TEXT) for ground in _GROUNDS for text in _TEXTS),
    *(("on-accent", button, _LEAST_TEXT) for button in ("accent", "accent-deep")),
    *(("edge", ground, _LEAST_EDGE) for ground in _GROUNDS),
)
_COLOURS: Final = (*_GROUNDS, *_TEXTS, "line", "edge", "on-accent")

SettingType = Literal["text", "number", "flag", "color", "url"]
_SETTING_TYPES: Final[dict[SettingType, type | tuple[type, ...]]] = {
    "text": str,
    "number": (int, float),
    "flag": bool,
    "color": str,
    "url": str,
}
_SETTING_NAMES: Final = {"flag": "true or false", "text": "text", "color": "a colour like #0b5c8a", "url": "an address"}

#: The colours of one scheme by their names in the style sheets, without the hyphens before them.
Palette = Mapping[str, Colour]


class Setting(Strict):
    """Something that a project may set under `[settings]`; `choices` are all that it may be, where there are some."""

    type: SettingType = "text"
    default: Any
    description: str = ""
    choices: tuple[Any, ...] = ()

    @model_validator(mode="after")
    def _default_fits(self) -> Self:
        if fault := self.fault(self.default):
            raise Fault(f"`default` is {shown(self.default)}: {fault}", "default")
        return self

    def fault(self, value: Any) -> str:
        """Why `value` is none for this setting, or ""; a colour may be left open."""
        if self.choices and value not in self.choices:
            return "expected one of its choices"
        if not isinstance(value, _SETTING_TYPES[self.type]) or (isinstance(value, bool) and self.type != "flag"):
            return f"expected {_SETTING_NAMES.get(self.type, f'a {self.type}')}"
        if self.type == "color" and not re.fullmatch(r"(#(?:[0-9a-fA-F]{3}){1,2})?", str(value)):
            return f"expected {_SETTING_NAMES['color']}"
        return ""


def read_settings(declared: Mapping[str, Setting], config: Config) -> tuple[dict[str, Any], list[Problem]]:
    """Every setting as the project has it, and what is wrong."""
    values = {name: setting.default for name, setting in declared.items()}
    problems = []
    for name, value in config.settings.items():
        line = config.line("settings", name)
        if name not in declared:
            message = f"the theme has no setting `{name}`"
            problems.append(Problem(CONFIG_FILE, line, message, nearest(name, declared)))
        elif fault := declared[name].fault(value):
            hint = nearest(str(value), map(str, declared[name].choices))
            problems.append(Problem(CONFIG_FILE, line, f"setting `{name}` is {shown(value)}: {fault}", hint))
        else:
            values[name] = value
    return values, problems


@dataclass(frozen=True, slots=True)
class Schemes:
    """The colours of a page in light and in dark."""

    light: Palette
    dark: Palette

    @classmethod
    def of(cls, css: str) -> Schemes:
        """Those that styles set for the page."""
        return cls(_palette(page_properties(css)), _palette(page_properties(css, dark=True)))


def _palette(properties: Properties) -> Palette:
    return {name: colour(f"--{name}", properties, (0, 0, 0)) for name in _COLOURS}


def accent_styles(accent: str, css: str) -> str:
    """The style sheet that makes `accent` the accent of a page with the styles `css`, in both schemes."""
    schemes = Schemes.of(css)
    light = _with_accent(from_hex(accent), schemes.light)

    def is_fit(shade: Colour) -> bool:
        palette = _with_accent(shade, schemes.dark)
        return contrast(shade, palette["ground"]) >= _LEAST_DARK_ACCENT and not any(_faults(palette))

    dark = _with_accent(nearest_shade(from_hex(accent), is_fit) or from_hex(accent), schemes.dark)
    return f":root {{ {_made(light)} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {_made(dark)} }} }}\n"


def _with_accent(accent: Colour, palette: Palette) -> Palette:
    """`palette` with another accent, and with those colours that go with it."""
    ground = palette["ground"]
    away = -0.1 if luminance(ground) > luminance(accent) else 0.1
    wash = mixed(accent, ground, 0.1)
    return {**palette, "accent": accent, "accent-deep": lighter(accent, away), "on-accent": ground, "wash": wash}


def _made(palette: Palette) -> str:
    return " ".join(f"--{name}: {to_hex(palette[name])};" for name in ("accent", "accent-deep", "on-accent", "wash"))


def _faults(palette: Palette) -> Iterator[tuple[float, str, str, float]]:
    """The contrast of each pair that has too little of it, the names of the two, and the least that it should have."""
    for text, ground, least in _PAIRS:
        if (found := contrast(palette[text], palette[ground])) < least:
            yield found, text, ground, least


def check_contrast(schemes: Schemes, config: Config) -> list[Problem]:
    """What is wrong with the colours of pages, `schemes`, where the project asks for them by `accent` or `preset`."""
    asked = next((name for name in (ACCENT, PRESET) if config.settings.get(name)), "")
    if not asked:
        return []
    worst = min((*_faults(schemes.light), *_faults(schemes.dark)), default=None)
    if worst is None:
        return []
    found, text, ground, least = worst
    message = f"setting `{asked}` is {config.settings[asked]!r}: `--{text}` on `--{ground}` has a contrast of "
    message += f"{found:.1f}:1, expected {least}:1 or more"
    fit = nearest_shade(schemes.light[ACCENT], lambda shade: not any(_faults(_with_accent(shade, schemes.light))))
    hint = f"the nearest colour that has it is {to_hex(fit)}" if asked == ACCENT and fit else ""
    return [Problem(CONFIG_FILE, config.line("settings", asked), message, hint, rule="contrast")]
