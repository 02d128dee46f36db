"""Taxonomies: pages of terms, their feeds and descriptions, and series."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from tests.conftest import CONFIG, Built, WriteProject, public_text, render

from leadpages.core.errors import ProjectError

ATOM = "{http://www.w3.org/2005/Atom}"


def post(day: int, keys: str) -> str:
    """A post of a day of March, with a title that says so."""
    return f"---\ntitle: The post of day {day}\ndate: 2026-03-{day:02}\n{keys}\n---\n\nText.\n"


def site(write_project: WriteProject, *keys: str, config: str = "", more: dict[str, str] | None = None) -> Built:
    """A site of posts `1`, `2`, … on days 1, 2, …, each with its keys."""
    posts = {f"site/posts/{day}.md": post(day, own) for day, own in enumerate(keys, 1)}
    return render(write_project({"leadpages.toml": CONFIG + config} | posts | (more or {})))


def main(built: Built, path: str) -> str:
    """What a page shows between header and footer."""
    html = public_text(built, path)
    return html[html.index("<main") : html.index("</main>")]


@pytest.mark.parametrize(
    ("taxonomy", "keys"),
    [
        ("tags", "tags: [Forms]"),
        ("tags", "tags: Forms, Leads"),
        ("categories", "categories: Forms"),
        ("authors", "authors: [Forms]"),
        ("series", "series: Forms"),
    ],
)
def test_every_taxonomy_has_pages(taxonomy: str, keys: str, write_project: WriteProject) -> None:
    """A term has a page and a feed, a taxonomy an overview, and the post links to the term."""
    built = site(write_project, keys)

    assert "/posts/1/" in main(built, f"{taxonomy}/forms/index.html")
    assert f'href="/{taxonomy}/forms/"' in main(built, f"{taxonomy}/index.html")
    assert f'href="/{taxonomy}/forms/"' in main(built, "posts/1/index.html")
    assert "The post of day 1" in public_text(built, f"{taxonomy}/forms/feed.xml")
    assert f"https://www.example.com/{taxonomy}/forms/</loc>" in public_text(built, "sitemap.xml")


def test_a_taxonomy_of_the_project(write_project: WriteProject) -> None:
    """`[taxonomies.NAME]` makes a key of front matter a taxonomy, under its own title and address."""
    built = site(
        write_project,
        "topics: [Rope]",
        config='[taxonomies.topics]\ntitle = "What we write about"\nurl = "/about/topics/"\n',
    )

    assert "What we write about" in main(built, "about/topics/index.html")
    assert "/posts/1/" in main(built, "about/topics/rope/index.html")
    assert 'href="/about/topics/rope/"' in main(built, "posts/1/index.html")


def test_unused_taxonomies_have_no_pages(write_project: WriteProject) -> None:
    """Without terms there is no overview."""
    assert not [path for path in site(write_project, "tags: []").public if path.startswith(("tags", "authors"))]


def test_spellings_share_a_page(write_project: WriteProject) -> None:
    """`C`, `c` and a second `c` on one post are one term with that post once; `C++` and `C#` are others."""
    built = site(write_project, "tags: [c]", "tags: [C, c]", "tags: [C++, 'C#']")

    assert built.counts.terms == 3
    html = main(built, "tags/c/index.html")
    assert html.count('<article class="card">') == 2
    assert "Posts on C<" in html  # as the newest post spells it
    assert {"tags/c-plus-plus/index.html", "tags/c-sharp/index.html"} <= built.public.keys()


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("数字营销", "数字营销"),
        ("Über uns", "über-uns"),
        ("Cafe\u0301 Noir", "café-noir"),
        ("हिन्दी भाषा", "हिन्दी-भाषा"),
        ("العربيّة", "العربيّة"),
        ("ภาษาไทย", "ภาษาไทย"),
        ("한국어", "한국어"),
    ],
)
def test_letters_of_every_script(name: str, slug: str, write_project: WriteProject) -> None:
    """A term in any script has an address in that script, marks of vowels included."""
    assert "/posts/1/" in main(site(write_project, f"tags: [{name}]"), f"tags/{slug}/index.html")


@pytest.mark.parametrize(("name", "said"), [("'&'", "has no letter or digit"), ("con", "uses `con`")])
def test_terms_without_an_address(name: str, said: str, write_project: WriteProject) -> None:
    """A term that could not be a folder is a problem at its line."""
    with pytest.raises(ProjectError) as raised:
        site(write_project, f"tags:\n  - Leads\n  - {name}")

    [problem] = raised.value.problems
    assert (problem.path, problem.line) == ("site/posts/1.md", 6)
    assert said in problem.message


def test_pagination(write_project: WriteProject) -> None:
    """Terms are listed newest first, `per_page` to a page, each page at an address of its own."""
    built = site(write_project, *["tags: [a]"] * 5, config="[taxonomies.tags]\nper_page = 2\n")

    first, second, last = (main(built, f"tags/a/{at}index.html") for at in ("", "page/2/", "page/3/"))
    assert first.index("/posts/5/") < first.index("/posts/4/")
    assert 'rel="next" href="/tags/a/page/2/"' in first
    assert 'rel="prev" href="/tags/a/"' in second
    assert "/posts/1/" in last
    assert 'rel="next"' not in last
    assert "https://www.example.com/tags/a/page/3/</loc>" in public_text(built, "sitemap.xml")


def test_feeds_of_terms(write_project: WriteProject) -> None:
    """A term's feeds hold its posts alone, newest first, and its page names them."""
    built = site(write_project, "tags: [a]", "tags: [b]", "tags: [a]")

    atom = ET.fromstring(public_text(built, "tags/a/feed.xml"))
    assert [entry.findtext(f"{ATOM}title") for entry in atom.iter(f"{ATOM}entry")] == [
        "The post of day 3",
        "The post of day 1",
    ]
    assert atom.findtext(f"{ATOM}id") == "https://www.example.com/tags/a/"
    feed = json.loads(public_text(built, "tags/a/feed.json"))
    assert [item["url"] for item in feed["items"]] == [f"https://www.example.com/posts/{n}/" for n in (3, 1)]
    assert 'href="/tags/a/feed.xml"' in public_text(built, "tags/a/index.html")


