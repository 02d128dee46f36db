"""Tokens of markdown-it-py: their words, and the marks that stand for what is filled in later."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from markdown_it.token import Token

from leadpages.build.text import BLOCK_END, BLOCK_START

#: Every mark: `kind` is "L" for a link's address, "I" for a picture, "" for a block; `number` counts from 0.
MARKS: Final = re.compile(f"{BLOCK_START}(?P<kind>[LI]?)(?P<number>[0-9]+){BLOCK_END}")


def link_mark(number: int) -> str:
    """What stands in `href` for the address of reference `number`."""
    return f"{BLOCK_START}L{number}{BLOCK_END}"


def image_mark(number: int) -> str:
    """What stands for the whole picture of reference `number`."""
    return f"{BLOCK_START}I{number}{BLOCK_END}"


def block_mark(number: int) -> str:
    """What stands for the rendered block `number`."""
    return f"{BLOCK_START}{number}{BLOCK_END}"


class QuickToken(Token):
    """A token made with all its values, by position: half the time of one that looks for defaults."""

    __slots__ = ()

    def __init__(
        self,
        kind: str,
        tag: str = "",
        nesting: Literal[-1, 0, 1] = 0,
        level: int = 0,
        content: str = "",
        markup: str = "",
        attrs: dict[str, str | int | float] | None = None,
        map: list[int] | None = None,  # noqa: A002  (markdown-it's name)
        block: bool = False,
        hidden: bool = False,
        info: str = "",
    ) -> None:
        """Without `children`."""
        # One by one: to assign several at once makes a tuple of them first.
        self.type = kind
        self.tag = tag
        self.nesting = nesting
        self.level = level
        self.content = content
        self.markup = markup
        self.info = info
        self.attrs = {} if attrs is None else attrs
        self.map = map
        self.children = None
        self.meta = {}
        self.block = block
        self.hidden = hidden


def plain_text(tokens: Sequence[Token]) -> str:
    """The words in `tokens`, without markup."""
    words = []
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            words.append(" ")
        elif token.type in ("text", "text_special", "code_inline"):
            words.append(token.content)
        elif token.children:
            words.append(plain_text(token.children))
    return "".join(words)


def with_lines(tokens: Sequence[Token]) -> Iterator[tuple[Token, int]]:
    """Every token, those within a line of text too, with the line that it begins on, counted from 0."""
    for token in tokens:
        line = token.map[0] if token.map else 0
        yield token, line
        for child in token.children or ():
            yield child, line
            if child.type in ("softbreak", "hardbreak"):
                line += 1
            elif child.type in ("html_inline", "code_inline"):
                line += child.content.count("\n")
