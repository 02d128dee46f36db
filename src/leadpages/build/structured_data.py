"""What a page says of itself to search engines: JSON-LD with the types of https://schema.org."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec import json

from leadpages.core.site import PageHead, SiteInfo
from leadpages.core.templates import absolute

#: A script element ends at `</script` and goes astray at `<!--`; JSON can say these characters in another way.
_ESCAPES: Final = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"})


@dataclass(frozen=True, slots=True)
class Link:
    """A name and the URL path that it links to, "" where it has no page: a step on the way to a page, an author."""

    name: str
    url: str = ""


def structured_data(
    site: SiteInfo,
    head: PageHead,
    *,
    trail: Sequence[Link] = (),
    authors: Sequence[Link] = (),
    keywords: Sequence[str] = (),
) -> str:
    """The JSON-LD of a page as text for a script element; "" for one that has nothing to say, or shall not be found.

    `trail` are the pages above it, from the one under the start page downwards, without the page itself.
    """
    if head.noindex or not head.path:
        return ""
    graph = []
    if head.path == site.home:
        graph += [_organization(site), _web_site(site)]
    elif head.is_article:
        graph += [_blog_posting(site, head, authors, keywords)]
    if head.path != site.home:
        graph += [_breadcrumbs(site, head, trail)]
    data = {"@context": "https://schema.org", "@graph": graph}
    return json.encode(data).decode("utf-8").translate(_ESCAPES)


def _organization(site: SiteInfo) -> dict[str, Any]:
    described = {"description": site.description} if site.description else {}
    return {**_publisher(site), **described}


def _publisher(site: SiteInfo) -> dict[str, Any]:
    """https://schema.org/Organization; its logo is what the theme's setting `logo` says, where there is one."""
    found = {
        "@type": "Organization",
        "@id": f"{site.url}/#organization",
        "name": site.author or site.title,
        "url": f"{site.url}/",
    }
    logo = site.settings.get("logo")
    return {**found, "logo": absolute(site.url, logo)} if isinstance(logo, str) and logo else found


def _web_site(site: SiteInfo) -> dict[str, Any]:
    return {
        "@type": "WebSite",
        "@id": f"{absolute(site.url, site.home)}#website",
        "name": site.title,
        "url": absolute(site.url, site.home),
        "inLanguage": site.language,
        "publisher": {"@id": f"{site.url}/#organization"},
    }


def _blog_posting(site: SiteInfo, head: PageHead, authors: Sequence[Link], keywords: Sequence[str]) -> dict[str, Any]:
    """https://schema.org/BlogPosting; an organization stands in for authors that the post does not name."""
    url = absolute(site.url, head.path)
    publisher = _publisher(site)
    found = {
        "@type": "BlogPosting",
        "@id": f"{url}#article",
        "headline": head.title,
        "description": head.description,
        "image": absolute(site.url, head.image) if head.image else "",
        "datePublished": head.published,
        "dateModified": head.modified or head.published,
        "author": [_person(site, author) for author in authors] or [publisher],
        "publisher": publisher,
        "mainEntityOfPage": url,
        "inLanguage": site.language,
        "keywords": list(keywords),
    }
    return {key: value for key, value in found.items() if value}


def _person(site: SiteInfo, author: Link) -> dict[str, str]:
    linked = {"url": absolute(site.url, author.url)} if author.url else {}
    return {"@type": "Person", "name": author.name, **linked}


def _breadcrumbs(site: SiteInfo, head: PageHead, trail: Sequence[Link]) -> dict[str, Any]:
    """https://schema.org/BreadcrumbList: from the start page to the page itself."""
    steps = [Link(site.title, site.home), *trail, Link(head.title, head.path)]
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": step.name, "item": absolute(site.url, step.url)}
            for position, step in enumerate(steps, 1)
        ],
    }
