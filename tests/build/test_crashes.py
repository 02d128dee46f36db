"""A build that ends at any of its writes, by a kill or a full disk, leaves the site that stood there."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from tests.conftest import NEWSLETTER, NOW, tree

from leadpages.build import output
from leadpages.build.project import BUNDLE, PUBLIC, Options, build
from leadpages.cli.main import main

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="for Linux's way to exchange folders")

CONFIG: Final = """\
title = "Test site"
base_url = "https://www.example.com"
[social]
images = false
[feeds]
formats = []
"""
#: Two states of one project: a page and a form that change, one that comes and goes, and a file in place of a folder.
STATES: Final[tuple[dict[str, str], ...]] = (
    {
        "leadpages.toml": CONFIG,
        "forms/news.toml": NEWSLETTER,
        "site/index.md": "---\ntitle: Home\n---\nOne.\n",
        "site/about.md": "---\ntitle: About\n---\n::form{id=news}\n",
        "site/terms": "a file",
    },
    {
        "leadpages.toml": CONFIG,
        "forms/news.toml": NEWSLETTER.replace("News by mail", "Mail with news"),
        "site/index.md": "---\ntitle: Home\n---\nTwo.\n",
        "site/posts/new.md": "---\ntitle: New\ndate: 2020-01-02\n---\n[Terms](/terms/)\n",
        "site/terms.md": "---\ntitle: Terms\n---\nA page.\n",
    },
)
Site = dict[str, dict[str, bytes]]
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGES: Final = ("os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "open", "write")
_NEED_ROOM: Final = ("os.link", "os.mkdir", "open", "write")
_UNHARMED: Final = 99


def write_state(project: Path, state: dict[str, str]) -> None:
    """Make the sources of `project` those of `state`."""
    for name in ("site", "forms"):
        if (project / name).exists():
            shutil.rmtree(project / name)
    for path, text in state.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)


def site(folder: Path) -> Site:
    """Both folders, those that are there."""
    return {name: tree(folder / name) for name in (PUBLIC, BUNDLE) if (folder / name).exists()}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[Site]:
    """What a clean build makes of each state."""
    found = []
    for state in STATES:
        folder = tmp_path_factory.mktemp("clean")
        write_state(folder, state)
        build(folder, folder, Options(), NOW)
        found.append(site(folder))
    return found


class Saboteur:
    """Counts what this process changes in the file system under `place`, and from one of these times on strikes."""

    def __init__(self, at: int, place: Path, strike: Callable[[str, int], None]) -> None:
        self._left, self._place, self._strike = at, str(place), strike

    def install(self) -> None:
        """Begin, and stay till the end of the process."""
        write, exchange = os.write, output._exchange_at_once
        sys.addaudithook(self._hear)

        def half(descriptor: int, data: bytes) -> int:
            written = write(descriptor, data[: len(data) // 2]) if self._left <= 1 else 0
            self._count("write")
            return written or write(descriptor, data)

        def exchanging(one: Path, other: Path) -> bool:
            self._count("os.rename")
            done = exchange(one, other)
            self._count("os.rename")
            return done

        os.write, output._exchange_at_once = half, exchanging  # type: ignore[assignment]

    @property
    def has_struck(self) -> bool:
        """Whether there were enough changes."""
        return self._left <= 0

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CHANGES and (
            event != "open" or (arguments[2] & _WRITING and str(arguments[0]).startswith(self._place))
        ):
            self._count(event)

    def _count(self, event: str) -> None:
        self._left -= 1
        if self._left <= 0:
            self._strike(event, self._left)


def kill(event: str, left: int) -> None:
    """The process ends at once."""
    os.kill(os.getpid(), signal.SIGKILL)


def fill(event: str, left: int) -> None:
    """The disk is full from now on."""
    if event in _NEED_ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def run(project: Path, saboteur: Saboteur | None, most_bytes: int | None = None) -> tuple[int, str]:
    """`leadpages build` in a process of its own; its exit code, negative for a signal, and what it said."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        with open(reading) as said:  # noqa: PTH123  (a pipe)
            text = said.read()
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text
    code = 70
    try:
        sys.stdout = sys.stderr = open(writing, "w")  # noqa: PTH123, SIM115
        sys.argv = ["leadpages", "build", "--project", str(project)]
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
        if saboteur:
            saboteur.install()
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 0
        if code == 0 and saboteur and not saboteur.has_struck:
            code = _UNHARMED
        sys.stderr.flush()
    finally:
        os._exit(code)


