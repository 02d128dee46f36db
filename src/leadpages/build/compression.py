"""Compressed copies of text files, for hosts that send them as they are."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Final

_ENDINGS: Final = (".css", ".html", ".js", ".json", ".mjs", ".svg", ".txt", ".webmanifest", ".xml")
#: A copy that saves less than a tenth, or fits into one packet either way, is not worth its place.
_WORTH: Final = 0.9
_SMALLEST: Final = 1000
#: RFC 1952: deflate, no flags, no time, slowest and smallest, of no system.
_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"


def is_compressible(path: str) -> bool:
    """Whether the file is text, by its ending. Pictures, fonts and archives are compressed already."""
    return path.lower().endswith(_ENDINGS)


def compressed(data: bytes, formats: Sequence[str]) -> dict[str, bytes]:
    """The copies of `data` that are worth having, by the ending that is added: `.gz`, `.br`.

    `formats` are any of `gz` and `br`.
    """
    if len(data) < _SMALLEST:
        return {}
    copies = {f".{name}": _gzip(data) if name == "gz" else _brotli(data) for name in formats}
    return {ending: copy for ending, copy in copies.items() if len(copy) <= len(data) * _WORTH}


def _gzip(data: bytes) -> bytes:
    # The library's header names the operating system; this one is the same everywhere. What follows it is the same
    # with the same library: zlib-ng, which some systems have in place of zlib, packs the same data into other bytes.
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
    return (
        _GZIP_HEADER
        + deflate.compress(data)
        + deflate.flush()
        + struct.pack("<LL", zlib.crc32(data), len(data) % 2**32)
    )


def _brotli(data: bytes) -> bytes:
    import brotli  # 3 ms, and most sites have no use for it

    copy: bytes = brotli.compress(data, mode=brotli.MODE_TEXT, quality=11)
    return copy
