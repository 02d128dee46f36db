"""What the tests of the stores share."""

from __future__ import annotations

from typing import Final

import pytest

from leadpages.stores.sqlite import store

#: A library that is safe with a WAL can do without one, too, as older ones have to.
MODES: Final = [("DELETE", "EXTRA"), *([("WAL", "FULL")] if store.JOURNAL == "WAL" else [])]


@pytest.fixture(params=MODES, ids=[journal for journal, _ in MODES])
def journal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The journal mode of SQLite, each in its turn."""
    journal, synchronous = request.param
    monkeypatch.setattr(store, "JOURNAL", journal)
    monkeypatch.setattr(store, "SYNCHRONOUS", synchronous)
    return str(journal)
