"""CommonMark, by the examples of its specification (https://spec.commonmark.org/0.31.2/).

The examples are Creative Commons BY-SA and not part of this project: they come from the npm package.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from leadpages.build.markdown import MarkdownOptions, configure, parser

VERSION = "0.31.2"
EXAMPLE = re.compile(r"^`{32} example\n(.*?)^\.\n(.*?)^`{32}$", re.MULTILINE | re.DOTALL)


def specification(cache: Path) -> str:
    """The text of the specification, kept in `cache` once it was fetched."""
    packed = cache / f"commonmark-spec-{VERSION}.tgz"
    if not packed.exists():
        npm = shutil.which("npm")
        assert npm, "npm is needed to fetch the examples of CommonMark: install Node"
        fetched = subprocess.run(
            [npm, "pack", f"commonmark-spec@{VERSION}"], cwd=cache, capture_output=True, text=True, timeout=120
        )
        assert packed.exists(), f"npm could not fetch the examples of CommonMark:\n{fetched.stderr}"
    with tarfile.open(packed) as archive:
        text = archive.extractfile("package/spec.txt")
        assert text is not None
        return text.read().decode()


@pytest.fixture(scope="module")
def examples(pytestconfig: pytest.Config) -> list[tuple[str, str]]:
    """Every example of the specification: Markdown and HTML."""
    assert pytestconfig.cache is not None
    text = specification(pytestconfig.cache.mkdir("commonmark"))
    return [(written.replace("→", "\t"), html.replace("→", "\t")) for written, html in EXAMPLE.findall(text)]


def test_every_example(examples: list[tuple[str, str]]) -> None:
    """With the preset "commonmark" each of the 652 examples becomes exactly the HTML that the specification gives."""
    md = parser(MarkdownOptions(preset="commonmark"))

    wrong = {
        f"example {number}": (written, html, md.render(written))
        for number, (written, html) in enumerate(examples, 1)
        if md.render(written) != html
    }

    assert len(examples) == 652
    assert wrong == {}


@pytest.mark.parametrize("options", [MarkdownOptions(preset="commonmark"), MarkdownOptions()], ids=lambda o: o.preset)
def test_as_markdown_it_reads_them(options: MarkdownOptions, examples: list[tuple[str, str]]) -> None:
    """The fast parser makes of each example, alone and of all together, what the rules of markdown-it-py make of it."""
    fast, stock = parser(options), configure(MarkdownIt("commonmark"), options)
    texts = [written for written, _ in examples]

    assert [fast.render(text, {}) for text in texts] == [stock.render(text, {}) for text in texts]
    assert fast.render("\n\n".join(texts), {}) == stock.render("\n\n".join(texts), {})


@pytest.mark.parametrize(
    "written",
    ["::form{id=a}", "# A {#b}", "A[^1]", "~~a~~", "a | b\n--|--", "- [ ] a", "https://example.com", '"a"'],
)
def test_nothing_else(written: str) -> None:
    """What is no CommonMark is text in that preset, whatever else is asked for."""
    html = parser(MarkdownOptions(preset="commonmark", language="de")).render(written)

    assert not re.search(r"<(?!/?(?:p|h1|ul|li)>)", html)
    assert "form" not in html or "::form{id=a}" in html
