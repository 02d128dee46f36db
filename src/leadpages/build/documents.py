"""From a source to a document: its front matter checked, its address known, its Markdown not yet rendered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, Field

from leadpages.build.config import Config
from leadpages.build.foreign_keys import foreign_key_hint
from leadpages.build.front_matter import FrontMatter, as_day, parse_front_matter
from leadpages.build.schema import Lines, Strict, check, line_of
from leadpages.build.sources import POSTS, Kind, Source
from leadpages.build.text import find_mojibake
from leadpages.build.theme import KeyType, Theme, theme_templates
from leadpages.core.errors import Problem, nearest
from leadpages.core.urls import unsafe_reason

#: Eleventy's way to say that a file is a post; it is no tag.
POST_MARKER: Final = "post"
_DATED_NAME: Final = re.compile(r"(\d{4}-\d{2}-\d{2})-(.+)")
_KEY_TYPES: Final[dict[KeyType, type | tuple[type, ...]]] = {
    "text": str,
    "number": (int, float),
    "flag": bool,
    "list": list,
}


def _as_tags(value: object) -> object:
    return [tag.strip() for tag in value.split(",") if tag.strip()] if isinstance(value, str) else value


Day = Annotated[Any, BeforeValidator(as_day)]


class Keys(Strict):
    """The front matter of a post or page."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    title: str
    date: Day = None
    updated: Day = None
    description: str = ""
    image: str = ""
    image_alt: str = ""
    tags: Annotated[tuple[str, ...], BeforeValidator(_as_tags)] = ()
    draft: bool = False
    slug: str = ""
    permalink: str = ""
    template: str = ""
    form: str = ""
    noindex: bool = False
    extra: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """A post or page as written. `body_line` is the line of the file on which the Markdown begins."""

    path: str
    kind: Kind
    url: str
    template: str
    title: str
    date: datetime | None
    updated: datetime | None
    description: str
    image: str
    image_alt: str
    tags: tuple[str, ...]
    form: str
    draft: bool
    noindex: bool
    extra: Mapping[str, Any]
    body: str
    body_line: int
    lines: Lines


def read_document(source: Source, config: Config, theme: Theme) -> tuple[Document | None, list[Problem]]:
    """The document in `source`, and every problem with it. None when it cannot be used at all."""
    problems = find_mojibake(source.text, source.path)
    parsed = parse_front_matter(source.text, source.path)
    if isinstance(parsed, Problem):
        return None, [*problems, parsed]
    if not parsed.data:
        hint = "begin the file with three lines: ---, title: …, and --- again"
        return None, [*problems, Problem(source.path, 1, "there is no front matter, so no `title`", hint)]
    own, theirs = _sort_keys(parsed, source, theme)
    problems += theirs
    keys = check(Keys, own, source.path, parsed.lines)
    if isinstance(keys, list):
        return None, problems + keys
    problems += _check_template(keys, source, theme, parsed.lines)
    problems += _check_tags(keys, source, parsed.lines)
    if source.kind == "post" and keys.date is None and _day_in_name(source) is None:
        return None, [*problems, _no_date(source)]
    url, reason = _address(keys, source, config)
    if reason:
        line = parsed.lines.get(("slug",)) or parsed.lines.get(("permalink",)) or 0
        message = f"the address `{url}` is not possible: it {reason}"
        return None, [*problems, Problem(source.path, line, message, "letters, digits and hyphens are safe")]
    return _document(keys, source, parsed, url, theme), problems


def _document(keys: Keys, source: Source, parsed: FrontMatter, url: str, theme: Theme) -> Document:
    template = keys.template or source.kind
    theme_keys = {key: value for key, value in parsed.data.items() if key in theme.front_matter}
    return Document(
        path=source.path,
        kind=source.kind,
        url=url,
        template=template,
        title=keys.title,
        date=_moment(keys.date or _day_in_name(source)),
        updated=_moment(keys.updated),
        description=keys.description,
        image=keys.image if not keys.image or re.match(r"/|\w+:", keys.image) else f"/{keys.image}",
        image_alt=keys.image_alt,
        tags=tuple(dict.fromkeys(tag for tag in keys.tags if tag != POST_MARKER)),
        form=keys.form,
        draft=keys.draft,
        noindex=keys.noindex or template == "thanks",
        extra=keys.extra | theme_keys,
        body=parsed.body,
        body_line=parsed.body_line,
        lines=parsed.lines,
    )


