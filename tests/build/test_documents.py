"""Where pages live, and what front matter says of them."""

from __future__ import annotations

import pytest
from tests.conftest import CONFIG, WriteProject, public_text, render


def paths(write_project: WriteProject, path: str, front: str, config: str = "") -> set[str]:
    """The pages that one file adds to an empty site."""
    project = write_project({"leadpages.toml": CONFIG + config, path: f"---\ntitle: A\n{front}---\n\nText.\n"})
    return {path for path in render(project).public if path.endswith("index.html")} - {"index.html"}


DATED = "date: 2026-03-05\n"


@pytest.mark.parametrize(
    ("path", "front", "config", "expected"),
    [
        ("site/about.md", "", "", "about/index.html"),
        ("site/team/about.md", "", "", "team/about/index.html"),
        ("site/team/index.md", "", "", "team/index.html"),
        ("site/About us.md", "", "", "about-us/index.html"),
        ("site/über-uns.md", "", "", "über-uns/index.html"),
        ("site/about.md", "slug: who-we-are\n", "", "who-we-are/index.html"),
        ("site/about.md", "permalink: /company/about/\n", "", "company/about/index.html"),
        ("site/about.md", "permalink: company/about\n", "", "company/about/index.html"),
        ("site/about.markdown", "", "", "about/index.html"),
        ("site/posts/a.md", DATED, "", "posts/a/index.html"),
        ("site/posts/2026/a.md", DATED, "", "posts/a/index.html"),
        ("site/posts/2026-03-05-a.md", "", "", "posts/a/index.html"),
        ("site/posts/a.md", DATED, 'post = "/{year}/{month}/{day}/{slug}/"', "2026/03/05/a/index.html"),
        ("site/posts/2026-03-05-a.md", "", 'post = "/{year}/{slug}/"', "2026/a/index.html"),
        ("site/posts/news/a.md", DATED, 'post = "/blog/{path}/"', "blog/news/a/index.html"),
        ("site/about.md", "", 'page = "/pages/{slug}/"', "pages/about/index.html"),
    ],
)
def test_addresses(path: str, front: str, config: str, expected: str, write_project: WriteProject) -> None:
    """An address follows from the file's name and place, by the site's pattern, or from the front matter."""
    assert paths(write_project, path, front, f"\n[permalinks]\n{config}\n") == {expected}


def test_date_of_the_name(write_project: WriteProject) -> None:
    """A day in front of a post's name is its date; one in the front matter goes before it."""
    project = write_project(
        {
            "leadpages.toml": CONFIG,
            "site/posts/2026-03-05-a.md": "---\ntitle: A\n---\n",
            "site/posts/2026-03-05-b.md": "---\ntitle: B\ndate: 2026-04-06\n---\n",
        }
    )

    built = render(project)

    assert "March 5, 2026" in public_text(built, "posts/a/index.html")
    assert "April 6, 2026" in public_text(built, "posts/b/index.html")


def test_tags(write_project: WriteProject) -> None:
    """`post` marks a post and is no tag; two spellings of a tag share one page; commas part tags too."""
    project = write_project(
        {
            "leadpages.toml": CONFIG,
            "site/posts/a.md": "---\ntitle: A\ndate: 2026-03-05\ntags:\n  - post\n  - Lead Scoring\n---\n",
            "site/posts/b.md": "---\ntitle: B\ndate: 2026-03-04\ntags: lead scoring, forms\n---\n",
        }
    )

    built = render(project)

    assert built.counts.terms == 2
    page = public_text(built, "tags/lead-scoring/index.html")
    assert "Posts on Lead Scoring" in page
    assert page.index("/posts/a/") < page.index("/posts/b/")
    assert "/tags/lead-scoring/" in public_text(built, "posts/b/index.html")
    assert "tags/post/index.html" not in built.public


def test_keys_of_a_theme(write_project: WriteProject) -> None:
    """A key that the theme declares reaches its templates."""
    project = write_project(
        {
            "leadpages.toml": CONFIG + 'theme = "mine"\n',
            "themes/mine/theme.toml": 'extends = "default"\n[front_matter]\nread_minutes = "number"\n',
            "themes/mine/templates/page.html": "{{ page.extra.read_minutes + 1 }} minutes",
            "site/a.md": "---\ntitle: A\nread_minutes: 4\n---\n",
        }
    )

    assert public_text(render(project), "a/index.html") == "5 minutes"
