"""An incremental build leaves what a clean one would, whatever happened between the two."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, currently_in_test_context, event, given, settings
from hypothesis import strategies as st
from tests.build.full_project import CONFIG, FILES, FRAGMENTS, NOW, VERSIONS
from tests.conftest import CONFIG as PLAIN_CONFIG
from tests.conftest import WriteProject, tree

from leadpages.build.output import WORK
from leadpages.build.project import BUNDLE, PUBLIC, Builder, Options, build
from leadpages.core.errors import Problem, ProjectError

#: `FULL=1000 pytest tests/build/test_incremental.py` looks for longer.
EXAMPLES: Final = int(os.environ.get("FULL", "16"))

Trees = dict[str, dict[str, bytes]]
#: The two folders, the counts and the warnings of a build; or what is wrong.
Result = tuple[Trees, Any, tuple[Problem, ...]] | tuple[Problem, ...]


class Workshop:
    """A project that is changed and built in turns, by one builder or by new ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now, self.options, self.age_ns = NOW, Options(), 0
        for path, content in FILES.items():
            self.write(path, content)
        self.restart()

    # What may happen.

    def write(self, path: str, content: str | bytes | None) -> None:
        """Give a file this content; None takes it away."""
        file = self.folder / path
        if content is None:
            if file.is_file():
                file.unlink()
            return
        self._make_way(file)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def rename(self, path: str, to: str) -> None:
        """Move a file over another one, or away."""
        file = self.folder / path
        if file.is_file() and not to.startswith(f"{path}/") and not path.startswith(f"{to}/"):
            self._make_way(self.folder / to)
            file.rename(self.folder / to)

    def _make_way(self, file: Path) -> None:
        if file.is_dir():
            shutil.rmtree(file)
        for above in file.relative_to(self.folder).parents:
            if (self.folder / above).is_file():
                (self.folder / above).unlink()
        file.parent.mkdir(parents=True, exist_ok=True)

    def touch(self, path: str) -> None:
        """Save a file without a change."""
        if (self.folder / path).is_file():
            self.write(path, (self.folder / path).read_bytes())

    def change_unseen(self, path: str) -> None:
        """Change a file so that its size and the time of its last change stay as they are."""
        file = self.folder / path
        if file.is_file() and (at := (data := file.read_bytes()).rfind(b"\n", 0, -1)) > 0:
            status = file.stat()
            file.write_bytes(data[:at] + data[at:].swapcase())
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    def grow_old(self) -> None:
        """All files are from long ago, as after a checkout."""
        for path in FILES:
            if (self.folder / path).is_file():
                os.utime(self.folder / path, (1, 1))

    def wait(self, seconds: int) -> None:
        """Time passes, for the file system too."""
        self.age_ns += seconds * 10**9

    def move_clock(self, days: int) -> None:
        """Another day, or one of the past."""
        self.now = NOW + timedelta(days=days)

    def choose(self, **changes: Any) -> None:
        """Build with another option."""
        self.options = replace(self.options, **changes)

    def restart(self) -> None:
        """The next build is another process's."""
        self.builder: Builder | None = None

    def harm(self, place: str, which: int, how: str) -> None:
        """Something happens to a file that a build left: in public/, bundle/ or .leadpages/."""
        found = sorted(path for path in (self.folder / place).rglob("*") if path.name != WORK)
        if not found:
            return
        file = found[which % len(found)]
        if how == "add":
            (file if file.is_dir() else file.parent).joinpath("stray.html").write_bytes(b"stray")
        elif how == "remove" and file.is_dir():
            shutil.rmtree(file)
        elif how == "remove":
            file.unlink()
        elif file.is_file():
            data = file.read_bytes()
            at = which % (len(data) or 1)
            flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] if data else b"x"
            file.write_bytes({"cut": data[:at], "flip": flipped, "empty": b""}[how])

    # Building.

    def build(self) -> Result:
        """What is there after a build now."""
        now_ns = time.time_ns() + self.age_ns
        if self.builder is None or self.builder.options != self.options:
            self.builder = Builder(self.folder, self.folder, self.options, lambda: time.time_ns() + self.age_ns)
        assert self.builder.clock_ns() >= now_ns
        return result(self.builder, self.now)

    def clean_build(self) -> Result:
        """What is there after the first build of a copy, elsewhere."""
        with TemporaryDirectory() as folder:
            copy = Path(folder) / "elsewhere"
            shutil.copytree(
                self.folder, copy, ignore=shutil.ignore_patterns(WORK, PUBLIC, BUNDLE), copy_function=shutil.copyfile
            )
            return result(Builder(copy, Path(folder), self.options), self.now)


