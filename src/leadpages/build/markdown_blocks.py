"""The block parser of markdown-it-py, with the same rules and the same tokens, in less time.

What the profile showed: a line is offered to each of up to 16 rules, and once more to those that may end the
paragraph above it, although its first character rules out nearly all of them; a paragraph is read twice, first as a
possible heading with an underline. Here the first character chooses the rules, and both readings are one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import accumulate
from typing import Any, Final, Literal

from markdown_it import MarkdownIt
from markdown_it.common.utils import mdTrim
from markdown_it.parser_block import ParserBlock
from markdown_it.ruler import Ruler
from markdown_it.rules_block import StateBlock, lheading, paragraph
from markdown_it.token import Token

from leadpages.build.markdown_tokens import QuickToken

_Rule = Callable[[StateBlock, int, int, bool], bool]
#: The characters that a line must begin with for a rule to match. A rule that is not here is tried on every line.
_FIRST: Final = {
    "admonition": "!?",
    "attributes": "{",
    "blockquote": ">",
    "directive": ":",
    "fence": "`~",
    "footnote_def": "[",
    "heading": "#",
    "hr": "*-_",
    "html_block": "<",
    "list": "*+-0123456789",
    "reference": "[",
}
#: Rules that look at the line below too, each with what a text must have somewhere for it to match at all.
_SOMEWHERE: Final = {"table": re.compile(r"\|"), "deflist": re.compile(r"^[ \t>]*[:~][ \t]", re.MULTILINE)}


#: An item with a text that no rule of blocks matches at: words, emphasis, code, a link or a picture.
_ITEM: Final = re.compile(
    r"(?P<number>[0-9]{1,9})?(?P<mark>(?(number)[.)]|[*+-])) (?P<text>"
    r"(?:[^\s0-9!?{`~>:\[#*_<+=|-]|[*_]{1,2}[^\s*_]|`[^`\n]|!?\[[^\]\[\n^\\]+\]\(|[0-9]++[^0-9.)\n]).*)"
).match
#: A line that may belong to the list above it.
_GOES_ON: Final = re.compile(r"[ \t*+0-9-]").match


class BlockState(StateBlock):
    """The state of a document while its blocks are found."""

    def __init__(self, src: str, md: MarkdownIt, env: Any, tokens: list[Token]) -> None:
        """As in the base class, but that the places of lines are found by `split`: a tenth of the time."""
        super().__init__("", md, env, tokens)
        self.src = src
        lines = src.split("\n")
        if not lines[-1].strip(" \t"):
            del lines[-1]
        ends = list(accumulate([len(line) + 1 for line in lines]))
        size, count = len(src), len(lines)
        # Each list has one entry more than there are lines, for the end.
        self.bMarks = [0, *ends[:-1], size] if lines else [size]
        self.eMarks = [*[end - 1 for end in ends], size]
        self.tShift, self.sCount, self.bsCount = [0] * (count + 1), [0] * (count + 1), [0] * (count + 1)
        self.lineMax = count
        for number, line in enumerate(lines):
            if line[:1] in (" ", "\t"):
                indent = line[: len(line) - len(line.lstrip(" \t"))]
                self.tShift[number] = len(indent)
                self.sCount[number] = len(indent.expandtabs(4))
        self.rules: dict[str, _Rules] = {}

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        """Adds a token."""
        if nesting < 0:
            self.level -= 1
        token = QuickToken(ttype, tag, nesting, self.level, block=True)
        if nesting > 0:
            self.level += 1
        self.tokens.append(token)
        return token


class _Rules:
    """The rules of one chain, by the first character of a line."""

    def __init__(self, rules: list[tuple[str, _Rule]]) -> None:
        special = {sign for name, _ in rules for sign in _FIRST.get(name, "")}
        self.by_sign = {
            sign: tuple(rule for name, rule in rules if sign in _FIRST.get(name, sign) and name != "code")
            for sign in special
        }
        self.others = tuple(rule for name, rule in rules if name not in _FIRST and name != "code")
        self.indented = tuple(rule for name, rule in rules if name == "code") or self.others


def _ending(chain: str) -> _Rule:
    """One rule that is all those of `chain`: whether another block begins on `line`."""

    def ends(state: Any, line: int, end: int, silent: bool) -> bool:
        rules = state.rules[chain]
        at = state.bMarks[line] + state.tShift[line]
        for rule in rules.by_sign.get(state.src[at : at + 1], rules.others):  # noqa: SIM110  (twice as fast)
            if rule(state, line, end, silent):
                return True
        return False

    return ends


_ENDING: Final = {chain: [_ending(chain)] for chain in ("paragraph", "reference", "blockquote", "list")}


class BlockRuler(Ruler[_Rule]):
    """The rules of blocks. A chain of rules that may end another block is one rule, which chooses among them."""

    def getRules(self, chainName: str = "") -> list[_Rule]:  # noqa: N802, N803  (markdown-it's names)
        """The rules of a chain."""
        return _ENDING[chainName]

    def chosen(self, without: frozenset[str]) -> dict[str, _Rules]:
        """The rules of every chain but those named in `without`."""
        if self.__cache__ is None:  # the base class empties it when a rule is added or switched
            self.__compile__()
            self._chosen: dict[frozenset[str], dict[str, _Rules]] = {}
        if without not in self._chosen:
            active = [rule for rule in self.__rules__ if rule.enabled and rule.name not in without]
            functions = {rule.name: _heading if rule.name == "heading" else rule.fn for rule in active}
            rules = {
                chain: _Rules([(rule.name, functions[rule.name]) for rule in active if chain in rule.alt])
                for chain in _ENDING
            }
            main = [("list", _plain_list), *functions.items()]
            if [name for name, _ in main[-2:]] == ["lheading", "paragraph"]:
                main[-2:] = [("paragraph", _paragraph_or_heading)]
            self._chosen[without] = {**rules, "": _Rules(main)}
        return self._chosen[without]


class BlockParser(ParserBlock):
    """The parser of blocks."""

    def __init__(self) -> None:
        """With the rules of the base class."""
        super().__init__()
        ruler = BlockRuler()
        for rule in self.ruler.__rules__:
            ruler.push(rule.name, rule.fn, {"alt": rule.alt})
        self.ruler: BlockRuler = ruler

    def parse(self, src: str, md: MarkdownIt, env: Any, outTokens: list[Token]) -> list[Token] | None:  # noqa: N803
        """Adds the blocks of `src` to `outTokens`."""
        if not src:
            return None
        state = BlockState(src, md, env, outTokens)
        state.rules = self.ruler.chosen(
            frozenset(name for name, pattern in _SOMEWHERE.items() if not pattern.search(src))
        )
        self.tokenize(state, 0, state.lineMax)
        return state.tokens

    def tokenize(self, state: Any, startLine: int, endLine: int) -> None:  # noqa: N803
        """Adds the blocks of some lines. As in the base class, but for the choice of rules."""
        rules = state.rules[""]
        by_sign, others = rules.by_sign, rules.others
        src, starts, shifts, ends, indents = state.src, state.bMarks, state.tShift, state.eMarks, state.sCount
        deepest = state.md.options.maxNesting
        line, empty_lines = startLine, False
        while line < endLine:
            state.line = line = state.skipEmptyLines(line)
            if line >= endLine or indents[line] < state.blkIndent:
                break
            if state.level >= deepest:
                state.line = endLine
                break
            at = starts[line] + shifts[line]
            chosen = by_sign.get(src[at], others) if indents[line] - state.blkIndent < 4 else rules.indented
            for rule in chosen:
                if rule(state, line, endLine, False):
                    break
            else:
                raise RuntimeError("the rule of paragraphs takes any line")
            state.tight = not empty_lines
            line = state.line
            before = line - 1
            if before < endLine and starts[before] + shifts[before] >= ends[before]:
                empty_lines = True
            if line < endLine and starts[line] + shifts[line] >= ends[line]:
                empty_lines = True
                line += 1
                state.line = line


def _paragraph_or_heading(state: Any, start: int, end: int, silent: bool) -> bool:
    """The rules `lheading` and `paragraph` in one reading of the lines."""
    if end != state.lineMax:  # within a quotation the two rules end at different lines
        return lheading(state, start, end, silent) or paragraph(state, start, end, silent)
    starts, shifts, ends, indents, least = state.bMarks, state.tShift, state.eMarks, state.sCount, state.blkIndent
    outer, state.parentType = state.parentType, "paragraph"
    terminates = _ENDING["paragraph"][0]
    line, underline = start + 1, ""
    while line < end:
        at = starts[line] + shifts[line]
        if at >= ends[line]:
            break
        indent = indents[line]
        if indent - least <= 3:
            if indent >= least and state.src[at] in "-=":
                underline = state.src[at]
                if not state.src[at : ends[line]].rstrip(" \t").strip(underline):
                    break
                underline = ""
            if indent >= 0 and terminates(state, line, end, True):
                break
        line += 1
    state.parentType = outer
    if line == start + 1:
        content = mdTrim(state.src[starts[start] + shifts[start] : ends[start]])
    else:
        content = mdTrim(state.getLines(start, line, least, False))
    kind, tag = ("heading", "h1" if underline == "=" else "h2") if underline else ("paragraph", "p")
    state.line = line + 1 if underline else line
    _add_text(state, kind, tag, content, [start, state.line], line, underline)
    return True


def _heading(state: Any, start: int, end: int, silent: bool) -> bool:
    """The rule `heading`, on the text of the line as a whole."""
    if state.is_code_block(start):
        return False
    text = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    content = text.lstrip("#")
    level = len(text) - len(content)
    if not 1 <= level <= 6 or content[:1] not in ("", " ", "\t"):
        return False
    if silent:
        return True
    content = content.rstrip(" \t")
    without_tail = content.rstrip("#")
    if without_tail[-1:] in (" ", "\t"):
        content = without_tail
    state.line = start + 1
    _add_text(state, "heading", f"h{level}", mdTrim(content), [start, start + 1], start + 1, "#" * level)
    return True


def _add_text(
    state: Any, kind: str, tag: str, content: str, lines: list[int], end: int, markup: str = "", hidden: bool = False
) -> None:
    """Adds a paragraph or a heading on `lines`, whose text ends before line `end`."""
    level = state.level
    inline = QuickToken("inline", "", 0, level + 1, content, "", None, [lines[0], end], True)
    inline.children = []
    state.tokens += (
        QuickToken(f"{kind}_open", tag, 1, level, "", markup, None, lines, True, hidden),
        inline,
        QuickToken(f"{kind}_close", tag, -1, level, "", markup, None, None, True, hidden),
    )


def _plain_list(state: Any, start: int, end: int, silent: bool) -> bool:
    """The rule `list` for what most lists are: at the left margin, each item one line of text, then an empty line.

    Any other list is left to the rule itself.
    """
    first = _ITEM(state.src, state.bMarks[start])
    if state.level or not first:
        return False
    mark, line = first["mark"], start
    items = []
    while line < end and (item := _ITEM(state.src, state.bMarks[line])) and item["mark"] == mark:
        items.append(item)
        line += 1
    after = state.skipEmptyLines(line)
    if after < state.lineMax and (after == line or _GOES_ON(state.src, state.bMarks[after])):
        return False
    kind, tag = ("ordered", "ol") if first["number"] else ("bullet", "ul")
    opening = state.push(f"{kind}_list_open", tag, 1)
    opening.markup, opening.map = mark, [start, after]
    if first["number"] and int(first["number"]) != 1:
        opening.attrs["start"] = int(first["number"])
    state.level = 2
    for number, item in enumerate(items, start):
        lines = [number, number + 1 if number + 1 < line else after]
        state.tokens.append(
            QuickToken("list_item_open", "li", 1, 1, "", mark, None, lines, True, False, item["number"] or "")
        )
        _add_text(state, "paragraph", "p", mdTrim(item["text"]), [number, number + 1], number + 1, hidden=True)
        state.tokens.append(QuickToken("list_item_close", "li", -1, 1, "", mark, None, None, True))
    state.level = 1
    state.push(f"{kind}_list_close", tag, -1).markup = mark
    state.line = after
    return True
