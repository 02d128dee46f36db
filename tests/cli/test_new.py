"""`leadpages new`."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

import pytest
from tests.conftest import CONFIG, RunCli, WriteProject

from leadpages.build.front_matter import FrontMatter, parse_front_matter

TITLES = [
    "Seven ways to name a price",
    "Forms: a guide",
    'She said "yes", didn\'t she?',
    "Grüße aus Köln & Zürich",
    "Ready? 🚀 Go!",
    "# 1: {braces} and [brackets]",
    "{{ slug }} and {{ title }}",
    "100 % \\ back-slash",
    "yes",
    "2026",
    "数字营销",
]


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("kind", ["post", "landing"])
def test_any_title(kind: str, title: str, write_project: WriteProject, run_cli: RunCli) -> None:
    """Whatever signs its title has, the new file is a draft that builds, and shows the title as it was given."""
    project = write_project({"leadpages.toml": CONFIG + "[social]\nimages = false\n[markdown]\nsmart_quotes = false\n"})

    ran = run_cli("new", kind, title, "--project", project)

    assert ran.code == 0
    file = project / ran.stdout.strip().removeprefix(f"{project}/")
    strict = [] if "{{" in title else ["--strict"]  # a landing page has its title in its text, too
    assert run_cli("build", *strict, "--drafts", "--project", project).code == 0
    folder = "posts/" if kind == "post" else ""
    page = (project / "public" / folder / file.stem / "index.html").read_text()
    heading = re.search(r"<h1[^>]*>(.*)</h1>", page)
    assert heading is not None
    assert html.unescape(heading[1]) == title
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


FRONT = {
    "yaml": '---\ntitle: {{ title }}\nslug: {{slug}}\ndescription: "On {{ title }}"\ndate: {{ date }}\n---\n',
    "quoted": '---\ntitle: "{{ title }}"\nslug: "{{ slug }}"\ndescription: "On {{ title }}"\ndate: "{{ date }}"\n---\n',
    "toml": '+++\ntitle = {{ title }}\nslug = "{{ slug }}"\ndescription = "On {{ title }}"\ndate = {{ date }}\n+++\n',
    "json": '{\n"title": {{ title }},\n"slug": {{slug}},\n"description": "On {{ title }}", "date": "{{ date }}"\n}\n',
}


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("front", FRONT.values(), ids=FRONT)
def test_gaps_in_any_front_matter(front: str, title: str, write_project: WriteProject, run_cli: RunCli) -> None:
    """An archetype's front matter may be YAML, TOML or JSON, with quotes of its own or without."""
    body = "\n# {{ heading }}\n\n{{ title }} {{ name }}\n"
    project = write_project({"leadpages.toml": CONFIG, "site/_archetypes/review.md": front + body})

    ran = run_cli("new", "review", title, "--project", project)

    assert (ran.code, ran.stderr) == (0, "")
    (file,) = (project / "site").glob("*.md")
    parsed = parse_front_matter(file.read_text(), "a.md")
    assert isinstance(parsed, FrontMatter)
    assert {key: str(value) for key, value in parsed.data.items()} == {
        "title": title,
        "slug": file.stem,
        "description": f"On {title}",
        "date": datetime.now(UTC).date().isoformat(),
    }
    assert parsed.body.endswith(" {{ name }}\n")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["review"], "site/review/a-title.md"),
        (["note"], "site/a-title.md"),
        (["post"], "site/posts/a-title.md"),
        (["post", "--in", "posts/2026"], "site/posts/2026/a-title.md"),
        (["post", "--in", "site/shop/"], "site/shop/a-title.md"),
        (["post", "--in", ""], "site/a-title.md"),
    ],
)
def test_where_it_goes(arguments: list[str], expected: str, write_project: WriteProject, run_cli: RunCli) -> None:
    """Posts go to their folder, others to the one of their archetype's name or the top; `--in` names another."""
    archetypes = {f"site/_archetypes/{name}.md": FRONT["yaml"] for name in ("review", "note")}
    project = write_project({"leadpages.toml": CONFIG, "site/review/a.md": "", **archetypes})

    ran = run_cli("new", *arguments, "A title", "--project", project)

    assert (ran.code, ran.stdout) == (0, f"{project}/{expected}\n")
    assert (project / expected).is_file()


