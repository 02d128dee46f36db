"""What a form keeps no longer is erased, with its files; the rest stays."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.handler.funnel import NOW

from leadpages.core.forms import Field, Form
from leadpages.core.signing import Tokens
from leadpages.delivery.retention import forget
from leadpages.leads.intake import Intake
from leadpages.leads.model import Submission
from leadpages.stores.protocol import QUARANTINE_WINDOW
from leadpages.stores.sqlite.store import SQLiteStore

DAY = timedelta(days=1)
SHORT = Form("short", "Short", (Field("email", "email", "E-mail"),), "Send", "/", keep_for_s=10 * 24 * 3600)
LONG = replace(SHORT, name="long", keep_for_s=0)


def test_old_submissions_go_with_their_files(tmp_path: Path) -> None:
    """By the form's own term, counted from when they came in; spam goes after its window."""
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    with closing(SQLiteStore(tmp_path / "leads.db")) as store:
        for form in ("short", "long", "spam"):
            for days in (0, 9, 40):
                name = f"{form}-{days}"
                (uploads / name).write_text("x")
                sent = Submission(name, form, f"{name}@example.com", {}, (), "/", NOW - days * DAY, files=(name,))
                sent = replace(sent, quarantined_for="honeypot" if form == "spam" else "")
                store.add_submission(sent, lambda standing: Intake("received"))
        marks_of = Tokens(["Vk3QeR8sTz5uWx7y"]).marks
        forget(store, [SHORT, LONG], marks_of, uploads, NOW)
        left = {"short-0", "short-9", "long-0", "long-9", "long-40"}
        assert {submission.id for _, submission in store.submissions()} == left
        assert {file.name for file in uploads.iterdir()} == left | {"spam-0", "spam-9"}
        forget(store, [SHORT, LONG], marks_of, uploads, NOW + 2 * DAY)
        assert {lead.email for lead in store.leads() if lead.forms == ("short",)} == {"short-0@example.com"}
        assert not (uploads / "short-9").exists()
        forget(store, [], marks_of, None, NOW + QUARANTINE_WINDOW + DAY)
        assert list(store.quarantined()) == []