def result(builder: Builder, now: datetime) -> Result:
    """What a build leaves."""
    try:
        report = builder.build(now)
    except ProjectError as error:
        return tuple(sorted(set(error.problems), key=repr))
    trees = built(builder.output)
    assert report.changed + report.unchanged == sum(map(len, trees.values()))
    return trees, report.counts, report.warnings


def built(output: Path) -> Trees:
    """Both folders."""
    return {name: tree(output / name) for name in (PUBLIC, BUNDLE)}


def check(workshop: Workshop) -> None:
    """Build, and compare with a clean build; where it fails, the site before it stands."""
    before = built(workshop.folder)
    found, expected = workshop.build(), workshop.clean_build()
    if currently_in_test_context():
        event("built" if isinstance(found[0], dict) else "failed")
    if not isinstance(found[0], dict):
        assert found == expected
        assert built(workshop.folder) == before
        return
    assert isinstance(expected[0], dict), expected
    for name in (PUBLIC, BUNDLE):
        assert found[0][name].keys() == expected[0][name].keys()
        differ = [path for path, data in found[0][name].items() if data != expected[0][name][path]]
        assert differ == []
    assert found[1:] == expected[1:]


POSTS: Final = tuple(
    f"site/{name}.md"
    for name in (
        "posts/a",
        "posts/b",
        "posts/c",
        "posts/later",
        "posts/draft",
        "posts/new",
        "posts/b.de",
        "de/posts/a",
        "de/posts/new",
        "posts/in/a",
    )
)
PATHS: Final = tuple(dict.fromkeys((*FILES, *VERSIONS, *POSTS)))
DAYS: Final = ("2026-01-05", "2026-02-05", "2026-11-22", "2026-11-25", "2026-12-24")


def named(name: str, *arguments: Any, **keywords: Any) -> st.SearchStrategy[Callable[[Workshop], None]]:
    """Something that happens: a method of the workshop with arguments that are drawn."""
    drawn = st.tuples(st.tuples(*arguments), st.fixed_dictionaries(keywords))
    return drawn.map(lambda drawn: Happening(name, *drawn))


class Happening:
    """A call of a method of the workshop; its repr is what a failing example shows."""

    def __init__(self, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        self._call = name, arguments, keywords

    def __call__(self, workshop: Workshop) -> None:
        name, arguments, keywords = self._call
        getattr(workshop, name)(*arguments, **keywords)

    def __repr__(self) -> str:
        name, arguments, keywords = self._call
        return f"{name}{arguments}{keywords or ''}"


@st.composite
def posts(draw: st.DrawFn) -> str:
    """A post as somebody may write it."""
    keys = {
        "title": draw(st.sampled_from(["One", "Two", "Drei"])),
        "date": draw(st.sampled_from(DAYS)),
        "tags": draw(st.lists(st.sampled_from(["News", "news", "Leads", "C++"]), max_size=2)),
        "series": draw(st.sampled_from([[], [], ["Basics"]])),
        "authors": draw(st.sampled_from([["Ana"], ["Bea"], ["Ana", "Bea"]])),
    }
    rare = {
        "expires": draw(st.sampled_from(DAYS[2:])),
        "draft": "true",
        "aliases": draw(st.sampled_from([["/old/"], ["/older/", "/who/"]])),
        "image": draw(st.sampled_from(["/media/a.png", "../docs/b.png", "/media/none.png"])),
        "form": draw(st.sampled_from(["newsletter", "guide", "none"])),
        "toc": "true",
        "slug": draw(st.sampled_from(["slug", "a"])),
        "description": draw(st.sampled_from(["Short.", "Long."])),
        "extra": "{x: 1}",
    }
    chosen = draw(st.lists(st.sampled_from(sorted(rare)), max_size=2, unique=True))
    lines = [f"{key}: {value}" for key, value in (keys | {key: rare[key] for key in chosen}).items()]
    body = draw(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=4))
    return "\n".join(["---", *lines, "---", *body])


