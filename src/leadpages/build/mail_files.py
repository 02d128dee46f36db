"""A form's mails: Markdown with gaps, rendered once to HTML and text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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
from leadpages.build.markdown import absolute_links
from leadpages.build.schema import Strict, check
from leadpages.build.text import find_mojibake, read_text
from leadpages.build.theme import Theme
from leadpages.core.bundle import MailTemplate
from leadpages.core.errors import Problem, nearest
from leadpages.core.forms import Form
from leadpages.core.placeholders import Gap, Pieces, leftovers, parse
from leadpages.core.site import SiteInfo

_MAILS: Final = ("confirm", "deliver")
#: Stands for a gap while Markdown, templates and the CSS inliner do their work; all three leave it alone.
_MARK: Final = re.compile(r"lpgap(\d+)z")


class MailKeys(Strict):
    """The front matter of a mail."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    subject: str = Field(min_length=1)
    preview: str = ""
    sender: str = Field("", alias="from")


def read_mails(
    project: Path, form: FormFile, theme: Theme, env: Environment, site: SiteInfo, config: Config
) -> tuple[dict[str, MailTemplate], list[Problem]]:
    """The mails of `form`: its own, or the theme's where it needs one and brings none."""
    mails: dict[str, MailTemplate] = {}
    problems = _unknown_mails(project, form)
    for name in _MAILS:
        file = _mail_file(name, form, theme)
        if file is None:
            continue
        path = file.relative_to(project).as_posix() if file.is_relative_to(project) else f"mails/{file.name}"
        mail, found = _read_mail(name, file, path, form.form, env, site, config)
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


def _unknown_mails(project: Path, form: FormFile) -> list[Problem]:
    entries = sorted(form.folder.glob("*.md")) if form.folder else []
    return [
        Problem(
            entry.relative_to(project).as_posix(),
            0,
            "no mail is sent from this file",
            "expected " + " or ".join(f"{name}.md" for name in _MAILS),
            "warning",
        )
        for entry in entries
        if entry.stem not in _MAILS and entry.name != (form.form.file.name if form.form.file else "")
    ]


def _mail_file(name: str, form: FormFile, theme: Theme) -> Path | None:
    if form.folder and (form.folder / f"{name}.md").is_file():
        return form.folder / f"{name}.md"
    needed = form.form.double_opt_in if name == "confirm" else form.form.file is not None
    return theme.default_mail(name) if needed else None


def _read_mail(
    name: str, file: Path, path: str, form: Form, env: Environment, site: SiteInfo, config: Config
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
    body, preview = parse(parsed.body), parse(keys.preview)
    gaps = [piece for piece in (*body, *preview) if isinstance(piece, Gap)]
    numbers = count()
    tokens = _parser().parse(_marked(body, numbers))
    html = _html(tokens, keys.subject, _marked(preview, numbers), env, site)
    mail = MailTemplate(name, sender, parse(keys.subject), _unmarked(html, gaps), _unmarked(_text(tokens), gaps))
    return mail, problems


def _check_gaps(name: str, text: str, path: str, form: Form) -> list[Problem]:
    known = {field.name for field in form.fields} | {"email", "form.title", "site.title", "site.url"}
    known |= {"confirm_url"} if name == "confirm" else {"unsubscribe_url"}
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
    wanted = {"confirm": "confirm_url", "deliver": "download_url" if form.file else ""}[name]
    if wanted and not any(isinstance(piece, Gap) and piece.name == wanted for piece in parse(text)):
        gap = f"{{{{ {wanted} }}}}"
        hint = f"without it nobody can go on: write a link like [Go on]({gap})"
        problems.append(Problem(path, 0, f"the mail has no link to `{gap}`", hint))
    return problems


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


def _html(tokens: list[Token], subject: str, preview: str, env: Environment, site: SiteInfo) -> str:
    for before, token in pairwise(tokens):
        if before.type == "paragraph_open" and _is_lone_link(token):
            before.attrSet("class", "action")
    md = _parser()
    content = absolute_links(md.renderer.render(tokens, md.options, {}), site.url)
    html = env.get_template("mail.html").render(
        site=site,
        subject=_readable(subject),
        preview=preview,
        content=Markup(content),  # noqa: S704  (rendered with HTML switched off)
    )
    return css_inline.inline(html, keep_style_tags=True, load_remote_stylesheets=False)


def _readable(text: str) -> str:
    """`text` with its gaps taken out: what stands in <title> is the same for all."""
    return "".join(piece if isinstance(piece, str) else piece.otherwise for piece in parse(text))


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
            lines.append("".join(prefix) + _inline(token))
            prefix = [mark if mark == "> " else " " * len(mark) for mark in prefix]
            lines += [] if numbers else [""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _inline(token: Token) -> str:
    words: list[str] = []
    target = ""
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            words.append(" " if child.type == "softbreak" else "\n")
        elif child.type == "link_open":
            target = str(child.attrs["href"])
        elif child.type == "link_close":
            words.append(f":\n{target}" if _is_lone_link(token) else f" ({target})")
        else:
            words.append(child.content)
    return "".join(words)
