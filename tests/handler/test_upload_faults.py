"""No file outlives its reason, whatever fails and wherever the process ends: there is none that no submission names."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import pytest
from tests.handler.funnel import Funnel, funnel_on
from tests.handler.test_uploads import CV, send
from tests.stores import s3_server

from leadpages.core.errors import StorageError, StorageFull
from leadpages.core.settings import Bucket
from leadpages.core.times import now
from leadpages.delivery.retention import delete_files, erase
from leadpages.leads.model import Submission
from leadpages.stores.files.opening import open_files
from leadpages.stores.files.protocol import Files
from leadpages.stores.protocol import Decide, Limit, Limited, Receipt
from leadpages.stores.sqlite.store import SQLiteStore

Found = Callable[[], list[str]]


@dataclass(frozen=True)
class Place:
    """Where files are kept, the environment by which another process finds it, and the names of all that is there."""

    at: Path | Bucket
    found: Found

    @property
    def files(self) -> Files:
        """What keeps them."""
        return open_files(self.at)

    @property
    def kept(self) -> list[str]:
        """The names of uploads."""
        return [name for name in self.found() if not name.startswith("staged/")]


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Each, empty."""
    if request.param == "folder":
        return Place(tmp_path / "files", lambda: in_folder(tmp_path / "files"))
    bucket: Bucket = request.getfixturevalue("bucket")
    endpoint: str = request.getfixturevalue("aws")
    return Place(bucket, lambda: [key.removeprefix("uploads/") for key in s3_server.objects(endpoint, bucket)])


def in_folder(folder: Path) -> list[str]:
    """The files in it, with the stages named as in a bucket."""
    files = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return [name.replace(".staged/", "staged/") for name in files]


def named(funnel: Funnel) -> list[str]:
    """The files that submissions name."""
    store = funnel.service.store
    kept = [submission for _, submission in store.submissions()]
    return [name for submission in (*kept, *store.quarantined()) for name in submission.files]


class Faulty(Files):
    """Files that fail, before or after they have done what was asked."""

    gated = None

    def __init__(self, files: Files, step: str, fault: BaseException) -> None:
        self._files, self._step, self._fault = files, step, fault

    def _do(self, what: str, act: Callable[[], Any]) -> Any:
        if self._step == f"before {what}":
            raise self._fault
        done = act()
        if self._step == f"after {what}":
            raise self._fault
        return done

    def stage(self, name: str, content: IO[bytes]) -> str:
        """Perhaps."""
        stage: str = self._do("stage", lambda: self._files.stage(name, content))
        return stage

    def settle(self, name: str, stage: str) -> None:
        """Perhaps."""
        self._do("settle", lambda: self._files.settle(name, stage))

    def discard(self, stage: str) -> None:
        """Perhaps."""
        self._do("discard", lambda: self._files.discard(stage))

    def delete(self, name: str) -> None:
        """Perhaps."""
        self._do("delete", lambda: self._files.delete(name))

    def sweep(self, before: Any) -> None:
        """As ever."""
        self._files.sweep(before)

    def names(self) -> Iterator[str]:
        """As ever."""
        return self._files.names()

    def check(self) -> None:
        """As ever."""


class FaultyStore(SQLiteStore):
    """A store that fails, before or after it has committed, or that turns everything down."""

    def __init__(self, path: Path, step: str, outcome: BaseException | Receipt) -> None:
        super().__init__(path)
        self._step, self._outcome = step, outcome

    def add_submission(
        self,
        submission: Submission,
        decide: Decide,
        marks: Sequence[str] = (),
        limits: Sequence[Limit] = (),
        key: str = "",
        once: str = "",
    ) -> Receipt:
        """Perhaps."""
        if self._step == "after commit":
            super().add_submission(submission, decide, marks, limits, key, once)
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome


STEPS = ["before stage", "after stage", "before commit", "after commit", "before settle", "after settle"]


@pytest.fixture
def running(bundle: Path, tmp_path: Path, place: Place) -> Iterator[Funnel]:
    """The site without a fault."""
    with funnel_on(bundle, SQLiteStore(tmp_path / "leads.db"), files=place.files) as funnel:
        yield funnel


@pytest.mark.parametrize("fault", [StorageFull("full"), StorageError("unreachable"), RuntimeError("ours")])
@pytest.mark.parametrize("step", STEPS)
def test_a_fault_at_each_step(bundle: Path, tmp_path: Path, place: Place, step: str, fault: Exception) -> None:
    """It is no success, no stage is left but where nobody can tell, and the same post again puts all in order."""
    database = tmp_path / "leads.db"
    in_store = step.endswith("commit")
    store = FaultyStore(database, step, fault) if in_store else SQLiteStore(database)
    files = place.files if in_store else Faulty(place.files, step, fault)
    with funnel_on(bundle, store, files=files) as funnel:
        reply = send(funnel, ("cv.pdf", CV))
    assert reply.status_code == (500 if isinstance(fault, RuntimeError) else 503)
    left = ["staged"] if step == "after stage" else []  # nobody knows its name
    assert [name.partition("/")[0] for name in place.found() if name not in place.kept] == left
    assert_heals(bundle, database, place)


