"""Gated files in a bucket: the link counts, and leads to an address that gives the exact bytes for minutes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3
from tests.cli.test_files import push
from tests.conftest import RunCli
from tests.handler.funnel import PDF, Funnel, funnel_on
from tests.handler.test_download import count, get, link
from tests.stores import s3_server
from werkzeug.test import Client

from leadpages.core.settings import Bucket
from leadpages.handler.application import App
from leadpages.stores.files.opening import open_files
from leadpages.stores.sqlite.store import SQLiteStore

KEY = f"gated/guide/{sha256(PDF).hexdigest()}"


@pytest.fixture
def empty(bundle: Path, tmp_path: Path, bucket: Bucket) -> Iterator[Funnel]:
    """The small site, on a bucket without its files; the bundle has none either."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "bundle.json").symlink_to(bundle / "bundle.json")
    (folder / "templates").symlink_to(bundle / "templates")
    with funnel_on(folder, SQLiteStore(tmp_path / "leads.db"), files=open_files(bucket)) as running:
        yield running


@pytest.fixture
def funnel(empty: Funnel, bundle: Path, bucket: Bucket, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> Funnel:
    """The small site, on a bucket with its files."""
    push(run_cli, monkeypatch, bundle, bucket)
    return empty


def fetched(address: str) -> urllib3.BaseHTTPResponse:
    """What a browser gets there."""
    return urllib3.request("GET", address)


def test_the_link_leads_to_the_exact_bytes(funnel: Funnel, bucket: Bucket, aws: str) -> None:
    """By an address that no cache keeps; its key is made of the form and the content."""
    path = link(funnel)
    reply = get(funnel, path)
    assert (reply.status_code, reply.headers["Cache-Control"]) == (302, "private, no-store")
    assert reply.headers["X-Robots-Tag"] == "noindex"
    address = urlsplit(reply.headers["Location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{aws}/{bucket.name}/{bucket.prefix}{KEY}"
    assert parse_qs(address.query)["X-Amz-Expires"] == ["300"]
    file = fetched(reply.headers["Location"])
    assert (file.status, file.data) == (200, PDF)
    assert file.headers["Content-Type"] == "application/pdf"
    assert file.headers["Content-Disposition"] == "attachment; filename=guide.pdf"
    assert file.headers["Cache-Control"] == "private, no-store"
    assert count(funnel) == 1


def test_a_part(funnel: Funnel) -> None:
    """Is given by the bucket."""
    reply = get(funnel, link(funnel), Range="bytes=100-199")
    file = urllib3.request("GET", reply.headers["Location"], headers={"Range": "bytes=100-199"})
    assert (file.status, file.data) == (206, PDF[100:200])


def test_every_address_counts(funnel: Funnel) -> None:
    """Also when a later part is asked for: the address gives the whole as well."""
    path = link(funnel)
    asked = [get(funnel, path, Range=f"bytes={start}-").status_code for start in (0, 5, 5, 5)]
    assert asked == [302, 302, 302, 404]
    refused = get(funnel, path, Accept="application/json")
    assert (refused.json or {})["error"] == "used_up"
    assert count(funnel) == 3


def test_a_head_request_is_no_download(funnel: Funnel) -> None:
    """It tells what the file is, as from the bundle, and leads nowhere."""
    path = link(funnel)
    reply = funnel.client.head(path, buffered=True)
    assert (reply.status_code, reply.headers["Content-Length"], reply.data) == (200, str(len(PDF)), b"")
    assert reply.headers["Content-Type"] == "application/pdf"
    assert reply.headers["Content-Disposition"] == "attachment; filename=guide.pdf"
    assert (reply.headers["Cache-Control"], "Location" in reply.headers) == ("private, no-store", False)
    assert count(funnel) == 0


def test_an_old_link_and_a_revoked_one(funnel: Funnel) -> None:
    """410 with a way to a new one, which works; 404."""
    path = link(funnel)
    funnel.clock.advance(days=2)
    assert get(funnel, path).status_code == 410
    assert funnel.client.post(path).status_code == 200
    assert funnel.deliver().sent == 1
    new = funnel.link("/d/")
    assert fetched(get(funnel, new).headers["Location"]).data == PDF
    assert count(funnel) == 1
    funnel.service.store.revoke_downloads("ann@example.com", funnel.clock())
    assert get(funnel, new).status_code == 404


def test_a_file_that_is_not_there_is_no_dead_link(
    empty: Funnel, bucket: Bucket, aws: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The visitor hears it here, the log says what to do, and it costs no download; also where it is not whole."""
    path = link(empty)
    for method in ("GET", "HEAD"):
        reply = empty.client.open(path, method=method)
        assert (reply.status_code, reply.headers["Retry-After"]) == (503, "30")
        assert "guide.pdf of form guide is not in the bucket, or not whole: run `leadpages files push`" in caplog.text
    s3 = s3_server.client(aws)
    s3.put_object(Bucket=bucket.name, Key=bucket.prefix + KEY, Body=PDF[:-1])
    assert get(empty, path).status_code == 503
    assert count(empty) == 0
    s3.put_object(Bucket=bucket.name, Key=bucket.prefix + KEY, Body=PDF)
    assert [get(empty, path).status_code for _ in range(4)] == [302, 302, 302, 404]


def test_a_bucket_that_does_not_answer(empty: Funnel, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is counted."""
    path = link(empty)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    away = empty.service._replace(files=open_files(bucket))
    assert Client(App(away)).get(path).status_code == 503
    assert count(empty) == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a b.pdf", 'attachment; filename="a b.pdf"'),
        ("Führer.pdf", "attachment; filename=Fuhrer.pdf; filename*=UTF-8''F%C3%BChrer.pdf"),
        ('指南 "x".pdf', 'attachment; filename=" \\"x\\".pdf"; filename*=UTF-8\'\'%E6%8C%87%E5%8D%97%20%22x%22.pdf'),
    ],
)
def test_any_name(funnel: Funnel, name: str, said: str) -> None:
    """A browser saves the file under the name that it has (RFC 6266, RFC 8187)."""
    path = link(funnel)
    forms = dict(funnel.service.bundle.forms)
    file = forms["guide"].file
    assert file is not None
    forms["guide"] = forms["guide"]._replace(file=file._replace(name=name))
    renamed = Client(App(funnel.service._replace(bundle=funnel.service.bundle._replace(forms=forms))))
    assert fetched(renamed.get(path).headers["Location"]).headers["Content-Disposition"] == said
    assert renamed.head(path).headers["Content-Disposition"] == said


def test_amazon_itself(bucket: Bucket, funnel: Funnel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address names bucket and region: one for all regions is good in a new bucket only after hours."""
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    assert "AWS_ENDPOINT_URL" not in os.environ
    gated, file = open_files(bucket).gated, funnel.service.bundle.forms["guide"].file
    assert gated is not None
    assert file is not None
    address = gated.address("guide", file, "attachment")
    assert address.startswith(f"https://{bucket.name}.s3.eu-central-1.amazonaws.com/{bucket.prefix}{KEY}?")
