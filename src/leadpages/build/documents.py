"""From a source to a document: its front matter checked, its address known, its Markdown not yet rendered."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, Field

from leadpages.build.config import FILE as CONFIG_FILE
from leadpages.build.config import Config
from leadpages.build.defaults import merged
from leadpages.build.foreign_keys import judge_key, slip
from leadpages.build.front_matter import FrontMatter, as_day, parse_front_matter
from leadpages.build.pages import Page, plain
from leadpages.build.schema import Lines, Strict, check, hint_on_signs, line_of, shown
from leadpages.build.sources import POSTS, Source
from leadpages.build.text import find_mojibake
from leadpages.build.theme import KeyType, Theme
from leadpages.core.errors import Problem, nearest
from leadpages.core.urls import unsafe_reason

#: Eleventy's way to say that a file is a post; it is no tag.
POST_MARKER: Final = "post"
_DATED_NAME: Final = re.compile(r"(\d{4}-\d{2}-\d{2})-(.+)")
#: What an address of a single page, not of a folder, ends with.
_FILE_ENDING: Final = re.compile(r"\.[A-Za-z0-9]{1,8}$")
_KEY_TYPES: Final[dict[KeyType, type | tuple[type, ...]]] = {
    "text": str,
    "number": (int, float),
    "flag": bool,
    "list": list,
    "url": str,
}
_KEY_NAMES: Final[dict[KeyType, str]] = {
    "text": "text",
    "number": "a number",
    "flag": "true or false",
    "list": "a list",
    "url": "an address",
}
#: They say how the sign before them looks.
_VARIATION_SELECTORS: Final = frozenset(map(chr, range(0xFE00, 0xFE10)))
#: Where these stand is asked for when the whole site is looked at.
_PLACED_KEYS: Final = ("title", "description", "image", "aliases", "permalink", "slug", "template", "form", "upgrade")


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Day = Annotated[Any, BeforeValidator(as_day)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class Keys(Strict):
    """The front matter of a post or page, but for its terms: which taxonomies there are is the site's to say."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    title: str = Field(min_length=1)
    date: Day = None
    updated: Day = None
    expires: Day = None
    description: str = ""
    image: str = ""
    image_alt: str = ""
    draft: bool = False
    slug: str = ""
    permalink: str = ""
    aliases: Texts = ()
    template: str = ""
    form: str = ""
    upgrade: str = ""
    noindex: bool = False
    toc: bool = False
    weight: int = 0
    translation_key: str = ""
    extra: dict[str, Any] = Field(default_factory=dict)


class _Terms(Strict):
    """The names under one taxonomy's key."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    names: Texts = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A post or page as written: what its front matter says, and its Markdown, which begins at `body_line`.

    `upgrade` is a form whose file goes with this one text.
    """

    page: Page
    form: str
    upgrade: str
    body: str
    body_line: int


def read_document(
    source: Source, text: str, config: Config, theme: Theme, defaults: Mapping[str, Any]
) -> tuple[Document | None, list[Problem]]:
    """The document in `text`, that of `source`, and every problem with it. None when it cannot be used at all.

    `defaults` stand in for keys that the source leaves out.
    """
    problems = find_mojibake(text, source.path)
    parsed = parse_front_matter(text, source.path)
    if isinstance(parsed, Problem):
        return None, [*problems, parsed]
    if not parsed.data and not defaults:
        hint = "begin the file with three lines: ---, title: …, and --- again"
        return None, [*problems, Problem(source.path, 1, "there is no front matter, so no `title`", hint)]
    template = str(parsed.data.get("template") or defaults.get("template") or source.kind)
    own, theme_keys, found = sort_keys(parsed, source.path, config, theme, template)
    problems += found + _check_extra(own.get("extra"), source.path, theme, template, parsed.lines)
    under: dict[str, Any] = {}
    if defaults:  # what is wrong with them is said where they are written
        under, of_theme, _ = sort_keys(FrontMatter(defaults, {}, "", 0, "toml"), source.path, config, theme)
        theme_keys = of_theme | theme_keys
    keys, terms, found = read_keys(merged(under, own), parsed.lines, source.path, config)
    if keys is None:
        return None, problems + found
    problems += found + _check_template(keys, source.path, theme, parsed.lines)
    if source.kind == "page":
        problems += _check_terms_of_page(own, terms, source, parsed.lines)
    if source.kind == "post" and keys.date is None and _day_in_name(source) is None:
        return None, [*problems, _no_date(source)]
    url, reason = _address(keys, terms, source, config)
    if reason:
        line = parsed.lines.get(("slug",)) or parsed.lines.get(("permalink",)) or 0
        message = f"the address `{url}` is not possible: it {reason}"
        hint = "letters, digits and hyphens are safe"
        if reason.startswith("needs"):
            hint = "add it, or leave it out of [permalinks] in leadpages.toml"
        return None, [*problems, Problem(source.path, line, message, hint)]
    problems += _check_aliases(keys, source, parsed.lines)
    if too_early := _end_before_date(keys, source, parsed.lines, config):
        return None, [*problems, too_early]
    page = _page(keys, terms, source, parsed, url, config, theme_keys)
    return Document(page, keys.form, keys.upgrade, parsed.body, parsed.body_line), problems


