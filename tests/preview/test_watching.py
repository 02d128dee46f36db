"""Watching a project: one signal a burst, quickly for a single save, and none too few."""

from __future__ import annotations

import errno
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from watchdog.observers import inotify_c

from leadpages.preview.watching import changes

NAMES = ("leadpages.toml", "site", "forms", "themes")
#: Longer than any quiet period: what has not come by then is not coming.
LONG_S = 0.6


class Builds:
    """A build that reads one file, and takes as long as a test wants."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.seen: list[str] = []
        self.times: list[float] = []
        self.takes_s = 0.0
        self._built = threading.Condition()

    def build(self) -> None:
        """Note what `site/a.md` says now."""
        file = self.project / "site/a.md"
        text = file.read_text() if file.is_file() else ""
        time.sleep(self.takes_s)
        with self._built:
            self.seen.append(text)
            self.times.append(time.monotonic())
            self._built.notify_all()

    def wait_for(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        """Return when `condition` holds after a build."""
        with self._built:
            assert self._built.wait_for(condition, seconds), self.seen


@contextmanager
def watching(project: Path) -> Iterator[Builds]:
    """Watch `project` with a fake build."""
    (project / "site/posts").mkdir(parents=True)
    (project / "site/a.md").write_text("start")
    builds, stop = Builds(project), threading.Event()
    begun = threading.Event()

    def watch() -> None:
        for _ in changes(project, NAMES, stop):
            begun.set()
            builds.build()

    thread = threading.Thread(target=watch)
    thread.start()
    assert begun.wait(10)
    time.sleep(LONG_S)
    builds.seen.clear()
    builds.times.clear()
    try:
        yield builds
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


def test_ten_thousand_events_are_one_build(tmp_path: Path) -> None:
    """A burst of real files is one build, and it is over before the build begins."""
    with watching(tmp_path) as builds:
        for number in range(10_000):
            (tmp_path / f"site/posts/{number}.md").write_text("text")
        (tmp_path / "site/a.md").write_text("last")
        builds.wait_for(lambda: "last" in builds.seen)
        time.sleep(LONG_S)

        assert builds.seen == ["last"]


def test_a_single_save_is_seen_at_once(tmp_path: Path) -> None:
    """A save, in place or by a rename, begins a build within a tenth of a second."""
    waited = []
    with watching(tmp_path) as builds:
        for number in range(10):
            text = f"save {number}"
            target = tmp_path / "site/a.md"
            if number % 2:
                target.write_text(text)
            else:
                (tmp_path / "site/.a.tmp").write_text(text)
                (tmp_path / "site/.a.tmp").rename(target)
            saved = time.monotonic()
            builds.wait_for(partial(builds.seen.__contains__, text))
            waited.append(builds.times[builds.seen.index(text)] - saved)
            time.sleep(LONG_S / 4)

        assert len(builds.seen) == 10
    assert sorted(waited)[5] < 0.1, waited


def save_by_backup(project: Path) -> None:
    """As editors do that keep the old file until the new one is there."""
    (project / "site/a.md").rename(project / "site/a.md~")
    (project / "site/a.md").write_text("new")
    (project / "site/a.md~").unlink()


def delete(project: Path) -> None:
    """The file goes."""
    (project / "site/a.md").unlink()


def move_out(project: Path) -> None:
    """The file goes elsewhere."""
    (project / "site/a.md").rename(project / "a.md")


def replace_folder(project: Path) -> None:
    """As a checkout does: the whole folder goes, and another one comes."""
    shutil.rmtree(project / "site")
    (project / "site").mkdir()
    (project / "site/a.md").write_text("new")


def swap_folder(project: Path) -> None:
    """Another folder is moved into its place."""
    (project / "next").mkdir()
    (project / "next/a.md").write_text("new")
    (project / "site").rename(project / "site-before")
    (project / "next").rename(project / "site")


@pytest.mark.parametrize(
    ("change", "after"),
    [(save_by_backup, "new"), (delete, ""), (move_out, ""), (replace_folder, "new"), (swap_folder, "new")],
)
def test_every_way_to_change(change: Callable[[Path], None], after: str, tmp_path: Path) -> None:
    """Renames, deletions and whole folders are seen, and so is the next save after them."""
    with watching(tmp_path) as builds:
        change(tmp_path)
        builds.wait_for(lambda: builds.seen[-1:] == [after])
        time.sleep(LONG_S)
        assert len(builds.seen) <= 2
        (tmp_path / "site/a.md").write_text("and then")
        builds.wait_for(lambda: builds.seen[-1] == "and then")
        (tmp_path / "site/new/deep").mkdir(parents=True)
        (tmp_path / "site/new/deep/b.md").write_text("b")
        time.sleep(LONG_S)
        count = len(builds.seen)
        (tmp_path / "site/new/deep/b.md").write_text("c")
        builds.wait_for(lambda: len(builds.seen) > count)


def test_a_save_during_a_build_gives_another(tmp_path: Path) -> None:
    """What is saved after the build has read it, and before it ends, is built next."""
    with watching(tmp_path) as builds:
        builds.takes_s = 0.5
        (tmp_path / "site/a.md").write_text("one")
        time.sleep(0.3)
        (tmp_path / "site/a.md").write_text("two")
        builds.wait_for(lambda: len(builds.seen) == 2)

        assert builds.seen == ["one", "two"]


def test_what_wakes_nobody(tmp_path: Path) -> None:
    """Reading, other folders and what a build writes itself are no changes."""
    with watching(tmp_path) as builds:
        (tmp_path / "site/a.md").read_text()
        (tmp_path / "site/a.md").chmod(0o600)
        for place in (
            "public/index.html", "bundle/bundle.json", ".leadpages/serve/public/a.html", "notes.md", "sites/a.md",
            "site/.a.md.swp", "site/a.md~", "site/#a.md#", "site/.git/HEAD",
        ):  # fmt: skip
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / place).write_text("text")
        time.sleep(LONG_S)

        assert builds.seen == []


def test_a_folder_that_comes_later(tmp_path: Path) -> None:
    """A folder that was not there when watching began is watched as soon as it is."""
    with watching(tmp_path) as builds:
        (tmp_path / "themes/mine/templates").mkdir(parents=True)
        builds.wait_for(lambda: len(builds.seen) >= 1)
        time.sleep(LONG_S)
        count = len(builds.seen)
        (tmp_path / "themes/mine/templates/page.html").write_text("text")
        builds.wait_for(lambda: len(builds.seen) > count)


def test_many_folders_in_folders(tmp_path: Path) -> None:
    """However fast they come, all are watched, and the watching thread neither warns nor dies."""
    with watching(tmp_path) as builds:
        for number in range(200):
            (tmp_path / f"site/{number}/deep").mkdir(parents=True)
            time.sleep(0.002)  # beside watchdog's own look, not before it
        time.sleep(LONG_S)
        count = len(builds.seen)
        (tmp_path / "site/199/deep/a.md").write_text("text")
        builds.wait_for(lambda: len(builds.seen) > count)


def test_events_that_the_kernel_lost(tmp_path: Path) -> None:
    """When the queue of events overflowed, anything may have changed."""
    with watching(tmp_path) as builds:
        logging.getLogger("watchdog.observers.inotify_c").warning("Inotify queue overflowed; events were lost")
        builds.wait_for(lambda: len(builds.seen) == 1)


@pytest.mark.parametrize("limit", [errno.EMFILE, errno.ENOSPC])
def test_a_system_without_watches(
    limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where no instance of inotify is left, or no watch for one more folder, saves are looked for instead."""
    folders = 0

    def refuse(*arguments: object) -> int:
        nonlocal folders
        folders += 1
        if limit == errno.EMFILE or folders > 2:
            raise OSError(limit, "inotify limit reached")
        return folders

    name = "_create_inotify_fd" if limit == errno.EMFILE else "_add_callback"
    monkeypatch.setattr(inotify_c.InotifyFD, name, refuse)
    with watching(tmp_path) as builds:
        (tmp_path / "site/posts/b.md").write_text("b")
        builds.wait_for(lambda: len(builds.seen) == 1)
        replace_folder(tmp_path)
        builds.wait_for(lambda: builds.seen[-1:] == ["new"])
        time.sleep(LONG_S)
        (tmp_path / "site/a.md").write_text("and then")
        builds.wait_for(lambda: builds.seen[-1:] == ["and then"])
    assert "looking for them every second" in caplog.text
