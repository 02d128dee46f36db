"""The sitemap by its protocol, in one file or in many, and the file that names it to robots."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

import pytest
from tests.conftest import NEWSLETTER, Files, WriteProject, public_text, render

from leadpages.build import sitemap
from leadpages.core.errors import ProjectError

NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
LINK = "{http://www.w3.org/1999/xhtml}link"
SITE = "https://www.example.com/a&b"
CONFIG = f'title = "T"\nbase_url = "{SITE}"\n[social]\nimages = false\n[posts]\nper_page = 1\n'
FILES: Files = {
    "leadpages.toml": CONFIG,
    "site/index.md": "---\ntitle: Home\nupdated: 2026-05-01\naliases: /old/\n---\n\nText.\n",
    "site/posts/ü.md": "---\ntitle: A\ndate: 2026-03-05T23:30:00-05:00\nupdated: 2026-04-06\ntags: t\n---\n\nText.\n",
    "site/posts/b.md": "---\ntitle: B\ndate: 2026-03-06\n---\n\nText.\n",
    "site/secret.md": "---\ntitle: Secret\nnoindex: true\n---\n\nText.\n",
    "site/thank-you.md": "---\ntitle: Thanks\ntemplate: thanks\n---\n\nText.\n",
    "site/draft.md": "---\ntitle: Draft\ndraft: true\n---\n\nText.\n",
    "forms/news.toml": NEWSLETTER,
}


def days(public: Mapping[str, bytes], path: str = "sitemap.xml") -> dict[str, str | None]:
    """The addresses of a sitemap, as far as they are the site's, each with its day."""
    root = ET.fromstring(public[path])
    assert root.tag == f"{NAMESPACE}urlset"
    found: dict[str, str | None] = {}
    for url in root:
        children = [child.tag.removeprefix(NAMESPACE) for child in url if child.tag != LINK]
        assert url.tag == f"{NAMESPACE}url"
        assert children in (["loc"], ["loc", "lastmod"])
        address = url.findtext(f"{NAMESPACE}loc") or ""
        assert address.isascii()
        assert address.startswith(f"{SITE}/")
        assert address not in found
        found[address.removeprefix(SITE)] = url.findtext(f"{NAMESPACE}lastmod")
    return found


def test_addresses(write_project: WriteProject) -> None:
    """It names all that may be found, with the day of the last change in the writer's own time, and nothing else."""
    public = render(write_project(FILES)).public

    assert days(public) == {
        "/": "2026-05-01",
        "/posts/": None,
        "/posts/%C3%BC/": "2026-04-06",
        "/posts/b/": "2026-03-06",
        "/posts/page/2/": None,
        "/tags/": None,
        "/tags/t/": None,
    }
    assert b"<loc>https://www.example.com/a&amp;b/</loc>" in public["sitemap.xml"]
    left_out = {"404.html", "old/index.html", "secret/index.html", "thank-you/index.html", "thanks/news/index.html"}
    assert left_out <= public.keys()


def test_languages(write_project: WriteProject) -> None:
    """A page in several languages is named with all of them, itself too, but for one that shall not be found."""
    text = "---\ntitle: A\n---\n\nText.\n"
    hidden = "---\ntitle: A\nnoindex: true\n---\n\nText.\n"
    files = {f"site/{name}.md": text for name in ("index", "index.de", "index.fr", "a", "a.de", "a.fr", "b", "b.de")}
    config = CONFIG + "[languages.de]\ntitle = 'D'\n[languages.fr]\ntitle = 'F'\n"
    files |= {"leadpages.toml": config, "site/g.md": text, "site/g.de.md": hidden, "site/a.fr.md": hidden}
    public = render(write_project(files)).public
    links = {
        (url.findtext(f"{NAMESPACE}loc") or "").removeprefix(SITE): {
            link.get("hreflang"): (link.get("href") or "").removeprefix(SITE) for link in url.findall(LINK)
        }
        for url in ET.fromstring(public["sitemap.xml"])
    }

    assert links["/a/"] == links["/de/a/"] == {"en": "/a/", "de": "/de/a/", "x-default": "/a/"}
    assert links["/b/"] == links["/de/b/"] == {"en": "/b/", "de": "/de/b/", "x-default": "/b/"}
    assert links["/"] == links["/fr/"] == {"en": "/", "de": "/de/", "fr": "/fr/", "x-default": "/"}
    assert links["/g/"] == {}
    assert not {"/fr/a/", "/de/g/"} & links.keys()
    assert list(days(public)) == list(links)


def test_many_addresses(write_project: WriteProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is more than one file may name is in several, each address once, and `/sitemap.xml` is their index."""
    whole = render(write_project(FILES)).public
    monkeypatch.setattr(sitemap, "_MOST_ADDRESSES", 3)
    public = render(write_project(FILES)).public
    index = ET.fromstring(public["sitemap.xml"])
    files = [(entry.findtext(f"{NAMESPACE}loc") or "").removeprefix(f"{SITE}/") for entry in index]

    assert index.tag == f"{NAMESPACE}sitemapindex"
    assert {entry.tag for entry in index} == {f"{NAMESPACE}sitemap"}
    assert files == ["sitemap-1.xml", "sitemap-2.xml", "sitemap-3.xml"]
    parts = [days(public, file) for file in files]
    assert [len(part) for part in parts] == [3, 3, 1]
    assert {url: day for part in parts for url, day in part.items()} == days(whole)
    assert "sitemap-1.xml" not in whole


@pytest.mark.parametrize(
    ("posts", "most", "expected"),
    [(0, 50_000, 1), (49_999, 50_000, 1), (50_000, 50_000, 2), (99_999, 50_000, 2), (100_000, 50_000, 3)],
)
def test_the_limit(posts: int, most: int, expected: int) -> None:
    """One file names fifty thousand addresses at most, the list of posts among them."""
    assert sitemap.parts(posts + 1, most) == expected


def test_claimed_by_a_file(write_project: WriteProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of the writer's does not silently take the place of one of them."""
    monkeypatch.setattr(sitemap, "_MOST_ADDRESSES", 3)

    with pytest.raises(ProjectError) as refused:
        render(write_project({**FILES, "site/sitemap-1.xml": "<x/>"}))
    assert [problem.message for problem in refused.value.problems] == [
        "its address /sitemap-1.xml is also that of the /sitemap-1.xml that every site has"
    ]


def test_robots(write_project: WriteProject) -> None:
    """robots.txt lets everyone in and names the sitemap by its whole address."""
    lines = public_text(render(write_project(FILES)), "robots.txt").splitlines()

    assert lines == ["User-agent: *", "Allow: /", "", f"Sitemap: {SITE}/sitemap.xml"]
    assert all(re.fullmatch(r"[A-Z][A-Za-z-]+: \S+", line) for line in lines if line)
