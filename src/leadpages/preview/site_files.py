"""Serving `public/` as a static host would."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from werkzeug.security import safe_join
from werkzeug.utils import redirect, send_file
from werkzeug.wrappers import Request, Response

from leadpages.preview.reloading import SCRIPT

_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".xml": "application/xml",
    ".txt": "text/plain",
}


def answer(public: Path, request: Request) -> Response:
    """The file for the request's path, the redirect to its folder, or the site's 404 page."""
    joined = safe_join(str(public), request.path.lstrip("/"))
    file = Path(joined) if joined else public / "404.html"
    if joined and file.is_dir():
        if not request.path.endswith("/"):
            return redirect(request.path + "/", 308)
        file /= "index.html"
    if not joined or not file.is_file() or any(part.startswith(".") for part in file.relative_to(public).parts):
        return _page(public / "404.html", 404)
    if file.suffix == ".html":
        return _page(file, 200)
    response = send_file(file, request.environ, mimetype=_TYPES.get(file.suffix), conditional=True, max_age=0)
    response.headers["Cache-Control"] = "no-cache"
    return response


def _page(file: Path, status: int) -> Response:
    html = file.read_text("utf-8") if file.is_file() else "<!doctype html><title>Not found</title><p>Not found.</p>"
    return Response(
        html.replace("</body>", SCRIPT + "</body>"),
        status,
        {"Cache-Control": "no-store"},
        mimetype="text/html",
    )
