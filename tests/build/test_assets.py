"""Fingerprinted assets, and the addresses in stylesheets."""

from __future__ import annotations

import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from leadpages.build.assets import AssetPlan, fingerprinted, publish, rewrite_urls
from leadpages.core.errors import Problem

NEW = {"fonts/x.woff2": "fonts/x.11111111.woff2", "a b.svg": "a b.22222222.svg", "logo.svg": "logo.33333333.svg"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("style.css", "style.{}.css"),
        ("fonts/x.woff2", "fonts/x.{}.woff2"),
        ("a.min.js", "a.min.{}.js"),
        ("v1.2/LICENCE", "v1.2/LICENCE.{}"),
    ],
)
def test_names_tell_the_content(name: str, expected: str) -> None:
    """The digest stands before the ending."""
    assert fingerprinted(name, b"content") == expected.format(sha256(b"content").hexdigest()[:8])


REWRITTEN = {
    "url(fonts/x.woff2)": 'url("fonts/x.11111111.woff2")',
    "url( 'fonts/x.woff2' ) format('woff2')": "url(\"fonts/x.11111111.woff2\") format('woff2')",
    'URL("./fonts/../fonts/x.woff2?#iefix")': 'URL("fonts/x.11111111.woff2?#iefix")',
    "url(/assets/logo.svg#mark)": 'url("logo.33333333.svg#mark")',
    "url(a%20b.svg)": 'url("a%20b.22222222.svg")',
    'url("a b.svg")': 'url("a%20b.22222222.svg")',
    "url(/media/photo.webp)": 'url("../media/photo.webp")',
    "url(../media/photo.webp)": 'url("../media/photo.webp")',
    "url(data:image/svg+xml;base64,AAAA)": "url(data:image/svg+xml;base64,AAAA)",
    "url('data:image/svg+xml,<svg>(1)</svg>')": "url('data:image/svg+xml,<svg>(1)</svg>')",
    "url(#gradient)": "url(#gradient)",
    "url()": "url()",
    "/* url(nothing.png) @import 'x' */ a{}": "/* url(nothing.png) @import 'x' */ a{}",
    "/* open url(nothing.png)": "/* open url(nothing.png)",
    'a::after{content:"url(nothing.png) @import"}': 'a::after{content:"url(nothing.png) @import"}',
    'a::after{content:"\\"url(nothing.png)"}': 'a::after{content:"\\"url(nothing.png)"}',
    "--my-url(nothing.png)": "--my-url(nothing.png)",
    "a{b:url(logo.svg),url(logo.svg)}": 'a{b:url("logo.33333333.svg"),url("logo.33333333.svg")}',
}


@pytest.mark.parametrize(("css", "expected"), REWRITTEN.items())
def test_addresses_in_a_stylesheet(css: str, expected: str) -> None:
    """Assets get their new names, the site's own addresses become relative, and all else stays as it is."""
    rewritten, problems = rewrite_urls(css, "style.css", NEW, "style.css")

    assert problems == []
    assert rewritten.replace("URL(", "url(") == expected.replace("URL(", "url(")


def test_a_stylesheet_in_a_folder() -> None:
    """Addresses are relative to the stylesheet that they stand in."""
    css = "a{b:url(../logo.svg);c:url(/media/x.png)}"

    assert rewrite_urls(css, "print/style.css", NEW, "")[0] == (
        'a{b:url("../logo.33333333.svg");c:url("../../media/x.png")}'
    )


def test_what_a_stylesheet_must_not() -> None:
    """What is not there, and `@import`, are problems at their line and column."""
    css = "a {\n  b: url(logo.svg), url('fonts/y.woff2');\n}\n@IMPORT 'other.css';\nc{d:url(//cdn.example/x)}\n"

    rewritten, problems = rewrite_urls(css, "style.css", NEW, "themes/mine/assets/style.css")

    assert [(problem.place, problem.message) for problem in problems] == [
        ("themes/mine/assets/style.css:2:21", "there is no asset `fonts/y.woff2`"),
        ("themes/mine/assets/style.css:4:1", "`@import` is not followed"),
        (
            "themes/mine/assets/style.css:5:5",
            "`//cdn.example/x` is on another host, which pages are not allowed to load from",
        ),
    ]
    assert rewritten == css.replace("url(logo.svg)", 'url("logo.33333333.svg")')


@pytest.mark.parametrize(
    "css",
    [
        "url(" + " " * 200_000,
        "url(" * 50_000,
        "/*" * 100_000,
        '"\\' * 100_000,
        "'\\" * 100_000,
        "url('" * 50_000,
        "/* *" * 50_000,
    ],
    ids=["spaces", "open", "comments", "strings", "single", "quotes", "stars"],
)
def test_long_nonsense_takes_no_long_time(css: str) -> None:
    """The time grows with the length, not with its square."""
    began = time.process_time()
    rewritten, _ = rewrite_urls(css, "style.css", NEW, "")

    assert rewritten == css
    assert time.process_time() - began < 2


def published(folder: Path, files: Mapping[str, bytes], styles: Mapping[str, str]) -> tuple[AssetPlan, list[Problem]]:
    """Write assets and publish them."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return publish({name: folder / name for name in files}, "style.css", styles, lambda file: file.name)


def test_publish(tmp_path: Path) -> None:
    """Every asset has a new name; a stylesheet's follows from what it points to."""
    files = {"fonts/x.woff2": b"font", "form.js": b"// Why\nif (a)\n  b();\n", "print.css": b"a{b:url(fonts/x.woff2)}"}
    plan, problems = published(
        tmp_path, files, {"tokens.css": "/* Why */\na {}\n", "style.css": "b{c:url(fonts/x.woff2)}\n"}
    )

    assert problems == []
    assert list(plan.urls) == [f"/assets/{name}" for name in ("fonts/x.woff2", "form.js", "print.css", "style.css")]
    assert {url.removeprefix("/") for url in plan.urls.values()} == set(plan.files)
    font = fingerprinted("x.woff2", b"font")
    style = plan.files[plan.urls["/assets/style.css"].removeprefix("/")]
    assert style == f'a{{}}b{{c:url("fonts/{font}")}}'.encode()
    assert plan.urls["/assets/style.css"] == "/assets/" + fingerprinted("style.css", style)
    assert plan.files[plan.urls["/assets/form.js"].removeprefix("/")] == b"if(a)\nb();"
    assert plan.files[plan.urls["/assets/fonts/x.woff2"].removeprefix("/")] == tmp_path / "fonts/x.woff2"

    changed, _ = published(tmp_path, {**files, "fonts/x.woff2": b"other"}, {"style.css": "a{}"})
    assert changed.urls["/assets/print.css"] != plan.urls["/assets/print.css"]
    assert changed.urls["/assets/form.js"] == plan.urls["/assets/form.js"]


def test_problems_are_where_they_are_written(tmp_path: Path) -> None:
    """Of the texts that make up the stylesheet, each is known by its own path and lines."""
    styles = {"a.css": "a{}\n" * 10, "b.css": "b{}\nc{d:url(gone.png)}\n"}
    _, problems = published(tmp_path, {"x.css": b"\xff"}, styles)

    assert [(problem.place, problem.message) for problem in problems] == [
        ("x.css:1", "not UTF-8: byte 0xff at offset 0"),
        ("b.css:2:5", "there is no asset `gone.png`"),
    ]
