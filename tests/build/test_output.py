"""Writing public/ and bundle/: whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.conftest import CONFIG, NEWSLETTER, NOW, RunCli, WriteProject

from leadpages.build import output
from leadpages.build.output import WORK, Entry, Trees, locked
from leadpages.build.project import BUNDLE, PUBLIC, Builder, Options, build
from leadpages.core.errors import OutputError

PAGE = "---\ntitle: A\n---\n"
LEADPAGES = [sys.executable, "-c", "from leadpages.cli.main import main; main()"]


def put(folder: Path, **files: str) -> tuple[int, int]:
    """Write `files`, with `_` for `/` in their names, as a build does; how many changed, and how many there are."""
    with locked(folder.parent):
        trees = Trees(folder)
        trees.begin()
        placed = {path: trees.place(path, text.encode()) for path, text in paths(files).items()}
        trees.finish({path: entry for path, (entry, _) in placed.items()})
        trees.exchange()
    return sum(changed for _, changed in placed.values()), len(placed)


def paths(files: dict[str, str]) -> dict[str, str]:
    """Keywords as the paths that they stand for."""
    return {name.replace("_", "/"): text for name, text in files.items()}


def tree(folder: Path) -> dict[str, str]:
    """Every file of `folder`, by its path in it, but for the mark of leadpages."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != WORK)
    return {file.relative_to(folder).as_posix(): file.read_text("latin-1") for file in files}


def entries(folder: Path) -> dict[str, Entry]:
    """What is known of the files on show."""
    with locked(folder.parent):
        return dict(Trees(folder).shown)


def test_only_changes_are_written(tmp_path: Path) -> None:
    """What is the same stays the same file; what is new, changed or gone is new, changed or gone."""
    public = tmp_path / "public"
    first = put(public, same="same", a_old="old", gone_x="gone")
    inode = (public / "same").stat().st_ino

    second = put(public, same="same", a_old="new", b_more="more")

    assert (first, second) == ((3, 3), (2, 3))
    assert tree(public) == {"same": "same", "a/old": "new", "b/more": "more"}
    assert (public / "same").stat().st_ino == inode
    # The third build goes on from the folder of the first one.
    assert put(public, same="same", a_old="new") == (0, 2)
    assert tree(public) == {"same": "same", "a/old": "new"}
    assert not (public / "gone").exists()


def test_kept_files_are_the_same_files(tmp_path: Path) -> None:
    """What a build keeps is not even read: it is one file with two names."""
    public = tmp_path / "public"
    put(public, a="a", b="b")
    shown = entries(public)
    for _ in range(3):
        with locked(tmp_path):
            trees = Trees(public)
            assert trees.intact
            trees.begin()
            kept = trees.keep(trees.shown)
            trees.finish(kept)
            trees.exchange()
        assert kept == shown
        assert tree(public) == {"a": "a", "b": "b"}


def test_second_build_changes_nothing(write_project: WriteProject, run_cli: RunCli) -> None:
    """A build of what was built already writes no file."""
    project = write_project({"leadpages.toml": CONFIG, "site/a.md": PAGE, "site/b.svg": "<svg/>"})
    run_cli("build", "--project", project)

    assert "(0 files written, " in run_cli("build", "--project", project).stdout


def test_files_are_copied(tmp_path: Path) -> None:
    """What is a file goes out with its bytes, as a file of its own."""
    source = tmp_path / "picture.webp"
    source.write_bytes(b"\x00\xff")
    with locked(tmp_path):
        trees = Trees(tmp_path / "public")
        trees.begin()
        trees.finish({"media/picture.webp": trees.place("media/picture.webp", source)[0]})
        trees.exchange()

    source.write_bytes(b"\x01")

    assert (tmp_path / "public/media/picture.webp").read_bytes() == b"\x00\xff"


@pytest.mark.parametrize("files", [("a", "a_b"), ("a_b", "a"), ("a_b_c", "a_b"), ("a", "a_b_c")])
def test_a_file_where_a_folder_was(files: tuple[str, str], tmp_path: Path) -> None:
    """A path may be a file in one build and a folder in a later one, which goes on from the tree of the former."""
    public = tmp_path / "public"
    for name in (files[0], "other", files[1], "other", files[0], *files, *files):
        put(public, **{name: name})
        assert tree(public) == paths({name: name})


