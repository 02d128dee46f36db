"""The theme's assets under names that tell their content, so that browsers may keep them for ever.

`style.css` goes out as `style.3f2a9c1b.css`. Stylesheets name each other's fonts and pictures, so they are rewritten
to the new names, and named after what they are then. In scripts no name is rewritten: one that imports another asset
by a relative path does not find it. Both lose their comments and the blanks that only people need.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from rcssmin import cssmin
from rjsmin import jsmin

from leadpages.build.text import decode
from leadpages.core.errors import Problem

FOLDER: Final = "assets"
_DIGITS: Final = 8
#: Comments and strings are matched so that nothing inside them is, and need no end. Every part is possessive, which
#: keeps this linear.
_TOKEN: Final = re.compile(
    r"""(?P<comment>/\*(?:[^*]|\*(?!/))*+(?:\*/)?+)
    |   (?<![\w-])(?P<open>url\(\s*+)(?:"(?P<double>[^"\\\n]*+)"|'(?P<single>[^'\\\n]*+)'|(?P<bare>[^\s"'()\\]*+))
        (?P<close>\s*+\))
    |   (?P<import>@import\b)
    |   "(?:[^"\\\n]|\\.)*+"?+
    |   '(?:[^'\\\n]|\\.)*+'?+
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_KEPT: Final = re.compile(r"#|data:|$", re.IGNORECASE)
_ELSEWHERE: Final = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AssetPlan:
    """Which files are to be written, by their path under `public/`, and the address that each asset now has.

    `urls` is by the address that templates know: `/assets/style.css` -> `/assets/style.3f2a9c1b.css`.
    """

    urls: Mapping[str, str]
    files: Mapping[str, bytes | Path]


def fingerprinted(name: str, content: bytes) -> str:
    """`name` with a digest of `content` before its ending."""
    stem, ending = posixpath.splitext(name)
    return f"{stem}.{sha256(content).hexdigest()[:_DIGITS]}{ending}"


def publish(
    assets: Mapping[str, Path], stylesheet: str, styles: Mapping[str, str], shown: Callable[[Path], str]
) -> tuple[AssetPlan, list[Problem]]:
    """Name every asset anew.

    `assets` are the files that go out one by one, by their path in `assets/`. `styles` are the texts of which the
    theme's stylesheet, called `stylesheet`, is made, in order, each by the path that problems give it; `shown` is
    that path for one of `assets`.
    """
    names: dict[str, str] = {}
    files: dict[str, bytes | Path] = {}
    problems: list[Problem] = []
    sheets = {stylesheet: styles}
    for name, file in sorted(assets.items()):
        if name.lower().endswith(".css"):
            text = decode(file.read_bytes(), shown(file))
            problems += [text] if isinstance(text, Problem) else []
            sheets[name] = {shown(file): text if isinstance(text, str) else ""}
            continue
        small = _smaller_script(file) if name.lower().endswith(".js") else b""
        names[name] = fingerprinted(name, small or file.read_bytes())
        files[f"{FOLDER}/{names[name]}"] = small or file
    known = dict(names)  # a stylesheet may name none of the others: they have no name yet
    for name, texts in sheets.items():
        joined = ""
        for path, text in texts.items():
            css, found = rewrite_urls(text, name, known, path)
            joined += css
            problems += found
        content = str(cssmin(joined)).encode()
        names[name] = fingerprinted(name, content)
        files[f"{FOLDER}/{names[name]}"] = content
    urls = {f"/{FOLDER}/{name}": f"/{FOLDER}/{new}" for name, new in sorted(names.items())}
    return AssetPlan(urls, dict(sorted(files.items()))), problems


def _smaller_script(file: Path) -> bytes:
    return str(jsmin(file.read_text("utf-8", "surrogateescape"))).encode("utf-8", "surrogateescape")


def rewrite_urls(css: str, name: str, assets: Mapping[str, str], path: str) -> tuple[str, list[Problem]]:
    """`css`, the text of the asset `name`, with the new names in its `url()`, and what is wrong with those.

    `assets` has the new name of each asset. Addresses at the site's root become relative ones, which hold under a
    base path too; `data:` and `#id` stay as they are. Problems are in the file `path`.
    """
    problems: list[Problem] = []
    hint = f"put it into the theme's {FOLDER}/"

    def problem(found: re.Match[str], message: str, hint: str) -> str:
        line = css.count("\n", 0, found.start()) + 1
        column = found.start() - css.rfind("\n", 0, found.start())
        problems.append(Problem(path, line, message, hint, rule="broken-link", column=column))
        return found[0]

    def replace(found: re.Match[str]) -> str:
        if found["import"]:
            return problem(found, "`@import` is not followed", "name the file under `stylesheets` in theme.toml")
        url = next((text for key in ("double", "single", "bare") if (text := found[key]) is not None), "")
        if found["open"] is None or _KEPT.match(url):
            return found[0]
        if _ELSEWHERE.match(url):
            return problem(found, f"`{url[:80]}` is on another host, which pages are not allowed to load from", hint)
        wanted, mark, rest = re.match(r"([^?#]*)([?#]?)(.*)", url, re.DOTALL).groups()  # type: ignore[union-attr]
        target = posixpath.normpath(posixpath.join(f"/{FOLDER}", posixpath.dirname(name), unquote(wanted)))
        asset = target.removeprefix(f"/{FOLDER}/")
        if asset != target and asset not in assets:
            return problem(found, f"there is no asset `{asset}`", hint)
        new = f"/{FOLDER}/{assets[asset]}" if asset != target else target
        relative = posixpath.relpath(new, posixpath.join(f"/{FOLDER}", posixpath.dirname(name)))
        rest = rest.replace(chr(34), "%22")
        return f'url("{quote(relative)}{mark}{rest}")'

    return _TOKEN.sub(replace, css), problems
