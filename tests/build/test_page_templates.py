"""Which keys of front matter each page template reads, and what is said about keys that go nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import CONFIG, NEWSLETTER, RunCli, WriteProject, render

from leadpages.build.page_templates import PageTemplates

LANDING = {"checklist", "consultation", "demo", "ebook", "newsletter", "waitlist", "webinar"}
THEMES = Path(__file__).parents[2] / "src/leadpages/themes"


@pytest.mark.parametrize(
    ("key", "readers"),
    [
        ("kicker", LANDING),
        ("facts", LANDING),
        ("when", {"webinar"}),
        ("person", {"consultation"}),
        ("share_url", {"thanks"}),
        ("nothing", set()),
    ],
)
@pytest.mark.parametrize("folders", [["default"], ["editorial", "default"]])
def test_keys_of_packaged_themes(folders: list[str], key: str, readers: set[str]) -> None:
    """A template reads what its own source, its parents and what they include read."""
    assert PageTemplates([THEMES / folder for folder in folders]).readers(key) == readers


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ({"talk": "{{ page.extra.place }}"}, ("place", {"talk"})),
        ({"talk": "{{ page.extra['place'] }}"}, ("place", {"talk"})),
        ({"talk": "{{ page.extra.get( 'place' , '') }}"}, ("place", {"talk"})),
        ({"talk": "{% include '_place.html' %}", "_place": "{{ page.extra.place }}"}, ("place", {"talk"})),
        ({"talk": "{%- extends 'base.html' %}", "base": "{{ page.extra.place }}"}, ("place", {"talk"})),
        ({"talk": "{% include name %}", "_place": "{{ page.extra.place }}"}, ("place", {"talk"})),
        ({"talk": "{% for key in page.extra %}{% endfor %}"}, ("place", {"talk"})),
        ({"talk": "{{ page.extra.get(name) }}"}, ("place", {"talk"})),
        ({"talk": "", "posts": "{{ page.extra.place }}"}, ("place", {"talk", "page"})),
        ({"talk": "{{ other.extra.place }}"}, ("place", {"talk", "page"})),
        ({"talk": "{% for page in posts %}{{ page.extra.place }}{% endfor %}"}, ("place", {"talk", "page"})),
        (
            {"talk": "{% set page = posts[0] %}{% include '_place.html' %}", "_place": "{{ page.extra.place }}"},
            ("place", {"talk", "page"}),
        ),
    ],
)
def test_what_source_says(source: dict[str, str], read: tuple[str, set[str]], tmp_path: Path) -> None:
    """What cannot be told, or is read from other pages, counts for every page that it may be meant for."""
    (tmp_path / "templates").mkdir()
    for name, text in {"page": "", **source}.items():
        (tmp_path / "templates" / f"{name}.html").write_text(text)

    assert PageTemplates([tmp_path]).readers(read[0]) == read[1]


def test_a_key_that_goes_nowhere(write_project: WriteProject, run_cli: RunCli) -> None:
    """A typing error in a key that the template reads is named, and so is a key of another template."""
    keys = "whn: Thursday\nperson: Ana\nkickers: [a]\nfacts: One\nrole:\nwhatever: 1\n"
    text = f"---\ntitle: A page\ntemplate: webinar\nform: news\n{keys}extra:\n  fact: 1\n  mine: 2\n---\n"
    project = write_project({"leadpages.toml": CONFIG, "forms/news.toml": NEWSLETTER, "site/a.md": text})

    assert run_cli("check", "--project", project).stderr.splitlines()[:-1] == [
        "site/a.md:5: error: unknown key `whn`",
        "  hint: did you mean `when`?",
        "site/a.md:7: error: unknown key `kickers`",
        "  hint: did you mean `kicker`?",
        "site/a.md:8: error: `facts` is 'One': expected a list",
        '  hint: a list stands in brackets: ["One"]',
        "site/a.md:6: warning: `person` is not used: the template `webinar` does not read it",
        "  hint: templates that do: consultation",
        "site/a.md:9: warning: `role` is not used: the template `webinar` does not read it",
        "  hint: templates that do: consultation",
        "site/a.md:10: warning: `whatever` is not used by leadpages",
        "  hint: remove it, or move it under `extra:` for a theme of your own",
        "site/a.md:11: warning: the template `webinar` does not read `extra.fact`",
        "  hint: did you mean `facts`?",
    ]


def test_a_key_of_the_theme_by_another_spelling(write_project: WriteProject) -> None:
    """It is read as the theme's, with a warning that mends itself."""
    text = "---\ntitle: Thanks\ndescription: Done.\ntemplate: thanks\nshare-url: /b/\n---\n\n[B](b.md)\n"
    project = write_project({"leadpages.toml": CONFIG, "site/a.md": text, "site/b.md": "---\ntitle: B\n---\n"})

    built = render(project)

    assert [(warning.place, warning.message) for warning in built.warnings] == [
        ("site/a.md:5:1", "`share-url` is read as `share_url`")
    ]
    assert b"https%3A//www.example.com/b/" in built.public["a/index.html"]


def test_values_in_yamls_own_kinds(write_project: WriteProject, run_cli: RunCli) -> None:
    """A day or a list where text is expected is said as it is written."""
    keys = "when: 2027-01-28\nkicker: [a, b]\n"
    text = f"---\ntitle: A page\ntemplate: webinar\nform: news\n{keys}---\n"
    project = write_project({"leadpages.toml": CONFIG, "forms/news.toml": NEWSLETTER, "site/a.md": text})

    assert run_cli("check", "--project", project).stderr.splitlines()[:-1] == [
        "site/a.md:5: error: `when` is 2027-01-28: expected text",
        "  hint: put it in quotes",
        'site/a.md:6: error: `kicker` is ["a", "b"]: expected text',
    ]


def test_keys_of_a_folder(write_project: WriteProject) -> None:
    """Defaults are for pages of many templates: a key that some of them do not read is no fault of theirs."""
    project = write_project(
        {
            "leadpages.toml": CONFIG,
            "forms/news.toml": NEWSLETTER,
            "site/_defaults.toml": 'when = "Thursday"\n',
            "site/a.md": "---\ntitle: A page\n---\n",
            "site/b.md": "---\ntitle: A webinar\ntemplate: webinar\nform: news\n---\n",
        }
    )

    built = render(project)

    assert built.warnings == ()
    assert b'<p class="ticket">Thursday</p>' in built.public["b/index.html"]


@pytest.mark.parametrize("template", ["overlay", "upgrade", "base"])
def test_templates_that_are_no_pages(template: str, write_project: WriteProject, run_cli: RunCli) -> None:
    """What the theme has for other uses cannot be asked for."""
    project = write_project({"leadpages.toml": CONFIG, "site/a.md": f"---\ntitle: A\ntemplate: {template}\n---\n"})

    assert f"site/a.md:3: error: there is no template `{template}`" in run_cli("check", "--project", project).stderr
