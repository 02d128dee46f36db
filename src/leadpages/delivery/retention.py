"""Forgetting what has served its time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from leadpages.core.forms import Form
from leadpages.stores.protocol import Erased, MarksOf, Store


def forget(store: Store, forms: Iterable[Form], marks_of: MarksOf, uploads: Path | None, now: datetime) -> None:
    """Erase what came by each form longer ago than the form keeps it, what is old in quarantine, and their files."""
    erased = [store.tidy(now)]
    for form in forms:
        before = now - timedelta(seconds=form.keep_for_s)
        if form.keep_for_s and store.expired(form.name, before).submissions:
            erased.append(store.expire(form.name, before, marks_of, now))
    for one in erased:
        delete_files(one, uploads)


def delete_files(erased: Erased, uploads: Path | None) -> None:
    """Delete the files that visitors sent with what was erased."""
    if uploads:
        for name in erased.files:
            (uploads / name).unlink(missing_ok=True)
