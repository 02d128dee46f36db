"""The Content-Security-Policy of `_headers` in a real browser: it lets pages do what they do, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.conftest import NEWSLETTER, NOW, write_files
from tests.e2e.conftest import copy_demo, free_port

from leadpages.build.project import PUBLIC, Options, build

TRUSTED = """\
---
title: "Trusted </script> page"
date: 2026-03-05
---

<p id="a" class="coloured">Text</p>
<style>.coloured { color: rgb(1, 2, 3) }</style>
<script>document.getElementById("a").textContent = "the script ran";</script>

::form{id=news}
"""


class _Quiet(SimpleHTTPRequestHandler):
    """A static host that reads `_headers`, as far as leadpages writes it."""

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


class _Handler(BaseHTTPRequestHandler):
    """A form handler at an address of its own, which takes all that it is sent."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", self.headers["Origin"])
        self.end_headers()
        self.wfile.write(b"{}")

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
def hosted(project: Path, out: Path) -> Iterator[str]:
    """Build a project and serve what came of it like a static host; yields the address."""
    build(project, out, Options(), NOW)
    rules = rules_of((out / PUBLIC / "_headers").read_text())
    with serving(partial(_Quiet, rules, directory=str(out / PUBLIC))) as port:
        yield f"http://127.0.0.1:{port}"


class Watched:
    """A page in a browser, with every violation of its policy, every error, and every host that was asked."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.violations: list[str] = []
        self.hosts: set[str] = set()
        page.expose_function("violated", lambda found: self.violations.append(found))
        page.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " event => violated(`${event.effectiveDirective} ${event.blockedURI}`))"
        )
        page.on("console", lambda said: self.violations.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.violations.append(str(error)))
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))

    def open(self, url: str) -> None:
        """Load a page, all of it."""
        self.page.goto(url)
        self.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        self.page.wait_for_function("[...document.images].every(image => image.complete)")


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """A new page in a context of its own."""
    context = browser.new_context()
    yield Watched(context.new_page())
    context.close()


def test_the_demo_keeps_its_policy(watched: Watched, tmp_path: Path) -> None:
    """Every page of the demo loads without a violation, an error, or a request to any other host."""
    project, out = copy_demo(tmp_path / "demo"), tmp_path / "out"
    with (project / "leadpages.toml").open("a") as config:
        config.write("[images]\nformats = []\n")  # whether they are shown is the question here, and not in what format
    with hosted(project, out) as url:
        pages = sorted(file.relative_to(out / PUBLIC).as_posix() for file in (out / PUBLIC).rglob("*.html"))
        for path in pages:
            watched.open(f"{url}/{path.removesuffix('index.html')}")
            assert watched.violations == [], path
            assert watched.page.evaluate("getComputedStyle(document.body).fontFamily") != "", path
        assert watched.hosts == {url.removeprefix("http://")}
    assert len(pages) > 10


@pytest.fixture
def trusted(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A site whose writer may use scripts and styles, with its handler at another origin; yields its address."""
    with serving(_Handler) as handler:
        project = write_files(
            tmp_path / "project",
            {
                "leadpages.toml": f'title = "T"\nhandler_url = "http://127.0.0.1:{handler}"\n'
                f'base_url = "http://127.0.0.1:{free_port()}"\n[markdown]\ntrusted_html = true\n',
                "site/posts/a.md": TRUSTED,
                "site/index.md": "---\ntitle: Home\n---\n\nText.\n",
                "forms/news.toml": NEWSLETTER,
            },
        )
        with hosted(project, tmp_path / "out") as url:
            yield url, tmp_path / "out" / PUBLIC


def test_inline_scripts_and_styles(watched: Watched, trusted: tuple[str, Path]) -> None:
    """What the writer put into a page works by its hash, and data for search engines needs none."""
    url, public = trusted
    watched.open(f"{url}/posts/a/")
    policy = rules_of((public / "_headers").read_text())["/*"]["Content-Security-Policy"]

    assert watched.page.locator("#a").inner_text() == "the script ran"
    assert watched.page.evaluate("getComputedStyle(document.getElementById('a')).color") == "rgb(1, 2, 3)"
    data = json.loads(watched.page.locator('script[type="application/ld+json"]').text_content() or "")
    assert data["@graph"][0]["headline"] == "Trusted </script> page"
    assert watched.violations == []
    assert (policy.count("'sha256-"), policy.count("unsafe-")) == (2, 0)


def test_what_the_policy_stops(watched: Watched, trusted: tuple[str, Path]) -> None:
    """What nobody put there when the site was built does not run, load or post: the policy is in force."""
    url, _ = trusted
    watched.open(url)
    watched.page.evaluate(
        """() => {
            const add = (name, changes) => document.body.append(Object.assign(document.createElement(name), changes));
            add('script', {textContent: 'window.ran = true'});
            add('script', {src: 'http://localhost:9/x.js'});
            add('img', {src: 'http://localhost:9/x.png'});
            add('iframe', {src: 'http://localhost:9/'});
            document.body.setAttribute('style', 'color: red');
            add('form', {method: 'post', action: 'http://localhost:9/', id: 'elsewhere'});
            document.getElementById('elsewhere').submit();
        }"""
    )
    watched.page.wait_for_timeout(500)
    stopped = {found.partition(" ")[0] for found in watched.violations}

    assert {"script-src-elem", "img-src", "frame-src", "style-src-attr", "form-action"} <= stopped
    assert watched.page.evaluate("window.ran") is None
    assert watched.page.url == f"{url}/"


@pytest.mark.parametrize("javascript", [True, False])
def test_forms_reach_a_handler_elsewhere(browser: Browser, trusted: tuple[str, Path], javascript: bool) -> None:
    """The policy lets forms post to the handler, by themselves and by script."""
    url, _ = trusted
    context = browser.new_context(java_script_enabled=javascript)
    page = context.new_page()
    page.goto(f"{url}/posts/a/")
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.get_by_label("E-mail").fill("ana@example.com")
        page.locator("form button").click()

    response = sent.value.response()
    assert response is not None
    assert response.status == 200
    assert "ana" in (sent.value.post_data or "")
    context.close()


def test_what_may_be_kept(trusted: tuple[str, Path]) -> None:
    """Only what has a new name when it has new content may be kept for ever."""
    _, public = trusted
    rules = rules_of((public / "_headers").read_text())

    assert {pattern for pattern, headers in rules.items() if "immutable" in headers.get("Cache-Control", "")} == {
        "/assets/*",
        "/_images/*",
    }
    kept = [file.name for folder in ("assets", "_images") for file in (public / folder).rglob("*.*")]
    assert len(kept) >= 2
    assert [name for name in kept if not re.search(r"[.-][0-9a-f]{8,}\.\w+$", name)] == []
