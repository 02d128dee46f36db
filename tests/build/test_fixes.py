"""Mends: what is changed, and that nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadpages.build.fixes import Replacement, find_replacements, mend
from leadpages.core.errors import Edit, Problem


def problem(old: str, new: str, line: int = 1, column: int = 0, path: str = "a.md") -> Problem:
    """A problem that carries a mend."""
    return Problem(path, line, "found", "hint", "warning", "mojibake", column, Edit(old, new))


@pytest.mark.parametrize(
    ("text", "edit", "line", "column", "expected"),
    [
        ("old\nold\n", ("old", "new"), 2, 0, "old\nnew\n"),
        ("old, old\n", ("old", "new"), 1, 0, "new, new\n"),
        ("old, old\n", ("old", "new"), 1, 1, "new, old\n"),
        ("old, old\n", ("old", "new"), 1, 6, "old, new\n"),
        ("[old](old)\n", ("old", "new"), 1, 3, "[old](new)\n"),
        ("bolder old_ old\n", ("old", "new"), 1, 0, "bolder old_ new\n"),
        ("url: /url:x\n", ("url:", "permalink:"), 1, 1, "permalink: /url:x\n"),
        ("thumb_url: x\n", ("url:", "permalink:"), 1, 0, None),
        ("http://a.b/c http://a.b/cd http://a.b/c.\n", ("http://a.b/c", "X"), 1, 0, "X http://a.b/cd X.\n"),
        ("http://a.b/c/d http://a.b/c?x http://a.b/c.x\n", ("http://a.b/c", "X"), 1, 0, None),
        ("(http://a.b/c)\n", ("http://a.b/c", "X"), 1, 0, "(X)\n"),
        ("a+b axb\n", ("a+b", r"\1"), 1, 0, "\\1 axb\n"),
        ("gone\n", ("old", "new"), 1, 0, None),
        ("old\n", ("old", "new"), 7, 0, None),
        ("old\n", ("old", "old"), 1, 0, None),
        ("old\n", ("", "new"), 1, 0, None),
        ("last line old", ("old", "new"), 1, 0, "last line new"),
        ("one\rtwo old\r\nold", ("old", "new"), 2, 0, "one\rtwo new\r\nold"),
        ("a\x0bb\u2028old\nold\n", ("old", "new"), 1, 0, "a\x0bb\u2028new\nold\n"),
        ("\ufeffold old\r\n", ("old", "new"), 1, 5, "\ufeffold new\r\n"),
        ("Cafe\u0301 old\n", ("old", "new"), 1, 6, "Cafe\u0301 new\n"),
    ],
)
def test_what_a_mend_changes(
    text: str, edit: tuple[str, str], line: int, column: int, expected: str | None, tmp_path: Path
) -> None:
    """One line, whole words and addresses, at the column if there is one; every other byte stays."""
    (tmp_path / "a.md").write_bytes(text.encode())
    found = problem(*edit, line, column)

    mended = mend(tmp_path, [found])

    assert (tmp_path / "a.md").read_bytes() == (text if expected is None else expected).encode()
    assert mended.done == (() if expected is None else (found,))
    assert mended.faults == ()


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    """What is mended is not mended again."""
    (tmp_path / "a.md").write_bytes(b"a: 1\r\nold\r\n")
    problems = [problem("old", "new", 2), problem("a:", "b:", 1, 1)]

    assert len(mend(tmp_path, problems).done) == 2
    before = (tmp_path / "a.md").read_bytes()

    assert before == b"b: 1\r\nnew\r\n"
    assert mend(tmp_path, problems).done == ()
    assert (tmp_path / "a.md").read_bytes() == before


def test_mends_that_meet(tmp_path: Path) -> None:
    """Several mends of one line are made together, the same one once; of two that overlap, the second waits."""
    (tmp_path / "a.md").write_text("one two three four\n")
    first, second = problem("two three", "2 3"), problem("three four", "3 4")
    other, again = problem("one", "eleven", 1, 1), problem("one", "eleven", 1, 0)

    mended = mend(tmp_path, [first, first, second, other, again])

    assert (tmp_path / "a.md").read_text() == "eleven 2 3 four\n"
    assert mended.done == (first, other, again)


def test_places_of_mends(tmp_path: Path) -> None:
    """Reports are told where a mend applies, in characters of the line, and the file is left alone."""
    (tmp_path / "a.md").write_text("one\nüber old and old\n")
    found = problem("old", "new", 2)

    assert find_replacements(tmp_path, [found, problem("none", "x")]) == {
        found: (Replacement(2, 6, 9, "new"), Replacement(2, 14, 17, "new"))
    }
    assert (tmp_path / "a.md").read_text() == "one\nüber old and old\n"


def test_permissions_stay(tmp_path: Path) -> None:
    """The file that takes the old one's place has its permissions, and nothing is left beside it."""
    file = tmp_path / "a.md"
    file.write_text("old")
    file.chmod(0o640)

    mend(tmp_path, [problem("old", "new")])

    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o640)
    assert list(tmp_path.iterdir()) == [file]


