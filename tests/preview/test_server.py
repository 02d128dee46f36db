"""The preview's server, with real builds and a real watch on the folder."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.conftest import CONFIG, NEWSLETTER
from werkzeug.test import Client

from leadpages.build.project import Builder
from leadpages.build.reports import Report
from leadpages.core.errors import OutputError, ProjectError
from leadpages.preview.reloading import PATH as CHANGES
from leadpages.preview.server import Outcome, Preview, PreviewApp, serve

URL = "http://127.0.0.1:8123"
#: Longer than any quiet period and the build after it: what has not come by then is not coming.
LONG_S = 1.5


class Previewed:
    """A project of one page that is previewed, and what its builds came to, but for the first."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.outcomes: list[Outcome] = []
        self.page = project / "site/a.md"
        self.page.parent.mkdir(parents=True)
        (project / "leadpages.toml").write_text(CONFIG)
        self.save("start")
        preview = Preview(project, URL, False, lambda: datetime(2026, 11, 22, tzinfo=UTC), self.outcomes.append)
        self.app = PreviewApp(preview)

    def save(self, text: str, title: str = "A") -> None:
        """Write the page."""
        self.page.write_text(f"---\ntitle: {title}\n---\n\n{text}\n")

    def get(self, path: str = "/a/", **headers: str) -> tuple[int, str]:
        """Status and text of what the browser gets."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        reply = Client(self.app).get(path, base_url=URL, headers=sent, buffered=True)
        return reply.status_code, reply.text

    def wait_for(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Return when `condition` holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (self.outcomes, self.get())
            time.sleep(0.02)

    def watched(self) -> None:
        """Return when saves are seen, and no build is under way."""
        self.save("watched")
        self.wait_for(lambda: "<p>watched</p>" in self.get()[1])
        time.sleep(LONG_S)
        self.outcomes.clear()


@pytest.fixture
def previewed(tmp_path: Path) -> Iterator[Previewed]:
    """A preview, not yet started."""
    previewed = Previewed(tmp_path / "mine")
    yield previewed
    previewed.app.close()


@pytest.mark.parametrize("path", ["/", "/posts/a/", "/f/newsletter"])
def test_a_site_that_was_never_built(path: str, previewed: Previewed) -> None:
    """Every page shows what is wrong, with file and line, until it is mended."""
    previewed.save("text", title="[")
    fault = previewed.app.start()

    assert isinstance(fault, ProjectError)
    status, html = previewed.get(path)
    assert status == 500
    assert "<li>site/a.md:3: error: " in html
    previewed.save("mended")
    previewed.wait_for(lambda: "<p>mended</p>" in previewed.get()[1])


def test_the_last_good_site_stays_up(previewed: Previewed) -> None:
    """While a file is broken, and when it is gone for good."""
    previewed.app.start()
    previewed.watched()
    (previewed.project / "site/b.md").write_text("---\ntitle: [\n---\n")
    previewed.wait_for(lambda: bool(previewed.outcomes))
    assert isinstance(previewed.outcomes[-1], ProjectError)
    assert previewed.get()[0] == 200
    (previewed.project / "site/b.md").unlink()
    previewed.wait_for(lambda: isinstance(previewed.outcomes[-1], Report))


def test_what_is_saved_during_the_first_build(previewed: Previewed) -> None:
    """Nobody watches yet, and the save is built all the same; but no build is told of that finds nothing new."""
    previewed.app.start(lambda what, done, count: previewed.save("meanwhile") if what == "Writing" else None)
    previewed.wait_for(lambda: "<p>meanwhile</p>" in previewed.get()[1])
    time.sleep(LONG_S)

    assert len(previewed.outcomes) == 1


def test_the_first_build_may_fork(previewed: Previewed) -> None:
    """No thread is there yet that would keep it from sharing out its work over processes."""
    before, during = threading.active_count(), set()
    previewed.app.start(lambda what, done, count: during.add(threading.active_count()))

    assert during == {before}


def test_a_start_with_nothing_new(previewed: Previewed) -> None:
    """The look at what was saved before anyone watched says nothing where that is nothing."""
    previewed.app.start()
    time.sleep(LONG_S)

    assert previewed.outcomes == []


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (OutputError("the disk is full", "make room"), "error: the disk is full\n  hint: make room"),
        (ZeroDivisionError("oh"), "error: the build failed for a reason of its own, told in the terminal"),
    ],
)
def test_other_faults_show_too(
    error: Exception,
    shown: str,
    previewed: Previewed,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A fault that is no problem of the project's reaches the pages, and the next save is heard."""

    def fail(*arguments: object) -> None:
        raise error

    previewed.app.start()
    previewed.watched()
    with monkeypatch.context() as patched:
        patched.setattr(Builder, "build", fail)
        previewed.save("one")
        previewed.wait_for(lambda: shown in first_event(previewed))
    previewed.save("two")
    previewed.wait_for(lambda: "<p>two</p>" in previewed.get()[1])


