"""From a site to outputs: a job for each file, with a digest of all that it depends on, and the filling of templates.

A job whose digest is as it was need not be done again. What a template turns out to use beyond its own page (all
posts, related posts) is noted while it is filled, so that no template has to be understood beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from leadpages.build.config import Config
from leadpages.build.content import shortened
from leadpages.build.content_policy import policy_needs
from leadpages.build.dates import day, language_name, long_day, rfc822, rfc3339
from leadpages.build.feeds import for_feed, json_feed
from leadpages.build.host_files import redirect_page
from leadpages.build.links import Links
from leadpages.build.llms import llms_txt
from leadpages.build.markdown import MARKS
from leadpages.build.pages import Body, Page, digest_of
from leadpages.build.pictures import Pictures
from leadpages.build.related import Related
from leadpages.build.site import (
    SERIES,
    LanguageSite,
    ListPage,
    Site,
    Taxonomy,
    Term,
    feed_urls,
    taxonomy_title,
    taxonomy_url,
    term_url,
    translations,
)
from leadpages.build.sitemap import SITEMAP, Address, addresses_a_file, sitemap_addresses, sitemap_files
from leadpages.build.structured_data import Link, structured_data
from leadpages.build.text import BLOCK_START
from leadpages.core.forms import Form
from leadpages.core.site import Alternate, PageHead
from leadpages.core.urls import encode, output_path

ROBOTS: Final = "/robots.txt"
NOT_FOUND: Final = "/404.html"
LLMS: Final = "/llms.txt"
#: What no XML may hold, not even escaped (https://www.w3.org/TR/xml/#charsets). A title can say it: "\u0001".
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FEED_TYPES: Final = {"atom": "application/atom+xml", "rss": "application/rss+xml", "json": "application/feed+json"}


#: English words of the theme in a language, with the values of their gaps.
Say = Callable[[str, str, Mapping[str, object]], str]


class Made(NamedTuple):
    """The content of a file, what it used beside what its job names, and notes for the files about all files."""

    data: bytes | Path
    uses: Mapping[str, str] = {}
    notes: Mapping[str, list[str]] = {}


class Job(NamedTuple):
    """A file to be: its path in its folder, a digest of what it is made from, and how to make it.

    Without a key it is made each time. `digest` gives that of something that `Made.uses` names, as it is now.
    """

    path: str
    key: str
    make: Callable[[], Made]
    digest: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class Entry:
    """A post in a feed, with its HTML, and the URL path of its picture, or "": an address elsewhere is itself."""

    page: Page
    content: str
    image: str


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed of posts: `url` is its own URL path, `page_url` that of the list that it follows."""

    title: str
    url: str
    page_url: str
    updated: str
    entries: Sequence[Entry]


class SeriesPart(NamedTuple):
    """A post as a part of a series: the `number`th of the series' posts, counted from 1."""

    term: Term
    number: int


@dataclass
class _Used:
    """What the template that is being filled has used so far."""

    digests: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, None] = field(default_factory=dict)


class _Related(Sequence[Page]):
    """The posts to name beside a post, found when a template asks."""

    def __init__(self, renderer: SiteRenderer, language: LanguageSite, page: Page) -> None:
        self._renderer, self._language, self._page = renderer, language, page

    @cached_property
    def _pages(self) -> tuple[Page, ...]:
        return self._renderer.use_related(self._language, self._page)

    def __getitem__(self, at: Any) -> Any:
        return self._pages[at]

    def __len__(self) -> int:
        return len(self._pages)


class _Parts(Sequence[SeriesPart]):
    """The series that a post is in, found when a template asks."""

    def __init__(self, renderer: SiteRenderer, page: Page) -> None:
        self._renderer, self._page = renderer, page

    @cached_property
    def _parts(self) -> tuple[SeriesPart, ...]:
        return self._renderer.use_series(self._page)

    def __getitem__(self, at: Any) -> Any:
        return self._parts[at]

    def __len__(self) -> int:
        return len(self._parts)


