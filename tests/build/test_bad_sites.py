"""Every folder of tests/sites/bad/ is a project with a fault; its expected.txt is what a writer is told.

`pytest --rewrite` takes what is said now as what is expected; read the difference before keeping it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import CONFIG, RunCli, WriteProject

SITES = sorted(folder for folder in (Path(__file__).parents[1] / "sites" / "bad").iterdir())


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
def test_check_says_what_is_expected(site: Path, run_cli: RunCli, rewrite: bool) -> None:
    """`check` names place, fault and remedy; where it only warns, `--strict` makes errors of that."""
    ran = run_cli("check", "--project", site)
    said = f"exit {ran.code}\n{ran.stderr}"
    if ran.code == 0:
        strict = run_cli("check", "--strict", "--project", site)
        said += f"\nwith --strict: exit {strict.code}\n{strict.stderr}"
    expected = site / "expected.txt"
    if rewrite:
        expected.write_text(said, "utf-8")
    assert said == expected.read_text("utf-8")
    assert "error: " in said


def test_a_problem_leaves_what_was_built(write_project: WriteProject, run_cli: RunCli) -> None:
    """A build that fails changes no byte of public/ and bundle/."""
    project = write_project({"leadpages.toml": CONFIG, "site/about.md": "---\ntitle: About us\n---\n\nText.\n"})
    assert run_cli("build", "--project", project).code == 0
    before = _files(project)
    (project / "site/about.md").write_text("---\ntitle: About us, again\n---\n\n::nothing\n")
    (project / "site/new.md").write_text("---\ntitle: New\n---\n\nText.\n")

    ran = run_cli("build", "--project", project)

    assert (ran.code, ran.stdout) == (1, "")
    assert _files(project) == before


@pytest.mark.parametrize(
    ("link", "target", "said"),
    [
        ("site/media/hosts", "../../../secret.txt", "a link to a file outside the project"),
        ("site/posts/a.md", "../../../secret.txt", "a link to a file outside the project"),
        ("themes/mine/assets/a.txt", "../../../../secret.txt", "a link to a file outside the project"),
        ("site/folder", "../../outside", "a link to a file outside the project"),
        ("site/folder", "../forms", "a link to a folder, or to nothing"),
        ("site/a.md", "a.md", "a link to a folder, or to nothing"),
    ],
)
def test_links_are_not_followed_out(
    link: str, target: str, said: str, write_project: WriteProject, run_cli: RunCli
) -> None:
    """A symbolic link out of the project, to a folder or to itself is named, not published."""
    theme = {"leadpages.toml": CONFIG + 'theme = "mine"\n', "themes/mine/theme.toml": ""}
    project = write_project(theme | {"site/about.md": "---\ntitle: About us\n---\n"})
    (project.parent / "secret.txt").write_text("secret")
    (project.parent / "outside").mkdir()
    (project / "forms").mkdir()
    (project / link).parent.mkdir(parents=True, exist_ok=True)
    (project / link).symlink_to(target)

    ran = run_cli("check", "--project", project)

    assert ran.stderr == f"{link}: error: {said}\n  hint: copy what it points to here instead\n1 error\n"


def _files(project: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(project)): file.read_bytes()
        for folder in ("public", "bundle")
        for file in (project / folder).rglob("*")
        if file.is_file()
    }
