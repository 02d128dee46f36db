"""What builds remember: safe to lose, to damage and to carry elsewhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.build.full_project import CONFIG, FILES, NOW
from tests.conftest import WriteProject, tree

from leadpages.build import cache as cache_module
from leadpages.build import inputs, program
from leadpages.build.cache import Cache, DamagedCache, Remembered
from leadpages.build.config import Place
from leadpages.build.content import Renderer
from leadpages.build.documents import Document
from leadpages.build.pages import Body, Page
from leadpages.build.placements import Slot
from leadpages.build.project import PUBLIC, Builder, Options, build

HOUR_NS = 3600 * 10**9


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the sources that are made into pages from now on."""
    found: list[str] = []
    render = Renderer.render

    def noted(self: Renderer, document: Document, places: Mapping[Slot, Place]) -> object:
        found.append(document.page.path)
        return render(self, document, places)

    monkeypatch.setattr(Renderer, "render", noted)
    return found


def test_a_cache_from_elsewhere(write_project: WriteProject, tmp_path: Path, rendered: list[str]) -> None:
    """What another machine remembers is used though no file is the same one: only what changed is rendered."""
    project = write_project(FILES)
    build(project, project, Options(), NOW)
    elsewhere = tmp_path / "elsewhere" / "project"
    shutil.copytree(project, elsewhere, ignore=shutil.ignore_patterns(PUBLIC, "bundle"), copy_function=shutil.copyfile)
    (elsewhere / "site/posts/b.md").write_text("---\ntitle: B\ndate: 2026-02-05\n---\nNew.\n")
    rendered.clear()

    build(elsewhere, elsewhere, Options(), NOW)

    assert rendered == ["site/posts/b.md"]
    shutil.rmtree(elsewhere / ".leadpages")
    build(elsewhere, tmp_path / "clean", Options(), NOW)
    assert tree(elsewhere / PUBLIC) == tree(tmp_path / "clean" / PUBLIC)


def test_only_what_changed_is_rendered(write_project: WriteProject, rendered: list[str]) -> None:
    """A changed page is rendered alone; what is saved without a change, or renamed back, not at all."""
    project = write_project(FILES)
    builder = Builder(project, project, Options(), lambda: 2**62)
    builder.build(NOW)
    for number, path in enumerate(("site/posts/a.md", "site/about.md")):
        rendered.clear()
        (project / path).write_text((project / path).read_text() + "More.\n")
        (project / "site/posts/c.md").write_text((project / "site/posts/c.md").read_text())
        if number:
            builder = Builder(project, project, Options(), lambda: 2**62)
        builder.build(NOW)
        assert rendered == [path]


def test_a_second_change_in_the_same_moment(write_project: WriteProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that changes again within the grain of the file system's clock is read again, however late."""

    def coarse(status: os.stat_result) -> inputs.Signature:
        return (status.st_size, 0, 0, status.st_ino)

    moment = [0]
    project = write_project({"leadpages.toml": CONFIG.split("theme")[0], "site/a.md": "---\ntitle: A\n---\none\n"})
    monkeypatch.setattr(inputs, "signature", coarse)
    (project / "site/b.txt").write_text("one")
    builder = Builder(project, project, Options(), lambda: moment[0])
    builder.build(NOW)
    (project / "site/a.md").write_text("---\ntitle: A\n---\ntwo\n")
    (project / "site/b.txt").write_text("two")
    moment[0] = HOUR_NS

    for again in (builder, Builder(project, project, Options(), lambda: HOUR_NS)):
        again.build(NOW)
        assert b"<p>two</p>" in tree(project / PUBLIC)["a/index.html"]
        assert tree(project / PUBLIC)["b.txt"] == b"two"


def one_page(body: Body, cache: Cache) -> Page:
    """A page whose body is kept in `cache`."""
    return Page(
        path="a.md", kind="page", language="en", url="/a/", template="page", title="A", body=cache.put([body])[0]
    )


def test_bodies(tmp_path: Path) -> None:
    """A body comes back as it went in, from another process's record of it too."""
    cache = Cache(tmp_path).open()
    pages = [one_page(Body(f"<p>{number} ü</p>"), cache) for number in range(3)]
    cache.save(Remembered(program.program_digest(), pages={"a": pages[1]}))
    cache.close()

    again = Cache(tmp_path).open()

    assert again.remembered.pages == {"a": pages[1]}
    assert [again.body(page).html for page in pages] == ["<p>0 ü</p>", "<p>1 ü</p>", "<p>2 ü</p>"]
    again.close()


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:9] + b"x" + data[10:], lambda data: b""])
def test_damaged_bodies(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """A body that is not what was put there is not handed out."""
    cache = Cache(tmp_path).open()
    page = one_page(Body("<p>words</p>"), cache)
    (tmp_path / "bodies").write_bytes(damage((tmp_path / "bodies").read_bytes()))

    with pytest.raises(DamagedCache):
        cache.body(page)
    cache.close()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data.replace(b'"title":"A"', b'"title":"B"'),
        lambda data: data[4:],
        lambda data: b"\0" * len(data),
    ],
)
def test_a_damaged_index(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """An index with as little as one other letter in it counts for nothing."""
    cache = Cache(tmp_path).open()
    cache.save(Remembered(program.program_digest(), pages={"a": one_page(Body("<p>words</p>"), cache)}))
    cache.close()
    (tmp_path / "pages.json").write_bytes(damage((tmp_path / "pages.json").read_bytes()))

    again = Cache(tmp_path).open()

    assert again.remembered == Remembered(program.program_digest())
    again.close()


def test_another_version(tmp_path: Path) -> None:
    """What another version of leadpages, or of a library, remembers is not used."""
    cache = Cache(tmp_path).open()
    cache.save(Remembered("another", pages={"a": one_page(Body(""), cache)}))
    cache.close()

    assert Cache(tmp_path).open().remembered.pages == {}


def test_the_cache_does_not_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies that no page has anymore are thrown away when they are most of the file."""
    monkeypatch.setattr(cache_module, "_WASTE", 10_000)
    for _ in range(50):
        cache = Cache(tmp_path).open()
        cache.save(Remembered(program.program_digest(), pages={"a": one_page(Body("x" * 1000), cache)}))
        cache.close()

    assert (tmp_path / "bodies").stat().st_size < 15_000


@pytest.mark.parametrize("lost", ["cache", "cache/pages.json", "cache/bodies", "last.json", "public.behind", ""])
def test_lost_parts(lost: str, write_project: WriteProject, tmp_path: Path) -> None:
    """Whatever part of .leadpages/ is gone, the next build does the same, also that of a process that remembers it."""
    project = write_project(FILES)
    build(project, tmp_path / "clean", Options(), NOW)
    build(project, project, Options(drafts=True), NOW)
    builder = Builder(project, project, Options())
    builder.build(NOW)
    for again in (builder, Builder(project, project, Options())):
        gone = project / ".leadpages" / lost
        if gone.is_dir():
            shutil.rmtree(gone)
        else:
            gone.unlink(missing_ok=True)  # a build that had nothing to do needs none
        again.build(NOW)
        assert tree(project / PUBLIC) == tree(tmp_path / "clean" / PUBLIC)