class _Collections:
    """Everything in one language. A page whose template looks in here changes whenever anything does."""

    def __init__(self, renderer: SiteRenderer, language: LanguageSite) -> None:
        self._renderer, self._language = renderer, language

    def _open(self) -> LanguageSite:
        self._renderer.use_site()
        return self._language

    @property
    def posts(self) -> Sequence[Page]:
        """All posts, newest first."""
        return self._open().posts

    @property
    def pages(self) -> Sequence[Page]:
        """All pages, by weight and path."""
        return self._open().pages

    @property
    def taxonomies(self) -> Mapping[str, Taxonomy]:
        """All taxonomies by name."""
        return {taxonomy.name: taxonomy for taxonomy in self._open().taxonomies}


def _head(title: str, path: str, description: str = "", **more: Any) -> PageHead:
    """The head of a page, its title and its description on one line each."""
    return PageHead(_one_line(title), path, _one_line(description), **more)


def _one_line(text: str) -> str:
    return " ".join(text.split())


class SiteRenderer:
    """Makes the jobs of one site. `base` is a digest of theme, configuration, words and data."""

    def __init__(
        self,
        site: Site,
        config: Config,
        env: Environment,
        base: str,
        links: Links,
        pictures: Pictures,
        load_body: Callable[[Page], Body],
        say: Say,
        related: Related,
        data: Any,
    ) -> None:
        self.site, self.config, self.base = site, config, base
        self._env, self._links, self._pictures, self._load_body, self._data = env, links, pictures, load_body, data
        self._say_in = say
        self._translations = translations(
            site, {info.info.language: language_name(info.info.language) for info in site.languages}
        )
        self._used = _Used()
        self._related = related
        self._by_url = {page.url: page for page in site.all_pages()}
        self._keys: dict[str, str] = {}
        self._collections = {language.info.language: _Collections(self, language) for language in site.languages}
        if not config.trailing_slash:  # what a template writes by hand, too
            plain: Callable[[str], str] = env.globals["link"]  # type: ignore[assignment]
            env.globals["link"] = lambda path: plain(config.page_url(path))
        env.globals["picture"] = self._picture
        env.globals["image_size"] = self._image_size
        env.globals["term_url"] = self._term_url
        env.globals["taxonomy_title"] = partial(taxonomy_title, config)
        env.globals["taxonomy_url"] = self._taxonomy_url
        env.globals["data"] = data
        env.filters |= {"day": day, "rfc3339": rfc3339, "rfc822": rfc822, "for_feed": for_feed}
        env.filters["long_day"] = self._long_day

    @cached_property
    def _series(self) -> Mapping[str, Term]:
        """Every series by its URL."""
        taxonomies = (taxonomy for language in self.site.languages for taxonomy in language.taxonomies)
        return {term.url: term for taxonomy in taxonomies if taxonomy.name == SERIES for term in taxonomy.terms}

    # What jobs may use beyond what their keys name.

    @cached_property
    def site_digest(self) -> str:
        """A digest of all that any page may show of any other."""
        return digest_of(self.base, *(page.digest for page in self.site.all_pages()))

    def digest(self, use: str) -> str:
        """The digest of something that a job was noted to use."""
        kind, _, url = use.partition(" ")
        if kind == "site":
            return self.site_digest
        page = self._by_url.get(url)
        if kind == "image":
            return self._pictures.digest(url)
        if kind == "series":
            return _series_digest(self._parts_of(page)) if page else ""
        return digest_of(*(other.digest for other in self._related_to(page))) if page else ""

    def use_site(self) -> None:
        """Note that the whole site is used."""
        self._used.digests["site"] = self.site_digest

    def use_related(self, language: LanguageSite, page: Page) -> tuple[Page, ...]:
        """The posts beside `page`, and note that they are used."""
        found = self._related_to(page)
        self._used.digests[f"related {page.url}"] = digest_of(*(other.digest for other in found))
        return found

    def _related_to(self, page: Page) -> tuple[Page, ...]:
        language = next(found for found in self.site.languages if found.info.language == page.language)
        return tuple(self._by_url[url] for url in self._related.of(language).get(page.url, ()))

    def use_series(self, page: Page) -> tuple[SeriesPart, ...]:
        """The series that `page` is in, and note that they are used."""
        found = self._parts_of(page)
        self._used.digests[f"series {page.url}"] = _series_digest(found)
        return found

    def _parts_of(self, page: Page) -> tuple[SeriesPart, ...]:
        own = {term_url(self.config, SERIES, name, page.language) for name in page.terms.get(SERIES, ())}
        terms = (self._series[url] for url in sorted(own))
        return tuple(SeriesPart(term, 1 + [part.url for part in term.posts].index(page.url)) for term in terms)

    # Jobs.

    def jobs(self) -> Iterator[Job]:
        """Every file that is filled from a template or written out of the site as a whole."""
        for language in self.site.languages:
            yield from self._page_jobs(language)
            yield from self._list_jobs(language)
            yield from self._feed_jobs(language)
            for form in self.site.thank_you:
                own = form.languages[language.info.language]
                key = digest_of(self.base, language.info.language, own.name)
                yield self._job(own.thank_you, key, partial(self._thank_you, language, own))
        first = self.site.languages[0]
        yield self._job(NOT_FOUND, digest_of(self.base), partial(self._not_found, first))
        yield from self._sitemap_jobs()
        yield self._job(LLMS, self.site_digest, self._llms)
        for page in self.site.all_pages():
            for alias in page.aliases:
                yield self._job(alias, digest_of(self.base, page.url, page.language), partial(self._redirect, page))

    def _job(self, url: str, key: str, make: Callable[[], Made]) -> Job:
        return Job(output_path(url), key, make, self.digest)

    def _sitemap_jobs(self) -> Iterator[Job]:
        files = sitemap_files(self.site)
        for number, url in enumerate(files):
            yield self._job(url, self.site_digest, partial(self._sitemap, number))
        if SITEMAP not in files:
            yield self._job(SITEMAP, digest_of(self.base, *files), partial(self._sitemap_index, files))

    def _page_jobs(self, language: LanguageSite) -> Iterator[Job]:
        posts = language.posts
        for page in language.pages:
            yield self._job(page.url, self._page_key(page), partial(self._page, language, page, None, None))
        last = len(posts) - 1
        for at, page in enumerate(posts):
            newer, older = posts[at - 1] if at else None, posts[at + 1] if at < last else None
            key = self._page_key(page, newer, older)
            yield self._job(page.url, key, partial(self._page, language, page, newer, older))

    def page_again(self, page: Page) -> Made:
        """The file of a page that was read again, and to all other pages looks as it did."""
        language = next(found for found in self.site.languages if found.info.language == page.language)
        posts = language.posts if page.is_post else ()
        at = next((at for at, post in enumerate(posts) if post.url == page.url), 0)
        newer, older = posts[at - 1] if at else None, posts[at + 1] if at + 1 < len(posts) else None
        return self._page(language, page, newer, older)

    def _page_key(self, page: Page, *beside: Page | None) -> str:
        parts = [self.base, page.key, page.digest, *(other.digest if other else "" for other in beside)]
        parts += [self._links.href(target, page) for target in page.links]
        pictures = [self._image(target, page) for target in page.pictures]
        parts += [self._others(page.url)] if self._translations else []
        pictures += [self._image(page.image, page)] if page.image else []
        parts += [part for url in pictures for part in (url, self._pictures.digest(url))]
        key = self._keys[page.url] = digest_of("\0".join(parts))
        return key

    def _list_jobs(self, language: LanguageSite) -> Iterator[Job]:
        for listed in language.lists:
            yield self._job(listed.url, self._list_key(listed), partial(self._list, language, listed))
        # Templates are given terms with all of their posts.
        digests = {
            term.url: digest_of(term.name, term.url, term.description, *(page.digest for page in term.posts))
            for taxonomy in language.taxonomies
            for term in taxonomy.terms
        }
        wholes = {
            taxonomy.name: digest_of(taxonomy.title, *(digests[term.url] for term in taxonomy.terms))
            for taxonomy in language.taxonomies
        }
        for taxonomy, term, listed in language.term_lists:
            key = digest_of(self._list_key(listed), digests[term.url], wholes[taxonomy.name])
            yield self._job(listed.url, key, partial(self._term, language, taxonomy, term, listed))
        for taxonomy in language.taxonomies:
            key = digest_of(self.base, wholes[taxonomy.name], self._others(taxonomy.url))
            yield self._job(taxonomy.url, key, partial(self._overview, language, taxonomy))

    def _list_key(self, listed: ListPage) -> str:
        return digest_of(
            self.base, listed.url, listed.count, self._others(listed.url), *(page.digest for page in listed.posts)
        )

    def _others(self, url: str) -> str:
        """What a page says of itself in other languages, for a key."""
        return str(self._translations.get(url, ""))

    def _feed_jobs(self, language: LanguageSite) -> Iterator[Job]:
        feeds = [(language.info.title, language.info.posts_url, language.info.home, language.posts)]
        if self.config.feeds.terms:
            feeds += [
                (f"{language.info.title}: {term.name}", term.url, term.url, term.posts)
                for taxonomy in language.taxonomies
                for term in taxonomy.terms
            ]
        for title, page_url, base, posts in feeds:
            newest = posts[: self.config.feeds.posts]
            key = digest_of(self.base, title, page_url, *(self._keys[page.url] for page in newest))
            for name, url in feed_urls(base, self.config.feeds.formats).items():
                yield self._job(url, key, partial(self._feed, language, name, title, page_url, url, newest))

    # Making.

    def _fill(self, template: str, language: LanguageSite, head: PageHead, **context: Any) -> Made:
        if not head.structured_data and head.path and not template.endswith(".xml"):
            head = head._replace(structured_data=structured_data(language.info, head))
        html = self._env.get_template(template).render(
            site=language.info, head=head, collections=self._collections[language.info.language], **context
        )
        data = (_NOT_XML.sub("", html) if template.endswith(".xml") else html).encode("utf-8")
        used, self._used = self._used, _Used()
        notes = {"pictures": list(used.pictures)} if used.pictures else {}
        needs = policy_needs(data, language.info.handler_url)
        if needs.sources:
            notes["policy"] = sorted(f"{directive} {source}" for directive, source in needs.sources)
        if needs.blocked:
            notes["blocked"] = list(needs.blocked)
        return Made(data, used.digests, notes)

    def _page(self, language: LanguageSite, page: Page, newer: Page | None, older: Page | None) -> Made:
        body = self._load_body(page)
        image = self._image(page.image, page) if page.image else self._pictures.social(page)
        authors = [Link(name, term_url(self.config, "authors", name, page.language)) for name in page.authors]
        head = _head(
            title=page.title,
            path=page.url,
            description=page.description or shortened(page.summary),
            image=image,
            image_alt=page.image_alt if page.image or not image else page.title,
            is_article=page.is_post,
            noindex=page.noindex,
            published=rfc3339(page.date),
            modified=rfc3339(page.updated),
            authors=page.authors,
            translations=self._translations.get(page.url, ()),
            feeds=self._feeds(language),
        )
        trail = (
            [Link(self._say(language, "All posts"), language.info.posts_url)]
            if page.is_post and language.info.posts_url != language.info.home
            else []
        )
        keywords = (*page.terms.get("categories", ()), *page.tags)
        head = head._replace(
            structured_data=structured_data(language.info, head, trail=trail, authors=authors, keywords=keywords),
        )
        return self._fill(
            f"{page.template}.html",
            language,
            head,
            page=page,
            content=self._filled(body.html, body, page),
            placed_form=self._filled(body.placed.get("end", ""), body, page),
            placed_sidebar=self._filled(body.placed.get("sidebar", ""), body, page),
            placed_overlay=self._filled(body.placed.get("overlay", ""), body, page),
            toc=body.toc,
            newer=newer,
            older=older,
            related=_Related(self, language, page),
            series=_Parts(self, page) if page.terms.get(SERIES) else (),
            translations=head.translations,
        )

    def _filled(self, html: str, body: Body, page: Page) -> Markup:
        """HTML of a page, rendered and cleaned when it was read, with its marks filled."""
        if BLOCK_START not in html:
            return Markup(html)  # noqa: S704

        def fill(found: Any) -> str:
            number = int(found["number"])
            if found["kind"] == "L":
                return str(escape(self._href(page.links[number], page)))
            use = body.pictures[number]
            return self._picture_html(
                self._image(use.target, page),
                use.alt,
                use.sizes,
                use.class_,
                use.lazy and not (number == 0 and not page.image),
                use.title,
                use.attributes,
            )

        return Markup(MARKS.sub(fill, html))  # noqa: S704

    def _href(self, target: str, page: Page) -> str:
        found = self._links.href(target, page)
        href: str = self._env.globals["link"](found)  # type: ignore[operator]
        return href

    def _image(self, target: str, page: Page) -> str:
        """The URL path of a picture, as it is written on a page; an address elsewhere is itself."""
        found = self._links.resolve(target, page)
        return found.path or found.href

    def _image_size(self, path: str) -> tuple[int, int] | None:
        self._used.digests[f"image {path}"] = self._pictures.digest(path)
        return self._pictures.size(path)

    def _picture(self, path: str, alt: str = "", sizes: str = "100vw", class_: str = "", lazy: bool = True) -> Markup:
        return Markup(self._picture_html(path, alt, sizes, class_, lazy))  # noqa: S704  (escaped there)

    def _picture_html(
        self,
        path: str,
        alt: str,
        sizes: str,
        class_: str,
        lazy: bool,
        title: str = "",
        attributes: Mapping[str, str] = {},
    ) -> str:
        self._used.pictures[path] = None
        self._used.digests[f"image {path}"] = self._pictures.digest(path)
        href = self._env.globals["link"](path)  # type: ignore[operator]
        return self._pictures.html(path, href, alt, sizes, class_, lazy, title, attributes)

    def _list(self, language: LanguageSite, listed: ListPage) -> Made:
        info = language.info
        name = (
            info.title
            if listed.url == info.home or (listed.number > 1 and info.posts_url == info.home)
            else self._say(language, "All posts")
        )
        head = _head(
            title=self._numbered(language, name, listed.number),
            path=listed.url,
            description=info.description if listed.number == 1 else "",
            translations=self._translations.get(listed.url, ()),
            feeds=self._feeds(language),
        )
        return self._fill("posts.html", language, head, list=listed)

    def _term(self, language: LanguageSite, taxonomy: Taxonomy, term: Term, listed: ListPage) -> Made:
        base = term.url if term.url.endswith("/") else f"{term.url}/"
        own = feed_urls(base, self.config.feeds.formats) if self.config.feeds.terms else {}
        head = _head(
            title=self._numbered(language, self._term_title(language, term), listed.number),
            path=listed.url,
            description=term.description if listed.number == 1 else "",
            translations=self._translations.get(listed.url, ()),
            feeds=tuple(Alternate(url, media_type=_FEED_TYPES[name], title=term.name) for name, url in own.items()),
        )
        trail = [Link(self._say(language, taxonomy.title), taxonomy.url)]
        head = head._replace(structured_data=structured_data(language.info, head, trail=trail))
        return self._fill("term.html", language, head, list=listed, term=term, taxonomy=taxonomy)

    def _term_title(self, language: LanguageSite, term: Term) -> str:
        kind = term.taxonomy
        return self._say(
            language,
            "Posts by {name}" if kind == "authors" else "Series: {name}" if kind == SERIES else "Posts on {name}",
            name=term.name,
        )

    def _overview(self, language: LanguageSite, taxonomy: Taxonomy) -> Made:
        head = _head(
            self._say(language, taxonomy.title),
            taxonomy.url,
            translations=self._translations.get(taxonomy.url, ()),
            feeds=self._feeds(language),
        )
        return self._fill("terms.html", language, head, taxonomy=taxonomy)

    def _thank_you(self, language: LanguageSite, form: Form) -> Made:
        head = _head(self._say(language, "Thank you"), form.thank_you, noindex=True)
        return self._fill("thank-you.html", language, head, form=form)

    def _not_found(self, language: LanguageSite) -> Made:
        head = _head(self._say(language, "Page not found"), NOT_FOUND, noindex=True)
        return self._fill("404.html", language, head)

    def _feed(
        self, language: LanguageSite, name: str, title: str, page_url: str, url: str, posts: Sequence[Page]
    ) -> Made:
        entries = [self._entry(page) for page in posts]
        self._used = _Used()
        if name == "json":
            return Made(json_feed(language.info, title, page_url, url, entries).encode("utf-8"))
        changed = max((moment for page in posts if (moment := page.changed)), default=None)
        feed = Feed(title, url, page_url, rfc3339(changed) or "1970-01-01T00:00:00+00:00", entries)
        return self._fill({"atom": "feed.xml", "rss": "rss.xml"}[name], language, _head(title, url), feed=feed)

    def _entry(self, page: Page) -> Entry:
        image = self._image(page.image, page) if page.image else ""
        body = self._load_body(page)
        return Entry(page, self._filled(body.html, body, page), image)

    def _sitemap(self, number: int) -> Made:
        most = addresses_a_file(self.site)
        urls = [
            (self.site.info.url + encode(url), changed, self._alternates(url))
            for url, changed in self._addresses[number * most : (number + 1) * most]
        ]
        return self._fill("sitemap.xml", self.site.languages[0], PageHead("", SITEMAP), urls=urls)

    def _sitemap_index(self, urls: Sequence[str]) -> Made:
        return self._fill("sitemap-index.xml", self.site.languages[0], PageHead("", SITEMAP), urls=urls)

    def _alternates(self, url: str) -> list[Alternate]:
        """A page in all its languages, but where it shall not be found."""
        found = [other for other in self._translations.get(url, ()) if other.url not in self._hidden]
        return found if len(found) > 1 else []

    @cached_property
    def _addresses(self) -> list[Address]:
        return sitemap_addresses(self.site)

    @cached_property
    def _hidden(self) -> frozenset[str]:
        return frozenset(page.url for page in self.site.all_pages() if page.noindex)

    def _llms(self) -> Made:
        first = self.site.languages[0]
        return Made(llms_txt(first.info, first.pages, first.posts).encode("utf-8"))

    def _redirect(self, page: Page) -> Made:
        target = self._env.globals["link"](page.url)  # type: ignore[operator]
        canonical = self.site.info.url + encode(page.url)
        return Made(redirect_page(target, canonical, page.language).encode("utf-8"))

    # Words.

    def _feeds(self, language: LanguageSite) -> tuple[Alternate, ...]:
        urls = feed_urls(language.info.home, self.config.feeds.formats)
        title = language.info.title
        return tuple(Alternate(url, media_type=_FEED_TYPES[name], title=title) for name, url in urls.items())

    def _say(self, language: LanguageSite, text: str, **gaps: object) -> str:
        """The words of the theme in a language, as plain text."""
        return self._say_in(language.info.language, text, gaps)

    def _numbered(self, language: LanguageSite, title: str, number: int) -> str:
        return title if number == 1 else self._say(language, "{title}, page {number}", title=title, number=number)

    @pass_context
    def _long_day(self, context: Context, moment: Any) -> str:
        return long_day(moment, context.resolve("site").language, self.config.date_format)

    @pass_context
    def _term_url(self, context: Context, taxonomy: str, name: str) -> str:
        return term_url(self.config, taxonomy, name, context.resolve("site").language)

    @pass_context
    def _taxonomy_url(self, context: Context, taxonomy: str) -> str:
        return taxonomy_url(self.config, taxonomy, context.resolve("site").language)


def _series_digest(parts: Sequence[SeriesPart]) -> str:
    return digest_of(*(text for part in parts for text in (part.term.name, *(post.digest for post in part.term.posts))))
