"""`leadpages import`: from plain text to posts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import CONFIG, RunCli, WriteProject

from leadpages.build.front_matter import FrontMatter, parse_front_matter
from leadpages.build.markdown import MarkdownOptions, parser, plain_text
from leadpages.build.plain_text import Imported, import_text

DAY = date(2026, 3, 31)
#: Dashes and quotes that become typographic ones are no change of the text.
PLAIN = MarkdownOptions(smart_quotes=False)

#: Copied out of a page: a caption of a picture that was lost, double empty lines, a comment form at the end.
WITH_CAPTION = """\
Why a Harbour Needs a Timetable

boats on grey water

Ferries that leave when they are full please nobody. This text says why.

Reading the Tides

The tide sets the hour: two boats a day can pass, and *no more*.


The Price of Waiting

Every hour at the quay costs 40 €. Ask [the harbour master] for a list_of_fees.

1. Fuel is burnt
2. Crews are paid

Leave a Comment

Your email address will not be published. Required fields are marked *
"""
#: Headings that stand right under headings.
WITH_SECTIONS = """\
What Are Knots

A knot is a way to make a rope stay where it is. Sailors know dozens.

Knots for Beginners

Which Ones Come First?

The bowline comes first.

What Do They Hold?

Nearly all that floats.

Knots for Experts

The Monkey's Fist

It weighs down a line that is thrown.
"""


def imported(text: str) -> Imported:
    """The post in `text`."""
    found = import_text(text, "file", DAY)
    assert isinstance(found, Imported)
    return found


def body(text: str) -> str:
    """The Markdown under the front matter of the post in `text`."""
    return imported(text).markdown.partition("\n---\n")[2].strip()


def test_title_and_front_matter() -> None:
    """The first line is the title; the day is today's."""
    post = imported(WITH_CAPTION)
    parsed = parse_front_matter(post.markdown, "a.md")

    assert post.slug == "why-a-harbour-needs-a-timetable"
    assert isinstance(parsed, FrontMatter)
    assert parsed.data == {"title": "Why a Harbour Needs a Timetable", "date": DAY, "tags": []}


def test_paragraphs_headings_lists() -> None:
    """Short lines are headings, the rest are paragraphs, and no character means something it did not."""
    assert body(WITH_CAPTION) == (
        "boats on grey water\n\n"
        "Ferries that leave when they are full please nobody. This text says why.\n\n"
        "## Reading the Tides\n\n"
        "The tide sets the hour: two boats a day can pass, and \\*no more\\*.\n\n"
        "## The Price of Waiting\n\n"
        "Every hour at the quay costs 40 €. Ask \\[the harbour master\\] for a list\\_of\\_fees.\n\n"
        "1. Fuel is burnt\n2. Crews are paid"
    )


def test_levels_of_headings() -> None:
    """A heading right above another opens a section; those in it are one level down."""
    headings = [line for line in body(WITH_SECTIONS).split("\n") if line.startswith("#")]

    assert headings == [
        "## Knots for Beginners",
        "### Which Ones Come First?",
        "### What Do They Hold?",
        "## Knots for Experts",
        "### The Monkey's Fist",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "# A line that is no heading, because it ends.",
        "> no quote at all, as far as anyone can see.",
        "- is what a minus looks like in a sentence, not in a list.\nAnd this is its second line.",
        "1986. That was a year, not an item of a list.\nAnd this is its second line.",
        "Words\n===\nand a line under them.",
        "Text with `code`, <b>tags</b>, **stars** and __lines__.",
        "Braces {{ 7*7 }} and {% raw %}, and ::form{id=a} within.",
        "::form{id=a}\nis not meant as a block.",
        "AT&amp;T, &copy; and &#64; are typed like that.",
        "Crossed ~~out~~ it is not.",
        "A | B\n--- | ---\nis no table.",
        "A backslash \\ and another \\* here.",
        "| A | B |\n| --- | --- |\nis no table either.",
        "!!! note is not meant as a box.",
        "https://example.com/a_b_c, a bare address.",
        "See www.example.com or write to ana@example.com today.",
    ],
)
def test_text_stays_text(line: str) -> None:
    """Whatever Markdown would make of a line, its characters are shown as they are."""
    tokens = parser(PLAIN).parse(body(f"A title\n\n{line}\n"))

    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert plain_text(tokens) == line.replace("\n", " ")


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), max_size=40))
def test_any_character_stays(text: str) -> None:
    """A paragraph of any characters reads the same after it was imported."""
    line = f"{text} stands here."

    tokens = parser(PLAIN).parse(body(f"A title\n\nA first paragraph.\n\n{line}\n"))

    assert plain_text(tokens[3:]).removeprefix("- ") in (line, line.lstrip("•◦▪‣·*–-0123456789.) "))


def test_a_text_without_a_title(tmp_path: Path, write_project: WriteProject, run_cli: RunCli) -> None:
    """Texts that begin with a paragraph, and files that are no text, are named together; nothing is written."""
    project = write_project({"leadpages.toml": CONFIG})
    (tmp_path / "long.txt").write_text("word " * 100)
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    (tmp_path / "good.txt").write_text(WITH_CAPTION)

    ran = run_cli("import", tmp_path / "long.txt", tmp_path / "latin.txt", tmp_path / "good.txt", "--project", project)

    assert ran.code == 1
    assert f"{tmp_path}/long.txt: error: no title: expected a first line" in ran.stderr
    assert f"{tmp_path}/latin.txt:1: error: not UTF-8: byte 0xe9 at offset 3" in ran.stderr
    assert "2 errors" in ran.stderr
    assert not (project / "site/posts").exists()


def test_import_then_build(tmp_path: Path, write_project: WriteProject, run_cli: RunCli) -> None:
    """What was imported builds without a warning; a text with front matter is taken as it is."""
    project = write_project({"leadpages.toml": CONFIG})
    marked = '---\ntitle: "Knots, again"\ndate: 2026-01-02\ntags:\n  - post\n---\n\nText.\n'
    for name, text in (("a.txt", WITH_CAPTION), ("b.txt", WITH_SECTIONS), ("c.txt", marked)):
        (tmp_path / name).write_text(text)

    ran = run_cli("import", *(tmp_path / name for name in ("a.txt", "b.txt", "c.txt")), "--project", project)

    assert ran.stdout.split() == [
        f"{project}/site/posts/{slug}.md"
        for slug in ("why-a-harbour-needs-a-timetable", "what-are-knots", "knots-again")
    ]
    assert (project / "site/posts/knots-again.md").read_text() == marked
    assert run_cli("build", "--strict", "--project", project).code == 0


def test_nothing_is_overwritten(tmp_path: Path, write_project: WriteProject, run_cli: RunCli) -> None:
    """A post of the same name stays as it is."""
    project = write_project({"site/posts/what-are-knots.md": "Mine"})
    (tmp_path / "b.txt").write_text(WITH_SECTIONS)

    ran = run_cli("import", tmp_path / "b.txt", "--project", project)

    assert (ran.code, ran.stdout) == (1, "")
    assert "is there already" in ran.stderr
    assert (project / "site/posts/what-are-knots.md").read_text() == "Mine"
