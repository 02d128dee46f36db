"""The state machine of `machine.py`, run against each store.

`FULL=2000 pytest tests/stores/test_machine.py` looks for longer, each time elsewhere unless `--hypothesis-seed` says
where.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.stores import dynamodb_server
from tests.stores.crashes import DynamoDBPlace, Place, PostgresPlace, SQLitePlace
from tests.stores.machine import Machine, NewPlace
from tests.stores.postgres_server import PostgresServer

FULL: Final = int(os.environ.get("FULL", "0"))


def look_for_faults(place: NewPlace, examples: int) -> None:
    """Run the machine so many times, or as often as asked."""

    class Here(Machine):
        new_place = staticmethod(place)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=FULL or examples,
            stateful_step_count=40,
            derandomize=not FULL,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.usefixtures("journal")
def test_sqlite_does_as_the_model_does() -> None:
    """Whatever is done to it in whatever order, and wherever it crashes."""

    @contextmanager
    def new_place() -> Iterator[Place]:
        with TemporaryDirectory() as folder:
            yield SQLitePlace(Path(folder, "leads.db"))

    look_for_faults(new_place, 120)


def test_postgresql_does_as_the_model_does(postgres: PostgresServer) -> None:
    """Whatever is done to it in whatever order, and wherever it crashes."""

    @contextmanager
    def new_place() -> Iterator[Place]:
        with postgres.leads() as name:
            yield PostgresPlace(postgres.url(name))

    look_for_faults(new_place, 15)


@pytest.mark.parametrize("running", [dynamodb_server.running, dynamodb_server.running_local], ids=["moto", "local"])
def test_dynamodb_does_as_the_model_does(
    running: Callable[[], AbstractContextManager[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is done to it in whatever order, and wherever it crashes; erased is in very small steps."""
    monkeypatch.setattr("leadpages.stores.dynamodb.erasing._STEP", 2)
    for name, value in dynamodb_server.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with running() as endpoint:

        @contextmanager
        def new_place() -> Iterator[Place]:
            yield DynamoDBPlace(dynamodb_server.new_table(endpoint))

        look_for_faults(new_place, 6)
