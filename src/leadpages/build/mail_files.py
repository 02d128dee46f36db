"""A form's mails: Markdown with gaps, rendered once to HTML and text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import parseaddr
from itertools import count, pairwise
from pathlib import Path
from typing import Final

import css_inline
from jinja2 import Environment
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from pydantic import ConfigDict, Field

from leadpages.build.config import FILE as CONFIG_FILE
from leadpages.build.config import Config
from leadpages.build.form_files import FormFile
from leadpages.build.front_matter import parse_front_matter
from leadpages.build.inputs import is_read
from leadpages.build.markdown import absolute_links
from leadpages.build.schema import Strict, check
from leadpages.build.text import find_mojibake, read_text
from leadpages.build.theme import Theme
from leadpages.core.bundle import MailTemplate
from leadpages.core.errors import Problem, nearest
from leadpages.core.forms import Form
from leadpages.core.placeholders import Gap, Pieces, fill, leftovers, parse
from leadpages.core.site import SiteInfo

_MAILS: Final = ("confirm", "deliver", "notice")
#: In a notice, a line for each field.
_ANSWERS: Final = "form.answers"
_IN_NOTICE: Final = frozenset(("sent.page", "sent.at", "lead.risk", "lead.risks", _ANSWERS))
#: What a backslash makes text of (https://spec.commonmark.org/0.31.2/#backslash-escapes).
_MARKDOWN: Final = re.compile(r"[!-/:-@\[-`{-~]")
#: Stands for a gap while Markdown, templates and the CSS inliner do their work; all three leave it alone.
_MARK: Final = re.compile(r"lpgap(\d+)z")


#: The theme's, as CSS writes them, by name: under `light` and `dark`. Mails know no custom properties.
Colours = Mapping[str, Mapping[str, str]]


class MailKeys(Strict):
    """The front matter of a mail."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    subject: str = Field(min_length=1)
    preview: str = ""
    sender: str = Field("", alias="from")


def read_mails(
    project: Path, form: FormFile, theme: Theme, colours: Colours, env: Environment, site: SiteInfo, config: Config
) -> tuple[dict[str, MailTemplate], list[Problem]]:
    """The mails of `form` in the language of `site`: its own, or the theme's where it needs one and brings none."""
    mails: dict[str, MailTemplate] = {}
    problems: list[Problem] = []
    for name in _MAILS:
        file = _mail_file(name, form, theme, site.language, config.language)
        if file is None or (name == "notice" and site.language != config.language):
            continue
        path = file.relative_to(project).as_posix() if file.is_relative_to(project) else f"mails/{file.name}"
        mail, found = _read_mail(name, file, path, form.languages[site.language], colours, env, site, config)
        problems += found
        if mail:
            mails[name] = mail
    return mails, problems


def check_sender(config: Config) -> list[Problem]:
    """A problem when the configured sender is no address."""
    if _is_address(config.sender):
        return []
    line = config.line("mail", "from")
    return [Problem(CONFIG_FILE, line, f"`mail.from` is {config.sender!r}", "expected Name <name@example.com>")]


def check_mail_names(project: Path, form: FormFile, config: Config) -> list[Problem]:
    """A warning for each file beside a form that no mail is made from, and for each mail that lacks a language."""
    if form.folder is None:
        return []
    magnet = form.form.file.name if form.form.file else ""
    found = {file.name for file in form.folder.glob("*.md") if is_read(file.name)} - {magnet}
    folder = form.folder.relative_to(project).as_posix()
    own = {name for name in _MAILS if found & {f"{name}.md", f"{name}.{config.language}.md"}}
    problems = []
    for file in sorted(found):
        name, _, language = file.removesuffix(".md").partition(".")
        if name not in _MAILS or (language and language not in config.all_languages):
            hint = "expected " + " or ".join(f"{mail}.md" for mail in _MAILS)
            hint += f", or {name}.LANGUAGE.md for a language of the site" if name in _MAILS else ""
            problems.append(Problem(f"{folder}/{file}", 0, "no mail is sent from this file", hint, "warning"))
        elif name == "notice" and not form.form.notify:
            hint = 'say in form.toml who gets it, like notify = ["sales@example.com"]'
            problems.append(Problem(f"{folder}/{file}", 0, "no mail is sent from this file", hint, "warning"))
        elif name not in own and not _is_needed(name, form.form):
            message = f"no mail is sent from this file: there is no {name}.md that it translates"
            problems.append(Problem(f"{folder}/{file}", 0, message, f"write {name}.md", "warning"))
    for name in (mail for mail in _MAILS if mail in own and mail != "notice"):
        for language in config.languages:
            if language in form.translated and f"{name}.{language}.md" not in found:
                message = f"the form speaks `{language}`, this mail does not"
                hint = f"write {name}.{language}.md beside it"
                problems.append(Problem(f"{folder}/{name}.md", 0, message, hint, "warning", "translation"))
    return problems


