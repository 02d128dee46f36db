"""Build this repository's own site and weigh each page as it travels: gzip -9, alone and with its style and script.

Exits with 1 when a page with its style and script is over 14 KB, which is what a server may send before it first
waits for the browser (ten packets, RFC 6928).
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


@dataclass(frozen=True, slots=True)
class Weight:
    """A page's bytes on the wire, and those of the page with its style sheets and scripts."""

    path: str
    alone: int
    with_assets: int


class _Assets(HTMLParser):
    """The paths of the style sheets and scripts that a page asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        url = names.get("src") if tag == "script" else names.get("href") if _is_stylesheet(tag, names) else None
        if url and url.startswith("/"):
            self.paths.append(url.partition("?")[0].lstrip("/"))


def _is_stylesheet(tag: str, attributes: dict[str, str | None]) -> bool:
    return tag == "link" and "stylesheet" in (attributes.get("rel") or "").split()


def weigh(public: Path) -> Iterator[Weight]:
    """The weight of every HTML page under `public`."""
    for page in sorted(public.rglob("*.html")):
        assets = _Assets()
        assets.feed(page.read_text("utf-8"))
        alone = _on_the_wire(page)
        with_assets = alone + sum(_on_the_wire(public / path) for path in assets.paths)
        yield Weight(page.relative_to(public).as_posix(), alone, with_assets)


def _on_the_wire(file: Path) -> int:
    return len(gzip.compress(file.read_bytes(), 9, mtime=0))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 when a page is too heavy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, default=_ROOT, help="a project to weigh in place of this repository")
    parser.add_argument("--at-most", type=float, default=14, metavar="KB", help="per page (default 14)")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        build(options.project, Path(folder), Options(), datetime.now(UTC))
        weights = list(weigh(Path(folder) / PUBLIC))
    heavy = [weight for weight in weights if weight.with_assets > options.at_most * _KB]
    print(" alone  with style and script")
    for weight in weights:
        mark = f"  over {options.at_most:g} KB" if weight in heavy else ""
        print(f"{weight.alone / _KB:6.1f}{weight.with_assets / _KB:8.1f} KB  {weight.path}{mark}")
    return int(bool(heavy))


if __name__ == "__main__":
    sys.exit(main())
