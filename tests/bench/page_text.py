"""The text of a built post, to see that two generators made the same of one source."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

#: Dates are written differently, and headings may hold a link to themselves.
_LEFT_OUT: Final = ("time", "script", "style")


def post_words(page: str) -> list[str]:
    """The words between <article> and </article>, in order. Raises ValueError when there are none."""
    reader = _Reader()
    reader.feed(page)
    if not reader.words:
        raise ValueError("there is no text in an <article>")
    return reader.words


def first_difference(ours: list[str], theirs: list[str]) -> str:
    """Where two texts part, in a few words of each; "" when they are the same."""
    if ours == theirs:
        return ""
    same = next((at for at, (one, other) in enumerate(zip(ours, theirs, strict=False)) if one != other), -1)
    at = same if same >= 0 else min(len(ours), len(theirs))
    return f"after {at} words: {' '.join(ours[at : at + 8])!r} and {' '.join(theirs[at : at + 8])!r}"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._inside = False
        self._left_out = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside |= tag == "article"
        self._left_out |= tag in _LEFT_OUT

    def handle_endtag(self, tag: str) -> None:
        self._inside &= tag != "article"
        self._left_out &= tag not in _LEFT_OUT

    def handle_data(self, data: str) -> None:
        if self._inside and not self._left_out:
            self.words += data.split()