def _page(
    keys: Keys,
    terms: dict[str, tuple[str, ...]],
    source: Source,
    parsed: FrontMatter,
    url: str,
    config: Config,
    theme_keys: Mapping[str, Any],
) -> Page:
    template = keys.template or source.kind
    return Page(
        path=source.path,
        kind=source.kind,
        language=source.language,
        url=url,
        template=template,
        title=keys.title,
        date=moment(keys.date or _day_in_name(source), config.zone),
        updated=moment(keys.updated, config.zone),
        expires=moment(keys.expires, config.zone),
        description=keys.description,
        image=keys.image,
        image_alt=keys.image_alt,
        terms=terms,
        aliases=tuple(alias if alias.startswith("/") else f"/{alias}" for alias in keys.aliases),
        translation_key=keys.translation_key or source.place,
        draft=keys.draft,
        noindex=keys.noindex or template == "thanks",
        toc=keys.toc,
        weight=keys.weight,
        extra=plain({**keys.extra, **theme_keys}),
        lines={key: parsed.lines[(key,)] for key in (*_PLACED_KEYS, *theme_keys) if (key,) in parsed.lines},
    )


def sort_keys(
    parsed: FrontMatter, path: str, config: Config, theme: Theme, template: str = ""
) -> tuple[dict[str, Any], dict[str, Any], list[Problem]]:
    """The keys that are leadpages' own, also under the names that others have for them; the theme's; what is wrong.

    Without a `template`, any may be meant.
    """
    own: dict[str, Any] = {}
    problems: list[Problem] = []
    own_keys = {*Keys.model_fields, *config.all_taxonomies}
    if not own_keys >= parsed.data.keys():  # seldom, and the only reason to look into templates
        own_keys |= {key for key in theme.front_matter if _is_read(key, theme, template)}
    for key, value in parsed.data.items():
        line = parsed.lines.get((key,), 0)
        if key in theme.front_matter and key not in own_keys:
            message = f"`{key}` is not used: the template `{template}` does not read it"
            hint = f"templates that do: {', '.join(sorted(theme.pages.readers(key)))}"
            problems.append(Problem(path, line, message, hint, "warning", "front-matter"))
        elif verdict := judge_key(key, parsed.data, own_keys, parsed.syntax):
            problems.append(verdict.problem(path, line))
            if verdict.own and verdict.own not in parsed.data:
                own[verdict.own] = verdict.value
        elif value is not None:  # `image:` with nothing after it is as good as no line
            own[key] = value
    theirs = {key: own.pop(key) for key in theme.front_matter if key in own}
    wrong = {key: value for key, value in theirs.items() if not isinstance(value, _KEY_TYPES[theme.front_matter[key]])}
    for key, value in wrong.items():
        expected = _KEY_NAMES[theme.front_matter[key]]
        message, hint = f"`{key}` is {shown(value)}: expected {expected}", hint_on_signs(expected, value)
        problems.append(Problem(path, parsed.lines.get((key,), 0), message, hint))
    return own, {key: value for key, value in theirs.items() if key not in wrong}, problems


def _is_read(key: str, theme: Theme, template: str) -> bool:
    """Whether a key under `extra` may be of use to a page with `template`."""
    readers = theme.pages.readers(key)
    return not readers or template in readers or template not in theme.pages.names