def _sort_keys(parsed: FrontMatter, source: Source, theme: Theme) -> tuple[dict[str, Any], list[Problem]]:
    own: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, value in parsed.data.items():
        line = parsed.lines.get((key,), 0)
        if key in theme.front_matter:
            expected = theme.front_matter[key]
            if not isinstance(value, _KEY_TYPES[expected]):
                problems.append(Problem(source.path, line, f"`{key}` is {value!r}", f"the theme expects a {expected}"))
        elif hint := foreign_key_hint(key, value):
            shown = f"permalink: {value}" if key == "permalink" else key
            problems.append(Problem(source.path, line, f"`{shown}` is not used by leadpages", hint, "warning"))
        elif value is not None:  # `image:` with nothing after it is as good as no line
            own[key] = value
    return own, problems


def _check_template(keys: Keys, source: Source, theme: Theme, lines: Lines) -> list[Problem]:
    if not keys.template:
        return []
    known = theme_templates(theme)
    if keys.template in known:
        return []
    message = f"there is no template `{keys.template}`"
    return [Problem(source.path, lines[("template",)], message, nearest(keys.template, known))]


def _check_tags(keys: Keys, source: Source, lines: Lines) -> list[Problem]:
    return [
        Problem(
            source.path,
            line_of(("tags", number), lines),
            f"tag `{tag}` has no letter or digit, so its page has no address",
            "write it in words",
        )
        for number, tag in enumerate(keys.tags)
        if not slug_of(tag)
    ]


def _no_date(source: Source) -> Problem:
    found = _DATED_NAME.fullmatch(_name(source))
    message = f"`{found[1]}` in the file's name is not a real date" if found else "`date` is missing"
    return Problem(source.path, 0 if found else 1, message, "add a line like date: 2026-03-31")


def _name(source: Source) -> str:
    return source.place.rpartition("/")[2]


def _day_in_name(source: Source) -> date | None:
    found = _DATED_NAME.fullmatch(_name(source)) if source.kind == "post" else None
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _moment(day: date | None) -> datetime | None:
    if day is None:
        return None
    moment = day if isinstance(day, datetime) else datetime.combine(day, time())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _address(keys: Keys, source: Source, config: Config) -> tuple[str, str]:
    """The URL path of a document, and why it is impossible, or ""."""
    if keys.permalink:
        if "://" in keys.permalink:
            return keys.permalink, "names a host: expected a path like `/about/us/`"
        url = "/" + keys.permalink.strip("/") + "/" if keys.permalink.strip("/") else "/"
        return url, unsafe_reason(url)
    folders, _, name = source.place.rpartition("/")
    dated = _DATED_NAME.fullmatch(name) if source.kind == "post" else None
    slug = keys.slug or slug_of(dated[2] if dated else name)
    if not slug:
        return name, "has no letter or digit: add a `slug`"
    if reason := unsafe_reason(slug) or ("has a slash in it" if "/" in slug else ""):
        return slug, reason
    if source.kind == "page" and slug == "index":
        url = f"/{folders}/" if folders else "/"
        return url, unsafe_reason(url)
    if source.kind == "post":
        folders = folders.removeprefix(POSTS).strip("/")
    day = _moment(keys.date or _day_in_name(source))
    url = getattr(config.permalinks, source.kind).format(
        slug=slug,
        path=f"{folders}/{slug}" if folders else slug,
        year=f"{day:%Y}" if day else "0000",
        month=f"{day:%m}" if day else "00",
        day=f"{day:%d}" if day else "00",
    )
    return url, unsafe_reason(url)


@cache
def slug_of(name: str) -> str:
    """`name` as a part of an address; unchanged when it is fit to be one."""
    if re.fullmatch(r"[\w-]+", name):
        return name
    from slugify import slugify

    return slugify(name, allow_unicode=True)
