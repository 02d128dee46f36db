"""What a finished site could do better: for people who search, for those who do not see, and for what is gated.

All of it is warnings: the site works. Every function is pure but `check_gated`, which reads the files that have the
size of a gated one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Final
from unicodedata import east_asian_width

from leadpages.core.errors import Problem

#: In columns: a letter is one wide, a Chinese or Japanese sign two. Search engines and shared links show a title on
#: some 600 pixels, that is 50 to 70 letters, and cut what is longer; a post's title of under ten says little alone.
TITLE_AT_MOST: Final = 70
POST_TITLE_AT_LEAST: Final = 10
#: Two lines under the title, some 920 pixels; a shorter text is often replaced by one that the search engine picks.
DESCRIPTION: Final = range(50, 161)
#: How a writer says that an image is decoration: an attribute that HTML has for it, and that stays on the page.
DECORATIVE: Final = "{role=presentation}"


@dataclass(frozen=True, slots=True)
class ImageUse:
    """An image on a page, and whether it lacks a text for those who cannot see it."""

    target: str
    line: int
    column: int
    alt_missing: bool


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the checks need of a published page or post.

    `title_line` and `description_line` are 0 where nobody wrote one.
    """

    path: str
    language: str
    url: str
    title: str
    title_line: int = 0
    description: str = ""
    description_line: int = 0
    noindex: bool = False
    kind: str = "page"
    images: tuple[ImageUse, ...] = ()


@dataclass(frozen=True, slots=True)
class GatedFile:
    """A file that visitors get for their address: of which form file, its name, its size in bytes and its SHA-256."""

    form_path: str
    name: str
    size: int
    sha256: str


def check_pages(pages: Sequence[PageFacts], linked: Collection[str]) -> list[Problem]:
    """Missing alt texts, titles and descriptions too long, too short or used twice, and pages that nothing leads to.

    `linked` are the URL paths that something leads to beside the page itself. Pages that search engines are told to
    leave out have their images checked, and no more.
    """
    found = [problem for page in pages for problem in _check_images(page)]
    indexed = [page for page in pages if not page.noindex]
    for page in indexed:
        found += _check_title(page)
        found += _check_description(page)
    found += _check_twice(indexed, "title", lambda page: page.title, lambda page: page.title_line)
    described = [page for page in indexed if page.description_line]
    found += _check_twice(described, "description", lambda page: page.description, lambda page: page.description_line)
    return [*found, *_check_orphans(indexed, linked)]


def _check_images(page: PageFacts) -> Iterable[Problem]:
    return (
        _warning(
            page,
            image.line,
            "missing-alt",
            f"image `{image.target}` has no text for those who cannot see it",
            f"say between the brackets what it shows; where it only decorates, write ![](…){DECORATIVE}",
            image.column,
        )
        for image in page.images
        if image.alt_missing
    )


def _check_title(page: PageFacts) -> Iterable[Problem]:
    width = _width(page.title)
    if width > TITLE_AT_MOST:
        message = f"the title is {width} characters long: search engines cut it at about {TITLE_AT_MOST}"
        yield _warning(page, page.title_line, "title-length", message, "put what matters first, and leave out the rest")
    elif page.kind == "post" and width < POST_TITLE_AT_LEAST:
        message = f"the title is {width} characters long: in a list of posts it says little"
        yield _warning(page, page.title_line, "title-length", message, "say what the post is about")


def _check_description(page: PageFacts) -> Iterable[Problem]:
    if not page.description_line:
        return
    width = _width(page.description)
    if width not in DESCRIPTION:
        first, last = DESCRIPTION[0], DESCRIPTION[-1]
        message = f"the description is {width} characters long: search engines show {first} to {last}"
        hint = "shorten it to what a searcher needs" if width > last else "say in a sentence or two what the page gives"
        yield _warning(page, page.description_line, "description-length", message, hint)


def _check_twice(
    pages: Iterable[PageFacts], what: str, text: Callable[[PageFacts], str], line: Callable[[PageFacts], int]
) -> Iterable[Problem]:
    first: dict[tuple[str, str], PageFacts] = {}
    for page in sorted(pages, key=lambda page: page.path):
        other = first.setdefault((page.language, " ".join(text(page).casefold().split())), page)
        if other is not page:
            message = f"the {what} is also that of {other.path}"
            hint = "in search results nobody can tell them apart"
            yield _warning(page, line(page), f"duplicate-{what}", message, hint)


def _check_orphans(pages: Iterable[PageFacts], linked: Collection[str]) -> Iterable[Problem]:
    hint = "link to it from a page or a menu, or set `noindex`"
    return (
        _warning(page, 0, "orphan-page", f"nothing links to {page.url}", hint)
        for page in pages
        if page.url not in linked
    )


def check_gated(static: Iterable[tuple[str, Path]], gated: Sequence[GatedFile]) -> list[Problem]:
    """A warning for each file of `static` (path in the project, file) that has the bytes of a gated one.

    Whatever its name: it would be on the site for everyone. Files that cannot be read are left to the build.
    """
    by_size: dict[int, list[GatedFile]] = {}
    for file in gated:
        by_size.setdefault(file.size, []).append(file)
    by_size.pop(0, None)  # an empty file is nobody's secret
    if not by_size:
        return []
    found = []
    for path, place in static:
        try:
            rivals = by_size.get(place.stat().st_size)
            digest = _sha256(place) if rivals else ""
        except OSError:
            continue
        for file in (rival for rival in rivals or () if rival.sha256 == digest):
            message = f"everyone can download this file, which {file.form_path} hands out as `{file.name}`"
            hint = "keep it beside the form only, and link to the form's page"
            found.append(Problem(path, 0, message, hint, "warning", "gated-file"))
    return found


def _warning(page: PageFacts, line: int, rule: str, message: str, hint: str, column: int = 0) -> Problem:
    return Problem(page.path, line, message, hint, "warning", rule, column)


def _width(text: str) -> int:
    """The columns that `text` takes up (Unicode Standard Annex #11)."""
    return len(text) if text.isascii() else sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _sha256(file: Path) -> str:
    with file.open("rb") as data:
        return file_digest(data, "sha256").hexdigest()
