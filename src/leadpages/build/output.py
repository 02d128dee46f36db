"""Writing outputs: two trees of files, one on show and one behind it, exchanged whole.

A build brings the tree behind up to date and then exchanges the two, so a crash, a full disk or an error leaves what
stood there, byte for byte, and a small change costs little. What is the same in both is one file with two hard links,
never written in place. Only where the system cannot exchange two folders (all but Linux) can a crash between two
renames put the shown one aside, until the next build puts it back.

Of each tree a manifest says what is in it. A tree behind is used only when it is just as its manifest says; the
manifest is taken away while the tree changes, so a build that did not end leaves none.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import json

from leadpages.build.records import read_record, write_record
from leadpages.build.workers import Aside
from leadpages.core.errors import OutputError

WORK: Final = ".leadpages"
#: Tells an output folder that leadpages made, and may replace, from one that someone else filled.
MARKER: Final = ".leadpages"
_MARKER_TEXT: Final = b"Made by `leadpages build`, which replaces this folder as a whole.\n"
#: From this many files on, getting ready is.
_WORTH_A_PROCESS: Final = 1000
_RENAME_EXCHANGE: Final = 2
_AT_FDCWD: Final = -100


class Entry(NamedTuple):
    """A file of a tree: its content, how the file system sees it, and what it was made from.

    `key` is a digest of what it was made from, `uses` one of each thing beside that it turned out to need; `notes` is
    what whoever made it wants to know of it later.
    """

    digest: str
    size: int
    mtime_ns: int
    inode: int
    key: str = ""
    uses: Mapping[str, str] = {}
    notes: Mapping[str, list[str]] = {}


class _Manifest(NamedTuple):
    """What a tree holds: its files by path, and when names in each of its folders last changed."""

    files: Mapping[str, Entry] = {}
    folders: Mapping[str, int] = {}


def content_digest(data: bytes) -> str:
    """What tells the content of two files apart."""
    return blake2b(data, digest_size=16).hexdigest()


@contextmanager
def locked(parent: Path) -> Iterator[None]:
    """Hold the lock on the output folders in `parent`; wait for another build that has it.

    The lock is the operating system's: it ends with its holder, however that ends.

    Raises OutputError when nothing can be written there.
    """
    work = parent / WORK
    with translated(parent):
        work.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (work / "lock").open("wb")
    with file:
        _lock(file.fileno())
        yield


@contextmanager
def translated(place: Path, doing: str = "write to") -> Iterator[None]:
    """Faults of the file system become OutputError."""
    try:
        yield
    except OSError as error:
        named = f" ({error.filename})" if error.filename else ""
        raise OutputError(f"cannot {doing} {place}: {error.strerror or error}{named}") from error


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: one build at a time is up to the user there
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX)


class _Ready(NamedTuple):
    """What getting ready found: files on show that are not as they were written, and in what the folder behind differs
    from the shown one as it was written: its own entries, and the files that it does not have.
    """

    changed: frozenset[str]
    differs: Mapping[str, Entry]
    lacks: frozenset[str]


class Trees:
    """The shown folder and the one behind it. Use it under `locked(folder.parent)`, and close it.

    Raises OutputError when the folder has files that leadpages did not put there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._work = folder.parent / WORK
        self._behind = self._work / f"{folder.name}.behind"
        # As text, for what is done file by file: joining Paths was a twentieth of the writing.
        self._shown_root, self._behind_root = f"{self.folder}/", f"{self._behind}/"
        _undo_half_an_exchange(self._behind, folder)
        _check_ours(folder)
        self._noted = self._read_manifest(folder)
        self._readiness: Aside[_Ready] | None = None
        self._old: Mapping[str, Entry] = {}

    @cached_property
    def _changed(self) -> frozenset[str]:
        return _changed(self.folder, self._noted.files)

    @cached_property
    def shown(self) -> Mapping[str, Entry]:
        """The files on show that are as they were written."""
        return {path: entry for path, entry in self._noted.files.items() if path not in self._changed}

    @property
    def intact(self) -> bool:
        """Whether the folder on show is just as it was written."""
        return bool(self._noted.files) and not self._changed and _same_folders(self.folder, self._noted)

    def get_ready(self, workers: int) -> None:
        """Have the folder behind made ready by another one of `workers`, while this one does something else."""
        self._readiness = Aside(self._ready, workers if len(self._noted.files) >= _WORTH_A_PROCESS else 1)

    def begin(self) -> None:
        """Make ready to bring the folder behind up to date."""
        self._changed, differs, lacks = self._readiness.result if self._readiness else self._ready()
        self._old = {path: entry for path, entry in self._noted.files.items() if path not in lacks} | {**differs}

    def close(self) -> None:
        """Stop getting ready."""
        if self._readiness:
            self._readiness.close()

    def _ready(self) -> _Ready:
        """See what there is, and let the folder behind be of use: where it is of none, with what is on show."""
        noted, file = self._read_manifest(self._behind), self._manifest(self._behind)
        same = _same_folders(self._behind, noted) and not _changed(self._behind, noted.files)
        if file:
            file.unlink(missing_ok=True)
        old = noted.files if same and noted.files else self._begin_anew()
        differs = {path: entry for path, entry in old.items() if self._noted.files.get(path) != entry}
        return _Ready(self._changed, differs, frozenset(self._noted.files.keys() - old.keys()))

    def _begin_anew(self) -> dict[str, Entry]:
        with suppress(FileNotFoundError):
            shutil.rmtree(self._behind)
        self._behind.mkdir(parents=True)
        (self._behind / MARKER).write_bytes(_MARKER_TEXT)
        paths = [path for path in self._noted.files if path not in self._changed]
        _make_folders(self._behind, paths)
        return {path: self._keep(path, self._noted.files[path]) for path in paths}

    def keep(self, entries: Mapping[str, Entry]) -> dict[str, Entry]:
        """Let the folder behind have these files of the shown one; their entries there."""
        kept = {}
        for path, entry in entries.items():
            old = self._old.get(path)
            if old is None or old.digest != entry.digest:
                kept[path] = self._keep(path, entry)
            else:  # where it is the same file, nearly always, it has the same entry
                same = old[1:4] == entry[1:4]
                kept[path] = entry if same else entry._replace(mtime_ns=old.mtime_ns, inode=old.inode)
        return kept

    def place(self, path: str, content: bytes | Path) -> tuple[Entry, bool]:
        """Put a file into the folder behind; and whether it differs from the shown one. Several processes may."""
        data = content if isinstance(content, bytes) else content.read_bytes()
        digest = content_digest(data)
        changed = not self._shows(path, digest, len(data))
        old = self._old.get(path)
        if old is not None and old.digest == digest and not changed:
            return old._replace(key="", uses={}, notes={}), False
        status = self._create(path, data) if changed else self._link(path)
        return Entry(digest, len(data), status.st_mtime_ns, status.st_ino), changed

    def finish(self, entries: Mapping[str, Entry]) -> None:
        """Make the folder behind ready to be shown. `entries` are all that it shall hold."""
        for path in self._old:
            if path not in entries:
                _remove(self._behind, path)
        self._write_manifest(entries)

    def exchange(self) -> None:
        """Show the folder behind; once more, and the one before it is back."""
        if self.folder.exists() and self._behind.exists():
            _exchange(self._behind, self.folder)
        elif self.folder.exists():
            self.folder.rename(self._behind)
        else:
            self._behind.rename(self.folder)

    def _keep(self, path: str, entry: Entry) -> Entry:
        status = self._link(path)
        return entry._replace(mtime_ns=status.st_mtime_ns, inode=status.st_ino)

    def _shows(self, path: str, digest: str, size: int) -> bool:
        entry = self.shown.get(path)
        if entry is not None:
            return entry.digest == digest
        try:
            status = os.lstat(self._shown_root + path)
            if not stat.S_ISREG(status.st_mode) or status.st_size != size:
                return False
            return content_digest((self.folder / path).read_bytes()) == digest
        except OSError:
            return False

    def _create(self, path: str, data: bytes) -> os.stat_result:
        try:
            return _create(self._behind_root + path, data)
        except OSError:  # nearly always: its folder is not there yet
            _make_way(self._behind, path)
            return _create(self._behind_root + path, data)

    def _link(self, path: str) -> os.stat_result:
        try:
            return _link(self._shown_root + path, self._behind_root + path)
        except OSError:
            _make_way(self._behind, path)
            return _link(self._shown_root + path, self._behind_root + path)

    def _manifest(self, folder: Path) -> Path | None:
        """Where it is noted what `folder` holds, by what makes it this very folder; None where there is none."""
        try:
            root, marker = folder.lstat(), (folder / MARKER).lstat()
        except OSError:
            return None
        return self._work / f"{self.folder.name}.{root.st_ino}-{marker.st_ino}-{marker.st_mtime_ns}.json"

    def _read_manifest(self, folder: Path) -> _Manifest:
        file = self._manifest(folder)
        if file is None:
            return _Manifest()
        try:
            return json.decode(read_record(file), type=_Manifest)
        except (OSError, ValueError):  # none, damaged, or of another version
            return _Manifest()

    def _write_manifest(self, entries: Mapping[str, Entry]) -> None:
        file, current = self._manifest(self._behind), self._manifest(self.folder)
        assert file is not None  # noqa: S101  (`begin` made the marker)
        for old in self._work.glob(f"{self.folder.name}.*.json*"):
            if old != current:
                old.unlink(missing_ok=True)
        folders = {folder: os.lstat(self._behind_root + folder).st_mtime_ns for folder in _folders(entries)}
        write_record(file, json.encode(_Manifest(entries, folders)))


