"""`leadpages migrate`: what it says, and when it fails."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from tests.conftest import RunCli
from tests.stores.postgres_server import PostgresServer

from leadpages.stores.opening import open_store
from leadpages.stores.sqlite.driver import sqlite3


def test_a_new_file_and_a_second_time(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first run makes the tables, the second has nothing to do; nobody else may read the file."""
    file = tmp_path / "leads.db"
    monkeypatch.setenv("LEADPAGES_DATABASE_URL", f"sqlite:///{file}")
    assert run_cli("migrate").stdout == "Schema 3, before it was empty\n"
    assert run_cli("migrate").stdout == "Schema 3: nothing to do\n"
    assert json.loads(run_cli("migrate", "--json").stdout) == {"before": 3, "after": 3}
    assert file.stat().st_mode & 0o777 == 0o600


def test_postgresql(run_cli: RunCli, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty database cannot be opened before, and can after."""
    with postgres.database() as name:
        monkeypatch.setenv("LEADPAGES_DATABASE_URL", postgres.url(name))
        assert json.loads(run_cli("migrate", "--json").stdout) == {"before": 0, "after": 2}
        open_store(postgres.url(name)).close()


def test_a_newer_schema_is_left_alone(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1, and what to do."""
    with closing(sqlite3.connect(tmp_path / "leads.db")) as other:
        other.execute("PRAGMA user_version = 99")
    monkeypatch.setenv("LEADPAGES_DATABASE_URL", f"sqlite:///{tmp_path / 'leads.db'}")
    ran = run_cli("migrate")
    assert (ran.code, ran.stdout) == (1, "")
    assert ran.stderr.endswith(
        "has schema 99; this version of leadpages knows 3\n  hint: use the newer leadpages that made it\n"
    )


def test_a_url_of_no_database(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1, without what may be a password."""
    monkeypatch.setenv("LEADPAGES_DATABASE_URL", "mysql://root:hunter2@db/leads")
    ran = run_cli("migrate")
    assert (ran.code, "begins with 'mysql'" in ran.stderr, "hunter2" in ran.stderr) == (1, True, False)
