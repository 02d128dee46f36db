"""A page is on show before its build is done, and the build finds it as it would have made it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import CONFIG, NOW, WriteProject

from leadpages.build import project as building
from leadpages.build.project import Builder, Options, build
from leadpages.core.errors import ProjectError

POST = "---\ntitle: A post\ndate: 2026-03-01\ntags: [x]\n---\n\nText.\n"
FILES = {"leadpages.toml": CONFIG, "site/posts/a.md": POST, "site/posts/b.md": POST, "site/media/a.svg": "<svg/>"}


class Stopped(Exception):
    """Stands for all that a build does after the page was put on show."""


@pytest.fixture
def project(write_project: WriteProject) -> Path:
    """Two posts and a picture."""
    return write_project(FILES)


def page_before_build(project: Path, monkeypatch: pytest.MonkeyPatch, path: str, text: str) -> str:
    """The page of post `a` when a change was seen, and the build of it has not begun."""
    builder = Builder(project, project, Options(), ahead=True)
    builder.build(NOW)
    (project / path).write_text(text, "utf-8")

    def stop(*_: object) -> None:
        raise Stopped

    monkeypatch.setattr(building, "Trees", stop)
    with pytest.raises(Stopped):
        builder.build(NOW)
    return (project / "public/posts/a/index.html").read_text("utf-8")


def test_a_changed_page_is_on_show_ahead(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a writer added to a page is there before the build looks at any other."""
    assert "Added." in page_before_build(project, monkeypatch, "site/posts/a.md", POST + "\nAdded.\n")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("site/posts/a.md", POST.replace("A post", "Added.")),  # lists show it
        ("site/posts/a.md", POST + "\nAdded. ![](/media/missing.png)\n"),  # an error
        ("site/posts/a.md", POST + "\nAdded. ![A](/media/a.svg)\n"),  # another file belongs to it
        ("site/posts/a.md", POST.replace("title", "draft: true\ntitle") + "\nAdded.\n"),
        ("site/posts/a.md", POST.replace("2026", "2099") + "\nAdded.\n"),
        ("leadpages.toml", CONFIG + 'description = "Added."\n'),
        ("site/posts/c.md", POST + "\nAdded.\n"),
    ],
)
def test_other_changes_wait_for_the_build(project: Path, monkeypatch: pytest.MonkeyPatch, path: str, text: str) -> None:
    """What other pages show, what is wrong, and what is not one page comes with the whole site or not at all."""
    assert "Added." not in page_before_build(project, monkeypatch, path, text)


def test_the_build_that_follows_is_whole(project: Path, tmp_path: Path) -> None:
    """After the page that was ahead, all files are those of a clean build, and the page counts as changed."""
    builder = Builder(project, project, Options(), ahead=True)
    builder.build(NOW)
    (project / "site/posts/a.md").write_text(POST + "\nAdded.\n", "utf-8")

    report = builder.build(NOW)
    build(project, tmp_path / "clean", Options(), NOW)

    files = {file.relative_to(project / "public"): file for file in (project / "public").rglob("*") if file.is_file()}
    clean = {path: (tmp_path / "clean/public" / path).read_bytes() for path in files}
    assert {path: file.read_bytes() for path, file in files.items()} == clean
    assert len(clean) == sum(file.is_file() for file in (tmp_path / "clean/public").rglob("*"))
    assert report.changed >= 2  # it and the feed that has it


def test_a_page_that_cannot_be_built_stays(project: Path) -> None:
    """Where a build fails, the page that was on show still is."""
    builder = Builder(project, project, Options(), ahead=True)
    builder.build(NOW)
    page = project / "public/posts/a/index.html"
    before = page.read_bytes()
    (project / "site/posts/a.md").write_text(POST + "\n::nothing{}\n", "utf-8")

    with pytest.raises(ProjectError):
        builder.build(NOW)

    assert page.read_bytes() == before
