"""Addresses: patterns, aliases, the slash at the end, a base path, and that whatever a page points to is there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from tests.conftest import CONFIG, NEWSLETTER, Built, WriteProject, public_text, render

from leadpages.core.errors import ProjectError
from leadpages.core.urls import is_handler_path, output_path

ROOT = Path(__file__).parents[2]
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"/>'
_LINK = re.compile(r'\s(?:href|src|poster|action)="([^"]*)"')
_SRCSET = re.compile(r'\ssrcset="([^"]*)"')
_META = re.compile(r'<meta (?:property|name)="(?:og:image|og:url|twitter:image)" content="([^"]*)"')
_XML = re.compile(r"<(?:loc|link|id)>([^<]+)<|\shref=\"([^\"]+)\"")


def post(day: int, keys: str = "", text: str = "Text.\n") -> str:
    """A post of a day of March."""
    return f"---\ntitle: The post of day {day}\ndate: 2026-03-{day:02}\n{keys}---\n\n{text}"


#: A site with something of everything that has an address.
FILES: dict[str, str | bytes] = {
    "site/index.md": "---\ntitle: Home\n---\n\n[About](about.md#team), [posts](/posts/), [a file](/media/a.svg)\n",
    "site/about.md": "---\ntitle: About\nform: news\naliases: [/us/, old/about.html]\n---\n\n## Team\n\n[Home](/)\n",
    "site/docs/index.md": "---\ntitle: Docs\n---\n\n![A picture](../media/a.svg)\n\n::cta{href=/about/ label=Go}\n",
    "site/docs/deep.md": "---\ntitle: Deep\n---\n\n[Up](index.md) [out](https://elsewhere.example/)\n",
    "site/über.md": "---\ntitle: Über\n---\n\n<a href='/docs/deep'>Deep</a>\n",
    "site/media/a.svg": _SVG,
    "site/about.de.md": "---\ntitle: Über uns\n---\n\n[Start](index.md)\n",
    "site/index.de.md": "---\ntitle: Start\n---\n\n[Uns](about.md) [Beiträge](/de/posts/)\n",
    "forms/news.toml": NEWSLETTER,
    **{f"site/posts/{day}.md": post(day, "tags: [Größe]\nseries: S\nauthors: Ana\n") for day in range(1, 5)},
    "site/posts/5.de.md": post(5, "tags: [Größe]\n", "[Eins](/posts/1/#main)\n"),
    "site/data/team.csv": "slug,name\nana,Ana\n",
}
SETTINGS = """
[posts]
per_page = 2
[taxonomies.tags]
per_page = 2
[languages.de]
title = "Deutsch"
[[menu]]
label = "About"
url = "/about/"
[[menu]]
label = "Posts"
url = "/posts"
place = "footer"
[[pages]]
data = "team"
permalink = "/team/{slug}/"
title = "{name}"
"""


def site(write_project: WriteProject, base_url: str = "https://www.example.com", top: str = "") -> Built:
    """The site of `FILES` at an address, with settings."""
    return render(write_project({"leadpages.toml": f'title = "T"\nbase_url = "{base_url}"\n{top}{SETTINGS}'} | FILES))


def targets(built: Built, base_url: str) -> Iterator[tuple[str, str]]:
    """Each file that is text, and the whole address of each thing that it points to on the site."""
    for path, data in built.public.items():
        if not path.endswith((".html", ".xml", ".txt", "_redirects")):
            continue
        text = data.decode()
        at = f"{base_url}/{path.removesuffix('index.html')}"
        if path.endswith(".html"):
            found = [*_LINK.findall(text), *_META.findall(text)]
            found += [part.split()[0] for many in _SRCSET.findall(text) for part in many.split(", ")]
            found += re.findall(r'content="0; url=([^"]*)"', text)
        elif path.endswith(".xml"):
            found = [address for pair in _XML.findall(text) for address in pair if address]
        elif path == "_redirects":
            found = [line.split()[1] for line in text.splitlines()]
        else:
            found = re.findall(rf"{re.escape(base_url)}[^\s)]*", text)
        for address in map(unescape, found):
            whole = urljoin(at, address)
            if urlsplit(whole).netloc == urlsplit(base_url).netloc:
                yield path, whole


def astray(built: Built, base_url: str) -> set[tuple[str, str]]:
    """What points to no file of the site's, or past its base path."""
    base = urlsplit(base_url).path
    lost = set()
    for path, whole in targets(built, base_url):
        plain = unquote(urlsplit(whole).path)
        if is_handler_path(plain.removeprefix(base)):
            continue
        is_inside = plain == base or plain.startswith(f"{base}/")
        if not is_inside or output_path(plain.removeprefix(base) or "/") not in built.public:
            lost.add((path, whole))
    return lost


@pytest.mark.parametrize("base_url", ["https://www.example.com", "https://example.com/blog"])
@pytest.mark.parametrize("trailing_slash", ["true", "false"])
def test_whatever_a_page_points_to_is_there(base_url: str, trailing_slash: str, write_project: WriteProject) -> None:
    """On every page, in feeds, sitemap and redirects, each address of the site's own leads to a file of its own."""
    built = site(write_project, base_url, f"trailing_slash = {trailing_slash}\n")

    assert astray(built, base_url) == set()
    assert built.warnings == ()
    assert len(list(targets(built, base_url))) > 300


@pytest.mark.parametrize(
    ("base_url", "trailing_slash"), [("https://quayside.example", "true"), ("https://example.com/blog", "false")]
)
def test_the_demo(base_url: str, trailing_slash: str, tmp_path: Path) -> None:
    """In the demo of this repository, too."""
    project = tmp_path / "demo"
    for name in ("site", "forms", "themes"):
        shutil.copytree(ROOT / name, project / name)
    config = (ROOT / "leadpages.toml").read_text().replace("https://quayside.example", base_url)
    (project / "leadpages.toml").write_text(f"trailing_slash = {trailing_slash}\n{config}")

    assert astray(render(project), base_url) == set()


