"""Markdown as leadpages reads it: CommonMark with tables, strikethrough and blocks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from leadpages.build.directives import directives


def parser() -> MarkdownIt:
    """A parser with a renderer. HTML is let through here; `clean_html` decides what of it stays."""
    md = MarkdownIt("commonmark").enable(["table", "strikethrough"]).use(directives)
    md.add_render_rule("fence", _render_fence)
    md.add_render_rule("code_block", _render_code_block)
    md.add_render_rule("table_open", _render_table_open)
    md.add_render_rule("table_close", _render_table_close)
    return md


# What scrolls sideways on a phone must be within reach of a keyboard too (WCAG 2.2, 2.1.1).
def _render_fence(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    html: str = RendererHTML.fence(renderer, tokens, at, options, env)
    return html.replace("<pre>", '<pre tabindex="0">', 1)


def _render_code_block(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    html: str = RendererHTML.code_block(renderer, tokens, at, options, env)
    return html.replace("<pre>", '<pre tabindex="0">', 1)


def _render_table_open(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return '<div class="table" role="group" aria-label="Table" tabindex="0"><table>\n'


def _render_table_close(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return "</table></div>\n"


@cache
def _plain_parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False})


def simple_html(text: str) -> str:
    """A short text of a form: paragraphs, emphasis, links and lists; no HTML and no blocks."""
    html: str = _plain_parser().render(text)
    return html.strip()


def inline_html(text: str) -> str:
    """A label: emphasis and links within one line."""
    html: str = _plain_parser().renderInline(text)
    return html.strip()


def inline_text(text: str) -> str:
    """The words of a label, without their markup."""
    return plain_text(_plain_parser().parseInline(text)).strip()


def plain_text(tokens: Sequence[Token]) -> str:
    """The words in `tokens`, without markup."""
    words = []
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            words.append(" ")
        elif token.type in ("text", "code_inline"):
            words.append(token.content)
        elif token.children:
            words.append(plain_text(token.children))
    return "".join(words)


def absolute_links(html: str, base_url: str) -> str:
    """`html` with links to the site's own paths made absolute, for places that may be elsewhere."""
    return re.sub(r'\b(href|src)="/(?!/)', lambda found: f'{found[1]}="{base_url}/', html)


def feed_html(html: str, base_url: str) -> str:
    """`html` for a feed reader: absolute links, and no forms, which would post from nowhere."""
    clean: str = nh3.clean(html, clean_content_tags={"section", "script", "style"}, link_rel=None)
    return absolute_links(clean, base_url)


def has_html(tokens: Sequence[Token]) -> bool:
    """Whether a writer put HTML among the Markdown."""
    return any(
        token.type == "html_block" or any(child.type == "html_inline" for child in token.children or ())
        for token in tokens
    )


def clean_html(html: str) -> str:
    """`html` without what could run or dress up as the site: scripts, styles, forms, frames, handlers (nh3's list)."""
    attributes = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
    attributes.setdefault("*", set()).update({"class", "id"})
    attributes.setdefault("img", set()).add("loading")
    attributes.setdefault("pre", set()).add("tabindex")
    attributes.setdefault("div", set()).update({"aria-label", "role", "tabindex"})
    return nh3.clean(html, attributes=attributes, link_rel=None)