def _mail_file(name: str, form: FormFile, theme: Theme, language: str, own_language: str) -> Path | None:
    endings = (f".{language}", "", f".{own_language}")
    files = (form.folder / f"{name}{ending}.md" for ending in endings) if form.folder else ()
    own = next((file for file in files if file.is_file()), None)
    return own or (theme.default_mail(name, language) if _is_needed(name, form.form) else None)


def _is_needed(name: str, form: Form) -> bool:
    """Whether `form` sends that mail even when nobody wrote one."""
    return {"confirm": form.double_opt_in, "deliver": form.file is not None, "notice": bool(form.notify)}[name]


def _read_mail(
    name: str, file: Path, path: str, form: Form, colours: Colours, env: Environment, site: SiteInfo, config: Config
) -> tuple[MailTemplate | None, list[Problem]]:
    text = read_text(file, path)
    if isinstance(text, Problem):
        return None, [text]
    parsed = parse_front_matter(text, path)
    if isinstance(parsed, Problem):
        return None, [parsed]
    keys = check(MailKeys, {k: v for k, v in parsed.data.items() if v is not None}, path, parsed.lines)
    if isinstance(keys, list):
        return None, keys
    problems = find_mojibake(text, path) + _check_gaps(name, text, path, form)
    sender = keys.sender or config.sender
    if keys.sender and not _is_address(sender):
        line = parsed.lines.get(("from",), 0)
        problems.append(Problem(path, line, f"`from` is {sender!r}", "expected Name <name@example.com>"))
    if any(problem.severity == "error" for problem in problems):
        return None, problems
    body, subject, preview = _with_answers(parse(parsed.body), form), parse(keys.subject), parse(keys.preview)
    gaps = [piece for piece in (*body, *preview) if isinstance(piece, Gap)]
    numbers = count()
    tokens = _parser().parse(_marked(body, numbers))
    html = _html(tokens, _title(subject, form, site), _marked(preview, numbers), colours, env, site)
    mail = MailTemplate(name, sender, subject, _unmarked(html, gaps), _unmarked(_text(tokens), gaps))
    return mail, problems


def _check_gaps(name: str, text: str, path: str, form: Form) -> list[Problem]:
    known = {field.name for field in form.fields} | {"email", "form.title", "site.title", "site.url"}
    known |= {"confirm": {"confirm_url"}, "deliver": {"unsubscribe_url"}, "notice": _IN_NOTICE}[name]
    known |= {"download_url", "valid_for"} if form.file and name == "deliver" else set()
    problems = []
    for number, line in enumerate(text.split("\n"), 1):
        pieces = parse(line)
        problems += [
            Problem(
                path,
                number,
                f"`{{{{ {piece.name} }}}}` has no value in this mail",
                nearest(piece.name, known),
            )
            for piece in pieces
            if isinstance(piece, Gap) and piece.name not in known
        ]
        problems += [
            Problem(path, number, f"a mail cannot have `{left}`", 'write {{ name }}, or {{ name or "there" }}')
            for left in leftovers(pieces)
        ]
    wanted = {"confirm": "confirm_url", "deliver": "download_url" if form.file else "", "notice": ""}[name]
    if wanted and not any(isinstance(piece, Gap) and piece.name == wanted for piece in parse(text)):
        gap = f"{{{{ {wanted} }}}}"
        hint = f"without it nobody can go on: write a link like [Go on]({gap})"
        problems.append(Problem(path, 0, f"the mail has no link to `{gap}`", hint))
    return problems


