"""Which leadpages, and which libraries, make the pages: another one may make them otherwise."""

from __future__ import annotations

import os
import sys
import zlib
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

import leadpages

_PACKAGE: Final = Path(leadpages.__file__).parent
#: Those whose output is part of pages.
_LIBRARIES: Final = (
    "babel", "brotli", "css-inline", "font-manrope", "jinja2", "markdown-it-py", "markupsafe", "mdit-py-plugins", "nh3",
    "pillow", "pygments", "python-frontmatter", "python-slugify", "pyyaml", "tzdata",
)  # fmt: skip


@cache
def program_digest() -> str:
    """A digest of leadpages and the versions of its libraries, the same wherever the same are installed."""
    # Imported here: it takes longer than a build that has nothing to do.
    from importlib.metadata import version

    made = blake2b(digest_size=16)
    for file in _files():
        made.update(file.removeprefix(str(_PACKAGE)).encode() + b"\0" + Path(file).read_bytes())
    made.update(repr([(name, version(name)) for name in _LIBRARIES]).encode())
    made.update((sys.version + zlib.ZLIB_RUNTIME_VERSION).encode())  # as zlib compresses, so do pictures and copies
    return made.hexdigest()


def program_signature() -> list[list[int | str]]:
    """What the file system says of leadpages and of the folders with libraries, on this machine: quick to find out."""
    libraries = [folder for folder in sys.path if folder.endswith("-packages")]
    found: list[list[int | str]] = [[sys.version]]
    for path in (*_files(), *libraries):
        try:
            status = os.stat(path)
        except OSError:
            continue
        found.append([path, status.st_size, status.st_mtime_ns])
    return found


def _files() -> list[str]:
    """Every file of the package, in an order that is the same everywhere."""
    return sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(_PACKAGE)
        for name in names
        if not folder.endswith("__pycache__")
    )
