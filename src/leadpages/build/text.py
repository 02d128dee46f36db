"""Bytes to text: what is not UTF-8 is refused, what was decoded wrongly once is shown repaired."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from leadpages.core.errors import Edit, Problem

#: Templates hold the places of rendered blocks with these; no text may have them.
BLOCK_START, BLOCK_END = "\ue000", "\ue001"

# Neither XML nor HTML may hold these. U+0080 to U+009F are let through: they are half of mojibake.
_INVISIBLE = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff{BLOCK_START}{BLOCK_END}]")
#: Those of them that an ASCII file can have, which is looked for in a sixth of the time.
_ASCII_CONTROLS = bytes((*range(9), 11, 12, *range(14, 32), 127))
# UTF-8 read as Windows-1252 leaves a lead byte (Â, Ã, â, ð …) with one to three characters that stand for
# bytes 0x80 to 0xBF.
_CONTINUATION = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ\x80-\xbf"
_MOJIBAKE = re.compile(rf"(?:[Â-ô][{_CONTINUATION}]{{1,3}})+")
_WORD_BEFORE = re.compile(r"[\w'’.,-]{0,40}\Z")
_WORD_AFTER = re.compile(rf"(?:[Â-ô][{_CONTINUATION}]{{1,3}}|[\w'’.,-]){{0,40}}")


def read_text(file: Path, path: str) -> str | Problem:
    """The text of `file`, which problems call `path`."""
    try:
        data = file.read_bytes()
    except OSError as error:
        return Problem(path, 0, f"cannot be read: {(error.strerror or str(error)).lower()}")
    return decode(data, path)


def decode(data: bytes, path: str) -> str | Problem:
    """The text of a file, with LF line ends and without a byte order mark."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        hint = "save the file as UTF-8"
        return Problem(path, line, f"not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}", hint)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and len(data.translate(None, _ASCII_CONTROLS)) == len(data):
        return text
    if found := _INVISIBLE.search(text):
        line = text[: found.start()].count("\n") + 1
        return Problem(path, line, f"an invisible character, U+{ord(found[0]):04X}", "delete it")
    return unicodedata.normalize("NFC", text)


def find_mojibake(text: str, path: str) -> list[Problem]:
    """A warning for each word that was decoded wrongly once, with the word as it was meant."""
    if text.isascii():
        return []
    problems = []
    end = 0
    for found in _MOJIBAKE.finditer(text):
        if found.start() < end or _repair(found) == found[0]:
            continue
        before = _WORD_BEFORE.search(text, max(end, found.start() - 40), found.start())
        after = _WORD_AFTER.match(text, found.end())
        start = before.start() if before else found.start()
        end = after.end() if after else found.end()
        problems.append(_mojibake(text, path, start, end))
    return problems


def _mojibake(text: str, path: str, start: int, end: int) -> Problem:
    word = text[start:end]
    meant = _mend(word)
    return Problem(
        path,
        text.count("\n", 0, start) + 1,
        f"`{word}` was decoded wrongly once",
        f"it should read `{meant}`",
        "warning",
        "mojibake",
        start - text.rfind("\n", 0, start),
        Edit(word, meant),
    )


def _mend(word: str) -> str:
    """`word` as it was meant, also when it was decoded wrongly more than once."""
    while (mended := _MOJIBAKE.sub(_repair, word)) != word:  # ends: each repair makes it shorter
        word = mended
    return unicodedata.normalize("NFC", word)


def _repair(found: re.Match[str]) -> str:
    """What `found` was meant to say; itself when it makes sense as it is."""
    data = bytearray()
    for character in found[0]:
        try:
            data += character.encode("cp1252")
        except UnicodeEncodeError:
            if ord(character) > 0xFF:
                return found[0]
            data.append(ord(character))  # cp1252 leaves five bytes undefined; decoders keep them as they are
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return found[0]
