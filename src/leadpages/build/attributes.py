"""Attributes in Markdown: `## Title {#id .class}`, `[link](/){.button}`, `{.wide}` on the line under a block.

The syntax is the common part of what Pandoc, kramdown, Python-Markdown and Hugo read; a colon after the brace, as
kramdown and Python-Markdown want it, changes nothing. Braces that hold anything else are text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from leadpages.build.markdown_tokens import with_lines

_NAME: Final = r"[A-Za-z][\w:-]*"
_ITEM: Final = rf"""\.-?{_NAME}|\#[\w:.-]+|{_NAME}=(?:"[^"\n]*"|'[^'\n]*'|[^\s"'=<>`{{}}]+)"""
_LIST: Final = rf"\{{:?[ ]*(?:{_ITEM})(?:[ ]+(?:{_ITEM}))*[ ]*\}}"
_BRACES: Final = re.compile(_LIST)
_LINE: Final = re.compile(rf"{_LIST}[ \t]*$")
_AT_END: Final = re.compile(rf"(?:^|[ \t]+)({_LIST})$")
_ITEMS: Final = re.compile(_ITEM)

#: Names that may be set, each with the values that it may have. No `style`: a strict Content-Security-Policy
#: would not let it work; no handlers; no addresses.
_SAFE: Final[Mapping[str, re.Pattern[str]]] = {
    **{name: re.compile(r".*") for name in ("class", "title", "hreflang")},
    "id": re.compile(r"(?!fn(?:ref)?:)\S+"),  # those are the ids of footnotes
    "lang": re.compile(r"[A-Za-z0-9-]+"),
    "dir": re.compile(r"ltr|rtl|auto"),
    "width": re.compile(r"[0-9]+"),
    "height": re.compile(r"[0-9]+"),
    "loading": re.compile(r"lazy|eager"),
    "rel": re.compile(r"[a-z -]+"),
    "role": re.compile(r"presentation|none"),
    "target": re.compile(r"_blank"),
}
_AFTER: Final = ("link_close", "image", "code_inline")


def attributes(md: MarkdownIt) -> None:
    """A markdown-it plugin: sets what is in braces as attributes of tokens. What is not safe goes to their
    `meta["unsafe"]`, a tuple of names.
    """
    md.block.ruler.before("fence", "attributes", _block_rule, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    md.inline.ruler.push("attributes", _inline_rule)
    md.core.ruler.after("block", "heading_attributes", _heading_rule)
    md.core.ruler.after("inline", "one_id_each", _one_id_each)


def unsafe_attributes(tokens: Sequence[Token]) -> list[tuple[str, int]]:
    """The attributes in braces that were left out, each with the line it is on, counted from 0."""
    return [(name, line) for token, line in with_lines(tokens) for name in token.meta.get("unsafe", ())]


def _set(token: Token, written: str) -> None:
    for item in _ITEMS.findall(written):
        if item[0] == ".":
            name, value = "class", item[1:]
        elif item[0] == "#":
            name, value = "id", item[1:]
        else:
            name, _, value = item.partition("=")
            name, value = name.lower(), value[1:-1] if value[0] in "\"'" else value
        if name not in _SAFE or not _SAFE[name].fullmatch(value):
            token.meta = {**token.meta, "unsafe": (*token.meta.get("unsafe", ()), name)}
        elif name == "class" and "class" in token.attrs:
            token.attrs["class"] = f"{token.attrs['class']} {value}"
        else:
            token.attrs[name] = value


def _block_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A line of attributes belongs to the block right above it."""
    at = state.bMarks[start] + state.tShift[start]
    if state.src[at : at + 1] != "{" or state.is_code_block(start):
        return False
    found = _LINE.fullmatch(state.src, at, state.eMarks[start])
    if not found or start == 0 or state.isEmpty(start - 1):
        return False
    if silent:
        return True
    opening = _last_block(state)
    if opening is None:
        return False
    _set(opening, found[0])
    state.line = start + 1
    return True


def _last_block(state: StateBlock) -> Token | None:
    """The opening token of the block that ended last at this depth."""
    for token in reversed(state.tokens):
        if token.level < state.level:
            return None
        if token.level == state.level and token.nesting >= 0 and token.type != "inline":
            return token if token.type != "html_block" else None
    return None


def _inline_rule(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "{" or state.pending or not state.tokens or silent:
        return False
    token = state.tokens[-1]
    found = _BRACES.match(state.src, state.pos, state.posMax)
    if token.type not in _AFTER or not found:
        return False
    if token.type == "link_close":
        token = next(one for one in reversed(state.tokens) if one.type == "link_open" and one.level == token.level)
    _set(token, found[0])
    state.pos = found.end()
    return True


def _heading_rule(state: StateCore) -> None:
    if "{" not in state.src:
        return
    for number, token in enumerate(state.tokens):
        if token.type == "heading_open":
            inline = state.tokens[number + 1]
            found = _AT_END.search(inline.content) if inline.content.endswith("}") else None
            if found:
                inline.content = inline.content[: found.start()]
                _set(token, found[1])


def _one_id_each(state: StateCore) -> None:
    """The second of two elements that were given the same id has none: a link finds the first."""
    if not _BRACES.search(state.src):
        return
    seen: set[object] = set()
    for token, _ in with_lines(state.tokens):
        if "id" in token.attrs:
            if token.attrs["id"] in seen:
                del token.attrs["id"]
            else:
                seen.add(token.attrs["id"])
