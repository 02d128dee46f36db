"""Markdown: what is written becomes which HTML, nothing unsafe gets through, and the fast parser errs nowhere."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from leadpages.build.highlighting import highlight
from leadpages.build.html_cleaning import ALLOWED_TAGS
from leadpages.build.markdown import (
    MARKS,
    WORDS,
    Heading,
    MarkdownOptions,
    block_mark,
    clean_html,
    configure,
    has_html,
    headings,
    image_mark,
    link_mark,
    parser,
    plain_text,
    pygments_css,
    unsafe_attributes,
    unsafe_tags,
)

ROOT = Path(__file__).parents[2]


def html_of(text: str, words: dict[str, str] | None = None, **options: Any) -> str:
    """The HTML of `text` on one line."""
    html: str = parser(MarkdownOptions(**options)).render(text, {"words": words or {}})
    return html.replace("\n", "")


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("~~a~~ ~b~", "<p><s>a</s> <s>b</s></p>"),
        ("see https://a.b/c.", '<p>see <a href="https://a.b/c">https://a.b/c</a>.</p>'),
        ("see www.a.b", '<p>see <a href="http://www.a.b">www.a.b</a></p>'),
        ("to a.b@c.de", '<p>to <a href="mailto:a.b@c.de">a.b@c.de</a></p>'),
        ("swww.a.b `www.a.b`", "<p>swww.a.b <code>www.a.b</code></p>"),
        ("A\n: B", "<dl><dt>A</dt><dd>B</dd></dl>"),
        (
            "- [x] a *b*\n- c",
            '<ul class="contains-task-list"><li class="task-list-item"><label><input type="checkbox" disabled="" '
            'checked="" /> a <em>b</em></label></li><li>c</li></ul>',
        ),
        ("a\n<!-- more -->\nb", "<p>a</p><p>b</p>"),
        ("a <!--more--> b", "<p>a  b</p>"),
        ("```\n<a>\n```", '<pre tabindex="0"><code>&lt;a&gt;</code></pre>'),
        ("    <a>", '<pre tabindex="0"><code>&lt;a&gt;</code></pre>'),
        ("```no-such\na\n```", '<pre tabindex="0"><code class="language-no-such">a</code></pre>'),
        (
            "```python\nif 1: 'a'\n```",
            '<pre class="highlight" tabindex="0"><code class="language-python"><span class="k">if</span> '
            '<span class="mi">1</span>: <span class="s1">\'a\'</span></code></pre>',
        ),
        (
            "> [!WARNING]\n> a",
            '<div class="admonition warning" role="note"><p class="admonition-title">Warning</p><p>a</p></div>',
        ),
        (
            '!!! tip "A & B"\n    a',
            '<div class="admonition tip" role="note"><p class="admonition-title">A &amp; B</p><p>a</p></div>',
        ),
        ('!!! tip ""\n    a', '<div class="admonition tip" role="note"><p>a</p></div>'),
        (
            "??? note\n    a",
            '<details class="admonition note"><summary class="admonition-title">Note</summary><p>a</p></details>',
        ),
        (
            "a|b\n:-|-:\nc|d",
            '<div class="table" role="group" aria-label="Table" tabindex="0"><table><thead><tr>'
            '<th class="align-left">a</th><th class="align-right">b</th></tr></thead><tbody><tr>'
            '<td class="align-left">c</td><td class="align-right">d</td></tr></tbody></table></div>',
        ),
    ],
)
def test_what_is_beyond_commonmark(written: str, html: str) -> None:
    """Each piece of syntax becomes its HTML."""
    assert html_of(written) == html


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("# A {#b .c}", '<h1 id="b" class="c">A</h1>'),
        ("# A {: #b}", '<h1 id="b">A</h1>'),
        ("A\n=\n{.c}", '<h1 class="c" id="a">A</h1>'),
        ("a\n{.b .c lang=de}", '<p class="b c" lang="de">a</p>'),
        ("- a\n- b\n{.c}", '<ul class="c"><li>a</li><li>b</li></ul>'),
        ("> a\n\n{.c}", "<blockquote><p>a</p></blockquote><p>{.c}</p>"),
        ('[a](/b){.c title="d e"}', '<p><a href="/b" class="c" title="d e">a</a></p>'),
        ("![a](/b){width=20 height=10}", '<p><img src="/b" alt="a" width="20" height="10" /></p>'),
        ("![a](/b) {.c}", '<p><img src="/b" alt="a" /> {.c}</p>'),
        ("a {.c}", "<p>a {.c}</p>"),
        ("{{ 7*7 }}", "<p>{{ 7*7 }}</p>"),
        ("a\n{b}", "<p>a{b}</p>"),
        ("# {#a}", '<h1 id="a"></h1>'),
        ("# A {#x}\n# B {#x}", '<h1 id="x">A</h1><h1 id="b">B</h1>'),
    ],
)
def test_attributes(written: str, html: str) -> None:
    """Braces after a heading, a link or a picture, or alone under a block, set its attributes; others are text."""
    assert html_of(written) == html


@pytest.mark.parametrize(
    "item", ["onclick=x", "style=x", "ONERROR=x", "href=javascript:x", "src=x", "width=1px", "id='a b'", "#fn:1"]
)
def test_unsafe_attributes(item: str) -> None:
    """What could run, or break the page, is not set, and is named with its line."""
    for written in (f"\n[a](/b){{.c {item}}}", f"\n![a](/b){{.c {item}}}", f"\n# a {{.c {item}}}", f"a\n{{.c {item}}}"):
        md = parser()
        tokens = md.parse(written)
        html = clean_html(md.render(written))

        assert not re.search(r"onclick|onerror|style|javascript|src=\"x|1px|a b|fn:1", html, re.IGNORECASE)
        assert 'class="c"' in html
        assert len(unsafe_attributes(tokens)) == 1


def test_footnotes() -> None:
    """A footnote is numbered by where it is first named, and has a way back to each place."""
    html = html_of("A[^x] b[^1] c[^x]\n\n[^1]: One\n[^x]: Two *x*\n[^unused]: Three")

    ids = re.findall(r' id="([^"]*)"', html)
    assert ids == ["fnref:1", "fnref:2", "fnref:1:2", "fn:1", "fn:2"]
    assert set(re.findall(r'href="#([^"]*)"', html)) == set(ids)
    assert html.count('role="doc-noteref" aria-label="Footnote 1"') == 2
    assert 'role="doc-backlink" aria-label="Back to reference 1-2"' in html
    assert '<div class="footnotes" role="doc-endnotes" aria-label="Footnotes">' in html
    assert "Three" not in html


def test_words_of_another_language() -> None:
    """Every word of ours can be given in the page's language, and is escaped."""
    text = "> [!TIP]\n> a\n\n!!! note\n    a\n\na|b\n-|-\n\nc[^1]\n\n[^1]: d"

    html = html_of(text, {word: f"<{word}>" for word in WORDS})

    for word in ("Tip", "Note", "Table", "Footnotes", "Footnote 1", "Back to reference 1"):
        assert f"&lt;{word}&gt;" in html


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        ("# Who we are", ["who-we-are"]),
        ("# What's *new*, in `v1.2`?", ["whats-new-in-v12"]),
        ("# a\n# A\n# a-1\n# a", ["a", "a-1", "a-1-1", "a-2"]),
        ("# a\n# b {#a}", ["a-1", "a"]),
        ("# Über uns\n# 日本語 テスト\n# हिन्दी", ["über-uns", "日本語-テスト", "हिन्दी"]),
        ("# snake_case -- ok", ["snake_case----ok"]),
        ("# ?\n# !", ["section", "section-1"]),
        ("> # a\n\n- # b\n\nc\n-", ["a", "b", "c"]),
        ("# [a b](/c) &amp; \\* d", ["a-b---d"]),
    ],
)
def test_heading_ids(written: str, ids: list[str]) -> None:
    """Ids are those of GitHub, in any script, each once on a page; one that is written wins."""
    assert [heading.id for heading in headings(parser().parse(written))] == ids


