"""What holds for any input at all."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from leadpages.build.front_matter import FrontMatter, parse_front_matter
from leadpages.build.markdown import clean_html, parser
from leadpages.build.text import decode, find_mojibake
from leadpages.build.toml_file import parse_toml
from leadpages.core.errors import Problem
from leadpages.core.urls import output_path, unsafe_reason

#: Text that is likelier than chance to mean something to a parser.
front = ["---\n", "+++\n", "{\n", "}\n", "a: ", "a = ", '"a": ', "- ", "[", "]", "{", "}", "&a ", "*a ", "!!", "? "]
body = ["::cta", ":::hero", ":::\n", "{a=", "```\n", "> ", "    ", "\t", "\n", "<div>", "<script>", "](", "2026-02-30"]
pieces = st.sampled_from([*front, *body])
marked = st.lists(st.one_of(pieces, st.text(max_size=8)), max_size=40).map("".join)
fenced = st.builds(
    lambda fence, keys, body: f"{fence}\n{keys}\n{fence}\n{body}", st.sampled_from(["---", "+++"]), marked, marked
)


@given(st.one_of(marked, fenced, marked.map("{\n".__add__)))
def test_front_matter_never_raises(text: str) -> None:
    """Any text has front matter, has none, or has a problem at one of its lines."""
    found = parse_front_matter(text, "a.md")

    lines = text.count("\n") + 1
    if isinstance(found, Problem):
        assert 0 <= found.line <= lines + 1
    else:
        assert isinstance(found, FrontMatter)
        assert text.endswith(found.body)
        assert text.split("\n")[found.body_line - 1 :][1:] == found.body.split("\n")[1:]
        assert all(1 <= line <= lines for line in found.lines.values())


@given(marked)
def test_toml_never_raises(text: str) -> None:
    """Any text is TOML or a problem."""
    assert isinstance(parse_toml(text, "a.toml"), tuple | Problem)


@given(marked)
def test_markdown_never_raises(text: str) -> None:
    """Any text is Markdown; blocks open and close in pairs; cleaned, no script is left."""
    md = parser()
    tokens = md.parse(text)

    assert sum(token.nesting for token in tokens) == 0
    visible = [token for token in tokens if not token.type.startswith("directive")]
    html = clean_html(md.renderer.render(visible, md.options, {}))
    assert not re.search(r"<(script|style|iframe|form)\b|<[^>]*\son\w+=", html, re.IGNORECASE)


@given(st.one_of(st.binary(), marked.map(str.encode)))
def test_decode_never_raises(data: bytes) -> None:
    """Any bytes are text with plain line ends or a problem at one of their lines."""
    found = decode(data, "a.md")

    if isinstance(found, Problem):
        assert 1 <= found.line <= len(data.splitlines()) + 1
    else:
        assert "\r" not in found
        assert "\x00" not in found


@given(st.text())
def test_repairing_never_raises(text: str) -> None:
    """Any text can be searched for mojibake."""
    assert all(problem.severity == "warning" for problem in find_mojibake(text, "a.md"))


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters=["\x00", "\r"]), min_size=1))
def test_mojibake_is_undone(text: str) -> None:
    """Whatever word was decoded wrongly once, a repair that is offered gives back that word."""
    word = "x" + "".join(re.findall(r"[à-ÿ“”’–—€]", text)) + "y"
    wrong = word.encode().decode("cp1252", "ignore")
    if wrong.encode("cp1252", "ignore") != word.encode():
        return

    hints = [problem.hint for problem in find_mojibake(wrong, "a.md")]

    assert hints == ([f"it should read `{word}`"] if wrong != word else [])


steps = st.sampled_from(
    ["..", ".", "%2e%2e", "%2E.", "a", "ä", "con", "/", "//", "\\", "%5c", "%2f", "%00", " ", "~", ":"]
)
paths = st.one_of(st.text(), st.lists(st.one_of(steps, st.text(max_size=3)), max_size=8).map("/".join))


@given(paths.map(lambda path: "/" + path))
def test_no_path_leaves_the_output(path: str) -> None:
    """An address that is not refused is written below public/, at every reading of it."""
    if unsafe_reason(path):
        return
    written = PurePosixPath(output_path(path))

    assert not written.is_absolute()
    assert ".." not in written.parts
    assert not set(str(written)) & set('\\:*?"<>|\x00')
    assert not unsafe_reason("/" + str(written))
