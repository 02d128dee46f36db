"""`leadpages files push`, and what `leadpages doctor` says of the files in a bucket."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from tests.conftest import CONFIG, NEWSLETTER, Ran, RunCli, WriteProject, render
from tests.handler.funnel import write_bundle
from tests.stores import s3_server

from leadpages.core.settings import Bucket

FORM = 'file = "{}"\n' + NEWSLETTER
DELIVER = "---\nsubject: Here\n---\n\n[It]({{ download_url }})\n"
GUIDE, BOOK = b"%PDF-1.7 the guide" * 100, b"%PDF-1.7 the book" * 70_000


@pytest.fixture
def folder(tmp_path: Path, write_project: WriteProject) -> Path:
    """A bundle with two gated files, one of them of a megabyte, and a form without."""
    files: dict[str, str | bytes] = {
        "leadpages.toml": CONFIG,
        "forms/news.toml": NEWSLETTER,
        "forms/guide/form.toml": FORM.format("guide.pdf"),
        "forms/guide/deliver.md": DELIVER,
        "forms/guide/guide.pdf": GUIDE,
        "forms/book/form.toml": FORM.format("book.pdf"),
        "forms/book/deliver.md": DELIVER,
        "forms/book/book.pdf": BOOK,
    }
    return write_bundle(render(write_project(files)), tmp_path / "bundle")


def push(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, folder: Path, place: Bucket | str, *options: str) -> Ran:
    """`leadpages files push`, from that bundle to that place."""
    monkeypatch.setenv("LEADPAGES_BUNDLE", str(folder))
    monkeypatch.setenv("LEADPAGES_FILES_URL", str(place))
    return run_cli("files", "push", *options)


def key(form: str, content: bytes) -> str:
    """Where a gated file is."""
    return f"gated/{form}/{sha256(content).hexdigest()}"


def test_push(folder: Path, bucket: Bucket, aws: str, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the bucket has not, or has otherwise, is put there; what it has is not put twice."""
    monkeypatch.delenv("LEADPAGES_SECRET_KEYS", raising=False)
    ran = push(run_cli, monkeypatch, folder, bucket)
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.stdout == "book: book.pdf, 1.19 MB: pushed\nguide: guide.pdf, 2 KB: pushed\n"
    expected = {key("book", BOOK): BOOK, key("guide", GUIDE): GUIDE}
    assert s3_server.objects(aws, bucket) == expected
    s3 = s3_server.client(aws)
    assert s3.head_object(Bucket=bucket.name, Key=bucket.prefix + key("guide", GUIDE))["ContentType"] == (
        "application/pdf"
    )
    # By somebody else, without a checksum: the right bytes, and as many others.
    s3.put_object(Bucket=bucket.name, Key=bucket.prefix + key("book", BOOK), Body=BOOK)
    s3.put_object(Bucket=bucket.name, Key=bucket.prefix + key("guide", GUIDE), Body=GUIDE[::-1])
    rows = json.loads(push(run_cli, monkeypatch, folder, bucket, "--json").stdout)
    assert rows == [
        {"form": form, "file": f"{form}.pdf", "bytes": len(data), "sha256": sha256(data).hexdigest(), "pushed": pushed}
        for form, data, pushed in (("book", BOOK, False), ("guide", GUIDE, True))
    ]
    assert s3_server.objects(aws, bucket) == expected
    assert "guide: guide.pdf, 2 KB: is there already\n" in push(run_cli, monkeypatch, folder, bucket).stdout


