"""Databases of older versions: what is in them keeps its meaning."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from tests.stores.contract import HOUR, MINUTE, NOW, add, dossier_of, mails, submission

from leadpages.core.errors import StorageError
from leadpages.core.forms import Consent
from leadpages.core.times import to_text
from leadpages.leads.model import Submission
from leadpages.stores.opening import migrate_store
from leadpages.stores.protocol import Download
from leadpages.stores.sql.queries import read_migrations
from leadpages.stores.sqlite.driver import sqlite3
from leadpages.stores.sqlite.store import SQLiteStore

AT, SOON, LATER = (to_text(NOW + pause) for pause in (timedelta(), MINUTE, HOUR))
ROWS = f"""
INSERT INTO leads VALUES ('l', 'ann@example.com', 'Ann@example.com', 'confirmed', '{AT}', '{SOON}', '{AT}', NULL);
INSERT INTO submissions VALUES ('one', 'l', 'guide', 'Ann@example.com', '{{"email": "Ann@example.com", "a": "b"}}', 'h',
  '/p/', 'de', '{AT}', 0, 2, '');
INSERT INTO submissions VALUES ('spam', NULL, 'guide', 'Bob@example.com', '{{}}', 'h',
  '/p/', '', '{AT}', 0, 0, 'honeypot');
INSERT INTO consents VALUES ('one', 'news', 'Yes.');
INSERT INTO events VALUES (7, 'l', '{AT}', 'submitted', 'guide', '/p/');
INSERT INTO outbox VALUES ('sent', 'l', 'one', 'confirm', 'guide', 'sent', '{AT}', '{AT}', '', 1, 1, '', '{AT}');
INSERT INTO outbox VALUES ('free', 'l', 'one', 'deliver', 'guide', 'due', '{AT}', '{AT}', '', 0, 0, '', NULL);
INSERT INTO outbox VALUES ('held', 'l', 'one', 'deliver', 'guide', 'due', '{AT}', '{AT}', '{LATER}', 3, 2, '450', NULL);
INSERT INTO page_events VALUES ('2026-11-22', 'form_view', '/p/', 5);
"""


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Path]:
    """A SQLite file as the first version left it."""
    file = tmp_path / "leads.db"
    with closing(sqlite3.connect(file)) as connection:
        for statement in read_migrations("sqlite")[0]:
            connection.execute(statement)
        connection.executescript(f"{ROWS}PRAGMA user_version = 1;")
    yield file


def test_rows_of_the_first_schema_keep_their_meaning(old: Path) -> None:
    """Leads, answers, consents, history, quarantine and counts; a leased item stays put off."""
    assert migrate_store(f"sqlite:///{old}") == (1, 3)
    with closing(SQLiteStore(old, create=False)) as store:
        dossier = dossier_of(store, "ANN@example.com")
        assert dossier.lead is not None
        assert (dossier.lead.status, dossier.lead.confirmed_at, dossier.lead.downloads) == (
            "confirmed",
            NOW + MINUTE,
            2,
        )
        answers: dict[str, str | list[str]] = {"email": "Ann@example.com", "a": "b"}
        consents = (Consent("news", "Yes."),)
        assert dossier.submissions == (
            Submission("one", "guide", "Ann@example.com", answers, consents, "/p/", NOW, language="de"),
        )
        assert [event.kind for event in dossier.events] == ["submitted"]
        assert [s.email for s in store.quarantined()] == ["Bob@example.com"]
        assert dossier_of(store, "bob@example.com").lead is None
        assert store.find_download("one") == Download("guide", 2)
        assert [(i.id, i.channel, i.happening) for i in store.claim(9, HOUR, NOW)] == [("free", "mail", "accepted")]
        held = store.claim(9, HOUR, NOW + HOUR)[-1]
        assert (held.id, held.attempts, held.fence) == ("held", 2, 4)
        assert add(store, submission("new", "new@example.com")) == "kept"


def test_what_a_worker_of_the_first_version_holds_is_nobody_elses(old: Path) -> None:
    """Until its lease is over."""
    migrate_store(f"sqlite:///{old}")
    with closing(SQLiteStore(old)) as store:
        assert mails(store, NOW + HOUR - MINUTE) == [("deliver", "one")]
        assert mails(store, NOW + HOUR) == [("deliver", "one"), ("deliver", "one")]


def test_an_older_schema_is_refused_until_it_is_migrated(old: Path) -> None:
    """Opening changes nothing in it."""
    with pytest.raises(StorageError, match="has schema 1; this version of leadpages knows 3") as found:
        SQLiteStore(old)
    assert found.value.hint == "run `leadpages migrate`"


def test_two_that_migrate_at_once_do_it_once(old: Path) -> None:
    """The others find it done."""
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: migrate_store(f"sqlite:///{old}"), range(4)))
    assert sorted(found) == [(1, 3), (3, 3), (3, 3), (3, 3)]
