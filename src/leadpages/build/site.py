"""From pages to a site: what is published, in which order, under which terms, at which address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from leadpages.build.config import Config
from leadpages.build.documents import slug_of
from leadpages.build.form_files import FormFile
from leadpages.build.pages import Page
from leadpages.build.sources import StaticFile
from leadpages.core.site import Alternate, SiteInfo

FEEDS: Final = {"atom": "feed.xml", "rss": "rss.xml", "json": "feed.json"}
#: The taxonomy whose posts are read from the oldest on.
SERIES: Final = "series"
_OLDEST: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Term:
    """A tag, category, author or series with its posts, newest first; those of a series in the order of reading."""

    taxonomy: str
    name: str
    slug: str
    url: str
    description: str
    posts: tuple[Page, ...]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """A way to sort posts, with all of its terms; its overview is at `url`."""

    name: str
    title: str
    url: str
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list of posts. `newer` and `older` are URL paths, or "" at the ends."""

    url: str
    number: int
    count: int
    posts: tuple[Page, ...]
    newer: str
    older: str


@dataclass(frozen=True, slots=True)
class LanguageSite:
    """What a site has in one language. `lists` are the pages of the list of posts, `term_lists` those of each term."""

    info: SiteInfo
    pages: tuple[Page, ...]
    posts: tuple[Page, ...]
    taxonomies: tuple[Taxonomy, ...]
    lists: tuple[ListPage, ...]
    term_lists: tuple[tuple[Taxonomy, Term, ListPage], ...]


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that goes out, ready to be filled into templates."""

    languages: tuple[LanguageSite, ...]
    thank_you: tuple[FormFile, ...]
    static: tuple[StaticFile, ...]

    @property
    def info(self) -> SiteInfo:
        """The site in its own language."""
        return self.languages[0].info

    def all_pages(self) -> Iterator[Page]:
        """Every page that somebody wrote, language by language."""
        for language in self.languages:
            yield from language.pages
            yield from language.posts


def is_published(page: Page, now: datetime, drafts: bool) -> bool:
    """Whether a page goes out: drafts, posts of the future and what has expired only when asked for."""
    return drafts or not (
        page.draft or (page.date or _OLDEST) > now or (page.expires is not None and page.expires <= now)
    )


def next_change(pages: Iterable[Page], now: datetime) -> datetime | None:
    """When a page next appears or expires by itself; None when none does."""
    moments = (m for page in pages if not page.draft for m in (page.date, page.expires) if m and m > now)
    return min(moments, default=None)


def arrange(
    infos: Mapping[str, SiteInfo],
    config: Config,
    pages: Sequence[Page],
    static: tuple[StaticFile, ...],
    forms: Mapping[str, FormFile],
    data: Mapping[str, Any],
) -> Site:
    """Sort, group and paginate. `infos` are by language, the site's own first."""
    languages = tuple(
        _language(info, config, [page for page in pages if page.language == language], data)
        for language, info in infos.items()
    )
    return Site(languages, tuple(form for form in forms.values() if not form.has_own_thank_you), static)


def _language(info: SiteInfo, config: Config, found: Sequence[Page], data: Mapping[str, Any]) -> LanguageSite:
    posts = sorted((page for page in found if page.is_post), key=_by_date, reverse=True)
    pages = sorted((page for page in found if not page.is_post), key=lambda page: (page.weight, page.path, page.url))
    taxonomies = tuple(_taxonomies(posts, config, info.language, data))
    lists = paginate(posts, info.posts_url, config.posts.per_page, config)
    term_lists = tuple(
        (taxonomy, term, listed)
        for taxonomy in taxonomies
        for term in taxonomy.terms
        for listed in paginate(term.posts, term.url, config.all_taxonomies[taxonomy.name].per_page, config)
    )
    return LanguageSite(info, tuple(pages), tuple(posts), taxonomies, lists, term_lists)


def _by_date(page: Page) -> tuple[datetime, str]:
    return page.date or _OLDEST, page.url


def posts_url(config: Config, language: str, homes: Iterable[str]) -> str:
    """Where the list of posts is: as configured, else at the start page unless one is written (`homes`)."""
    home = config.home(language)
    if config.posts.index:
        return config.localised(config.posts.index, language)
    return config.localised("/posts/", language) if home in homes else home


def taxonomy_title(config: Config, taxonomy: str) -> str:
    """What a taxonomy is called, in the words of the project or in English."""
    return config.all_taxonomies[taxonomy].title or taxonomy.capitalize()


