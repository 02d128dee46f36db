"""`_defaults.toml`: which keys hold where, and what is said about wrong ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import CONFIG, NEWSLETTER, WriteProject, public_text, render

from leadpages.build.defaults import Defaults, merged, read_defaults
from leadpages.build.schema import Lines, Strict, check
from leadpages.core.errors import Problem

FILES = {
    "site/_defaults.toml": 'template = "page"\ntags = ["all"]\n[extra]\ncolour = "red"\nsize = 1\n',
    "site/posts/_defaults.toml": 'tags = ["posts"]\n[extra]\nsize = 2\n',
    "site/posts/2024/_defaults.toml": "toc = true\ndate = 2024-01-01\n",
    "site/de/posts/_defaults.toml": "toc = true\n",
}


class Keys(Strict):
    """A front matter for these tests."""

    title: str = ""
    template: str = ""
    tags: list[str] = []
    toc: bool = False
    date: Any = None
    extra: dict[str, Any] = {}


def check_keys(data: Mapping[str, Any], path: str, lines: Lines) -> list[Problem]:
    """A check as the build has one."""
    checked = check(Keys, data, path, lines)
    return checked if isinstance(checked, list) else []


def read(project: Path, files: Mapping[str, str]) -> tuple[Defaults, list[Problem]]:
    """Write files and read the defaults among them."""
    for path, text in files.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    return read_defaults(project, reversed(list(files)), check_keys)


@pytest.mark.parametrize(
    ("place", "toc", "tags", "size"),
    [
        ("about.md", None, ["all"], 1),
        ("shop/big/lamp.md", None, ["all"], 1),
        ("posts/a.md", None, ["posts"], 2),
        ("posts/2023/a.md", None, ["posts"], 2),
        ("posts/2024/a.md", True, ["posts"], 2),
        ("posts/2024/deep/er/a.md", True, ["posts"], 2),
        ("posts-of-old/a.md", None, ["all"], 1),
        ("de/posts/a.md", True, ["all"], 1),
    ],
)
def test_the_nearest_folder_wins(place: str, toc: bool | None, tags: list[str], size: int, tmp_path: Path) -> None:
    """Each key is from the nearest folder that has it; tables are joined, lists are not."""
    defaults, problems = read(tmp_path, FILES)

    keys = defaults.for_place(place)
    assert problems == []
    assert (keys.get("toc"), keys["tags"], keys["template"]) == (toc, tags, "page")
    assert keys["extra"] == {"colour": "red", "size": size}


def test_where_a_key_comes_from(tmp_path: Path) -> None:
    """What shows to be wrong later can be said at the line of the default."""
    defaults, _ = read(tmp_path, FILES)

    assert defaults.written("posts/2024/a.md", "date") == ("site/posts/2024/_defaults.toml", 2)
    assert defaults.written("posts/2024/a.md", "template") == ("site/_defaults.toml", 1)
    assert defaults.written("about.md", "toc") is None


def test_a_wrong_key_is_said_once_and_left_out(tmp_path: Path) -> None:
    """Each wrong key is one problem at its line, however many pages; the good keys beside it hold."""
    defaults, problems = read(
        tmp_path,
        {
            "site/posts/_defaults.toml": 'toc = "maybe"\ntempate = "x"\ntags = ["a"]\nslug = "one"\n',
            "site/posts/old/_defaults.toml": "tags = [\n",
        },
    )

    assert [(problem.place, problem.message) for problem in problems] == [
        ("site/posts/_defaults.toml:1", "`toc` is 'maybe': expected true or false"),
        ("site/posts/_defaults.toml:2", "unknown key `tempate`"),
        ("site/posts/_defaults.toml:4", "`slug` belongs to one page, not to a folder"),
        ("site/posts/old/_defaults.toml:2", "not valid TOML: invalid value"),
    ]
    assert defaults.for_place("posts/old/a.md") == {"tags": ["a"]}


def test_what_is_no_defaults_file(tmp_path: Path) -> None:
    """Data, hidden folders and folders beside `site/` have no defaults; nor does a link out of the project."""
    (tmp_path / "outside.toml").write_text('template = "page"\n')
    project = tmp_path / "project"
    (project / "site/a").mkdir(parents=True)
    (project / "site/a/_defaults.toml").symlink_to(tmp_path / "outside.toml")
    paths = ["site/data/_defaults.toml", "site/_archetypes/_defaults.toml", "forms/_defaults.toml", "_defaults.toml"]
    read(project, dict.fromkeys(paths, "toc = true\n"))

    defaults, problems = read_defaults(project, [*paths, "site/a/_defaults.toml"], check_keys)

    assert [problem.message for problem in problems] == ["a link to a file outside the project"]
    assert all(not keys.keys for keys in defaults.folders.values())


def test_merged_leaves_its_parts_alone() -> None:
    """Merging makes something new."""
    under, over = {"extra": {"a": 1}, "tags": [1]}, {"extra": {"b": 2}, "tags": [2]}

    assert merged(under, over) == {"extra": {"a": 1, "b": 2}, "tags": [2]}
    assert (under, over) == ({"extra": {"a": 1}, "tags": [1]}, {"extra": {"b": 2}, "tags": [2]})


def test_defaults_in_a_site(write_project: WriteProject) -> None:
    """Template, form, tags, drafts and `extra` of a folder reach its pages; what a page says itself wins."""
    project = write_project(
        {
            "leadpages.toml": CONFIG,
            "forms/news.toml": NEWSLETTER,
            "site/posts/_defaults.toml": 'tags = ["all"]\nform = "news"\nauthor = "Ana"\n',
            "site/posts/old/_defaults.toml": "draft = true\n",
            "site/posts/a.md": "---\ntitle: A\ndate: 2026-03-05\n---\n",
            "site/posts/b.md": "---\ntitle: B\ndate: 2026-03-05\ntags: [own]\n---\n",
            "site/posts/old/c.md": "---\ntitle: C\ndate: 2026-03-05\n---\n",
            "site/posts/old/d.md": "---\ntitle: D\ndate: 2026-03-05\ndraft: false\n---\n",
            "site/offers/_defaults.toml": 'template = "landing"\nnoindex = true\n',
            "site/offers/e.md": "---\ntitle: E\n---\n",
        }
    )

    built = render(project)

    assert 'action="/f/news"' in public_text(built, "posts/a/index.html")
    assert "/posts/a/" in public_text(built, "tags/all/index.html")
    assert "/posts/b/" not in public_text(built, "tags/all/index.html")
    assert "/posts/b/" in public_text(built, "authors/ana/index.html")
    assert "posts/c/index.html" not in built.public
    assert "posts/d/index.html" in built.public
    offer = public_text(built, "offers/e/index.html")
    assert '<body class="landing">' in offer
    assert '<meta name="robots" content="noindex">' in offer
    assert [(warning.path, warning.line) for warning in built.warnings] == [("site/posts/_defaults.toml", 3)]
