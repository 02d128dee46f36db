"""One bundle for all tests of the handler, a new database for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import render
from tests.handler.funnel import PROJECT, Funnel, funnel_on, write_bundle

from leadpages.stores.sqlite.store import SQLiteStore


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built bundle of the small site."""
    project = tmp_path_factory.mktemp("project")
    for path, content in PROJECT.items():
        file = project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    (project / "site").mkdir()
    return write_bundle(render(project), tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def funnel(bundle: Path, tmp_path: Path) -> Iterator[Funnel]:
    """The small site, running on an empty database."""
    with funnel_on(bundle, SQLiteStore(tmp_path / "leads.db", busy_timeout_s=0.05)) as running:
        yield running