@pytest.mark.parametrize("how", ["change", "add", "add a folder", "take away", "swap for a link"])
def test_what_others_did(how: str, tmp_path: Path) -> None:
    """Whatever was done to the folder on show is noticed, undone by the next build, and does not come back later."""
    public = tmp_path / "public"
    put(public, a_page="page", b_page="b")
    put(public, a_page="page", b_page="changed")
    page = public / "a/page"
    if how == "change":
        page.write_text("PAGE")
    elif how == "take away":
        page.unlink()
    elif how == "add a folder":
        (public / "c/d").mkdir(parents=True)
        (public / "c/d/e").write_text("e")
    elif how == "add":
        page.with_name("stray").write_text("stray")
    else:
        (public / "a").rename(tmp_path / "elsewhere")
        (public / "a").symlink_to(tmp_path / "elsewhere")

    assert not Trees(public).intact
    for text in ("one", "two", "three"):
        put(public, a_page="page", b_page=text)
        assert tree(public) == {"a/page": "page", "b/page": text}
        assert Trees(public).intact


def test_the_folder_behind_is_not_trusted(tmp_path: Path) -> None:
    """What is missing or changed in the folder behind is not shown."""
    public, behind = tmp_path / "public", tmp_path / ".leadpages/public.behind"
    for harm in (
        lambda: (behind / "a").unlink(),
        lambda: (behind / "a").write_text("A"),
        lambda: (behind / "x").touch(),
    ):
        put(public, a="a", b="1")
        put(public, a="a", b="2")
        harm()
        with locked(tmp_path):
            trees = Trees(public)
            trees.begin()
            kept = trees.keep({path: entry for path, entry in trees.shown.items() if path == "a"})
            trees.finish(kept | {path: trees.place(path, b"3")[0] for path in "b" + "a" * (not kept)})
            trees.exchange()
        assert tree(public).keys() == {"a", "b"}
        assert tree(public)["b"] == "3"


@pytest.mark.parametrize("damage", [b"", b"{}", b"\0\0\0\0[]", b'\xff\xff\xff\xff[{"a":1},{}]'])
def test_a_damaged_manifest(damage: bytes, tmp_path: Path) -> None:
    """A manifest that is not as it was written counts for nothing."""
    public = tmp_path / "public"
    put(public, a="a")
    (manifest,) = (tmp_path / ".leadpages").glob("public.*.json")
    for text in (damage, manifest.read_bytes()[:-1], manifest.read_bytes().replace(b"a", b"b", 1)):
        manifest.write_bytes(text)
        assert entries(public) == {}
    assert put(public, a="a") == (0, 1)


def test_no_litter(tmp_path: Path) -> None:
    """However often a build is done, what it leaves for itself does not grow."""
    for number in range(5):
        put(tmp_path / "public", a=str(number))

    names = sorted(
        entry.name.partition(".")[2] for entry in (tmp_path / ".leadpages").iterdir() if entry.name != "lock"
    )
    assert [name.rpartition(".")[2] for name in names] == ["json", "json", "behind"]


def test_a_folder_of_someone_else(tmp_path: Path) -> None:
    """A folder with files that leadpages did not make is left alone."""
    (tmp_path / "public").mkdir()
    (tmp_path / "public/thesis.doc").write_text("precious")

    with pytest.raises(OutputError, match="did not make"):
        put(tmp_path / "public", index="new")

    assert tree(tmp_path / "public") == {"thesis.doc": "precious"}


def test_an_empty_folder(tmp_path: Path) -> None:
    """An empty folder is taken for the output."""
    (tmp_path / "public").mkdir()

    put(tmp_path / "public", index="new")
    put(tmp_path / "public", index="newer")

    assert tree(tmp_path / "public") == {"index": "newer"}


@pytest.mark.parametrize("kind", ["file", "link"])
def test_no_folder(kind: str, tmp_path: Path) -> None:
    """A file or a link where the folder should be is left alone."""
    (tmp_path / "elsewhere").mkdir()
    if kind == "file":
        (tmp_path / "public").write_bytes(b"precious")
    else:
        (tmp_path / "public").symlink_to("elsewhere")

    with pytest.raises(OutputError, match="is not a folder"):
        put(tmp_path / "public", index="new")

    assert tree(tmp_path / "elsewhere") == {}