def taxonomy_url(config: Config, taxonomy: str, language: str) -> str:
    """The address of a taxonomy's overview."""
    return config.localised(config.all_taxonomies[taxonomy].url or f"/{taxonomy}/", language)


def term_url(config: Config, taxonomy: str, name: str, language: str) -> str:
    """The address of a term's page."""
    base = config.all_taxonomies[taxonomy].url or f"/{taxonomy}/"
    return config.localised(f"{base}{slug_of(name.lower())}/", language)


def _taxonomies(posts: Sequence[Page], config: Config, language: str, data: Mapping[str, Any]) -> Iterator[Taxonomy]:
    for taxonomy in config.all_taxonomies:
        names: dict[str, str] = {}
        members: dict[str, dict[str, Page]] = {}
        for page in posts:
            for name in page.terms.get(taxonomy, ()):
                slug = slug_of(name.lower())
                names.setdefault(slug, name)
                members.setdefault(slug, {})[page.url] = page  # `C` and `c` on one page are one term
        if not names:
            continue
        notes = _notes(data.get(taxonomy))
        terms = tuple(
            Term(
                taxonomy,
                _noted(notes, slug, "title") or names[slug],
                slug,
                term_url(config, taxonomy, names[slug], language),
                _noted(notes, slug, "description"),
                tuple(members[slug].values())[:: -1 if taxonomy == SERIES else 1],
            )
            for slug in sorted(names)
        )
        yield Taxonomy(taxonomy, taxonomy_title(config, taxonomy), taxonomy_url(config, taxonomy, language), terms)


def _notes(data: Any) -> dict[str, Mapping[str, Any]]:
    """What `site/data/TAXONOMY.toml` says of terms, by slug; it may call them by their names."""
    tables = data.items() if isinstance(data, Mapping) else ()
    return {slug_of(str(name).lower()): entry for name, entry in tables if isinstance(entry, Mapping)}


def _noted(notes: Mapping[str, Mapping[str, Any]], slug: str, key: str) -> str:
    return str(notes.get(slug, {}).get(key) or "")


def paginate(posts: Sequence[Page], url: str, per_page: int, config: Config) -> tuple[ListPage, ...]:
    """The pages of a list, of which the first is at `url`."""
    count = max(1, -(-len(posts) // per_page))
    base = url.rstrip("/")
    addresses = [url, *(config.url(f"{base}/page/{number}/") for number in range(2, count + 1))]
    return tuple(
        ListPage(
            url=addresses[at],
            number=at + 1,
            count=count,
            posts=tuple(posts[at * per_page : (at + 1) * per_page]),
            newer=addresses[at - 1] if at else "",
            older=addresses[at + 1] if at + 1 < count else "",
        )
        for at in range(count)
    )


def translations(site: Site, titles: Mapping[str, str]) -> dict[str, tuple[Alternate, ...]]:
    """For each page that is there in several languages, by URL: all of them, in the order of the languages.

    `titles` are the languages' names for themselves.
    """
    if len(site.languages) == 1:
        return {}
    groups: dict[tuple[str, ...], list[Alternate]] = {}
    for language in site.languages:
        tag = language.info.language
        for key, url in _translatable(language):
            # A start page is one whether somebody wrote it or it lists the posts.
            key = ("home",) if url == language.info.home else key
            groups.setdefault(key, []).append(Alternate(url, tag, title=titles[tag]))
    found: dict[str, tuple[Alternate, ...]] = {}
    for group in groups.values():
        if len(group) > 1:
            found |= dict.fromkeys((alternate.url for alternate in group), tuple(group))
    return found


def _translatable(language: LanguageSite) -> Iterator[tuple[tuple[str, ...], str]]:
    """What there may be in another language too: a key that both have, and the URL path."""
    for page in (*language.pages, *language.posts):
        yield (page.kind, page.translation_key), page.url
    yield ("list",), language.lists[0].url
    for taxonomy in language.taxonomies:
        yield ("taxonomy", taxonomy.name), taxonomy.url
        for term in taxonomy.terms:
            yield ("term", taxonomy.name, term.slug), term.url


def feed_urls(base: str, formats: Sequence[str]) -> dict[str, str]:
    """The addresses of the feeds that belong to a list at `base`, by format."""
    folder = base if base.endswith("/") else f"{base}/"
    return {name: folder + FEEDS[name] for name in formats}
