"""The renderer of markdown-it-py, with the same HTML, in less time: most tokens are a tag or a text and no more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token


class Renderer(RendererHTML):
    """Renders tokens to HTML. Rules can be added for all types of tokens but `inline`, `text` and `softbreak`."""

    def render(self, tokens: Sequence[Token], options: Any, env: Any) -> str:
        """The HTML of blocks."""
        out: list[str] = []
        add, rules, xhtml = out.append, self.rules, options.xhtmlOut
        for at, token in enumerate(tokens):
            kind = token.type
            if kind == "inline":
                if token.children:
                    self._render_line(token.children, options, env, out)
            elif kind in rules:
                add(rules[kind](tokens, at, options, env))
            elif token.hidden:
                pass
            elif token.nesting < 0 and token.block and not token.attrs:
                add(f"</{token.tag}>\n")
            else:
                add(self._tag(tokens, at, xhtml))
        return "".join(out)

    def renderInline(self, tokens: Sequence[Token], options: Any, env: Any) -> str:  # noqa: N802
        """The HTML of what stands in a line."""
        out: list[str] = []
        self._render_line(tokens, options, env, out)
        return "".join(out)

    def renderToken(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:  # noqa: N802
        """The tag of a token."""
        return "" if tokens[idx].hidden else self._tag(tokens, idx, options.xhtmlOut)

    def _render_line(self, tokens: Sequence[Token], options: Any, env: Any, out: list[str]) -> None:
        rules = self.rules
        for at, token in enumerate(tokens):
            kind = token.type
            if kind == "text":
                out.append(escapeHtml(token.content))
            elif kind == "softbreak":
                out.append("\n")
            elif kind in rules:
                out.append(rules[kind](tokens, at, options, env))
            elif token.nesting < 0:
                out.append(f"</{token.tag}>")
            elif token.nesting > 0 and not token.attrs:
                out.append(f"<{token.tag}>")
            else:
                out.append(self._tag(tokens, at, options.xhtmlOut))

    def _tag(self, tokens: Sequence[Token], at: int, xhtml: bool) -> str:
        token = tokens[at]
        attrs = self.renderAttrs(token) if token.attrs else ""
        if not token.block:
            slash = "/" if token.nesting < 0 else ""
            return f"<{slash}{token.tag}{attrs}{' /' if xhtml and token.nesting == 0 else ''}>"
        if token.nesting < 0:
            return f"</{token.tag}{attrs}>\n"
        before = "\n" if at and tokens[at - 1].hidden else ""
        if token.nesting == 0:
            return f"{before}<{token.tag}{attrs}{' />' if xhtml else '>'}\n"
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        stays = following is not None and (
            following.type == "inline" or following.hidden or (following.nesting == -1 and following.tag == token.tag)
        )
        return f"{before}<{token.tag}{attrs}>" if stays else f"{before}<{token.tag}{attrs}>\n"
