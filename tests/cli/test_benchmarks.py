"""The benchmarks themselves run: on a site too small to measure, with leadpages alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.bench import generators
from tests.bench.build_speed import compare
from tests.bench.measure import Cost, Row
from tests.bench.targets import NEXT_CHANGED, ONE_CHANGED, OURS, UNCHANGED, targets


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
