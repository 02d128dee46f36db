"""Ids of headings, so that a link can point at them: `## Who we are` is at `#who-we-are`.

Ids are made as GitHub makes them, so that the links of a blog that moves here go on working: lower case; letters,
marks, digits, `-` and `_` stay in any script; spaces become `-`; the rest goes; a second `a` is `a-1`. The source
is the README of https://github.com/Flet/github-slugger.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from leadpages.build.markdown_tokens import plain_text

_PLAIN: Final = re.compile(r"[a-z0-9 _-]*")
_NAMELESS: Final = "section"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading as a table of contents needs it: `level` 1 to 6, `id` without `#`, its words."""

    level: int
    id: str
    text: str


def headings(tokens: Sequence[Token]) -> list[Heading]:
    """The headings among `tokens` that can be linked to, in order."""
    return [
        Heading(int(token.tag[1]), str(token.attrs["id"]), plain_text(inline.children or ()).strip())
        for token, inline in pairwise(tokens)
        if token.type == "heading_open" and "id" in token.attrs
    ]


def heading_id(text: str) -> str:
    """The id that a heading of these words has while no other has it."""
    words = text.strip().lower()
    if not _PLAIN.fullmatch(words):
        words = "".join(
            sign for sign in words if sign in " _-" or sign.isalnum() or unicodedata.category(sign)[0] == "M"
        )
    return words.replace(" ", "-") or _NAMELESS


def set_heading_ids(state: StateCore) -> None:
    """A core rule of markdown-it: every heading without an id gets one that nothing on the page has.

    `env["reserved_ids"]` are those that stand around the text.
    """
    taken = {str(token.attrs["id"]) for token in state.tokens if "id" in token.attrs}
    taken.update(state.env.get("reserved_ids", ()))
    count: dict[str, int] = {}
    for token, inline in pairwise(state.tokens):
        if token.type == "heading_open" and "id" not in token.attrs:
            name = wanted = heading_id(plain_text(inline.children or ()))
            while name in taken:
                count[wanted] = count.get(wanted, 0) + 1
                name = f"{wanted}-{count[wanted]}"
            taken.add(name)
            token.attrs["id"] = name
