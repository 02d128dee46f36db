"""JSON-LD, as it stands in the pages, by what Google asks of articles, organizations and breadcrumbs."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import pytest
from tests.conftest import Built, Files, public_text, render, write_files

from leadpages.build.structured_data import Link, structured_data
from leadpages.core.site import PageHead, SiteInfo

SITE = "https://www.example.com/blog"
NASTY = "</script><script>alert(1)</script> <!-- & \u2028 ' \""
FILES: Files = {
    "leadpages.toml": f'title = "Site"\nbase_url = "{SITE}"\ndescription = "About it"\nauthor = "Ines & Co"\n'
    'theme = "own"\n[social]\nimages = false\n[posts]\nindex = "/posts/"\n[languages.de]\ntitle = "Seite"\n',
    "themes/own/theme.toml": 'extends = "default"\n[settings.logo]\ntype = "url"\ndefault = "/logo.svg"\n',
    "site/logo.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "site/index.md": "---\ntitle: Home\n---\n\nText.\n",
    "site/about.md": "---\ntitle: About\n---\n\nText.\n",
    "site/posts/a.md": f"---\ntitle: {json.dumps(NASTY)}\ndate: 2026-03-05T10:00:00+02:00\nupdated: 2026-04-06\n"
    "description: What it is\nauthors: [Ana, Bo]\nimage: /logo.svg\ntags: [t, u]\ncategories: c\n---\n\nText.\n",
    "site/posts/b.md": "---\ntitle: B\ndate: 2026-03-06\n---\n\nText.\n",
    "site/posts/b.de.md": "---\ntitle: Bé\ndate: 2026-03-06\n---\n\nText.\n",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A site with a home page, posts, a logo, and a title that tries to leave its script element."""
    return render(write_files(tmp_path_factory.mktemp("data"), FILES))


def graph(built: Built, path: str) -> dict[str, dict[str, Any]]:
    """What a page says of itself, by type."""
    (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', public_text(built, path), re.DOTALL)
    data = json.loads(text)
    assert data["@context"] == "https://schema.org"
    return {thing["@type"]: thing for thing in data["@graph"]}


def test_blog_posting(built: Built) -> None:
    """A post has all that is required and recommended of an article: https://developers.google.com/search/docs."""
    post = graph(built, "posts/a/index.html")["BlogPosting"]

    url = f"{SITE}/posts/a/"
    assert post["headline"] == NASTY.replace("\u2028 ", "")
    assert post["image"] == f"{SITE}/logo.svg"
    assert (post["datePublished"], post["dateModified"]) == ("2026-03-05T10:00:00+02:00", "2026-04-06T00:00:00+00:00")
    assert post["author"] == [
        {"@type": "Person", "name": "Ana", "url": f"{SITE}/authors/ana/"},
        {"@type": "Person", "name": "Bo", "url": f"{SITE}/authors/bo/"},
    ]
    assert (post["publisher"]["@type"], post["publisher"]["name"]) == ("Organization", "Ines & Co")
    assert (post["@id"], post["mainEntityOfPage"]) == (f"{url}#article", url)
    assert (post["description"], post["inLanguage"]) == ("What it is", "en")
    assert post["keywords"] == ["c", "t", "u"]


def test_what_a_post_leaves_out(built: Built) -> None:
    """Without authors the organization is the author; without a change the first day is the last; nothing is empty."""
    post = graph(built, "posts/b/index.html")["BlogPosting"]

    assert [(author["@type"], author["name"], author["url"]) for author in post["author"]] == [
        ("Organization", "Ines & Co", f"{SITE}/")
    ]
    assert post["dateModified"] == post["datePublished"]
    assert datetime.fromisoformat(post["datePublished"]).tzinfo
    assert "image" not in post
    assert all(post.values())


def test_home(built: Built) -> None:
    """The start page tells of the organization, with its logo, and of the site; it has no way to itself."""
    found = graph(built, "index.html")

    assert found.keys() == {"Organization", "WebSite"}
    assert found["Organization"] == {
        "@type": "Organization",
        "@id": f"{SITE}/#organization",
        "name": "Ines & Co",
        "url": f"{SITE}/",
        "logo": f"{SITE}/logo.svg",
        "description": "About it",
    }
    assert found["WebSite"]["publisher"] == {"@id": f"{SITE}/#organization"}
    assert (found["WebSite"]["name"], found["WebSite"]["url"]) == ("Site", f"{SITE}/")


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("about/index.html", [("Site", ""), ("About", "about/")]),
        ("posts/index.html", [("Site", ""), ("All posts", "posts/")]),
        ("posts/b/index.html", [("Site", ""), ("All posts", "posts/"), ("B", "posts/b/")]),
        ("tags/index.html", [("Site", ""), ("Tags", "tags/")]),
        ("tags/t/index.html", [("Site", ""), ("Tags", "tags/"), ("Posts on t", "tags/t/")]),
        ("de/posts/b/index.html", [("Seite", "de/"), ("Alle Beiträge", "de/posts/"), ("Bé", "de/posts/b/")]),
    ],
)
def test_breadcrumbs(built: Built, path: str, steps: list[tuple[str, str]]) -> None:
    """The way from the start page, of the page's own language, is numbered from 1, with whole addresses."""
    items = graph(built, path)["BreadcrumbList"]["itemListElement"]

    assert items == [
        {"@type": "ListItem", "position": position, "name": name, "item": f"{SITE}/{url}"}
        for position, (name, url) in enumerate(steps, 1)
    ]


def test_no_way_out(built: Built) -> None:
    """A title cannot end the script element that it stands in, nor begin another one."""
    text = public_text(built, "posts/a/index.html")

    assert "alert(1)</script>" not in text
    assert text.count("<script") == text.count("</script>") == 1


def test_pages_that_shall_not_be_found() -> None:
    """What is not to be found, or has no address, says nothing."""
    site = SiteInfo("T", "https://a.example", "", "", "", "en", (), "/")

    assert structured_data(site, PageHead("A", "/a/", noindex=True)) == ""
    assert structured_data(site, PageHead("A", "")) == ""
    assert json.loads(structured_data(site, PageHead("A", "/ä/"), trail=[Link("B", "/b/")]))["@graph"][0][
        "itemListElement"
    ][2] == {"@type": "ListItem", "position": 3, "name": "A", "item": "https://a.example/%C3%A4/"}
