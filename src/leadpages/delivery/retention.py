"""Forgetting what has served its time, and deleting the files that came with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from leadpages.core.errors import StorageError
from leadpages.core.forms import Form
from leadpages.stores.files.protocol import Files
from leadpages.stores.protocol import Erased, MarksOf, Store

#: No request takes as long; what was staged before that was left by a crash.
STAGE_WINDOW: Final = timedelta(days=1)


def forget(store: Store, forms: Iterable[Form], marks_of: MarksOf, files: Files | None, now: datetime) -> None:
    """Erase what came by each form longer ago than the form keeps it, what is old in quarantine, and their files.

    Raises StorageError.
    """
    delete_files(store.tidy(now), files)
    for form in forms:
        before = now - timedelta(seconds=form.keep_for_s)
        if form.keep_for_s and store.expired(form.name, before).submissions:
            delete_files(store.expire(form.name, before, marks_of, now), files)


def erase(store: Store, email: str, marks: Sequence[str], files: Files | None, now: datetime) -> Erased:
    """Erase all that is kept about an address, with its files.

    Raises StorageError; doing it again then finishes it.
    """
    if files and (dossier := store.dossier(email)):
        # The files first: once the submissions are gone, nothing names them.
        for name in {name for submission in dossier.submissions for name in submission.files}:
            files.delete(name)
    erased = store.erase(email, marks, now)
    delete_files(erased, files)
    return erased


def delete_files(erased: Erased, files: Files | None) -> None:
    """Delete the files that visitors sent with what was erased.

    Raises StorageError that names those which are still there.
    """
    if files is None:
        return
    left: dict[str, StorageError] = {}
    for name in erased.files:
        try:
            files.delete(name)
        except StorageError as error:
            left[name] = error
    if left:
        fault = next(iter(left.values()))
        raise StorageError(f"{fault.message}; delete these uploads by hand, for nothing names them: {', '.join(left)}")
