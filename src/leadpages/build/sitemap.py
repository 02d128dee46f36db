"""Which addresses search engines are told of, and in how many files (https://www.sitemaps.org/protocol.html)."""

from __future__ import annotations

from typing import Final, NamedTuple

from leadpages.build.dates import day
from leadpages.build.site import LanguageSite, Site

SITEMAP: Final = "/sitemap.xml"
#: What the protocol lets one file name.
_MOST_ADDRESSES: Final = 50_000


class Address(NamedTuple):
    """A URL path, and the day on which its page last changed, "" where that is not known."""

    url: str
    changed: str = ""


def sitemap_files(site: Site) -> list[str]:
    """The URL paths of the files that name addresses: `SITEMAP` alone, or several, of which `SITEMAP` is the index."""
    count = parts(sum(map(_count, site.languages)), addresses_a_file(site))
    return [SITEMAP] if count == 1 else [f"/sitemap-{number}.xml" for number in range(1, count + 1)]


def parts(count: int, most: int) -> int:
    """In how many files `count` addresses are, with `most` in one; an empty sitemap is a file too."""
    return max(1, -(-count // most))


def addresses_a_file(site: Site) -> int:
    """How many addresses one file names: with each go those in other languages, and a file may have 50 MB."""
    return _MOST_ADDRESSES // len(site.languages)


def sitemap_addresses(site: Site) -> list[Address]:
    """All that may be found, language by language: nothing that is `noindex`, thanks people or redirects."""
    return [address for language in site.languages for address in sorted(_addresses(language))]


def _addresses(language: LanguageSite) -> list[Address]:
    found = [Address(p.url, day(p.changed)) for p in (*language.pages, *language.posts) if not p.noindex]
    found += [Address(listed.url) for listed in language.lists]
    found += [Address(listed.url) for _, _, listed in language.term_lists]
    return found + [Address(taxonomy.url) for taxonomy in language.taxonomies]


def _count(language: LanguageSite) -> int:
    pages = sum(not page.noindex for page in (*language.pages, *language.posts))
    return pages + len(language.lists) + len(language.term_lists) + len(language.taxonomies)
