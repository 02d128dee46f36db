"""Times as the project writes them: UTC, ISO 8601, to the millisecond, so that text sorts as time does."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from leadpages.core.translations import ENGLISH, Catalog, translate

Clock = Callable[[], datetime]

_UNITS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    # What the calendar makes of these hangs on when one begins to count; a duration does not.
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
#: Durations in words, for one and for several, the largest first.
DURATIONS: Final = {
    "day": ("1 day", "{count} days"),
    "hour": ("1 hour", "{count} hours"),
    "minute": ("1 minute", "{count} minutes"),
    "second": ("1 second", "{count} seconds"),
}
_DURATION = re.compile(r"(\d{1,4}) (second|minute|hour|day|week|month|year)s?")


def now() -> datetime:
    """The machine's clock. Whoever needs the time takes a `Clock`; this is the real one."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """`2026-11-22T03:04:05.678Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def from_text(text: str) -> datetime:
    """The inverse of `to_text`."""
    return datetime.fromisoformat(text)


def parse_duration(text: str) -> timedelta:
    """`7 days`, `1 hour`, `24 months`. A month is 30 days, a year 365.

    Raises ValueError for anything else, and for zero.
    """
    found = _DURATION.fullmatch(text.strip())
    if not found or int(found[1]) == 0:
        raise ValueError("expected a number and a unit, like `7 days` or `12 hours`")
    return int(found[1]) * _UNITS[found[2]]


def describe_duration(seconds: int, catalog: Catalog = ENGLISH) -> str:
    """The largest unit that divides `seconds`, in the words of `catalog`: `7 days`, `12 hours`, `90 minutes`."""
    sizes = {name: int(_UNITS[name].total_seconds()) for name in DURATIONS}
    name = next(name for name, size in sizes.items() if seconds % size == 0)
    count = seconds // sizes[name]
    one, several = DURATIONS[name]
    return translate(catalog, one if count == 1 else several, count=count)