def _with_answers(body: Pieces, form: Form) -> Pieces:
    """`body` with the answer to each field, in a list, where the gap for all of them is."""
    answers: list[str | Gap] = []
    for field in form.fields:
        label = _MARKDOWN.sub(r"\\\g<0>", field.label or field.name)
        answers += [f"- {label}{'' if label.endswith('?') else ':'} ", Gap(field.name, "–"), "\n"]
    return tuple(part for piece in body for part in (answers if piece == Gap(_ANSWERS) else [piece]))


def _is_address(sender: str) -> bool:
    try:
        return "@" in Address(addr_spec=parseaddr(sender)[1]).addr_spec
    except (HeaderParseError, ValueError, IndexError):
        return False


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False})


def _marked(pieces: Pieces, numbers: Iterator[int]) -> str:
    return "".join(piece if isinstance(piece, str) else f"lpgap{next(numbers)}z" for piece in pieces)


def _unmarked(text: str, gaps: Sequence[Gap]) -> Pieces:
    parts = _MARK.split(text)
    pieces: list[str | Gap] = [part if at % 2 == 0 else gaps[int(part)] for at, part in enumerate(parts)]
    return tuple(piece for piece in pieces if piece)


def _html(tokens: list[Token], title: str, preview: str, colours: Colours, env: Environment, site: SiteInfo) -> str:
    for before, token in pairwise(tokens):
        if before.type == "paragraph_open" and _is_lone_link(token):
            before.attrSet("class", "action")
    md = _parser()
    content = absolute_links(md.renderer.render(tokens, md.options, {}), site.url)
    html = env.get_template("mail.html").render(
        site=site,
        **colours,
        subject=title,
        preview=preview,
        content=Markup(content),  # noqa: S704  (rendered with HTML switched off)
    )
    return css_inline.inline(html, keep_style_tags=True, load_remote_stylesheets=False)


def _title(subject: Pieces, form: Form, site: SiteInfo) -> str:
    """What stands in <title>, the same for all: the subject without what it says of the lead."""
    return fill(subject, {"form.title": form.title, "site.title": site.title, "site.url": site.url}).strip(" :,|–—-")


def _is_lone_link(token: Token) -> bool:
    children = token.children or []
    return (
        len(children) > 2
        and children[0].type == "link_open"
        and children[-1].type == "link_close"
        and sum(child.type == "link_open" for child in children) == 1
    )


def _text(tokens: Sequence[Token]) -> str:
    """The mail for those who read text: lists and quotes as they are typed, links with their address."""
    lines: list[str] = []
    prefix: list[str] = []
    numbers: list[int] = []
    for token in tokens:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            numbers.append(int(token.attrs.get("start", 1)) if token.type.startswith("ordered") else 0)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            numbers.pop()
            lines.append("")
        elif token.type == "list_item_open":
            mark = f"{numbers[-1]}. " if numbers[-1] else "- "
            numbers[-1] += bool(numbers[-1])
            prefix.append(mark)
        elif token.type == "blockquote_open":
            prefix.append("> ")
        elif token.type in ("list_item_close", "blockquote_close"):
            prefix.pop()
        elif token.type == "hr":
            lines += ["-" * 20, ""]
        elif token.type in ("fence", "code_block"):
            lines += [*token.content.rstrip("\n").split("\n"), ""]
        elif token.type == "inline":
            lines.append("".join(prefix) + _inline(token, bool(prefix)))
            prefix = [mark if mark == "> " else " " * len(mark) for mark in prefix]
            lines += [] if numbers else [""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _inline(token: Token, is_inside: bool) -> str:
    """A paragraph as a line; a link that is all of it has its address on the next, unless `is_inside` a list."""
    words: list[str] = []
    target = ""
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            words.append(" " if child.type == "softbreak" else "\n")
        elif child.type == "link_open":
            target = str(child.attrs["href"])
        elif child.type == "link_close":
            words.append(f":\n{target}" if _is_lone_link(token) and not is_inside else f" ({target})")
        else:
            words.append(child.content)
    return "".join(words)