def test_a_linked_output(tmp_path: Path) -> None:
    """`--output` may be a link: everything is where it leads."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").symlink_to("elsewhere")

    put(tmp_path / "out/public", index="old")
    put(tmp_path / "out/public", index="new")

    assert tree(tmp_path / "elsewhere/public") == {"index": "new"}
    assert (tmp_path / "out").is_symlink()


def test_a_fault_in_the_middle(tmp_path: Path) -> None:
    """When writing fails half way, what was there stands, and the next build clears up."""
    public = tmp_path / "public"
    put(public, index="old", same="same")

    with locked(tmp_path):
        trees = Trees(public)
        trees.begin()
        trees.place("index", b"new")
        with pytest.raises(FileNotFoundError):
            trees.place("a.pdf", tmp_path / "vanished.pdf")

    assert tree(public) == {"index": "old", "same": "same"}
    assert put(public, index="new") == (1, 1)
    assert tree(public) == {"index": "new"}


def test_a_vanished_file(write_project: WriteProject) -> None:
    """A file that cannot be read when it is to be written is an OutputError, and the site stands."""
    project = write_project({"leadpages.toml": CONFIG, "site/a.md": PAGE, "site/b.svg": "<svg/>"})
    build(project, project, Options(), NOW)
    before = tree(project / PUBLIC)
    (project / "site/a.md").write_text(PAGE + "Changed.\n")
    (project / "site/c.txt").write_text("here, and then not")

    def vanish(what: str, done: int, count: int) -> None:
        (project / "site/c.txt").unlink(missing_ok=True)

    with pytest.raises(OutputError, match=r"No such file or directory \(.*c\.txt\)"):
        build(project, project, Options(), NOW, vanish)

    assert tree(project / PUBLIC) == before


KILLED_IN_MID_WRITE = """
import os, signal
from pathlib import Path
from leadpages.build.output import Trees, locked

with locked(Path(".")):
    trees = Trees(Path("public"))
    trees.begin()
    trees.place("index", b"new")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_in_the_middle(tmp_path: Path) -> None:
    """A build that is killed half way leaves what was there, and no lock."""
    public = tmp_path / "public"
    put(public, index="older")
    put(public, index="old")

    killed = subprocess.run([sys.executable, "-c", KILLED_IN_MID_WRITE], cwd=tmp_path, check=False)

    assert killed.returncode == -9
    assert (tmp_path / ".leadpages/public.behind/index").read_text() == "new"
    assert len(list((tmp_path / ".leadpages").glob("*.json"))) == 1  # of what is behind, nothing is believed
    assert tree(public) == {"index": "old"}
    assert put(public, index="newer") == (1, 1)


