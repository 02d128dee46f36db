"""What every site has beside its pages: feed, sitemap, robots, the page for wrong addresses, thanks."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from tests.conftest import CONFIG, NEWSLETTER, WriteProject, public_text, render

ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
FILES = {
    "leadpages.toml": CONFIG + 'author = "Ines & Co"\ndescription = "On <forms>"\n',
    "site/posts/a.md": "---\ntitle: Forms & <leads>\ndate: 2026-03-05\nupdated: 2026-04-06\ntags: leads\n---\n\n"
    "Less < more & [a link](/about/), [another](//example.org/).\n",
    "site/posts/über.md": "---\ntitle: Über\ndate: 2026-03-06T09:00:00+02:00\n---\n\nText.\n",
    "site/about.md": "---\ntitle: About\n---\n\nText.\n",
    "site/secret.md": "---\ntitle: Secret\nnoindex: true\n---\n\nText.\n",
    "site/thank-you.md": "---\ntitle: Thank you\ntemplate: thanks\n---\n\nText.\n",
}


def test_feed(write_project: WriteProject) -> None:
    """The feed is Atom (RFC 4287): lasting ids, moments with a zone, content that is escaped once."""
    feed = ET.fromstring(public_text(render(write_project(FILES)), "feed.xml"))

    entries = feed.findall(f"{ATOM}entry")
    assert feed.findtext(f"{ATOM}id") == "https://www.example.com/"
    assert feed.findtext(f"{ATOM}updated") == "2026-04-06T00:00:00+00:00"
    assert feed.findtext(f"{ATOM}subtitle") == "On <forms>"
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "Ines & Co"
    assert [entry.findtext(f"{ATOM}id") for entry in entries] == [
        "https://www.example.com/posts/%C3%BCber/",
        "https://www.example.com/posts/a/",
    ]
    assert entries[0].findtext(f"{ATOM}published") == "2026-03-06T09:00:00+02:00"
    assert entries[1].findtext(f"{ATOM}title") == "Forms & <leads>"
    assert entries[1].findtext(f"{ATOM}updated") == "2026-04-06T00:00:00+00:00"
    content = entries[1].find(f"{ATOM}content")
    assert content is not None
    assert content.get("type") == "html"
    assert content.text == (
        '<p>Less &lt; more &amp; <a href="https://www.example.com/about/">a link</a>, '
        '<a href="https://example.org/">another</a>.</p>\n'
    )


def test_empty_feed(write_project: WriteProject) -> None:
    """A site without posts has a feed that is valid all the same."""
    feed = ET.fromstring(public_text(render(write_project({"leadpages.toml": CONFIG})), "feed.xml"))

    assert feed.findtext(f"{ATOM}updated") == "1970-01-01T00:00:00+00:00"
    assert feed.findall(f"{ATOM}entry") == []


def test_sitemap(write_project: WriteProject) -> None:
    """The sitemap lists what search engines may show, with the day of the last change."""
    sitemap = ET.fromstring(public_text(render(write_project(FILES)), "sitemap.xml"))

    days = {url.findtext(f"{SITEMAP}loc"): url.findtext(f"{SITEMAP}lastmod") for url in sitemap}
    assert days == {
        "https://www.example.com/": None,
        "https://www.example.com/about/": None,
        "https://www.example.com/posts/a/": "2026-04-06",
        "https://www.example.com/posts/%C3%BCber/": "2026-03-06",
        "https://www.example.com/tags/": None,
        "https://www.example.com/tags/leads/": None,
    }


def test_pages_without_index(write_project: WriteProject) -> None:
    """Pages that search engines shall leave out say so themselves."""
    built = render(write_project(FILES))

    for page in ("secret/index.html", "thank-you/index.html", "404.html"):
        assert '<meta name="robots" content="noindex">' in public_text(built, page)
    assert "noindex" not in public_text(built, "about/index.html")


def test_robots(write_project: WriteProject) -> None:
    """robots.txt names the sitemap; a site's own goes before it."""
    assert "Sitemap: https://www.example.com/sitemap.xml" in public_text(render(write_project(FILES)), "robots.txt")

    own = write_project(FILES | {"site/robots.txt": "User-agent: *\nDisallow: /\n"})

    assert public_text(render(own), "robots.txt") == "User-agent: *\nDisallow: /\n"


def test_wrong_address(write_project: WriteProject) -> None:
    """Static hosts find 404.html at the root."""
    assert "Page not found" in public_text(render(write_project(FILES)), "404.html")


def test_thanks(write_project: WriteProject) -> None:
    """A form that names no page to thank people with has one made for it."""
    project = write_project(
        FILES
        | {
            "forms/news.toml": NEWSLETTER,
            "forms/contact.toml": "double_opt_in = false\n" + NEWSLETTER,
            "forms/own.toml": 'thank_you = "/thank-you/"\n' + NEWSLETTER,
        }
    )

    built = render(project)

    assert "Check your inbox" in public_text(built, "thanks/news/index.html")
    assert "We have what you sent" in public_text(built, "thanks/contact/index.html")
    assert "thanks/own/index.html" not in built.public
