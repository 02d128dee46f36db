"""Files that visitors send with a form: which kinds there are, and whether a file is what its name says."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

#: How the content of each kind begins; a text has no NUL in it.
_ZIP: Final = (b"PK\x03\x04",)
_BEGINNINGS: Final[dict[str, tuple[bytes, ...]]] = {
    ".pdf": (b"%PDF-",),
    ".docx": _ZIP,
    ".xlsx": _ZIP,
    ".pptx": _ZIP,
    ".odt": _ZIP,
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".webp": (b"RIFF",),
    ".txt": (),
    ".csv": (),
}
KINDS: Final = tuple(_BEGINNINGS)
#: No file may be larger, in bytes: function hosts take no larger requests.
MOST: Final = 25_000_000
#: As much of a file as `is_what_it_says` looks at, in bytes.
LOOKED_AT: Final = 1024


class Upload(NamedTuple):
    """A file as it came in: the name that the visitor's system gives it, its size in bytes and its first bytes."""

    name: str
    size: int
    beginning: bytes

    @property
    def ending(self) -> str:
        """What its name ends with, in small letters, from the point on; "" for none."""
        _, point, ending = self.name.lower().rpartition(".")
        return point + ending


def is_what_it_says(upload: Upload) -> bool:
    """Whether the content begins as that of a file with such a name does."""
    beginnings = _BEGINNINGS[upload.ending]
    return upload.beginning.startswith(beginnings) if beginnings else b"\0" not in upload.beginning


def parse_size(text: str) -> int:
    """`5 MB`, `200 KB`, in bytes.

    Raises ValueError for anything else, and for more than `MOST`.
    """
    found = re.fullmatch(r"([0-9]{1,6}) ?(KB|MB)", text.strip())
    size = int(found[1]) * (1_000_000 if found[2] == "MB" else 1000) if found else 0
    if not 0 < size <= MOST:
        raise ValueError(f"expected a size up to {size_in_words(MOST)}, like `5 MB` or `200 KB`")
    return size


def size_in_words(size: int) -> str:
    """`5 MB`, `120 KB`: decimal, as people's systems say it."""
    return f"{size / 1_000_000:.3g} MB" if size >= 1_000_000 else f"{max(1, round(size / 1000))} KB"