VERSION: Final = st.sampled_from([(path, content) for path, contents in VERSIONS.items() for content in contents])
PATH: Final = st.sampled_from(PATHS)
HARM: Final = st.sampled_from(["add", "remove", "cut", "flip", "empty"])
HAPPENINGS: Final = st.one_of(
    VERSION.map(lambda version: Happening("write", version, {})),
    VERSION.map(lambda version: Happening("write", version, {})),
    named("write", st.sampled_from(POSTS), posts()),
    named("write", st.sampled_from(POSTS), posts()),
    named("write", PATH, st.none()),
    named("write", PATH, st.none()),
    PATH.flatmap(lambda path: named("write", st.just(path), st.just(FILES.get(path)))),
    named("rename", PATH, PATH),
    named("rename", st.sampled_from(POSTS), st.sampled_from(POSTS)),
    named("touch", PATH),
    named("change_unseen", PATH),
    named("grow_old"),
    named("wait", st.sampled_from([1, 3])),
    named("move_clock", st.sampled_from([-300, -1, 0, 4, 10, 40])),
    named("choose", drafts=st.booleans()),
    named("choose", strict=st.sampled_from([False, False, True])),
    named("choose", base_url=st.sampled_from(["", "https://preview.example/x"])),
    named("choose", same_origin=st.booleans()),
    named("restart"),
    named("harm", st.just(WORK), st.integers(0, 10**5), HARM),
    named("harm", st.sampled_from([PUBLIC, BUNDLE]), st.integers(0, 10**5), HARM),
)


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
@given(st.lists(st.lists(HAPPENINGS, min_size=1, max_size=4), min_size=1, max_size=5))
def test_incremental_is_clean(rounds: list[list[Callable[[Workshop], None]]]) -> None:
    """After each build, all is as a clean build of the same files would make it; one that fails changes nothing."""
    with TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder))
        check(workshop)
        for happenings in rounds:
            for happening in happenings:
                happening(workshop)
            check(workshop)


POST: Final = "---\ntitle: T\ndate: 2026-01-05\n---\n"
MOVED: Final = "---\ntitle: X\npermalink: /x/\naliases: [/y/]\n---\n"
LINKED_FORM: Final = '<form id="{{ uid }}"><a href="{{ link("/about/") }}">About</a></form>\n'
DATED_FOOTER: Final = "{% if page is defined and page.date %}{{ page.date|long_day }}{% endif %}\n"
PATHS_SHOWN: Final = "{% for page in collections.pages %}{{ page.path }}{% endfor %}"


