"""The real thing: the built wheel in an environment of its own, the preview server, Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from tests.e2e.static_host import Hosted, hosted

ROOT = Path(__file__).parents[2]
ARTEFACTS = ROOT / "tests" / "artefacts"
PROJECT_PARTS = ("leadpages.toml", "site", "forms", "themes")
PACKAGED_THEMES = sorted(file.parent.name for file in (ROOT / "src/leadpages/themes").glob("*/theme.toml"))
#: WCAG 2.0 to 2.2, levels A and AA. By their names, because axe leaves out those of 2.2 otherwise.
ACCESSIBILITY = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
_UV = str(Path(sys.executable).parent / "uv")


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel in it."""

    folder: Path

    def command(self, name: str = "leadpages") -> str:
        """The path of a console script."""
        return str(self.folder / "bin" / name)

    def run(self, *arguments: str, cwd: Path) -> str:
        """What `leadpages …` prints, once it has ended well."""
        done = subprocess.run([self.command(), *arguments], cwd=cwd, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@dataclass(frozen=True)
class Served:
    """A project that `leadpages serve` shows."""

    url: str
    project: Path


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, built from this tree and installed with the locked versions."""
    folder = tmp_path_factory.mktemp("wheel")
    _uv("build", "--quiet", "--wheel", "--out-dir", str(folder))
    (wheel,) = folder.glob("*.whl")
    constraints = str(folder / "constraints.txt")
    _uv("export", "--quiet", "--locked", "--no-emit-project", "--no-hashes", "--output-file", constraints)
    _uv("venv", "--quiet", "--seed", "--python", sys.executable, str(folder / "venv"))
    python = str(folder / "venv" / "bin" / "python")
    _uv("pip", "install", "--quiet", "--python", python, "--constraint", constraints, str(wheel), "gunicorn")
    return Installed(folder / "venv")


def _uv(*arguments: str) -> None:
    subprocess.run([_UV, *arguments], cwd=ROOT, check=True)


Serve = Callable[..., AbstractContextManager[Served]]


@pytest.fixture(scope="session")
def serve(installed: Installed) -> Serve:
    """Runs `leadpages serve` on a project, for as long as the context lasts; on `port`, or on a free one."""

    @contextmanager
    def start(project: Path, port: int = 0) -> Iterator[Served]:
        port = port or free_port()
        with background([installed.command(), "serve", "--port", str(port)], project) as url:
            yield Served(url, project)

    return start


@contextmanager
def background(command: list[str], cwd: Path) -> Iterator[str]:
    """Run a server until the context ends; yields the URL that it prints."""
    with (cwd / "server.log").open("w+") as log:
        process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith("http://"):
                    yield line.split()[0].rstrip("/")
                    break
            else:
                raise AssertionError((cwd / "server.log").read_text())
        finally:
            process.terminate()
            process.wait(timeout=20)
            process.stdout.close()


@pytest.fixture(scope="session")
def demo(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo of this repository, served."""
    with serve(copy_demo(tmp_path_factory.mktemp("demo"))) as served:
        yield served


@pytest.fixture(scope="session", params=PACKAGED_THEMES)
def theme(request: pytest.FixtureRequest) -> str:
    """Each packaged theme."""
    return str(request.param)


@pytest.fixture(scope="session")
def hosted_demo(theme: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """The demo in the packaged theme's own colours, on a static host."""
    folder = tmp_path_factory.mktemp(f"hosted-{theme}")
    project = copy_demo(folder / "demo")
    own = project / "themes/quayside"
    shutil.rmtree(own / "assets")
    (own / "theme.toml").write_text(f'extends = "{theme}"\n')
    with hosted(project, folder) as site:
        yield site


@pytest.fixture
def smtp() -> Iterator[str]:
    """The URL of a real mail host that takes every mail and throws it away."""
    host = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    host.start()
    yield f"smtp://127.0.0.1:{host.port}"
    host.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or the one that `CHROMIUM` names."""
    # As root there is no sandbox to be had; the other flags keep the browser from calling home.
    flags = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=flags)
        yield chromium
        chromium.close()


def chromium_path() -> str:
    """Debian's Chromium, or the one that `CHROMIUM` names."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert path, "these tests need Chromium: `make test` installs it on Debian; elsewhere set CHROMIUM"
    return path


def checker(path: str) -> str:
    """A file of the npm packages that check pages."""
    file = ROOT / "tests/e2e/node_modules" / path
    assert file.exists(), "these tests need what `npm ci --prefix tests/e2e --ignore-scripts` installs"
    return str(file)


def accessibility_faults(page: Page) -> str:
    """What violates WCAG 2.2 A and AA, or axe's best practices; nothing when all is well."""
    results = Axe().run(page, options={"resultTypes": ["violations"], "runOnly": ACCESSIBILITY})
    return str(results.generate_report()) if results.violations_count else ""


def load_all(page: Page, url: str) -> None:
    """Load a page and scroll through it, so that each of its pictures is there."""
    page.goto(url)
    # In one call: a policy without `unsafe-eval` lets nothing wait for an expression.
    page.evaluate(
        """async () => {
            for (let top = 0; top < document.body.scrollHeight; top += innerHeight) {
                scrollTo({ top, behavior: "instant" });
                await new Promise(requestAnimationFrame);
            }
            const shown = [...document.images].filter((image) => image.checkVisibility() && !image.complete);
            await Promise.all(shown.map((image) => new Promise((done) => (image.onload = image.onerror = done))));
        }"""
    )


def copy_demo(folder: Path) -> Path:
    """A copy of the demo project to write into."""
    folder.mkdir(exist_ok=True)
    for part in PROJECT_PARTS:
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)
    return folder


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, seconds: float = 30) -> None:
    """Return when `url` answers."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            urlopen(url).close()
        except URLError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.1)
        else:
            return
