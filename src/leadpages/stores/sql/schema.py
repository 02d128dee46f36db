"""Whether a database and this version of leadpages belong together."""

from __future__ import annotations

from leadpages.core.errors import StorageError


def check_schema(database: str, found: int, known: int) -> None:
    """Return when `database` has the schema that is known.

    Raises StorageError for any other, saying what to do.
    """
    if found == 0:
        raise StorageError(f"{database} has no tables of leadpages yet", "run `leadpages migrate`")
    if found != known:
        hint = "run `leadpages migrate`" if found < known else "use the newer leadpages that made it"
        raise StorageError(f"{database} has schema {found}; this version of leadpages knows {known}", hint)
