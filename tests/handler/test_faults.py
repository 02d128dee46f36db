"""When something behind the handler fails: an honest reply, never a success, and nothing lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from tests.handler.funnel import Funnel, funnel_on
from werkzeug.test import TestResponse

from leadpages.core.errors import StorageError, StorageFull
from leadpages.leads.model import Submission
from leadpages.stores.protocol import Decide, Limit, Receipt
from leadpages.stores.sqlite.driver import sqlite3
from leadpages.stores.sqlite.store import JOURNAL, SQLiteStore


class FailingStore(SQLiteStore):
    """A store that takes nothing in."""

    def __init__(self, path: Path, fault: Exception) -> None:
        super().__init__(path)
        self._fault = fault

    def add_submission(
        self,
        submission: Submission,
        decide: Decide,
        marks: Sequence[str] = (),
        limits: Sequence[Limit] = (),
        key: str = "",
        once: str = "",
    ) -> Receipt:
        """Fail."""
        raise self._fault


@pytest.fixture
def locked(funnel: Funnel, tmp_path: Path) -> Iterator[Funnel]:
    """The site while another process holds its database."""
    with closing(sqlite3.connect(tmp_path / "leads.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield funnel


def test_a_locked_database_is_busy_and_nothing_is_acknowledged(locked: Funnel) -> None:
    """503, when to try again, and a code; as JSON and as a page."""
    reply = locked.post("guide", Accept="application/json")
    page = locked.post("guide", Accept="text/html")
    assert reply.json is not None
    assert (reply.status_code, reply.json["error"]) == (503, "storage_busy")
    assert (page.status_code, "Please try again" in page.text) == (503, True)
    assert (reply.headers["Retry-After"], page.headers["Retry-After"]) == ("30", "30")
    assert page.headers["X-Request-Id"] in page.text


def test_the_same_post_succeeds_when_the_lock_is_gone(funnel: Funnel, tmp_path: Path) -> None:
    """The first try left nothing behind that would make the second a repetition."""
    with closing(sqlite3.connect(tmp_path / "leads.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert funnel.post("guide").status_code == 503
    assert funnel.post("guide").status_code == 303
    assert funnel.deliver().sent == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (StorageFull("the disk is full"), "storage_full"),
        (StorageError("the database failed: disk I/O error"), "storage_unavailable"),
    ],
)
def test_a_store_that_fails_is_never_a_success(bundle: Path, tmp_path: Path, fault: Exception, code: str) -> None:
    """The client hears that it failed, and nothing of how."""
    with funnel_on(bundle, FailingStore(tmp_path / "leads.db", fault)) as funnel:
        reply = funnel.post("guide", Accept="application/json")
        page = funnel.post("guide")
    assert reply.json is not None
    assert (reply.status_code, reply.json["error"], reply.headers["Retry-After"]) == (503, code, "30")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "30")
    assert "disk" not in reply.text + page.text


def test_a_fault_of_ours_is_no_trace(bundle: Path, tmp_path: Path) -> None:
    """An unforeseen exception is a 500 with a request's name; what happened is for the log."""
    with funnel_on(bundle, FailingStore(tmp_path / "leads.db", RuntimeError("ann@example.com"))) as funnel:
        reply = funnel.post("guide", Accept="application/json")
        page = funnel.post("guide")
    assert reply.json is not None
    assert (reply.status_code, reply.json["error"], page.status_code) == (500, "internal", 500)
    for shown in (reply.text, page.text):
        assert "ann@example.com" not in shown
        assert "RuntimeError" not in shown
        assert "Traceback" not in shown


def test_health_is_that_of_the_store(funnel: Funnel, tmp_path: Path) -> None:
    """Fine, locked (which a WAL never is for those who read), fine again, gone."""

    def health() -> TestResponse:
        return funnel.client.get("/healthz", headers={"Accept": "application/json"})

    assert (health().status_code, health().json) == (200, {"status": "ok"})
    with closing(sqlite3.connect(tmp_path / "leads.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        locked = (503, "storage_busy") if JOURNAL == "DELETE" else (200, None)
        assert (health().status_code, (health().json or {}).get("error")) == locked
    assert health().status_code == 200
    (tmp_path / "leads.db").unlink()
    assert health().status_code == 503
    assert health().headers["Retry-After"] == "30"


def test_a_gated_file_that_is_missing_costs_no_download(bundle: Path, tmp_path: Path) -> None:
    """A bundle that was copied without its files is a fault of ours, and the link still works afterwards."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "bundle.json").write_bytes((bundle / "bundle.json").read_bytes())
    (folder / "templates").symlink_to(bundle / "templates")
    with funnel_on(folder, SQLiteStore(tmp_path / "leads.db")) as funnel:
        funnel.confirmed()
        path = funnel.link("/d/")
        assert funnel.client.get(path).status_code == 500
        (folder / "files").symlink_to(bundle / "files")
        assert [funnel.client.get(path, buffered=True).status_code for _ in range(4)] == [200, 200, 200, 404]


def test_forms_that_are_gone_from_the_site_leave_no_broken_links(bundle: Path, tmp_path: Path) -> None:
    """Their confirm links still confirm, their download links are not found."""
    with funnel_on(bundle, SQLiteStore(tmp_path / "leads.db")) as before:
        before.post("guide")
        before.deliver()
        confirm = before.link("/c/")
        ((_, kept),) = before.service.store.submissions()
        download = before.service.tokens.make("download", kept.id, before.clock())
    folder = tmp_path / "bundle"
    folder.mkdir()
    text = (bundle / "bundle.json").read_text("utf-8")
    (folder / "bundle.json").write_text(text.replace('"guide": {', '"other": {'), "utf-8")
    (folder / "templates").symlink_to(bundle / "templates")
    with funnel_on(folder, SQLiteStore(tmp_path / "leads.db")) as after:
        assert after.client.get(confirm).status_code == 200
        assert after.client.post(confirm).status_code == 200
        assert after.client.get(f"/d/{download}").status_code == 404
        assert after.post("guide").status_code == 404
        assert after.deliver().sent == 0
