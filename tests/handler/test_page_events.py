"""Counting views: two kinds of event from our own pages, and nothing else."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from tests.handler.funnel import SITE, Funnel, funnel_on
from werkzeug.test import TestResponse

from leadpages.core.settings import Rate
from leadpages.stores.sqlite.driver import sqlite3
from leadpages.stores.sqlite.store import SQLiteStore


def post(funnel: Funnel, body: str | bytes, **headers: str) -> TestResponse:
    return funnel.client.post("/e", data=body, content_type="text/plain", headers={"Origin": SITE, **headers})


def counts(tmp_path: Path) -> list[tuple[str, str, str, int]]:
    with closing(sqlite3.connect(tmp_path / "leads.db")) as connection:
        return list(connection.execute("SELECT day, kind, page, count FROM page_events ORDER BY kind"))


def test_views_and_starts_are_counted_by_day(funnel: Funnel, tmp_path: Path) -> None:
    """As a beacon sends them; the reply has no body."""
    for kind in ("form_view", "form_view", "form_start"):
        reply = post(funnel, json.dumps({"kind": kind, "page": "/landing/"}))
        assert (reply.status_code, reply.data) == (204, b"")
    assert counts(tmp_path) == [
        ("2026-11-22", "form_start", "/landing/", 1),
        ("2026-11-22", "form_view", "/landing/", 2),
    ]


def test_one_client_fills_no_disk(bundle: Path, tmp_path: Path) -> None:
    """Twenty times as many events as forms; the rest is answered alike, and not counted. Others' go on."""
    store = SQLiteStore(tmp_path / "leads.db")
    with funnel_on(bundle, store, per_client=Rate(2, timedelta(minutes=10))) as funnel:
        for number in range(50):
            body = json.dumps({"kind": "form_view", "page": f"/{number}/"})
            assert post(funnel, body, **{"X-Forwarded-For": "203.0.113.7"}).status_code == 204
        assert len(counts(tmp_path)) == 40
        assert post(funnel, body, **{"X-Forwarded-For": "203.0.113.8"}).status_code == 204
    assert len(counts(tmp_path)) == 41


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        '"form_view"',
        "{}",
        '{"kind": "form_view"}',
        '{"kind": "purchase", "page": "/"}',
        '{"kind": "form_view", "page": "https://evil.example/"}',
        '{"kind": "form_view", "page": 7}',
        '{"kind": ["form_view"], "page": "/"}',
        '{"kind": {"a": 1}, "page": {"b": 2}}',
        '{"kind": "form_view", "page": "/\\u0000"}',
        '{"kind": "form_view", "page": "/\\ud800"}',
        '{"kind": "form_view", "page": "/", "page": "/other/"}',
        '{"kind": "form_view", "kind": "form_view", "page": "/"}',
        '{"kind": "form_view", "page": "/", "more": NaN}',
        '{"kind": "form_view", "page": NaN}',
        '{"kind": "form_view", "page": "/' + "a" * 500 + '"}',
        "[" * 20_000,
        "1" * 20_000,
        b"\xff\xfe",
        b'{"kind": "form_view", "page": "/\xff"}',
    ],
)
def test_anything_else_is_refused(funnel: Funnel, tmp_path: Path, body: str | bytes) -> None:
    """Nothing of it is counted."""
    assert post(funnel, body).status_code == 400
    assert counts(tmp_path) == []


def test_a_long_body_is_refused(funnel: Funnel) -> None:
    """The limit is that of forms."""
    assert post(funnel, " " * 70_000).status_code == 413


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_event_is_posted(funnel: Funnel, method: str) -> None:
    """There is nothing to read at this address."""
    assert funnel.client.open("/e", method=method).status_code == 404