def assert_heals(bundle: Path, database: Path, place: Place) -> None:
    """The same post again is a success, and after a day all files that there are belong to the one submission."""
    with funnel_on(bundle, SQLiteStore(database), files=place.files) as funnel:
        assert set(place.kept) <= set(named(funnel))
        assert send(funnel, ("cv.pdf", CV)).status_code == 200
        place.files.sweep(now() + timedelta(minutes=1))
        assert place.found() == named(funnel)
        assert len(place.found()) == 1


CRASHES = """
import os, sys
from pathlib import Path
from leadpages.core.settings import files_place
from leadpages.stores.files.opening import open_files
from leadpages.stores.sqlite.store import SQLiteStore
from tests.handler.funnel import funnel_on
from tests.handler.test_uploads import CV, send

bundle, database, step = sys.argv[1:]
when, what = step.split()
files, store = open_files(files_place(os.environ)), SQLiteStore(Path(database))
holder, name = (SQLiteStore, "add_submission") if what == "commit" else (type(files), what)
done = getattr(holder, name)

def crash(*arguments, **named):
    if when == "after":
        done(*arguments, **named)
    os._exit(9)

setattr(holder, name, crash)
with funnel_on(Path(bundle), store, files=files) as funnel:
    send(funnel, ("cv.pdf", CV))
"""


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_each_step(bundle: Path, tmp_path: Path, place: Place, step: str) -> None:
    """Nothing that no submission names is more than a stage, and the same post again puts all in order."""
    database = tmp_path / "leads.db"
    url = place.at.as_uri() if isinstance(place.at, Path) else str(place.at)
    done = subprocess.run(
        [sys.executable, "-c", CRASHES, bundle, database, step], env=environment(url), capture_output=True, check=False
    )
    assert done.returncode == 9, done.stderr
    assert len(place.found()) == (0 if step == "before stage" else 1)
    assert_heals(bundle, database, place)


def environment(url: str) -> Mapping[str, str]:
    """That of this process, and where files are."""
    return {**os.environ, "LEADPAGES_FILES_URL": url}


@pytest.mark.parametrize("receipt", ["conflicting", Limited(timedelta(minutes=1))])
def test_what_is_turned_down_leaves_nothing(bundle: Path, tmp_path: Path, place: Place, receipt: Receipt) -> None:
    """A limit that is met, and a key that stands for something else."""
    store = FaultyStore(tmp_path / "leads.db", "before commit", receipt)
    with funnel_on(bundle, store, files=place.files) as funnel:
        assert send(funnel, ("cv.pdf", CV)).status_code in (422, 429)
    assert place.found() == []


def test_a_stage_that_cannot_be_discarded(bundle: Path, tmp_path: Path, place: Place) -> None:
    """The visitor hears what there is to hear, and it is swept after a day."""
    store = FaultyStore(tmp_path / "leads.db", "before commit", "conflicting")
    files = Faulty(place.files, "before discard", StorageError("unreachable"))
    with funnel_on(bundle, store, files=files) as funnel:
        assert send(funnel, ("cv.pdf", CV)).status_code == 422
    assert len(place.found()) == 1
    place.files.sweep(now() + timedelta(minutes=1))
    assert place.found() == []


def test_a_key_does_not_bring_back_what_was_erased(running: Funnel, place: Place) -> None:
    """The reply to a key is known for a day; the files of an answer that is gone are not kept again for that."""
    headers = {"Accept": "application/json", "Idempotency-Key": "one"}

    def post() -> int:
        data = {"email": "ann@example.com", "cv": (BytesIO(CV), "cv.pdf")}
        return running.client.post("/f/apply", data=data, headers=headers).status_code

    assert post() == 200
    assert len(place.found()) == 1
    service = running.service
    marks = service.tokens.marks("ann@example.com")
    assert erase(service.store, "ann@example.com", marks, service.files, running.clock()).files
    assert place.found() == []
    assert post() == 200
    assert place.found() == []


def test_erasing_can_be_done_again(running: Funnel, place: Place) -> None:
    """When the files cannot be reached, nothing is erased, for then nothing would name them."""
    send(running, ("cv.pdf", CV))
    store, marks = running.service.store, running.service.tokens.marks("ann@example.com")
    broken = Faulty(place.files, "before delete", StorageError("unreachable"))
    with pytest.raises(StorageError, match=r"^unreachable$"):
        erase(store, "ann@example.com", marks, broken, running.clock())
    assert named(running) == place.found() != []
    erase(store, "ann@example.com", marks, place.files, running.clock())
    assert named(running) == place.found() == []


def test_what_cannot_be_deleted_is_named(running: Funnel, place: Place) -> None:
    """Every file is tried, and those that stay are said."""
    for email in ("ann@example.com", "ben@example.com"):
        send(running, ("cv.pdf", CV), email=email)
    names = place.found()
    marks_of, tomorrow = running.service.tokens.marks, running.clock() + timedelta(days=1)
    erased = running.service.store.expire("apply", tomorrow, marks_of, tomorrow)
    with pytest.raises(StorageError) as caught:
        delete_files(erased, Faulty(place.files, "after delete", StorageError("unreachable")))
    assert all(name in caught.value.message for name in names)
    assert place.found() == []
