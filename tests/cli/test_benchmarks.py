"""The benchmarks themselves run: on what is too small to measure, with leadpages alone."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.bench import cold_start, generators, kill_nine, large_store, outbox_speed, submission_speed
from tests.bench.build_speed import compare
from tests.bench.measure import Cost, Row
from tests.bench.targets import NEXT_CHANGED, ONE_CHANGED, OURS, UNCHANGED, targets
from tests.conftest import NOW

from leadpages.build.project import Options, build
from leadpages.stores.sqlite.store import SQLiteStore


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_small_site_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the four builds has a time and a peak of memory."""
    monkeypatch.setattr(generators, "_SITES", tmp_path)

    rows = compare([generators.leadpages(20)], rounds=1)

    assert list(rows) == [OURS, UNCHANGED, ONE_CHANGED, NEXT_CHANGED]
    assert all(row.cost.wall_s > 0 and row.cost.cpu_s > 0 and row.peak_mb > 1 for row in rows.values())


def test_targets_are_ratios_of_one_run() -> None:
    """A target is looked at where both of its figures are there, and missed where the ratio is over the bound."""
    rows = {"hugo": Row("hugo", Cost(1.0, 1.0, 1.0), 100.0), OURS: Row(OURS, Cost(2.6, 1.0, 1.0), 30.0)}

    found = targets({1_000: rows})

    assert [(one.value, one.reached) for one in found] == [(2.6, False)]


def test_a_cold_start_is_measured(tmp_path: Path) -> None:
    """The kit's function answers a form; the runtime client of the tests' own environment runs it."""
    python = Path(sys.executable)
    cases = [case for case in cold_start.CASES if case.name in ("nothing at all", "SQLite: leadpages")]

    with cold_start.all_functions(tmp_path, python, cases) as functions:
        rows = cold_start.measure(functions, python, rounds=1)

    assert [row.name for row in rows] == ["nothing at all", "SQLite: leadpages"]
    assert all(row.wall_ms > 0 and row.cpu_ms > 0 for row in rows)


def test_a_cold_start_may_take_half_of_that_of_others() -> None:
    """Of each on the same database."""
    walls = {"psycopg alone": 30.0, "SQLite: leadpages": 51.0, "SQLite: Flask": 100.0, "PostgreSQL: Flask": 200.0}
    rows = [cold_start.Row(name, wall, wall, wall) for name, wall in walls.items()]

    found = cold_start.targets(rows)

    assert [(one.text, one.value, one.reached) for one in found] == [("SQLite: leadpages / Flask", 0.51, False)]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_large_store_is_measured(tmp_path: Path) -> None:
    """Of each part of it there is a figure."""
    with large_store.databases(tmp_path, postgres=False) as urls:
        figures = large_store.measure(urls, tmp_path, leads=300, events=600, posts=20)

    assert all(0 < middle <= high for middle, high in figures.posts.values())
    assert {form: list(sizes) for form, sizes in figures.exports.items()} == {
        "csv": [3, 30, 300],
        "jsonl": [3, 30, 300],
    }
    assert [one.text for one in large_store.targets(figures)] == [
        "post, median: large / empty",
        "memory of an export as csv, from 3 to 300, in MB",
        "memory of an export as jsonl, from 3 to 300, in MB",
        "first page of leads, in ms",
    ]


def test_a_large_store_is_what_it_says(tmp_path: Path) -> None:
    """A history for each lead, mails sent and due, and something in quarantine."""
    with closing(SQLiteStore(tmp_path / "leads.db")) as store:
        store.load(lambda: large_store.records(leads=300, events=600))
        dossier = store.dossier("lead7@example.com")
        counts = [len(list(rows)) for rows in (store.leads(), store.quarantined(), store.outbox(("sent",)))]

    assert dossier is not None
    assert (len(dossier.submissions), len(dossier.events)) == (1, 2)
    assert counts == [300, 3, 297]


def test_submissions_are_measured(tmp_path: Path) -> None:
    """Everything that is answered 303 is in the database, with Flask, too."""
    bench = submission_speed.Bench(tmp_path, seconds=0.3)

    rows = [
        bench.measure(server)
        for server in (
            submission_speed.EMPTY,
            submission_speed.FORGETFUL,
            submission_speed.OURS,
            submission_speed.FLASK,
        )
    ]
    paced = bench.measure(submission_speed.OURS, rate=20.0)

    assert [row.lost for row in rows] == [0] * 4
    assert all(row.per_second > 0 and row.median_ms <= row.p99_ms for row in rows)
    assert 0 < paced.per_second <= 40


def test_an_outbox_is_measured(tmp_path: Path) -> None:
    """Each worker sends each mail once."""
    build(Path(__file__).parents[2], tmp_path, Options(), NOW)

    figures = outbox_speed.measure(tmp_path, mails=20)

    assert [(figure.name, figure.wrong) for figure in figures] == [
        ("smtplib, one mail over and over", 0),
        ("no mail host", 0),
        ("1 worker", 0),
        ("2 workers", 0),
    ]


def test_a_kill_loses_nothing(tmp_path: Path) -> None:
    """Two kills show at least that handler, worker and mail host work together."""
    outcome = kill_nine.measure(tmp_path, kills=2, seed=1)

    assert outcome.acknowledged > 0
    assert (outcome.lost, outcome.broken, outcome.without_mail) == (0, 0, 0)
