"""What a build remembers for the next one: pages by what they were made from, and their HTML.

Everything is keyed by content, so the folder may travel between machines; it may be lost or cut off at any time. What
cannot be read, or was written by another version, counts for nothing.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import Final, Self

from msgspec import DecodeError, Struct, ValidationError, field, json

from leadpages.build.images import ImageRecord
from leadpages.build.inputs import Signature
from leadpages.build.pages import Body, BodyPlace, Page
from leadpages.build.program import program_digest
from leadpages.build.records import read_record, write_record

_INDEX: Final = "pages.json"
_BODIES: Final = "bodies"
#: Bodies that no page has anymore may take up as much room as those in use, and this many bytes.
_WASTE: Final = 4_000_000
_encoder: Final = json.Encoder()


class SourceRecord(Struct, frozen=True, gc=False, array_like=True):
    """A file as it was read: its content, and how the file system saw it; UNSETTLED where it may change unseen."""

    signature: Signature
    digest: str


class Remembered(Struct, frozen=True):
    """All but the bodies. `program` made it; `settings` is a digest of what every page depends on."""

    program: str = ""
    settings: str = ""
    sources: dict[str, SourceRecord] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    related: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    images: dict[str, ImageRecord] = field(default_factory=dict)


class DamagedCache(Exception):
    """A body is not what was put there."""


class Cache:
    """A folder of the builds' own. Use it under the output's lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.remembered = Remembered()
        self._descriptor = -1

    def open(self, known: Remembered | None = None) -> Self:
        """Read what is there, unless `known` is at hand, and make room for bodies."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if known is None:
            with suppress(OSError, ValueError):  # DecodeError is one
                known = json.decode(read_record(self.folder / _INDEX), type=Remembered)
        self.remembered = known if known and known.program == program_digest() else Remembered(program_digest())
        live = sum(page.body.size for page in self.remembered.pages.values() if page.body)
        bodies = self.folder / _BODIES
        if not bodies.exists() or bodies.stat().st_size > 2 * live + _WASTE:
            self.forget()
        self._descriptor = os.open(bodies, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        return self

    def close(self) -> None:
        """Let go of the bodies."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def forget(self) -> None:
        """Begin anew."""
        self.remembered = Remembered(program_digest())
        for name in (_INDEX, _BODIES):
            (self.folder / name).unlink(missing_ok=True)

    def reopen(self) -> None:
        """A descriptor of this process's own: forked ones would share their place in the file."""
        os.close(self._descriptor)
        self._descriptor = os.open(self.folder / _BODIES, os.O_RDWR | os.O_APPEND)

    def put(self, bodies: Sequence[Body]) -> list[BodyPlace]:
        """Keep some bodies; several processes may do so at once."""
        if not bodies:
            return []
        parts = [_encoder.encode(body) for body in bodies]
        data = b"".join(parts)
        # The system appends a write as a whole, and leaves this process's place behind it.
        written = os.write(self._descriptor, data)
        if written != len(data):
            raise OSError(28, "no space left for the cache", str(self.folder))
        start = os.lseek(self._descriptor, 0, os.SEEK_CUR) - len(data)
        starts = accumulate(map(len, parts), initial=start)
        return [BodyPlace(at, len(part), zlib.crc32(part)) for at, part in zip(starts, parts, strict=False)]

    def body(self, page: Page) -> Body:
        """The body of a page.

        Raises DamagedCache when it is not what was put there.
        """
        place = page.body
        if place is None:
            raise DamagedCache(page.path)
        data = os.pread(self._descriptor, place.size, place.start)
        if zlib.crc32(data) != place.checksum:
            raise DamagedCache(page.path)
        try:
            return json.decode(data, type=Body)
        except (DecodeError, ValidationError):
            raise DamagedCache(page.path) from None

    def save(self, remembered: Remembered) -> None:
        """Note what the next build can use."""
        self.remembered = remembered
        write_record(self.folder / _INDEX, json.encode(remembered))
