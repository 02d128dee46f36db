"""Files that visitors send: what is taken, where it is, and what is said of the rest."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.handler.funnel import SITE, Funnel
from tests.handler.test_refusals import refused
from werkzeug.test import Client

from leadpages.core.errors import SettingsError
from leadpages.core.settings import Settings
from leadpages.handler.application import App
from leadpages.handler.requests import MAX_BODY_BYTES
from leadpages.handler.service import start
from leadpages.stores.files.folder import FolderFiles

JSON = {"Accept": "application/json"}
CV = b"%PDF-1.7 " + b"x" * 5000


def send(funnel: Funnel, *files: tuple[str, bytes], email: str = "ann@example.com", **more: Any) -> Any:
    """Post the form with these files, by name and content, as a browser does."""
    cv = [(BytesIO(content), name) for name, content in files]
    return funnel.client.post("/f/apply", data={"email": email, "cv": cv, **more}, headers=JSON)


def kept(funnel: Funnel) -> dict[str, bytes]:
    """What is in the folder of uploads."""
    return {file.name: file.read_bytes() for file in folder_of(funnel).rglob("*") if file.is_file()}


def folder_of(funnel: Funnel) -> Path:
    """The folder of uploads."""
    files = funnel.service.files
    assert isinstance(files, FolderFiles)
    return files.folder


def test_kept(funnel: Funnel) -> None:
    """The answer says what the file was called and under which name it is kept, which no visitor chooses."""
    assert send(funnel, ("../My CV.PDF", CV)).json == {"redirect": f"{SITE}/thanks/apply/"}
    ((_, submission),) = funnel.service.store.submissions()
    ((name, content),) = kept(funnel).items()
    assert content == CV
    assert len(name) == 64 + len(".pdf")
    assert submission.values["cv"] == f"../My CV.PDF ({name})"


def test_kept_once(funnel: Funnel) -> None:
    """Of a double click one is kept; two people who send the same file have one each."""
    for email in ("ann@example.com", "ann@example.com", "ben@example.com"):
        send(funnel, ("cv.pdf", CV), email=email)
    assert len(list(funnel.service.store.submissions())) == 2
    assert list(kept(funnel).values()) == [CV, CV]


@pytest.mark.parametrize(
    ("files", "code", "message"),
    [
        ([], "required", "Choose a file for “Your CV”"),
        ([("", b"")], "required", "Choose a file for “Your CV”"),
        ([("a.pdf", CV), ("b.pdf", CV)], "several", "Choose one file for “Your CV”"),
        ([("cv.exe", CV)], "kind", "“Your CV” must be a file of one of these kinds: .pdf, .txt"),
        ([("pdf", CV)], "kind", "“Your CV” must be a file of one of these kinds: .pdf, .txt"),
        ([("cv.pdf", CV * 2)], "too_large", "“Your CV” must be 10 KB or smaller"),
        ([("cv.pdf", b"")], "empty", "The file for “Your CV” is empty"),
        ([("cv.pdf", b"MZ" + CV)], "content", "The file for “Your CV” is not what its name says"),
        ([("cv.txt", b"a\0b")], "content", "The file for “Your CV” is not what its name says"),
    ],
)
def test_refused(funnel: Funnel, files: list[tuple[str, bytes]], code: str, message: str) -> None:
    """Each in words that tell what to do, and nothing is kept."""
    reply = send(funnel, *files)
    assert (reply.status_code, reply.json["errors"]) == (422, [{"field": "cv", "code": code, "message": message}])
    assert kept(funnel) == {}


@pytest.mark.parametrize("size", [100_000, 200_000, 262_144])
def test_any_content_up_to_the_limit(funnel: Funnel, size: int) -> None:
    """Whatever the pieces end with in which the body is read."""
    bundle = funnel.service.bundle
    form = bundle.forms["apply"]
    fields = tuple(field._replace(max_size=size) if field.type == "file" else field for field in form.fields)
    forms = {**bundle.forms, "apply": form._replace(fields=fields)}
    client = Client(App(funnel.service._replace(bundle=bundle._replace(forms=forms))))
    random = Random(size)
    for number in range(20):
        file = BytesIO(b"%PDF-1.7 " + random.randbytes(size - 9))
        data = {"email": f"ann{number}@example.com", "cv": (file, "cv.pdf")}
        assert client.post("/f/apply", data=data).status_code == 303
    assert [len(content) for content in kept(funnel).values()] == [size] * 20


def test_too_much(funnel: Funnel) -> None:
    """A body that no form of this kind has is not read to its end."""
    assert refused(send(funnel, ("cv.pdf", CV * 30))) == (413, "too_large")
    assert refused(send(funnel, ("cv.pdf", CV), note="x" * (MAX_BODY_BYTES + 1))) == (413, "too_large")
    assert kept(funnel) == {}


def test_other_forms_take_no_files(funnel: Funnel) -> None:
    """Where no field takes one, what is sent is dropped like all that the form does not declare."""
    data = {"email": "ann@example.com", "cv": (BytesIO(CV), "cv.pdf")}
    assert funnel.client.post("/f/contact", data={**data, "message": "Hi"}, headers=JSON).status_code == 200
    assert kept(funnel) == {}


def test_spam_is_not_kept(funnel: Funnel) -> None:
    """What is quarantined fills no disk, and its answer says so."""
    send(funnel, ("cv.pdf", CV), favourite_page="x")
    assert list(funnel.service.store.submissions()) == []
    (spam,) = funnel.service.store.quarantined()
    assert (spam.values["cv"], spam.files) == ("cv.pdf (not kept)", ())
    assert kept(funnel) == {}


def test_full_disk(funnel: Funnel) -> None:
    """Nothing is acknowledged that is not on the disk."""
    folder_of(funnel).write_bytes(b"a file where the folder should be")
    assert send(funnel, ("cv.pdf", CV)).status_code == 503
    assert list(funnel.service.store.submissions()) == []


def test_page(funnel: Funnel) -> None:
    """The form says what it takes, to people and to browsers, and shows what was wrong."""
    page = funnel.client.post("/f/apply", data={"email": "ann@example.com"}, content_type="multipart/form-data").text
    assert 'enctype="multipart/form-data"' in page
    assert '<input type="file" accept=".pdf,.txt" id="form-cv" name="cv" required' in page
    assert 'aria-describedby="form-cv-kinds form-cv-error" aria-invalid="true"' in page
    assert '<p class="help" id="form-cv-kinds">.pdf, .txt, up to 10 KB</p>' in page
    assert '<a href="#form-cv">Choose a file for “Your CV”</a>' in page


def test_function_hosts_need_a_folder(bundle: Path) -> None:
    """Where no disk lasts, a handler whose forms take files does not begin."""
    settings = Settings(bundle, "sqlite:///:none:", ("k" * 40,), "", "", None, None, None, 0)
    with pytest.raises(SettingsError, match="form `apply` takes files"):
        start(settings)
