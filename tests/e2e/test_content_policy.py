"""The Content-Security-Policy of `_headers` in a real browser: it lets pages do what they do, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.conftest import NEWSLETTER, write_files
from tests.e2e.conftest import free_port, load_all
from tests.e2e.static_host import Hosted, hosted, rules_of, serving

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
        load_all(self.page, url)


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """A new page in a context of its own."""
    context = browser.new_context()
    yield Watched(context.new_page())
    context.close()


def test_the_demo_keeps_its_policy(watched: Watched, hosted_demo: Hosted) -> None:
    """Every page of the demo loads without a violation, an error, or a request to any other host."""
    for path in hosted_demo.pages:
        watched.open(hosted_demo.url + path)
        assert watched.violations == [], path
        assert watched.page.evaluate("document.styleSheets[0].cssRules.length") > 0, path
    assert watched.hosts == {hosted_demo.url.removeprefix("http://")}
    assert len(hosted_demo.pages) > 10


@pytest.fixture
def trusted(tmp_path: Path) -> Iterator[Hosted]:
    """A site whose writer may use scripts and styles, with its handler at another origin."""
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
        with hosted(project, tmp_path / "out") as site:
            yield site


def test_inline_scripts_and_styles(watched: Watched, trusted: Hosted) -> None:
    """What the writer put into a page works by its hash, and data for search engines needs none."""
    watched.open(f"{trusted.url}/posts/a/")
    policy = rules_of((trusted.public / "_headers").read_text())["/*"]["Content-Security-Policy"]

    assert watched.page.locator("#a").inner_text() == "the script ran"
    assert watched.page.evaluate("getComputedStyle(document.getElementById('a')).color") == "rgb(1, 2, 3)"
    data = json.loads(watched.page.locator('script[type="application/ld+json"]').text_content() or "")
    assert data["@graph"][0]["headline"] == "Trusted </script> page"
    assert watched.violations == []
    assert (policy.count("'sha256-"), policy.count("unsafe-")) == (2, 0)


def test_what_the_policy_stops(watched: Watched, trusted: Hosted) -> None:
    """What nobody put there when the site was built does not run, load or post: the policy is in force."""
    watched.open(trusted.url)
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
    assert watched.page.url == f"{trusted.url}/"


@pytest.mark.parametrize("javascript", [True, False])
def test_forms_reach_a_handler_elsewhere(browser: Browser, trusted: Hosted, javascript: bool) -> None:
    """The policy lets forms post to the handler, by themselves and by script."""
    context = browser.new_context(java_script_enabled=javascript)
    page = context.new_page()
    page.goto(f"{trusted.url}/posts/a/")
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.get_by_label("E-mail").fill("ana@example.com")
        page.locator("form button").click()

    response = sent.value.response()
    assert response is not None
    assert response.status == 200
    assert "ana" in (sent.value.post_data or "")
    context.close()


def test_what_may_be_kept(trusted: Hosted) -> None:
    """Only what has a new name when it has new content may be kept for ever."""
    rules = rules_of((trusted.public / "_headers").read_text())

    assert {pattern for pattern, headers in rules.items() if "immutable" in headers.get("Cache-Control", "")} == {
        "/assets/*",
        "/_images/*",
    }
    kept = [file.name for folder in ("assets", "_images") for file in (trusted.public / folder).rglob("*.*")]
    assert len(kept) >= 2
    assert [name for name in kept if not re.search(r"[.-][0-9a-f]{8,}\.\w+$", name)] == []
