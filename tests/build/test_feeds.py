"""Feeds as readers take them: Atom by RFC 4287, RSS 2.0, JSON Feed 1.1."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from tests.build.full_project import png
from tests.conftest import CONFIG, NEWSLETTER, Built, Files, WriteProject, public_text, render, write_files

from leadpages.build.feeds import for_feed

ATOM = "{http://www.w3.org/2005/Atom}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
DC = "{http://purl.org/dc/elements/1.1/}"
ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"
SITE = "https://www.example.com/blog"

FILES: Files = {
    "leadpages.toml": 'title = "Forms & <leads> \\u0007"\nbase_url = "https://www.example.com/blog"\n'
    'handler_url = "https://handler.example"\ndescription = "One\\nline"\nauthor = "Ines & Co"\n'
    '[social]\nimages = false\n[markdown]\ntrusted_html = true\n[languages.de]\ntitle = "Auf Deutsch"\n',
    "site/posts/a.md": '---\ntitle: "\\u0001\\uFFFE ]]> </script> <b> & \\"q\\" ’ 🎈"\n'
    "date: 2026-03-05T10:00:00+02:00\n"
    "updated: 2026-04-06\ntags: [a & b, c]\nauthors: [Ana]\nimage: cover.svg\ndescription: |\n  One\n  <two>\n---\n\n"
    "[b](b.md) ![i](cover.svg) [q](?x=1&y=2) [e](//example.org/) [m](mailto:a@example.org)[^1]\n\n[^1]: Note\n\n"
    "<a href='/'>x</a> <a href=/blog/y/ >y</a>\n"
    '<img src="/i.svg" srcset="/blog/i-1.png 1x,i-2.png 2x" alt="a > b">\n\n'
    "<script>alert(1)</script>\n<style>p { color: red }</style>\n<form action='/x'><input name='n'></form>\n\n"
    "::form{id=news}\n\nThe end.\n",
    "site/posts/b.md": "---\ntitle: B\ndate: 2026-03-06\ntags: c\n---\n\nText.\n",
    "site/posts/b.de.md": "---\ntitle: Bé\ndate: 2026-03-06\n---\n\nText.\n",
    "site/i.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "site/posts/cover.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "site/blog/i.png": png(2, 2, 9),
    "forms/news.toml": NEWSLETTER,
}
FEEDS = [
    (f"{folder}{name}", page)
    for folder, page in (("", "/"), ("de/", "/de/"), ("tags/a-b/", "/tags/a-b/"), ("tags/c/", "/tags/c/"))
    for name in ("feed.xml", "rss.xml", "feed.json")
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A site under a base path, with odd characters wherever a feed shows any."""
    return render(write_files(tmp_path_factory.mktemp("feeds"), FILES))


def moment(text: str | None) -> datetime:
    """A moment by RFC 3339: with seconds and an offset."""
    assert text is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", text)
    return datetime.fromisoformat(text)


def is_whole(url: str | None) -> bool:
    """Whether an address is absolute and of characters that RFC 3986 allows."""
    parts = urlsplit(url or "")
    return (
        parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[^!-~]|[<>\"{}|\\^`]", url or "")
    )