def test_a_terminal_sees_it_move(
    folder: Path, bucket: Bucket, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In percent, on a line that is wiped."""
    monkeypatch.setattr("leadpages.cli.files_command._is_watched", lambda: True)
    shown = push(run_cli, monkeypatch, folder, bucket).stderr
    lines = [line.rstrip() for line in shown.split("\r")]
    assert "book: book.pdf: 100 %" in lines
    assert (lines[-2:], "\n" in shown) == (["", ""], False)


def test_a_bundle_that_is_not_whole(
    folder: Path, bucket: Bucket, aws: str, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other bytes do not get into the bucket under the name of the right ones."""
    (folder / "files/guide/guide.pdf").write_bytes(b"other")
    ran = push(run_cli, monkeypatch, folder, bucket)
    assert (ran.code, "guide.pdf is not the file that the bundle says" in ran.stderr) == (1, True)
    (folder / "files/guide/guide.pdf").unlink()
    ran = push(run_cli, monkeypatch, folder, bucket)
    assert (ran.code, "guide.pdf cannot be read" in ran.stderr) == (1, True)
    assert set(s3_server.objects(aws, bucket)) == {key("book", BOOK)}


def test_where_there_is_no_bucket(folder: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder has uploads alone; that is said, as is any other fault."""
    ran = push(run_cli, monkeypatch, folder, "file:///srv/files")
    assert (ran.code, "gated files are given out from the bundle" in ran.stderr) == (1, True)
    ran = push(run_cli, monkeypatch, folder, "s3:/oops")
    assert (ran.code, "expected file:///FOLDER or s3://BUCKET" in ran.stderr) == (1, True)
    assert run_cli("files", "push", "--all").code == 2


def test_no_such_bucket(folder: Path, bucket: Bucket, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """No trace."""
    ran = push(run_cli, monkeypatch, folder, "s3://no-such-bucket")
    assert (ran.code, "NoSuchBucket" in ran.stderr) == (1, True)
    assert "Traceback" not in ran.stderr


def found(run_cli: RunCli) -> dict[str, str]:
    """What `doctor` says of files, and how bad it is."""
    rows = json.loads(run_cli("doctor", "--json").stdout)
    return {row["text"]: row["level"] for row in rows if row["text"].startswith("files: ")}


def test_doctor(folder: Path, bucket: Bucket, aws: str, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gated file: there, missing, or something else; and whether the bucket is."""
    monkeypatch.setenv("LEADPAGES_BUNDLE", str(folder))
    monkeypatch.setenv("LEADPAGES_FILES_URL", str(bucket))
    assert found(run_cli) == {
        f"files: {bucket}": "ok",
        "files: book: book.pdf: missing": "error",
        "files: guide: guide.pdf: missing": "error",
    }
    push(run_cli, monkeypatch, folder, bucket)
    other = {"Bucket": bucket.name, "Key": bucket.prefix + key("guide", GUIDE)}
    s3_server.client(aws).put_object(**other, Body=GUIDE[::-1])
    assert found(run_cli) == {
        f"files: {bucket}": "ok",
        "files: book: book.pdf: there": "ok",
        "files: guide: guide.pdf: other bytes": "error",
    }
    assert "run `leadpages files push`" in run_cli("doctor").stdout
    monkeypatch.setenv("LEADPAGES_FILES_URL", "s3://no-such-bucket")
    (text,) = found(run_cli)
    assert text.startswith("files: s3://no-such-bucket: NoSuchBucket")


def test_doctor_on_a_disk(
    tmp_path: Path, write_project: WriteProject, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that cannot be, and a form with uploads where no disk lasts."""
    upload = '[[fields]]\nname = "cv"\ntype = "file"\nlabel = "CV"\naccept = [".pdf"]\n'
    built = render(write_project({"leadpages.toml": CONFIG, "forms/apply.toml": NEWSLETTER + upload}))
    monkeypatch.setenv("LEADPAGES_BUNDLE", str(write_bundle(built, tmp_path / "bundle")))
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("LEADPAGES_FILES_URL", (tmp_path / "file").as_uri())
    assert found(run_cli) == {f"files: {tmp_path / 'file'} cannot be written to": "error"}
    monkeypatch.delenv("LEADPAGES_FILES_URL")
    monkeypatch.setenv("VERCEL", "1")
    assert found(run_cli) == {"files: form `apply` takes some, and this disk does not last": "error"}