@pytest.mark.parametrize(
    "rounds",
    [
        pytest.param(
            [
                {"themes/mine/templates/form.html": LINKED_FORM},
                {"site/landing.md": "---\ntitle: Land\n---\n[One](/docs/one/)\n\n::form{id=guide}\n"},
            ],
            id="a link in the template of forms",
        ),
        pytest.param(
            [{"site/docs/one/b.png": FILES["site/docs/b.png"]}, {"site/docs/b.png": None}],
            id="the same picture at another address",
        ),
        pytest.param([{"site/x.md": MOVED}, {"site/x.md": None, "site/x.de.md": MOVED}], id="another language"),
        pytest.param(
            [{"themes/mine/assets/.hidden/e.js": "1"}, {"themes/mine/assets/.hidden/e.js": "2"}], id="a hidden asset"
        ),
        pytest.param(
            [
                {"themes/mine/templates/_logo.html": '{{ image_size("/media/a.png") }}'},
                {"site/media/a.png": FILES["site/docs/b.png"]},
            ],
            id="the size of a picture",
        ),
        pytest.param(
            [
                {"leadpages.toml": CONFIG.replace("[posts]", '[output]\ncompress = ["gz"]\n[posts]')},
                {"site/style.css.gz": b"own"},
                {"site/style.css.gz": None},
                {"leadpages.toml": CONFIG},
            ],
            id="compressed copies of files that did not change",
        ),
        pytest.param(
            [
                {"themes/mine/templates/_related.html": PATHS_SHOWN},
                {"site/z.md": "---\ntitle: Z\npermalink: /z/\n---\n"},
                {"site/z.md": None, "site/y.md": "---\ntitle: Z\npermalink: /z/\n---\n"},
            ],
            id="the path of another page's source",
        ),
        pytest.param(
            [
                {"themes/mine/templates/_footer.html": DATED_FOOTER},
                {"site/posts/c.md": POST},
            ],
            id="a filter that the templates of blocks and mails do not have",
        ),
        pytest.param(
            [{"leadpages.toml": CONFIG.replace("images = false", "images = true")}, {"site/posts/c.md": POST}],
            id="drawn pictures",
        ),
        pytest.param(
            [{"site/folder/index.md": POST}, {"site/folder/index.md": None, "site/folder": "a file"}], id="kinds"
        ),
    ],
)
def test_what_went_wrong_before(rounds: list[dict[str, str | bytes | None]]) -> None:
    """What once was not as a clean build made it."""
    with TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder))
        workshop.wait(3)
        check(workshop)
        for changes in rounds:
            for path, content in changes.items():
                workshop.write(path, content)
            check(workshop)


def test_a_template_that_looks_into_terms(write_project: WriteProject, tmp_path: Path) -> None:
    """Overviews and term pages of a theme may show any post of any term."""
    files = {
        "leadpages.toml": PLAIN_CONFIG + 'theme = "mine"\n',
        "themes/mine/theme.toml": 'extends = "default"\n',
        "themes/mine/templates/terms.html": "{% for term in taxonomy.terms %}{{ term.posts[0].title }}{% endfor %}",
        "themes/mine/templates/term.html": "{% for other in taxonomy.terms %}{{ other.posts[-1].title }}{% endfor %}",
        "site/posts/a.md": "---\ntitle: The first post\ndate: 2026-01-01\ntags: [one]\n---\n",
        "site/posts/b.md": "---\ntitle: The second post\ndate: 2026-01-02\ntags: [two]\n---\n",
    }
    project = write_project(files)
    build(project, tmp_path, Options(), NOW)
    (project / "site/posts/a.md").write_text(files["site/posts/a.md"].replace("first", "changed"))
    build(project, tmp_path, Options(), NOW)

    assert "The changed post" in (tmp_path / "public/tags/index.html").read_text()
    assert "The changed post" in (tmp_path / "public/tags/two/index.html").read_text()


def test_links_and_odd_files_that_come_later(write_project: WriteProject, tmp_path: Path) -> None:
    """What a clean build refuses is refused after a good build, too."""
    project = write_project({"leadpages.toml": PLAIN_CONFIG, "site/index.md": POST})
    build(project, tmp_path, Options(), NOW)
    (project / "site/outside").symlink_to("/etc")

    with pytest.raises(ProjectError, match="1 problem"):
        build(project, tmp_path, Options(), NOW)


def test_the_clock_goes_back() -> None:
    """What a build in the future published is not there in a build of today."""
    with TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder))
        workshop.wait(3)
        for days in (40, 0, 40, -300, 10):
            workshop.move_clock(days)
            check(workshop)
