"""The same project gives the same bytes, whatever the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from tests.build.full_project import FILES, NOW
from tests.conftest import CONFIG, WriteProject, tree

from leadpages.build import workers
from leadpages.build.project import BUNDLE, PUBLIC, Options, build
from leadpages.core.errors import ProjectError

ROOT = Path(__file__).parents[2]
BUILD = "from leadpages.cli.main import main; main()"


def demo() -> dict[str, bytes]:
    """The files of this repository's own project, by path."""
    files = (file for part in ("site", "forms", "themes") for file in (ROOT / part).rglob("*") if file.is_file())
    return {file.relative_to(ROOT).as_posix(): file.read_bytes() for file in (ROOT / "leadpages.toml", *files)}


def full() -> dict[str, bytes]:
    """A small project with something of everything."""
    return {path: text if isinstance(text, bytes) else text.encode() for path, text in FILES.items()}


def built(
    files: Mapping[str, bytes], project: Path, *, backwards: bool, mtime: int, umask: int, **env: str
) -> dict[str, bytes]:
    """All files that a build of `files` in a process of its own writes, by path."""
    for path in sorted(files, reverse=backwards):
        file = project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(files[path])
        os.utime(file, (mtime, mtime))
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON", "TZ"))}
    command = [sys.executable, "-c", BUILD, "build"]
    ran = subprocess.run(command, cwd=project, env=clean | env, capture_output=True, umask=umask, check=False)
    assert ran.returncode == 0, ran.stderr
    return outputs(project)


def outputs(folder: Path) -> dict[str, bytes]:
    """Every file of both folders."""
    return {f"{name}/{path}": data for name in (PUBLIC, BUNDLE) for path, data in tree(folder / name).items()}


@pytest.mark.parametrize("project", [demo, full])
def test_two_machines(project: object, tmp_path: Path) -> None:
    """Zone, locale, encoding, hash seed, folder, order of the files, their times and the umask change no byte."""
    files = demo() if project is demo else full()
    one = built(
        files,
        tmp_path / "a",
        backwards=False,
        mtime=0,
        umask=0o022,
        TZ="Pacific/Kiritimati",
        LC_ALL="C",
        PYTHONHASHSEED="1",
    )
    other = built(
        files,
        tmp_path / "ü b" / "c",
        backwards=True,
        mtime=1_700_000_000,
        umask=0o077,
        TZ="America/Los_Angeles",
        LC_ALL="POSIX",
        PYTHONHASHSEED="2",
        PYTHONUTF8="0",
        PYTHONCOERCECLOCALE="0",
    )

    assert len(one) > 40
    assert one.keys() == other.keys()
    assert [path for path in one if one[path] != other[path]] == []


def watch_forks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that are forked from now on. The thread that a test runner may have is no reason not to fork."""
    forks: list[int] = []
    fork = os.fork

    def watched() -> int:
        if process := fork():
            forks.append(process)
        return process

    monkeypatch.setattr(os, "fork", watched)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    return forks


def test_any_number_of_workers(write_project: WriteProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many processes share the work, the files, the warnings and the counts are the same."""
    posts = {
        f"site/posts/p{number}.md": f"---\ntitle: Post {number}\ndate: 2026-01-{number % 28 + 1:02}\n"
        f"tags: [T{number % 7}]\n---\n[Next](p{(number + 1) % 30}.md) [Lost](/lost/{number}/)\n"
        for number in range(30)
    }
    config = FILES["leadpages.toml"].replace("[posts]", '[output]\ncompress = ["gz", "br"]\n[posts]')  # type: ignore[arg-type]
    project = write_project({**FILES, **posts, "leadpages.toml": config})
    forks = watch_forks(monkeypatch)
    monkeypatch.setattr(workers.share_out, "__defaults__", (3,))
    found = []
    for count in (1, 2, 4, 7):
        report = build(project, tmp_path / str(count), Options(workers=count), NOW)
        found.append((outputs(tmp_path / str(count)), report.counts, report.warnings, report.changed))

    assert all(one == found[0] for one in found)
    assert len(found[0][2]) >= 30
    assert len(forks) >= 20 or sys.platform != "linux"


def test_templates_that_fail_in_any_process(
    write_project: WriteProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many processes share the work, everything that is wrong with templates is said, and once."""
    monkeypatch.setattr(workers.share_out, "__defaults__", (3,))
    pages = {f"site/p{number}.md": f"---\ntitle: P\nextra: {{n: {number % 2}}}\n---\n" for number in range(20)}
    template = '{% extends "base.html" %}{% block main %}\n{{ 1 // page.extra.n }}\n{{ page.none }}\n{% endblock %}'
    project = write_project(
        {
            "leadpages.toml": CONFIG + 'theme = "own"\n',
            "themes/own/theme.toml": 'extends = "default"\n',
            "themes/own/templates/page.html": template,
            **pages,
        }
    )
    said = []
    for count in (1, 2, 4):
        with pytest.raises(ProjectError) as failed:
            build(project, tmp_path / str(count), Options(workers=count), NOW)
        said.append({(problem.line, problem.message) for problem in failed.value.problems})
        assert len(said[-1]) == len(failed.value.problems)

    assert said[0] == said[1] == said[2]
    assert {line for line, _ in said[0]} == {2, 3}


def test_a_cache_from_another_machine(tmp_path: Path) -> None:
    """A build that goes on from a cache which came with other times, to another folder, gives the same bytes."""
    machine = {"backwards": False, "mtime": 0, "umask": 0o022}
    one = built(full(), tmp_path / "a", **machine)  # type: ignore[arg-type]
    for number, carried in enumerate((".leadpages", f".leadpages {PUBLIC} {BUNDLE}")):
        place = tmp_path / f"carried {number}"
        for name in carried.split():
            shutil.copytree(tmp_path / "a" / name, place / name, copy_function=shutil.copyfile)
        again = built(full(), place, backwards=True, mtime=9, umask=0o022)
        assert again == one


def test_no_process_outlives_its_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When one share of the work fails, the processes that do the others are over: they write nothing later."""
    forks = watch_forks(monkeypatch)

    def work(share: Sequence[int]) -> None:
        if share[0] == 0:
            raise OSError("no more room")
        time.sleep(0.3)
        (tmp_path / "late").touch()

    with pytest.raises(OSError, match="no more room"):
        workers.share_out(work, range(4), 4, enough=1)
    time.sleep(0.5)

    assert not (tmp_path / "late").exists()
    assert len(forks) == 3
    for process in forks:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)
