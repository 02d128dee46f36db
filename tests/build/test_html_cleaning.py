"""A writer's own HTML in a built page: cleaned and told of, or let in as it is where the project trusts it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from tests.conftest import CONFIG, Files, WriteProject, public_text, render

HARMLESS = (
    '<div class="wide" id="w" lang="de" dir="ltr" title="t" role="note" aria-label="l">\n'
    '<p><b>b</b> <kbd>k</kbd> <mark>m</mark> <a href="https://example.org/" rel="me" target="_blank">a</a></p>\n'
    '<details open=""><summary>s</summary><ol start="2"><li value="3">l</li></ol></details>\n'
    '<video src="https://example.org/v.mp4" controls="" poster="https://example.org/p.png"></video>\n</div>'
)
HARMFUL = (
    '<script>run("a & b")</script>\n'
    "<style>p > b { color: red }</style>\n"
    '<p onclick="run()" style="color: red">styled</p>\n'
    '<iframe src="https://example.org/" title="f"></iframe>\n'
    '<form action="https://example.org/"><button>Go</button></form>'
)


def project(trusted: bool, preset: str = "leadpages") -> Files:
    """A page with both kinds of HTML, in blocks of their own and within a line."""
    settings = f'[social]\nimages = false\n[markdown]\ntrusted_html = {str(trusted).lower()}\npreset = "{preset}"\n'
    text = f"{HARMLESS}\n\n{HARMFUL}\n\nA line <script>run()</script><b>bold</b> <!-- secret -->\n"
    return {"leadpages.toml": CONFIG + settings, "site/index.md": f"---\ntitle: Home\n---\n\n{text}"}


def test_without_trust(write_project: WriteProject) -> None:
    """What may do harm is left out, with its text where that is no text to read; what may not stays; all is told."""
    built = render(write_project(project(trusted=False)))
    html = public_text(built, "index.html").partition('<main id="main">')[2].partition("</main>")[0]

    for gone in ("run(", "script", "style=", "onclick", "color", "iframe", "<form", "<button", "secret"):
        assert gone not in html
    assert "<p>styled</p>" in html
    assert "<b>bold</b>" in html
    for part in ('class="wide"', 'id="w"', "<kbd>k</kbd>", 'target="_blank"', '<details open="">', 'start="2"'):
        assert part in html
    assert [(problem.message, problem.line) for problem in built.warnings] == [
        ("`<script>` is left out", 11),
        ("`<style>` is left out", 12),
        ("`<iframe>` is left out", 14),
        ("`<form>` is left out", 15),
        ("`<button>` is left out", 15),
        ("`<script>` is left out", 17),
    ]
    assert {problem.hint for problem in built.warnings} == {
        "trusted_html = true under [markdown] in leadpages.toml lets all HTML in"
    }


@pytest.mark.parametrize("preset", ["leadpages", "commonmark"])
def test_with_trust(write_project: WriteProject, preset: str) -> None:
    """HTML goes out byte for byte; what the pages' policy blocks is told."""
    built = render(write_project(project(trusted=True, preset=preset)))
    html = public_text(built, "index.html")

    assert f"{HARMLESS}\n" in html
    assert HARMFUL in html
    assert "A line <script>run()</script><b>bold</b> <!-- secret -->" in html
    assert sorted(problem.message for problem in built.warnings) == [
        "the page has `onclick` on `<p>`, which its Content-Security-Policy blocks",
        "the page has a `style` attribute on `<p>`, which its Content-Security-Policy blocks",
    ]


@pytest.mark.parametrize(
    "text",
    [
        '<div title="\n\n![k](https://e.example/onmouseover=alert(1)//x.png)\n\n<p ">hover',
        '![k](https://e.example/onmouseover=alert(1)//x.png)\n\n<a href="/" title="&#xE000;I0&#xE001;">hover</a>',
        '![k](https://e.example/onmouseover=alert(1)//x.png)\n\n<a href="/" title="&#57344;I0&#0057345">hover</a>',
        '<div title="\n\n::cta{href=/ label="onmouseover=alert(1)//"}\n\n<p ">hover',
        "&#xE000;I9&#xE001; and &#xe000;L9&#xe001;",
    ],
)
def test_pictures_and_blocks_break_out_of_nothing(text: str, write_project: WriteProject) -> None:
    """What is filled in after cleaning never lands inside a tag, by chance or by design."""
    built = render(write_project({"leadpages.toml": CONFIG, "site/index.md": f"---\ntitle: A\n---\n\n{text}\n"}))

    page = built.public["index.html"].decode()
    handlers: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            handlers.extend(name for name, _ in attrs if name.startswith("on"))

    Reader().feed(page)
    assert handlers == []
    assert "\ue000" not in page
