"""Every file that a build reads, with what the file system says of it: enough to see that nothing changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SITE: Final = "site"
ROOTS: Final = ("leadpages.toml", SITE, "forms", "themes")
#: Hidden by their names, and read by static hosts all the same.
FOR_HOSTS: Final = ("_headers", "_redirects", ".well-known", ".nojekyll")
#: File systems keep times as coarsely as this: what changed in the last moment may change again unseen.
_GRAIN_NS: Final = 2_000_000_000

#: Size, time of the last change of the content, and of the file itself, in nanoseconds, and the inode.
Signature = tuple[int, int, int, int]
#: That of no file.
UNSETTLED: Final[Signature] = (-1, -1, -1, -1)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files under some roots by their path, sorted; symbolic links and what is neither file nor folder apart."""

    files: Mapping[str, Signature]
    links: frozenset[str] = frozenset()
    odd: frozenset[str] = frozenset()


def is_read(name: str) -> bool:
    """Whether a build looks at what has this name: not at hidden files, nor at what editors keep beside one."""
    if name.startswith("."):
        return name in FOR_HOSTS
    return not (name.endswith("~") or name.startswith("~$") or (name.startswith("#") and name.endswith("#")))


def scan(project: Path) -> Inputs:
    """What stands in `project` now, under names that are read."""
    files: dict[str, Signature] = {}
    links: set[str] = set()
    odd: set[str] = set()
    for root in ROOTS:
        for path, entry, is_link in _walk(project, root):
            try:
                status = os.stat(entry)
            except OSError:  # a link to nothing, or a file that has just gone
                status = None
            if is_link:
                links.add(path)
            if status and stat.S_ISREG(status.st_mode):
                files[path] = signature(status)
            elif not is_link:
                odd.add(path)
    return Inputs(dict(sorted(files.items())), frozenset(links), frozenset(odd))


def signature(status: os.stat_result) -> Signature:
    """What of a file's status tells that its content may have changed."""
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def settled(found: Signature, now_ns: int) -> bool:
    """Whether a file with this signature cannot have changed again unseen since `now_ns`, nanoseconds of Unix time."""
    return max(found[1], found[2]) + _GRAIN_NS < now_ns


def _walk(project: Path, root: str) -> Iterator[tuple[str, str, bool]]:
    """The path of each file in the project, its place, and whether it is a symbolic link."""
    top = os.path.join(project, root)
    if not os.path.isdir(top) or os.path.islink(top):
        if os.path.lexists(top):
            yield root, top, os.path.islink(top)
        return
    waiting = [(root, top)]
    while waiting:
        path, folder = waiting.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                if not is_read(entry.name):
                    continue
                inner = f"{path}/{entry.name}"
                # A linked folder is not walked into; it is listed, so that it can be named as a problem.
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((inner, entry.path))
                else:
                    yield inner, entry.path, entry.is_symlink()
