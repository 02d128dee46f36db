"""`leadpages init`."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import RunCli


def test_the_starter_builds(tmp_path: Path, run_cli: RunCli) -> None:
    """A new project builds at once, without a warning."""
    assert run_cli("init", tmp_path / "site").code == 0

    ran = run_cli("build", "--strict", "--project", tmp_path / "site")

    assert (ran.code, ran.stderr) == (0, "")
    assert ran.stdout.startswith("Built 1 post, 2 pages, 1 term, 2 forms into ")
    assert (tmp_path / "site/.gitignore").is_file()


def test_the_rule_for_a_tag(tmp_path: Path, run_cli: RunCli) -> None:
    """The tag that a comment of the starter names is one that its post has."""
    run_cli("init", tmp_path)
    file = tmp_path / "leadpages.toml"
    [tag] = re.findall('# .* Add (tag = ".*?")', file.read_text())
    file.write_text(file.read_text() + f"{tag}\n")

    ran = run_cli("build", "--strict", "--project", tmp_path)

    assert (ran.code, ran.stderr) == (0, "")
    assert 'action="/f/newsletter"' in (tmp_path / "public/posts/first-post/index.html").read_text()


def test_an_empty_folder_will_do(tmp_path: Path, run_cli: RunCli) -> None:
    """A folder that is there and empty is filled."""
    assert run_cli("init", tmp_path).code == 0
    assert (tmp_path / "leadpages.toml").is_file()


def test_a_folder_with_files(tmp_path: Path, run_cli: RunCli) -> None:
    """A folder that has something in it is left alone."""
    (tmp_path / "thesis.doc").write_text("precious")

    ran = run_cli("init", tmp_path)

    assert (ran.code, ran.stdout) == (1, "")
    assert ran.stderr == f"error: {tmp_path} is not empty\n  hint: name a new folder: nothing is overwritten\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.doc"]
