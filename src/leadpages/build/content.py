"""From a document to a page and its body: Markdown and blocks rendered to HTML, and every reference noted.

Nothing here depends on other files of the site: where a link or a picture leads is filled in later, at its mark.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from html import unescape
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, TemplateSyntaxError
from markdown_it.token import Token
from markupsafe import Markup, escape
from msgspec import structs

from leadpages.build.config import Place
from leadpages.build.dates import long_moment, rfc3339
from leadpages.build.directives import Directive
from leadpages.build.documents import Document
from leadpages.build.markdown import (
    MARKS,
    WORDS,
    MarkdownOptions,
    block_mark,
    clean_html,
    has_html,
    headings,
    image_mark,
    link_mark,
    parser,
    plain_text,
    unsafe_attributes,
    unsafe_tags,
)
from leadpages.build.pages import Body, Heading, Page, PictureUse, Reference, with_digest
from leadpages.build.placements import Slot
from leadpages.build.text import BLOCK_END, BLOCK_START
from leadpages.build.theme import CONTENT, TEMPLATE_ERRORS, BlockFile, template_problem
from leadpages.core.errors import Problem, nearest
from leadpages.core.forms import Form
from leadpages.core.site import SiteInfo
from leadpages.core.translations import Catalog, translate
from leadpages.core.urls import SUBMIT, in_language, is_elsewhere

#: Of Liquid, Nunjucks, Jinja, Handlebars and Hugo.
_TEMPLATE_TAG: Final = re.compile(r"\{\{[<%]?|\{%")
#: What begins a block where it stands at the beginning of a line. `std::form` does not.
_BLOCK_IN_TEXT: Final = re.compile(r"(?<![\w:])(?P<mark>::+)[ \t]*(?P<name>[A-Za-z][\w-]*)(?=\{|\s|$)")
_PAGE_MARK: Final = f"{BLOCK_START}page{BLOCK_END}"
_SUMMARY_LENGTH: Final = 200
_WORDS_A_MINUTE: Final = 220
_SIGNS_A_MINUTE: Final = 500
#: Kana and Han.
_CJK: Final = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_ID: Final = re.compile(r'\bid="([^"]+)"')
#: Of the first form on a page; further ones have a number.
FORM_ID: Final = "form"
#: The signs of our own marks as a writer could smuggle them in: `decode` refuses them as they are.
_FORGED_MARK: Final = re.compile(r"&#(?:0*5734[45]|x0*e00[01])(?![0-9a-f]);?", re.IGNORECASE)
#: Where a writer's own HTML points to.
_HTML_REFERENCE: Final = re.compile(
    r"""(<(?:a|img|source|video|audio)\b[^<>]*?(?<![\w-])(href|src|poster)=)(["'])([^"']*)\3""", re.IGNORECASE
)
#: How wide a picture is in running text: all of a phone, a column of a desktop.
TEXT_SIZES: Final = "(min-width: 45rem) 42rem, 100vw"


@dataclass
class _Rendering:
    """What gathers while one document is rendered."""

    document: Document
    references: list[Reference] = field(default_factory=list)
    marked: dict[str, int] = field(default_factory=dict)
    pictures: list[PictureUse] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)
    source: list[str] | None = None
    has_blocks: bool = False

    @property
    def path(self) -> str:
        return self.document.page.path

    def line(self, token_line: int) -> int:
        return self.document.body_line + token_line

    def column(self, line: int, text: str) -> int:
        """Where `text` stands on a line of the file; 0 where it is written in another way."""
        if self.source is None:
            self.source = self.document.body.split("\n")
        at = line - self.document.body_line
        return self.source[at].find(text) + 1 if 0 <= at < len(self.source) else 0

    def report(
        self, line: int, message: str, hint: str = "", rule: str = "project", severity: Any = "error", column: int = 0
    ) -> None:
        self.problems.append(Problem(self.path, line, message, hint, severity, rule, column))

    def link(self, target: str) -> str:
        """The mark for an address of the site's own; an address elsewhere is itself."""
        if is_elsewhere(target):
            return target
        return link_mark(self.marked.setdefault(target, len(self.marked)))

    def note(self, target: str, line: int, *, is_image: bool = False, has_alt: bool = True) -> None:
        column = self.column(line, target)
        self.references.append(Reference(target, line, column, is_image, has_alt))

    def picture(self, use: PictureUse) -> str:
        self.pictures.append(use)
        return image_mark(len(self.pictures) - 1)


