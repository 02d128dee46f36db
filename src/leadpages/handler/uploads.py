"""Files that visitors send: what forms check of them, and what becomes of them while their submission is taken in."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from leadpages.core.errors import StorageError
from leadpages.core.logs import log
from leadpages.core.uploads import LOOKED_AT, Upload
from leadpages.leads.model import Submission
from leadpages.stores.files.protocol import Files
from leadpages.stores.protocol import Receipt, Store

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage

_CHUNK: Final = 64 * 1024


class Staging:
    """The files of one post. What is not settled when it is left is discarded.

    No file outlives its reason: it is staged, its submission is committed, it is settled, and only then comes the
    reply. After a crash between, the same post again settles it, and what nobody sends again is swept.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._stages: dict[str, str] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the files have once they are settled."""
        return tuple(self._stages)

    def add(self, file: FileStorage, email: str) -> str:
        """Stage what the lead `email` sent; the name that it will have.

        The name is a digest of both, so that what is sent twice is kept once, and what two people send, twice.
        Raises StorageError when it cannot be kept, StorageFull when there is no room.
        """
        digest = sha256(f"{email.lower()}\n".encode())
        while chunk := file.stream.read(_CHUNK):
            digest.update(chunk)
        file.stream.seek(0)
        name = digest.hexdigest() + described(file).ending
        if name not in self._stages:
            self._stages[name] = self._files.stage(name, file.stream)
        return name

    def settle(self, submission: Submission, receipt: Receipt, store: Store) -> None:
        """Let the files of a submission that was taken in be there.

        Raises StorageError.
        """
        if not self._stages:
            return
        named = submission.files
        if receipt == "repeated":  # what came first may be erased by now, and its files with it
            dossier = store.dossier(submission.email)
            named = tuple(name for kept in (dossier.submissions if dossier else ()) for name in kept.files)
        for name, stage in list(self._stages.items()):
            if name in named:
                self._files.settle(name, stage)
                del self._stages[name]

    def close(self) -> None:
        """Discard what was not settled."""
        for stage in self._stages.values():
            try:
                self._files.discard(stage)
            except StorageError as error:
                log.warning("a staged upload stays until it is swept: %s", error.message)


def described(file: FileStorage) -> Upload:
    """What forms check of a file; it is at its beginning again afterwards."""
    size = file.stream.seek(0, os.SEEK_END)
    file.stream.seek(0)
    beginning = file.stream.read(LOOKED_AT)
    file.stream.seek(0)
    return Upload(file.filename or "", size, beginning)
