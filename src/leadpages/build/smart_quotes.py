"""Straight quotation marks, `--`, `---` and `...` turned into the signs that a printer would set.

Code, HTML and bare addresses are left alone: only tokens of text are touched. The signs of each language follow
the Unicode CLDR (https://cldr.unicode.org, "delimiters") and, for French, the narrow space that goes with them.
"""

from __future__ import annotations

import re
from typing import Final

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_APOSTROPHE: Final = "\u2019"
_ENGLISH: Final = ("\u201c", "\u201d", "\u2018", "\u2019")  # “ ” ‘ ’
_LOW_HIGH: Final = ("\u201e", "\u201c", "\u201a", "\u2018")  # „ “ ‚ ‘
_SAME: Final = ("\u201d", "\u201d", "\u2019", "\u2019")  # ” ” ’ ’
_ANGLES: Final = ("\u00ab", "\u00bb", "\u201c", "\u201d")  # « » “ ”
#: Opening and closing, of quotations and of quotations within them, by the first part of a language's code.
QUOTES: Final = {
    "bg": _LOW_HIGH,
    "cs": _LOW_HIGH,
    "de": _LOW_HIGH,
    "el": _ANGLES,
    "es": _ANGLES,
    "et": ("\u201e", "\u201c", "\u00ab", "\u00bb"),
    "fi": _SAME,
    "fr": ("\u00ab\u202f", "\u202f\u00bb", "\u201c", "\u201d"),
    "hr": ("\u201e", "\u201c", "\u201a", "\u2018"),
    "hu": ("\u201e", "\u201d", "\u00bb", "\u00ab"),
    "it": _ANGLES,
    "lt": _LOW_HIGH,
    "nb": ("\u00ab", "\u00bb", "\u2018", "\u2019"),
    "nn": ("\u00ab", "\u00bb", "\u2018", "\u2019"),
    "no": ("\u00ab", "\u00bb", "\u2018", "\u2019"),
    "pl": ("\u201e", "\u201d", "\u00ab", "\u00bb"),
    "pt": _ENGLISH,
    "ro": ("\u201e", "\u201d", "\u00ab", "\u00bb"),
    "ru": ("\u00ab", "\u00bb", "\u201e", "\u201c"),
    "sk": _LOW_HIGH,
    "sl": _LOW_HIGH,
    "sv": _SAME,
    "uk": ("\u00ab", "\u00bb", "\u201e", "\u201c"),
}

_QUOTE: Final = re.compile(r"""["']""")
_SIGNS: Final = re.compile(
    r"(?P<dots>(?<!\.)\.\.\.(?!\.))|(?P<em>(?<!-)---(?!-))"
    r"|(?P<en>(?<=\s)--(?=\s)|(?<=[^\s-])--(?=[^\s-]))"  # both sides alike: `--option` stays as it is
)
_BEFORE_A_QUOTE: Final = frozenset("([{<-–—/«„“‘‚\"'…\u00a1\u00bf*_~")
#: What stands for a token that is no text while the neighbours of a quotation mark are looked at.
_OTHER: Final = {"softbreak": "\n", "hardbreak": "\n", "code_inline": "x", "image": "x", "footnote_ref": "x"}


def _any(text: str) -> bool:
    """Whether there is something to set in `text`: four searches of the C library, a tenth of a pattern's time."""
    return "'" in text or '"' in text or "--" in text or "..." in text


def smart_quotes(state: StateCore, language: str) -> None:
    """A core rule of markdown-it: sets the signs of `language` in all text."""
    if not _any(state.src):
        return
    signs = QUOTES.get(language.replace("_", "-").split("-")[0].lower(), _ENGLISH)
    for token in state.tokens:
        if token.type == "inline" and token.children and _any(token.content):
            _set(token.children, signs)


def _set(tokens: list[Token], signs: tuple[str, str, str, str]) -> None:
    texts: list[tuple[int, Token]] = []
    flat, within_address = "", False
    for token in tokens:
        if token.info == "auto":
            within_address = token.nesting == 1
        if token.type == "text" and not within_address:
            texts.append((len(flat), token))
            flat += token.content
        else:
            flat += token.content if token.type in ("text", "text_special") else _OTHER.get(token.type, "")
    chosen = _choose(flat, texts, signs)
    for start, token in texts:
        text = token.content
        if _any(text):
            quoted = _QUOTE.sub(lambda found, start=start: chosen[start + found.start()], text)  # type: ignore[misc]
            token.content = _SIGNS.sub(_sign, quoted)


def _sign(found: re.Match[str]) -> str:
    return {"dots": "\u2026", "em": "\u2014", "en": "\u2013"}[str(found.lastgroup)]


def _choose(flat: str, texts: list[tuple[int, Token]], signs: tuple[str, str, str, str]) -> dict[int, str]:
    """What each quotation mark in `texts` becomes, by its place in `flat`. One without a partner is an
    apostrophe if it is single, and stays straight if it is double: an inch or a mistake.
    """
    chosen: dict[int, str] = {}
    open_marks: list[tuple[str, int]] = []
    for start, token in texts:
        for found in _QUOTE.finditer(token.content):
            at, mark = start + found.start(), found[0]
            before, after = flat[at - 1 : at] or " ", flat[at + 1 : at + 2] or " "
            single = mark == "'"
            chosen[at] = _APOSTROPHE if single else mark
            opens = not after.isspace() and (before.isspace() or before in _BEFORE_A_QUOTE)
            closes = not before.isspace() and not after.isalnum()
            partner = next((n for n in range(len(open_marks) - 1, -1, -1) if open_marks[n][0] == mark), None)
            if closes and partner is not None:
                chosen[open_marks[partner][1]] = signs[2 if single else 0]
                chosen[at] = signs[3 if single else 1]
                del open_marks[partner:]
            elif opens:
                open_marks.append((mark, at))
    return chosen
