"""What every page knows of its site, whether the build renders it or the handler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class MenuItem(NamedTuple):
    """A link in the site's navigation, with those under it."""

    label: str
    url: str
    children: tuple[MenuItem, ...] = ()


class SiteInfo(NamedTuple):
    """The site as templates see it, in one of its languages.

    `url` and `handler_url` have no trailing slash; `handler_url` is "" where one host serves both. `home` is the URL
    path of this language's start page. `settings` are the theme's, as its `theme.toml` declares them.
    """

    title: str
    url: str
    handler_url: str
    description: str
    author: str
    language: str
    menu: tuple[MenuItem, ...]
    posts_url: str
    home: str = "/"
    menus: Mapping[str, tuple[MenuItem, ...]] = {}
    settings: Mapping[str, Any] = {}


class Alternate(NamedTuple):
    """The same page in another language (`hreflang`), or the same list as a feed."""

    url: str
    language: str = ""
    media_type: str = ""
    title: str = ""


class PageHead(NamedTuple):
    """What the top of a page says of it. `path` is "" for a page that has no lasting address.

    `image` is a URL path, or an address elsewhere; `published` and `modified` are ISO 8601; `structured_data` is
    JSON-LD (https://schema.org), ready to stand in a script element.
    """

    title: str
    path: str
    description: str = ""
    image: str = ""
    image_alt: str = ""
    is_article: bool = False
    noindex: bool = False
    published: str = ""
    modified: str = ""
    authors: tuple[str, ...] = ()
    translations: tuple[Alternate, ...] = ()
    feeds: tuple[Alternate, ...] = ()
    structured_data: str = ""
