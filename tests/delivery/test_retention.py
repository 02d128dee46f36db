"""What a form keeps no longer is erased, with its files; the rest stays."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import timedelta
from io import BytesIO
from pathlib import Path

from tests.handler.funnel import NOW, Clock

from leadpages.core.forms import Field, Form
from leadpages.core.signing import Tokens
from leadpages.delivery.retention import forget
from leadpages.delivery.worker import Worker
from leadpages.leads.intake import Intake
from leadpages.leads.model import Submission
from leadpages.stores.files.folder import FolderFiles
from leadpages.stores.protocol import QUARANTINE_WINDOW
from leadpages.stores.sqlite.store import SQLiteStore

DAY = timedelta(days=1)
SHORT = Form("short", "Short", (Field("email", "email", "E-mail"),), "Send", "/", keep_for_s=10 * 24 * 3600)
LONG = SHORT._replace(name="long", keep_for_s=0)


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
                sent = sent._replace(quarantined_for="honeypot" if form == "spam" else "")
                store.add_submission(sent, lambda standing: Intake("received"))
        marks_of = Tokens(["Vk3QeR8sTz5uWx7y"]).marks
        forget(store, [SHORT, LONG], marks_of, FolderFiles(uploads), NOW)
        left = {"short-0", "short-9", "long-0", "long-9", "long-40"}
        assert {submission.id for _, submission in store.submissions()} == left
        assert {file.name for file in uploads.iterdir()} == left | {"spam-0", "spam-9"}
        forget(store, [SHORT, LONG], marks_of, FolderFiles(uploads), NOW + 2 * DAY)
        assert {lead.email for lead in store.leads() if lead.forms == ("short",)} == {"short-0@example.com"}
        assert not (uploads / "short-9").exists()
        forget(store, [], marks_of, None, NOW + QUARANTINE_WINDOW + DAY)
        assert list(store.quarantined()) == []


def test_the_worker_sweeps_stages_once_an_hour(bundle: Path, tmp_path: Path) -> None:
    """Those that are a day old: a request may still be about the others."""
    files, clock = FolderFiles(tmp_path / "files"), Clock()
    env = {
        "LEADPAGES_BUNDLE": str(bundle),
        "LEADPAGES_DATABASE_URL": f"sqlite:///{tmp_path / 'leads.db'}",
        "LEADPAGES_FILES_URL": files.folder.as_uri(),
        "LEADPAGES_SECRET_KEYS": "kJ8sD2fGq5Lw9Xz3Vb7Nm1Rt6Yp4Hc0A",
        "LEADPAGES_SMTP_URL": "smtp://127.0.0.1:1",
    }

    def staged(hours: int) -> Path:
        stage = files.folder / ".staged" / files.stage("a.pdf", BytesIO(b"x"))
        at = (clock() - timedelta(hours=hours)).timestamp()
        os.utime(stage, (at, at))
        return stage

    young, old = staged(23), staged(25)
    with closing(Worker(env, clock)) as worker:
        worker.work()
        assert (young.exists(), old.exists()) == (True, False)
        late = staged(25)
        clock.advance(minutes=59)
        worker.work()
        assert late.exists()
        clock.advance(minutes=1)
        worker.work()
        assert (young.exists(), late.exists()) == (True, False)