def test_two_builds_at_once(write_project: WriteProject) -> None:
    """A build waits for the one that is at work, and then does its own."""
    project = write_project({"leadpages.toml": CONFIG, "site/a.md": PAGE})

    with locked(project):
        second = subprocess.Popen(
            [*LEADPAGES, "build", "--project", str(project)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONUTF8": "1"},
            text=True,
        )
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(2)
        assert not (project / "public").exists()
    printed, _ = second.communicate(timeout=60)

    assert second.returncode == 0
    assert "Built 0 posts, 1 page" in printed


HOLDS_THE_LOCK = """
import sys, time
from pathlib import Path
from leadpages.build.output import locked

with locked(Path(".")):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_dead_holder(tmp_path: Path) -> None:
    """The lock of a build that was killed holds nobody up."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDS_THE_LOCK], cwd=tmp_path, stdout=subprocess.PIPE)
    with holder:
        assert holder.stdout and holder.stdout.readline() == b"held\n"
        waiting = threading.Thread(target=put, args=(tmp_path / "public",), kwargs={"index": "new"})
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        holder.kill()
    waiting.join(10)

    assert tree(tmp_path / "public") == {"index": "new"}


def test_readers_meanwhile(tmp_path: Path) -> None:
    """Whoever reads a file while builds go on finds it, old or new and never anything else."""
    public, texts = tmp_path / "public", {"x" * 5000, "y" * 5000}
    put(public, a_page="x" * 5000, same="same")
    found: set[str] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                found.add((public / "a/page").read_text())
                found.add((public / "same").read_text() * 1250)
            except OSError as error:
                found.add(repr(error))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(200):
        put(public, a_page="xy"[number % 2] * 5000, same="same")
    done.set()
    reader.join()

    assert found == {*texts, "same" * 1250}


@pytest.mark.parametrize("code", [errno.EPERM, errno.EXDEV, errno.EMLINK])
def test_no_hard_links(code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files cannot have two names they are copied, and still known to be as they were."""

    def link(source: Path, target: Path) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("os.link", link)
    public = tmp_path / "public"
    put(public, a="a", b="1")
    for text in ("2", "3", "4"):
        with locked(tmp_path):
            trees = Trees(public)
            assert trees.intact
            trees.begin()
            kept = trees.keep({"a": trees.shown["a"]})
            trees.finish(kept | {"b": trees.place("b", text.encode())[0]})
            trees.exchange()
        assert tree(public) == {"a": "a", "b": text}


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("renames", [0, 1, 2])
@pytest.mark.parametrize("fault", [Killed, OSError])
def test_where_folders_cannot_be_exchanged(
    renames: int, fault: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that ends between the renames that stand in for an exchange is put right by the next one."""
    monkeypatch.setattr(output, "_exchange_at_once", lambda one, other: False)
    public = tmp_path / "public"
    put(public, index="older")
    put(public, index="old")
    rename, left = Path.rename, [renames]

    def dying(path: Path, target: Path) -> Path:
        if left[0] == 0:
            left[0] = -1  # a process that is gone renames nothing anymore; one that met a fault puts things right
            raise fault("the end")
        left[0] -= 1
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", dying)
    with pytest.raises(fault):
        put(public, index="new")
    monkeypatch.setattr(Path, "rename", rename)

    if fault is OSError or renames != 1:
        assert tree(public) == {"index": "new" if renames == 2 else "old"}
    with locked(tmp_path):
        assert Trees(public).intact
    assert tree(public) == {"index": "new" if renames == 2 else "old"}
    put(public, index="newer")
    assert tree(public) == {"index": "newer"}
    assert not (tmp_path / ".leadpages/public.aside").exists()


def test_both_or_none(write_project: WriteProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """When public/ cannot be exchanged, bundle/ is as it was too."""
    project = write_project({"leadpages.toml": CONFIG, "site/a.md": PAGE})
    builder = Builder(project, project, Options())
    builder.build(NOW)
    before = {name: tree(project / name) for name in (PUBLIC, BUNDLE)}
    (project / "site/a.md").write_text(PAGE + "Changed.\n")
    (project / "forms").mkdir()
    (project / "forms/news.toml").write_text(NEWSLETTER)
    exchange = output._exchange_at_once

    def busy(one: Path, other: Path) -> bool:
        if other.name == PUBLIC:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(other))
        return exchange(one, other)

    monkeypatch.setattr(output, "_exchange_at_once", busy)
    with pytest.raises(OutputError, match="Device or resource busy"):
        builder.build(NOW)
    assert {name: tree(project / name) for name in (PUBLIC, BUNDLE)} == before

    monkeypatch.setattr(output, "_exchange_at_once", exchange)
    builder.build(NOW)
    assert "Changed." in tree(project / PUBLIC)["a/index.html"]
    assert "news" in tree(project / BUNDLE)["bundle.json"]


def test_output_elsewhere(write_project: WriteProject, run_cli: RunCli, tmp_path: Path) -> None:
    """`--output` puts public/ and bundle/ in another folder, and nothing into the project."""
    project = write_project({"leadpages.toml": CONFIG, "site/a.md": PAGE})

    ran = run_cli("build", "--project", project, "--output", tmp_path / "out" / "deep")

    assert ran.code == 0
    assert (tmp_path / "out/deep/public/a/index.html").is_file()
    assert (tmp_path / "out/deep/bundle/bundle.json").is_file()
    assert {entry.name for entry in project.iterdir()} == {"leadpages.toml", "site"}


def test_nowhere_to_write(write_project: WriteProject, run_cli: RunCli, tmp_path: Path) -> None:
    """An output folder that cannot be made is a message and exit code 1."""
    project = write_project({"leadpages.toml": CONFIG, "site/a.md": PAGE})
    (tmp_path / "file").write_bytes(b"")

    ran = run_cli("build", "--project", project, "--output", tmp_path / "file" / "out")

    place = tmp_path / "file/out"
    message = f"error: cannot write to {place}: Not a directory ({place}/.leadpages)\n"
    assert (ran.code, ran.stderr) == (1, message)


def test_permissions(tmp_path: Path) -> None:
    """Files may be read by whoever serves them, as far as the umask lets them be."""
    before = os.umask(0o027)
    try:
        put(tmp_path / "public", a="a")
    finally:
        os.umask(before)

    assert (tmp_path / "public/a").stat().st_mode & 0o777 == 0o640
