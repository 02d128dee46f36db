"""Ids: in the order of time, and no two the same."""

from __future__ import annotations

import re
import time

import pytest

from leadpages.core.ids import new_id, new_request_id


def test_what_is_newer_sorts_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """From one millisecond to the next."""
    moments = [1_000_000_000_000_000_000 + n * 1_000_000 for n in range(50)]
    waiting = iter(moments)
    monkeypatch.setattr(time, "time_ns", lambda: next(waiting))
    ids = [new_id() for _ in moments]
    assert ids == sorted(ids)
    assert all(re.fullmatch(r"[0-9a-f]{32}", id_) for id_ in ids)


def test_no_two_of_one_moment_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is random."""
    monkeypatch.setattr(time, "time_ns", lambda: 1_000_000_000_000_000_000)
    assert len({new_id() for _ in range(1000)}) == 1000
    assert len({new_request_id() for _ in range(1000)}) == 1000