def test_no_feeds_of_terms(write_project: WriteProject) -> None:
    """`[feeds] terms = false` leaves them out, and pages name none."""
    built = site(write_project, "tags: [a]", config="[feeds]\nterms = false\n")

    assert "tags/a/feed.xml" not in built.public
    assert "/tags/a/feed" not in public_text(built, "tags/a/index.html")


@pytest.mark.parametrize("key", ["lead-scoring", '"Lead Scoring"'])
def test_descriptions_of_terms(key: str, write_project: WriteProject) -> None:
    """`site/data/tags.toml` has titles and descriptions of terms, by slug or by name."""
    notes = f'[{key}]\ntitle = "Scoring leads"\ndescription = "Who is worth a call."\n'

    built = site(write_project, "tags: [Lead Scoring]", more={"site/data/tags.toml": notes})

    html = public_text(built, "tags/lead-scoring/index.html")
    assert '<meta name="description" content="Who is worth a call.">' in html
    assert "Posts on Scoring leads" in html
    assert '<p class="lead">Who is worth a call.</p>' in html


def test_authors(write_project: WriteProject) -> None:
    """A post names its authors, each linked to a page, and says so to search engines and feed readers."""
    built = site(write_project, "authors: [Ana Sá, Ben]")

    html = public_text(built, "posts/1/index.html")
    assert '<a rel="author" href="/authors/ana-s%C3%A1/">Ana Sá</a>, <a rel="author" href="/authors/ben/">' in html
    assert '{"@type":"Person","name":"Ana Sá","url":"https://www.example.com/authors/ana-s%C3%A1/"}' in html
    assert "<author><name>Ben</name></author>" in public_text(built, "feed.xml")
    assert "<h1>Posts by Ben</h1>" in public_text(built, "authors/ben/index.html")


def test_series(write_project: WriteProject) -> None:
    """A series is read from its oldest post on; each part says which it is and lists them all in that order."""
    built = site(write_project, "series: Knots", "tags: [other]", "series: Knots", "series: Knots")

    html = main(built, "posts/3/index.html")
    parts = html[html.index('class="series"') : html.index("</ol>")]
    assert "<summary>Part 2 of 3 of the series Knots</summary>" in parts
    assert parts.index("/posts/1/") < parts.index('aria-current="page"') < parts.index("/posts/4/")
    listed = main(built, "series/knots/index.html")
    assert "<h1>Series: Knots</h1>" in listed
    assert listed.index("/posts/1/") < listed.index("/posts/3/") < listed.index("/posts/4/")


def test_a_key_of_front_matter_is_no_taxonomy(write_project: WriteProject) -> None:
    """A taxonomy cannot take a key that means something else."""
    with pytest.raises(ProjectError) as raised:
        site(write_project, "tags: []", config="[taxonomies.image]\n")

    assert [(p.path, p.line) for p in raised.value.problems if "cannot be a taxonomy" in p.message] == [
        ("leadpages.toml", 3)
    ]


def test_two_taxonomies_at_one_address(write_project: WriteProject) -> None:
    """Overviews at one address are a problem of the configuration."""
    with pytest.raises(ProjectError) as raised:
        site(write_project, "topics: [a]\ntags: [b]", config='[taxonomies.topics]\nurl = "/tags/"\n')

    assert [problem.path for problem in raised.value.problems] == ["leadpages.toml"] * len(raised.value.problems)
    assert "overview of `topics`" in raised.value.problems[0].message
