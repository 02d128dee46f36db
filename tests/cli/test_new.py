"""`leadpages new`."""

from __future__ import annotations

import html

import pytest
from tests.conftest import CONFIG, RunCli, WriteProject

TITLES = [
    "Seven ways to name a price",
    "Forms: a guide",
    'She said "yes", didn\'t she?',
    "Grüße aus Köln & Zürich",
    "Ready? 🚀 Go!",
    "# 1: {braces} and [brackets]",
    "100 % \\ back-slash",
    "yes",
    "2026",
    "数字营销",
]


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("kind", ["post", "landing"])
def test_any_title(kind: str, title: str, write_project: WriteProject, run_cli: RunCli) -> None:
    """Whatever signs its title has, the new file is a draft that builds, and shows the title as it was given."""
    project = write_project({"leadpages.toml": CONFIG})

    ran = run_cli("new", kind, title, "--project", project)

    assert ran.code == 0
    file = project / ran.stdout.strip().removeprefix(f"{project}/")
    assert run_cli("build", "--strict", "--drafts", "--project", project).stderr == ""
    folder = "posts/" if kind == "post" else ""
    page = (project / "public" / folder / file.stem / "index.html").read_text()
    assert f"<h1>{title}</h1>" in html.unescape(page)
    assert run_cli("build", "--project", project).stdout.startswith("Built 0 posts, 0 pages")


def test_the_same_title_twice(write_project: WriteProject, run_cli: RunCli) -> None:
    """A second post of one title is refused, and the first one stays as it is."""
    project = write_project({})
    run_cli("new", "post", "A title", "--project", project)
    (project / "site/posts/a-title.md").write_text("Mine")

    ran = run_cli("new", "post", "A Title!", "--project", project)

    assert (ran.code, ran.stderr) == (
        1,
        f"error: {project}/site/posts/a-title.md is there already\n  hint: choose another title\n",
    )
    assert (project / "site/posts/a-title.md").read_text() == "Mine"


def test_a_title_without_letters(write_project: WriteProject, run_cli: RunCli) -> None:
    """A title that gives no address is wrong usage."""
    ran = run_cli("new", "post", "!?", "--project", write_project({}))

    assert ran.code == 2
    assert "no letter that could go into an address" in ran.stderr
