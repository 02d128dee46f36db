"""Front-matter keys that other generators know: an existing blog must build, and its writer be told."""

from __future__ import annotations

import re
from typing import Final

_HINTS: Final = {
    "layout": "leadpages chooses by folder; `template:` asks for another one",
    "categories": "list them under `tags:`",
    "category": "list it under `tags:`",
    "keywords": "list them under `tags:`",
    "lastmod": "call it `updated:`",
    "last_modified_at": "call it `updated:`",
    "modified": "call it `updated:`",
    "pubDate": "call it `date:`",
    "pubdate": "call it `date:`",
    "publishDate": "call it `date:`",
    "publishdate": "call it `date:`",
    "published": "`draft: true` keeps a post back",
    "hidden": "`draft: true` keeps a post back, `noindex: true` keeps it from search engines",
    "excerpt": "call it `description:`",
    "summary": "call it `description:`",
    "subtitle": "move it under `extra:`",
    "cover": "call it `image:`",
    "featured_image": "call it `image:`",
    "featuredImage": "call it `image:`",
    "feature_image": "call it `image:`",
    "header": "call the picture `image:`",
    "hero": "call it `image:`",
    "images": "call the first one `image:`",
    "thumbnail": "call it `image:`",
    "url": "call it `permalink:`",
    "author": "move it under `extra:`",
    "authors": "move it under `extra:`",
}
#: Known to Eleventy, Hugo or Jekyll, and nothing that a page of leadpages needs.
_WITHOUT_USE: Final = frozenset(
    [
        "aliases",
        "cascade",
        "comments",
        "collection",
        "classes",
        "changefreq",
        "dynamicPermalink",
        "eleventyComputed",
        "eleventyExcludeFromCollections",
        "eleventyImport",
        "eleventyNavigation",
        "expiryDate",
        "expirydate",
        "guid",
        "hasCJKLanguage",
        "headless",
        "id",
        "isCJKLanguage",
        "lang",
        "language",
        "linkTitle",
        "linktitle",
        "locale",
        "markup",
        "math",
        "menu",
        "menus",
        "mermaid",
        "nav_exclude",
        "nav_order",
        "order",
        "outputs",
        "override",
        "pagination",
        "params",
        "pin",
        "prev",
        "next",
        "read_time",
        "redirect_from",
        "redirect_to",
        "render",
        "resources",
        "robots",
        "series",
        "share",
        "show_date",
        "sidebar",
        "sitemap",
        "sort",
        "sticky",
        "tagline",
        "toc",
        "translationKey",
        "type",
        "uuid",
        "videos",
        "weight",
        "unlisted",
        "wordpress_id",
        "_build",
        "ShowToc",
        "TocOpen",
    ]
)


def foreign_key_hint(key: str, value: object) -> str:
    """What to do about a key of another generator; "" for a key that is none."""
    if key in _HINTS:
        return _HINTS[key]
    if key in _WITHOUT_USE:
        return "remove it, or move it under `extra:` for a theme of your own"
    if key == "permalink" and not _is_path(value):
        return "the address follows from the file's name; a path like /about/us/ changes it"
    return ""


def _is_path(value: object) -> bool:
    """Whether a permalink is one address, not the pattern of some: `/:year/:title/`, `/{{ slug }}/`, a file's name."""
    return isinstance(value, str) and not re.search(r"\{|(^|/):|\.html?$", value)