def test_no_slash_at_the_end(write_project: WriteProject) -> None:
    """`trailing_slash = false`: pages are files beside each other, and everything calls them so."""
    built = site(write_project, top="trailing_slash = false\n")

    pages = {"about.html", "posts/1.html", "posts.html", "posts/page/2.html", "tags/größe.html", "de.html", "docs.html"}
    assert (
        pages | {"tags/größe/page/2.html", "de/about.html", "team/ana.html", "thanks/news.html"} <= built.public.keys()
    )
    assert {path for path in built.public if path.endswith("/index.html")} == {"us/index.html"}  # an alias as written
    html = public_text(built, "about.html")
    assert '<link rel="canonical" href="https://www.example.com/about">' in html
    assert '<a href="/about" aria-current="page">' in html
    assert "https://www.example.com/tags/gr%C3%B6%C3%9Fe/page/2</loc>" in public_text(built, "sitemap.xml")
    assert "<id>https://www.example.com/posts/1</id>" in public_text(built, "feed.xml")
    assert "/us/ /about 301\n" in public_text(built, "_redirects")
    assert "tags/größe/feed.xml" in built.public


def test_base_path(write_project: WriteProject) -> None:
    """Under a path of a host, every address of the site has the path in it, and files lie as they always do."""
    built = site(write_project, "https://example.com/blog")

    html = public_text(built, "about/index.html")
    assert '<link rel="canonical" href="https://example.com/blog/about/">' in html
    assert re.search(r'<link rel="stylesheet" href="/blog/assets/style\.\w+\.css">', html)
    assert "Sitemap: https://example.com/blog/sitemap.xml" in public_text(built, "robots.txt")
    assert "/blog/us/ /blog/about/ 301\n" in public_text(built, "_redirects")
    assert "/blog/assets/*\n" in public_text(built, "_headers")
    assert 'href="/blog/"' in public_text(built, "404.html")
    assert 'action="/blog/f/news"' in html


def test_aliases(write_project: WriteProject) -> None:
    """An alias has a page that leads on, and a line for hosts that redirect by themselves."""
    built = site(write_project)

    for path in ("us/index.html", "old/about.html"):
        html = public_text(built, path)
        assert '<meta http-equiv="refresh" content="0; url=/about/">' in html
        assert '<link rel="canonical" href="https://www.example.com/about/">' in html
        assert '<meta name="robots" content="noindex">' in html
    assert "/old/about.html /about/ 301\n/us/ /about/ 301\n" in public_text(built, "_redirects")
    assert "/us/" not in public_text(built, "sitemap.xml")


@pytest.mark.parametrize(
    ("aliases", "said"),
    [
        ("[/b/]", "its address /b/ is also that of site/b.md"),
        ("[/B/]", "its address /B/ is also that of site/b.md"),
        ("[/feed.xml]", "its address /feed.xml is also that of the feed"),
        ("[https://elsewhere.example/a/]", "it names a host"),
        ("[../a/]", "it has a '..' step"),
        ("['/f/a']", "it is a path that the form handler answers"),
    ],
)
def test_impossible_aliases(aliases: str, said: str, write_project: WriteProject) -> None:
    """An alias cannot be where something is, or where nothing can be."""
    page = "---\ntitle: A page\n{}---\n"
    project = write_project(
        {
            "leadpages.toml": CONFIG,
            "site/a.md": page.format(f"aliases: {aliases}\n"),
            "site/b.md": page.format(""),
        }
    )

    with pytest.raises(ProjectError) as raised:
        render(project)

    [problem] = raised.value.problems
    assert problem.place == "site/a.md:3"
    assert said in problem.message


@pytest.mark.parametrize(
    ("pattern", "keys", "path"),
    [
        ("/{year}/{month}/{day}/{slug}/", "", "2026/03/05/a-guide/index.html"),
        ("/{year}/{slug}.html", "", "2026/a-guide.html"),
        ("/{category}/{slug}/", "categories: [Good News, B]\n", "good-news/a-guide/index.html"),
        ("/{path}/", "", "old/a-guide/index.html"),
        ("/{slug}/", "slug: b\n", "b/index.html"),
        ("/{slug}/", "permalink: /guides/d/\n", "guides/d/index.html"),
        ("/{slug}/", "permalink: /c.html\n", "c.html"),
    ],
)
def test_patterns(pattern: str, keys: str, path: str, write_project: WriteProject) -> None:
    """Posts live where the pattern says, or where a post says of itself."""
    config = CONFIG + f'[permalinks]\npost = "{pattern}"\n'
    project = write_project(
        {"leadpages.toml": config, "site/posts/old/2026-03-05-a-guide.md": f"---\ntitle: A\n{keys}---\n"}
    )

    assert path in render(project).public


@pytest.mark.parametrize(
    ("kind", "pattern", "said"),
    [
        ("post", "/{category}/{slug}/", "needs a category, and the post has none"),
        ("page", "/{year}/{slug}/", "needs a date, and the page has none"),
    ],
)
def test_patterns_without_a_value(kind: str, pattern: str, said: str, write_project: WriteProject) -> None:
    """What the pattern asks for, the page must have."""
    path = "site/posts/2026-03-05-a.md" if kind == "post" else "site/a.md"
    config = CONFIG + f'[permalinks]\n{kind} = "{pattern}"\n'

    with pytest.raises(ProjectError) as raised:
        render(write_project({"leadpages.toml": config, path: "---\ntitle: A\n---\n"}))

    assert [said in problem.message for problem in raised.value.problems] == [True]
