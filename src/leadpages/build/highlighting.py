"""Code in colours: Pygments finds the words, its short class names mark them, a style sheet colours them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from markdown_it.common.utils import escapeHtml

if TYPE_CHECKING:
    from pygments.lexer import Lexer

#: Languages that nobody colours; asking for one of them loads no library.
_PLAIN: Final = frozenset({"", "text", "txt", "plain", "plaintext", "none"})

#: Each colour with the first letters of the Pygments classes that have it, and with its light and its dark value.
_COLOURS: Final = (
    (("c",), "#5b6472", "#a4aebb"),
    (("k", "ow", "nt"), "#8a1f6b", "#f0a3d6"),
    (("s", "dl"), "#1b6337", "#8fd9a8"),
    (("m", "l"), "#8a4600", "#f2b880"),
    (("nf", "nc", "nd", "fm"), "#0b5384", "#8cc8ee"),
    (("nb", "nx", "na", "bp"), "#5a3fa0", "#c7b5f5"),
    (("gd",), "#a3211a", "#ff9d94"),
    (("gi",), "#16633f", "#7fd6ab"),
    (("gh", "gu", "gp"), "#525c6b", "#a9b3bf"),
)


def highlight(code: str, language: str) -> str | None:
    """`code` as HTML with its words in `<span class="…">`, or None if the language is not one that Pygments knows."""
    name = language.lower()
    if name in _PLAIN:
        return None
    lexer = _lexer(name)
    if lexer is None:
        return None
    out: list[str] = []
    last = ""
    for kind, text in lexer.get_tokens(code):
        name = _class(kind)
        if name != last:
            if last:
                out.append("</span>")
            if name:
                out.append(f'<span class="{name}">')
            last = name
        out.append(escapeHtml(text))
    if last:
        out.append("</span>")
    return "".join(out)


@cache
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name  # 0.03 s, and most pages have no code
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@cache
def _class(kind: Any) -> str:
    """The class of a kind of token, "" for what has no colour in `pygments_css`: fewer spans, smaller pages."""
    from pygments.token import STANDARD_TYPES

    name: str = STANDARD_TYPES.get(kind, "")
    while not name and kind.parent is not None:
        kind = kind.parent
        name = STANDARD_TYPES.get(kind, "")
    return name if name.startswith(_COLOURED) else ""


_COLOURED: Final = tuple(start for starts, _, _ in _COLOURS for start in starts)


def pygments_css() -> str:
    """Style rules for highlighted code, light and dark. Each colour is at least 4.5:1 on the theme's `--surface`."""
    dark = "".join(f"  {rule}\n" for rule in _rules(2))
    return "".join(f"{rule}\n" for rule in _rules(1)) + f"@media (prefers-color-scheme: dark) {{\n{dark}}}\n"


def _rules(column: int) -> list[str]:
    return [
        ", ".join(f'.highlight [class^="{start}"]' for start in colours[0]) + f" {{ color: {colours[column]}; }}"
        for colours in _COLOURS
    ]
