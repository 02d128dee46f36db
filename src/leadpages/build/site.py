"""From pages to a site: what is published, in which order, under which tag, at which address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote, urljoin

from leadpages.build.config import FILE, Config
from leadpages.build.content import Page
from leadpages.build.documents import Document, slug_of
from leadpages.build.form_files import FormFile
from leadpages.build.sources import StaticFile
from leadpages.build.theme import STYLESHEET, Theme
from leadpages.core.errors import Problem, nearest
from leadpages.core.site import SiteInfo
from leadpages.core.urls import collision_key, is_handler_path, output_path

TAGS: Final = "/tags/"
FEED: Final = "/feed.xml"
SITEMAP: Final = "/sitemap.xml"
ROBOTS: Final = "/robots.txt"
NOT_FOUND: Final = "/404.html"
ASSETS: Final = "/assets/"
#: Tells an output folder that leadpages made, and may replace, from one that someone else filled.
MARKER: Final = "/.leadpages"
#: https://www.rfc-editor.org/rfc/rfc3986#section-3.1
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_OLDEST: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag and its posts, newest first."""

    name: str
    url: str
    posts: tuple[Page, ...]


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of the list of posts. `newer` and `older` are URL paths, or "" at the ends."""

    url: str
    number: int
    count: int
    posts: tuple[Page, ...]
    newer: str
    older: str


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that goes out, ready to be filled into templates."""

    info: SiteInfo
    pages: tuple[Page, ...]
    posts: tuple[Page, ...]
    tags: tuple[Tag, ...]
    lists: tuple[ListPage, ...]
    thank_you: tuple[FormFile, ...]
    static: tuple[StaticFile, ...]


def is_published(document: Document, now: datetime, drafts: bool) -> bool:
    """Whether a document goes out: drafts and posts of the future only when asked for."""
    return drafts or not (document.draft or (document.date or _OLDEST) > now)


def arrange(
    info: SiteInfo,
    config: Config,
    pages: Sequence[Page],
    static: tuple[StaticFile, ...],
    forms: Mapping[str, FormFile],
) -> Site:
    """Sort, group and paginate."""
    posts = tuple(
        sorted(
            (page for page in pages if page.document.kind == "post"),
            key=lambda page: (page.document.date or _OLDEST, page.document.url),
            reverse=True,
        )
    )
    return Site(
        info=info,
        pages=tuple(page for page in pages if page.document.kind == "page"),
        posts=posts,
        tags=_tags(posts),
        lists=_paginate(posts, info.posts_url, config.posts.per_page),
        thank_you=tuple(form for form in forms.values() if not form.has_own_thank_you),
        static=static,
    )


def posts_url(config: Config, documents: Iterable[Document]) -> str:
    """Where the list of posts is: as configured, else at `/` unless a home page is written."""
    has_home = any(document.url == "/" for document in documents)
    return config.posts.index or ("/posts/" if has_home else "/")


def tag_url(name: str) -> str:
    """The address of a tag's page."""
    return f"{TAGS}{slug_of(name.casefold())}/"


def _tags(posts: Sequence[Page]) -> tuple[Tag, ...]:
    by_url: dict[str, list[Page]] = {}
    names: dict[str, str] = {}
    for page in posts:
        for name in page.document.tags:
            url = tag_url(name)
            names.setdefault(url, name)
            by_url.setdefault(url, []).append(page)
    return tuple(Tag(names[url], url, tuple(by_url[url])) for url in sorted(by_url))


