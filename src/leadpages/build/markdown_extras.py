"""What our Markdown has beyond CommonMark and its renderers: task lists, footnotes, admonitions, tables, code.

Words that the page shows or a screen reader says are written in English here; `env["words"]` of markdown-it, a
mapping from these English words (`WORDS`), gives them in the page's language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, emphasis
from markdown_it.token import Token
from mdit_py_plugins.admon import admon_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin
from mdit_py_plugins.gfm_autolink.index import _protocol_rule

from leadpages.build.highlighting import highlight
from leadpages.core.translations import fill

#: All words that a page may need, for translators.
WORDS: Final = (
    "Table", "Footnotes", "Footnote {number}", "Back to reference {number}",
    "Note", "Tip", "Important", "Warning", "Caution", "Danger", "Info", "Example", "Question", "Quote", "Success",
)  # fmt: skip

_MORE: Final = re.compile(r"\s*<!--\s*more\s*-->\s*")
_PROTOCOLS: Final = ("http", "https", "mailto", "xmpp")
_WITHIN_WORD: Final = re.compile(r"(?<=[A-Za-z0-9])_+(?=[A-Za-z0-9])")
_AHEAD: Final = re.compile(r":(?://[^\s!-/:-@\[-`{-~]|[^\s/:<>])")
_TASK: Final = re.compile(r"\[[ xX]\]")
_ONE_WORD: Final = re.compile(r'\s*[^\s"]+\s*')
_TITLES: Final = ("alert_title_open", "admonition_title_open", "admonition_title_close")


def extras(md: MarkdownIt, *, highlighting: bool) -> None:
    """A markdown-it plugin: everything of this module."""
    md.enable(["table", "strikethrough"]).use(_tables_last)
    md.options.update({"tasklists": True, "alerts": True, "strikethrough_single_tilde": True})
    md.use(gfm_autolink_plugin).use(footnote_plugin, inline=False).use(deflist_plugin).use(admon_plugin)
    md.inline.ruler.at("gfm_autolink_protocol", _protocol_autolink)
    md.inline.ruler.at("emphasis", _emphasis)
    md.core.ruler.after("inline", "task_labels", _label_tasks)
    md.core.ruler.after("inline", "admonitions", _dress_admonitions)
    md.core.ruler.after("block", "alignment", _align_by_class)
    md.add_render_rule("fence", _highlighted_fence if highlighting else _fence)
    for name, rule in _RULES.items():
        md.add_render_rule(name, rule)
    md.add_render_rule("list_item_open", _list_item_open)


def mark_more(md: MarkdownIt) -> None:
    """A markdown-it plugin: `<!-- more -->` becomes a token of type `more`, which is never shown. It is a block of
    its own or, within a line, a child of the line's `inline` token.
    """
    md.core.ruler.after("inline", "more", _find_more)
    md.add_render_rule("more", _nothing)


def _find_more(state: StateCore) -> None:
    if "<!--" not in state.src:
        return
    for token in state.tokens:
        for one in (token, *(token.children or ())):
            if one.type in ("html_block", "html_inline") and _MORE.fullmatch(one.content):
                one.type, one.content = "more", ""


def _tables_last(md: MarkdownIt) -> None:
    """As GitHub reads it: a line with bars that begins a list, a quotation or a heading begins that and no table."""
    rules = md.block.ruler.__rules__
    names = [rule.name for rule in rules]
    rules.insert(names.index("lheading") - 1, rules.pop(names.index("table")))
    md.block.ruler.__cache__ = None


def _emphasis(state: StateInline, silent: bool) -> bool:
    """The rule of CommonMark, by which underscores within a word are text; here that of an address too: `a_b@c.de`."""
    within = None if silent else _WITHIN_WORD.match(state.src, state.pos)
    if not within:
        return emphasis.tokenize(state, silent)
    state.append_pending(within[0])
    state.pos = within.end()
    return True


def _protocol_autolink(state: StateInline, silent: bool) -> bool:
    """The plugin's rule, but only where it may match: it searches all that stands before each colon."""
    may = not silent and state.src.endswith(_PROTOCOLS, 0, state.pos) and _AHEAD.match(state.src, state.pos)
    return bool(may) and _protocol_rule(state, silent)


def _label_tasks(state: StateCore) -> None:
    """The text of a task is the label of its box."""
    if not _TASK.search(state.src):
        return
    for item, (paragraph, inline) in zip(state.tokens, pairwise(state.tokens[1:]), strict=False):
        if item.type == "list_item_open" and "checked" in item.meta and paragraph.type == "paragraph_open":
            opening = Token("task_open", "label", 1, meta=item.meta)
            inline.children = [opening, *(inline.children or ()), Token("task_close", "label", -1)]