def test_a_read_only_file_is_an_error(tmp_path: Path) -> None:
    """A file that nobody may write to stays as it is, and the others are mended."""
    for name, mode in (("a.md", 0o444), ("b.md", 0o644)):
        (tmp_path / name).write_text("old")
        (tmp_path / name).chmod(mode)

    mended = mend(tmp_path, [problem("old", "new"), problem("old", "new", path="b.md")])

    assert ((tmp_path / "a.md").read_text(), (tmp_path / "b.md").read_text()) == ("old", "new")
    (fault,) = mended.faults
    assert (fault.place, fault.severity) == ("a.md", "error")
    assert fault.message == "cannot be mended: the file is read-only"


@pytest.mark.parametrize("path", ["../secret.md", "link.md", "folder/secret.md"])
def test_nothing_outside_of_the_project(path: str, tmp_path: Path) -> None:
    """No path and no link leads a mend out of the project."""
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "secret.md").write_text("old")
    (project / "link.md").symlink_to("../secret.md")
    (project / "folder").symlink_to("..")

    mended = mend(project, [problem("old", "new", path=path)])

    assert (tmp_path / "secret.md").read_text() == "old"
    assert [fault.message for fault in mended.faults] == ["cannot be mended: is outside the project"]
    assert find_replacements(project, [problem("old", "new", path=path)]) == {}


def test_a_link_inside_the_project_stays_a_link(tmp_path: Path) -> None:
    """What a link points to is mended, and the link is left."""
    (tmp_path / "real.md").write_text("old")
    (tmp_path / "a.md").symlink_to("real.md")

    assert len(mend(tmp_path, [problem("old", "new")]).done) == 1
    assert (tmp_path / "a.md").is_symlink()
    assert (tmp_path / "real.md").read_text() == "new"


@pytest.mark.parametrize("content", [b"old \xff", None])
def test_what_cannot_be_read_is_left(content: bytes | None, tmp_path: Path) -> None:
    """A file that is no UTF-8, or is gone, has no mend; the check has said so already."""
    if content is not None:
        (tmp_path / "a.md").write_bytes(content)

    mended = mend(tmp_path, [problem("old", "new")])

    assert (mended.done, mended.faults) == ((), ())
    assert content is None or (tmp_path / "a.md").read_bytes() == content


def test_a_file_that_cannot_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves the old file whole, nothing beside it, and a problem."""

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    (tmp_path / "a.md").write_text("old")
    monkeypatch.setattr(Path, "replace", full)

    mended = mend(tmp_path, [problem("old", "new")])

    assert [fault.message for fault in mended.faults] == ["cannot be mended: no space left on device"]
    assert mended.done == ()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.md", "old")]
