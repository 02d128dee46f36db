"""`leadpages serve` as a writer meets it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, expect
from tests.e2e.conftest import Installed, Serve, Served


def test_saved_change_shows_itself(browser: Browser, installed: Installed, serve: Serve, tmp_path: Path) -> None:
    """A saved change reloads the page; a broken file shows its error over the last good site, until it is mended."""
    project = tmp_path / "mine"
    installed.run("init", str(project), cwd=tmp_path)
    post = project / "site/posts/first-post.md"
    good = post.read_text()
    with serve(project) as served:
        page = browser.new_page()
        page.goto(f"{served.url}/posts/first-post/")
        post.write_text(good.replace("## What you can write", "## What changed"))
        expect(page.get_by_role("heading", name="What changed")).to_be_visible()
        post.write_text("---\ntitle: Broken\ndate: 2026-02-31\n---\n")
        expect(page.locator("#leadpages-problems")).to_contain_text("site/posts/first-post.md:3")
        expect(page.get_by_role("heading", name="What changed")).to_be_visible()
        post.write_text(good)
        expect(page.get_by_role("heading", name="What you can write")).to_be_visible()
        expect(page.locator("#leadpages-problems")).to_have_count(0)
        page.close()


def test_broken_project_serves_its_errors(browser: Browser, serve: Serve, tmp_path: Path) -> None:
    """A project that was never good shows what is wrong, and the site as soon as it can be built."""
    post = tmp_path / "site/posts/a.md"
    post.parent.mkdir(parents=True)
    post.write_text("---\ntitle: A\n---\n")
    with serve(tmp_path) as served:
        page = browser.new_page()
        page.goto(served.url)
        expect(page.locator("#leadpages-problems")).to_contain_text("`date` is missing")
        post.write_text("---\ntitle: A\ndate: 2026-01-02\n---\n")
        expect(page.get_by_role("link", name="A", exact=True)).to_be_visible()
        page.close()


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("/", "evil.example", 403),
        ("/%2e%2e/leadpages.toml", None, 404),
        ("/..%2f..%2fleads.db", None, 404),
        ("/.leadpages", None, 404),
        ("/nothing/here/", None, 404),
        ("/f/unknown", None, 404),
        ("/_/mail/999", None, 404),
    ],
)
def test_preview_gives_nothing_away(demo: Served, path: str, host: str | None, status: int) -> None:
    """The preview checks `Host`, and no path leaves the site."""
    request = Request(demo.url + path, headers={"Host": host} if host else {})
    with pytest.raises(HTTPError) as refused:
        urlopen(request)
    assert refused.value.code == status
    refused.value.close()


def test_localhost_leads_to_the_one_origin(demo: Served) -> None:
    """Forms are taken from one origin only, so the other name of this machine redirects there."""
    with urlopen(demo.url.replace("127.0.0.1", "localhost") + "/playbook/") as reply:
        assert reply.url == f"{demo.url}/playbook/"


def test_preview_leaves_the_real_leads_alone(demo: Served) -> None:
    """The real outbox is never drained into the toy mailbox."""
    assert not (demo.project / "leads.db").exists()
    assert (demo.project / ".leadpages/serve/leads.db").stat().st_mode & 0o077 == 0


def test_taken_port(installed: Installed, demo: Served, tmp_path: Path) -> None:
    """A second server on the same port says so and ends with 1."""
    port = demo.url.rpartition(":")[2]
    (tmp_path / "site").mkdir()
    done = subprocess.run([installed.command(), "serve", "--port", port], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"port {port} is taken" in done.stderr