class _Addresses(HTMLParser):
    """The tags of some HTML and every address in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.found: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("href", "src"):
                self.found.append(value or "")
            elif name == "srcset":
                self.found += [candidate.split()[0] for candidate in (value or "").split(",")]


def check_content(html: str | None) -> None:
    """What a post is in a feed: whole addresses, and nothing that posts, runs or dresses up."""
    seen = _Addresses(html or "")
    assert seen.found
    assert [url for url in seen.found if not is_whole(url) and not url.startswith(("mailto:", "//example.org"))] == []
    assert not {"form", "input", "button", "script", "style", "section"} & set(seen.tags)
    assert html is not None
    assert "The end." in html
    for url in ("b/", "a/?x=1&amp;y=2", "cover.svg", "a/#fn:1", "a/i-2.png 2x"):
        assert f"{SITE}/posts/{url}" in html
    for url in ("'", "y/ ", "i.svg", "i-1.png 1x"):
        assert f"{SITE}/{url}" in html


@pytest.mark.parametrize(("path", "page"), [feed for feed in FEEDS if feed[0].endswith("feed.xml")])
def test_atom(built: Built, path: str, page: str) -> None:
    """All that RFC 4287 asks of a feed and its entries is there, once; ids are addresses, and no two are the same."""
    feed = ET.fromstring(built.public[path])

    assert feed.tag == f"{ATOM}feed"
    assert feed.get(LANG) == ("de" if path.startswith("de/") else "en")
    assert feed.findtext(f"{ATOM}id") == SITE + page
    links = {link.get("rel"): (link.get("href"), link.get("type")) for link in feed.findall(f"{ATOM}link")}
    assert links == {
        "self": (f"{SITE}/{path}", "application/atom+xml"),
        "alternate": (SITE + page, "text/html"),
    }
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "Ines & Co"
    entries = feed.findall(f"{ATOM}entry")
    assert entries
    for element in (feed, *entries):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids)
    assert all(map(is_whole, ids))
    changed = [moment(entry.findtext(f"{ATOM}updated")) for entry in entries]
    assert all(moment(entry.findtext(f"{ATOM}published")) for entry in entries)
    assert moment(feed.findtext(f"{ATOM}updated")) == max(changed)
    contents = [entry.find(f"{ATOM}content") for entry in entries]
    assert all(content is not None and content.get("type") == "html" for content in contents)


@pytest.mark.parametrize(("path", "page"), [feed for feed in FEEDS if feed[0].endswith("rss.xml")])
def test_rss(built: Built, path: str, page: str) -> None:
    """The channel and its items have all that the specification of RSS 2.0 asks for."""
    rss = ET.fromstring(built.public[path])

    assert (rss.tag, rss.get("version")) == ("rss", "2.0")
    channel = rss.find("channel")
    assert channel is not None
    assert channel.findtext("link") == SITE + page
    assert channel.findtext("description")
    assert channel.findtext("language") == ("de" if path.startswith("de/") else "en")
    own = channel.find(f"{ATOM}link")
    assert own is not None
    assert (own.get("rel"), own.get("href"), own.get("type")) == ("self", f"{SITE}/{path}", "application/rss+xml")
    assert parsedate_to_datetime(channel.findtext("lastBuildDate") or "").tzinfo
    items = channel.findall("item")
    assert items
    for item in items:
        guid = item.find("guid")
        assert guid is not None
        assert (guid.get("isPermaLink"), guid.text) == ("true", item.findtext("link"))
        assert is_whole(guid.text)
        assert re.fullmatch(
            r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}",
            item.findtext("pubDate") or "",
        )
        assert item.findtext("title")
        assert item.findtext(f"{DC}creator") in ("Ana", "Ines & Co")


@pytest.mark.parametrize(("path", "page"), [feed for feed in FEEDS if feed[0].endswith("feed.json")])
def test_json_feed(built: Built, path: str, page: str) -> None:
    """The keys that JSON Feed 1.1 asks for are there, with values of the right kind, and none is empty."""
    feed = json.loads(public_text(built, path))

    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert (feed["home_page_url"], feed["feed_url"]) == (SITE + page, f"{SITE}/{path}")
    assert feed["language"] == ("de" if path.startswith("de/") else "en")
    assert feed["authors"] == [{"name": "Ines & Co"}]
    assert feed["title"]
    assert feed["items"]
    for item in feed["items"]:
        assert is_whole(item["id"])
        assert item["url"] == item["id"]
        assert moment(item["date_published"])
        assert item["content_html"]
        assert all(item.values())


def test_a_post_in_every_format(built: Built) -> None:
    """Title, days, topics, author and content are the same in all three, less what XML cannot hold."""
    title = ']]> </script> <b> & "q" ’ 🎈'
    entry = ET.fromstring(built.public["feed.xml"]).findall(f"{ATOM}entry")[1]
    item = ET.fromstring(built.public["rss.xml"]).findall("channel/item")[1]
    post: Mapping[str, Any] = json.loads(built.public["feed.json"])["items"][1]

    assert [(found or "").strip() for found in (entry.findtext(f"{ATOM}title"), item.findtext("title"))] == [title] * 2
    assert post["title"] == f"\x01\ufffe {title}"
    assert entry.findtext(f"{ATOM}published") == post["date_published"] == "2026-03-05T10:00:00+02:00"
    assert entry.findtext(f"{ATOM}updated") == post["date_modified"] == "2026-04-06T00:00:00+00:00"
    assert item.findtext("pubDate") == "Thu, 05 Mar 2026 10:00:00 +0200"
    assert [category.get("term") for category in entry.findall(f"{ATOM}category")] == ["a & b", "c"]
    assert [category.text for category in item.findall("category")] == post["tags"] == ["a & b", "c"]
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == item.findtext(f"{DC}creator") == "Ana"
    assert post["authors"] == [{"name": "Ana"}]
    assert post["image"] == f"{SITE}/posts/cover.svg"
    content = entry.findtext(f"{ATOM}content")
    assert content == item.findtext(ENCODED) == post["content_html"]
    check_content(content)


def test_feeds_follow_their_lists(built: Built) -> None:
    """A topic's feed has its posts only, a language's those of that language; the newest come first."""
    titles = {
        path: [item["title"][-1] for item in json.loads(built.public[path])["items"]]
        for path, _ in FEEDS
        if path.endswith(".json")
    }

    assert titles == {
        "feed.json": ["B", "🎈"],
        "de/feed.json": ["é"],
        "tags/a-b/feed.json": ["🎈"],
        "tags/c/feed.json": ["B", "🎈"],
    }
    assert "authors/ana/feed.xml" in built.public


@pytest.mark.parametrize(
    ("page", "folder"),
    [("index.html", ""), ("posts/a/index.html", ""), ("de/index.html", "de/"), ("tags/c/index.html", "tags/c/")],
)
def test_pages_name_their_feeds(built: Built, page: str, folder: str) -> None:
    """A browser's feed button finds each format, of the page's own language or topic."""
    links = re.findall(r'<link rel="alternate" type="([^"]+)" title="[^"]+" href="([^"]+)">', public_text(built, page))

    assert links == [
        ("application/atom+xml", f"/blog/{folder}feed.xml"),
        ("application/rss+xml", f"/blog/{folder}rss.xml"),
        ("application/feed+json", f"/blog/{folder}feed.json"),
    ]


def test_feeds_of_an_empty_site(write_project: WriteProject) -> None:
    """Without posts the feeds are valid, and the same whenever they are made."""
    built = render(write_project({"leadpages.toml": CONFIG + "[social]\nimages = false\n"}))
    feed = ET.fromstring(built.public["feed.xml"])
    channel = ET.fromstring(built.public["rss.xml"]).find("channel")

    assert moment(feed.findtext(f"{ATOM}updated")).year == 1970
    assert feed.findtext(f"{ATOM}title") == "Test site"
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "Test site"
    assert feed.findall(f"{ATOM}entry") == []
    assert channel is not None
    assert channel.findtext("description") == "Test site"
    assert parsedate_to_datetime(channel.findtext("lastBuildDate") or "").year == 1970
    assert json.loads(built.public["feed.json"])["items"] == []


def test_settings(write_project: WriteProject) -> None:
    """A project chooses the formats, how many posts, and whether topics have feeds."""
    config = CONFIG + '[social]\nimages = false\n[feeds]\nformats = ["rss"]\nposts = 1\nterms = false\n'
    built = render(write_project({**FILES, "leadpages.toml": config}))

    assert [path for path in built.public if path.endswith(("feed.xml", "rss.xml", "feed.json"))] == ["rss.xml"]
    assert [item.text for item in ET.fromstring(built.public["rss.xml"]).iterfind("channel/item/title")] == ["B"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="x">', '<a href="https://a.example/b/c/x">'),
        ('<a href="/x?y=1&amp;z#w">', '<a href="https://a.example/x?y=1&amp;z#w">'),
        ("<A HREF='../x'>", "<A HREF='https://a.example/b/x'>"),
        ("<a href=x>", "<a href=https://a.example/b/c/x>"),
        ('<img\nsrc="x"\n/>', '<img\nsrc="https://a.example/b/c/x"\n/>'),
        ('<video poster="x" src=y></video>', '<video poster="https://a.example/b/c/x" src=https://a.example/b/c/y></video>'),
        ('<img srcset="x 1x,y 2x, z">', '<img srcset="https://a.example/b/c/x 1x,https://a.example/b/c/y 2x, https://a.example/b/c/z">'),
        ('<img srcset="x,y 1x">', '<img srcset="https://a.example/b/c/x,y 1x">'),
        ('<img srcset="data:image/png;base64,AA 1x, ">', '<img srcset="data:image/png;base64,AA 1x, ">'),
        ('<a href="https://b.example/x">', '<a href="https://b.example/x">'),
        ('<a href="//[x">', '<a href="//[x">'),
        ('<a title=\'href="x"\' name="y">', '<a title=\'href="x"\' name="y">'),
        ('<a data-href="x">', '<a data-href="x">'),
        ("<pre>&lt;a href=\"x\"></pre>", "<pre>&lt;a href=\"x\"></pre>"),
        ("<p>a < b and href=\"x\"</p>", "<p>a < b and href=\"x\"</p>"),
        ("a<SCRIPT>x</SCRIPT\n>b<style>y</style>c<form><b>z</b></form>d", "abcd"),
    ],
)  # fmt: skip
def test_addresses_become_whole(html: str, expected: str) -> None:
    """Every address in a tag is resolved against the page's, however it is quoted; all else stays as it is."""
    assert for_feed(html, "https://a.example/b/c/") == expected