def test_headings() -> None:
    """Headings have their level and their words; without anchors there are none to link to."""
    text = "## A *b* -- c\n\nText\n\n### D {#e}"

    assert headings(parser().parse(text)) == [Heading(2, "a-b----c", "A b – c"), Heading(3, "e", "D")]
    assert headings(parser(MarkdownOptions(anchors=False)).parse("# a\n# b {#c}")) == [Heading(1, "c", "b")]


@pytest.mark.parametrize(
    ("language", "written", "text"),
    [
        ("en", "\"a 'b' c\" it's the '90s", "“a ‘b’ c” it’s the ’90s"),
        ("en", "the dogs' \"a\", (\"b\") *\"c\"* \"`d`\"", "the dogs’ “a”, (“b”) “c” “d”"),
        ("en", "6\" wide, 5'", "6\" wide, 5’"),
        ("en", "a -- b---c...d 1--2", "a – b—c…d 1–2"),
        ("en", "--option ---- .... a--", "--option ---- .... a--"),
        ("en", "\\\"a\\\" &quot;b&quot; `\"c\"` <https://a.b/\"--> www.a.b/--c", None),
        ("de", "\"a 'b'\" geht's", "„a ‚b‘“ geht’s"),
        ("fr", "\"a\" l'ami", "«\u202fa\u202f» l’ami"),
        ("sv-SE", "\"a\"", "”a”"),
        ("pl_PL", "\"a\"", "„a”"),
        ("ja", "\"a\"", "“a”"),
    ],
)  # fmt: skip
def test_smart_quotes(language: str, written: str, text: str | None) -> None:
    """Quotation marks follow the language; code, addresses and escaped marks stay as they are."""
    md = parser(MarkdownOptions(language=language))

    if text is None:
        assert md.render(written) == parser(MarkdownOptions(smart_quotes=False)).render(written)
    else:
        assert plain_text(md.parse(written)[1].children or []) == text


