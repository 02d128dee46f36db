"""`leadpages privacy` and `leadpages quarantine`: on the store, the bundle and the files of a running site."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from tests.conftest import CONFIG, RunCli, WriteProject, render
from tests.handler.funnel import write_bundle
from tests.stores import s3_server
from werkzeug.test import Client

from leadpages.core.settings import Bucket, read_settings
from leadpages.core.times import from_text, now, to_text
from leadpages.handler.application import App
from leadpages.handler.service import start
from leadpages.leads.intake import Intake
from leadpages.leads.model import Submission
from leadpages.stores.files.opening import open_files
from leadpages.stores.opening import open_store
from leadpages.stores.protocol import Store
from leadpages.stores.sqlite.driver import sqlite3
from leadpages.stores.sqlite.store import JOURNAL

FORM = """\
title = "Apply"
double_opt_in = false
keep = "12 months"
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
[[fields]]
name = "name"
type = "text"
label = "Name"
[[fields]]
name = "cv"
type = "file"
label = "CV"
accept = [".pdf"]
[[fields]]
name = "news"
type = "consent"
label = "Yes, *send* me news."
"""
ANN = {"email": "Ann.Lee@example.com", "name": "Annabel Q. Lee", "news": "yes"}
Post = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path, write_project: WriteProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A running site with one form, which the environment names."""
    built = render(write_project({"leadpages.toml": CONFIG, "forms/jobs.toml": FORM, "forms/other.toml": FORM}))
    home = tmp_path / "running"
    home.mkdir()
    monkeypatch.setenv("LEADPAGES_BUNDLE", str(write_bundle(built, home / "bundle")))
    monkeypatch.setenv("LEADPAGES_DATABASE_URL", f"sqlite:///{home / 'leads.db'}")
    monkeypatch.setenv("LEADPAGES_FILES_URL", (home / "uploads").as_uri())
    monkeypatch.setenv("LEADPAGES_SECRET_KEYS", "kJ8sD2fGq5Lw9Xz3Vb7Nm1Rt6Yp4Hc0A")
    return home


@pytest.fixture
def post(folder: Path) -> Iterator[Post]:
    """Posts a form, as `Client.post` does, with a file."""
    service = start(read_settings(os.environ))

    def posted(answers: dict[str, str], content: bytes = b"%PDF-1.4 of Ann") -> int:
        data = {**answers, "cv": (BytesIO(content), "cv.pdf")}
        return Client(App(service)).post("/f/jobs", data=data).status_code

    yield posted
    service.store.close()


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """What the commands changed."""
    with closing(open_store(f"sqlite:///{folder / 'leads.db'}")) as opened:
        yield opened


def files_with(folder: Path, *words: bytes) -> list[str]:
    """The files that have one of `words` in them, whatever the case.

    Another process looks: one that has a database open loses its locks when it closes the file.
    """
    patterns = [f"--regexp={word.decode()}" for word in words]
    command = ["grep", "--recursive", "--ignore-case", "--files-with-matches", "--text", "--exclude-dir=bundle"]
    found = subprocess.run(
        [*command, "--fixed-strings", *patterns, folder], capture_output=True, text=True, check=False
    )
    assert found.returncode in (0, 1), found.stderr
    return [Path(line).name for line in found.stdout.splitlines()]


