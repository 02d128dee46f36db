"""Writing outputs: staged beside the old ones, then exchanged with them whole.

A crash, a full disk or an error leaves what stood there, byte for byte. Only where the system cannot exchange
two folders (all but Linux) can a crash between two renames put it aside, until the next build puts it back.
What is the same as before is hard-linked from the old folder, not written again.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leadpages.build.render import Output
from leadpages.build.site import MARKER
from leadpages.core.errors import OutputError

_MARKER: Final = MARKER.lstrip("/")
_MARKER_TEXT: Final = b"Made by `leadpages build`, which replaces this folder as a whole.\n"
_WORK: Final = ".leadpages"
_RENAME_EXCHANGE: Final = 2
_AT_FDCWD: Final = -100


@dataclass(frozen=True, slots=True)
class Written:
    """How many files of a folder are new or changed, and how many were left as they were."""

    changed: int
    unchanged: int


@contextmanager
def locked(parent: Path) -> Iterator[None]:
    """Hold the lock on the output folders in `parent`; wait for another build that has it.

    The lock is the operating system's: it ends with its holder, however that ends.

    Raises OutputError when nothing can be written there.
    """
    work = parent / _WORK
    with _translated(parent):
        work.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (work / "lock").open("wb")
    with file:
        _lock(file.fileno())
        yield


@contextmanager
def _translated(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        named = f" ({error.filename})" if error.filename else ""
        raise OutputError(f"cannot write to {place}: {error.strerror or error}{named}") from error


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: one build at a time is up to the user there
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def write(folder: Path, outputs: Sequence[Output]) -> Written:
    """Make `folder` hold exactly `outputs`. Call it under `locked(folder.parent)`.

    Raises OutputError when `folder` has files that leadpages did not put there, or cannot be written.
    """
    with _translated(folder):
        return _write(folder, outputs)


def _write(folder: Path, outputs: Sequence[Output]) -> Written:
    staging = folder.parent / _WORK / f"{folder.name}.new"
    _undo_half_an_exchange(staging, folder)
    _check_ours(folder)
    shutil.rmtree(staging, ignore_errors=True)
    changed = 0
    made: set[Path] = set()
    for output in (Output(_MARKER, _MARKER_TEXT), *outputs):
        target = staging / output.path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        changed += _place(output, folder / output.path, target)
    _exchange(staging, folder)
    return Written(changed, len(outputs) + 1 - changed)


def _check_ours(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise OutputError(f"{folder} is not a folder", "choose another place with --output")
    if folder.is_dir() and not (folder / _MARKER).is_file() and any(folder.iterdir()):
        raise OutputError(
            f"{folder} has files that leadpages did not make, and a build replaces the whole folder",
            "move it away, or choose another place with --output",
        )


def _place(output: Output, old: Path, target: Path) -> bool:
    """Put one output where it belongs; False when the old file serves."""
    content = output.content
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    try:
        same_size = old.stat().st_size == size and not old.is_symlink()
    except OSError:
        same_size = False
    data = content if isinstance(content, bytes) else content.read_bytes()
    if same_size and old.read_bytes() == data:
        try:
            os.link(old, target)
        except OSError:  # a file system without hard links
            target.write_bytes(data)
        return False
    target.write_bytes(data)
    return True


def _exchange(staging: Path, folder: Path) -> None:
    if not folder.exists():
        staging.rename(folder)
        return
    if not _exchange_at_once(staging, folder):
        aside = _aside(staging)
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
        staging.rename(folder)
        shutil.rmtree(aside, ignore_errors=True)
    shutil.rmtree(staging, ignore_errors=True)


def _aside(staging: Path) -> Path:
    return staging.with_suffix(".old")


def _undo_half_an_exchange(staging: Path, folder: Path) -> None:
    """Put the old folder back, where a crash came between the two renames of a system that cannot exchange."""
    if _aside(staging).exists() and not folder.exists():
        _aside(staging).rename(folder)


def _exchange_at_once(one: Path, other: Path) -> bool:
    """Linux's renameat2(2): the only way to change two folders over with no moment in which one is missing."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if os.name == "posix" else None
    if renameat2 is None:
        return False
    paths = (os.fsencode(one), os.fsencode(other))
    if renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(other))
