"""What the tests of the stores share."""

from __future__ import annotations

from typing import Final

import pytest

from leadpages.stores.sqlite import store

#: A library that is safe with a WAL can do without one, too, as older ones have to.
MODES: Final = list(dict.fromkeys(("DELETE", store.JOURNAL)))


@pytest.fixture(params=MODES)
def journal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The journal mode of SQLite, each in its turn."""
    monkeypatch.setattr(store, "JOURNAL", request.param)
    return str(request.param)
