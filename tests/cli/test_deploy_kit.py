"""`leadpages deploy-kit`: what it writes, what it leaves, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.conftest import CONFIG, NEWSLETTER, RunCli, WriteProject

PAGE = "---\ntitle: Hello\n---\n"
FILES = [
    ".gitignore",
    "Caddyfile",
    "README.md",
    "headers.caddy",
    "leadpages-0.1.0-py3-none-any.whl",
    "leadpages-deliver.service",
    "leadpages.env",
    "leadpages.service",
]


@pytest.fixture
def project(write_project: WriteProject, run_cli: RunCli) -> Path:
    """A built project with a form."""
    folder = write_project({"leadpages.toml": CONFIG, "forms/newsletter.toml": NEWSLETTER, "site/index.md": PAGE})
    assert run_cli("build", "--project", folder).code == 0
    return folder


def test_it_lists_what_it_wrote(project: Path, run_cli: RunCli) -> None:
    """The key is made anew for each site, in a file for its owner alone."""
    kit = project / "deploy/server"
    ran = run_cli("deploy-kit", "server", "--project", project)
    listed = "".join(f"{kit / name}\n" for name in FILES)
    assert (ran.code, ran.stdout) == (0, f"{listed}Next: {kit / 'README.md'} says what to do\n")
    assert (kit / "leadpages.env").stat().st_mode & 0o777 == 0o600
    other = run_cli("deploy-kit", "server", "--project", project, "--output", project / "other", "--json")
    assert json.loads(other.stdout) == {"folder": str(project / "other"), "written": FILES, "kept": []}
    assert (project / "other/leadpages.env").read_text() != (kit / "leadpages.env").read_text()


def test_a_second_time(project: Path, run_cli: RunCli) -> None:
    """What it wrote is replaced; what holds secrets stays."""
    run_cli("deploy-kit", "server", "--project", project)
    key = (project / "deploy/server/leadpages.env").read_text()
    run_cli("build", "--project", project, "--base-url", "https://new.example.com")
    ran = run_cli("deploy-kit", "server", "--project", project, "--json")
    assert json.loads(ran.stdout)["kept"] == ["leadpages.env"]
    assert (project / "deploy/server/leadpages.env").read_text() == key
    assert "new.example.com {" in (project / "deploy/server/Caddyfile").read_text()


def test_what_somebody_changed(project: Path, run_cli: RunCli) -> None:
    """All of it is named, and nothing is written."""
    run_cli("deploy-kit", "server", "--project", project)
    kit = project / "deploy/server"
    (kit / "Caddyfile").write_text("mine\n")
    (kit / "README.md").write_text("mine, too\n")
    (kit / "leadpages.service").unlink()
    ran = run_cli("deploy-kit", "server", "--project", project)
    assert (ran.code, ran.stdout) == (1, "")
    assert ran.stderr.startswith(f"error: somebody wrote or changed Caddyfile, README.md in {kit}; nothing is over")
    assert (kit / "Caddyfile").read_text() == "mine\n"
    assert not (kit / "leadpages.service").exists()


def test_a_site_that_is_not_built(write_project: WriteProject, run_cli: RunCli) -> None:
    """Exit code 1, and what to do first."""
    ran = run_cli("deploy-kit", "server", "--project", write_project({"leadpages.toml": CONFIG}))
    assert (ran.code, ran.stdout) == (1, "")
    assert "hint: run `leadpages build`" in ran.stderr


def test_an_unknown_target(project: Path, run_cli: RunCli) -> None:
    """Wrong usage."""
    assert run_cli("deploy-kit", "mainframe", "--project", project).code == 2