def check(found: Site, old: Site, new: Site, label: str) -> None:
    """Each folder is all old or all new; and public/ is not new before bundle/ is."""
    for name in (PUBLIC, BUNDLE):
        assert found.get(name) in (old.get(name), new[name]), f"{label}: {name}/ is neither old nor new"
    if found.get(PUBLIC) == new[PUBLIC]:
        assert found[BUNDLE] == new[BUNDLE], label


def test_a_kill_at_every_write_of_a_first_build(expected: list[Site], tmp_path: Path) -> None:
    """Killed at any write, a first build leaves no public/ or all of it, and what it leaves hinders no other."""
    project = tmp_path / "project"
    write_state(project, STATES[0])
    for at in range(1, 1000):
        if at % 8 == 0:
            for name in (PUBLIC, BUNDLE, ".leadpages"):
                shutil.rmtree(project / name, ignore_errors=True)
        code, said = run(project, Saboteur(at, project, kill))
        if code == _UNHARMED:
            break
        assert code == -signal.SIGKILL, said
        check(site(project), {}, expected[0], f"killed at {at}")
    assert at > 100
    assert site(project) == expected[0]


def test_a_kill_at_every_write(expected: list[Site], tmp_path: Path) -> None:
    """Killed at any write, a build leaves the old site or the new one, and the next build does its work."""
    project = tmp_path / "project"
    write_state(project, STATES[0])
    build(project, project, Options(), NOW)
    for at in range(1, 1000):
        old, new = expected[(at - 1) % 2], expected[at % 2]
        assert site(project) == old
        write_state(project, STATES[at % 2])
        code, said = run(project, Saboteur(at, project, kill))
        if code == _UNHARMED:
            break
        assert code == -signal.SIGKILL, said
        check(site(project), old, new, f"killed at {at}")
        if at % 3 == 0:
            # Another crash on top of this one.
            run(project, Saboteur(at // 2 + 1, project, kill))
            check(site(project), old, new, f"killed at {at}, and again")
        build(project, project, Options(), NOW)
        assert site(project) == new, f"after a kill at {at}"
    assert at > 40


def test_a_full_disk_at_every_write(expected: list[Site], tmp_path: Path) -> None:
    """With no room from some write on, a build says so and fails, and the old site stands; with room again it works."""
    project = tmp_path / "project"
    write_state(project, STATES[0])
    build(project, project, Options(), NOW)
    for at in range(1, 1000):
        old, new = expected[(at - 1) % 2], expected[at % 2]
        write_state(project, STATES[at % 2])
        code, said = run(project, Saboteur(at, project, fill))
        if code == _UNHARMED:
            break
        # Once both are exchanged, what is left to write down is no reason to fail.
        assert (code, site(project)) in ((1, old), (0, new)), f"full at {at}: {said}"
        assert said.startswith(f"error: cannot write to {project}: No space left on device" if code else "Built"), said
        build(project, project, Options(), NOW)
        assert site(project) == new, f"after a full disk at {at}"
    assert at > 40


def test_a_full_disk_in_a_first_build(expected: list[Site], tmp_path: Path) -> None:
    """A first build for which there is no room leaves no public/."""
    project = tmp_path / "project"
    write_state(project, STATES[0])
    for at in range(1, 1000, 9):
        code, said = run(project, Saboteur(at, project, fill))
        if code in (0, _UNHARMED):
            break
        assert (code, site(project)) == (1, {}), f"full at {at}: {said}"
    assert at > 100
    assert site(project) == expected[0]


@pytest.mark.parametrize("most_bytes", [0, 1, 70, 1000, 3000, 9000, 15000])
def test_files_that_cannot_be_so_large(most_bytes: int, expected: list[Site], tmp_path: Path) -> None:
    """A write that ends half way is a fault like any other."""
    project = tmp_path / "project"
    write_state(project, STATES[0])
    build(project, project, Options(), NOW)
    write_state(project, STATES[1])

    code, said = run(project, None, most_bytes)

    assert (code, site(project)) == (1, expected[0]), said
    assert said.startswith(f"error: cannot write to {project}"), said
    build(project, project, Options(), NOW)
    assert site(project) == expected[1]