def first_event(previewed: Previewed) -> str:
    """What a page is told when it begins to listen."""
    reply = Client(previewed.app).get(CHANGES, base_url=URL)
    event = next(reply.iter_encoded()).decode()
    reply.close()
    return event.replace("\\n", "\n")


@pytest.mark.parametrize("files", [10_000, 1])
def test_ten_thousand_events_are_one_rebuild(files: int, previewed: Previewed) -> None:
    """A burst, be it of many files or of one file that is written again and again, is built once, when it is over."""
    folder = previewed.project / "site/media"
    folder.mkdir()
    previewed.app.start()
    previewed.watched()
    for number in range(10_000):
        (folder / f"{number % files}.txt").write_text(str(number))
    previewed.save("last")
    previewed.wait_for(lambda: bool(previewed.outcomes))
    time.sleep(LONG_S)

    (report,) = previewed.outcomes
    assert isinstance(report, Report)
    assert "<p>last</p>" in previewed.get()[1]
    assert previewed.get(f"/media/{files - 1}.txt") == (200, "9999")


def test_the_last_save_is_what_stays(previewed: Previewed) -> None:
    """Whenever saves come, before, during or after builds: in the end the site is what was saved last."""
    previewed.app.start()
    previewed.watched()
    chance = random.Random(7)
    for round_ in range(12):
        for number in range(chance.randint(1, 8)):
            previewed.save(f"save {round_}.{number}")
            time.sleep(chance.choice([0, 0.005, 0.02, 0.05, 0.1]))
        previewed.wait_for(lambda: f"<p>save {round_}.{number}</p>" in previewed.get()[1], 5)  # noqa: B023


def test_a_folder_with_any_name(tmp_path: Path) -> None:
    """Spaces, umlauts, a link on the way and a hidden folder above change nothing."""
    (tmp_path / ".so ähnlich/wo").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / ".so ähnlich/wo")
    previewed = Previewed(tmp_path / "link/mine")
    try:
        previewed.app.start()
        previewed.watched()
    finally:
        previewed.app.close()


def test_what_editors_leave(previewed: Previewed) -> None:
    """Backups, swap files and locks, also of forms and data, are no part of the site and wake nobody."""
    forms = previewed.project / "forms"
    forms.mkdir()
    (forms / "news.toml").write_text(NEWSLETTER)
    (previewed.project / "site/data").mkdir()
    previewed.app.start()
    previewed.watched()
    for place in (
        "site/a.md~",
        "site/.a.md.swp",
        "site/#a.md#",
        "site/~$a.docx",
        "forms/#news.toml#",
        "site/data/a.yaml~",
    ):
        (previewed.project / place).write_text("---\ntitle: [\n---\n")
    for place in ("site/.#a.md", "forms/.#news.toml"):
        (previewed.project / place).symlink_to("someone@somewhere.1234:5678")
    time.sleep(LONG_S)
    assert previewed.outcomes == []
    previewed.save("saved")
    previewed.wait_for(lambda: bool(previewed.outcomes))

    assert isinstance(previewed.outcomes[0], Report)
    assert previewed.get("/a.md~")[0] == 404


@pytest.mark.parametrize("path", [CHANGES, "/_/mail", "/_/mail/1"])
@pytest.mark.parametrize("asker", ["cross-site", "same-site"])
def test_pages_elsewhere_see_nothing(asker: str, path: str, previewed: Previewed) -> None:
    """Mails and events are for pages of this server, and for who types the address."""
    assert previewed.get(path, Sec_Fetch_Site=asker)[0] == 403


@pytest.mark.parametrize("asker", ["same-origin", "none"])
def test_the_mailbox_is_for_its_own_pages(asker: str, previewed: Previewed) -> None:
    """A link on a page of the preview leads there, and so does the address bar."""
    assert previewed.get("/_/mail", Sec_Fetch_Site=asker)[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "[::1]:8123", "localhost:1", ""])
def test_other_names_of_this_machine(host: str, previewed: Previewed) -> None:
    """A name that someone else points at this machine is answered with nothing of the site."""
    assert previewed.get("/", Host=host)[0] == 403


def test_a_port_that_is_not_ours(previewed: Previewed) -> None:
    """What the system says is said, with what to do."""
    other = serve(previewed.app, 0)
    with pytest.raises(Exception, match=f"port {other.port} is taken"):
        serve(previewed.app, other.port)
    other.server_close()
