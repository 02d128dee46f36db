"""From a database URL to a store."""

from __future__ import annotations

from pathlib import Path

from leadpages.core.errors import SettingsError
from leadpages.stores.protocol import Store


def open_store(url: str) -> Store:
    """Open the store that `url` names: `sqlite:///relative.db`, `sqlite:////absolute.db`.

    Raises SettingsError for any other URL, StorageError when the store cannot be opened.
    """
    scheme, _, file = url.partition(":///")
    if scheme == "sqlite" and file and file != ":memory:":  # what is in memory is lost at every restart
        from leadpages.stores.sqlite.store import SQLiteStore

        return SQLiteStore(Path(file))
    raise _unknown(url)


def migrate_store(url: str) -> tuple[int, int]:
    """Bring the schema of the database that `url` names up to date; its version before and after.

    Raises SettingsError for a URL that names none, StorageError when it cannot be opened.
    """
    scheme, _, file = url.partition(":///")
    if scheme == "sqlite" and file:
        from leadpages.stores.sqlite.store import SQLiteStore

        return SQLiteStore.migrate(Path(file))
    raise _unknown(url)


def _unknown(url: str) -> SettingsError:
    return SettingsError(
        f"LEADPAGES_DATABASE_URL is {url!r}: expected sqlite:///FILE",
        "for example sqlite:////var/lib/leadpages/leads.db",
    )