def _paginate(posts: tuple[Page, ...], url: str, per_page: int) -> tuple[ListPage, ...]:
    count = max(1, -(-len(posts) // per_page))
    addresses = [url, *(f"{url}page/{number}/" for number in range(2, count + 1))]
    return tuple(
        ListPage(
            url=addresses[at],
            number=at + 1,
            count=count,
            posts=posts[at * per_page : (at + 1) * per_page],
            newer=addresses[at - 1] if at else "",
            older=addresses[at + 1] if at + 1 < count else "",
        )
        for at in range(count)
    )


def check_addresses(site: Site, theme: Theme) -> list[Problem]:
    """A problem for each address that two sources claim, also when they differ by case or Unicode form only."""
    problems = []
    owners: dict[str, _Claim] = {}
    folders: dict[str, _Claim] = {}
    for claim in _claims(site, theme):
        key = collision_key(output_path(claim.url))
        steps = key.split("/")
        parents = ["/".join(steps[:end]) for end in range(1, len(steps))]
        if other := owners.get(key):
            problems.append(_collision(claim, other))
        elif other := folders.get(key) or next((owners[parent] for parent in parents if parent in owners), None):
            problems.append(_collision(claim, other, ": one is a file, the other a folder of that name"))
        owners.setdefault(key, claim)
        for parent in parents:
            folders.setdefault(parent, claim)
    return problems


@dataclass(frozen=True, slots=True)
class _Claim:
    """An address, and whose it is: a file of the project's, or with no `path` something that is made for every site."""

    url: str
    path: str
    line: int = 0
    name: str = ""


def _collision(one: _Claim, other: _Claim, why: str = "") -> Problem:
    blamed, named = (one, other) if one.path else (other, one)
    verb = "is in the way of" if why else "is also that of"
    message = f"its address {blamed.url} {verb} {named.path or named.name}{why}"
    return Problem(blamed.path, blamed.line, message, "give one of them another `slug`, or rename the file")


def _claims(site: Site, theme: Theme) -> Iterable[_Claim]:
    for page in (*site.pages, *site.posts):
        document = page.document
        line = document.lines.get(("permalink",)) or document.lines.get(("slug",)) or 0
        yield _Claim(document.url, document.path, line)
    for file in site.static:
        yield _Claim(file.url, file.path)
    for form in site.thank_you:
        yield _Claim(form.form.thank_you, form.path)
    for listed in site.lists:
        yield _Claim(listed.url, "", name="the list of posts")
    for tag in site.tags:
        yield _Claim(tag.url, "", name=f"the page of tag `{tag.name}`")
    for name in {*theme.assets(), STYLESHEET}:
        yield _Claim(ASSETS + name, "", name=f"the theme's assets/{name}")
    for url in (FEED, SITEMAP, NOT_FOUND, MARKER):
        yield _Claim(url, "", name=f"the {url} that every site has")


def check_references(site: Site, theme: Theme, config: Config) -> list[Problem]:
    """A warning for each link, image or thank-you page of the site's own that does not exist."""
    known = {_plain(url) for url in (ROBOTS, *(claim.url for claim in _claims(site, theme)))}
    problems = []
    for page in (*site.pages, *site.posts):
        for reference in page.references:
            if _is_broken(reference.target, page.document.url, site.info.url, known):
                message = f"{'image' if reference.is_image else 'link'} to `{reference.target}`, which does not exist"
                problems.append(Problem(page.document.path, reference.line, message, "", "warning"))
    for number, item in enumerate(config.menu):
        if _is_broken(item.url, "/", site.info.url, known):
            message = f"the menu links to `{item.url}`, which does not exist"
            line = config.line("menu", number, "url")
            problems.append(Problem(FILE, line, message, "", "warning"))
    return problems


def check_thank_you(forms: Iterable[FormFile], documents: Iterable[Document]) -> list[Problem]:
    """A problem for each form that sends people to a page that nobody wrote, or that will not be published."""
    known = {document.url for document in documents}
    return [
        Problem(
            form.path,
            form.thank_you_line,
            f"there is no page `{form.form.thank_you}` to thank people with",
            nearest(form.form.thank_you, known),
        )
        for form in forms
        if form.has_own_thank_you and form.form.thank_you not in known
    ]


def _is_broken(target: str, page: str, site: str, known: set[str]) -> bool:
    """Whether `target`, as it is written on the page at `page`, is an address of the site's own that leads nowhere."""
    target = target.removeprefix(site) if target.startswith(site + "/") else target
    if target.startswith(("//", "#", "?")) or _SCHEME.match(target):
        return False
    path = re.split("[?#]", target, maxsplit=1)[0]
    path = path if path.startswith("/") else urljoin(page, path)
    return not is_handler_path(path) and _plain(path) not in known


def _plain(path: str) -> str:
    return unquote(path).removesuffix("index.html").rstrip("/")
