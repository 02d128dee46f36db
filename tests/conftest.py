"""What several tests need: small projects written from a dict, and a handler on one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from leadpages.build.output import MARKER
from leadpages.build.project import BUNDLE, PUBLIC, Options, build
from leadpages.build.reports import Counts
from leadpages.cli.main import main
from leadpages.core.errors import Problem

if TYPE_CHECKING:
    from tests.stores.postgres_server import PostgresServer

    from leadpages.core.settings import Bucket

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
    return lambda files: write_files(tmp_path / "project", files)


def write_files(project: Path, files: Files) -> Path:
    """Write files, by path, into a project, and return its folder."""
    for path, content in files.items():
        file = project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    (project / "site").mkdir(parents=True, exist_ok=True)
    return project


@dataclass(frozen=True)
class Built:
    """What a clean build made: the files of both folders by their paths, and what it said."""

    public: Mapping[str, bytes]
    bundle: Mapping[str, bytes]
    counts: Counts
    warnings: tuple[Problem, ...]


def render(
    project: Path, *, now: datetime = NOW, drafts: bool = False, strict: bool = False, workers: int = 1
) -> Built:
    """Build a project into a folder of its own."""
    with TemporaryDirectory() as folder:
        report = build(project, Path(folder), Options(drafts=drafts, strict=strict, workers=workers), now)
        public, bundle = tree(Path(folder, PUBLIC)), tree(Path(folder, BUNDLE))
    return Built(public, bundle, report.counts, report.warnings)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file in `folder` by its path there, but for the mark that leadpages leaves."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != MARKER
    }


def public_text(built: Built, path: str) -> str:
    """The text of one file of public/."""
    return built.public[path].decode()


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


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server, one for all tests of a worker."""
    from tests.stores.postgres_server import running

    with running() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The address of a new PostgreSQL database with the tables of this version."""
    with postgres.leads() as name:
        yield postgres.url(name)


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    """The address of an AWS of moto's, one for all tests of a worker."""
    from tests.stores.dynamodb_server import running

    with running() as address:
        yield address


@pytest.fixture
def bucket(aws: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A place in an empty bucket, which the environment leads to."""
    from tests.stores import s3_server

    for name, value in s3_server.environment(aws).items():
        monkeypatch.setenv(name, value)
    return s3_server.new_bucket(aws)
