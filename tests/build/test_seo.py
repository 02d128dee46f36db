"""What the head of every page says to search engines and to those who share a link."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from tests.conftest import NEWSLETTER, Built, Files, WriteProject, public_text, render, write_files

SITE = "https://www.example.com/blog"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="6"/>'
FILES: Files = {
    "leadpages.toml": 'title = "Forms & \\"leads\\""\nbase_url = "https://www.example.com/blog"\n'
    'description = "One\\nline"\n[social]\nimages = false\n[languages.de]\ntitle = "Auf Deutsch"\n',
    "site/posts/a.md": '---\ntitle: "A \\"<b>\\" & \'c\'"\ndate: 2026-03-05T10:00:00+02:00\nupdated: 2026-04-06\n'
    'image: pictures/a.svg\nimage_alt: \'Two "tall" <ships>\'\ntags: t\ndescription: |\n  First & "second"\n'
    "    line.\n---\n\nText.\n",
    "site/posts/pictures/a.svg": SVG,
    "site/posts/b.md": "---\ntitle: B\ndate: 2026-03-06\nimage: https://img.example/b.png\n---\n\n"
    "The *first*\nparagraph.\n",
    "site/about.md": "---\ntitle: About\n---\n\n",
    "site/about.de.md": "---\ntitle: Über\n---\n\nText.\n",
    "site/secret.md": "---\ntitle: Secret\nnoindex: true\ndescription: Hidden\nimage: posts/pictures/a.svg\n---\n\n"
    "Text.\n",
    "site/thanks.md": "---\ntitle: Thanks\ntemplate: thanks\n---\n\nText.\n",
    "forms/news.toml": NEWSLETTER,
}


class Head(HTMLParser):
    """What stands in the head of a page: `meta` by name, the `link` elements, the words of `title`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.meta: dict[str, list[str]] = {}
        self.links: list[dict[str, str]] = []
        self.title = ""
        self.in_title = False
        self.feed(html.partition("</head>")[0])
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.in_title = tag == "title"
        if tag == "meta" and "content" in values:
            self.meta.setdefault(values.get("name") or values["property"], []).append(values["content"])
        elif tag == "link":
            self.links.append(values)

    def handle_data(self, data: str) -> None:
        self.title += data if self.in_title else ""

    def handle_endtag(self, tag: str) -> None:
        self.in_title = False

    def hrefs(self, rel: str) -> list[str]:
        """The addresses of the links of a kind."""
        return [link["href"] for link in self.links if link["rel"] == rel]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A site in two languages under a base path, with signs that HTML has to escape."""
    return render(write_files(tmp_path_factory.mktemp("seo"), FILES))


def head(built: Built, path: str) -> Head:
    """The head of a page."""
    return Head(public_text(built, path))


def test_a_post(built: Built) -> None:
    """A post has each property once, escaped once, on one line, with whole addresses."""
    found = head(built, "posts/a/index.html")

    title, words = "A \"<b>\" & 'c'", 'First & "second" line.'
    assert found.title == f'{title} | Forms & "leads"'
    assert found.hrefs("canonical") == [f"{SITE}/posts/a/"]
    expected = {
        "description": words,
        "og:type": "article",
        "og:title": title,
        "og:description": words,
        "og:url": f"{SITE}/posts/a/",
        "og:site_name": 'Forms & "leads"',
        "og:locale": "en_US",
        "og:image": f"{SITE}/posts/pictures/a.svg",
        "og:image:width": "9",
        "og:image:height": "6",
        "og:image:alt": 'Two "tall" <ships>',
        "twitter:card": "summary_large_image",
        "twitter:image:alt": 'Two "tall" <ships>',
        "article:published_time": "2026-03-05T10:00:00+02:00",
        "article:modified_time": "2026-04-06T00:00:00+00:00",
    }
    assert {name: found.meta[name] for name in expected} == {name: [value] for name, value in expected.items()}
    assert "robots" not in found.meta


def test_what_a_post_leaves_out(built: Built) -> None:
    """The first paragraph describes a post that does not say more; a picture elsewhere keeps its address."""
    found = head(built, "posts/b/index.html")

    assert found.meta["description"] == found.meta["og:description"] == ["The first paragraph."]
    assert found.meta["og:image"] == ["https://img.example/b.png"]
    assert not {"og:image:width", "og:image:alt", "article:modified_time"} & found.meta.keys()


@pytest.mark.parametrize(
    ("path", "title", "description"),
    [
        ("index.html", 'Forms & "leads"', ["One line"]),
        ("about/index.html", 'About | Forms & "leads"', []),
        ("tags/index.html", 'Tags | Forms & "leads"', []),
        ("tags/t/index.html", 'Posts on t | Forms & "leads"', []),
        ("de/index.html", "Auf Deutsch", ["One line"]),
    ],
)
def test_other_pages(built: Built, path: str, title: str, description: list[str]) -> None:
    """Every page that may be found has a title, an address of its own and a card."""
    found = head(built, path)

    assert found.title == title
    assert found.meta.get("description", []) == found.meta.get("og:description", []) == description
    assert found.hrefs("canonical") == found.meta["og:url"] == [f"{SITE}/{path.removesuffix('index.html')}"]
    assert found.meta["og:type"] == ["website"]
    assert found.meta["twitter:card"] == ["summary"]
    assert "og:image" not in found.meta


def test_languages(built: Built) -> None:
    """Pages that are there in several languages name each other and themselves, and which is for all others."""
    for path, locale, other in (("about/index.html", "en_US", "de_DE"), ("de/about/index.html", "de_DE", "en_US")):
        found = head(built, path)
        named = {link["hreflang"]: link["href"] for link in found.links if "hreflang" in link}
        assert named == {
            "en": f"{SITE}/about/",
            "de": f"{SITE}/de/about/",
            "x-default": f"{SITE}/about/",
        }
        assert (found.meta["og:locale"], found.meta["og:locale:alternate"]) == ([locale], [other])
    assert not any("hreflang" in link for link in head(built, "posts/a/index.html").links)


@pytest.mark.parametrize(
    "path",
    ["secret/index.html", "thanks/index.html", "thanks/news/index.html", "de/thanks/news/index.html", "404.html"],
)
def test_pages_that_shall_not_be_found(built: Built, path: str) -> None:
    """They say so, and offer nothing to be found or shared by."""
    text = public_text(built, path)
    found = Head(text)

    assert found.meta["robots"] == ["noindex"]
    assert found.hrefs("canonical") == []
    assert not [name for name in found.meta if name.startswith(("og:", "twitter:", "article:"))]
    assert "ld+json" not in text
    assert found.title


def test_one_of_each_everywhere(built: Built) -> None:
    """No page has two titles, descriptions, canonical addresses, or properties that may stand once only."""
    pages = [path for path in built.public if path.endswith(".html")]

    for path in pages:
        found = head(built, path)
        assert public_text(built, path).count("<title>") == 1, path
        assert len(found.hrefs("canonical")) <= 1, path
        assert {name: values for name, values in found.meta.items() if len(values) > 1} == {}, path
        assert all("\n" not in value for values in found.meta.values() for value in values), path
    assert len(pages) > 10


def test_drawn_pictures(write_project: WriteProject) -> None:
    """A page without a picture of its own is shared with one that was drawn for it."""
    files = {name: content for name, content in FILES.items() if name != "leadpages.toml"}
    built = render(write_project({**files, "leadpages.toml": 'title = "T"\nbase_url = "https://www.example.com"\n'}))
    found = head(built, "about/index.html")

    (image,) = found.meta["og:image"]
    assert image.removeprefix("https://www.example.com/") in built.public
    assert (found.meta["og:image:width"], found.meta["og:image:height"]) == (["1200"], ["630"])
    assert found.meta["og:image:alt"] == found.meta["twitter:image:alt"] == ["About"]
    assert found.meta["twitter:card"] == ["summary_large_image"]
