"""Front matter that was written for other generators."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from leadpages.build.foreign_keys import SYNONYMS, Syntax, judge_key, plain_key, rename_edit
from leadpages.core.errors import Edit

OWN = ["title", "date", "updated", "expires", "description", "image", "image_alt", "draft", "slug", "permalink", "form"]
OWN += ["tags", "categories", "authors", "series", "aliases", "template", "noindex", "toc", "weight", "extra"]
OWN += ["translation_key"]


def judged(key: str, value: object, **others: object) -> tuple[str, str, Any] | None:
    """The severity, the key that it is read as, and the value."""
    verdict = judge_key(key, others | {key: value}, OWN)
    return (verdict.severity, verdict.own, verdict.value) if verdict else None


@pytest.mark.parametrize("key", OWN)
def test_own_keys(key: str) -> None:
    """There is nothing to say about a key of ours, with a value or without."""
    assert judged(key, "text") is None
    assert judged(key, None) is None


@pytest.mark.parametrize(
    ("key", "value", "own"),
    [
        ("lastmod", date(2026, 3, 5), "updated"),
        ("last_modified_at", "2026-03-05", "updated"),
        ("updatedDate", "2026-03-05", "updated"),
        ("pubDate", "2026-03-05", "date"),
        ("publishdate", "2026-03-05", "date"),
        ("published_at", "2026-03-05", "date"),
        ("expiryDate", "2026-03-05", "expires"),
        ("excerpt", "Text", "description"),
        ("summary", "Text", "description"),
        ("cover", "/a.webp", "image"),
        ("featuredImage", "/a.webp", "image"),
        ("heroImage", "/a.webp", "image"),
        ("url", "/about/us/", "permalink"),
        ("redirect_from", ["/old/"], "aliases"),
        ("category", "News", "categories"),
        ("author", "Ana", "authors"),
        ("tag", "news", "tags"),
        ("nav_order", 3, "weight"),
        ("translationKey", "about", "translation_key"),
        ("imageAlt", "A boat", "image_alt"),
        ("Title", "About us", "title"),
        ("no-index", True, "noindex"),
    ],
)
def test_what_is_read_as_ours(key: str, value: object, own: str) -> None:
    """A key that means what ours means is honoured, and its writer told; the mend renames it."""
    verdict = judge_key(key, {key: value}, OWN)

    assert verdict
    assert (verdict.severity, verdict.own, verdict.value, verdict.rule) == ("warning", own, value, "foreign-key")
    assert verdict.message == f"`{key}` is read as `{own}`"
    assert verdict.edit == Edit(f"{key}:", f"{own}:")


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        ("cover", {"src": "a.webp"}, "write one picture's path: `image: /media/cover.webp`"),
        ("author", {"name": "Ana"}, "write names: `authors: [Ana, Ben]`"),
        ("order", "first", "write a number: `weight: 10`"),
        ("url", "https://x.example/", "the address follows from the file's name; a path like /about/us/ changes it"),
        ("url", "/:year/:slug/", "the address follows from the file's name; a path like /about/us/ changes it"),
        ("layout", "post", "leadpages chooses by folder; `template:` asks for another one"),
        ("templateKey", "post", "leadpages chooses by folder; `template:` asks for another one"),
        ("keywords", "a, b", "search engines do not read it; list topics for readers under `tags:`"),
        ("subtitle", "More", "move it under `extra:`"),
        ("lang", "de", "the folder or the end of the file's name says the language, like about.de.md"),
        ("published", True, "`draft: true` keeps a post back"),
        ("sidebar", True, "remove it, or move it under `extra:` for a theme of your own"),
        ("mermaid", True, "remove it, or move it under `extra:` for a theme of your own"),
        ("long_description", "x", "remove it, or move it under `extra:` for a theme of your own"),
        ("no", True, "remove it, or move it under `extra:` for a theme of your own"),
        ("ü", True, "remove it, or move it under `extra:` for a theme of your own"),
    ],
)
def test_what_is_not_used(key: str, value: object, hint: str) -> None:
    """A key without a meaning here is left out with a warning and a way to keep it."""
    verdict = judge_key(key, {key: value}, OWN)

    assert verdict
    assert (verdict.severity, verdict.own, verdict.edit) == ("warning", "", None)
    assert (verdict.message, verdict.hint) == (f"`{key}` is not used by leadpages", hint)


@pytest.mark.parametrize(
    ("value", "shown"), [("/:year/:title/", "/:year/:title/"), (False, "false"), ("/{{ slug }}/", "/{{ slug }}/")]
)
def test_patterns_of_addresses(value: object, shown: str) -> None:
    """A permalink that is a pattern, or says that there is no page, is not used."""
    verdict = judge_key("permalink", {"permalink": value}, OWN)

    assert verdict
    assert (verdict.severity, verdict.own) == ("warning", "")
    assert verdict.message == f"`permalink: {shown}` is not used by leadpages"


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("descripton", "description"),
        ("titel", "title"),
        ("title2", "title"),
        ("drafts", "draft"),
        ("dat", "date"),
        ("forms", "form"),
    ],
)
def test_slips(key: str, meant: str) -> None:
    """A key that is almost ours is an error: what it says would be lost without a word."""
    verdict = judge_key(key, {key: "x"}, OWN)

    assert verdict
    assert (verdict.severity, verdict.own, verdict.rule) == ("error", "", "front-matter")
    assert (verdict.message, verdict.hint) == (f"unknown key `{key}`", f"did you mean `{meant}`?")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"updated": "2025", "lastmod": "2025"}, "`lastmod` is not used: `updated` says the same"),
        ({"updated": "2026", "lastmod": "2025"}, "`lastmod` is not used: there is `updated`"),
        ({"lastmod": "2025", "updated": "2026"}, "`lastmod` is not used: there is `updated`"),
        ({"modified": "2026", "lastmod": "2025"}, "`lastmod` is not used: there is `modified`"),
        ({"modified": None, "lastmod": "2025"}, "`lastmod` is read as `updated`"),
        ({"updated": None, "lastmod": "2025"}, "`lastmod` is read as `updated`"),
        ({"lastmod": "2025", "modified": "2026"}, "`lastmod` is read as `updated`"),
    ],
)
def test_what_is_said_twice(keys: dict[str, object], message: str) -> None:
    """Our own key goes before another, and the first of two others before the second."""
    verdict = judge_key("lastmod", keys, OWN)

    assert verdict and verdict.message == message
    assert bool(verdict.own) == ("read as" in message)
    assert bool(verdict.edit) == ("read as" in message)


@pytest.mark.parametrize(("day", "severity"), [("2026-03-05", "warning"), ("2027-01-01", "error")])
def test_an_embargo_is_kept(day: str, severity: str) -> None:
    """Two days on which a page is to come out are no matter to guess at."""
    verdict = judge_key("publishDate", {"date": "2026-03-05", "publishDate": day}, OWN)

    assert verdict and (verdict.severity, verdict.own) == (severity, "")


def test_a_misfit_leaves_the_place_free() -> None:
    """A picture that is a table is no picture; the next key is."""
    verdict = judge_key("thumbnail", {"cover": {"src": "a"}, "thumbnail": "/b.webp"}, OWN)

    assert verdict and (verdict.own, verdict.value) == ("image", "/b.webp")


def test_what_is_held_back_stays_back() -> None:
    """`published: false` keeps a post back, as it did where it comes from."""
    assert judged("published", False) == ("warning", "draft", True)
    assert judged("published", False, draft=True) == ("warning", "", None)


@pytest.mark.parametrize(
    ("syntax", "line", "column", "expected"),
    [
        ("yaml", "url: /url:/", 1, Edit("url:", "permalink:")),
        ("toml", 'url = "/url/"', 1, Edit("url =", "permalink =")),
        ("json", '  "url": "/url/",', 0, Edit('"url":', '"permalink":')),
    ],
)
def test_renaming(syntax: Syntax, line: str, column: int, expected: Edit) -> None:
    """The mend fits the way that the front matter is written in."""
    verdict = judge_key("url", {"url": "/a/"}, OWN, syntax)

    assert rename_edit("url", "permalink", syntax) == expected
    assert verdict and verdict.edit == expected
    problem = verdict.problem("site/a.md", 4)
    assert (problem.line, problem.column, problem.edit, problem.severity) == (4, column, expected, "warning")
    assert expected.old in line


def test_synonyms_are_plain_and_ours() -> None:
    """Every synonym is found by `plain_key`, and stands for a key that there is."""
    assert all(plain_key(key) == key for key in SYNONYMS)
    assert set(SYNONYMS.values()) <= set(OWN)


def test_only_keys_that_there_are() -> None:
    """A synonym of a key that a site does not have is not used."""
    verdict = judge_key("category", {"category": "News"}, ["title", "date"])

    assert verdict and (verdict.own, verdict.severity) == ("", "warning")
