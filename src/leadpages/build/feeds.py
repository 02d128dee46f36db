"""Posts for feed readers. Atom and RSS are templates of the theme; JSON Feed, and what all three share, is here.

Atom: RFC 4287. RSS 2.0: https://www.rssboard.org/rss-specification. JSON Feed: https://jsonfeed.org/version/1.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol
from urllib.parse import urljoin

from leadpages.build.dates import rfc3339
from leadpages.core.site import SiteInfo
from leadpages.core.templates import absolute

#: What posts nowhere, runs nowhere or looks like nothing in a feed reader.
_LEFT_OUT: Final = re.compile(
    r'<section class="lead-form".*?</section>\s*|<(form|script|style|dialog|button)\b.*?</\1\s*>\s*',
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE: Final = r"""[\s/]++[^\s"'<>/=]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'<>`]++))?+"""
#: A tag that may point somewhere. Every part is possessive, which keeps this linear.
_TAG: Final = re.compile(
    rf"<(?:a|area|audio|embed|iframe|img|input|link|source|track|video)(?:{_ATTRIBUTE})++[\s/]*+>", re.IGNORECASE
)
_VALUE: Final = re.compile(
    r"""(?P<name>[\s/]++[^\s"'<>/=]++\s*+=\s*+)(?P<mark>["']?)(?P<value>(?<=")[^"]*+|(?<=')[^']*+|(?<!["'])[^\s"'<>`]++)"""
)
_POINTS: Final = re.compile(r"[\s/]+(?:href|src|poster|(srcset))\s*=\s*", re.IGNORECASE)
#: An address in a `srcset` and its descriptor
#: (https://html.spec.whatwg.org/multipage/images.html#parsing-a-srcset-attribute).
_CANDIDATE: Final = re.compile(r"([^\s,](?:\S*[^\s,])?)(,+(?=\s|$)|[^,]*)")


class FeedPage(Protocol):
    """A post, as far as feeds tell of it."""

    @property
    def url(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def date(self) -> datetime | None: ...
    @property
    def updated(self) -> datetime | None: ...
    @property
    def terms(self) -> Mapping[str, Sequence[str]]: ...


class FeedEntry(Protocol):
    """A post, its HTML, and the URL path of its picture, or ""."""

    @property
    def page(self) -> FeedPage: ...
    @property
    def content(self) -> str: ...
    @property
    def image(self) -> str: ...


def for_feed(html: str, address: str) -> str:
    """The HTML of the page at `address` for a feed reader: whole addresses, no forms, no scripts, no styles."""
    return _TAG.sub(lambda tag: _with_whole_addresses(tag[0], address), _LEFT_OUT.sub("", str(html)))


def json_feed(site: SiteInfo, title: str, page_url: str, url: str, entries: Sequence[FeedEntry]) -> str:
    """The text of a JSON Feed. `page_url` and `url` are the URL paths of the list of posts and of the feed."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": absolute(site.url, page_url),
        "feed_url": absolute(site.url, url),
        "description": site.description,
        "language": site.language,
        "authors": [{"name": site.author or site.title}],
        "items": [_item(site, entry) for entry in entries],
    }
    return json.dumps(_without_empty(feed, "items"), ensure_ascii=False, indent=1) + "\n"


def _item(site: SiteInfo, entry: FeedEntry) -> dict[str, Any]:
    page = entry.page
    address = absolute(site.url, page.url)
    item = {
        "id": address,
        "url": address,
        "title": page.title,
        "content_html": for_feed(entry.content, address),
        "summary": page.summary,
        "image": absolute(site.url, entry.image) if entry.image else "",
        "date_published": rfc3339(page.date),
        "date_modified": rfc3339(page.updated),
        "authors": [{"name": name} for name in page.terms.get("authors", ())],
        "tags": [*page.terms.get("categories", ()), *page.terms.get("tags", ())],
        "language": page.language,
    }
    return _without_empty(item, "content_html")


def _without_empty(data: Mapping[str, Any], *kept: str) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value or key in kept}


def _with_whole_addresses(tag: str, base: str) -> str:
    def whole(found: re.Match[str]) -> str:
        points = _POINTS.fullmatch(found["name"])
        if not points:
            return found[0]
        value = _each_whole(found["value"], base) if points[1] else _whole(found["value"], base)
        return found["name"] + found["mark"] + value

    return _VALUE.sub(whole, tag)


def _each_whole(candidates: str, base: str) -> str:
    """Every address in the `srcset` of an image."""
    return _CANDIDATE.sub(lambda found: _whole(found[1], base) + found[2], candidates)


def _whole(address: str, base: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:  # half an IPv6 address: a reader can make nothing of it either
        return address
