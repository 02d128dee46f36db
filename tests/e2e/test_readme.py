"""Every command of the README, run as a reader would run it, in the README's order."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from tests.e2e.conftest import ROOT, Installed, copy_demo, free_port, wait_for
from tests.stores.postgres_server import PostgresServer

from leadpages.core.settings import Bucket

#: They run the tests, this one among them: whoever runs the tests has run one of them.
RUN_THE_TESTS = ("make test", ".venv/bin/pytest")
A_DATABASE = "postgresql://leads:password@db.example.com/leads"
A_BUCKET = "s3://my-files/site"
ANSWER_WHEN_READY = {"make demo": 8000, "leadpages serve": 8000, "gunicorn": 8080}


def readme_commands() -> list[str]:
    """The lines of the README's shell blocks, in order."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


class Reader:
    """Someone at a shell: a folder, an environment, and commands one after the other."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder, self.env = folder, env

    def enter(self, line: str, while_running: Callable[[str], None]) -> None:
        """Run one line; a server is stopped again once `while_running` has used it."""
        if line.startswith("cd "):
            self.folder /= line.removeprefix("cd ")
        elif line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            self.env[name] = self._output(f"printf %s {value}")
        elif line.endswith("--watch"):
            self._run_for_a_while(line)
        elif port := next((p for start, p in ANSWER_WHEN_READY.items() if line.startswith(start)), None):
            self._serve(line, port, while_running)
        else:
            self._output(line)

    def _output(self, line: str) -> str:
        done = subprocess.run(["bash", "-c", line], cwd=self.folder, env=self.env, capture_output=True, text=True)
        assert done.returncode == 0, f"$ {line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _serve(self, line: str, usual_port: int, while_running: Callable[[str], None]) -> None:
        port = free_port()  # the README's own may be taken on this machine
        line = line.replace(f":{usual_port}", f":{port}")
        line += {"make demo": f" PORT={port}", "leadpages serve": f" --port {port}"}.get(line, "")
        server = subprocess.Popen(shlex.split(line), cwd=self.folder, env=self.env, start_new_session=True)
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz", seconds=240)
            while_running(f"http://127.0.0.1:{port}")
        finally:
            os.killpg(server.pid, 15)
            server.wait(timeout=20)

    def _run_for_a_while(self, line: str) -> None:
        worker = subprocess.Popen(shlex.split(line), cwd=self.folder, env=self.env)
        try:
            worker.wait(timeout=3)
            raise AssertionError(f"{line} ended by itself")
        except subprocess.TimeoutExpired:
            worker.terminate()
            assert worker.wait(timeout=20) == 0


def post_newsletter(url: str) -> None:
    """Sign up with the form that the demo and the starter have."""
    answers = {"email": "ana@example.com", "newsletter": "yes", "newsletter_consent": "yes"}
    request = Request(f"{url}/f/newsletter", urlencode(answers).encode(), {"Accept": "application/json"})
    with urlopen(request) as reply:
        assert json.load(reply)["redirect"].endswith("/thanks/newsletter/")


def test_readme_commands(
    installed: Installed, smtp: str, postgres: PostgresServer, bucket: Bucket, tmp_path: Path
) -> None:
    """Each command ends well, and each server answers."""
    clone = copy_demo(tmp_path / "clone")
    for part in ("src", "Makefile", "pyproject.toml", "uv.lock", "README.md", "LICENSE", "tests"):
        source = ROOT / part
        skip = shutil.ignore_patterns("__pycache__", "artefacts", "work", "e2e")
        (shutil.copytree(source, clone / part, ignore=skip) if source.is_dir() else shutil.copy(source, clone / part))
    env = {**os.environ, "PATH": f"{installed.folder / 'bin'}:{os.environ['PATH']}", "LEADPAGES_SMTP_URL": smtp}
    reader = Reader(clone, {name: value for name, value in env.items() if name != "VIRTUAL_ENV"})
    commands = readme_commands()
    assert commands[0] == "make demo"
    with postgres.database() as database:
        for line in commands:
            if line == "make test":
                reader.folder = clone
            if line not in RUN_THE_TESTS:
                line = line.replace(A_DATABASE, postgres.url(database)).replace(A_BUCKET, str(bucket))
                reader.enter(line, while_running=post_newsletter)
    exported = (clone / "mysite" / "leads.csv").read_text()
    assert "ana@example.com" in exported
