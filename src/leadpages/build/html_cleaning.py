"""HTML that writers put among their Markdown: what of it stays on a page, and what of it is left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import nh3
from markdown_it.token import Token

from leadpages.build.markdown_tokens import MARKS, with_lines
from leadpages.build.text import BLOCK_START

#: What nh3 lets through, and the tags that our own Markdown makes or that a page cannot do harm with.
ALLOWED_TAGS: Final = frozenset(nh3.ALLOWED_TAGS) | {
    "audio", "input", "label", "picture", "section", "source", "tfoot", "track", "video",
}  # fmt: skip
_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "*": {"class", "id", "lang", "dir", "title", "role", "tabindex"},
    "a": {"href", "hreflang", "rel", "download"},
    "audio": {"src", "controls", "loop", "muted", "preload"},
    "details": {"open"},
    "img": {"loading", "decoding", "srcset", "sizes"},
    "input": {"type", "checked", "disabled"},
    "li": {"value"},
    "ol": {"reversed", "type"},
    "source": {"src", "srcset", "sizes", "media", "type", "width", "height"},
    "time": {"datetime"},
    "track": {"src", "kind", "srclang", "label", "default"},
    "video": {"src", "controls", "loop", "muted", "preload", "poster", "width", "height", "playsinline"},
}
_WHOLE_TAG: Final = re.compile(r'<[a-z/](?:[^<>"]|"[^"]*")*>', re.IGNORECASE)
_TAG: Final = re.compile(r"<!--.*?-->|<([A-Za-z][^\s/>]*)", re.DOTALL)


@cache
def _cleaner() -> Any:
    attributes = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
    for tag, names in _ATTRIBUTES.items():
        attributes.setdefault(tag, set()).update(names)
    return nh3.Cleaner(
        tags=set(ALLOWED_TAGS),
        attributes=attributes,
        generic_attribute_prefixes={"aria-"},
        link_rel=None,
        # The only input of ours is the box of a task; whatever else a writer makes of one becomes such a box.
        set_tag_attribute_values={"input": {"type": "checkbox", "disabled": ""}},
        tag_attribute_values={"a": {"target": {"_blank"}}},
    )


def clean_html(html: str) -> str:
    """`html` without what could run or dress up as the site: scripts, styles, forms, frames, handlers.

    The whole page is cleaned, as a browser would read it, and not each piece of HTML for itself: what is harmless
    in pieces, an open tag or a quotation mark here and the rest of it there, need not be so when put together.
    What our own Markdown makes comes through unchanged but for the way it is written.
    """
    cleaned: str = _cleaner().clean(html)
    return _WHOLE_TAG.sub(_without_marks, cleaned) if BLOCK_START in cleaned else cleaned


def _without_marks(tag: re.Match[str]) -> str:
    """A tag as nh3 writes it, without the marks of blocks and pictures: their HTML would end the attribute it is in."""
    return MARKS.sub(lambda found: found[0] if found["kind"] == "L" else "", tag[0])


def has_html(tokens: Sequence[Token]) -> bool:
    """Whether a writer put HTML among the Markdown."""
    return any(
        token.type == "html_block" or any(child.type == "html_inline" for child in token.children or ())
        for token in tokens
    )


def unsafe_tags(tokens: Sequence[Token]) -> list[tuple[str, int]]:
    """The tags that `clean_html` leaves out, each with the line it is on, counted from 0."""
    return [
        (name, line + token.content.count("\n", 0, found.start()))
        for token, line in with_lines(tokens)
        if token.type in ("html_block", "html_inline")
        for found in _TAG.finditer(token.content)
        if (name := (found[1] or "").lower()) and name not in ALLOWED_TAGS
    ]
