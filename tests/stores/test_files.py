"""What keeps files, a folder or a bucket: nothing is an upload before it is settled, and what goes is gone."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest
from tests.stores import s3_server

from leadpages.core.errors import SettingsError, StorageBusy, StorageError, StorageFull
from leadpages.core.settings import Bucket
from leadpages.core.times import now
from leadpages.stores.files.folder import FolderFiles
from leadpages.stores.files.opening import open_files
from leadpages.stores.files.protocol import Files
from leadpages.stores.files.s3 import S3Files

NAME, CONTENT = f"{'0a' * 32}.pdf", b"%PDF-1.7 " + bytes(range(256)) * 500
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Place:
    """Where files are kept, and all that is there, by names in which stages begin with `staged/`."""

    files: Files
    found: Callable[[], dict[str, bytes]]

    def names(self) -> list[str]:
        """Names alone; those of stages cut short."""
        return sorted(name.partition("/")[0] if "staged" in name else name for name in self.found())


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Each, empty."""
    if request.param == "folder":
        folder = tmp_path / "new" / "files"

        def found() -> dict[str, bytes]:
            files = (file for file in folder.rglob("*") if file.is_file())
            return {
                file.relative_to(folder).as_posix().replace(".staged/", "staged/"): file.read_bytes() for file in files
            }

        return Place(FolderFiles(folder), found)
    bucket: Bucket = request.getfixturevalue("bucket")
    endpoint: str = request.getfixturevalue("aws")

    def objects() -> dict[str, bytes]:
        return {key.removeprefix("uploads/"): data for key, data in s3_server.objects(endpoint, bucket).items()}

    return Place(open_files(bucket), objects)


def test_settled(place: Place) -> None:
    """Its exact bytes, under its name, and no stage any more; twice is as good as once."""
    for _ in range(2):
        stage = place.files.stage(NAME, BytesIO(CONTENT))
        assert "staged" in place.names()
        place.files.settle(NAME, stage)
        assert place.found() == {NAME: CONTENT}


def test_discarded(place: Place) -> None:
    """Other stages of the same upload stay; a second time does nothing."""
    first, second = (place.files.stage(NAME, BytesIO(CONTENT)) for _ in range(2))
    place.files.discard(first)
    place.files.discard(first)
    assert place.names() == ["staged"]
    place.files.settle(NAME, second)
    assert place.names() == [NAME]


def test_deleted(place: Place) -> None:
    """With its stages, so that who settles one hears of it; others stay."""
    other = NAME.replace("0a", "0b")
    for name in (NAME, other):
        place.files.settle(name, place.files.stage(name, BytesIO(CONTENT)))
    late, others = place.files.stage(NAME, BytesIO(CONTENT)), place.files.stage(other, BytesIO(CONTENT))
    place.files.delete(NAME)
    place.files.delete(NAME)
    with pytest.raises(StorageError):
        place.files.settle(NAME, late)
    assert place.names() == [other, "staged"]
    place.files.settle(other, others)


def test_nothing_to_delete(place: Place) -> None:
    """A place that was never used is fine."""
    place.files.discard(f"{NAME}/x" if isinstance(place.files, S3Files) else f"{NAME}.x")
    place.files.sweep(now())
    place.files.check()
    assert place.names() == list(place.files.names()) == []


def test_swept(place: Place) -> None:
    """Stages alone, by their age."""
    place.files.settle(NAME, place.files.stage(NAME, BytesIO(CONTENT)))
    place.files.stage(NAME, BytesIO(CONTENT))
    place.files.sweep(now() - MINUTE)
    assert place.names() == [NAME, "staged"]
    assert list(place.files.names()) == [NAME]
    place.files.sweep(now() + MINUTE)
    assert place.names() == [NAME]


def test_the_wrong_folder(tmp_path: Path) -> None:
    """What is to be deleted must not be taken for gone because nobody looked where it is."""
    with pytest.raises(StorageError, match="there is no such folder"):
        FolderFiles(tmp_path / "typo").delete(NAME)


def test_only_their_owner_reads_them(tmp_path: Path) -> None:
    """Folders and files, whatever the mask."""
    files = FolderFiles(tmp_path / "files")
    files.settle(NAME, files.stage(NAME, BytesIO(CONTENT)))
    for path, mode in (("files", 0o700), ("files/.staged", 0o700), (f"files/{NAME}", 0o600)):
        assert stat.S_IMODE((tmp_path / path).stat().st_mode) == mode


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What did not get wholly there leaves nothing."""
    files = FolderFiles(tmp_path)

    def full(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageFull):
        files.stage(NAME, BytesIO(CONTENT))
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    """Is said before a visitor sends something."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="cannot be written to"):
        FolderFiles(tmp_path / "file" / "below").check()


def test_erased_while_it_is_copied(bucket: Bucket, aws: str) -> None:
    """A copy that ends after everything was deleted leaves nothing."""
    files = S3Files(bucket)
    stage = files.stage(NAME, BytesIO(CONTENT))
    files._s3.client.meta.events.register("after-call.s3.CopyObject", lambda **_: files.discard(stage))
    with pytest.raises(StorageError, match="erased while it came in"):
        files.settle(NAME, stage)
    assert s3_server.objects(aws, bucket) == {}


@contextmanager
def answering(status: int) -> Iterator[str]:
    """An S3 that answers everything with `status`."""

    class Answer(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            """Whatever is put."""
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "fault"), [(503, StorageBusy), (507, StorageFull), (403, StorageError)])
def test_faults_of_s3(status: int, fault: type[StorageError], bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is one of ours, and says of which bucket."""
    with answering(status) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        with pytest.raises(fault, match=f"s3://{bucket.name}/site: ") as caught:
            S3Files(bucket).stage(NAME, BytesIO(CONTENT))
    assert type(caught.value) is fault


def test_nobody_is_there(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """No trace either."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    with pytest.raises(StorageError, match="Could not connect"):
        S3Files(bucket).check()


def test_no_such_bucket(bucket: Bucket) -> None:
    """Its name is said."""
    with pytest.raises(StorageError, match="s3://no-such-bucket: NoSuchBucket"):
        S3Files(Bucket("no-such-bucket")).check()


def test_no_region(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signed address for another region would be a dead link."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with pytest.raises(StorageError, match="in which region") as caught:
        S3Files(bucket).check()
    assert caught.value.hint == "set AWS_REGION"


LIGHT = """
import sys
from leadpages.core.settings import Bucket
from leadpages.stores.files.opening import open_files
open_files(Bucket("my-bucket"))
print("boto3" in sys.modules)
"""


def test_opening_is_light() -> None:
    """The AWS SDK takes its time, and most requests need no file."""
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_what_is_not_installed(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is said before a visitor comes."""
    monkeypatch.setattr("leadpages.stores.files.opening.find_spec", lambda name: None)
    with pytest.raises(SettingsError) as caught:
        open_files(bucket)
    assert caught.value.hint == "pip install boto3"
