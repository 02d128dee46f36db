"""DynamoDB: the contract on moto's server, and what is its own: steps, lost answers, schemas."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.stores.contract import StoreContract
from tests.stores.dynamodb_server import ENVIRONMENT, new_table, running

from leadpages.stores.dynamodb.store import DynamoDBStore
from leadpages.stores.protocol import Store


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server for all tests here."""
    with running() as address:
        yield address


@pytest.fixture
def url(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new, empty table."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return new_table(endpoint)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A new, empty store."""
    with closing(DynamoDBStore(url)) as opened:
        yield opened


class TestDynamoDBStore(StoreContract):
    """`DynamoDBStore` keeps the promises of every store."""