def test_highlighting_keeps_the_code() -> None:
    """Colours add spans and nothing else, whatever the code is."""
    code = "\n\n  if a < b & c > 'd':\r\n\tx = \"é\"\n\n"

    for language in ("python", "PYTHON", "js", "html+jinja", "console", "diff"):
        coloured = highlight(code, language)
        assert coloured is not None
        plain = re.sub(r"</?span[^>]*>", "", coloured)
        assert plain == code.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;") or (
            plain.replace("\r\n", "\n") == plain and "\r" not in plain
        )
    assert highlight(code, "no-such-language") is None
    assert highlight(code, "text") is None


def test_colours_can_be_read() -> None:
    """Each colour of code is at least 4.5:1 on the theme's surface, in both schemes (WCAG 2.2, 1.4.3)."""
    tokens = (ROOT / "src/leadpages/themes/default/assets/tokens.css").read_text("utf-8")
    surfaces = re.findall(r"--surface: (#[0-9a-f]{6})", tokens)
    light, dark = pygments_css().split("@media (prefers-color-scheme: dark)")

    for surface, rules in zip(surfaces, (light, dark), strict=True):
        colours = re.findall(r"color: (#[0-9a-f]{6});", rules)
        assert len(colours) == 9
        assert [colour for colour in colours if contrast(colour, surface) < 4.5] == []


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    lights = []
    for colour in (one, other):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
    return max(lights) / min(lights)


