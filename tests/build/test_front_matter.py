"""Front matter in YAML, TOML and JSON."""

from __future__ import annotations

from datetime import date

import pytest

from leadpages.build.front_matter import FrontMatter, parse_front_matter
from leadpages.build.text import decode
from leadpages.core.errors import Problem

YAML = "---\ntitle: A post\ndate: 2026-03-31\ntags:\n  - leads\n  - forms\n---\n\nText.\n"
TOML = '+++\ntitle = "A post"\ndate = 2026-03-31\ntags = ["leads", "forms"]\n+++\n\nText.\n'
JSON = '{\n"title": "A post",\n"date": "2026-03-31",\n"tags": ["leads", "forms"]\n}\n\nText.\n'


def parsed(text: str) -> FrontMatter:
    """The front matter of a text that has a good one."""
    found = parse_front_matter(text, "a.md")
    assert isinstance(found, FrontMatter)
    return found


@pytest.mark.parametrize(("text", "day"), [(YAML, date(2026, 3, 31)), (TOML, date(2026, 3, 31)), (JSON, "2026-03-31")])
def test_every_notation_has_the_same_keys(text: str, day: object) -> None:
    """YAML, TOML and JSON give the same keys, the same lines and the same body."""
    found = parsed(text)

    assert found.data == {"title": "A post", "date": day, "tags": ["leads", "forms"]}
    assert [found.lines[key,] for key in ("title", "date", "tags")] == [2, 3, 4]
    assert found.body.strip() == "Text."
    assert text.split("\n")[found.body_line - 1 :][found.body.split("\n").index("Text.")] == "Text."


def test_lines_of_items() -> None:
    """Each item of a YAML list knows its line."""
    found = parsed(YAML)

    assert (found.lines["tags", 0], found.lines["tags", 1]) == (5, 6)


@pytest.mark.parametrize("before", ["\ufeff", ""], ids=["bom", "plain"])
@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"], ids=["crlf", "cr", "lf"])
def test_what_editors_leave(before: str, end: str) -> None:
    """A byte order mark and the line ends of other systems change nothing."""
    text = decode((before + YAML.replace("\n", end)).encode(), "a.md")

    assert isinstance(text, str)
    assert parsed(text) == parsed(YAML)


def test_blank_line_after_the_fence() -> None:
    """A blank line above the first key is counted like any other."""
    found = parsed("---\n\ntitle: A post\n---\nText.\n")

    assert (found.data, found.lines["title",]) == ({"title": "A post"}, 3)
    assert (found.body, found.body_line) == ("\nText.\n", 4)


def test_rules_in_the_body() -> None:
    """A `---` under the front matter is a rule of the text, and ends nothing."""
    found = parsed("---\ntitle: A post\n---\n\nOne\n\n---\n\nTwo\n\n---\n")

    assert found.body.strip() == "One\n\n---\n\nTwo\n\n---"


def test_no_front_matter() -> None:
    """A text without front matter is all body, also when it has a rule further down."""
    found = parsed("One\n\n---\n\nTwo\n")

    assert (found.data, found.body, found.body_line) == ({}, "One\n\n---\n\nTwo\n", 1)


def test_keys_are_words() -> None:
    """`no` and `on` are keys as they stand, not the truth values of YAML 1.1."""
    assert list(parsed("---\nno: 1\non: 2\n---\n").data) == ["no", "on"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("---\ntitle: A\nextra: " + "[" * 50_000 + "\n---\n", 3),
        ("---\ntitle: A\nextra: &a [*a]\n---\n", 3),
        ("---\ntitle: A\nextra: " + "9" * 5000 + "\n---\n", 3),
        ("+++\ntitle = " + "9" * 5000 + "\n+++\n", 1),
        ('{\n"title": ' + "9" * 5000 + "\n}\n", 1),
        ('{\n"title": ' + "[" * 50_000 + "\n}\n", 1),
        ("---\ntitle: A\n? [a]\n: b\n---\n", 3),
        ("---\ntitle: A\nextra: !!python/object:os.system x\n---\n", 3),
    ],
    ids=["deep", "self", "digits", "toml-digits", "json-digits", "json-deep", "list-as-key", "python"],
)
def test_what_is_made_to_break(text: str, line: int) -> None:
    """What would exhaust or fool a parser is a problem with its line."""
    found = parse_front_matter(text, "a.md")

    assert isinstance(found, Problem)
    assert (found.path, found.line) == ("a.md", line)
    assert len(found.message) < 200