def _check_extra(extra: Any, path: str, theme: Theme, template: str, lines: Lines) -> list[Problem]:
    """Keys under `extra` that are, but for a typing error, one that the page's template reads.

    Any other key is as welcome as a parameter of Hugo's: a template may come to read it, or a program of the writer's.
    """
    problems = []
    for key in extra if isinstance(extra, Mapping) else ():
        if not theme.pages.readers(key) and (meant := slip(str(key), theme.pages.keys(template) - extra.keys())):
            message, line = f"the template `{template}` does not read `extra.{key}`", line_of(("extra", key), lines)
            problems.append(Problem(path, line, message, f"did you mean `{meant}`?", "warning", "front-matter"))
    return problems


def read_keys(
    data: Mapping[str, Any], lines: Lines, path: str, config: Config
) -> tuple[Keys | None, dict[str, tuple[str, ...]], list[Problem]]:
    """The checked keys, the terms in each taxonomy, and what is wrong. None when the keys cannot be used."""
    terms: dict[str, tuple[str, ...]] = dict.fromkeys(config.all_taxonomies, ())
    problems: list[Problem] = []
    for name in terms:
        if name not in data:
            continue
        value = data[name]
        if name == "tags" and isinstance(value, str):
            value = [tag.strip() for tag in value.split(",") if tag.strip()]
        checked = check(_Terms, {"names": value}, path, {("names",): line_of((name,), lines)})
        if isinstance(checked, list):
            message = f"`{name}` is {shown(value)}: expected a list of names"
            problems.append(Problem(path, line_of((name,), lines), message, rule="front-matter"))
            continue
        problems += _check_terms(name, checked.names, path, lines)
        terms[name] = tuple(dict.fromkeys(term for term in checked.names if (name, term) != ("tags", POST_MARKER)))
    keys = check(Keys, {key: value for key, value in data.items() if key not in config.all_taxonomies}, path, lines)
    if isinstance(keys, list):
        return None, terms, problems + keys
    return keys, terms, problems


def check_defaults(
    data: Mapping[str, Any], path: str, lines: Lines, config: Config, theme: Theme, forms: Collection[str]
) -> list[Problem]:
    """What is wrong with keys of `_defaults.toml`, which need not say everything that a page must."""
    parsed = FrontMatter(data, lines, "", 0, "toml")
    own, _, problems = sort_keys(parsed, path, config, theme)
    keys, _, found = read_keys({"title": "-", **own}, lines, path, config)
    if keys is None:
        return problems + found
    for key, name in {"form": keys.form, "upgrade": keys.upgrade}.items():
        if name and name not in forms:
            message, hint = f"there is no form `{name}`", nearest(name, forms) or "write forms/NAME.toml"
            found.append(Problem(path, lines.get((key,), 0), message, hint, rule="unknown-form"))
    return problems + found + _check_template(keys, path, theme, lines)


def check_taxonomies(config: Config) -> list[Problem]:
    """A problem for each taxonomy of the project whose name is a key that front matter has for something else."""
    return [
        Problem(
            CONFIG_FILE,
            config.line("taxonomies", name),
            f"`{name}` cannot be a taxonomy: it is another key of front matter",
            "call it something else",
        )
        for name in config.taxonomies
        if name in Keys.model_fields
    ]


def _check_terms(taxonomy: str, names: tuple[str, ...], path: str, lines: Lines) -> list[Problem]:
    problems = []
    for number, name in enumerate(names):
        if reason := _term_fault(name):
            message = f"`{name}` under `{taxonomy}` {reason}, so its page has no address"
            problems.append(Problem(path, line_of((taxonomy, number), lines), message, "write it in other words"))
    return problems


@cache  # posts have few terms, and these again and again
def _term_fault(name: str) -> str:
    slug = slug_of(name)
    return unsafe_reason(slug) if slug else "has no letter or digit"


def _check_template(keys: Keys, path: str, theme: Theme, lines: Lines) -> list[Problem]:
    found = theme.pages.fault(keys.template) if keys.template else None
    return [Problem(path, lines.get(("template",), 0), *found)] if found else []


def _end_before_date(keys: Keys, source: Source, lines: Lines, config: Config) -> Problem | None:
    begin, end = moment(keys.date or _day_in_name(source), config.zone), moment(keys.expires, config.zone)
    if begin is None or end is None or begin < end:
        return None
    message = "`expires` is not after `date`, so that it would never be published"
    return Problem(source.path, lines.get(("expires",), 0), message, "give a later day")


