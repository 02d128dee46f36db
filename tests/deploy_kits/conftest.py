"""A built site, a kit for it, and what the kit's own wheel and requirements make of an empty environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.conftest import write_files
from tests.e2e.conftest import ROOT, smtp, wait_for
from tests.handler.funnel import PROJECT, SITE

_UV = str(Path(sys.executable).parent / "uv")


@dataclass(frozen=True)
class BuiltSite:
    """A project that is built, and the kits that are written for it."""

    project: Path

    def kit(self, target: str) -> Path:
        """The folder of the kit of `target`."""
        folder = self.project / "deploy" / target
        leadpages("deploy-kit", target, "--project", self.project)
        return folder


def leadpages(*arguments: str | Path, **env: str) -> str:
    """What `leadpages …` prints, once it has ended well, with these variables beside those of this process."""
    command = [str(Path(sys.executable).parent / "leadpages"), *map(str, arguments)]
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def built_site(tmp_path_factory: pytest.TempPathFactory) -> BuiltSite:
    """The handler's small site with a page, as `leadpages build` leaves it."""
    project = write_files(
        tmp_path_factory.mktemp("built-site"), {**PROJECT, "site/index.md": "---\ntitle: Hello\n---\n"}
    )
    leadpages("build", "--project", project)
    return BuiltSite(project)


Install = Callable[..., Path]


@pytest.fixture(scope="session")
def install(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Makes an environment with these requirements in the locked versions; its folder of programs."""

    def make(*requirements: str) -> Path:
        folder = tmp_path_factory.mktemp("environment")
        constraints = str(folder / "constraints.txt")
        options = ["--quiet", "--locked", "--all-extras", "--no-emit-project", "--no-hashes"]
        _uv("export", *options, "--output-file", constraints)
        _uv("venv", "--quiet", "--python", sys.executable, str(folder / "venv"))
        python = str(folder / "venv" / "bin" / "python")
        _uv("pip", "install", "--quiet", "--python", python, "--constraint", constraints, *requirements)
        return folder / "venv" / "bin"

    return make


def _uv(*arguments: str) -> None:
    subprocess.run([_UV, *arguments], cwd=ROOT, check=True)


@contextmanager
def running(command: list[str], port: int, cwd: Path, env: dict[str, str]) -> Iterator[str]:
    """A server on `port`, for as long as it is needed; its address."""
    process = subprocess.Popen(command, cwd=cwd, env={"PATH": os.environ["PATH"], **env})
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0


def post(address: str, path: str, **answers: str) -> int:
    """The status of the reply to a form that a browser posts from the site."""
    with closing(HTTPConnection(address.removeprefix("http://"))) as connection:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": SITE}
        connection.request("POST", path, urlencode(answers), headers)
        return connection.getresponse().status


def environment_in(file: Path) -> dict[str, str]:
    """The variables of an environment file."""
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


__all__ = ["BuiltSite", "Install", "built_site", "environment_in", "install", "leadpages", "post", "running", "smtp"]
