"""The countries of ISO 3166-1 by their two letters, named in a language."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

from leadpages.core.forms import Choice
from leadpages.core.translations import fallbacks

#: Regions that CLDR names with two letters too: unions, parts of countries, codes for tests and for what is not known.
_NO_COUNTRIES: Final = ("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ")


@lru_cache(maxsize=32)
def countries(language: str) -> tuple[Choice, ...]:
    """Every country, in the order of the names; in English where CLDR does not know the language."""
    # Imported here: most sites ask for no country.
    from babel import Locale
    from babel.localedata import exists

    tag = next(tag for tag in fallbacks(language) if exists(tag.replace("-", "_")))
    names = {str(code): str(name) for code, name in Locale.parse(tag, sep="-").territories.items()}
    known = [Choice(code, name) for code, name in names.items() if len(code) == 2 and code.isalpha()]
    return tuple(sorted((c for c in known if c.value not in _NO_COUNTRIES), key=lambda c: _without_accents(c.label)))


def _without_accents(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", name).casefold() if not unicodedata.combining(c))
