"""From a document to a page: Markdown and blocks rendered to HTML, and every reference noted."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final

from jinja2 import Environment, TemplateSyntaxError
from markdown_it.token import Token
from markupsafe import Markup, escape

from leadpages.build.directives import Directive
from leadpages.build.documents import Document
from leadpages.build.markdown import clean_html, has_html, parser, plain_text
from leadpages.build.text import BLOCK_END, BLOCK_START
from leadpages.build.theme import TEMPLATE_ERRORS, BlockFile, template_problem
from leadpages.core.errors import Problem, nearest
from leadpages.core.forms import Form
from leadpages.core.site import SiteInfo
from leadpages.core.urls import SUBMIT

_PLACE: Final = re.compile(f"{BLOCK_START}(\\d+){BLOCK_END}")
_PAGE_MARK: Final = f"{BLOCK_START}page{BLOCK_END}"
_SUMMARY_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Reference:
    """Something that a page points to, and on which line of its file."""

    target: str
    line: int
    is_image: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A document with its Markdown rendered. `form_html` is the form that a rule or the front matter places."""

    document: Document
    html: Markup
    form_html: Markup
    image_alt: str
    summary: str
    references: tuple[Reference, ...]
    forms: tuple[str, ...]


@dataclass
class _Rendering:
    """What gathers while one document is rendered."""

    document: Document
    references: list[Reference] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)

    def line(self, token_line: int) -> int:
        return self.document.body_line + token_line

    def report(self, line: int, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.document.path, line, message, hint))


class Renderer:
    """Renders documents with one theme's blocks and one site's forms."""

    def __init__(
        self,
        env: Environment,
        blocks: Mapping[str, BlockFile],
        forms: Mapping[str, Form],
        site: SiteInfo,
        broken_forms: Collection[str] = (),
    ) -> None:
        self.forms, self._broken_forms = forms, broken_forms
        self._env, self._blocks, self._site = env, blocks, site
        self._md = parser()
        self._md.add_render_rule("placed_block", _render_place)
        self._rendered_forms: dict[tuple[str, str], str] = {}

    def render(self, document: Document, placed_form: str) -> tuple[Page, list[Problem]]:
        """The page of `document`, with `placed_form` under it unless it is "" or the page has that form already."""
        work = _Rendering(document)
        tokens = self._md.parse(document.body)
        image_alt = document.image_alt
        if document.template == "post" and document.image and _opens_with(tokens, document.image):
            image_alt = image_alt or plain_alt(tokens[1])
            del tokens[:3]  # the template of posts shows it
        _note_references(tokens, work)
        html = self._render_tokens(tokens, work)
        form_html = Markup("")
        chosen = document.form or placed_form
        if chosen and chosen not in work.forms:
            line = document.lines.get(("form",), 0)
            form_html = self._render_form(chosen, work, line)
        if document.image:
            line = document.lines.get(("image",), 0)
            work.references.append(Reference(document.image, line, is_image=True))
        page = Page(
            document=document,
            html=Markup(html),  # noqa: S704  (rendered by this class, cleaned where it has HTML of the writer's)
            form_html=form_html,
            image_alt=image_alt,
            summary=document.description or _summary(tokens),
            references=tuple(work.references),
            forms=tuple(work.forms),
        )
        return page, work.problems

    def _render_tokens(self, tokens: Sequence[Token], work: _Rendering) -> str:
        kept: list[Token] = []
        rendered: list[str] = []
        at = 0
        while at < len(tokens):
            token = tokens[at]
            if token.type not in ("directive", "directive_open"):
                kept.append(token)
                at += 1
                continue
            end = _end_of(tokens, at)
            content = self._render_tokens(tokens[at + 1 : end], work) if token.type == "directive_open" else ""
            place = Token("placed_block", "", 0, content=f"{BLOCK_START}{len(rendered)}{BLOCK_END}")
            rendered.append(self._render_block(token.meta["directive"], content, work))
            kept.append(place)
            at = end + 1
        html: str = self._md.renderer.render(kept, self._md.options, {})
        if "<" in work.document.body and has_html(kept):
            html = clean_html(html)
        return _PLACE.sub(lambda found: "".join(rendered[int(found[1]) :][:1]), html) if rendered else html

    def _render_block(self, directive: Directive, content: str, work: _Rendering) -> str:
        line = work.line(directive.line)
        declared = self._blocks.get(directive.name)
        if directive.fault:
            work.report(line, f"block `{directive.name}` {directive.fault}")
            return ""
        if declared is None:
            work.report(line, f"there is no block `{directive.name}`", nearest(directive.name, self._blocks))
            return ""
        if declared.container != directive.container:
            marks, ending = (":::", ", and ends with a line `:::`") if declared.container else ("::", "")
            work.report(line, f"block `{directive.name}` begins with `{marks}`{ending}")
            return ""
        attributes = self._attributes(directive, declared, work, line)
        if attributes is None:
            return ""
        try:
            template = self._env.get_template(f"blocks/{directive.name}.html")
            inner = Markup(content)  # noqa: S704  (rendered by this class)
            return template.render(**attributes, content=inner, page=work.document, site=self._site)
        except TEMPLATE_ERRORS as error:
            problem = template_problem(f"blocks/{directive.name}.html", error)
            hint = "" if isinstance(error, TemplateSyntaxError) else f"used in {work.document.path}:{line}"
            work.problems.append(replace(problem, hint=hint))
            return ""

    def _attributes(
        self, directive: Directive, declared: BlockFile, work: _Rendering, line: int
    ) -> dict[str, Any] | None:
        before = len(work.problems)
        for name in directive.attributes:
            if name not in declared.attributes:
                message = f"block `{directive.name}` has no attribute `{name}`"
                work.report(line, message, nearest(name, declared.attributes))
        values: dict[str, Any] = {}
        for name, attribute in declared.attributes.items():
            given = directive.attributes.get(name)
            if attribute.type == "flag":
                values[name] = name in directive.attributes and given != "false"
            elif name in directive.attributes and given is None:
                work.report(line, f"attribute `{name}` of block `{directive.name}` has no value", f'write {name}="…"')
            elif attribute.required and not given:
                work.report(line, f"block `{directive.name}` needs the attribute `{name}`", f'write {name}="…"')
            elif attribute.type == "form":
                values[name] = self._render_form(given, work, line) if given else ""
            elif given and attribute.type in ("url", "image") and not self._md.validateLink(given):
                work.report(line, f"attribute `{name}` of block `{directive.name}` is no address: {given}")
            else:
                values[name] = given or ""
                if given and attribute.type in ("url", "image"):
                    work.references.append(Reference(given, line, attribute.type == "image"))
        return values if len(work.problems) == before else None

    def _render_form(self, name: str, work: _Rendering, line: int) -> Markup:
        form = self.forms.get(name)
        if form is None and name in self._broken_forms:
            return Markup("")  # what is wrong with it is reported already, once
        if form is None:
            work.report(line, f"there is no form `{name}`", nearest(name, self.forms) or "write forms/NAME.toml")
            return Markup("")
        work.forms.append(name)
        uid = "form" if len(work.forms) == 1 else f"form-{len(work.forms)}"
        if (name, uid) not in self._rendered_forms:
            self._rendered_forms[name, uid] = self._env.get_template("form.html").render(
                form=form,
                action=f"{self._site.handler_url}{SUBMIT}{name}",
                values={},
                errors={},
                page_path=_PAGE_MARK,
                started="",
                uid=uid,
            )
        html = self._rendered_forms[name, uid].replace(_PAGE_MARK, str(escape(work.document.url)))
        return Markup(html)  # noqa: S704  (rendered by the theme's template)