def test_pygments_is_loaded_for_code_only() -> None:
    """A page without code in a known language costs no import of Pygments."""
    program = (
        "import sys; from leadpages.build.markdown import parser; md = parser()\n"
        "md.render('# a\\n\\n```text\\nb\\n```\\n\\n    c'); print('pygments' in sys.modules)\n"
        "md.render('```python\\nb\\n```'); print('pygments' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_unsafe_tags() -> None:
    """Tags that are left out are named with their lines; comments and code are no tags."""
    text = "a\n`<script>` <IFRAME src=x>\n<b>\n\n<div>\n<form>\n<!-- <object> -->\n</div>\n\n- <x-y>"

    assert unsafe_tags(parser().parse(text)) == [("iframe", 1), ("form", 5), ("x-y", 9)]


def test_more_is_no_html() -> None:
    """The mark of a summary's end is a token of its own, so that a page with it needs no cleaning."""
    tokens = parser().parse("a\n\n<!-- more -->\n\nb")

    assert [token.type for token in tokens if token.type == "more"] == ["more"]
    assert not has_html(tokens)


def test_marks_come_through() -> None:
    """What stands for links, pictures and blocks is the same in text and in addresses, cleaned or not."""
    marks = [link_mark(3), image_mark(10), block_mark(0)]
    md = parser()
    tokens = md.parse(f"<i>[a](/b) {marks[1]}</i>\n\n{marks[2]}\n\n{marks[2]}{marks[2]}\n\n<a href='{marks[0]}'>c</a>")
    next(child for child in tokens[1].children or () if child.type == "link_open").attrs["href"] = marks[0]
    html = md.renderer.render(tokens, md.options, {})

    for one in (html, clean_html(html)):
        found = ["".join((mark["kind"], mark["number"])) for mark in MARKS.finditer(one)]
        assert found == ["L3", "I10", "0", "0", "0", "L3"]
        assert f'href="{marks[0]}"' in one


def test_our_html_is_clean() -> None:
    """Cleaning leaves all that our own Markdown makes, but for the way that it is written."""
    text = (
        "# A {#b .c lang=de}\n\n- [x] a\n\nb[^1] [c](/d){target=_blank rel=me}\n\n[^1]: e\n\n> [!NOTE]\n> f\n\n"
        '??? tip "g"\n    h\n\n```python\ni = 1\n```\n\n    j\n\nk|l\n:-:|-\nm|n\n\nO\n: P\n\n![q](/r){width=1}\n'
    )
    html = html_of(text).replace(" />", ">").replace('"python', '"python')

    assert clean_html(html) == html
    assert "style=" not in html


class _Seen(HTMLParser):
    """Notes what a lenient reader finds in HTML that a browser must not run."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.bad: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED_TAGS:
            self.bad.append(tag)
        self.bad += [name for name, _ in attrs if name.startswith("on") or name in ("style", "srcdoc", "action")]
        self.bad += [value for _, value in attrs if value and re.match(r"\s*(java|vb)script:", value, re.IGNORECASE)]


PIECES = [
    "<script>", "</script>", "<style>", "</style", "<svg ", "<math>", "<mtext>", "<img src=x ", "onerror=alert(1)",
    "<a href='", "javascript:alert(1)", '"', "'", ">", "<", "/>", "<!--", "-->", "<![CDATA[", "]]>", "<textarea>",
    "<title>", "<noscript>", "<template>", "<iframe srcdoc='", "<input ", "<form action=x>", "`", "```\n", "\n\n", "*",
    "[a](", ")", "![", "](javascript:x)", "{onclick=x}", "{.a}", "&lt;", "&#60;", "\\<", "<b", " ", "a", "|", "- ",
    "[x] ",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@settings(deadline=None)
def test_nothing_unsafe_gets_through(text: str) -> None:
    """Whatever HTML is written, in whatever pieces, what is left of it cannot run; cleaned again it is the same."""
    md = parser()
    tokens = [token for token in md.parse(text) if not token.type.startswith("directive")]
    html = md.renderer.render(tokens, md.options, {})
    if has_html(tokens):
        html = clean_html(html)
        assert clean_html(html) == html

    assert _Seen(html).bad == []


SYNTAX = [
    "*", "**", "_", "__", "~~", "~", "`", "``", "[", "]", "(", ")", "![", "](/a)", "](https://x.org/b_c)", "](<a b>)",
    '](/a "t")', "[^1]", "[^1]: ", "[a]: /u\n", "[a]", "\n", "\n\n", "  \n", "\\", "\\*", "&amp;", "&", "<b>", "</b>",
    "<!-- x -->", "<div>\n", "<https://a.b>", "```\n", "~~~py\n", "# ", "## ", "- ", "* ", "+ ", "1. ", "2) ", "> ",
    "    ", "  ", "\t", " ", "| a | b |\n", "|---|:-:|\n", "---", "===", "---\n", ": ", "~ ", "::cta{a=1}\n",
    ":::box\n",
    ":::\n", "!!! note\n", "??? x\n", "{.a}", "{#b}", "[x] ", "> [!NOTE]\n", "www.a.bc ", "http://x.yz ", "a@b.cd", "!",
    ":", ".", ",", '"', "'", "é", "“", "\u00a0", "\u2003", "a_b", "**bold**", "*em*", "`code`", "[l](/x)", "![i](/y)",
    "a", "two words", "9", "\r\n", "\0", "{", "}", "--", "...", "\\\n", "€",
]  # fmt: skip
_lines = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "", "- ", "- ", "* ", "1. ", "3. ", "> ", "  ", "    "]),
        st.one_of(
            st.sampled_from(["word", "**b** c", "[l](/u)", "`c`", "12 a", "a | b", "***"]), st.sampled_from(SYNTAX)
        ),
        st.sampled_from(["\n", "\n", "\n\n", "\n\n\n"]),
    ),
)
markdown = st.one_of(st.lists(st.sampled_from(SYNTAX), max_size=30), st.lists(_lines, max_size=10)).map("".join)


def shape(tokens: list[Token]) -> list[Any]:
    """All that a token holds, without empty texts, which mean nothing."""
    return [
        (one.as_dict(filter=lambda name, value: name != "children"), shape(one.children or []))
        for one in tokens
        if one.type != "text" or one.content
    ]


def outcome(md: MarkdownIt, text: str) -> tuple[list[Any], str]:
    """The tokens of `text` and its HTML, or the error: markdown-it-py itself fails on some texts."""
    try:
        tokens = md.parse(text)
    except Exception as error:
        return [], repr(error)
    shown = [token for token in tokens if not token.type.startswith("directive")]
    return shape(tokens), md.renderer.render(shown, md.options, {})


COMMONMARK, LEADPAGES = MarkdownOptions(preset="commonmark"), MarkdownOptions()
PAIRS = [(configure(MarkdownIt("commonmark"), options), parser(options)) for options in (COMMONMARK, LEADPAGES)]


@given(markdown)
@settings(deadline=None, max_examples=300)
def test_as_markdown_it_reads_it(text: str) -> None:
    """The fast parser gives, token for token, what the rules of markdown-it-py give without it."""
    for stock, fast in PAIRS:
        assert outcome(fast, text) == outcome(stock, text)


@pytest.mark.parametrize("folder", ["site", "tests/sites", "src", "."])
def test_own_texts(folder: str) -> None:
    """So it does for every Markdown file of this project."""
    pattern = "*.md" if folder == "." else "**/*.md"
    files = sorted((ROOT / folder).glob(pattern))

    for file in files:
        text = file.read_text("utf-8", errors="replace")
        for stock, fast in PAIRS:
            assert outcome(fast, text) == outcome(stock, text), file
    assert files or folder == "src"