def _folders(paths: Iterable[str]) -> set[str]:
    """Every folder that the files at `paths` are in; "" is the tree's own."""
    found = {""}
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def _changed(folder: Path, entries: Mapping[str, Entry]) -> frozenset[str]:
    """Those of `entries` that are not on the disk as they were written."""
    root = f"{folder}/"
    found = set()
    for path, entry in entries.items():
        try:
            status = os.lstat(root + path)
        except OSError:
            found.add(path)
            continue
        if (status.st_size, status.st_mtime_ns, status.st_ino) != entry[1:4]:
            found.add(path)
    return frozenset(found)


def _same_folders(folder: Path, noted: _Manifest) -> bool:
    """Whether nothing was added to a tree, and nothing taken away."""
    root = f"{folder}/"
    try:
        return all(os.lstat(root + path).st_mtime_ns == mtime_ns for path, mtime_ns in noted.folders.items())
    except OSError:
        return False


def _create(target: str, data: bytes) -> os.stat_result:
    # Never over an old file, which may have a second link on show. Without buffers: a page is one write.
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        Path(target).unlink()
        return _create(target, data)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _link(source: str, target: str) -> os.stat_result:
    try:
        os.link(source, target)
    except FileExistsError:
        Path(target).unlink()
        return _link(source, target)
    except FileNotFoundError:  # its folder
        raise
    except OSError:  # a file system without hard links, or one that has had enough of them
        shutil.copy2(source, target)
    return os.lstat(target)