class Renderer:
    """Renders documents with one theme's blocks and one site's forms.

    `sites` and `catalogs` are by language, `forms` by language, then by name; the site's own language is the first.
    """

    def __init__(
        self,
        env: Environment,
        blocks: Mapping[str, BlockFile],
        forms: Mapping[str, Mapping[str, Form]],
        sites: Mapping[str, SiteInfo],
        catalogs: Mapping[str, Catalog],
        markdown: MarkdownOptions,
        data: Any = None,
        broken_forms: Collection[str] = (),
        reserved_ids: Collection[str] = (),
        zone: tzinfo = UTC,
        to_netlify: bool = False,
    ) -> None:
        self._to_netlify = to_netlify
        self._reserved_ids = {*reserved_ids, FORM_ID}
        self._forms, self._broken_forms = forms, broken_forms
        self._own_language = next(iter(sites))
        self._words = {tag: {word: translate(catalog, word) for word in WORDS} for tag, catalog in catalogs.items()}
        self._env, self._blocks, self._sites, self._data = env, blocks, sites, data
        self._parsers = {language: parser(replace(markdown, language=language)) for language in sites}
        for md in self._parsers.values():
            md.add_render_rule("placed_block", _render_place)
            md.add_render_rule("image", _render_place)
        self._zone = zone
        self._trusts_html = markdown.trusted_html or markdown.preset == "commonmark"
        self._rendered_forms: dict[tuple[str, str, str], str] = {}
        self._work: _Rendering | None = None
        env.globals["link"] = lambda path: self._work.link(path) if self._work else path
        env.globals["picture"] = self._picture
        env.filters |= {"long_moment": long_moment, "rfc3339": rfc3339}

    def render(self, document: Document, places: Mapping[Slot, Place]) -> tuple[Page, Body, list[Problem]]:
        """The page of `document`, with what rules put there, but for a form that it has already."""
        work = self._work = _Rendering(document)
        page = document.page
        md = self._parsers[page.language]
        text = _FORGED_MARK.sub("", document.body) if "&#" in document.body else document.body
        tokens = md.parse(text, {"reserved_ids": self._reserved_ids})
        image_alt = page.image_alt
        if page.template == "post" and page.image and _opens_with(tokens, page.image):
            image_alt = image_alt or plain_alt(tokens[1])
            del tokens[:3]  # the template of posts shows it
        for tag, line in unsafe_tags(tokens) if "<" in document.body and not self._trusts_html else ():
            hint = "trusted_html = true under [markdown] in leadpages.toml lets all HTML in"
            work.report(work.line(line), f"`<{tag}>` is left out", hint, severity="warning")
        for name, line in unsafe_attributes(tokens) if "{" in document.body else ():
            hint = "a strict Content-Security-Policy lets no style and no handler work"
            work.report(work.line(line), f"the attribute `{name}` is left out", hint, severity="warning")
        work.has_blocks = "::" in document.body
        self._note_references(tokens, work)
        summary = page.description or _summary(tokens)
        toc = tuple(Heading(h.level, h.id, h.text) for h in headings(tokens)) if page.toc else ()
        places = self._places(places, tokens, document) if places else places
        upgrade = self._render_form(document.upgrade, work, page.line("upgrade")) if document.upgrade else ""
        self._insert(places, tokens, work)
        html = self._render_tokens(tokens, work)
        placed = {"end": self._end(places.get("end"), work) + upgrade}
        placed |= {"sidebar": self._placed(places["sidebar"], work)} if "sidebar" in places else {}
        placed |= {"overlay": self._overlay(places["overlay"], work)} if "overlay" in places else {}
        if page.image:
            line = page.line("image")
            work.references.append(Reference(page.image, line, 1 if line else 0, is_image=True))
        whole = "".join((html, *placed.values()))
        anchors = _ID.findall(whole) if 'id="' in whole else ()
        body = Body(html, {slot: part for slot, part in placed.items() if part}, toc, tuple(work.pictures))
        made = structs.replace(
            page,
            image_alt=image_alt,
            summary=summary,
            minutes=_minutes(document.body),
            anchors=tuple(dict.fromkeys(anchors)),
            forms=tuple(work.forms),
            references=tuple(work.references),
            links=tuple(work.marked),
            pictures=tuple(dict.fromkeys(use.target for use in work.pictures)),
        )
        return with_digest(made), body, work.problems

    def _places(self, rules: Mapping[Slot, Place], tokens: Sequence[Token], document: Document) -> dict[Slot, Place]:
        """`rules` but for forms that the text has itself; one for a heading that it lacks is for the end."""
        own_forms = {document.form, document.upgrade, *self._forms_in(tokens)}
        places = {slot: rule for slot, rule in rules.items() if rule.cta or rule.form not in own_forms}
        rule = places.get("heading")
        if rule and rule.heading >= len(_section_ends(tokens)):
            del places["heading"]
            places.setdefault("end", rule)
        return places

    def _end(self, rule: Place | None, work: _Rendering) -> str:
        """What stands under the text: its own form, or what a rule puts there; an upgrade stands in place of that."""
        own = work.document.form
        if own and own not in work.forms:
            return self._render_form(own, work, work.document.page.line("form"))
        return self._placed(rule, work) if rule and not own and not work.document.upgrade else ""

    def _insert(self, places: Mapping[Slot, Place], tokens: list[Token], work: _Rendering) -> None:
        """Put what belongs between the parts of the text among its `tokens`."""
        ends = _section_ends(tokens)
        rule = places.get("heading")
        if rule:
            tokens.insert(ends[rule.heading], Token("placed", "", 0, content=self._placed(rule, work)))
            work.has_blocks = True
        form = self._forms[work.document.page.language].get(work.document.upgrade)
        if form and form.name in self._forms_in(tokens):
            message = f"form `{form.name}` stands in the text already, so it is no upgrade"
            work.report(work.document.page.line("upgrade"), message, "remove one of them")
        if form and form.file is None:
            hint = 'give it one, like file = "checklist.pdf"'
            work.report(
                work.document.page.line("upgrade"), f"form `{form.name}` has no file, so it is no upgrade", hint
            )
        if form:
            card = self._fill("upgrade.html", work, form=form, id=FORM_ID)
            tokens.insert(ends[0] if len(ends) > 1 else _first_end(tokens), Token("placed", "", 0, content=card))
            work.has_blocks = True

    def _forms_in(self, tokens: Sequence[Token]) -> set[str | None]:
        """The forms that blocks of the text name."""
        found = (token.meta["directive"] for token in tokens if "directive" in token.meta)
        return {
            block.attributes.get(name)
            for block in found
            if (declared := self._blocks.get(block.name))
            for name, attribute in declared.attributes.items()
            if attribute.type == "form"
        }

    def _placed(self, rule: Place, work: _Rendering) -> str:
        if rule.form:
            return self._render_form(rule.form, work, 0)
        declared = self._blocks["cta"].attributes
        given = rule.cta.model_dump() if rule.cta else {}
        values = {name: given.get(name, next(iter(attribute.choices), "")) for name, attribute in declared.items()}
        return self._fill("blocks/cta.html", work, **values, content="")

    def _overlay(self, rule: Place, work: _Rendering) -> str:
        form = self._forms[work.document.page.language].get(rule.form)
        is_link = rule.where == "bar" and not form  # which a bar shows in its own way
        placed = "" if is_link else Markup(self._placed(rule, work))  # noqa: S704  (rendered by this class)
        values = {"where": rule.where, "form": form, "cta": rule.cta, "content": placed, "id": "overlay--dialog"}
        return self._fill("overlay.html", work, **values)

    def _fill(self, template: str, work: _Rendering, **values: Any) -> str:
        page = work.document.page
        return self._env.get_template(template).render(
            **values, page=page, site=self._sites[page.language], data=self._data, form_count=len(work.forms)
        )

    def _note_references(self, tokens: Sequence[Token], work: _Rendering) -> None:
        for token in tokens:
            if token.type == "html_block":
                token.content = _note_html(token.content, work.line((token.map or [0])[0]), work)
            if not token.children:
                continue
            line = work.line((token.map or [0])[0])
            for child in token.children:
                kind = child.type
                if kind == "text":
                    if "{" in child.content and (found := _TEMPLATE_TAG.search(child.content)):
                        _report_template_tag(found[0], line, work)
                    if "::" in child.content:
                        self._report_misplaced_block(child.content, line, work)
                elif kind in ("softbreak", "hardbreak"):
                    line += 1
                elif kind == "link_open":
                    target = str(child.attrs["href"])
                    work.note(target, line)
                    child.attrs["href"] = work.link(target)
                elif kind == "image":
                    self._note_image(child, line, work)
                elif kind == "html_inline":
                    child.content = _note_html(child.content, line, work)

    def _report_misplaced_block(self, text: str, line: int, work: _Rendering) -> None:
        for found in _BLOCK_IN_TEXT.finditer(text):
            if found["name"] in self._blocks:
                message = f"`{found['mark']}{found['name']}` stands on the page as it is, for there is more on its line"
                hint = "a block has a line of its own, from its colons to the brace `}`"
                work.report(line, message, hint, "block", "warning", work.column(line, found["mark"] + found["name"]))

    def _note_image(self, token: Token, line: int, work: _Rendering) -> None:
        attributes = {name: str(value) for name, value in token.attrs.items()}
        target, title = attributes.pop("src"), attributes.pop("title", "")
        said = attributes.pop("alt", "")
        alt = plain_text(token.children or []) or said
        class_ = attributes.pop("class", "")
        is_decoration = attributes.get("role") == "presentation"
        work.note(target, line, is_image=True, has_alt=bool(alt) or is_decoration)
        token.content = work.picture(PictureUse(target, alt, title, class_, TEXT_SIZES, attributes))

    def _picture(self, path: str, alt: str = "", sizes: str = "100vw", class_: str = "", lazy: bool = True) -> Markup:
        assert self._work  # noqa: S101  (blocks are rendered inside `render` only)
        return Markup(self._work.picture(PictureUse(path, alt, "", class_, sizes, {}, lazy)))  # noqa: S704

    def _render_tokens(self, tokens: Sequence[Token], work: _Rendering) -> str:
        kept: list[Token] = []
        rendered: list[str] = []
        at = 0
        if not work.has_blocks:  # nearly always
            kept, at = list(tokens), len(tokens)
        while at < len(tokens):
            token = tokens[at]
            if token.type == "placed":
                kept.append(Token("placed_block", "", 0, content=block_mark(len(rendered)) + "\n"))
                rendered.append(token.content)
                at += 1
                continue
            if token.type not in ("directive", "directive_open"):
                kept.append(token)
                at += 1
                continue
            end = _end_of(tokens, at)
            content = self._render_tokens(tokens[at + 1 : end], work) if token.type == "directive_open" else ""
            place = Token("placed_block", "", 0, content=block_mark(len(rendered)) + "\n")
            self._check_content(token.meta["directive"], tokens[at + 1 : end], work)
            rendered.append(self._render_block(token.meta["directive"], content, work))
            kept.append(place)
            at = end + 1
        language = work.document.page.language
        md = self._parsers[language]
        html: str = md.renderer.render(kept, md.options, {"words": self._words[language]})
        if "<" in work.document.body and not self._trusts_html and has_html(kept):
            html = clean_html(html)
        return _fill_blocks(html, rendered) if rendered else html

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
            inner = Markup(content)  # noqa: S704  (rendered by this class)
            return self._fill(f"blocks/{directive.name}.html", work, **attributes, content=inner)
        except TEMPLATE_ERRORS as error:
            problem = template_problem(f"blocks/{directive.name}.html", error)
            hint = "" if isinstance(error, TemplateSyntaxError) else f"used in {work.path}:{line}"
            work.problems.append(problem._replace(hint=hint))
            return ""

    def _check_content(self, directive: Directive, tokens: Sequence[Token], work: _Rendering) -> None:
        """Whether a block has in it what its template makes something of."""
        declared = self._blocks.get(directive.name)
        if (
            declared
            and declared.holds
            and not directive.fault
            and not any(_is(token, declared.holds) for token in tokens)
        ):
            message = f"block `{directive.name}` holds no {declared.holds}"
            hint = "`leadpages blocks` shows what stands in it"
            work.report(work.line(directive.line), message, hint, "block", "warning")

    def _attributes(
        self, directive: Directive, declared: BlockFile, work: _Rendering, line: int
    ) -> dict[str, Any] | None:
        before = len(work.problems)
        one_word = ""  # a text that may have been meant to go on with the words after it
        for name, value in directive.attributes.items():
            found = declared.attributes.get(name)
            if found is None:
                goes_on = one_word and value is None
                hint = f'put text of several words in quotes: {one_word}="…"' if goes_on else ""
                message = f"block `{directive.name}` has no attribute `{name}`"
                work.report(line, message, hint or nearest(name, declared.attributes))
            elif value:
                one_word = name if found.type == "text" and " " not in value else ""
        md = self._parsers[work.document.page.language]
        values: dict[str, Any] = {}
        for name, attribute in declared.attributes.items():
            given = directive.attributes.get(name)
            if attribute.type == "flag":
                if given not in (None, "true", "false"):
                    message = f"attribute `{name}` of block `{directive.name}` is `{given}`"
                    work.report(line, message, f"write `{name}` for yes, and nothing for no")
                values[name] = name in directive.attributes and given != "false"
            elif name in directive.attributes and given is None:
                work.report(line, f"attribute `{name}` of block `{directive.name}` has no value", f'write {name}="…"')
            elif attribute.required and not given:
                work.report(line, f"block `{directive.name}` needs the attribute `{name}`", f'write {name}="…"')
            elif attribute.type == "form":
                values[name] = Markup(self._render_form(given, work, line)) if given else ""  # noqa: S704
            elif given and attribute.type in ("url", "image") and not md.validateLink(given):
                work.report(line, f"attribute `{name}` of block `{directive.name}` is no address: {given}")
            elif given and attribute.choices and given not in attribute.choices:
                message = f"attribute `{name}` of block `{directive.name}` is `{given}`"
                work.report(line, message, "expected one of " + ", ".join(attribute.choices))
            elif given and attribute.type == "moment":
                values[name] = self._moment(name, given, directive, work, line)
            else:
                values[name] = given or next(iter(attribute.choices), "")
                if given and attribute.type in ("url", "image"):
                    work.note(given, line, is_image=attribute.type == "image")
        return values if len(work.problems) == before else None

    def _moment(self, name: str, given: str, directive: Directive, work: _Rendering, line: int) -> datetime | None:
        try:
            found = datetime.fromisoformat(given)
            if len(given) <= len("2026-03-31"):
                raise ValueError("a day has many moments")
        except ValueError:
            message = f"attribute `{name}` of block `{directive.name}` is no moment: {given}"
            work.report(line, message, 'expected a day and a time, like "2026-03-31 18:00"')
            return None
        return found if found.tzinfo else found.replace(tzinfo=self._zone)

    def _render_form(self, name: str, work: _Rendering, line: int) -> str:
        page = work.document.page
        forms = self._forms[page.language]
        form = forms.get(name)
        if form is None and name in self._broken_forms:
            return ""  # what is wrong with it is reported already, once
        if form is None:
            hint = nearest(name, forms) or "write forms/NAME.toml"
            work.report(line, f"there is no form `{name}`", hint, rule="unknown-form")
            return ""
        work.forms.append(name)
        site = self._sites[page.language]
        base_path = urlsplit(site.url).path
        handler = site.handler_url or base_path
        uid = FORM_ID if len(work.forms) == 1 else f"{FORM_ID}--{len(work.forms)}"  # no heading has such an id
        key = (name, uid, page.language)
        html = self._rendered_forms.get(key) or self._env.get_template("form.html").render(
            form=form,
            site=site,
            action=base_path + form.thank_you
            if self._to_netlify
            else in_language(f"{handler}{SUBMIT}{name}", page.language, self._own_language),
            to_netlify=self._to_netlify,
            values={},
            errors={},
            page_path=_PAGE_MARK,
            started="",
            pressed="",
            once_more=False,
            uid=uid,
        )
        if not MARKS.search(html):  # marks are numbered page by page
            self._rendered_forms[key] = html
        return html.replace(_PAGE_MARK, str(escape(page.url)))


