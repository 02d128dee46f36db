"""What a site that works could do better."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from leadpages.build.quality import GatedFile, ImageUse, PageFacts, check_gated, check_pages

GOOD = PageFacts(
    path="site/about.md",
    language="en",
    url="/about/",
    title="About us",
    title_line=2,
    description="Who we are, what we do for a living, and how to reach us.",
    description_line=3,
)
POST = replace(GOOD, path="site/posts/a.md", url="/posts/a/", title="What a lead costs", kind="post")


def said(*pages: PageFacts, linked: frozenset[str] = frozenset(["/about/", "/posts/a/"])) -> list[tuple[str, str, int]]:
    """The rule, the path and the line of each problem."""
    found = check_pages(pages, linked)
    assert {problem.severity for problem in found} <= {"warning"}
    return [(problem.rule, problem.path, problem.line) for problem in found]


def test_a_good_page() -> None:
    """There is nothing to say about a page that has all it needs."""
    assert said(GOOD) == []


@pytest.mark.parametrize(
    ("page", "title", "is_right"),
    [
        (GOOD, "x" * 70, True),
        (GOOD, "x" * 71, False),
        (GOOD, "We", True),
        (POST, "x" * 10, True),
        (POST, "x" * 9, False),
        (POST, "指南五字文", True),
        (POST, "指南四字", False),
        (GOOD, "字" * 35, True),
        (GOOD, "字" * 36, False),
        (GOOD, "é" * 70, True),
    ],
)
def test_lengths_of_titles(page: PageFacts, title: str, is_right: bool) -> None:
    """Titles fit into search results; those of posts also say something. Wide signs count twice."""
    assert said(replace(page, title=title)) == ([] if is_right else [("title-length", page.path, 2)])


@pytest.mark.parametrize(
    ("length", "line", "is_right"),
    [(49, 3, False), (50, 3, True), (160, 3, True), (161, 3, False), (10, 0, True), (300, 0, True), (0, 0, True)],
)
def test_lengths_of_descriptions(length: int, line: int, is_right: bool) -> None:
    """A description that somebody wrote has a sensible length; one that is made, or missing, is fine."""
    page = replace(GOOD, description="x" * length, description_line=line)

    assert said(page) == ([] if is_right else [("description-length", page.path, 3)])


def test_twice() -> None:
    """A title or description that two pages of a language have is named on the second, whatever its case."""
    other = replace(GOOD, path="site/b.md", url="/b/", title="ABOUT  us", title_line=5, description_line=6)
    german = replace(other, path="site/b.de.md", language="de", url="/de/b/")
    linked = frozenset(["/about/", "/b/", "/de/b/"])

    assert said(other, GOOD, german, linked=linked) == [
        ("duplicate-title", "site/b.md", 5),
        ("duplicate-description", "site/b.md", 6),
    ]
    (problem, _) = check_pages([other, GOOD], linked)
    assert problem.message == "the title is also that of site/about.md"
    assert said(replace(other, description_line=0, title="B"), GOOD, linked=linked) == []


@pytest.mark.parametrize(
    ("page", "linked", "is_found"),
    [(GOOD, [], False), (GOOD, ["/about/"], True), (replace(GOOD, noindex=True), [], True), (POST, ["/about/"], False)],
)
def test_orphans(page: PageFacts, linked: list[str], is_found: bool) -> None:
    """Something leads to a page that search engines may show."""
    assert said(page, linked=frozenset(linked)) == ([] if is_found else [("orphan-page", page.path, 0)])


def test_pages_outside_of_search_engines() -> None:
    """`noindex` pages may have any title and description, the same ones too; their images need texts all the same."""
    page = replace(GOOD, noindex=True, title="x" * 99, description="x", images=(ImageUse("a.png", 9, 4, True),))

    assert said(page, replace(page, path="site/z.md", images=())) == [("missing-alt", page.path, 9)]


def test_images_without_text() -> None:
    """Each image without a text is named with its place, and how decoration is marked."""
    page = replace(GOOD, images=(ImageUse("a.png", 9, 4, True), ImageUse("b.png", 9, 40, False)))

    (problem,) = check_pages([page], ["/about/"])

    assert problem.place == "site/about.md:9:4"
    assert problem.message == "image `a.png` has no text for those who cannot see it"
    assert problem.hint.endswith("![](…){role=presentation}")


def test_gated_files(tmp_path: Path) -> None:
    """A public file with the bytes of a gated one is found, whatever its name; one that is only as long is not."""
    contents = {"guide.pdf": b"secret", "copy.bin": b"secret", "other.pdf": b"public", "empty": b""}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    static = [(f"site/media/{name}", tmp_path / name) for name in [*contents, "gone"]]
    gated = [
        GatedFile("forms/guide/form.toml", "guide-2026.pdf", 6, sha256(b"secret").hexdigest()),
        GatedFile("forms/empty/form.toml", "empty", 0, sha256(b"").hexdigest()),
    ]

    found = check_gated(static, gated)

    assert [problem.path for problem in found] == ["site/media/guide.pdf", "site/media/copy.bin"]
    assert {problem.rule for problem in found} == {"gated-file"}
    assert found[0].message == (
        "everyone can download this file, which forms/guide/form.toml hands out as `guide-2026.pdf`"
    )
    assert check_gated(static, []) == []