def _dress_admonitions(state: StateCore) -> None:
    """Both kinds of admonition look alike; `???` folds; a title that the writer did not choose is to be translated."""
    if "!!!" not in state.src and "???" not in state.src and "[!" not in state.src:
        return
    before = Token("", "", 0)
    summary = False
    for token in state.tokens:
        if token.type == "alert_open":
            kind = str(token.meta["kind"]).lower()
            given = str(token.attrs["class"]).removeprefix(f"markdown-alert markdown-alert-{kind}")
            token.attrs.update({"class": f"admonition {kind}{given}", "role": "note"})
        elif token.type == "admonition_open":
            token.attrs["class"] = re.sub(r" is-collapsible \S+", "", str(token.attrs["class"]))
            summary = token.markup.startswith("?")
            if summary:
                token.tag = "details"
                token.attrs.update({"open": ""} if token.markup == "???+" else {})
            else:
                token.attrs["role"] = "note"
            written_title = not _ONE_WORD.fullmatch(token.info)
        elif token.type == "admonition_close" and token.markup.startswith("?"):
            token.tag = "details"
        elif token.type in _TITLES:
            if token.nesting == 1:
                token.attrs["class"] = "admonition-title"
            if token.type.startswith("admonition") and summary:
                token.tag = "summary"
        elif before.type == "alert_title_open" or (before.type == "admonition_title_open" and not written_title):
            token.children = [Token("word", "", 0, content=token.content)]
        before = token


def _align_by_class(state: StateCore) -> None:
    """The strict Content-Security-Policy of the pages lets no `style` attribute work."""
    if "|" not in state.src:
        return
    for token in state.tokens:
        if token.tag in ("td", "th") and "style" in token.attrs:
            side = str(token.attrs.pop("style")).removeprefix("text-align:")
            token.attrs["class"] = f"align-{side}"


def _word(env: Any, word: str, **gaps: object) -> str:
    translated = env.get("words", {}).get(word, word)
    return escapeHtml(fill(translated, gaps))


def _nothing(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return ""


def _render_word(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return _word(env, tokens[at].content)


# What scrolls sideways on a phone must be within reach of a keyboard too (WCAG 2.2, 2.1.1).
def _fence(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    html: str = RendererHTML.fence(renderer, tokens, at, options, env)
    return html.replace("<pre>", '<pre tabindex="0">', 1)


def _highlighted_fence(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    token = tokens[at]
    language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
    coloured = highlight(token.content, language) if language else None
    if coloured is None:
        return _fence(renderer, tokens, at, options, env)
    name = escapeHtml(f"{language} {token.attrs.get('class', '')}".strip())
    return f'<pre class="highlight" tabindex="0"><code class="language-{name}">{coloured}</code></pre>\n'


def _code_block(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    html: str = RendererHTML.code_block(renderer, tokens, at, options, env)
    return html.replace("<pre", '<pre tabindex="0"', 1)


def _table_open(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    attrs = renderer.renderAttrs(tokens[at])
    return f'<div class="table" role="group" aria-label="{_word(env, "Table")}" tabindex="0"><table{attrs}>\n'


def _table_close(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return "</table></div>\n"


def _list_item_open(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """Without the box that markdown-it puts before a task: it has no label."""
    html: str = renderer.renderToken(tokens, at, options, env)
    return html


def _task_open(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    checked = ' checked=""' if tokens[at].meta["checked"] else ""
    return f'<label><input type="checkbox" disabled=""{checked} /> '


def _footnote_ref(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    number, again = _numbers(tokens[at])
    label = _word(env, "Footnote {number}", number=number)
    return (
        f'<sup class="footnote-ref"><a href="#fn:{number}" id="fnref:{number}{again}" role="doc-noteref" '
        f'aria-label="{label}">{number}</a></sup>'
    )


def _footnotes_open(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return f'<div class="footnotes" role="doc-endnotes" aria-label="{_word(env, "Footnotes")}">\n<hr />\n<ol>\n'


def _footnotes_close(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return "</ol>\n</div>\n"


def _footnote_open(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return f'<li id="fn:{_numbers(tokens[at])[0]}">'


def _footnote_close(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return "</li>\n"


def _footnote_anchor(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    number, again = _numbers(tokens[at])
    label = _word(env, "Back to reference {number}", number=number + again.replace(":", "-"))
    return (
        f' <a href="#fnref:{number}{again}" class="footnote-backref" role="doc-backlink" '
        f'aria-label="{label}">\u21a9\ufe0e</a>'
    )


def _numbers(token: Token) -> tuple[str, str]:
    """The number of a footnote, and what its second and later references add to their ids."""
    again = token.meta.get("subId", 0)
    return str(token.meta["id"] + 1), f":{again + 1}" if again else ""


_RULES: Final = {
    "code_block": _code_block,
    "footnote_anchor": _footnote_anchor,
    "footnote_block_close": _footnotes_close,
    "footnote_block_open": _footnotes_open,
    "footnote_close": _footnote_close,
    "footnote_open": _footnote_open,
    "footnote_ref": _footnote_ref,
    "table_close": _table_close,
    "table_open": _table_open,
    "task_open": _task_open,
    "word": _render_word,
}
