"""Menus: places, levels, the page one is on, and links that lead nowhere."""

from __future__ import annotations

import pytest
from tests.conftest import CONFIG, Built, WriteProject, public_text, render

from leadpages.core.errors import ProjectError

ABOUT = "---\ntitle: About us\n---\n\nText.\n"
MENU = """
[[menu]]
label = "About"
url = "/about/"

[[menu]]
label = "More & more"

[[menu.children]]
label = "Prices"
url = "/prices/?from=menu#top"

[[menu.children]]
label = "Elsewhere"
url = "https://elsewhere.example/a"

[[menu]]
label = "Imprint"
url = "/imprint/"
place = "footer"
"""
PAGES = {f"site/{name}.md": ABOUT for name in ("about", "prices", "imprint")}


def site(write_project: WriteProject, config: str, files: dict[str, str] | None = None) -> Built:
    """A site with three pages and a configuration."""
    return render(write_project({"leadpages.toml": CONFIG + config} | PAGES | (files or {})))


def between(html: str, start: str, end: str) -> str:
    """The part of a page from `start` to `end`."""
    return html[html.index(start) : html.index(end)]


def test_places_and_levels(write_project: WriteProject) -> None:
    """A menu has links, labels with links under them, and a part for another place."""
    html = public_text(site(write_project, MENU), "about/index.html")

    header, footer = between(html, "<header", "</header>"), between(html, "<footer", "</footer>")
    assert '<a href="/about/" aria-current="page">About</a>' in header
    assert "<summary>More &amp; more</summary>" in header
    assert '<a href="/prices/?from=menu#top">Prices</a>' in header
    assert '<a href="https://elsewhere.example/a">Elsewhere</a>' in header
    assert "Imprint" not in header
    assert '<a href="/imprint/">Imprint</a>' in footer


def test_a_menu_of_a_language(write_project: WriteProject) -> None:
    """A language may have a menu of its own."""
    german = '[languages.de]\n[[languages.de.menu]]\nlabel = "Über uns"\nurl = "/de/about/"\n'

    built = site(write_project, MENU + german, {"site/about.de.md": ABOUT})

    assert '<a href="/de/about/" aria-current="page">Über uns</a>' in public_text(built, "de/about/index.html")
    assert "Über uns" not in public_text(built, "about/index.html")


@pytest.mark.parametrize("written", ["/about/", "/about"])
@pytest.mark.parametrize(("trailing_slash", "href"), [("true", "/about/"), ("false", "/about")])
def test_slashes(written: str, trailing_slash: str, href: str, write_project: WriteProject) -> None:
    """However a menu writes the address of a page, it links to the one that the page has."""
    menu = f'trailing_slash = {trailing_slash}\n[[menu]]\nlabel = "A"\nurl = "{written}"\n'

    built = site(write_project, menu)

    assert f'<a href="{href}">A</a>' in public_text(built, "index.html")


@pytest.mark.parametrize(
    ("menu", "line"),
    [
        ('[[menu]]\nlabel = "A"\nurl = "/none/"\n', 5),
        ('[[menu]]\nlabel = "A"\n[[menu.children]]\nlabel = "B"\nurl = "/about/"\n'
         '[[menu.children]]\nlabel = "C"\nurl = "/none/"\n', 10),
        ('[languages.de]\n[[languages.de.menu]]\nlabel = "A"\nurl = "/none/"\n', 6),
    ],
)  # fmt: skip
def test_links_to_nowhere(menu: str, line: int, write_project: WriteProject) -> None:
    """A link of a menu that leads nowhere is a warning at its line."""
    built = site(write_project, menu)

    assert [(w.path, w.line, w.message) for w in built.warnings] == [
        ("leadpages.toml", line, "the menu links to `/none/`, which does not exist")
    ]


def test_a_label_without_links(write_project: WriteProject) -> None:
    """A label that leads nowhere and has nothing under it is an error."""
    with pytest.raises(ProjectError) as raised:
        site(write_project, '[[menu]]\nlabel = "A"\n')

    assert [(p.line, p.message) for p in raised.value.problems] == [(4, "`A` leads nowhere")]
