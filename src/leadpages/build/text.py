"""Bytes to text: what is not UTF-8 is refused, what was decoded wrongly once is shown repaired."""

from __future__ import annotations

import re
import unicodedata

from leadpages.core.errors import Problem

#: Templates hold the places of rendered blocks with these; no text may have them.
BLOCK_START, BLOCK_END = "\ue000", "\ue001"

# Neither XML nor HTML may hold these. U+0080 to U+009F are let through: they are half of mojibake.
_INVISIBLE = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff{BLOCK_START}{BLOCK_END}]")
# UTF-8 read as Windows-1252 leaves a lead byte (Â, Ã, â, ð …) with one to three characters that stand for
# bytes 0x80 to 0xBF.
_CONTINUATION = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ\x80-\xbf"
_MOJIBAKE = re.compile(rf"[\w'’.,-]*?((?:[Â-ô][{_CONTINUATION}]{{1,3}})+)[\w'’.,-]*")


def decode(data: bytes, path: str) -> str | Problem:
    """The text of a file, with LF line ends and without a byte order mark."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        hint = "save the file as UTF-8"
        return Problem(path, line, f"not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}", hint)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if found := _INVISIBLE.search(text):
        line = text[: found.start()].count("\n") + 1
        return Problem(path, line, f"an invisible character, U+{ord(found[0]):04X}", "delete it")
    return unicodedata.normalize("NFC", text)


def find_mojibake(text: str, path: str) -> list[Problem]:
    """A warning for each word that was decoded wrongly once, with the word as it was meant."""
    if not _MOJIBAKE.search(text):
        return []
    problems = []
    for found in _MOJIBAKE.finditer(text):
        repaired = _repair(found[1])
        if repaired is None:
            continue
        word = found[0].replace(found[1], repaired)
        line = text[: found.start(1)].count("\n") + 1
        message = f"`{found[0]}` was decoded wrongly once"
        problems.append(Problem(path, line, message, f"it should read `{word}`", "warning"))
    return problems


def _repair(text: str) -> str | None:
    data = bytearray()
    for character in text:
        try:
            data += character.encode("cp1252")
        except UnicodeEncodeError:
            if ord(character) > 0xFF:
                return None
            data.append(ord(character))  # cp1252 leaves five bytes undefined; decoders keep them as they are
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
