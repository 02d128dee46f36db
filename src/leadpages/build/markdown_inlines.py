"""The inline parser of markdown-it-py, with the same rules and the same tokens, in less time.

What the profile showed: half the time goes into offering every piece of a line to each of 12 rules, into objects for
the delimiters of emphasis, and into joining what was cut apart for that. Here a line of words, plain emphasis, code,
plain links and pictures is read by one regular expression; any other line goes through the rules, of which its next
character chooses those that may match.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_core import StateCore
from markdown_it.rules_core.text_join import _join_text_tokens
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from leadpages.build.markdown_tokens import QuickToken

_Rule = Callable[[StateInline, bool], bool]

# Words without any sign that a rule matches at. A colon only begins an address if `/` follows, `_` within a word and
# `*` between spaces are no emphasis, and so on.
_PLAIN: Final = r"[^\n!&*:<@\[\\\]_`~]"
_HARMLESS: Final = r":(?!/)|!(?!\[)|(?<=[A-Za-z0-9])_+(?=[A-Za-z0-9])|(?<= )\*(?= )|&(?= )|<(?=[ 0-9])"
_WORDS: Final = rf"(?:{_PLAIN}|{_HARMLESS}){_PLAIN}*+(?:(?:{_HARMLESS}){_PLAIN}*+)*+"
# An address that is the same after markdown-it has made it regular, and a safe one.
_ADDRESS: Final = (
    r"(?=[^)])(?:https?://[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,3}(?=[/)]))?(?!//)"
    r"[A-Za-z0-9/.?_=+-]*(?:#[A-Za-z0-9._=+-]*)?"
)
_PIECE: Final = re.compile(
    rf"(?P<text>{_WORDS})"
    # Delimiters that by the rules of CommonMark can only open, and only close, and have no other between them.
    rf"|(?<![^ \n])(?P<mark>\*\*?)(?=[^*\s])(?P<inner>{_WORDS})"
    r"(?P<emphasis>(?<=\S)(?P=mark)(?=[ \n]|\Z)|(?<=[^\W_])(?P=mark)(?=[.,;:!?)'\"]))"
    r"|(?P<newline>\n[ \t]*)"
    r"|`(?P<code>[^`\n]+)`(?![`{])"
    rf"|\[(?P<label>(?!\^){_WORDS})\]\((?P<href>{_ADDRESS})\)(?!\{{)"
    rf"|!\[(?P<alt>(?:(?!\^){_WORDS})?)\]\((?P<src>{_ADDRESS})\)(?!\{{)"
).match

#: The characters that a rule matches at.
_FIRST: Final = {
    "attributes": "{",
    "autolink": "<",
    "backticks": "`",
    "emphasis": "*_",
    "entity": "&",
    "escape": "\\",
    "footnote_ref": "[",
    "gfm_autolink_email": "@",
    "gfm_autolink_protocol": ":",
    "gfm_autolink_www": "w",
    "html_inline": "<",
    "image": "!",
    "link": "[",
    "newline": "\n",
    "strikethrough": "~",
}


def read_plain(src: str, out: list[Token]) -> bool:
    """Adds the tokens of `src` to `out` if it holds nothing but words and what `_PIECE` knows; else adds none."""
    if "www." in src:
        return False
    tokens: list[Token] = []
    add = tokens.append
    at, end = 0, len(src)
    while at < end:
        found = _PIECE(src, at)
        if found is None:
            return False
        at = found.end()
        kind = found.lastgroup
        if kind == "text":
            add(QuickToken("text", "", 0, 0, found[0]))
        elif kind == "emphasis":
            mark = found["mark"]
            tag = "strong" if mark == "**" else "em"
            add(QuickToken(f"{tag}_open", tag, 1, 0, "", mark))
            add(QuickToken("text", "", 0, 1, found["inner"]))
            add(QuickToken(f"{tag}_close", tag, -1, 0, "", mark))
        elif kind == "newline":
            _break_line(tokens)
        elif kind == "code":
            content = found["code"]
            if content[0] == content[-1] == " " and content.strip(" "):
                content = content[1:-1]
            add(QuickToken("code_inline", "code", 0, 0, content, "`"))
        elif kind == "href":
            add(QuickToken("link_open", "a", 1, 0, "", "", {"href": found["href"]}))
            add(QuickToken("text", "", 0, 1, found["label"]))
            add(QuickToken("link_close", "a", -1))
        else:
            image = QuickToken("image", "img", 0, 0, found["alt"], "", {"src": found["src"], "alt": ""})
            image.children = [QuickToken("text", "", 0, 0, found["alt"])] if found["alt"] else None
            add(image)
    out += tokens
    return True


def _break_line(tokens: list[Token]) -> None:
    """Adds the end of a line: a hard one if two spaces are before it, which go."""
    kind = "softbreak"
    if tokens and tokens[-1].type == "text" and tokens[-1].content[-1] == " ":
        text = tokens[-1].content
        if text.endswith("  "):
            kind, text = "hardbreak", text.rstrip(" ")
        else:
            text = text[:-1]
        tokens[-1].content = text
        if not text:
            del tokens[-1]
    tokens.append(QuickToken(kind, "br"))


class LineState(StateInline):
    """The state of a line while it is read."""

    #: What `InlineParser` chose for it.
    choice: Any


class InlineParser(ParserInline):
    """The parser of lines."""

    def parse(self, src: str, md: MarkdownIt, env: Any, tokens: list[Token]) -> list[Token]:
        """Adds the tokens of `src` to `tokens`."""
        if read_plain(src, tokens):
            return tokens
        state = LineState(src, md, env, tokens)
        state.choice = self._chosen("www." in src)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens

    def tokenize(self, state: Any) -> None:
        """Adds the tokens up to `state.posMax`. As in the base class, but for the choice of rules."""
        src, end = state.src, state.posMax
        by_sign, find = state.choice
        if state.level >= state.md.options.maxNesting:
            by_sign = {}
        while state.pos < end:
            at = state.pos
            rules = by_sign.get(src[at])
            if rules is None:
                found = find(src, at + 1, end)
                state.pos = found.start() if found else end
                state.append_pending(src[at : state.pos])
                continue
            for rule in rules:
                if rule(state, False):
                    break
            else:
                state.append_pending(src[at])
                state.pos = at + 1
        if state.pending:
            state.pushPending()

    def skipToken(self, state: Any) -> None:  # noqa: N802
        """Goes over one token. As in the base class, but for the choice of rules."""
        at, cache = state.pos, state.cache
        if at in cache:
            state.pos = cache[at]
            return
        if state.level >= state.md.options.maxNesting:
            cache[at] = state.pos = state.posMax + 1
            return
        by_sign, find = state.choice
        rules = by_sign.get(state.src[at])
        if rules is None:
            found = find(state.src, at + 1, state.posMax)
            state.pos = found.start() if found else state.posMax
        else:
            state.level += 1
            for rule in rules:
                if rule(state, True):
                    break
            else:
                state.pos = at + 1
            state.level -= 1
        cache[at] = state.pos

    def _chosen(self, www: bool) -> Any:
        """The rules by the characters that they match at, and a search for the next of these characters."""
        if self.ruler.__cache__ is None:  # the base class empties it when a rule is added or switched
            self.ruler.__compile__()
            self._choices: dict[bool, Any] = {}
        if www not in self._choices:
            rules = [rule for rule in self.ruler.__rules__ if rule.enabled and rule.name != "text"]
            rules = [rule for rule in rules if www or rule.name != "gfm_autolink_www"]
            signs = {sign for rule in rules for sign in _FIRST[rule.name]} | {"]"}
            by_sign = {sign: tuple(rule.fn for rule in rules if sign in _FIRST[rule.name]) for sign in signs}
            self._choices[www] = by_sign, re.compile(f"[{re.escape(''.join(sorted(signs)))}]").search
        return self._choices[www]


def join_texts(state: StateCore) -> None:
    """The rule `text_join`, where there is something to join: what it joins comes of a backslash or `&`."""
    if "\\" in state.src or "&" in state.src:
        for token in state.tokens:
            if token.type == "inline" and token.children and ("\\" in token.content or "&" in token.content):
                for child in token.children:
                    if child.children:
                        child.children = _join_text_tokens(child.children)
                token.children = _join_text_tokens(token.children)


def normalize_newlines(state: StateCore) -> None:
    """The rule `normalize`, where there is something to do."""
    if "\r" in state.src:
        state.src = state.src.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in state.src:
        state.src = state.src.replace("\0", "\ufffd")