@pytest.mark.parametrize("folder", ["..", "posts/../../..", "_archetypes", "data", "data/x", ".hidden", "a//b"])
def test_folders_that_hold_no_pages(folder: str, write_project: WriteProject, run_cli: RunCli) -> None:
    """A folder outside `site/`, or one that is not published, is wrong usage, and nothing is written."""
    project = write_project({"leadpages.toml": CONFIG})

    ran = run_cli("new", "post", "A title", "--in", folder, "--project", project)

    assert ran.code == 2
    assert "cannot hold pages" in ran.stderr
    assert list(project.rglob("*.md")) == []


def test_the_nearest_archetype_wins(write_project: WriteProject, run_cli: RunCli) -> None:
    """A theme's archetype stands before the packaged one, and the project's before the theme's."""
    mine = {
        "leadpages.toml": CONFIG + 'theme = "mine"\n',
        "themes/mine/theme.toml": 'extends = "default"\n',
        "themes/mine/archetypes/post.md": "---\ntitle: {{ title }}\n---\nThe theme's\n",
    }
    project = write_project(mine)
    run_cli("new", "post", "One", "--project", project)
    project = write_project({"site/_archetypes/post.md": "---\ntitle: {{ title }}\n---\nThe project's\n"})
    run_cli("new", "post", "Two", "--project", project)

    assert (project / "site/posts/one.md").read_text() == '---\ntitle: "One"\n---\nThe theme\'s\n'
    assert (project / "site/posts/two.md").read_text() == '---\ntitle: "Two"\n---\nThe project\'s\n'


def test_unknown_archetype(write_project: WriteProject, run_cli: RunCli) -> None:
    """A name that is no archetype is wrong usage, answered with those that there are."""
    project = write_project({"leadpages.toml": CONFIG, "site/_archetypes/review.md": ""})

    ran = run_cli("new", "podcast", "A title", "--project", project)

    assert ran.code == 2
    assert "there is no archetype `podcast`; known: landing, post, review" in ran.stderr


def test_broken_archetype(write_project: WriteProject, run_cli: RunCli) -> None:
    """An archetype that gives no front matter is a problem of that file, and nothing is written."""
    project = write_project(
        {"leadpages.toml": CONFIG, "site/_archetypes/a.md": "---\ntitle: {{ title }} {{ title }}\n---\n"}
    )

    ran = run_cli("new", "a", "A title", "--project", project)

    assert ran.code == 1
    assert ran.stderr.startswith("site/_archetypes/a.md:2: error: the front matter is not valid YAML")
    assert not (project / "site/a-title.md").exists()


def test_help_names_the_archetypes(write_project: WriteProject, run_cli: RunCli) -> None:
    """The help lists the archetypes of the project, and where they come from."""
    project = write_project({"leadpages.toml": CONFIG, "site/_archetypes/review.md": ""})

    ran = run_cli("new", "--project", project, "--help")

    assert ran.code == 0
    assert "review   site/_archetypes/review.md" in ran.stdout
    assert "post     built in" in ran.stdout


def test_the_day_is_that_of_the_time_zone(
    write_project: WriteProject, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Today is the day in the site's time zone, not in UTC."""
    monkeypatch.setattr("leadpages.cli.new_command.now", lambda: datetime(2026, 3, 31, 23, 30, tzinfo=UTC))
    project = write_project({"leadpages.toml": CONFIG + 'timezone = "Europe/Berlin"\n'})

    run_cli("new", "post", "A title", "--project", project)

    assert "date: 2026-04-01\n" in (project / "site/posts/a-title.md").read_text()
