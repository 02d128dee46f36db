"""A static host that sends what the `_headers` of a built site say, as far as leadpages writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.conftest import NOW

from leadpages.build.project import PUBLIC, Options, build


@dataclass(frozen=True)
class Hosted:
    """A built site on its host."""

    url: str
    public: Path

    @property
    def pages(self) -> list[str]:
        """The path of every page, as visitors ask for it."""
        return sorted(f"/{self._path(file).removesuffix('index.html')}" for file in self.public.rglob("*.html"))

    def page_of_each_template(self) -> dict[str, str]:
        """The path of the longest page of each template, by the class that it gives the body; short ones first."""
        found = {}
        for path in sorted(self.pages, key=lambda path: len(self.html(path))):
            kind = re.search(r'<body class="([^"]+)', self.html(path))
            assert kind, path
            found[kind[1]] = path
        return found

    def html(self, path: str) -> str:
        """The text of a page."""
        file = self.public / path.lstrip("/")
        return (file if file.suffix else file / "index.html").read_text("utf-8")

    def _path(self, file: Path) -> str:
        return file.relative_to(self.public).as_posix()


class _StaticFiles(SimpleHTTPRequestHandler):
    def __init__(self, rules: Mapping[str, Mapping[str, str]], *args: Any, **kwargs: Any) -> None:
        self._rules = rules
        super().__init__(*args, **kwargs)

    def end_headers(self) -> None:
        for pattern, headers in self._rules.items():
            if self.path.startswith(pattern.rstrip("*")):
                for name, value in headers.items():
                    self.send_header(name, value)
        super().end_headers()

    def log_message(self, *args: Any) -> None:
        """Nothing."""


def rules_of(text: str) -> dict[str, dict[str, str]]:
    """The headers in a `_headers` file, by their pattern."""
    rules: dict[str, dict[str, str]] = {}
    pattern = ""
    for line in text.splitlines():
        if line.startswith(" "):
            name, _, value = line.strip().partition(": ")
            rules[pattern][name] = value
        elif line:
            pattern = line
            rules[pattern] = {}
    return rules


@contextmanager
def serving(handler: Any) -> Iterator[int]:
    """Serve for as long as the context lasts; yields the port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def hosted(project: Path, out: Path) -> Iterator[Hosted]:
    """Build a project into `out` and serve it for as long as the context lasts."""
    build(project, out, Options(), NOW)
    public = out / PUBLIC
    rules = rules_of((public / "_headers").read_text())
    with serving(partial(_StaticFiles, rules, directory=str(public))) as port:
        yield Hosted(f"http://127.0.0.1:{port}", public)
