"""Gaps in mails: found, filled, and never evaluated."""

from __future__ import annotations

from html import escape

import pytest

from leadpages.core.placeholders import Gap, fill, leftovers, parse


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", ()),
        ("plain", ("plain",)),
        ("{{ name }}", (Gap("name"),)),
        ('Hi {{name or "there"}}!', ("Hi ", Gap("name", "there"), "!")),
        ("{{ name or 'du' }}", (Gap("name", "du"),)),
        ('{{ name or "" }}', (Gap("name"),)),
        ("{{ form.title }}{{ email }}", (Gap("form.title"), Gap("email"))),
        ("{{ 1 + 1 }}", ("{{ 1 + 1 }}",)),
        ("{{ name | upper }}", ("{{ name | upper }}",)),
    ],
)
def test_a_text_is_split_at_its_gaps(text: str, pieces: tuple[str | Gap, ...]) -> None:
    """Only a name, with or without a stand-in, is a gap."""
    assert parse(text) == pieces


def test_what_looks_like_a_gap_and_is_none_is_found() -> None:
    """Expressions and tags are left over, for the build to complain about."""
    assert list(leftovers(parse("{{ name }} {{ a + b }} {% if x %}"))) == ["{{ a + b }} {% if x %}"]
    assert list(leftovers(parse("{{ name }} { } }}"))) == []


def test_a_stand_in_serves_for_a_missing_and_for_an_empty_value() -> None:
    """A gap without either is filled with nothing."""
    pieces = parse('Hi {{ name or "there" }}{{ nothing }}.')
    assert [fill(pieces, values) for values in ({"name": "Ann"}, {"name": ""}, {})] == [
        "Hi Ann.",
        "Hi there.",
        "Hi there.",
    ]


def test_values_and_stand_ins_are_escaped_and_the_writers_text_is_not() -> None:
    """Markup that a visitor typed is inert."""
    pieces = parse('<b>{{ name or "<you>" }}</b>')
    assert fill(pieces, {"name": '<script>"'}, escape) == "<b>&lt;script&gt;&quot;</b>"
    assert fill(pieces, {}, escape) == "<b>&lt;you&gt;</b>"


def test_a_value_that_is_itself_a_gap_stays_text() -> None:
    """Filling happens once: nobody can ask for another value by typing its name."""
    assert (
        fill(parse("{{ name }}"), {"name": "{{ confirm_url }}", "confirm_url": "https://x.example"})
        == "{{ confirm_url }}"
    )
