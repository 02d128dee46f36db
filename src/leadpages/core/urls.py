"""URL paths: those that the handler answers, and what makes a path safe to write to disk."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote, urlsplit

SUBMIT: Final = "/f/"
CONFIRM: Final = "/c/"
DOWNLOAD: Final = "/d/"
UNSUBSCRIBE: Final = "/u/"
EVENTS: Final = "/e"
HEALTH: Final = "/healthz"
#: The parameter that asks the handler for its answer in a language.
LANGUAGE: Final = "language"

#: https://www.rfc-editor.org/rfc/rfc3986#section-3.1
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
#: Of a file; a number is none, as in `/notes/v1.2`.
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]*$")
_HANDLER_PREFIXES = (SUBMIT, CONFIRM, DOWNLOAD, UNSUBSCRIBE)
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file: a checkout on Windows could not hold these.
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10)}
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|#]')


def is_elsewhere(target: str) -> bool:
    """Whether a link leads out of the site, or is none to a page: it has a scheme or names a host."""
    return target.startswith("//") or _SCHEME.match(target) is not None


def is_handler_path(path: str) -> bool:
    """Whether a request for `path` is the handler's, where one host serves site and handler."""
    return path in (EVENTS, HEALTH) or path.startswith(_HANDLER_PREFIXES)


def in_language(url: str, language: str, own: str) -> str:
    """`url`, which is the handler's, for an answer in `language`; one in the site's `own` needs no asking."""
    return url if language == own else f"{url}?{LANGUAGE}={language}"


def unsafe_reason(path: str) -> str:
    """Why `path` must not become a place in the output folder, or "" when it may.

    `path` is a URL path or a slug as a writer typed it: `/posts/a-guide/`, `a-guide`.
    """
    plain = unquote(path)
    if found := _FORBIDDEN.search(plain):
        return f"contains {found[0]!r}"
    if "//" in plain:
        return "has an empty step (`//`)"
    for part in plain.strip("/").split("/"):
        if part in (".", ".."):
            return f"has a {part!r} step"
        if part.partition(".")[0].casefold() in _RESERVED:
            return f"uses `{part}`, a name that Windows reserves"
        if part.endswith((".", " ")) or part.startswith(" "):
            return f"has a step that begins or ends with a space or ends with a dot ({part!r})"
        if len(part.encode()) > 200:
            return "has a step of over 200 bytes"
    if is_handler_path(plain):
        return "is a path that the form handler answers"
    return ""


def collision_key(path: str) -> str:
    """Equal for two paths that some file system or visitor would take for one."""
    plain = unquote(path) if "%" in path else path  # which unquote finds out in ten times the time
    if plain.isascii():
        return plain.lower()
    return unicodedata.normalize("NFC", plain).casefold()


def output_path(url_path: str) -> str:
    """The file, relative to `public/`, that a static host serves for the page at `url_path`.

    `/a/` is `a/index.html`, `/a` is `a.html`, and what has an ending is that file.
    """
    plain = (unquote(url_path) if "%" in url_path else url_path).lstrip("/")
    if plain == "" or plain.endswith("/"):
        return plain + "index.html"
    return plain if _ENDING.search(plain) else plain + ".html"


@lru_cache(maxsize=4096)  # menus and tags come again on every page
def encode(path: str) -> str:
    """`path` with everything but URL-safe characters percent-encoded (RFC 3986)."""
    return quote(path, safe="/%-._~!$&'()*+,;=:@?#")


def origin(url: str) -> str:
    """`scheme://host[:port]` of `url`, lower-cased, default ports left out (RFC 6454)."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def site_address(text: str) -> str:
    """`scheme://host/path` of a site, without a slash at its end; most have no path.

    Raises ValueError for anything that is more or less than that.
    """
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, a port that is no number
        good = False
    if not good or parts.query or parts.fragment:
        raise ValueError("expected a web address like https://www.example.com")
    path = parts.path.strip("/")
    if path and (reason := unsafe_reason(path)):
        raise ValueError(f"its path {reason}")
    return f"{parts.scheme}://{parts.netloc}" + (f"/{path}" if path else "")


def web_address(text: str) -> str:
    """`scheme://host` of a server.

    Raises ValueError for anything that is more or less than that.
    """
    address = site_address(text)
    if address.count("/") > 2:
        raise ValueError("expected a web address without a path, like https://www.example.com")
    return address
