"""What is told of a post before one opens it: its summary, how long it takes to read, its contents."""

from __future__ import annotations

import json
import re

import pytest
from tests.conftest import CONFIG, Built, WriteProject, public_text, render

LONG = "word " * 60
HAN = "这是一个很长的句子没有任何空格" * 20


def site(write_project: WriteProject, body: str, keys: str = "") -> Built:
    """A site with one post."""
    text = f"---\ntitle: The title of a post\ndate: 2026-03-05\n{keys}---\n\n{body}\n"
    return render(write_project({"leadpages.toml": CONFIG, "site/posts/a.md": text}))


def summary(built: Built) -> str:
    """The summary of the post on its card."""
    found = re.search(r"</h2>\s*(?:<p>(.*?)</p>)?", public_text(built, "index.html"))
    return found[1] or "" if found else ""


@pytest.mark.parametrize(
    ("body", "keys", "expected"),
    [
        ("## Head\n\nThe *first* [one](/).\n\nThe second.", "", "The first one."),
        ("The first.\n\nThe second.\n\n<!-- more -->\n\nThe third.", "", "The first. The second."),
        ("The first.\n\n<!--more-->\n\nThe second.", "", "The first."),
        ("The first.\n\n<!-- more -->\n\nThe second.", "description: Said.\n", "Said."),
        ("<!-- more -->\n\nThe first.", "", "The first."),
        ("![A chart](https://elsewhere.example/a.png)\n\nThe first.", "", "The first."),
        ("- A list\n\nThe first.", "", "The first."),
        ("::cta{href=/ label=Go}\n\nThe first.", "", "The first."),
        ("", "", ""),
    ],
)
def test_summaries(body: str, keys: str, expected: str, write_project: WriteProject) -> None:
    """A description, the words before `<!-- more -->`, or the first paragraph: in this order."""
    built = site(write_project, body, keys)

    assert summary(built) == expected
    assert json.loads(public_text(built, "feed.json"))["items"][0].get("summary", "") == expected
    assert "more" not in re.sub("<[^>]+>", "", public_text(built, "posts/a/index.html").partition("</article>")[0])


@pytest.mark.parametrize(("body", "length"), [(LONG, 199), (HAN, 201)])
def test_long_paragraphs_are_cut(body: str, length: int, write_project: WriteProject) -> None:
    """A long first paragraph is cut at a word, or where it has no spaces, at a sign."""
    found = summary(site(write_project, body))

    assert found.endswith("…")
    assert len(found) == length - 0 if body is HAN else len(found) <= length + 1


def test_a_long_summary_is_no_long_description(write_project: WriteProject) -> None:
    """All that stands before `<!-- more -->` is the summary; search engines get its beginning."""
    built = site(write_project, f"{LONG}\n\n{LONG}\n\n<!-- more -->\n\nMore.")

    assert len(summary(built)) > 500
    [description] = re.findall(r'<meta name="description" content="([^"]*)">', public_text(built, "posts/a/index.html"))
    assert description.endswith("word…")
    assert len(description) <= 201


@pytest.mark.parametrize(
    ("body", "minutes"),
    [("word " * 10, 1), ("word " * 1100, 5), ("字" * 1500, 3), ("字" * 1000 + " and " + "word " * 440, 4), ("", 1)],
)
def test_reading_time(body: str, minutes: int, write_project: WriteProject) -> None:
    """Words are counted, and the signs of scripts that put no space between words."""
    assert f"<span>{minutes} min read</span>" in public_text(site(write_project, body), "posts/a/index.html")


def test_contents(write_project: WriteProject) -> None:
    """`toc: true` shows the headings, each linked and at its level; without it there are none."""
    body = "## One & *two*\n\n### Three\n\n## One & two\n"

    html = public_text(site(write_project, body, "toc: true\n"), "posts/a/index.html")

    toc = html[html.index('class="toc"') : html.index("</nav>", html.index('class="toc"'))]
    assert re.findall(r'class="level-(\d)"><a href="#([^"]+)">([^<]+)<', toc) == [
        ("2", "one--two", "One &amp; two"),
        ("3", "three", "Three"),
        ("2", "one--two-1", "One &amp; two"),
    ]
    assert all(f'id="{name}"' in html for name in ("one--two", "three", "one--two-1"))
    assert 'class="toc"' not in public_text(site(write_project, body), "posts/a/index.html")
