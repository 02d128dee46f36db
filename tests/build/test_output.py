"""Writing public/ and bundle/: whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import CONFIG, RunCli, WriteProject

from leadpages.build.output import Written, locked, write
from leadpages.build.render import Output
from leadpages.core.errors import OutputError


def put(folder: Path, *outputs: Output) -> Written:
    """Write `outputs` as a build does."""
    with locked(folder.parent):
        return write(folder, outputs)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of `folder`, by its path in it."""
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_only_changes_are_written(tmp_path: Path) -> None:
    """What is the same stays the same file; what is new, changed or gone is new, changed or gone."""
    public = tmp_path / "public"
    first = put(public, Output("same.html", b"same"), Output("a/old.html", b"old"), Output("gone.html", b"gone"))
    inode = (public / "same.html").stat().st_ino

    second = put(public, Output("same.html", b"same"), Output("a/old.html", b"new"), Output("b/more.html", b"more"))

    assert (first.changed, second.changed, second.unchanged) == (4, 2, 2)
    assert tree(public) == {
        ".leadpages": (public / ".leadpages").read_bytes(),
        "same.html": b"same",
        "a/old.html": b"new",
        "b/more.html": b"more",
    }
    assert (public / "same.html").stat().st_ino == inode


def test_second_build_changes_nothing(write_project: WriteProject, run_cli: RunCli) -> None:
    """A build of what was built already writes no file."""
    project = write_project({"leadpages.toml": CONFIG, "site/a.md": "---\ntitle: A\n---\n", "site/b.svg": "<svg/>"})
    run_cli("build", "--project", project)

    assert "(0 files written, " in run_cli("build", "--project", project).stdout


def test_files_are_copied(tmp_path: Path) -> None:
    """An output that is a file is copied with its bytes."""
    (tmp_path / "picture.webp").write_bytes(b"\x00\xff")

    put(tmp_path / "public", Output("media/picture.webp", tmp_path / "picture.webp"))

    assert (tmp_path / "public/media/picture.webp").read_bytes() == b"\x00\xff"


def test_a_folder_of_someone_else(tmp_path: Path) -> None:
    """A folder with files that leadpages did not make is left alone."""
    (tmp_path / "public").mkdir()
    (tmp_path / "public/thesis.doc").write_bytes(b"precious")

    with pytest.raises(OutputError, match="did not make"):
        put(tmp_path / "public", Output("index.html", b"new"))

    assert tree(tmp_path / "public") == {"thesis.doc": b"precious"}


@pytest.mark.parametrize("kind", ["file", "link"])
def test_no_folder(kind: str, tmp_path: Path) -> None:
    """A file or a link where the folder should be is left alone."""
    (tmp_path / "elsewhere").mkdir()
    if kind == "file":
        (tmp_path / "public").write_bytes(b"precious")
    else:
        (tmp_path / "public").symlink_to("elsewhere")

    with pytest.raises(OutputError, match="is not a folder"):
        put(tmp_path / "public", Output("index.html", b"new"))

    assert tree(tmp_path / "elsewhere") == {}


def test_a_fault_in_the_middle(tmp_path: Path) -> None:
    """When writing fails half way, what was there stands, and the next build clears up."""
    public = tmp_path / "public"
    put(public, Output("index.html", b"old"), Output("same.html", b"same"))
    before = tree(public)

    with pytest.raises(OutputError, match="No such file"):
        put(public, Output("index.html", b"new"), Output("a.pdf", tmp_path / "vanished.pdf"), Output("b.html", b"b"))

    assert tree(public) == before
    assert put(public, Output("index.html", b"new")).changed == 1
    assert set(tree(public)) == {".leadpages", "index.html"}


KILLED_IN_MID_WRITE = """
import os, signal
from pathlib import Path
from leadpages.build.output import locked, write
from leadpages.build.render import Output

class Deadly(type(Path())):
    def stat(self, **options):
        os.kill(os.getpid(), signal.SIGKILL)

with locked(Path(".")):
    write(Path("public"), [Output("index.html", b"new"), Output("a.pdf", Deadly("a.pdf"))])
"""


def test_a_kill_in_the_middle(tmp_path: Path) -> None:
    """A build that is killed half way leaves what was there, and no lock."""
    public = tmp_path / "public"
    put(public, Output("index.html", b"old"))
    before = tree(public)

    killed = subprocess.run([sys.executable, "-c", KILLED_IN_MID_WRITE], cwd=tmp_path, check=False)

    assert killed.returncode == -9
    assert (tmp_path / ".leadpages/public.new/index.html").read_bytes() == b"new"
    assert tree(public) == before
    assert put(public, Output("index.html", b"newer")).changed == 1


def test_two_builds_at_once(write_project: WriteProject) -> None:
    """A build waits for the one that is at work, and then does its own."""
    project = write_project({"leadpages.toml": CONFIG, "site/a.md": "---\ntitle: A\n---\n"})
    run = [sys.executable, "-c", "from leadpages.cli.main import main; main()", "build", "--project", str(project)]

    with locked(project):
        second = subprocess.Popen(run, stdout=subprocess.PIPE, env=os.environ | {"PYTHONUTF8": "1"}, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(2)
        assert not (project / "public").exists()
    printed, _ = second.communicate(timeout=20)

    assert second.returncode == 0
    assert "Built 0 posts, 1 page" in printed


def test_output_elsewhere(write_project: WriteProject, run_cli: RunCli, tmp_path: Path) -> None:
    """`--output` puts public/ and bundle/ in another folder, and nothing into the project."""
    project = write_project({"leadpages.toml": CONFIG, "site/a.md": "---\ntitle: A\n---\n"})

    ran = run_cli("build", "--project", project, "--output", tmp_path / "out" / "deep")

    assert ran.code == 0
    assert (tmp_path / "out/deep/public/a/index.html").is_file()
    assert (tmp_path / "out/deep/bundle/bundle.json").is_file()
    assert {entry.name for entry in project.iterdir()} == {"leadpages.toml", "site"}


def test_nowhere_to_write(write_project: WriteProject, run_cli: RunCli, tmp_path: Path) -> None:
    """An output folder that cannot be made is a message and exit code 1."""
    project = write_project({"leadpages.toml": CONFIG, "site/a.md": "---\ntitle: A\n---\n"})
    (tmp_path / "file").write_bytes(b"")

    ran = run_cli("build", "--project", project, "--output", tmp_path / "file" / "out")

    place = tmp_path / "file/out"
    message = f"error: cannot write to {place}: Not a directory ({place}/.leadpages)\n"
    assert (ran.code, ran.stderr) == (1, message)
