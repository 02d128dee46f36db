"""What a build knows of each page: a light record of all, and the HTML of one at a time.

Records are kept between builds, so they are made of plain values that come back from JSON as they went in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, Final

from msgspec import Struct, field, json, structs

from leadpages.core.errors import Problem

_DIGEST_BYTES: Final = 16


class Reference(Struct, frozen=True, gc=False, array_like=True, omit_defaults=True):
    """Something that a page points to, as it is written, and where."""

    target: str
    line: int
    column: int = 0
    is_image: bool = False
    #: Whether a picture says what it shows, or that there is nothing to say.
    has_alt: bool = True


class Heading(Struct, frozen=True, gc=False):
    """A line of a table of contents."""

    level: int
    id: str
    text: str


class BodyPlace(Struct, frozen=True, gc=False, array_like=True):
    """Where the body of a page is kept in the cache: from which byte on, how many bytes, and their CRC-32."""

    start: int
    size: int
    checksum: int


class Page(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A post or page without its HTML.

    `path` is the source's, relative to the project. `terms` are the names in each taxonomy. `lines` says where in the
    source front-matter keys stand. `key` is a digest of all that the page was made from; `digest` one of what other
    pages may show of it. `links` and `pictures` are the addresses that its body has marks for.
    """

    path: str
    kind: str
    language: str
    url: str
    template: str
    title: str
    date: datetime | None = None
    updated: datetime | None = None
    expires: datetime | None = None
    description: str = ""
    summary: str = ""
    image: str = ""
    image_alt: str = ""
    terms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    translation_key: str = ""
    draft: bool = False
    noindex: bool = False
    toc: bool = False
    weight: int = 0
    minutes: int = 1
    extra: dict[str, Any] = field(default_factory=dict)
    anchors: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    links: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    lines: dict[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    key: str = ""
    digest: str = ""
    body: BodyPlace | None = None

    @property
    def is_post(self) -> bool:
        """Whether it stands in the lists of posts."""
        return self.kind == "post"

    @property
    def changed(self) -> datetime | None:
        """When its words last changed."""
        return self.updated or self.date

    @property
    def tags(self) -> tuple[str, ...]:
        """Its terms in the taxonomy `tags`."""
        return self.terms.get("tags", ())

    @property
    def authors(self) -> tuple[str, ...]:
        """Its terms in the taxonomy `authors`."""
        return self.terms.get("authors", ())

    def line(self, key: str) -> int:
        """The line of `key` in the front matter; 0 where it is not written."""
        return self.lines.get(key, 0)


class PictureUse(Struct, frozen=True):
    """A picture as a page asks for it: `sizes` is how wide it is shown, `attributes` are further ones of its <img>."""

    target: str
    alt: str
    title: str
    class_: str
    sizes: str
    attributes: dict[str, str] = {}
    lazy: bool = True


class Body(Struct, frozen=True):
    """The HTML of a page, with marks for the page's `links` and `pictures`: where these lead depends on other files.

    `placed` is what stands beside the text: at its end, in a sidebar, or coming up over it.
    """

    html: str
    placed: dict[str, str] = {}
    toc: tuple[Heading, ...] = ()
    pictures: tuple[PictureUse, ...] = ()


def digest_of(*parts: object) -> str:
    """A digest of values that have a lasting `str`, or are bytes."""
    encoded = [part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass") for part in parts]
    whole = b"".join([b"%d:%b" % (len(part), part) for part in encoded])
    return blake2b(whole, digest_size=_DIGEST_BYTES).hexdigest()


def with_digest(page: Page) -> Page:
    """`page` with the digest of what others may show of it."""
    shown = structs.replace(
        page, lines={}, problems=(), references=(), links=(), pictures=(), key="", digest="", body=None
    )
    return structs.replace(page, digest=digest_of(json.encode(shown)))


def plain(value: Any) -> Any:
    """A value of front matter or data as JSON can hold it: days and moments become ISO 8601 text."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    if isinstance(value, date):  # and datetime
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)
