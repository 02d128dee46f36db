"""`leadpages import`: from plain text, as it is copied out of a page or a word processor, to a post."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from slugify import slugify

from leadpages.build.front_matter import parse_front_matter
from leadpages.core.errors import Problem

_MAX_TITLE: Final = 150
_MAX_HEADING: Final = 90
_LIST_ITEM: Final = re.compile(r"(?:[•◦▪‣·*–-]|(\d{1,3})[.)])\s+")
#: What blogs print under a post, and copying takes along.
_COMMENT_FORM: Final = re.compile(
    r"\n\s*Leave a (?:Comment|Reply)\s*\n+\s*Your e-?mail address will not be published\..*\Z",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Imported:
    """A post to be written: its slug, and the whole text of its file."""

    slug: str
    markdown: str


def import_text(text: str, name: str, today: date) -> Imported | str:
    """The post in `text`, or why there is none. `name` serves where a text has front matter without a title.

    The first block is the title; a short line without an end mark is a heading, one level down where a
    heading stands right before another.
    """
    parsed = parse_front_matter(text, name)
    if isinstance(parsed, Problem):
        return parsed.message
    if parsed.data:
        title = str(parsed.data.get("title") or name)
        slug = slugify(title, allow_unicode=True)
        return Imported(slug, text) if slug else _no_slug(title)
    blocks = [
        block.strip()
        for block in re.split(r"\n\s*\n", _without_underlines(_COMMENT_FORM.sub("", text.strip())))
        if block.strip()
    ]
    if not blocks or "\n" in blocks[0] or len(blocks[0]) > _MAX_TITLE:
        return f"no title: expected a first line of at most {_MAX_TITLE} characters with an empty line under it"
    title = blocks[0].lstrip("# ")
    slug = slugify(title, allow_unicode=True)
    if not slug:
        return _no_slug(title)
    front = f"---\ntitle: {json.dumps(title, ensure_ascii=False)}\ndate: {today.isoformat()}\ntags: []\n---\n"
    return Imported(slug, front + "\n" + "\n\n".join(_markdown(blocks[1:])) + "\n")


def _no_slug(title: str) -> str:
    return f"the title {title!r} has no letter that could go into an address"


def _markdown(blocks: Sequence[str]) -> list[str]:
    headings = [_is_heading(block, first=number == 0) for number, block in enumerate(blocks)]
    lines: list[str] = []
    level = 2
    for number, block in enumerate(blocks):
        if not headings[number]:
            lines.append(_paragraph(block))
            continue
        opens_section = number + 1 < len(blocks) and headings[number + 1]
        level = 2 if opens_section else level
        lines.append(f"{'#' * level} {escape_markdown(block)}")
        level = 3 if opens_section else level
    return lines


def _is_heading(block: str, *, first: bool) -> bool:
    if "\n" in block or len(block) > _MAX_HEADING or block[-1] in ".,:;!*…" or _LIST_ITEM.match(block):
        return False
    long_words = [word for word in re.findall(r"[^\W\d_]+", block) if len(word) > 3]
    capitalised = sum(word[0].isupper() for word in long_words)
    # Right under the title, a line in lower case is rather the caption of a lost picture.
    return not first or capitalised * 2 > len(long_words)


def _without_underlines(text: str) -> str:
    """A line under a heading is how plain text marks it; the heading stands alone without it."""
    return re.sub(r"^(\S.*)\n(?:-{3,}|={3,})[ \t]*(?=\n[ \t]*\n|\Z)", r"\1", text, flags=re.MULTILINE)


def _paragraph(block: str) -> str:
    lines = block.split("\n")
    if all(_LIST_ITEM.match(line.strip()) for line in lines):
        return "\n".join(_list_item(line.strip()) for line in lines)
    return "\n".join(escape_markdown(line.strip()) for line in lines)


def _list_item(line: str) -> str:
    found = _LIST_ITEM.match(line)
    assert found is not None  # noqa: S101  (the caller matched it)
    mark = f"{found[1]}." if found[1] else "-"
    return f"{mark} {escape_markdown(line[found.end() :])}"


def escape_markdown(text: str) -> str:
    """`text` so that Markdown reads every character as it stands."""
    text = re.sub(r"([\\`*_\[\]<>{}~|]|(?<=\w):(?=//)|(?<=\w)@|(?<=\bwww)\.|&(?=#?\w+;))", r"\\\1", text)
    return re.sub(r"^(?:([#+=:!-])|(\d{1,9})([.)]\s))", lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}\\{m[3]}", text)
