"""What several tests need: small projects written from a dict, and a handler on one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from leadpages.build.project import Built, Options, render_project
from leadpages.cli.main import main

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

# A slow machine is no failure.
settings.register_profile("leadpages", deadline=None)
settings.load_profile("leadpages")

Files = Mapping[str, str | bytes]
WriteProject = Callable[[Files], Path]

CONFIG = 'title = "Test site"\nbase_url = "https://www.example.com"\n'
NEWSLETTER = """\
title = "News by mail"
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
"""


@pytest.fixture
def write_project(tmp_path: Path) -> WriteProject:
    """Writes files, by path, into an empty project and returns its folder."""

    def write(files: Files) -> Path:
        project = tmp_path / "project"
        for path, content in files.items():
            file = project / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        (project / "site").mkdir(parents=True, exist_ok=True)
        return project

    return write


def render(project: Path, *, now: datetime = NOW, drafts: bool = False, strict: bool = False) -> Built:
    """Render a project in memory."""
    return render_project(project, Options(drafts=drafts, strict=strict), now)


def public_text(built: Built, path: str) -> str:
    """The text of one file of public/."""
    (content,) = (output.content for output in built.public if output.path == path)
    return (content if isinstance(content, bytes) else content.read_bytes()).decode()


@dataclass(frozen=True)
class Ran:
    """What a run of the command line left: its exit code, and what it printed where."""

    code: int
    stdout: str
    stderr: str


RunCli = Callable[..., Ran]


@pytest.fixture
def run_cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunCli:
    """Runs `leadpages` with the given arguments, in this process."""

    def run(*arguments: str | Path) -> Ran:
        monkeypatch.setattr("sys.argv", ["leadpages", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as leaving:
            main()
        printed = capsys.readouterr()
        assert isinstance(leaving.value.code, int)
        return Ran(leaving.value.code, printed.out, printed.err)

    return run


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest --rewrite`."""
    parser.addoption("--rewrite", action="store_true", help="Take what is built now as what tests/sites/ expect.")


@pytest.fixture
def rewrite(request: pytest.FixtureRequest) -> bool:
    """Whether expected files are to be written anew."""
    return bool(request.config.getoption("--rewrite"))
