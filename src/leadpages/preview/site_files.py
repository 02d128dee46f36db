"""Serving `public/` as a static host would."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import quote

from werkzeug.security import safe_join
from werkzeug.utils import redirect, send_file
from werkzeug.wrappers import Request, Response

from leadpages.preview.reloading import with_script

_METHODS: Final = ("GET", "HEAD")
_NOT_FOUND: Final = "404.html"
#: What tables of types differ on, from one system to the next.
_TYPES: Final = {
    ".avif": "image/avif",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}


def answer(public: Path, request: Request, version: int) -> Response:
    """The file for the request's path, the redirect to where it is, or the site's 404 page.

    `/a/` is `a/index.html`, `/a` is `a.html`; where only the other one is there, it is redirected to. `version` is
    the build that pages are of.
    """
    if request.method not in _METHODS:
        return Response("Method not allowed\n", 405, {"Allow": ", ".join(_METHODS)})
    path = "/" + request.path.lstrip("/")
    found = _find(public, path)
    if found is None:
        return _page(public / _NOT_FOUND, 404, version)
    file, address = found
    if address != path:
        query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
        return redirect(quote(address) + query, 308)
    if file.suffix == ".html":
        return _page(file, 200, version)
    response = send_file(file, request.environ, mimetype=_TYPES.get(file.suffix.lower()), conditional=True, max_age=0)
    response.headers["Cache-Control"] = "no-cache"
    return response


def _find(public: Path, path: str) -> tuple[Path, str] | None:
    """The file for `path`, and the address at which it really is."""
    parts = path.strip("/").split("/")
    joined = safe_join(str(public), *parts) if path != "/" else str(public)
    if joined is None or _is_private(parts):
        return None
    place = Path(joined)
    bare, page, index = path.rstrip("/"), place.with_name(f"{place.name}.html"), place / "index.html"
    choices = [(place, path)] if not path.endswith("/") else [(index, path)]
    if bare:
        choices += [(page, bare), (index, f"{bare}/")]
    return next((choice for choice in choices if _is_file(choice[0])), None)


def _is_file(place: Path) -> bool:
    try:
        return place.is_file()
    except OSError:  # a name that is too long
        return False


def _is_private(parts: list[str]) -> bool:
    """Hidden files, and those that hosts read and do not serve."""
    if parts[0] == ".well-known":  # RFC 8615
        parts = parts[1:]
    return any(part.startswith(".") for part in parts) or parts in (["_headers"], ["_redirects"])


def _page(file: Path, status: int, version: int) -> Response:
    # A page that a writer put there as it is may be in any encoding, and the script is ASCII: other bytes pass through.
    html = file.read_bytes() if file.is_file() else b"<!doctype html><title>Not found</title><p>Not found.</p>"
    page = with_script(html.decode("latin-1"), version).encode("latin-1")
    return Response(page, status, {"Cache-Control": "no-store"}, mimetype="text/html")
