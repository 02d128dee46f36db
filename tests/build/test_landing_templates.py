"""The templates for landing pages: each places the form and what front matter says, and none is heavy."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from tests.conftest import CONFIG, NEWSLETTER, NOW, WriteProject, public_text, render

from leadpages.build.project import PUBLIC, Options, build
from leadpages.core.errors import ProjectError

ROOT = Path(__file__).parents[2]
TEMPLATES = ("checklist", "consultation", "demo", "ebook", "newsletter", "waitlist", "webinar")
POST = "---\ntitle: A post\ndate: 2026-03-31\n---\n\nText.\n"
KEYS = """\
title: A page
description: What it promises.
kicker: Free
facts: [One & two, 3 pages]
when: Thursday
person: Ana
role: Founder
"""


def page(template: str, keys: str = "title: A page\n") -> dict[str, str]:
    """A project with one landing page."""
    return {
        "leadpages.toml": CONFIG,
        "forms/news.toml": NEWSLETTER,
        "site/posts/a.md": POST,
        "site/a.md": f"---\n{keys}template: {template}\nform: news\n---\n\n## Inside\n\nWords.\n",
    }


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template(template: str, write_project: WriteProject) -> None:
    """It has one heading, the words of front matter, the text and the form, with no menu to lead away."""
    html = public_text(render(write_project(page(template, KEYS))), "a/index.html")

    assert f'<body class="landing {template}">' in html
    assert re.findall(r"<h1>(.*?)</h1>", html) == ["A page"]
    assert '<p class="kicker">Free</p>' in html
    assert '<p class="lead">What it promises.</p>' in html
    assert "<li>One &amp; two</li>" in html
    assert html.count('action="/f/news"') == 1
    assert "<p>Words.</p>" in html
    assert "<nav" not in html
    assert ('<p class="ticket">Thursday</p>' in html) == (template == "webinar")
    assert ("<strong>Ana</strong> <span>Founder</span>" in html) == (template == "consultation")
    assert ('<a href="/posts/a/">A post</a>' in html) == (template == "newsletter")


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_is_left_out(template: str, write_project: WriteProject) -> None:
    """Only a title is needed."""
    html = public_text(render(write_project(page(template))), "a/index.html")

    assert not re.search(r'class="(kicker|lead|facts|ticket|person|cover)"', html)
    assert html.count('action="/f/news"') == 1


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_form(template: str, write_project: WriteProject) -> None:
    """A page that is there for its form and has none is named, also where a form may come up over it."""
    rule = '[[place]]\nform = "news"\nfolder = "/"\nwhere = "bar"\n'
    text = f"---\ntitle: A page\ntemplate: {template}\n---\n\nWords.\n"
    project = write_project({**page(template), "leadpages.toml": CONFIG + rule, "site/a.md": text})

    [warning] = render(project).warnings
    assert (warning.place, warning.message, warning.hint) == (
        "site/a.md:3",
        f"a page with the template `{template}` is there for its form, and this one has none",
        "name one under `form`, or put one into the text: ::form{id=NAME}",
    )

    write_project({"site/a.md": text + "\n::form{id=news}\n"})
    assert render(project).warnings == ()
    write_project({"site/a.md": text, "leadpages.toml": CONFIG + rule.replace("bar", "end")})
    assert render(project).warnings == ()


def test_templates_with_a_form_of_ones_own(write_project: WriteProject) -> None:
    """A theme says which of its templates are nothing without a form."""
    theme = 'extends = "default"\nform_templates = ["quiz", "quizz"]\n'
    project = write_project(
        {
            "leadpages.toml": CONFIG + 'theme = "mine"\n',
            "themes/mine/theme.toml": theme,
            "themes/mine/templates/quiz.html": "{{ placed_form }}",
            "site/a.md": "---\ntitle: A page\ntemplate: quiz\n---\n",
        }
    )

    with pytest.raises(ProjectError) as raised:
        render(project)
    assert [(p.place, p.message, p.hint, p.severity) for p in raised.value.problems if p.severity == "error"] == [
        ("themes/mine/theme.toml", "there is no template `quizz`", "did you mean `quiz`?", "error")
    ]

    write_project({"themes/mine/theme.toml": theme.replace(', "quizz"', "")})
    assert [warning.rule for warning in render(project).warnings] == ["missing-form"]


def test_what_comes_after_the_form(write_project: WriteProject) -> None:
    """A page of thanks, written or not, has links that share the site or a page of it, and the latest posts."""
    project = write_project(
        page("ebook") | {"site/thanks.md": "---\ntitle: Thanks\ntemplate: thanks\nshare_url: /a/\n---\n\nText.\n"}
    )

    built = render(project)

    for path, address in (("thanks/index.html", "/a/"), ("thanks/news/index.html", "/")):
        html = public_text(built, path)
        shared = f"https%3A//www.example.com{address}" if address != "/" else "https%3A//www.example.com/"
        assert f'body={shared}"' in html
        assert '<a href="/posts/a/">A post</a>' in html


def test_a_page_to_share_that_is_not_there(write_project: WriteProject) -> None:
    """An address in front matter is looked at like a link, and must be text."""
    project = write_project(page("thanks", "title: Thanks\nshare_url: /nowhere/\n"))

    [warning] = render(project).warnings
    assert (warning.place, warning.message) == ("site/a.md:3:1", "link to `/nowhere/`, which does not exist")

    project = write_project(page("thanks", "title: Thanks\nshare_url: true\n"))
    with pytest.raises(ProjectError) as raised:
        render(project)
    assert [(p.place, p.message, p.hint) for p in raised.value.problems] == [
        ("site/a.md:3", "`share_url` is true: expected an address", "")
    ]


def test_weight(tmp_path: Path) -> None:
    """Every page of the demo travels in 14 KB, with its style."""
    build(ROOT, tmp_path, Options(), NOW)
    public = tmp_path / PUBLIC
    [style] = public.glob("assets/style.*.css")
    weights = {file.relative_to(public).as_posix(): _sent(file) + _sent(style) for file in public.rglob("*.html")}

    assert {f"landing/{template}/index.html" for template in TEMPLATES} < weights.keys()
    assert [path for path, size in weights.items() if size > 14 * 1024] == []


def _sent(file: Path) -> int:
    return len(gzip.compress(file.read_bytes(), 9, mtime=0))
