"""What a build writes down for the next one: whole or not there, and not believed when it is damaged."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Final

_SUM_BYTES: Final = 4


def write_record(file: Path, data: bytes) -> None:
    """Write `data` to `file`, with a sum of it."""
    replace_file(file, _sum(data) + data)


def read_record(file: Path) -> bytes:
    """What was written there.

    Raises ValueError when it is something else, OSError when there is nothing.
    """
    with file.open("rb") as read:
        expected, data = read.read(_SUM_BYTES), read.read()
    if _sum(data) != expected:
        raise ValueError(f"{file} is damaged")
    return data


def replace_file(file: Path, data: bytes) -> None:
    """Write `data` to `file` so that nobody ever sees half of it."""
    staged = file.with_name(file.name + ".new")
    staged.write_bytes(data)
    staged.replace(file)


def _sum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(_SUM_BYTES, "big")
