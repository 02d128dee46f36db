"""The preview serves what a static host would, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.test import Client, create_environ
from werkzeug.wrappers import Request, Response

from leadpages.preview.site_files import answer

PAGE = "<!doctype html><title>{0}</title><body>{0}</body>"
FILES = {
    "index.html": PAGE.format("home"),
    "404.html": PAGE.format("not found"),
    "posts/index.html": PAGE.format("posts"),
    "posts/a.html": PAGE.format("a"),
    "about.html": PAGE.format("about"),
    "about/team.html": PAGE.format("team"),
    "größe 100%.html": PAGE.format("size"),
    "empty/x.txt": "x",
    "assets/style.css": "a{}",
    "site.webmanifest": "{}",
    "feed.json": "{}",
    "a.avif": "a",
    "a.webp": "a",
    "font.woff2": "a",
    "llms.txt": "ü",
    ".well-known/security.txt": "mail us",
    ".leadpages": "mark",
    ".git/config": "secret",
    "_headers": "/*",
    "_redirects": "/a /b",
    "docs/_headers": "a file of that name",
}


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """A browser that looks at the files."""
    for path, text in FILES.items():
        (tmp_path / "public" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "public" / path).write_text(text)
    (tmp_path / "secret.txt").write_text("secret")

    @Request.application
    def app(request: Request) -> Response:
        return answer(tmp_path / "public", request, 7)

    return Client(app)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/", "home"),
        ("/index.html", "home"),
        ("/posts/", "posts"),
        ("/posts/a", "a"),
        ("/posts/a.html", "a"),
        ("/about", "about"),
        ("/about/team", "team"),
        ("/gr%C3%B6%C3%9Fe%20100%25", "size"),
        ("/assets/style.css", "a{}"),
        ("/.well-known/security.txt", "mail us"),
        ("/docs/_headers", "a file of that name"),
    ],
)
def test_clean_addresses(path: str, text: str, client: Client) -> None:
    """Pages are found with and without a slash, as they lie there."""
    reply = client.get(path, buffered=True)

    assert reply.status_code == 200
    assert text in reply.text
    assert ('<script data-version="7">' in reply.text) == reply.text.startswith("<!doctype")


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/posts", "/posts/"),
        ("/posts?page=2&x=%2F", "/posts/?page=2&x=%2F"),
        ("/about/", "/about"),
        ("/gr%C3%B6%C3%9Fe%20100%25/", "/gr%C3%B6%C3%9Fe%20100%25"),
    ],
)
def test_the_other_address(path: str, location: str, client: Client) -> None:
    """The address with the slash leads to the one without where only that is there, and the other way round."""
    reply = client.get(path, buffered=True)

    assert (reply.status_code, reply.headers["Location"]) == (308, location)


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/nothing/",
        "/empty/",
        "/empty",
        "/assets/style.css/",
        "/.leadpages",
        "/.git/config",
        "/.well-known/",
        "/.well-known/.git",
        "/_headers",
        "/_redirects",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/posts/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "/%00",
        "/a%00.html",
        "/" + "a" * 5000,
        "/posts/../../secret.txt",
    ],
)
def test_what_is_not_served(path: str, client: Client) -> None:
    """Hidden files, those for hosts, and all that lies outside are not there; the site's own page says so."""
    reply = client.get(path, buffered=True)

    assert reply.status_code == 404
    assert "<title>not found</title>" in reply.text


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/assets/style.css", "text/css; charset=utf-8"),
        ("/site.webmanifest", "application/manifest+json"),
        ("/feed.json", "application/json"),
        ("/a.avif", "image/avif"),
        ("/a.webp", "image/webp"),
        ("/font.woff2", "font/woff2"),
        ("/llms.txt", "text/plain; charset=utf-8"),
    ],
)
def test_types(path: str, kind: str, client: Client) -> None:
    """Each kind of file has its type, on every system."""
    assert client.get(path, buffered=True).headers["Content-Type"] == kind


def test_methods(client: Client) -> None:
    """A site is looked at, and not written to."""
    head = client.head("/posts/", buffered=True)
    assert (head.status_code, head.data) == (200, b"")
    assert (client.post("/").status_code, client.delete("/about").status_code) == (405, 405)


def test_unchanged_files_are_not_sent_again(client: Client) -> None:
    """A browser that has a file asks whether it is still the same."""
    first = client.get("/assets/style.css", buffered=True)
    again = client.get("/assets/style.css", headers={"If-None-Match": first.headers["ETag"]}, buffered=True)

    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == "no-cache"


def test_no_redirect_to_another_host(tmp_path: Path) -> None:
    """A path that begins with two slashes would be a host, were it sent back as it is."""
    (tmp_path / "evil.example").mkdir()
    (tmp_path / "evil.example/index.html").write_text("")
    reply = answer(tmp_path, Request({**create_environ("/"), "PATH_INFO": "//evil.example"}), 7)

    assert (reply.status_code, reply.headers["Location"]) == (308, "/evil.example/")


def test_a_page_in_another_encoding(tmp_path: Path) -> None:
    """A page that was not made by a build passes through as it is."""
    (tmp_path / "old.html").write_bytes("<p>Größe</p>".encode("latin-1"))
    reply = answer(tmp_path, Request(create_environ("/old")), 7)

    assert reply.data.startswith("<p>Größe</p><script".encode("latin-1"))


def test_a_site_without_a_page_for_it(tmp_path: Path) -> None:
    """What is not there is said so also where the site has no page for that."""
    reply = answer(tmp_path, Request(create_environ("/nothing")), 7)

    assert reply.status_code == 404
    assert b"Not found" in reply.data
