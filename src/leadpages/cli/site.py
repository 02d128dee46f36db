"""The running site that a command works on, as the handler's environment variables name it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from leadpages.core.bundle import Bundle, load
from leadpages.core.settings import Settings, read_settings
from leadpages.core.signing import Tokens
from leadpages.stores.files.opening import open_files
from leadpages.stores.files.protocol import Files
from leadpages.stores.opening import open_store
from leadpages.stores.protocol import Erased, Store


@dataclass(frozen=True, slots=True)
class Site:
    """Its settings, its store, and what signs its links."""

    settings: Settings
    store: Store
    tokens: Tokens

    def files(self) -> Files | None:
        """Where its uploads are.

        Raises SettingsError.
        """
        return open_files(self.settings.files) if self.settings.files else None

    def bundle(self) -> Bundle:
        """What the build wrote for it.

        Raises BundleError.
        """
        return load(self.settings.bundle)


@contextmanager
def running_site() -> Iterator[Site]:
    """The site of this environment.

    Raises SettingsError or StorageError.
    """
    settings = read_settings(os.environ)
    with closing(open_store(settings.database_url, create=False)) as store:
        yield Site(settings, store, Tokens(settings.secret_keys))


def in_words(erased: Erased) -> str:
    """What was erased, for people."""
    counts = {"lead": erased.leads, "submission": erased.submissions, "file": len(erased.files)}
    return ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items())
