"""The folder of files that visitors sent."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from werkzeug.datastructures import FileStorage

from leadpages.core.errors import StorageError, StorageFull
from leadpages.core.uploads import LOOKED_AT, Upload

_CHUNK: Final = 64 * 1024
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Uploads:
    """A folder beside the database. No name in it comes from a visitor, and nothing in it is ever served."""

    folder: Path

    def keep(self, file: FileStorage, email: str, ending: str) -> str:
        """Keep what the lead `email` sent, whole and on the disk; the name that it has in the folder.

        The name is a digest of both, so that what is sent twice is kept once, and what two people send, twice.
        Raises StorageError when it cannot be kept, StorageFull when the disk is full.
        """
        digest = sha256(f"{email.lower()}\n".encode())
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=self.folder, prefix=".", delete=False) as staged:
                try:
                    while chunk := file.stream.read(_CHUNK):
                        digest.update(chunk)
                        staged.write(chunk)
                    staged.flush()
                    os.fsync(staged.fileno())
                    return Path(staged.name).replace(self.folder / (digest.hexdigest() + ending)).name
                except BaseException:
                    Path(staged.name).unlink()
                    raise
        except OSError as error:
            fault = StorageFull if error.errno in _FULL else StorageError
            raise fault(f"cannot keep an upload in {self.folder}: {error.strerror}") from error


def described(file: FileStorage) -> Upload:
    """What forms check of a file; it is at its beginning again afterwards."""
    size = file.stream.seek(0, os.SEEK_END)
    file.stream.seek(0)
    beginning = file.stream.read(LOOKED_AT)
    file.stream.seek(0)
    return Upload(file.filename or "", size, beginning)
