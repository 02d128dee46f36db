"""Times as text, and durations as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadpages.core.times import describe_duration, from_text, parse_duration, to_text
from leadpages.core.translations import Catalog

MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 22, 3, 4, 5, 678_999, tzinfo=UTC), "2026-11-22T03:04:05.678Z"),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00.000Z"),
        (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2025-12-31T23:00:00.000Z"),
    ],
)
def test_a_moment_is_written_in_utc_to_the_millisecond(moment: datetime, text: str) -> None:
    """Zones are converted, the rest of the second is cut off."""
    assert to_text(moment) == text


@given(MOMENTS, MOMENTS)
def test_text_sorts_as_time_does(first: datetime, second: datetime) -> None:
    """Of two moments the earlier one is never the later text, and reading gives the moment back."""
    assert (to_text(first) <= to_text(second)) or first > second
    assert timedelta() <= first - from_text(to_text(first)) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("7 days", timedelta(days=7)),
        ("1 hour", timedelta(hours=1)),
        (" 30 seconds ", timedelta(seconds=30)),
        ("2 weeks", timedelta(weeks=2)),
        ("24 months", timedelta(days=720)),
        ("1 year", timedelta(days=365)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, duration: timedelta) -> None:
    """Singular and plural are both understood."""
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "0 days", "-1 day", "7", "days", "7days", "1.5 hours", "99999 days", "1 decade"])
def test_anything_else_is_no_duration(text: str) -> None:
    """The message shows how to write one."""
    with pytest.raises(ValueError, match="like `7 days`"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(604_800, "7 days"), (86_400, "1 day"), (43_200, "12 hours"), (5_400, "90 minutes"), (61, "61 seconds")],
)
def test_a_duration_is_described_in_the_largest_unit_that_fits(seconds: int, text: str) -> None:
    """What a writer configured is what a reader of the mail sees."""
    assert describe_duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(86_400, "1 Tag"), (172_800, "2 Tage"), (3600, "1 hour")])
def test_a_duration_in_another_language(seconds: int, text: str) -> None:
    """In the words of the catalog, and in English where it has none."""
    assert describe_duration(seconds, Catalog("de", {"1 day": "1 Tag", "{count} days": "{count} Tage"})) == text
