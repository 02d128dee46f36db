"""From pages to a site: what is published, in which order, under which tag, at which address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote

from leadpages.build.config import FILE, Config
from leadpages.build.content import Page
from leadpages.build.documents import Document, slug_of
from leadpages.build.form_files import FormFile
from leadpages.build.sources import StaticFile
from leadpages.build.theme import Theme
from leadpages.core.errors import Problem, nearest
from leadpages.core.site import SiteInfo
from leadpages.core.urls import collision_key, output_path

TAGS: Final = "/tags/"
FEED: Final = "/feed.xml"
SITEMAP: Final = "/sitemap.xml"
ROBOTS: Final = "/robots.txt"
NOT_FOUND: Final = "/404.html"
ASSETS: Final = "/assets/"
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
    owners: dict[str, str] = {}
    for url, owner in _claims(site, theme):
        key = collision_key(output_path(url))
        if key in owners:
            message = f"its address {url} is also that of {owners[key]}"
            problems.append(Problem(owner, 0, message, "give one of them another `slug`, or rename the file"))
        owners.setdefault(key, owner)
    return problems


def _claims(site: Site, theme: Theme) -> Iterable[tuple[str, str]]:
    for page in (*site.pages, *site.posts):
        yield page.document.url, page.document.path
    for file in site.static:
        yield file.url, file.path
    for form in site.thank_you:
        yield form.form.thank_you, form.path
    for listed in site.lists:
        yield listed.url, "the list of posts"
    for tag in site.tags:
        yield tag.url, f"the page of tag `{tag.name}`"
    for name in theme.assets():
        yield ASSETS + name, f"the theme's assets/{name}"


def check_references(site: Site, theme: Theme, config: Config) -> list[Problem]:
    """A warning for each link, image or thank-you page of the site's own that does not exist."""
    known = {url.rstrip("/") for url, _ in _claims(site, theme)} | {FEED, SITEMAP, ROBOTS, NOT_FOUND}
    problems = []
    for page in (*site.pages, *site.posts):
        for reference in page.references:
            path = _own_path(reference.target)
            if path is not None and path not in known:
                what = "image" if reference.is_image else "link"
                message = f"{what} to `{reference.target}`, which does not exist"
                problems.append(Problem(page.document.path, reference.line, message, "", "warning"))
    for item in config.menu:
        path = _own_path(item.url)
        if path is not None and path not in known:
            message = f"the menu links to `{item.url}`, which does not exist"
            problems.append(Problem(FILE, 0, message, "", "warning"))
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


def _own_path(target: str) -> str | None:
    if not target.startswith("/") or target.startswith("//"):
        return None
    return unquote(target.partition("#")[0].partition("?")[0]).removesuffix("index.html").rstrip("/")
