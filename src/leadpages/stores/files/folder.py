"""Uploads in a folder. Nothing in it is ever served."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from shutil import copyfileobj
from tempfile import NamedTemporaryFile
from typing import IO, Final

from leadpages.core.errors import StorageError, StorageFull

_CHUNK: Final = 64 * 1024
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_STAGES: Final = ".staged"


class FolderFiles:
    """The `Files` protocol on a folder: `NAME` for each upload, `.staged/NAME.ID` for what is not one yet."""

    gated: Final = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def stage(self, name: str, content: IO[bytes]) -> str:
        """See `Files`."""
        with self._faults():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._stages.mkdir(mode=0o700, exist_ok=True)
            with NamedTemporaryFile(dir=self._stages, prefix=f"{name}.", delete=False) as staged:
                stage = Path(staged.name).name
                try:
                    copyfileobj(content, staged, _CHUNK)
                    staged.flush()
                    os.fsync(staged.fileno())
                except BaseException:
                    self.discard(stage)
                    raise
        return stage

    def settle(self, name: str, stage: str) -> None:
        """See `Files`."""
        with self._faults():
            (self._stages / stage).replace(self.folder / name)
            _sync(self.folder)

    def discard(self, stage: str) -> None:
        """See `Files`."""
        with self._faults():
            (self._stages / stage).unlink(missing_ok=True)

    def delete(self, name: str) -> None:
        """See `Files`. A folder that is not there is another one than the handler's: what is to go is not in it."""
        if not self.folder.is_dir():
            raise StorageError(f"uploads in {self.folder}: there is no such folder", "check LEADPAGES_FILES_URL")
        with self._faults():
            # The stages first: what is settled between is found under its name.
            for stage in self._stages.glob(f"{name}.*"):
                stage.unlink(missing_ok=True)
            (self.folder / name).unlink(missing_ok=True)

    def sweep(self, before: datetime) -> None:
        """See `Files`."""
        with self._faults():
            for stage in self._stages.glob("*"):
                with suppress(FileNotFoundError):  # somebody settles it, or sweeps too
                    if stage.stat().st_mtime < before.timestamp():
                        stage.unlink()

    def names(self) -> Iterator[str]:
        """See `Files`."""
        with self._faults():
            if self.folder.is_dir():
                yield from (file.name for file in self.folder.iterdir() if file.is_file())

    def check(self) -> None:
        """See `Files`."""
        there = next(place for place in (self.folder, *self.folder.parents) if place.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            raise StorageError(f"{self.folder} cannot be written to", "check LEADPAGES_FILES_URL, and whose it is")

    def __str__(self) -> str:
        """For people."""
        return str(self.folder)

    @property
    def _stages(self) -> Path:
        return self.folder / _STAGES

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            fault = StorageFull if error.errno in _FULL else StorageError
            raise fault(f"uploads in {self.folder}: {error.strerror}") from error


def _sync(folder: Path) -> None:
    """Let a new name in `folder` outlast a power cut."""
    with suppress(PermissionError):  # Windows opens no folders
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
