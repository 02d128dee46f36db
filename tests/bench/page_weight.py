"""Build this repository's own site and weigh each page as it travels (gzip -9), with its style, and its scripts.

Exits with 1 when a page with its style is over 14 KB, which is what a server may send before it first waits for the
browser (ten packets, RFC 6928), or when its scripts are over 4 KB.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from leadpages.build.project import PUBLIC, Options, build

_ROOT: Final = Path(__file__).parents[2]
_KB: Final = 1024
_HTML_AND_STYLE_KB: Final = 14
_SCRIPTS_KB: Final = 4


@dataclass(frozen=True, slots=True)
class Weight:
    """The bytes on the wire of a page, of its style sheets, and of its scripts."""

    path: str
    html: int
    style: int
    scripts: int

    @property
    def html_and_style(self) -> int:
        """What stands between a visitor and the first sight of the page."""
        return self.html + self.style

    @property
    def is_heavy(self) -> bool:
        """Whether the page is over either limit."""
        return self.html_and_style > _HTML_AND_STYLE_KB * _KB or self.scripts > _SCRIPTS_KB * _KB


class _Assets(HTMLParser):
    """The paths of the style sheets and scripts that a page asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.styles: list[str] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "script" and names.get("src"):
            self.scripts.append(names["src"] or "")
        elif tag == "link" and names.get("rel") == "stylesheet":
            self.styles.append(names["href"] or "")


def weigh(public: Path) -> Iterator[Weight]:
    """The weight of every HTML page under `public`."""
    for page in sorted(public.rglob("*.html")):
        assets = _Assets()
        assets.feed(page.read_text("utf-8"))
        style, scripts = (
            sum(on_the_wire(public / url.lstrip("/")) for url in urls) for urls in (assets.styles, assets.scripts)
        )
        yield Weight(page.relative_to(public).as_posix(), on_the_wire(page), style, scripts)


def on_the_wire(file: Path) -> int:
    """The bytes of a file as it travels."""
    return len(gzip.compress(file.read_bytes(), 9, mtime=0))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 when a page is too heavy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, default=_ROOT, help="a project to weigh in place of this repository")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        build(options.project, Path(folder), Options(), datetime.now(UTC))
        weights = list(weigh(Path(folder) / PUBLIC))
    print("  html  with style  scripts")
    for weight in weights:
        mark = "  too heavy" if weight.is_heavy else ""
        html, with_style, scripts = weight.html / _KB, weight.html_and_style / _KB, weight.scripts / _KB
        print(f"{html:6.1f}{with_style:12.1f}{scripts:9.1f} KB  {weight.path}{mark}")
    return int(any(weight.is_heavy for weight in weights))


if __name__ == "__main__":
    sys.exit(main())
