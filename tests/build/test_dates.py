"""Dates: what is out when, in which time zone, and how a day is written."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
from tests.conftest import CONFIG, WriteProject, public_text, render

from leadpages.build.dates import date_format_fault, long_day, rfc822
from leadpages.build.pages import Page
from leadpages.build.site import next_change
from leadpages.core.errors import ProjectError

ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def post(keys: str) -> str:
    """A post with keys."""
    return f"---\ntitle: The title of a post\n{keys}---\n\nText.\n"


@pytest.mark.parametrize(
    ("keys", "zone", "now", "out"),
    [
        ("date: 2026-03-05\n", "UTC", "2026-03-04T23:59:59", False),
        ("date: 2026-03-05\n", "UTC", "2026-03-05T00:00:00", True),
        ("date: 2026-03-05\n", "America/New_York", "2026-03-05T04:59:59", False),
        ("date: 2026-03-05\n", "America/New_York", "2026-03-05T05:00:00", True),
        ("date: 2026-07-05\n", "America/New_York", "2026-07-05T04:00:00", True),  # in summer
        ("date: 2026-03-05 09:00:00\n", "Asia/Tokyo", "2026-03-05T00:00:00", True),
        ("date: 2026-03-05T09:00:00Z\n", "Asia/Tokyo", "2026-03-05T00:00:00", False),
        ("date: 2026-01-01\nexpires: 2026-03-05\n", "UTC", "2026-03-04T23:59:59", True),
        ("date: 2026-01-01\nexpires: 2026-03-05\n", "UTC", "2026-03-05T00:00:00", False),
        ("date: 2026-01-01\nexpires: 2026-03-05\n", "America/New_York", "2026-03-05T04:59:59", True),
        ("date: 2026-01-01\nexpires: 2026-03-05T01:00:00+01:00\n", "Asia/Tokyo", "2026-03-05T00:00:00", False),
    ],
)
def test_what_is_out_when(keys: str, zone: str, now: str, out: bool, write_project: WriteProject) -> None:
    """A day begins, and a page expires, at midnight of the site's time zone, unless the moment says its own."""
    project = write_project({"leadpages.toml": CONFIG + f'timezone = "{zone}"\n', "site/posts/a.md": post(keys)})

    built = render(project, now=datetime.fromisoformat(now).replace(tzinfo=UTC))

    assert ("posts/a/index.html" in built.public) == out


def test_what_expired_is_gone(write_project: WriteProject) -> None:
    """A page that expired is on no list, in no feed, at no alias, and drafts show it still."""
    project = write_project(
        {
            "leadpages.toml": CONFIG,
            "site/posts/a.md": post("date: 2026-01-01\nexpires: 2026-02-01\ntags: [old]\naliases: [/old/]\n"),
            "site/b.md": post("expires: 2026-02-01\n"),
        }
    )

    built = render(project)

    assert (built.counts.posts, built.counts.pages, built.counts.terms) == (0, 0, 0)
    assert not {"old/index.html", "tags/old/index.html", "b/index.html"} & built.public.keys()
    assert not [path for path, data in built.public.items() if b"/posts/a" in data]
    assert "posts/a/index.html" in render(project, drafts=True).public


def test_never_out(write_project: WriteProject) -> None:
    """A post that would expire before it appears is a mistake."""
    keys = "date: 2026-03-05\nexpires: 2026-03-04\n"

    with pytest.raises(ProjectError) as raised:
        render(write_project({"leadpages.toml": CONFIG, "site/posts/a.md": post(keys)}))

    assert [problem.place for problem in raised.value.problems] == ["site/posts/a.md:4"]


def test_when_the_site_next_changes() -> None:
    """The next build is due when the first page appears or expires; drafts do neither."""

    def moment(month: int) -> datetime:
        return datetime(2026, month, 1, tzinfo=UTC)

    def page(name: str, **keys: object) -> Page:
        return Page(path=name, kind="post", language="en", url=name, template="post", title=name, **keys)  # type: ignore[arg-type]

    pages = [
        page("past", date=moment(1)),
        page("draft", date=moment(4), draft=True),
        page("expiring", date=moment(1), expires=moment(6)),
        page("coming", date=moment(7)),
    ]
    assert next_change(pages, moment(3)) == moment(6)
    assert next_change(pages, moment(6)) == moment(7)
    assert next_change(pages, moment(7)) is None


