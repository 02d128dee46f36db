"""No statement looks at a whole table: what it reads, and what it locks, does not grow with the number of leads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from leadpages.stores.sql.queries import read_queries
from leadpages.stores.sqlite.driver import sqlite3
from leadpages.stores.sqlite.store import SQLiteStore

ON_SQLITE = read_queries("sqlite")
ON_POSTGRES = read_queries("postgres")
MOMENTS = ("now", "since", "until", "before", "after_time")
NUMBERS = ("limit", "fence", "attempted", "more")
#: Those that read nothing.
INSERTS = ("insert_", "load_")


def gaps(statement: str) -> list[str]:
    return re.findall(r"(?<![:\w]):([a-z_]+)", statement)


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """How SQLite would run each statement."""
    file = tmp_path_factory.mktemp("plans") / "leads.db"
    SQLiteStore(file).close()
    with closing(sqlite3.connect(file)) as connection:
        return {
            name: [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", dict.fromkeys(gaps(query), "1"))]
            for name, query in ON_SQLITE.items()
        }


@pytest.mark.parametrize("name", ON_SQLITE)
def test_sqlite_searches(plans: dict[str, list[str]], name: str) -> None:
    """By an index, with something to look for in it."""
    assert [step for step in plans[name] if re.match(r"SCAN (?!CONSTANT ROW|one\b)", step)] == []


@pytest.fixture
def connection(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A database of which PostgreSQL would not read a table from end to end if there is any other way."""
    with psycopg.connect(postgres_url, autocommit=True) as opened:
        opened.execute("SET enable_seqscan = off")
        yield opened


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node of a plan, and all below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def value(name: str, statement: str) -> Any:
    if name in MOMENTS or name.endswith("_at"):
        return "2026-11-22T12:00:00Z"
    if name in NUMBERS or (name == "id" and " events " in statement):
        return 1
    return {"day": "2026-11-22", "risks": "[]"}.get(name, "x")


def test_postgres_searches(connection: psycopg.Connection[Any]) -> None:
    """The same, each of its statements."""
    found = {}
    for name, query in ON_POSTGRES.items():
        if name.startswith(INSERTS):
            continue
        values = {gap: value(gap, query) for gap in gaps(query)}
        statement = re.sub(r"(?<![:\w]):([a-z_]+)", r"%(\1)s", query.replace("%", "%%"))
        row = connection.execute(f"EXPLAIN (FORMAT JSON) {statement}".encode(), values).fetchone()
        assert row is not None
        scans = [node for node in nodes(row[0][0]["Plan"]) if "Scan" in node["Node Type"] and "Relation Name" in node]
        found[name] = [
            f"{node['Node Type']} on {node['Relation Name']}"
            for node in scans
            if node["Node Type"] == "Seq Scan" or not node.keys() & {"Index Cond", "Recheck Cond"}
        ]
    assert {name: whole for name, whole in found.items() if whole} == {}
