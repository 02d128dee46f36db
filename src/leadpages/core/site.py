"""What every page knows of its site, whether the build renders it or the handler."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A link in the site's navigation."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class SiteInfo:
    """The site as templates see it. `url` has no trailing slash; so has `handler_url`, which may be ""."""

    title: str
    url: str
    handler_url: str
    description: str
    author: str
    language: str
    menu: tuple[MenuItem, ...]
    posts_url: str


@dataclass(frozen=True, slots=True)
class PageHead:
    """What the top of a page says of it. `path` is "" for a page that has no lasting address."""

    title: str
    path: str
    description: str = ""
    image: str = ""
    is_article: bool = False
    noindex: bool = False