def _render_place(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return tokens[at].content + "\n"


def _end_of(tokens: Sequence[Token], start: int) -> int:
    depth = 0
    for at in range(start, len(tokens)):
        if tokens[at].type.startswith("directive"):
            depth += tokens[at].nesting
        if depth == 0:
            return at
    raise AssertionError("the parser closes what it opens")


def _opens_with(tokens: Sequence[Token], image: str) -> bool:
    if len(tokens) < 3 or tokens[0].type != "paragraph_open":
        return False
    children = tokens[1].children or []
    return len(children) == 1 and children[0].type == "image" and children[0].attrs.get("src") == image


def plain_alt(inline: Token) -> str:
    """The alternative text of the image that `inline` begins with."""
    return plain_text((inline.children or [])[0].children or [])


def _note_references(tokens: Sequence[Token], work: _Rendering) -> None:
    for token in tokens:
        line = work.line((token.map or [0])[0])
        for child in token.children or ():
            if child.type in ("softbreak", "hardbreak"):
                line += 1
            elif child.type == "link_open":
                work.references.append(Reference(str(child.attrs["href"]), line))
            elif child.type == "image":
                child.attrs["loading"] = "lazy"
                work.references.append(Reference(str(child.attrs["src"]), line, is_image=True))


def _summary(tokens: Sequence[Token]) -> str:
    paragraphs = (
        plain_text(token.children or [])
        for before, token in pairwise(tokens)
        if before.type == "paragraph_open" and token.type == "inline"
    )
    text = next((text for text in paragraphs if text.strip()), "").strip()
    if len(text) <= _SUMMARY_LENGTH:
        return text
    return text[:_SUMMARY_LENGTH].rpartition(" ")[0].rstrip(",;:–—-") + "…"
