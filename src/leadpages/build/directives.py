"""Blocks in Markdown: a leaf `::name{key=value}`, a container `:::name{…}` … `:::`.

The syntax is that of the generic directives proposal
(https://talk.commonmark.org/t/generic-directives-plugins-syntax/444). A container may hold containers:
each `:::` alone on a line ends the innermost open one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

_OPENING: Final = re.compile(r"(:{2,})[ \t]*([A-Za-z][\w-]*)[ \t]*(\{.*)?$")
_CLOSING: Final = re.compile(r":{3,}[ \t]*$")
_FENCE: Final = re.compile(r"(`{3,}|~{3,})")
_ATTRIBUTE: Final = re.compile(r"""([A-Za-z][\w-]*)(?:=(?:"([^"]*)"|'([^']*)'|([^\s"'=]+)))?(?=\s|$)\s*""")
_BEFORE: Final = ["paragraph", "reference", "blockquote", "list"]


@dataclass(frozen=True, slots=True)
class Directive:
    """One block as written. `line` counts from 0 in the text; `fault` says why it cannot be read."""

    name: str
    attributes: dict[str, str | None]
    container: bool
    line: int
    fault: str = ""


def directives(md: MarkdownIt) -> None:
    """A markdown-it plugin: tokens `directive` for leaves, `directive_open` and `directive_close` for containers.

    Each opening token has its `Directive` in `meta["directive"]`.
    """
    md.block.ruler.before("fence", "directive", _rule, {"alt": _BEFORE})


def _rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    line = _line(state, start)
    found = _OPENING.match(line)
    if not (found or _CLOSING.match(line)) or state.is_code_block(start):
        return False
    if silent:
        return True
    if not found:
        token = state.push("directive", "", 0)
        token.meta = {"directive": Directive(":::", {}, False, start, "ends nothing: no block is open")}
        token.map = [start, start]
        state.line = start + 1
        return True
    container = len(found[1]) > 2
    attributes, fault = _parse_attributes(found[3] or "{}")
    close = _find_close(state, start, end) if container else start
    if close is None:
        close, fault = end, fault or "has no end: close it with a line `:::`"
    directive = Directive(found[2], attributes, container, start, fault)
    token = state.push("directive_open" if container else "directive", "", 1 if container else 0)
    token.meta = {"directive": directive}
    token.map = [start, close]
    if container:
        _tokenize(state, start + 1, close)
        state.push("directive_close", "", -1)
    state.line = min(close + 1, end)
    return True


def _tokenize(state: StateBlock, start: int, end: int) -> None:
    parent, last = state.parentType, state.lineMax
    state.parentType, state.lineMax = "directive", end
    state.md.block.tokenize(state, start, end)
    state.parentType, state.lineMax = parent, last


def _find_close(state: StateBlock, start: int, end: int) -> int | None:
    depth, fence = 1, ""
    for number in range(start + 1, end):
        line = _line(state, number)
        if line and state.sCount[number] < state.blkIndent:
            return None  # the list item that the block is in has ended
        if fence:
            fence = "" if line.startswith(fence) and not line.strip(fence[0] + " ") else fence
        elif opened := _FENCE.match(line):
            fence = opened[1]
        elif _CLOSING.match(line):
            depth -= 1
            if depth == 0:
                return number
        elif (found := _OPENING.match(line)) and len(found[1]) > 2:
            depth += 1
    return None


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]].rstrip()


def _parse_attributes(text: str) -> tuple[dict[str, str | None], str]:
    if not text.endswith("}"):
        after = text.rpartition("}")[2].strip()
        return {}, f"has `{after}` behind its brace" if "}" in text else "has attributes without a closing brace `}`"
    attributes: dict[str, str | None] = {}
    inner, at = text[1:-1].strip(), 0
    while at < len(inner):
        found = _ATTRIBUTE.match(inner, at)
        if not found:
            return (
                {},
                f'has attributes that cannot be read from `{inner[at : at + 30]}` on: write name="value"',
            )
        if found[1] in attributes:
            return {}, f"has the attribute `{found[1]}` twice"
        value = next((group for group in found.groups()[1:] if group is not None), None)
        attributes[found[1]] = value
        at = found.end()
    return attributes, ""
