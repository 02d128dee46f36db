"""Files that cost time to make, kept by name from one build to the next."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from leadpages.build.records import replace_file

_CHECKSUM_BYTES: Final = 16
#: Files that nobody asks for anymore may be as many as those in use, and this many more.
_WASTE: Final = 500


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """A folder of files whose names tell all that they are made from, each behind a checksum of its content."""

    folder: Path

    def get(self, name: str) -> bytes | None:
        """The content of a file; None for one that is not there, or not as it was put there."""
        try:
            data = (self.folder / name).read_bytes()
        except OSError:
            return None
        checksum, content = data[:_CHECKSUM_BYTES], data[_CHECKSUM_BYTES:]
        return content if checksum == _checksum(name, content) else None

    def put(self, name: str, content: bytes) -> None:
        """Keep a file; whoever looks meanwhile sees all of it or nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        replace_file(self.folder / name, _checksum(name, content) + content)

    def prune(self, wanted: Collection[str]) -> None:
        """Throw away what is not in `wanted`, once that is much."""
        found = {file.name: file for file in self.folder.iterdir()} if self.folder.is_dir() else {}
        if len(found) > 2 * len(wanted) + _WASTE:
            for name in found.keys() - set(wanted):
                found[name].unlink(missing_ok=True)


def _checksum(name: str, content: bytes) -> bytes:
    made = blake2b(name.encode() + b"\0", digest_size=_CHECKSUM_BYTES)
    made.update(content)
    return made.digest()
