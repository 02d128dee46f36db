"""From a database URL to a store."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from leadpages.core.errors import SettingsError
from leadpages.stores.protocol import Store

_POSTGRES: Final = ("postgresql", "postgres")


def open_store(url: str, *, create: bool = True) -> Store:
    """Open the store that `url` names: `sqlite:///relative.db`, `sqlite:////absolute.db`, `postgresql://…`,
    `dynamodb://TABLE?region=REGION`.

    A SQLite file that is not there is made if `create` says so. Raises SettingsError for any other URL, StorageError
    when the store cannot be opened.
    """
    if file := _sqlite_file(url):
        from leadpages.stores.sqlite.store import SQLiteStore

        return SQLiteStore(file, create=create)
    if _is_dynamodb(url):
        from leadpages.stores.dynamodb.store import DynamoDBStore

        return DynamoDBStore(url)
    _require_postgres(url)
    from leadpages.stores.postgres.store import PostgresStore

    return PostgresStore(url)


def migrate_store(url: str) -> tuple[int, int]:
    """Bring the schema of the database that `url` names up to date; its version before, 0 for none, and after.

    Raises SettingsError for a URL that names none, StorageError when it cannot be opened or has a newer schema.
    """
    if file := _sqlite_file(url):
        from leadpages.stores.sqlite.store import SQLiteStore

        return SQLiteStore.migrate(file)
    if _is_dynamodb(url):
        from leadpages.stores.dynamodb.store import DynamoDBStore

        return DynamoDBStore.migrate(url)
    _require_postgres(url)
    from leadpages.stores.postgres.store import PostgresStore

    return PostgresStore.migrate(url)


def _sqlite_file(url: str) -> Path | None:
    scheme, _, file = url.partition(":///")
    # What is in memory is lost at every restart.
    return Path(file) if scheme == "sqlite" and file and file != ":memory:" else None


def _is_dynamodb(url: str) -> bool:
    if not url.startswith("dynamodb://"):
        return False
    if find_spec("boto3") is None:
        raise SettingsError("DynamoDB needs a package that is not installed", "pip install boto3")
    return True


def _require_postgres(url: str) -> None:
    scheme = urlsplit(url).scheme
    if scheme not in _POSTGRES:  # not the whole of it: there may be a password in it
        raise SettingsError(
            f"LEADPAGES_DATABASE_URL begins with {scheme!r}: expected sqlite:///FILE, postgresql://USER@HOST/NAME or "
            "dynamodb://TABLE?region=REGION",
            "for example sqlite:////var/lib/leadpages/leads.db",
        )
    if find_spec("psycopg") is None:
        raise SettingsError("PostgreSQL needs a package that is not installed", "pip install 'psycopg[binary]'")
