"""`leadpages doctor`: what it finds in order, and what not."""

from __future__ import annotations

import json
import os
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from tests.conftest import CONFIG, NEWSLETTER, RunCli, WriteProject, render, write_files
from tests.handler.funnel import write_bundle
from tests.stores.contract import add, claim, submission

from leadpages.core.errors import SettingsError
from leadpages.core.settings import read_settings
from leadpages.core.times import now, to_text
from leadpages.handler.service import start
from leadpages.stores.opening import open_store
from leadpages.stores.sqlite.driver import sqlite3
from leadpages.stores.sqlite.store import SQLiteStore

HOOK = """
[[webhooks]]
name = "crm"
url = "https://crm.example.com/hook"
secret = "CRM_SECRET"
"""


@pytest.fixture
def folder(tmp_path: Path, write_project: WriteProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a site runs that is in order."""
    built = render(write_project({"leadpages.toml": CONFIG, "forms/news.toml": NEWSLETTER}))
    home = tmp_path / "running"
    home.mkdir()
    write_bundle(built, home)
    monkeypatch.chdir(home)
    monkeypatch.setenv("LEADPAGES_SECRET_KEYS", "kJ8sD2fGq5Lw9Xz3Vb7Nm1Rt6Yp4Hc0A")
    monkeypatch.setenv("LEADPAGES_BUNDLE", str(home))
    monkeypatch.setenv("LEADPAGES_SMTP_URL", "smtp://mail.example.com")
    SQLiteStore(home / "leads.db").close()
    return home


def test_all_is_in_order(run_cli: RunCli, folder: Path) -> None:
    """With SQLite: which journal mode, and why."""
    library = sqlite3.sqlite_version
    mode, why = (
        ("WAL, synchronous FULL", "a WAL is safe from version 3.51.3 on when several processes write")
        if sqlite3.sqlite_version_info >= (3, 51, 3)
        else (
            "DELETE, synchronous EXTRA",
            "before version 3.51.3, a WAL can be corrupted when several processes write; "
            "leadpages[sqlite] brings a newer one",
        )
    )
    ran = run_cli("doctor")
    assert ran.stdout.splitlines() == [
        "ok      settings: valid",
        f"ok      bundle: {folder}, for https://www.example.com, forms: news",
        f"ok      store: SQLite {library}, leads.db, schema 3",
        f"ok      store: journal mode {mode}: {why}",
        "ok      outbox: 0 due",
        "ok      files: uploads",
    ]
    assert (ran.code, ran.stderr) == (0, "")


def test_a_captcha_without_its_secret_is_an_error(
    run_cli: RunCli, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handler does not start without."""
    site_key = '[forms]\nturnstile_site_key = "0x4"\n'
    files = {"leadpages.toml": CONFIG + site_key, "forms/news.toml": 'challenge = "turnstile"\n' + NEWSLETTER}
    write_bundle(render(write_files(tmp_path / "other", files)), folder)
    ran = run_cli("doctor")
    missing = "form `news` needs LEADPAGES_TURNSTILE_SECRET, which is not set"
    assert (ran.code, f"error   captcha: {missing}\n" in ran.stdout) == (1, True)
    with pytest.raises(SettingsError, match=missing):
        start(read_settings(os.environ))
    monkeypatch.setenv("LEADPAGES_TURNSTILE_SECRET", "0x4-secret")
    assert run_cli("doctor").code == 0
    service = start(read_settings(os.environ))
    service.store.close()
    assert service.captcha_secrets == {"turnstile": "0x4-secret"}


def test_a_worker_that_does_not_run_is_seen(run_cli: RunCli, folder: Path) -> None:
    """By what is due for long; what is dead, and what has its time yet to come, is counted."""
    at = now() - timedelta(hours=1)
    with closing(SQLiteStore(folder / "leads.db")) as store:
        for number in range(3):
            add(store, submission(f"s{number}", f"a{number}@example.com", at=at))
        store.mark_ended(claim(store, at, 1)[0], "dead", "bounced", at)
        add(store, submission("s3", "a3@example.com", at=now() + timedelta(hours=1)))
    ran = run_cli("doctor")
    assert ran.code == 0
    assert f"warning outbox: 2 due, the oldest since {to_text(at)}; 1 later\n" in ran.stdout
    assert "hint: does `leadpages deliver --watch` run?" in ran.stdout
    assert "warning outbox: 1 dead\n" in ran.stdout


def test_everything_that_is_wrong_is_said_at_once(
    run_cli: RunCli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1; a database that is not there is not made."""
    monkeypatch.setenv("LEADPAGES_SECRET_KEYS", "changeme")
    monkeypatch.setenv("LEADPAGES_BUNDLE", str(folder / "nowhere"))
    monkeypatch.setenv("LEADPAGES_DATABASE_URL", "sqlite:///typo.db")
    ran = run_cli("doctor", "--json")
    found = json.loads(ran.stdout)
    assert (ran.code, [(f["level"], f["text"].partition(":")[0]) for f in found]) == (
        1,
        [("error", "settings"), ("error", "bundle"), ("error", "store")],
    )
    assert found[2]["text"] == "store: typo.db does not exist"
    assert not (folder / "typo.db").exists()


def test_an_older_schema_is_an_error(run_cli: RunCli, folder: Path) -> None:
    """With the command that mends it."""
    with closing(sqlite3.connect(folder / "leads.db")) as other:
        other.execute("PRAGMA user_version = 1")
    ran = run_cli("doctor")
    assert ran.code == 1
    assert "error   store: leads.db has schema 1; this version of leadpages knows 3\n" in ran.stdout
    assert "hint: run `leadpages migrate`" in ran.stdout


def test_what_keeps_mails_and_hooks_from_going_out(
    run_cli: RunCli, folder: Path, write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail host that is not named, or wrongly; a secret that is not set."""
    write_bundle(render(write_project({"forms/news.toml": HOOK.join((NEWSLETTER, ""))})), folder)
    monkeypatch.delenv("LEADPAGES_SMTP_URL")
    assert "warning mail: LEADPAGES_SMTP_URL is not set" in run_cli("doctor").stdout
    assert "warning web hooks: CRM_SECRET, the variable that holds a secret, is not set" in run_cli("doctor").stdout
    monkeypatch.setenv("CRM_SECRET", "whsec_x")
    monkeypatch.setenv("LEADPAGES_SMTP_URL", "http://mail")
    ran = run_cli("doctor")
    assert ("web hooks" in ran.stdout, ran.code) == (False, 1)
    assert "error   settings: LEADPAGES_SMTP_URL must be like" in ran.stdout


def test_postgresql(run_cli: RunCli, folder: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which server and schema; a server that does not wait for the disk is a warning. Nothing of the password."""
    monkeypatch.setenv("LEADPAGES_DATABASE_URL", postgres_url.replace("leadpages@", "leadpages:hunter2@"))
    ran = run_cli("doctor")
    assert ran.code == 0
    assert "ok      store: PostgreSQL 1" in ran.stdout
    assert "schema 2\n" in ran.stdout
    assert "warning store: fsync is off: a power cut can take what was acknowledged\n" in ran.stdout
    assert "hunter2" not in ran.stdout
    open_store(postgres_url).close()