def test_updated(write_project: WriteProject) -> None:
    """The day of the last change reaches the page, the sitemap, the feeds and search engines."""
    keys = "date: 2026-03-05\nupdated: 2026-04-06T10:00:00\n"
    project = write_project({"leadpages.toml": CONFIG + 'timezone = "Europe/Berlin"\n', "site/posts/a.md": post(keys)})

    built = render(project)

    moment = "2026-04-06T10:00:00+02:00"
    html = public_text(built, "posts/a/index.html")
    assert 'Updated on <time datetime="2026-04-06">April 6, 2026</time>' in html
    assert f'<meta property="article:modified_time" content="{moment}">' in html
    assert f'"datePublished":"2026-03-05T00:00:00+01:00","dateModified":"{moment}"' in html
    sitemap = ET.fromstring(public_text(built, "sitemap.xml"))
    days = {url.findtext(f"{SITEMAP}loc"): url.findtext(f"{SITEMAP}lastmod") for url in sitemap}
    assert days["https://www.example.com/posts/a/"] == "2026-04-06"
    assert ET.fromstring(public_text(built, "feed.xml")).findtext(f"{ATOM}entry/{ATOM}updated") == moment
    assert json.loads(public_text(built, "feed.json"))["items"][0]["date_modified"] == moment
    assert "<lastBuildDate>Mon, 06 Apr 2026 10:00:00 +0200</lastBuildDate>" in public_text(built, "rss.xml")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("", "March 5, 2026"),
        ('language = "en-GB"\n', "5 March 2026"),
        ('language = "de"\n', "5. März 2026"),
        ('language = "pt-BR"\n', "5 de março de 2026"),
        ('language = "ja"\n', "2026年3月5日"),
        ('language = "xx"\n', "March 5, 2026"),  # a language that nobody knows
        ('date_format = "short"\n', "3/5/26"),
        ('date_format = "EEEE, d MMMM"\nlanguage = "fr"\n', "jeudi, 5 mars"),
    ],
)
def test_days_in_words(config: str, expected: str, write_project: WriteProject) -> None:
    """A day is written as readers of the site's language write it, or in the site's format."""
    project = write_project({"leadpages.toml": CONFIG + config, "site/posts/a.md": post("date: 2026-03-05\n")})

    html = public_text(render(project), "posts/a/index.html")

    assert re.findall(r'<time datetime="2026-03-05">([^<]+)</time>', html) == [expected]


def test_each_language_has_its_words(write_project: WriteProject) -> None:
    """On a site in several languages each page writes days in its own."""
    files = {f"site/posts/a{end}.md": post("date: 2026-03-05\n") for end in ("", ".de")}

    built = render(write_project({"leadpages.toml": CONFIG + "[languages.de]\n"} | files))

    assert ">March 5, 2026</time>" in public_text(built, "posts/a/index.html")
    assert ">5. März 2026</time>" in public_text(built, "de/posts/a/index.html")
    assert ">5. März 2026</time>" in public_text(built, "de/index.html")


@pytest.mark.parametrize("year", [1, 999, 9999])
def test_far_years(year: int, write_project: WriteProject) -> None:
    """Any year that a date can have makes an address of four digits."""
    config = '[permalinks]\npost = "/{year}/{slug}/"\n'
    keys = f"date: {year:04}-03-05\n"

    built = render(write_project({"leadpages.toml": CONFIG + config, "site/posts/a.md": post(keys)}), drafts=True)

    assert f"{year:04}/a/index.html" in built.public


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("timezone", "Mars/Olympus", "expected a time zone like `Europe/Berlin`"),
        ("timezone", "../../etc/passwd", "expected a time zone like `Europe/Berlin`"),
        ("language", "english!", "expected a language tag like `en`"),
        ("date_format", "HH:mm", "it has parts that a day lacks, like hours"),
    ],
)
def test_wrong_settings(key: str, value: str, said: str, write_project: WriteProject) -> None:
    """A zone, a language or a format that does not exist is a problem at its line."""
    with pytest.raises(ProjectError) as raised:
        render(write_project({"leadpages.toml": CONFIG + f'{key} = "{value}"\n'}))

    [problem] = raised.value.problems
    assert problem.place == "leadpages.toml:3"
    assert said in problem.message


def test_formats() -> None:
    """Formats are checked by writing a day; feeds speak English whatever the language."""
    assert (date_format_fault("d MMMM y"), date_format_fault("full")) == ("", "")
    assert long_day(None, "de") == ""
    assert rfc822("2026-03-05T09:00:00+01:00") == "Thu, 05 Mar 2026 09:00:00 +0100"
