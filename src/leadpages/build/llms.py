"""`llms.txt`: what the site has, as Markdown for programs that read it for a person (https://llmstxt.org)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, Protocol

from leadpages.core.site import SiteInfo
from leadpages.core.urls import encode

#: The newest ones; the list of all posts is linked.
POSTS: Final = 100


class LlmsPage(Protocol):
    """A page or post, as far as `llms.txt` tells of it."""

    @property
    def url(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def noindex(self) -> bool: ...


def llms_txt(site: SiteInfo, pages: Iterable[LlmsPage], posts: Iterable[LlmsPage]) -> str:
    """The file's text: the pages in the order given, and the first hundred of the posts. `noindex` is left out."""
    parts = [f"# {_line(site.title)}"]
    parts += [f"> {_line(site.description)}"] if site.description else []
    parts += _section("Pages", [_entry(site, page) for page in pages if not page.noindex])
    newest = [_entry(site, post) for post in islice((post for post in posts if not post.noindex), POSTS)]
    every = [f"- [All posts]({site.url}{encode(site.posts_url)})"] if len(newest) == POSTS else []
    parts += _section("Posts", newest + every)
    return "\n\n".join(parts) + "\n"


def _section(title: str, entries: Sequence[str]) -> list[str]:
    return [f"## {title}", "\n".join(entries)] if entries else []


def _entry(site: SiteInfo, page: LlmsPage) -> str:
    about = _line(page.description or page.summary)
    name = re.sub(r"([\\\[\]`<])", r"\\\1", _line(page.title))
    # A parenthesis would end the link's address.
    address = encode(page.url).replace("(", "%28").replace(")", "%29")
    return f"- [{name}]({site.url}{address})" + (f": {about}" if about else "")


def _line(text: str) -> str:
    return " ".join(text.split())
