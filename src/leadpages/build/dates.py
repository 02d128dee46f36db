"""Dates as readers, feeds and programs expect them."""

from __future__ import annotations

from datetime import date, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel import Locale
    from babel.dates import DateTimePattern


def day(moment: datetime | None) -> str:
    """`2026-03-05`, or "" for a page without a date."""
    return moment.date().isoformat() if moment else ""


def long_day(moment: datetime | None, language: str, date_format: str = "long") -> str:
    """The day in words, as readers of `language` write it: `5 March 2026`, `5. März 2026`; "" for None.

    `date_format` is `short`, `medium`, `long`, `full` or a pattern of
    https://unicode.org/reports/tr35/tr35-dates.html#Date_Format_Patterns.
    """
    return _in_words(moment.date(), language, date_format) if moment else ""


def long_moment(moment: datetime, language: str) -> str:
    """The day and the time in words, with the zone: `5 March 2026, 18:00 CET`."""
    from babel.dates import format_time

    clock = format_time(moment, "short", tzinfo=moment.tzinfo, locale=_locale(language))
    return f"{long_day(moment, language)}, {clock} {moment.tzname()}"


def rfc3339(moment: datetime | None) -> str:
    """`2026-03-05T09:00:00+01:00`, for feeds (RFC 3339); "" for None."""
    return moment.isoformat(timespec="seconds") if moment else ""


def rfc822(moment: datetime | str | None) -> str:
    """`Thu, 05 Mar 2026 09:00:00 +0100`, for RSS: in English whatever the language (RFC 822, with RFC 2822's years).

    Takes ISO 8601 text as well.
    """
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return format_datetime(found) if found else ""


def language_name(language: str) -> str:
    """The name of a language in that language, like `Deutsch`; the tag itself where it is not known."""
    name = _locale(language).get_display_name() if _knows(language) else None
    return name[:1].upper() + name[1:] if name else language


def date_format_fault(date_format: str) -> str:
    """What is wrong with `date_format`, or "" when a day can be written in it."""
    from babel.dates import format_date

    try:
        format_date(date(2026, 3, 5), date_format, locale="en")
    except AttributeError:  # it asks the day for its hour, minute or zone
        return "it has parts that a day lacks, like hours"
    except (KeyError, ValueError) as error:
        return str(error)
    return ""


@lru_cache(maxsize=4096)  # posts of one day, and one post on many lists
def _in_words(when: date, language: str, date_format: str) -> str:
    locale, pattern = _date_pattern(language, date_format)
    return pattern.apply(when, locale)


@lru_cache(maxsize=64)
def _date_pattern(language: str, date_format: str) -> tuple[Locale, DateTimePattern]:
    from babel.dates import get_date_format, parse_pattern

    locale = _locale(language)
    if date_format in ("full", "long", "medium", "short"):
        return locale, get_date_format(date_format, locale)  # type: ignore[arg-type]
    return locale, parse_pattern(date_format)


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    # Imported here: a build that renders no date need not wait for it.
    from babel import Locale

    tags = ["-".join(language.split("-")[:end]) for end in range(language.count("-") + 1, 0, -1)]
    return next(Locale.parse(tag, sep="-") for tag in [*tags, "en"] if _knows(tag))


@lru_cache(maxsize=64)
def _knows(tag: str) -> bool:
    from babel import Locale, UnknownLocaleError

    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return True
