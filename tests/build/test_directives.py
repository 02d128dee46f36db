"""Blocks in Markdown: where they are seen, and where colons are only colons."""

from __future__ import annotations

import pytest

from leadpages.build.directives import Directive
from leadpages.build.markdown import parser


def blocks(text: str) -> list[Directive]:
    """Every block in `text`, in order."""
    return [token.meta["directive"] for token in parser().parse(text) if "directive" in token.meta]


def shape(text: str) -> str:
    """The kinds of tokens in `text`, without those of paragraphs."""
    return " ".join(token.type for token in parser().parse(text) if token.type.startswith(("directive", "list_item")))


@pytest.mark.parametrize(
    ("written", "attributes"),
    [
        ("::cta", {}),
        ("::cta{}", {}),
        ("::cta{href=/guide/ label=Start}", {"href": "/guide/", "label": "Start"}),
        ('::cta{label="Start now" title="It\'s free"}', {"label": "Start now", "title": "It's free"}),
        ("::cta{label='Say \"yes\"'}", {"label": 'Say "yes"'}),
        ("::cta{open}", {"open": None}),
        ('::cta{label=""}', {"label": ""}),
        (':: cta {label="a {brace}"}', {"label": "a {brace}"}),
    ],
)
def test_attributes(written: str, attributes: dict[str, str | None]) -> None:
    """Values may be bare, in either kind of quotes, empty or left out."""
    (block,) = blocks(written)

    assert (block.name, block.attributes, block.fault) == ("cta", attributes, "")


def test_nesting() -> None:
    """A container holds blocks and containers; `:::` closes the innermost."""
    text = ":::hero\nText\n\n:::box\n::cta\n:::\n\n::form{id=a}\n:::\n\nAfter\n"

    assert shape(text) == "directive_open directive_open directive directive_close directive directive_close"
    assert [(block.name, block.line, block.fault) for block in blocks(text)] == [
        ("hero", 0, ""),
        ("box", 3, ""),
        ("cta", 4, ""),
        ("form", 7, ""),
    ]


def test_in_lists() -> None:
    """A block may stand in an item of a list, and ends with the item at the latest."""
    assert shape("- Item\n\n  ::cta\n") == "list_item_open directive list_item_close"
    assert shape("- :::hero\n  Text\n  :::\n- Item\n").startswith("list_item_open directive_open directive_close")
    assert blocks("- :::hero\n  Text\n\nAfter\n\n:::\n")[0].fault == "has no end: close it with a line `:::`"


def test_right_under_a_paragraph() -> None:
    """A block needs no empty line above it."""
    assert shape("Text\n::cta\nMore\n") == "directive"


@pytest.mark.parametrize(
    "text",
    [
        "```css\n::before\n:::note\n```\n",
        "~~~\n:::\n~~~\n",
        "    ::before\n",
        "Call `std::vector` or ::before in a line.\n",
        "Note :: this\n",
        "::\n",
        ":: 20 minutes\n",
        ":smile:\n",
        "[A::B]: /target\n",
    ],
)
def test_colons_that_are_no_block(text: str) -> None:
    """Code, prose and emoji with colons are left as they are."""
    assert blocks(text) == []


def test_a_fence_in_a_container() -> None:
    """A `:::` within code does not close the container that the code is in."""
    text = ":::hero\n```\n:::\n```\n:::\n"

    assert [(block.name, block.fault) for block in blocks(text)] == [("hero", "")]


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        (":::hero\nText\n", "has no end: close it with a line `:::`"),
        ("::cta{a=1\n", "has attributes without a closing brace `}`"),
        ("::cta{a=1 a=2}\n", "has the attribute `a` twice"),
        ("::cta{a=b=c}\n", 'has attributes that cannot be read from `a=b=c` on: write name="value"'),
        ("Text\n\n:::\n", "ends nothing: no block is open"),
    ],
)
def test_faults(written: str, fault: str) -> None:
    """What cannot be read says why."""
    assert blocks(written)[0].fault == fault
