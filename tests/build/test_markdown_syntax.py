"""What our Markdown has beyond CommonMark, piece by piece: as GitHub reads it where GitHub has it.

Tables, strikethrough, autolinks and task lists: https://github.github.com/gfm/.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from leadpages.build.markdown import MarkdownOptions, parser

LINK = '<a href="{0}">{1}</a>'
BOX = '<label><input type="checkbox" disabled="" /> '
DONE = '<label><input type="checkbox" disabled="" checked="" /> '


def html_of(text: str, **options: Any) -> str:
    """The HTML of `text` on one line."""
    html: str = parser(MarkdownOptions(**options)).render(text, {})
    return html.replace("\n", "")


def rows_of(html: str) -> list[list[str]]:
    """The cells of the one table in `html`, row by row, the head first."""
    assert html.count("<table>") == 1
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]


@pytest.mark.parametrize(
    ("written", "rows"),
    [
        ("| a | b |\n|---|---|\n| c | d |", [["a", "b"], ["c", "d"]]),
        ("a|b\n-|-\nc|d", [["a", "b"], ["c", "d"]]),
        ("|a|\n|-|", [["a"]]),
        ("|a|b|\n|-|-|\n|c|\n|d|e|f|", [["a", "b"], ["c", ""], ["d", "e"]]),
        ("a \\| b|c\n-|-\n`d \\| e`|**f**", [["a | b", "c"], ["<code>d | e</code>", "<strong>f</strong>"]]),
        ("text\n|a|b|\n|-|-|\n|c|d|", [["a", "b"], ["c", "d"]]),
        ("a|b\n-|-\nc|d\n\ne|f", [["a", "b"], ["c", "d"]]),
        ("a|b\n-|-\nc|d\n> e", [["a", "b"], ["c", "d"]]),
        ("> a|b\n> -|-\n> c|d", [["a", "b"], ["c", "d"]]),
        ("- a|b\n  -|-\n  c|d", [["a", "b"], ["c", "d"]]),
        ("1. | a | b |\n   |---|---|\n   | c | d |", [["a", "b"], ["c", "d"]]),
        ("a|b\n:-|-:\n[c](/d)|![e](/f)", [["a", "b"], ['<a href="/d">c</a>', '<img src="/f" alt="e" />']]),
    ],
)
def test_tables(written: str, rows: list[list[str]]) -> None:
    """Short rows are filled, long ones cut; a bar is part of a cell behind a backslash, within code too."""
    assert rows_of(html_of(written)) == rows


@pytest.mark.parametrize(
    "written",
    [
        "|a|b|\n|-|\n|c|d|",
        "a|b\n-|x\nc|d",
        "a|b\n\n-|-",
        "# a|b\n-|-",
        "- a|b\n-|-",
        "    a|b\n    -|-",
        "```\na|b\n-|-\n```",
    ],
)
def test_no_tables(written: str) -> None:
    """Without a line of dashes that fits there is none, nor where the first line is a heading, a list or code."""
    assert "<table" not in html_of(written)


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("~~a~~", "<p><s>a</s></p>"),
        ("~a~", "<p><s>a</s></p>"),
        ("a~~b~~c", "<p>a<s>b</s>c</p>"),
        ("**~~a~~** ~~*b*~~", "<p><strong><s>a</s></strong> <s><em>b</em></s></p>"),
        ("x ~~~a~~~", "<p>x ~~~a~~~</p>"),
        ("~~a\n\nb~~", "<p>~~a</p><p>b~~</p>"),
        ("~~a~ ~ a~ \\~~b~~ `~~c~~`", "<p>~~a~ ~ a~ ~~b~~ <code>~~c~~</code></p>"),
    ],
)
def test_strikethrough(written: str, html: str) -> None:
    """One tilde or two on both sides, within one paragraph."""
    assert html_of(written) == html


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("www.a.org", LINK.format("http://www.a.org", "www.a.org")),
        ("www.a.org/b_c.", LINK.format("http://www.a.org/b_c", "www.a.org/b_c") + "."),
        ("(www.a.org/b(c))", "(" + LINK.format("http://www.a.org/b(c)", "www.a.org/b(c)") + ")"),
        ("www.a.org/b?c=d&e;", LINK.format("http://www.a.org/b?c=d", "www.a.org/b?c=d") + "&amp;e;"),
        ("www.a.org/b<c", LINK.format("http://www.a.org/b", "www.a.org/b") + "&lt;c"),
        ("**www.a.org**", f"<strong>{LINK.format('http://www.a.org', 'www.a.org')}</strong>"),
        ("http://a.org", LINK.format("http://a.org", "http://a.org")),
        ("https://a.org/?q=b+c#d", LINK.format("https://a.org/?q=b+c#d", "https://a.org/?q=b+c#d")),
        ("https://a.org/?x=1&y=2", LINK.format("https://a.org/?x=1&amp;y=2", "https://a.org/?x=1&amp;y=2")),
        ("https://ä.org/ü", LINK.format("https://xn--4ca.org/%C3%BC", "https://ä.org/ü")),
        ("a.b-c_d+e@f-g.org.", LINK.format("mailto:a.b-c_d+e@f-g.org", "a.b-c_d+e@f-g.org") + "."),
        ("mailto:a@b.org", LINK.format("mailto:a@b.org", "mailto:a@b.org")),
        ("http://a.org b_c@d.org www.e.org", " ".join([
            LINK.format("http://a.org", "http://a.org"),
            LINK.format("mailto:b_c@d.org", "b_c@d.org"),
            LINK.format("http://www.e.org", "www.e.org"),
        ])),
        ("xwww.a.org", "xwww.a.org"),
        ("xhttp://a.org", "xhttp://a.org"),
        ("http://a_b.c_d", "http://a_b.c_d"),
        ("ftp://a.org", "ftp://a.org"),
        ("a@b, a@b.c_, a@b.c-", "a@b, a@b.c_, a@b.c-"),
        ("http://, http:///a, www., @, a@, mailto:", "http://, http:///a, www., @, a@, mailto:"),
        ("`www.a.org`", "<code>www.a.org</code>"),
        ("[www.a.org](/b)", LINK.format("/b", "www.a.org")),
        ("<a href=\"/b\">www.a.org</a>", LINK.format("/b", "www.a.org")),
        ("\\www.a.org", "\\www.a.org"),
    ],
)  # fmt: skip
def test_autolinks(written: str, html: str) -> None:
    """Bare addresses of pages and people become links, without the punctuation behind them; in links and code not."""
    assert html_of(written, smart_quotes=False) == f"<p>{html}</p>"


@pytest.mark.parametrize(
    ("written", "items"),
    [
        ("- [ ] a\n- [x] b\n- [X] c\n- d", [BOX + "a</label>", DONE + "b</label>", DONE + "c</label>", "d"]),
        ("* [x] `a` [b](/c)", [DONE + '<code>a</code> <a href="/c">b</a></label>']),
        ("1. [ ] a", [BOX + "a</label>"]),
        ("- [] a\n- [y] b\n- [ ]c\n- [ ]\n- a [ ] b", ["[] a", "[y] b", "[ ]c", "[ ]", "a [ ] b"]),
        ("- [x] a\n\n  b", [f"<p>{DONE}a</label></p><p>b</p>"]),
    ],
)
def test_task_lists(written: str, items: list[str]) -> None:
    """A box in brackets at the beginning of an item is a box with the item as its label."""
    assert re.findall(r"<li[^>]*>(.*?)</li>", html_of(written)) == items


def test_nested_task_lists() -> None:
    """A box holds for the first paragraph of its item only, not for the list below."""
    assert html_of("- [ ] a\n  - [x] b") == (
        f'<ul class="contains-task-list"><li class="task-list-item">{BOX}a</label>'
        f'<ul class="contains-task-list"><li class="task-list-item">{DONE}b</label></li></ul></li></ul>'
    )


def admonition(kind: str, title: str, content: str) -> str:
    """The HTML of an admonition that does not fold."""
    return f'<div class="admonition {kind}" role="note"><p class="admonition-title">{title}</p>{content}</div>'


@pytest.mark.parametrize(
    ("written", "html"),
    [
        (
            '!!! note\n    a\n\n    !!! warning "W"\n        b\n\n    c\n\nd',
            admonition("note", "Note", f"<p>a</p>{admonition('warning', 'W', '<p>b</p>')}<p>c</p>") + "<p>d</p>",
        ),
        (
            "> [!NOTE]\n> a\n>\n> > [!TIP]\n> > b",
            admonition("note", "Note", f"<p>a</p>{admonition('tip', 'Tip', '<p>b</p>')}"),
        ),
        ("> [!CAUTION]\n> - a", admonition("caution", "Caution", "<ul><li>a</li></ul>")),
        ('!!! danger big "T *x* & <y>"\n    a', admonition("danger big", "T <em>x</em> &amp; <y>", "<p>a</p>")),
        (
            "??? tip\n    !!! note\n        a",
            '<details class="admonition tip"><summary class="admonition-title">Tip</summary>'
            f"{admonition('note', 'Note', '<p>a</p>')}</details>",
        ),
        (
            "???+ note\n    a",
            '<details class="admonition note" open=""><summary class="admonition-title">Note</summary>'
            "<p>a</p></details>",
        ),
        ("- a\n\n  !!! note\n      b", f"<ul><li><p>a</p>{admonition('note', 'Note', '<p>b</p>')}</li></ul>"),
        ("> [!OTHER]\n> a", "<blockquote><p>[!OTHER]a</p></blockquote>"),
    ],
)
def test_admonitions(written: str, html: str) -> None:
    """They nest, stand in lists and hold lists, and fold; what is of no known kind is a quotation."""
    assert html_of(written) == html


@pytest.mark.parametrize(
    "label", ["1", "note", "ä", "日本", "a-b.c:d", "a_b", "<b>", "x'y", "*a*", "a]b"[:1], "1" * 300]
)
def test_footnote_labels(label: str) -> None:
    """Whatever a footnote is called, its ids are numbers, which need no escaping."""
    html = html_of(f"a[^{label}]\n\n[^{label}]: b")

    assert re.findall(r' id="([^"]*)"', html) == ["fnref:1", "fn:1"]
    assert '<li id="fn:1"><p>b ' in html


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a[^x]b[^x]c[^x]\n\n[^x]: d", {"1": 3}),
        ("a[^x]\n\n[^x]: b[^y]\n[^y]: c", {"1": 1, "2": 1}),
        ("a[^x]\n\n[^x]: b[^x]", {"1": 2}),
        ("a[^x]\n\n[^x]: b\n\n    c\n\n        d", {"1": 1}),
        ("# a[^x]\n\nb|c\n-|-\nd[^y]|e\n\n- f[^x]\n\n  [^x]: g\n\n[^y]: h", {"1": 2, "2": 1}),
        ("a[^x] b[^y] c^[d]\n\n[^z]: e", {}),
        ("`[^x]` \\[^x]\n\n[^x]: a", {}),
    ],
)
def test_footnote_references(written: str, expected: dict[str, int]) -> None:
    """Each note has as many ways back as references, from wherever they stand; without a note a reference is text."""
    html = html_of(written)

    assert {number: html.count(f'href="#fn:{number}"') for number in expected} == expected
    ids = re.findall(r' id="(fn[^"]*)"', html)
    assert len(ids) == len(set(ids)) == len(expected) + sum(expected.values())
    assert sorted(re.findall(r'href="#(fnref:[^"]*)"', html)) == sorted(one for one in ids if one.startswith("fnref"))


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("A\n: b\n: c\n\nD\n: e", "<dl><dt>A</dt><dd>b</dd><dd>c</dd><dt>D</dt><dd>e</dd></dl>"),
        ("A\n~ b", "<dl><dt>A</dt><dd>b</dd></dl>"),
        ("*A*\n: `b`", "<dl><dt><em>A</em></dt><dd><code>b</code></dd></dl>"),
        ("A\n\n: b\n\n    c", "<dl><dt>A</dt><dd><p>b</p><p>c</p></dd></dl>"),
        ("A\n: - b\n  - c", "<dl><dt>A</dt><dd><ul><li>b</li><li>c</li></ul></dd></dl>"),
        ("A\n: b\n    : c", "<dl><dt>A</dt><dd><dl><dt>b</dt><dd>c</dd></dl></dd></dl>"),
        ("> A\n> : b", "<blockquote><dl><dt>A</dt><dd>b</dd></dl></blockquote>"),
        (": b", "<p>: b</p>"),
        ("A\n:b", "<p>A:b</p>"),
    ],
)
def test_definition_lists(written: str, html: str) -> None:
    """A term has one definition or several, of a line or of blocks."""
    assert html_of(written) == html


@pytest.mark.parametrize(
    ("language", "written", "expected"),
    [
        ("de", "\"Er sagte: 'nein'\", 10-12 -- so", "„Er sagte: ‚nein‘“, 10-12 – so"),
        ("fr", '"Oui", dit-il', "«\u202fOui\u202f», dit-il"),
        ("es", "\"a 'b' c\"", "«a “b” c»"),
        ("ru", "\"a 'b' c\"", "«a „b“ c»"),
        ("sv", "\"a 'b' c\"", "”a ’b’ c”"),
        ("en-GB", "\"a 'b' c\"", "“a ‘b’ c”"),
        ("en", '[a "b"](/c "d \'e\'")', '<a href="/c" title="d \'e\'">a “b”</a>'),
        ("en", '![a "b"](/c)', '<img src="/c" alt="a &quot;b&quot;" />'),
        ("en", '`"a"` <b title="c--d">"e"</b>', '<code>&quot;a&quot;</code> <b title="c--d">“e”</b>'),
        ("en", "\"b\" https://a.org/'b'--c", "“b” <a href=\"https://a.org/'b'--c\">https://a.org/'b'--c</a>"),
        ("en", "<https://a.org/'b'...>", "<a href=\"https://a.org/'b'...\">https://a.org/'b'...</a>"),
    ],
)
def test_smart_quotes(language: str, written: str, expected: str) -> None:
    """Each language has its own signs; code, addresses, titles and attributes keep what is written."""
    assert html_of(written, language=language) == f"<p>{expected}</p>"


def test_smart_quotes_leave_code_alone() -> None:
    """Blocks of code and of HTML keep what is written."""
    text = '```text\n"a" -- \'b\'...\n```\n\n    "c"\n\n<pre>"d" -- e</pre>\n'

    assert html_of(text) == html_of(text, smart_quotes=False)
