"""Compressed copies."""

from __future__ import annotations

import gzip
import random

import brotli
import pytest
from tests.conftest import CONFIG, WriteProject, render

from leadpages.build.compression import compressed, is_compressible

HTML = b"<p>" + b"Every page says the same again and again. " * 200 + b"</p>"


def test_copies_hold_the_same() -> None:
    """What comes out of a copy is what went in, and it is smaller."""
    copies = compressed(HTML, ["gz", "br"])

    assert gzip.decompress(copies[".gz"]) == HTML
    assert brotli.decompress(copies[".br"]) == HTML
    assert all(len(copy) < len(HTML) / 10 for copy in copies.values())


def test_nothing_of_the_machine_is_in_them() -> None:
    """The header of a gzip file has no time, no name and no system (RFC 1952, section 2.3)."""
    copy = compressed(HTML, ["gz"])[".gz"]

    assert copy[:10] == bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 255])
    assert copy == compressed(HTML, ["gz"])[".gz"]


@pytest.mark.parametrize(
    "data", [b"", b"short" * 10, random.Random(1).randbytes(20_000)], ids=["empty", "short", "noise"]
)
def test_copies_that_are_not_worth_it(data: bytes) -> None:
    """What is short, or hardly gets shorter, has no copies."""
    assert compressed(data, ["gz", "br"]) == {}


def test_only_what_was_asked_for() -> None:
    """A format that is not asked for is not made."""
    assert list(compressed(HTML, ["br"])) == [".br"]
    assert compressed(HTML, []) == {}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("index.html", True),
        ("assets/style.3f2a9c1b.css", True),
        ("logo.SVG", True),
        ("feed.xml", True),
        ("site.webmanifest", True),
        ("photo.webp", False),
        ("font.woff2", False),
        ("_headers", False),
        ("style.css.gz", False),
    ],
)
def test_which_files(path: str, expected: bool) -> None:
    """Text is compressed, and what is compressed already is not."""
    assert is_compressible(path) is expected


def test_copies_of_a_site(write_project: WriteProject) -> None:
    """Every text file of a site has its copies beside it, where they are worth it, and nothing else has any."""
    config = CONFIG + '[social]\nimages = false\n[output]\ncompress = ["gz", "br"]\n'
    page = "---\ntitle: A\n---\n\n" + "Every page says the same again. " * 100
    public = render(write_project({"leadpages.toml": config, "site/a.md": page, "site/noise.bin": HTML})).public
    unpack = {".gz": gzip.decompress, ".br": brotli.decompress}
    copies = {path: path[-3:] for path in public if path[-3:] in unpack}

    assert {"a/index.html.gz", "a/index.html.br"} <= copies.keys()
    assert any(path.startswith("assets/style.") and path.endswith(".css.br") for path in copies)
    assert not any(path.startswith(("noise", "_headers")) for path in copies)
    for path, ending in copies.items():
        assert unpack[ending](public[path]) == public[path.removesuffix(ending)], path
        assert len(public[path]) < len(public[path.removesuffix(ending)])
