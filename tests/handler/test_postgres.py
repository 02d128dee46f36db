"""The handler on PostgreSQL: the whole funnel, and what a visitor hears when the database is not there."""

from __future__ import annotations

from pathlib import Path

import psycopg
from tests.handler.funnel import funnel_on
from tests.stores.postgres_server import running

from leadpages.stores.postgres.store import PostgresStore


def test_from_the_form_to_the_file(bundle: Path, postgres_url: str) -> None:
    """Posted, asked, confirmed, delivered, downloaded, unsubscribed."""
    with funnel_on(bundle, PostgresStore(postgres_url)) as funnel:
        funnel.confirmed()
        with funnel.client.get(funnel.link("/d/")) as reply:
            assert reply.status_code == 200
        assert funnel.client.post(funnel.link("/u/"), data={"List-Unsubscribe": "One-Click"}).status_code == 200
        dossier = funnel.service.store.dossier("ann@example.com")
        assert dossier is not None
        assert dossier.lead is not None
        assert (dossier.lead.status, dossier.lead.downloads) == ("unsubscribed", 1)


def test_a_locked_table_is_busy(bundle: Path, postgres_url: str) -> None:
    """503 and when to try again; then it works."""
    with (
        funnel_on(bundle, PostgresStore(postgres_url, lock_timeout_s=0.05)) as funnel,
        psycopg.connect(postgres_url) as other,
    ):
        other.execute("LOCK TABLE submissions")
        reply = funnel.post("guide", Accept="application/json")
        assert (reply.status_code, (reply.json or {})["error"], reply.headers["Retry-After"]) == (
            503,
            "storage_busy",
            "30",
        )
        other.rollback()
        assert funnel.post("guide").status_code == 303


def test_a_server_that_is_down_is_an_honest_503_until_it_is_up(bundle: Path) -> None:
    """At once, also for health checks; nothing of how reaches the client."""
    with running() as server, server.leads() as name, funnel_on(bundle, PostgresStore(server.url(name))) as funnel:
        assert funnel.client.get("/healthz").status_code == 200
        server.crash()
        reply = funnel.post("guide", Accept="application/json")
        assert (reply.status_code, (reply.json or {})["error"]) == (503, "storage_unavailable")
        assert "socket" not in reply.text
        assert funnel.client.get("/healthz").status_code == 503
        server.start()
        assert funnel.client.get("/healthz").status_code == 200
        assert funnel.post("guide").status_code == 303
