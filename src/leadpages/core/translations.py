"""The words that the theme and the handler say, in the language of the page.

The English text is its own key: `translate(catalog, "Older posts")`. A catalog holds what to say instead, as text
or, where the words change with a number, as a table of plural forms that the gap `count` chooses from:

    "Older posts" = "Ältere Beiträge"
    "{count} posts" = { one = "{count} Beitrag", other = "{count} Beiträge" }
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

#: What a catalog may hold for a text: its translation, or one for each plural form.
Translation = str | Mapping[str, str]
#: The plural forms of any language (https://cldr.unicode.org/index/cldr-spec/plural-rules).
PLURALS: Final = ("zero", "one", "two", "few", "many", "other")
#: The gap whose number chooses the plural form.
COUNT: Final = "count"

_GAP: Final = re.compile(r"\{(\w+)\}")
_RIGHT_TO_LEFT: Final = {"ar", "ckb", "dv", "fa", "he", "ks", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"}
_RIGHT_TO_LEFT_SCRIPTS: Final = {"adlm", "arab", "hebr", "nkoo", "rohg", "syrc", "thaa"}
_LEFT_TO_RIGHT_SCRIPTS: Final = {"cyrl", "deva", "latn"}
#: Where a language is not at home in a country of its own name.
_TERRITORIES: Final = {
    "ar": "EG", "be": "BY", "bn": "BD", "bs": "BA", "ca": "ES", "cs": "CZ", "cy": "GB", "da": "DK", "el": "GR",
    "en": "US", "et": "EE", "eu": "ES", "fa": "IR", "ga": "IE", "gl": "ES", "he": "IL", "hi": "IN", "ja": "JP",
    "ko": "KR", "ms": "MY", "nb": "NO", "nn": "NO", "no": "NO", "pt": "BR", "sl": "SI", "sq": "AL", "sr": "RS",
    "sv": "SE", "sw": "TZ", "ta": "IN", "uk": "UA", "ur": "PK", "vi": "VN", "zh": "CN",
}  # fmt: skip


class Catalog(NamedTuple):
    """The translations of one language (a BCP 47 tag), by English text."""

    language: str
    texts: Mapping[str, Translation] = {}


ENGLISH: Final = Catalog("en")


def translate(catalog: Catalog, text: str, **gaps: object) -> str:
    """`text` in the language of `catalog`, or as it is where the catalog lacks it, with its gaps filled.

    A gap without a value stays as it is written.
    """
    return fill(pick(catalog, text, gaps.get(COUNT)), gaps)


def pick(catalog: Catalog, text: str, count: object = None) -> str:
    """The translation of `text` with its gaps still open, in the plural form that goes with `count`."""
    found = catalog.texts.get(text, text)
    if isinstance(found, str):
        return found
    form = plural(catalog.language, count) if isinstance(count, int) else "other"
    return found.get(form) or found.get("other", text)


def fill(text: str, gaps: Mapping[str, object], escape: Callable[[object], str] = str) -> str:
    """`text` with the gaps that have a value filled; values pass through `escape`."""
    return _GAP.sub(lambda found: escape(gaps[found[1]]) if found[1] in gaps else found[0], text)


def gaps_of(text: str) -> set[str]:
    """The names of the gaps in `text`."""
    return set(_GAP.findall(text))


def fallbacks(language: str) -> Sequence[str]:
    """Where to look for a text, the nearest first: `pt-BR`, `pt`, `en`."""
    parts = language.split("-")
    tags = ["-".join(parts[:end]) for end in range(len(parts), 0, -1)]
    return tags if "en" in tags else [*tags, "en"]


def direction(language: str) -> str:
    """`rtl` for languages that are written from right to left, else `ltr` (the `dir` attribute of HTML)."""
    primary, *rest = language.lower().split("-")
    if _RIGHT_TO_LEFT_SCRIPTS.intersection(rest):
        return "rtl"
    return "rtl" if primary in _RIGHT_TO_LEFT and not _LEFT_TO_RIGHT_SCRIPTS.intersection(rest) else "ltr"


def open_graph_locale(language: str) -> str:
    """`language` as `language_TERRITORY`, which Open Graph asks for (https://ogp.me/#optional)."""
    primary, *rest = language.split("-")
    territory = next((part.upper() for part in rest if re.fullmatch("[A-Za-z]{2}", part)), "")
    return f"{primary}_{territory or _TERRITORIES.get(primary, primary.upper())}"


def plural(language: str, count: int) -> str:
    """The plural form for a whole number, zero or above (https://www.unicode.org/cldr/charts/latest/supplemental/)."""
    tag = language.lower()
    rule = _RULES.get(tag) or _RULES.get(tag.split("-")[0], _one)
    return rule(count)


def _one(count: int) -> str:
    return "one" if count == 1 else "other"


def _one_to_two(count: int) -> str:
    return "one" if count < 2 else "other"


def _slavic(many: str) -> Callable[[int], str]:
    def rule(count: int) -> str:
        if count % 10 == 1 and count % 100 != 11:
            return "one"
        return "few" if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else many

    return rule


def _polish(count: int) -> str:
    return "one" if count == 1 else "many" if count % 10 == 1 else _slavic("many")(count)


def _czech(count: int) -> str:
    return "few" if count in (2, 3, 4) else _one(count)


def _romanian(count: int) -> str:
    return "few" if count == 0 or (count != 1 and 1 <= count % 100 <= 19) else _one(count)


def _slovenian(count: int) -> str:
    return {1: "one", 2: "two", 3: "few", 4: "few"}.get(count % 100, "other")


def _lithuanian(count: int) -> str:
    if count % 10 == 0 or 11 <= count % 100 <= 19:
        return "other"
    return "one" if count % 10 == 1 else "few"


def _arabic(count: int) -> str:
    if count < 3:
        return ("zero", "one", "two")[count]
    return "few" if 3 <= count % 100 <= 10 else "many" if count % 100 >= 11 else "other"


def _hebrew(count: int) -> str:
    return "two" if count == 2 else _one(count)


#: Every other language has one form for 1 and another for all else, as English does.
_RULES: Final[Mapping[str, Callable[[int], str]]] = {
    **dict.fromkeys(("id", "ja", "ko", "ms", "th", "vi", "zh"), lambda _count: "other"),
    **dict.fromkeys(("bn", "fa", "fr", "hi", "pt"), _one_to_two),
    **dict.fromkeys(("be", "ru", "uk"), _slavic("many")),
    **dict.fromkeys(("bs", "hr", "sr"), _slavic("other")),
    **dict.fromkeys(("cs", "sk"), _czech),
    "pt-pt": _one,
    "ar": _arabic,
    "he": _hebrew,
    "lt": _lithuanian,
    "pl": _polish,
    "ro": _romanian,
    "sl": _slovenian,
}