def _make_folders(root: Path, paths: Iterable[str]) -> None:
    """Make all folders that files at `paths` need at once, before each of them finds out that it has none."""
    for folder in sorted(_folders(paths)):
        with suppress(FileExistsError):
            (root / folder).mkdir()


def _make_way(folder: Path, path: str) -> None:
    """Let a file be written at `path`: nothing that is no folder above it, and no folder in its place."""
    with suppress(OSError):  # the folder of a new page, nearly always
        os.mkdir(f"{folder}/{path}".rpartition("/")[0])  # noqa: PTH102  (once for every page)
        return
    target = folder / path
    for above in reversed(target.relative_to(folder).parents):
        if not (folder / above).is_dir():
            with suppress(OSError):  # another process may have been as quick
                (folder / above).unlink()
    if target.is_dir():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)


def _remove(folder: Path, path: str) -> None:
    """Take a file away, and the folders that are empty without it. What took its place stays."""
    target = folder / path
    with suppress(FileNotFoundError, NotADirectoryError):
        if stat.S_ISDIR(target.lstat().st_mode):
            return
        target.unlink()
    for parent in target.relative_to(folder).parents[:-1]:
        try:
            (folder / parent).rmdir()
        except OSError:
            return


def _check_ours(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise OutputError(f"{folder} is not a folder", "choose another place with --output")
    if folder.is_dir() and not (folder / MARKER).is_file() and any(folder.iterdir()):
        raise OutputError(
            f"{folder} has files that leadpages did not make, and a build replaces the whole folder",
            "move it away, or choose another place with --output",
        )


def _exchange(behind: Path, folder: Path) -> None:
    if _exchange_at_once(behind, folder):
        return
    aside = _aside(behind)
    folder.rename(aside)
    try:
        behind.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    aside.rename(behind)


def _aside(behind: Path) -> Path:
    return behind.with_suffix(".aside")


def _undo_half_an_exchange(behind: Path, folder: Path) -> None:
    """Put the old folder back, or behind, where a crash came between the renames of a system that cannot exchange."""
    aside = _aside(behind)
    if not aside.exists():
        return
    if folder.exists():
        shutil.rmtree(behind, ignore_errors=True)
        aside.rename(behind)
    else:
        aside.rename(folder)


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
