"""From a site to outputs: every template filled, nothing written yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from leadpages.build.content import Page
from leadpages.build.documents import Document
from leadpages.build.markdown import feed_html
from leadpages.build.site import ASSETS, FEED, NOT_FOUND, ROBOTS, SITEMAP, ListPage, Site, Tag, tag_url
from leadpages.build.theme import STYLESHEET, Theme
from leadpages.core.site import PageHead
from leadpages.core.templates import environment
from leadpages.core.urls import encode, output_path

_FEED_POSTS = 20
_LATEST_POSTS = 3


@dataclass(frozen=True, slots=True)
class Output:
    """A file to be: its path under the output folder, and its bytes or the file that has them."""

    path: str
    content: bytes | Path


def page_environment(theme: Theme) -> Environment:
    """The environment for pages on disk."""
    env = environment(theme.loader, root="")
    css = theme.stylesheet()
    env.globals["stylesheet"] = f"{ASSETS}{STYLESHEET}?v={sha256(css.encode()).hexdigest()[:8]}"
    env.globals["inline_style"] = ""
    env.globals["tag_url"] = tag_url
    env.filters["day"] = _day
    env.filters["long_day"] = lambda moment: f"{moment.day} {moment:%B %Y}"
    env.filters["for_feed"] = _for_feed
    return env


def render_site(site: Site, env: Environment, theme: Theme) -> Iterator[Output]:
    """Every file of `public/`.

    Raises jinja2.TemplateError when a template of the theme fails.
    """
    for page in (*site.pages, *site.posts):
        yield _text(page.document.url, _page(site, page, env))
    for listed in site.lists:
        yield _text(listed.url, _list(site, listed, env))
    for tag in site.tags:
        yield _text(tag.url, _tag(site, tag, env))
    for form in site.thank_you:
        head = PageHead("Thank you", form.form.thank_you, noindex=True)
        yield _text(head.path, _fill(site, env, "thank-you.html", head, form=form.form))
    yield _text(NOT_FOUND, _fill(site, env, "404.html", PageHead("Page not found", NOT_FOUND, noindex=True)))
    yield _text(FEED, _fill(site, env, "feed.xml", PageHead(site.info.title, FEED), **_feed(site)))
    yield _text(SITEMAP, _fill(site, env, "sitemap.xml", PageHead("", SITEMAP), urls=_sitemap(site)))
    yield from _files(site, theme)


def _page(site: Site, page: Page, env: Environment) -> str:
    document = page.document
    head = PageHead(
        title=document.title,
        path=document.url,
        description=page.summary,
        image=document.image,
        is_article=document.kind == "post",
        noindex=document.noindex,
    )
    return _fill(site, env, f"{document.template}.html", head, page=page, posts=site.posts[:_LATEST_POSTS])


def _list(site: Site, listed: ListPage, env: Environment) -> str:
    name = "All posts" if listed.url != "/" else site.info.title
    title = name if listed.number == 1 else f"{name}, page {listed.number}"
    head = PageHead(title, listed.url, description=site.info.description if listed.number == 1 else "")
    return _fill(site, env, "posts.html", head, list=listed)


def _tag(site: Site, tag: Tag, env: Environment) -> str:
    head = PageHead(f"Posts on {tag.name}", tag.url)
    return _fill(site, env, "tag.html", head, tag=tag)


def _fill(site: Site, env: Environment, template: str, head: PageHead, **context: Any) -> str:
    return env.get_template(template).render(site=site.info, head=head, **context)


def _feed(site: Site) -> dict[str, Any]:
    posts = site.posts[:_FEED_POSTS]
    changed = [moment for moment in (_changed(page.document) for page in posts) if moment]
    return {"posts": posts, "updated": max(changed).isoformat() if changed else "1970-01-01T00:00:00+00:00"}


def _sitemap(site: Site) -> list[tuple[str, str]]:
    """Address and last change, as the sitemap protocol wants them (https://www.sitemaps.org/protocol.html)."""
    pages = [page.document for page in (*site.pages, *site.posts) if not page.document.noindex]
    urls = [(document.url, _day(_changed(document))) for document in pages]
    urls += [(listed.url, "") for listed in site.lists] + [(tag.url, "") for tag in site.tags]
    return [(site.info.url + encode(url), day) for url, day in sorted(urls)]


def _files(site: Site, theme: Theme) -> Iterator[Output]:
    for file in site.static:
        yield Output(file.url.lstrip("/"), file.file)
    if not any(file.url == ROBOTS for file in site.static):
        yield _text(ROBOTS, f"User-agent: *\nAllow: /\n\nSitemap: {site.info.url}{SITEMAP}\n")
    yield _text(ASSETS + STYLESHEET, theme.stylesheet())
    for name, asset in theme.assets().items():
        if name not in (STYLESHEET, *theme.stylesheets):
            yield Output(ASSETS.lstrip("/") + name, asset)


def _changed(document: Document) -> datetime | None:
    return document.updated or document.date


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else ""


def _for_feed(html: Markup, base_url: str) -> str:
    # As plain text: a feed holds HTML escaped, and would take markup as it is.
    return feed_html(str(html), base_url)


def _text(url: str, text: str) -> Output:
    return Output(output_path(url), text.encode("utf-8"))