def _section_ends(tokens: Sequence[Token]) -> list[int]:
    """Where the text before the first heading of the second level ends, and then the text under each of these."""
    headings = (at for at, token in enumerate(tokens) if token.type == "heading_open" and token.level == 0)
    notes = (at for at, token in enumerate(tokens) if token.type == "footnote_block_open")
    return [*(at for at in headings if tokens[at].tag == "h2"), next(notes, len(tokens))]


def _first_end(tokens: Sequence[Token]) -> int:
    """Where the first paragraph ends."""
    return next((at + 1 for at, token in enumerate(tokens) if token.type == "paragraph_close" and not token.level), 0)


def _render_place(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return tokens[at].content


def _fill_blocks(html: str, rendered: Sequence[str]) -> str:
    def fill(found: re.Match[str]) -> str:
        number = int(found["number"])
        return rendered[number] if not found["kind"] and number < len(rendered) else found[0]

    return MARKS.sub(fill, html)


def _report_template_tag(tag: str, line: int, work: _Rendering) -> None:
    message = f"`{tag}` stands on the page as it is: text is no template, and has no shortcodes"
    hint = "write it in Markdown or as a block; `code` may hold it"
    work.report(line, message, hint, "shortcode", "warning", work.column(line, tag))


def _note_html(html: str, line: int, work: _Rendering) -> str:
    """Note where HTML of the writer's points to, and put marks there."""

    def mark(found: re.Match[str]) -> str:
        target = unescape(found[4])
        at = line + html.count("\n", 0, found.start(4))
        is_image = found[2].lower() == "src" and found[1].lower().startswith("<img")
        has_alt = not is_image or re.search(r"\balt\s*=", found.string[found.start() :].partition(">")[0]) is not None
        work.note(target, at, is_image=is_image, has_alt=has_alt)
        return found[0] if is_elsewhere(target) else f"{found[1]}{found[3]}{work.link(target)}{found[3]}"

    return _HTML_REFERENCE.sub(mark, html)


def _is(token: Token, what: str) -> bool:
    """Whether `token` begins `what`: a kind of content that a block may declare, or a block of that name."""
    if what == "picture":
        return any(child.type == "image" for child in token.children or ())
    return token.type == CONTENT.get(what) or ("directive" in token.meta and token.meta["directive"].name == what)


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


def _summary(tokens: Sequence[Token]) -> str:
    """All words before `<!-- more -->`; without it, the beginning of the first paragraph."""
    more = next((at for at, token in enumerate(tokens) if token.type == "more"), 0)
    if beginning := " ".join(text for text, _ in _paragraphs(tokens[:more])):
        return beginning
    first = ""
    for text, level in _paragraphs(tokens):
        if level == 0:
            return shortened(text)
        first = first or text  # in a list, a quotation or a block
    return shortened(first)


def _paragraphs(tokens: Sequence[Token]) -> Iterator[tuple[str, int]]:
    """The words of each paragraph that is more than pictures, and how deep it is in other things."""
    for before, token in pairwise(tokens):
        if before.type == "paragraph_open" and token.type == "inline":
            children = token.children or []
            if any(child.type in ("text", "code_inline") and child.content.strip() for child in children):
                yield plain_text(children).strip(), before.level


def shortened(text: str) -> str:
    """`text`, or its beginning, cut at a word where it has spaces near the end."""
    if len(text) <= _SUMMARY_LENGTH:
        return text
    beginning = text[:_SUMMARY_LENGTH]
    words = beginning.rpartition(" ")[0]
    return (words if len(words) > _SUMMARY_LENGTH // 2 else beginning).rstrip(",;:–—-") + "…"


def _minutes(text: str) -> int:
    """How long `text` takes to read. Chinese and Japanese have no spaces, so their signs are counted."""
    signs = 0 if text.isascii() else len(_CJK.findall(text))
    words = len((_CJK.sub(" ", text) if signs else text).split())
    return max(1, round(words / _WORDS_A_MINUTE + signs / _SIGNS_A_MINUTE))
