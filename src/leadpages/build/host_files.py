"""Files that static hosts read: `_headers`, `_redirects`, and the pages that redirect where a host reads neither.

The format is that of Netlify (https://docs.netlify.com/manage/routing/headers/) and Cloudflare Pages
(https://developers.cloudflare.com/pages/configuration/headers/). Where a request meets several rules that set one
header, Cloudflare sends all values in one line, so nothing here sets a header for two patterns that overlap: two
times `max-age`, or two policies, would hold at once. Pages therefore have no `Cache-Control`: what both hosts send
without being asked is `public, max-age=0, must-revalidate`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import escape

from leadpages.core.errors import Problem
from leadpages.core.urls import encode

HEADERS: Final = "_headers"
REDIRECTS: Final = "_redirects"
_FOR_EVER: Final = "public, max-age=31536000, immutable"
#: https://developers.cloudflare.com/pages/configuration/headers/
_MAX_LINE: Final = 2000
_MAX_RULES: Final = 100
_SECURITY: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

Rules = Mapping[str, Mapping[str, int]]


def headers_file(
    policy: str, base_path: str, immutable: Sequence[str], own: str, path: str
) -> tuple[str, list[Problem]]:
    """The text of `_headers`.

    `policy` is the Content-Security-Policy of every page. `immutable` are the patterns, like `/assets/*`, of files
    whose names change with their content. `base_path` is the site's path on its host, like `/blog`, or "". `own` is
    the text of the project's own `_headers`, which problems call `path`: it stands last, and where it sets a header
    for a pattern of ours, ours is left out.
    """
    everywhere = f"{base_path}/*"
    rules = {everywhere: {"Content-Security-Policy": policy, **_SECURITY}}
    rules |= {base_path + pattern: {"Cache-Control": _FOR_EVER} for pattern in immutable}
    theirs, problems = _read_headers(own, path)
    problems += _check_overlaps(theirs, rules, everywhere, path)
    blocks = []
    for pattern, headers in rules.items():
        kept = {name: value for name, value in headers.items() if name.lower() not in theirs.get(pattern, {})}
        blocks += [f"{pattern}\n" + "".join(f"  {name}: {value}\n" for name, value in kept.items())] if kept else []
    text = "\n".join([*blocks, own.strip("\n") + "\n"] if own.strip() else blocks)
    return text, problems + _check_limits(text, path)


def redirects_file(redirects: Mapping[str, str], base_path: str, own: str) -> str:
    """The text of `_redirects`: for each old path, the new one.

    The first rule that fits is the one that hosts follow, so the project's `own` stand first.
    """
    lines = [f"{encode(base_path + old)} {encode(base_path + new)} 301" for old, new in sorted(redirects.items())]
    return "".join(f"{line}\n" for line in [*([own.strip("\n")] if own.strip() else []), *lines])


def redirect_page(target: str, canonical: str, language: str) -> str:
    """A page that leads to `target`, a path with the base path in it, for hosts that read no `_redirects`.

    `canonical` is the whole address.
    """
    path, url = escape(encode(target)), escape(encode(canonical))
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n<title>{url}</title>\n'
        f'<meta name="robots" content="noindex">\n<link rel="canonical" href="{url}">\n'
        f'<meta http-equiv="refresh" content="0; url={path}">\n</head>\n'
        f'<body>\n<p><a href="{path}">{url}</a></p>\n</body>\n</html>\n'
    )


def _read_headers(text: str, path: str) -> tuple[dict[str, dict[str, int]], list[Problem]]:
    """For each pattern, the headers that are set for it, in lower case, with their lines; `! name` among them."""
    rules: dict[str, dict[str, int]] = {}
    problems: list[Problem] = []
    pattern = ""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, colon, value = stripped.partition(":")
        if re.match(r"/|https?://", stripped) and not line[:1].isspace():
            pattern = stripped
            rules.setdefault(pattern, {})
        elif not pattern:
            problems.append(Problem(path, number, "a header before any path", "begin with a line like /*"))
        elif stripped.startswith("!"):
            rules[pattern].setdefault("! " + stripped[1:].strip().lower(), number)
        elif not colon or not value.strip() or not re.fullmatch(r"[\w-]+", name.strip()):
            problems.append(
                Problem(path, number, f"`{stripped[:60]}` is no header", "expected a line like Name: value")
            )
        else:
            rules[pattern].setdefault(name.strip().lower(), number)
    return rules, problems


def _check_overlaps(theirs: Rules, ours: Mapping[str, Mapping[str, str]], everywhere: str, path: str) -> list[Problem]:
    names = {name.lower(): name for name in ours[everywhere]}
    return [
        Problem(
            path,
            line,
            f"`{names[name]}` is set for `{everywhere}` too, and Cloudflare would send both values",
            f"write a line `! {names[name]}` above it, or set it under {everywhere}",
            "warning",
        )
        for pattern, headers in theirs.items()
        for name, line in headers.items()
        if name in names
        and pattern not in ours
        and f"! {name}" not in headers
        and name not in theirs.get(everywhere, {})
    ]


def _check_limits(text: str, path: str) -> list[Problem]:
    lines = text.split("\n")
    problems = []
    for line in lines:
        if len(line) > _MAX_LINE:
            message = (
                f"`{line.strip().partition(':')[0]}` has {len(line)} characters: Cloudflare Pages reads {_MAX_LINE}"
            )
            hint = "scripts and styles in files of their own need no hash in it"
            problems.append(Problem(path, 0, message, hint, "warning"))
    rules = sum(line[:1] not in ("", " ", "\t", "#") for line in lines)
    if rules > _MAX_RULES:
        message = f"{rules} rules, ours among them: Cloudflare Pages reads {_MAX_RULES}"
        problems.append(Problem(path, 0, message, "use patterns with a * in them", "warning"))
    return problems
