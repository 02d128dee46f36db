"""Where files are kept that no database takes: those that visitors send, and in a bucket the gated ones, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Literal, Protocol

from leadpages.core.forms import GatedFile

#: `other bytes`: there is something else under the key of a gated file.
GatedState = Literal["there", "missing", "other bytes"]
#: Told how many bytes of a file are on their way.
OnBytes = Callable[[int], None]


class Files(Protocol):
    """Uploads: staged before their submission is committed, settled after it.

    `name` is that of an upload here: a digest and an ending of ours, never what a visitor calls it. What is neither
    settled nor discarded is swept. All raise StorageFull when there is no room, StorageError for any other fault.
    """

    @property
    def gated(self) -> GatedFiles | None:
        """The gated files that are kept here; None where the bundle has them."""

    def stage(self, name: str, content: IO[bytes]) -> str:
        """Keep all of `content` where nobody takes it for an upload yet; what `settle` and `discard` know it by."""

    def settle(self, name: str, stage: str) -> None:
        """Let what was staged be the upload `name`, durably; what has that name already has the same bytes.

        Raises StorageError when the stage is gone: `delete` took it, as its submission was erased meanwhile.
        """

    def discard(self, stage: str) -> None:
        """Delete what was staged, if it is still there."""

    def delete(self, name: str) -> None:
        """Delete an upload and every stage of it, if there is any."""

    def sweep(self, before: datetime) -> None:
        """Delete what was staged before that: whoever did so never came to settle it."""

    def names(self) -> Iterator[str]:
        """Every upload; stages are none."""

    def check(self) -> None:
        """Return when files can be kept here, as far as can be said without keeping one."""


class GatedFiles(Protocol):
    """The gated files in a bucket, by their form and their SHA-256. All raise StorageError."""

    def state(self, form: str, file: GatedFile) -> GatedState:
        """Whether the file is there; its bytes are compared by their checksum."""

    def is_there(self, form: str, file: GatedFile) -> bool:
        """Whether an object of its size is there: a quick look."""

    def put(self, form: str, file: GatedFile, source: Path, on_bytes: OnBytes) -> None:
        """Put the file there, whose bytes are in `source`."""

    def address(self, form: str, file: GatedFile, disposition: str) -> str:
        """An address that gives the file to whoever has it, for a few minutes, with this `Content-Disposition`."""
