"""Markdown as leadpages reads it: CommonMark with what GitHub and other generators add to it, and blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from leadpages.build.attributes import attributes, unsafe_attributes
from leadpages.build.directives import directives
from leadpages.build.heading_ids import Heading, headings, set_heading_ids
from leadpages.build.highlighting import pygments_css
from leadpages.build.html_cleaning import clean_html, has_html, unsafe_tags
from leadpages.build.markdown_engine import FastMarkdownIt
from leadpages.build.markdown_extras import WORDS, extras, mark_more
from leadpages.build.markdown_tokens import MARKS, block_mark, image_mark, link_mark, plain_text
from leadpages.build.smart_quotes import smart_quotes

__all__ = [
    "MARKS", "WORDS", "Heading", "MarkdownOptions", "absolute_links", "block_mark", "clean_html", "configure",
    "has_html", "headings", "image_mark", "inline_html", "inline_text", "link_mark", "parser",
    "plain_text", "pygments_css", "simple_html", "unsafe_attributes", "unsafe_tags",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class MarkdownOptions:
    """How Markdown is read: `[markdown]` of `leadpages.toml`, and the language of the page.

    With the preset "commonmark" all else but `trusted_html` has no effect.
    """

    preset: Literal["leadpages", "commonmark"] = "leadpages"
    trusted_html: bool = False
    anchors: bool = True
    highlight: bool = True
    smart_quotes: bool = True
    language: str = "en"


def parser(options: MarkdownOptions = MarkdownOptions()) -> MarkdownIt:
    """A new parser with a renderer. HTML is let through here; `clean_html` decides what of it stays."""
    return configure(FastMarkdownIt(), options)


def configure(md: MarkdownIt, options: MarkdownOptions) -> MarkdownIt:
    """`md`, made with the preset "commonmark" of markdown-it, with all that `options` ask for."""
    md.use(mark_more)
    if options.preset == "commonmark":
        md.add_render_rule("blockquote_open", _blockquote_open)
        return md
    md.use(directives).use(attributes).use(extras, highlighting=options.highlight)
    if options.anchors:
        md.core.ruler.before("text_join", "heading_ids", set_heading_ids)
    if options.smart_quotes:
        md.core.ruler.before("text_join", "smart_quotes", partial(smart_quotes, language=options.language))
    return md


def _blockquote_open(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """As the examples of the specification write an empty quotation; markdown-it writes both tags on one line."""
    html: str = renderer.renderToken(tokens, at, options, env)
    return html if html.endswith("\n") else html + "\n"


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


def absolute_links(html: str, base_url: str, page_url: Callable[[str], str] = str) -> str:
    """`html` with links to the site's own paths made absolute, for places that may be elsewhere.

    `page_url` gives a path the form that the site's pages have.
    """
    return re.sub(r'\b(href|src)="(/(?!/)[^"]*)', lambda found: f'{found[1]}="{base_url}{page_url(found[2])}', html)
