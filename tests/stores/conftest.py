"""One PostgreSQL server for all tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.stores.postgres_server import PostgresServer, running


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server that is up."""
    with running() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The address of a new database with the tables of this version."""
    with postgres.leads() as name:
        yield postgres.url(name)