@pytest.mark.parametrize("journal", dict.fromkeys(("DELETE", JOURNAL)))
def test_whoever_is_erased_is_in_no_file_any_more(
    journal: str,
    folder: Path,
    run_cli: RunCli,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """Not in the database, its free pages and its log, not among the uploads, and never in the program's own log."""
    monkeypatch.setattr("leadpages.stores.sqlite.store.JOURNAL", journal)
    caplog.set_level(logging.DEBUG)
    post = request.getfixturevalue("post")
    for number in range(40):
        assert post({**ANN, "email": f"other{number}@example.com", "name": "x" * 200}) == 303
    assert post(ANN) == 303
    assert post({**ANN, "favourite_page": "spam"}) == 303
    words = (b"ann.lee@example.com", b"Annabel Q. Lee", b"of Ann")
    assert "leads.db" in " ".join(files_with(folder, words[0]))
    before = len(list((folder / "uploads").iterdir()))

    ran = run_cli("privacy", "erase", "ann.lee@example.com")

    assert (ran.code, ran.stdout) == (0, "erased: 1 lead, 2 submissions, 1 file; nothing is sent there any more\n")
    assert files_with(folder, *words[:2]) == []
    assert len(list((folder / "uploads").iterdir())) == before - 1
    assert "ann" not in caplog.text.lower()
    assert run_cli("privacy", "export", "ann.lee@example.com").code == 1
    assert post(ANN) == 303
    assert "suppressed address" in run_cli("quarantine", "list").stdout
    assert run_cli("quarantine", "empty").code == 0
    assert files_with(folder, *words[:2]) == []


def test_erasing_looks_for_the_files_first(
    folder: Path, post: Post, store: Store, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is not said where they are, all stays as it was; and then all goes."""
    post(ANN)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("LEADPAGES_FILES_URL", (folder / "typo").as_uri())
        ran = run_cli("privacy", "erase", "ann.lee@example.com")
        assert (ran.code, "there is no such folder" in ran.stderr) == (1, True)
    assert len(list(store.submissions())) == 1
    assert run_cli("privacy", "erase", "ann.lee@example.com").code == 0
    assert files_with(folder, b"of Ann") == []


def test_export(folder: Path, post: Post, run_cli: RunCli) -> None:
    """Answers, consents in their exact words, what is in quarantine, and the history."""
    post(ANN)
    post({**ANN, "name": "Spam", "favourite_page": "x"})
    ran = run_cli("privacy", "export", "ann.lee@EXAMPLE.com")
    told = json.loads(ran.stdout)
    assert [s["answers"]["name"] for s in told["submissions"]] == ["Annabel Q. Lee", "Spam"]
    assert told["submissions"][0]["consents"] == [{"field": "news", "wording": "Yes, send me news."}]
    assert [s["quarantined_for"] for s in told["submissions"]] == ["", "honeypot"]
    assert [event["kind"] for event in told["events"]] == ["submitted"]


def test_nothing_is_kept_about_a_stranger(store: Store, run_cli: RunCli) -> None:
    """That is said, and is no success for a script; to erase them is one, and sees to it that it stays so."""
    ran = run_cli("privacy", "export", "bob@example.com")
    assert (ran.code, ran.stdout) == (1, "")
    assert "nothing is kept about bob@example.com" in ran.stderr
    assert run_cli("privacy", "revoke", "bob@example.com").code == 1
    assert run_cli("privacy", "lift", "bob@example.com").code == 1
    ran = run_cli("privacy", "erase", "bob@example.com")
    assert (ran.code, ran.stdout) == (0, "nothing is kept about bob@example.com; nothing is sent there any more\n")


def test_no_database_is_made_by_the_way(folder: Path, run_cli: RunCli) -> None:
    """Whoever erases in another place than the handler's hears that nothing is there."""
    for command in (("privacy", "erase", "ann@example.com"), ("outbox", "list"), ("quarantine", "list")):
        ran = run_cli(*command)
        assert ran.code == 1
        assert "leads.db does not exist" in ran.stderr
    assert not (folder / "leads.db").exists()


def test_suppress_and_lift(folder: Path, post: Post, store: Store, run_cli: RunCli) -> None:
    """What a suppressed address sends is kept apart, until mails may go there again."""
    assert run_cli("privacy", "suppress", "ann.lee@example.com", "--reason", "complained").code == 0
    post(ANN)
    assert [s.email for s in store.quarantined()] == ["Ann.Lee@example.com"]
    assert run_cli("privacy", "lift", "ANN.LEE@example.com").code == 0
    post(ANN, b"%PDF-1.4 of Ann, again")
    assert [lead.email for lead in store.leads()] == ["Ann.Lee@example.com"]


def test_revoke(folder: Path, post: Post, store: Store, run_cli: RunCli) -> None:
    """Links that were given out lead nowhere."""
    post(ANN)
    ((_, kept),) = store.submissions()
    assert store.find_download(kept.id)
    assert run_cli("privacy", "revoke", "ann.lee@example.com").stdout == "1 link revoked\n"
    assert store.find_download(kept.id) is None


def old(store: Store, days: int) -> None:
    """A lead who came that long ago."""
    name = f"{days}-days"
    moment = now() - timedelta(days=days)
    submission = Submission(name, "jobs", f"{name}@example.com", {"name": name}, (), "/", moment)
    store.add_submission(submission, lambda standing: Intake("received"))


def test_expire(folder: Path, store: Store, run_cli: RunCli) -> None:
    """What is kept longer than its form says goes; a dry run says so and erases nothing."""
    for days in (400, 300):
        old(store, days)
    dry = run_cli("privacy", "expire", "--dry-run").stdout.splitlines()
    assert "jobs: would be erased: 1 lead, 1 submission, 0 files" in dry
    assert len(list(store.leads())) == 2
    assert "jobs: erased: 1 lead, 1 submission, 0 files" in run_cli("privacy", "expire").stdout
    assert [lead.email for lead in store.leads()] == ["300-days@example.com"]


def test_quarantine(folder: Path, post: Post, store: Store, run_cli: RunCli) -> None:
    """Listed with its reason; what is released makes a lead, and what is not goes."""
    for name in ("one", "two", "three"):
        post({**ANN, "email": f"{name}@example.com", "_gotcha": "x"})
    listed = [json.loads(line) for line in run_cli("quarantine", "list", "--json").stdout.splitlines()]
    assert [(row["email"], row["quarantined_for"]) for row in listed] == [
        (f"{name}@example.com", "honeypot") for name in ("three", "two", "one")
    ]
    lines = run_cli("quarantine", "list").stdout.splitlines()
    assert "two@example.com" in lines[1]
    assert run_cli("quarantine", "list", "--limit", "2").stdout.splitlines() == lines[:2]

    ran = run_cli("quarantine", "release", listed[1]["id"], "unknown")

    assert (ran.code, ran.stdout) == (1, "1 released\n")
    assert "no submission unknown in quarantine" in ran.stderr
    assert [lead.email for lead in store.leads()] == ["two@example.com"]
    assert run_cli("quarantine", "empty", "--older-than", "1 day").stdout == "erased: 0 leads, 0 submissions, 0 files\n"
    assert run_cli("quarantine", "empty").stdout == "erased: 0 leads, 2 submissions, 0 files\n"
    assert list(store.quarantined()) == []
    assert len(list(store.submissions())) == 1


def test_a_form_that_is_gone_releases_nothing(folder: Path, store: Store, run_cli: RunCli) -> None:
    """It says so, and what is there stays."""
    spam = Submission("one", "gone", "a@example.com", {}, (), "/", now(), "honeypot")
    store.add_submission(spam, lambda standing: pytest.fail("is not asked"))
    ran = run_cli("quarantine", "release", "one")
    assert (ran.code, ran.stdout) == (1, "0 released\n")
    assert "form `gone`, which the bundle does not have" in ran.stderr
    assert len(list(store.quarantined())) == 1


def test_a_duration_is_one(folder: Path, run_cli: RunCli) -> None:
    """Wrong usage has its own exit code."""
    ran = run_cli("quarantine", "empty", "--older-than", "soon")
    assert ran.code == 2
    assert "7 days" in ran.stderr


def test_a_release_says_what_was_not_kept(folder: Path, post: Post, store: Store, run_cli: RunCli) -> None:
    """A file that came with what looked like spam is not there; one of a suppressed address is."""
    post({**ANN, "favourite_page": "spam"})
    (spam,) = store.quarantined()
    ran = run_cli("quarantine", "release", spam.id)
    assert (ran.code, ran.stdout) == (0, "1 released\n")
    said = f"warning: {spam.id}: cv: files that come into quarantine are not kept; ask Ann.Lee@example.com for them\n"
    assert ran.stderr == said
    run_cli("privacy", "suppress", "ben@example.com")
    post({"email": "ben@example.com"})
    (kept,) = store.quarantined()
    ran = run_cli("quarantine", "release", kept.id)
    assert (ran.code, ran.stdout, ran.stderr) == (0, "1 released\n", "")
    assert [(folder / "uploads" / name).exists() for name in kept.files] == [True]


def test_uploads_in_a_bucket(
    folder: Path,
    bucket: Bucket,
    aws: str,
    run_cli: RunCli,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """They go with whoever is erased, with what is emptied and with what expires, by command or by the worker."""
    monkeypatch.setenv("LEADPAGES_FILES_URL", str(bucket))
    monkeypatch.setenv("LEADPAGES_SMTP_URL", "smtp://127.0.0.1:1")
    post: Post = request.getfixturevalue("post")

    def sent(email: str) -> int:
        assert post({"email": email}) == 303
        return len(s3_server.objects(aws, bucket))

    assert [sent("ann@example.com"), sent("ben@example.com")] == [1, 2]
    assert not (folder / "uploads").exists()
    erased = "erased: 1 lead, 1 submission, 1 file"
    assert run_cli("privacy", "erase", "ann@example.com").stdout == f"{erased}; nothing is sent there any more\n"
    assert sent("ann@example.com") == 2  # suppressed, and so in quarantine
    assert run_cli("quarantine", "empty").stdout == "erased: 0 leads, 1 submission, 1 file\n"
    assert len(s3_server.objects(aws, bucket)) == 1
    age(folder, 400)
    assert "jobs: erased: 1 lead, 1 submission, 1 file\n" in run_cli("privacy", "expire").stdout
    assert s3_server.objects(aws, bucket) == {}
    assert sent("cem@example.com") == 1
    age(folder, 400)
    assert run_cli("deliver").code == 0
    assert s3_server.objects(aws, bucket) == {}


@pytest.mark.parametrize("in_bucket", [False, True])
def test_doctor_compares_files_and_answers(
    in_bucket: bool, folder: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Which no answer names, and which are named and not there."""
    if in_bucket:
        monkeypatch.setenv("LEADPAGES_FILES_URL", str(request.getfixturevalue("bucket")))
    post: Post = request.getfixturevalue("post")
    post(ANN)
    post({"email": "ben@example.com", "name": "x"}, b"%PDF-1.4 of Ben")
    post({"email": "spam@example.com", "favourite_page": "x"})

    def said() -> list[str]:
        texts = [finding["text"] for finding in json.loads(run_cli("doctor", "--json").stdout)]
        return [text for text in texts if text.startswith("files: ")][1:]

    assert said() == []
    files, store = open_files(read_settings(os.environ).files or folder), f"sqlite:///{folder / 'leads.db'}"
    with closing(open_store(store)) as opened:
        named = {submission.email: submission.files[0] for _, submission in opened.submissions()}
        files.delete(named["ben@example.com"])
        assert said() == [f"files: 1 that answers name are not there: {named['ben@example.com']}"]
        opened.erase("ben@example.com", ["x"], now())
        opened.erase("ann.lee@example.com", ["y"], now())
    assert said() == [f"files: 1 that no answer names: {named['Ann.Lee@example.com']}"]


def age(folder: Path, days: int) -> None:
    """Let all submissions have come in so much earlier."""
    with closing(sqlite3.connect(folder / "leads.db")) as other, other:
        (at,) = other.execute("SELECT min(received_at) FROM submissions").fetchone()
        other.execute("UPDATE submissions SET received_at = ?", (to_text(from_text(at) - timedelta(days=days)),))
        other.execute("UPDATE outbox SET state = 'sent'")