def _check_aliases(keys: Keys, source: Source, lines: Lines) -> list[Problem]:
    line = lines.get(("aliases",), 0)
    return [
        Problem(source.path, line, f"the alias `{alias}` is not possible: it {reason}", "write a path like /old/post/")
        for alias in keys.aliases
        if (reason := "names a host" if "://" in alias else unsafe_reason(alias))
    ]


def _check_terms_of_page(
    own: Mapping[str, Any], terms: Mapping[str, tuple[str, ...]], source: Source, lines: Lines
) -> list[Problem]:
    hint = f"posts are the files in site/{POSTS}/: move it there, or leave this out"
    return [
        Problem(source.path, line_of((name,), lines), f"`{name}` sorts posts, and this is a page", hint, "warning")
        for name, found in terms.items()
        if found and name in own
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


def moment(day: date | None, zone: tzinfo) -> datetime | None:
    """The moment that a day, or a time without a zone, means in `zone`, with a fixed offset from UTC."""
    if day is None:
        return None
    found = day if isinstance(day, datetime) else datetime.combine(day, time())
    offset = (found if found.tzinfo else found.replace(tzinfo=zone)).utcoffset() or timedelta()
    return found.replace(tzinfo=timezone(offset))


def _address(keys: Keys, terms: Mapping[str, tuple[str, ...]], source: Source, config: Config) -> tuple[str, str]:
    """The URL path of a document, and why it is impossible, or ""."""
    if keys.permalink:
        return address_of(keys.permalink, config)
    folders, _, name = source.place.rpartition("/")
    dated = _DATED_NAME.fullmatch(name) if source.kind == "post" else None
    slug = keys.slug or slug_of(dated[2] if dated else name)
    if not slug:
        return name, "has no letter or digit: add a `slug`"
    if reason := unsafe_reason(slug) or ("has a slash in it" if "/" in slug else ""):
        return slug, reason
    if slug == "index" and not keys.slug:
        if source.kind == "page":
            url = config.localised(f"/{folders}/" if folders else "/", source.language)
            return url, unsafe_reason(url)
        folders, _, slug = folders.rpartition("/")  # a post with a folder of its own: posts/a-guide/index.md
        dated = _DATED_NAME.fullmatch(slug)
        slug = slug_of(dated[2] if dated else slug)
    if source.kind == "post":
        folders = folders.removeprefix(POSTS).strip("/")
    pattern = getattr(config.permalinks, source.kind)
    categories = terms.get("categories", ())
    if "{category}" in pattern and not categories:
        return pattern, "needs a category, and the post has none"
    day = moment(keys.date or _day_in_name(source), config.zone)
    if day is None and re.search(r"\{(year|month|day)\}", pattern):
        return pattern, "needs a date, and the page has none"
    url = pattern.format(
        slug=slug,
        path=f"{folders}/{slug}" if folders else slug,
        year=f"{day.year:04}" if day else "",
        month=f"{day.month:02}" if day else "",
        day=f"{day.day:02}" if day else "",
        category=slug_of(categories[0]) if categories else "",
    )
    url = config.localised(url, source.language)
    return url, unsafe_reason(url)


def address_of(text: str, config: Config) -> tuple[str, str]:
    """The URL path that a permalink means, and why it is impossible, or ""."""
    if "://" in text:
        return text, "names a host: expected a path like `/about/us/`"
    steps = text.strip("/")
    url = f"/{steps}" if _FILE_ENDING.search(steps) else config.url(f"/{steps}/" if steps else "/")
    return url, unsafe_reason(url)


@cache
def slug_of(name: str) -> str:
    """`name` as a part of an address; unchanged when it is fit to be one. `C++` and `C#` are not `C`."""
    if re.fullmatch(r"[\w-]+", name):
        return name
    from slugify import slugify

    # Vowel signs of Indian scripts and vowel points are marks, not letters, and no word can do without them.
    marks = {sign for sign in unicodedata.normalize("NFKC", name) if unicodedata.category(sign)[0] == "M"}
    kept = "".join(sorted(marks - _VARIATION_SELECTORS))
    parting = rf"(?:(?![{kept}])[\W_])+" if kept else None
    signs = [("+", "-plus"), ("#", "-sharp")]
    return slugify(name, allow_unicode=True, replacements=signs, regex_pattern=parting)
