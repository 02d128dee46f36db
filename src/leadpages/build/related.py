"""Which posts belong beside a post: those that share its terms, rare terms before common ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from leadpages.build.pages import digest_of
from leadpages.build.site import LanguageSite

#: How many are named.
_COUNT: Final = 3
#: Under a term, only posts about as old are looked at, so that the work grows with the posts and not with their square.
_NEAR: Final = 12
#: Who wrote a post says little about what else to read.
_LEFT_OUT: Final = ("authors",)


class Related:
    """The posts beside each post, by URL, nearest first.

    `known` is what was found before, by a digest of what it was found from.
    """

    def __init__(self, known: Mapping[str, Mapping[str, tuple[str, ...]]]) -> None:
        self._known = known
        #: What was asked for this time: to be known the next time.
        self.found: dict[str, Mapping[str, tuple[str, ...]]] = {}
        self._by_language: dict[str, Mapping[str, tuple[str, ...]]] = {}

    def of(self, language: LanguageSite) -> Mapping[str, tuple[str, ...]]:
        """For the URL of each post in a language, the URLs of up to three others."""
        tag = language.info.language
        if tag not in self._by_language:
            key = digest_of(*(part for page in language.posts for part in (page.url, page.date, page.terms)))
            found = self._known.get(key)
            self._by_language[tag] = self.found[key] = related_posts(language) if found is None else found
        return self._by_language[tag]


def related_posts(language: LanguageSite) -> Mapping[str, tuple[str, ...]]:
    """For the URL of each post, the URLs of up to three others, the nearest first."""
    age = {page.url: at for at, page in enumerate(language.posts)}
    scores: dict[str, dict[str, float]] = {page.url: {} for page in language.posts}
    for taxonomy in language.taxonomies:
        if taxonomy.name in _LEFT_OUT:
            continue
        for term in taxonomy.terms:
            members = [page.url for page in term.posts]
            worth = 1 / len(members)
            for at, url in enumerate(members):
                own = scores[url]
                for other in members[max(0, at - _NEAR) : at + _NEAR + 1]:
                    own[other] = own.get(other, 0.0) + worth
    return {url: _best(url, found, age) for url, found in scores.items()}


def _best(url: str, scores: Mapping[str, float], age: Mapping[str, int]) -> tuple[str, ...]:
    others = (other for other in scores if other != url)
    ranked = sorted(others, key=lambda other: (-scores[other], abs(age[other] - age[url]), age[other]))
    return tuple(ranked[:_COUNT])
