"""Links: to sources and headings, in Markdown, blocks and HTML; what they become, and what is said of broken ones."""

from __future__ import annotations

import re

import pytest
from tests.conftest import CONFIG, Built, WriteProject, public_text, render

from leadpages.core.errors import ProjectError

FILES = {
    "leadpages.toml": CONFIG + "[languages.de]\n",
    "site/about.md": "---\ntitle: About\n---\n\n## Who we are\n\n### Who we are\n\n## Über uns {#uns}\n\nText.\n",
    "site/about.de.md": "---\ntitle: Über\n---\n\n## Wer wir sind\n",
    "site/docs/a b.md": "---\ntitle: Spaced\nslug: spaced\n---\n",
    "site/docs/index.md": "---\ntitle: Docs\n---\n",
    "site/docs/file.txt": "text",
    "site/draft.md": "---\ntitle: Draft\ndraft: true\n---\n",
    "site/posts/2026-03-05-other.md": "---\ntitle: Other\n---\n\n## A *heading* of `code`\n",
    "site/posts/later.md": "---\ntitle: Later\ndate: 2099-01-01\n---\n",
}


def page(write_project: WriteProject, body: str, path: str = "site/docs/page.md") -> Built:
    """A site with a page of this text."""
    return render(write_project(FILES | {path: f"---\ntitle: A page\ndate: 2026-03-06\n---\n\n{body}\n"}))


def hrefs(built: Built, path: str = "docs/page/index.html") -> list[str]:
    """Where the links in a page's text lead."""
    html = public_text(built, path)
    return re.findall(r'<(?:a|img)[^>]* (?:href|src)="([^"]+)"', html[html.index("<h1>") : html.index("</main>")])


@pytest.mark.parametrize(
    ("written", "href"),
    [
        ("../about.md", "/about/"),
        ("/about.md", "/about/"),
        ("../posts/2026-03-05-other.md", "/posts/other/"),
        ("../about.md#who-we-are", "/about/#who-we-are"),
        ("../about.md#who-we-are-1", "/about/#who-we-are-1"),
        ("../about.md#uns", "/about/#uns"),
        ("../about.md#main", "/about/#main"),  # an id of the theme's
        ("../about.md#top", "/about/#top"),
        ("../about.md?from=docs#uns", "/about/?from=docs#uns"),
        ("../posts/2026-03-05-other.md#a-heading-of-code", "/posts/other/#a-heading-of-code"),
        ("index.md", "/docs/"),
        ("./a%20b.md", "/docs/spaced/"),
        ("<a b.md>", "/docs/spaced/"),
        ("page.md#here", "/docs/page/#here"),
        ("#here", "#here"),
        ("/about", "/about/"),
        ("/about/index.html", "/about/"),
        ("file.txt", "/docs/file.txt"),
        ("https://www.example.com/about/#uns", "https://www.example.com/about/#uns"),
        ("https://elsewhere.example/a.md#b", "https://elsewhere.example/a.md#b"),
    ],
)
def test_where_links_lead(written: str, href: str, write_project: WriteProject) -> None:
    """A link to a source leads to the page that it becomes; one to an address, to the address as the page has it."""
    built = page(write_project, f"## Here\n\n[Link]({written})")

    assert href in hrefs(built)
    assert built.warnings == ()


def test_links_everywhere(write_project: WriteProject) -> None:
    """In references, blocks and HTML, links to sources are the same."""
    body = "[One][1], <a href='../about.md#uns'>two</a>\n\n::cta{href=../about.md#uns label=Go}\n\n[1]: ../about.md#uns"

    assert hrefs(page(write_project, body)) == ["/about/#uns"] * 3


def test_a_link_stays_in_its_language(write_project: WriteProject) -> None:
    """From a translated page, a link to a source leads to the translation where there is one."""
    built = page(write_project, "[Uns](../about.md) [Doku](index.md)", "site/docs/page.de.md")

    assert hrefs(built, "de/docs/page/index.html") == ["/de/about/", "/docs/"]


@pytest.mark.parametrize(
    ("written", "said", "hint"),
    [
        ("../abuot.md", "is no file: there is no site/abuot.md", "did you mean `site/about.md`?"),
        ("../about.md#who-we-ar", "leads to no heading or anchor of site/about.md", "did you mean `who-we-are`?"),
        ("../about.md#wer-wir-sind", "leads to no heading or anchor of site/about.md", None),
        ("../draft.md", "is a draft, or not published at this time", ""),
        ("../posts/later.md", "is a draft, or not published at this time", ""),
        ("../../outside.md", "is no file: there is no outside.md", None),
        ("page.md#nowhere", "leads to no heading or anchor of site/docs/page.md", None),
    ],
)
def test_broken_links_to_sources(written: str, said: str, hint: str | None, write_project: WriteProject) -> None:
    """A link to a source that does not resolve fails the build, at its line and column."""
    with pytest.raises(ProjectError) as raised:
        page(write_project, f"Text\nand [a link]({written})")

    [problem] = raised.value.problems
    assert problem.place == "site/docs/page.md:7:14"
    assert problem.message == f"link to `{written}`, which {said}"
    assert hint is None or problem.hint == hint


@pytest.mark.parametrize(
    ("written", "rule"),
    [("/abuot/", "broken-link"), ("/about/#nowhere", "broken-anchor"), ("#nowhere", "broken-anchor")],
)
def test_broken_links_to_addresses(written: str, rule: str, write_project: WriteProject) -> None:
    """A link to an address that does not exist is a warning, and an error where the build is strict."""
    files = FILES | {"site/docs/page.md": f"---\ntitle: A page\n---\n\n[Link]({written})\n"}

    [warning] = render(write_project(files)).warnings

    assert (warning.severity, warning.rule, warning.place) == ("warning", rule, "site/docs/page.md:5:8")
    with pytest.raises(ProjectError):
        render(write_project(files), strict=True)


def test_broken_links_of_drafts_wait(write_project: WriteProject) -> None:
    """What is not published may be unfinished."""
    draft = "---\ntitle: A page\ndraft: true\n---\n\n[Link](none.md)\n"
    project = write_project(FILES | {"site/docs/page.md": draft})

    assert render(project).warnings == ()
    with pytest.raises(ProjectError):
        render(project, drafts=True)


def test_a_link_follows_its_page(write_project: WriteProject) -> None:
    """Where a page moves, links to its source lead to its new address."""
    project = write_project(FILES | {"site/docs/page.md": "---\ntitle: A page\n---\n\n[Link](../about.md)\n"})
    assert hrefs(render(project)) == ["/about/"]

    (project / "site/about.md").write_text("---\ntitle: About\npermalink: /us/\n---\n")

    assert hrefs(render(project)) == ["/us/"]
