"""Posts and pages as HTML: blocks filled, HTML of writers cleaned, nothing evaluated."""

from __future__ import annotations

import pytest
from tests.conftest import CONFIG, NEWSLETTER, WriteProject, public_text, render

from leadpages.core.errors import ProjectError

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"/>'
FRONT = "---\ntitle: A post\ndate: 2026-03-31\n---\n\n"


def article(write_project: WriteProject, body: str, front: str = FRONT) -> str:
    """The main part of the page that a post with `body` becomes."""
    project = write_project(
        {
            "leadpages.toml": CONFIG,
            "site/posts/a.md": front + body,
            "forms/news.toml": NEWSLETTER,
            "site/media/a.svg": SVG,
        }
    )
    html = public_text(render(project), "posts/a/index.html")
    return html[html.index("<main") : html.index("</main>")]


def test_blocks_are_filled(write_project: WriteProject) -> None:
    """A block's attributes are escaped and reach its template; what a container holds is Markdown."""
    html = article(write_project, ':::hero\n**Bold**\n\n::cta{href="/?a=1&b=2" label="<Start>"}\n:::\n')

    assert "<strong>Bold</strong>" in html
    assert '<a class="button" href="/?a=1&amp;b=2">&lt;Start&gt;</a>' in html
    assert html.index('class="hero"') < html.index("Bold") < html.index("&lt;Start&gt;")


def test_two_forms_on_a_page(write_project: WriteProject) -> None:
    """Each form of a page has ids of its own, and posts the page's address."""
    html = article(write_project, "::form{id=news}\n\n::form{id=news}\n")

    ids = [part.split('"')[0] for part in html.split(' id="')[1:]]
    assert len(ids) == len(set(ids))
    assert html.count('value="/posts/a/"') == 2
    assert html.count('action="/f/news"') == 2


def test_form_of_the_front_matter(write_project: WriteProject) -> None:
    """`form:` puts a form under the text, unless the text has it already."""
    front = FRONT.replace("date", "form: news\ndate")

    assert article(write_project, "Text.\n", front).count("<form") == 1
    assert article(write_project, "Text.\n\n::form{id=news}\n", front).count("<form") == 1


@pytest.mark.parametrize(
    ("written", "kept", "gone"),
    [
        ("<script>alert(1)</script>\n\nText", "Text", "alert"),
        ('<p onclick="alert(1)">Text</p>', "<p>Text</p>", "onclick"),
        ('A <b onmouseover="x()">word</b>', "<b>word</b>", "onmouseover"),
        ('<a href="javascript:alert(1)">Link</a>', "Link", "javascript"),
        ('<img src="data:text/html,x" alt="A">', 'alt="A"', "data:"),
        ('<iframe src="https://example.com/"></iframe>\n\nText', "Text", "iframe"),
        ('<form action="https://example.com/"><input name="a"></form>\n\nText', "Text", "example.com"),
        ("<style>p { display: none }</style>\n\nText", "Text", "display"),
        ('<svg onload="x()"></svg>\n\nText', "Text", "onload"),
        ("<!-- secret -->\n\nText", "Text", "secret"),
        ('<div class="note">\n\nText *here*\n\n</div>', '<div class="note">\n<p>Text <em>here</em></p>\n</div>', "*"),
        ("<details><summary>More</summary>Text</details>", "<details><summary>More</summary>Text</details>", "&lt;"),
    ],
)
def test_html_of_writers(written: str, kept: str, gone: str, write_project: WriteProject) -> None:
    """Harmless HTML stays, also around Markdown; what could run or dress up as the site goes."""
    html = article(write_project, written)

    assert kept in html
    assert gone not in html


def test_html_beside_a_block(write_project: WriteProject) -> None:
    """Cleaning a writer's HTML leaves the form that a block put beside it whole."""
    html = article(write_project, '<p onclick="x()">Text</p>\n\n::form{id=news}\n')

    assert "onclick" not in html
    assert 'action="/f/news"' in html
    assert 'name="email"' in html


@pytest.mark.parametrize("code", ["{{ 7*7 }}", "{% raw %}", "{% for a in b %}", "{# note #}", "{{ site.title }}"])
def test_content_is_no_template(code: str, write_project: WriteProject) -> None:
    """Braces in text, titles and attributes are shown as they are typed."""
    front = FRONT.replace("A post", f"'{code} as a title'")

    html = article(write_project, f'Text {code}\n\n::cta{{href=/ label="{code}"}}\n', front)

    assert html.count(code) == 3
    assert "49" not in html


def test_hero_picture(write_project: WriteProject) -> None:
    """A post that opens with its own picture shows it once, with the words that stand there."""
    front = FRONT.replace("date", "image: /media/a.svg\ndate")

    html = article(write_project, "![A chart](/media/a.svg)\n\nText.\n\n![Again](/media/a.svg)\n", front)

    assert html.count('src="/media/a.svg"') == 2
    assert html.index('alt="A chart"') < html.index("Text.") < html.index('alt="Again"')


def test_summary(write_project: WriteProject) -> None:
    """A post without a description is summed up by its first paragraph, without markup, cut at a word."""
    project = write_project({"leadpages.toml": CONFIG, "site/posts/a.md": FRONT + "## Head\n\n*One* " + "word " * 60})

    html = public_text(render(project), "posts/a/index.html")

    assert '<meta name="description" content="One word word' in html
    assert 'word…">' in html


def test_every_problem_is_reported(write_project: WriteProject) -> None:
    """A page's problems are reported together, each with its line."""
    project = write_project({"leadpages.toml": CONFIG, "site/a.md": "---\ntitle: A\n---\n\n::b\n\n::form{id=c}\n"})

    with pytest.raises(ProjectError) as raised:
        render(project)

    assert [problem.place for problem in raised.value.problems] == ["site/a.md:5", "site/a.md:7"]
