"""Bytes to text, and text that was decoded wrongly once."""

from __future__ import annotations

import pytest

from leadpages.build.text import decode, find_mojibake
from leadpages.core.errors import Edit, Problem


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("companyâ€™s", "company’s"),
        ("cafÃ©", "café"),
        ("â€œquotedâ€\x9d", "“quoted”"),
        ("10â€“20", "10–20"),
        ("ZÃ¼rich", "Zürich"),
        ("Ã\xa0", "à"),
        ("ðŸŽ‰", "🎉"),
    ],
)
def test_mojibake_is_repaired(wrong: str, right: str) -> None:
    """UTF-8 that was read as Windows-1252 is shown as it was meant, with its line."""
    (problem,) = find_mojibake(f"First line.\nThen {wrong} here.\n", "a.md")

    assert (problem.line, problem.severity) == (2, "warning")
    assert problem.hint == f"it should read `{right}`"


@pytest.mark.parametrize(
    "text",
    ["company’s café", "Ångström, Ærø, São Paulo, Âge", "naïve “façade” – £5 · 20 °C", "â la carte", "日本語 🎉"],
)
def test_good_text_is_no_mojibake(text: str) -> None:
    """Text with accents, quotes and signs raises no warning."""
    assert find_mojibake(text, "a.md") == []


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"one\ntwo \xe9\n", 2, "not UTF-8: byte 0xe9 at offset 8"),
        (b"one\n\n\x00", 3, "an invisible character, U+0000"),
        ("one\ue000".encode(), 1, "an invisible character, U+E000"),
        (b"\xff\xfeo\x00", 1, "not UTF-8: byte 0xff at offset 0"),
    ],
)
def test_what_is_no_text(data: bytes, line: int, message: str) -> None:
    """Bytes that are not UTF-8, and characters that no page may have, are named with their place."""
    found = decode(data, "a.md")

    assert isinstance(found, Problem)
    assert (found.line, found.message) == (line, message)


def test_one_form_of_unicode() -> None:
    """Letters with combining marks are read as single letters, so that names compare as people see them."""
    assert decode("Cafe\u0301".encode(), "a.md") == "Café"


@pytest.mark.parametrize(
    ("text", "line", "column", "old", "new"),
    [
        ("First.\nThen cafÃ© here.\n", 2, 6, "cafÃ©", "café"),
        ("cafÃ©", 1, 1, "cafÃ©", "café"),
        ("a “companyâ€™s” b", 1, 4, "companyâ€™s", "company’s"),
        ("\n\n  FranÃƒÂ§ois", 3, 3, "FranÃƒÂ§ois", "François"),
        ("Ã¼ber", 1, 1, "Ã¼ber", "über"),
        ("cafeÌ\x81", 1, 1, "cafeÌ\x81", "café"),
    ],
)
def test_mojibake_can_be_mended(text: str, line: int, column: int, old: str, new: str) -> None:
    """The problem has the word's column and its mend, also for what was decoded wrongly more than once."""
    (problem,) = find_mojibake(text, "a.md")

    assert (problem.line, problem.column, problem.rule) == (line, column, "mojibake")
    assert problem.edit == Edit(old, new)
    assert find_mojibake(new, "a.md") == []


def test_every_word_has_its_own_column() -> None:
    """Two words on a line are two problems."""
    found = find_mojibake("cafÃ© or cafÃ©\n", "a.md")

    assert [problem.column for problem in found] == [1, 10]
