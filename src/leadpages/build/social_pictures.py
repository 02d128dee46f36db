"""Pictures for links that are shared, drawn from a page's title in its theme's colours and font.

1200 × 630 pixels is what https://ogp.me users have settled on. Text is laid out without the system's libraries, so
that a picture is the same on every machine; what these would be needed for (Arabic, Devanagari) is not drawn.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from leadpages.build.pages import digest_of
from leadpages.build.theme_colours import Colour, colour
from leadpages.build.variants import SOCIAL_SIZE as SIZE

#: To be raised when the code below draws otherwise.
_LAYOUT: Final = 1
_MARGIN: Final = 84
_TOP: Final = 84
_BAR: Final = (88, 12)
_BAND: Final = 20
_TITLE_SIZES: Final = (116, 104, 92, 84, 76, 68, 60, 54, 48)
_LINE_HEIGHT: Final = 1.16
_TITLE_HEIGHT: Final = 340
_TITLE_TOP: Final = 142
_NAME_SIZE: Final = 34
_NAME_BASE: Final = 546
#: Indexes of the palette. What is below ink lies between it and the ground; letters have soft edges.
_INK, _ACCENT = 254, 255
#: How much ink there is in the site's name: enough for 4.5:1 (WCAG 2.2, 1.4.3) where ink and ground are far apart.
_NAME_INK: Final = 175
_GROUND_RGB, _INK_RGB, _ACCENT_RGB = (255, 255, 255), (26, 34, 48), (11, 92, 138)

_CJK: Final = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
#: What stays together on a line: a word, or one sign of a script without spaces and what must not begin a line.
_PIECE: Final = re.compile(
    rf"[{_CJK}][\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f\u300d\u300f\u3009\u300b\uff09]*|[^\s{_CJK}]+"
)
#: Typographic signs that a font may lack, and what says the same.
_PLAIN: Final = str.maketrans({"\u2011": "-", "\u2010": "-", "\u02bc": "\u2019"})


@dataclass(frozen=True, slots=True)
class SocialColours:
    """Red, green and blue of what is behind, of the text and of the shapes."""

    ground: Colour
    ink: Colour
    accent: Colour


def social_colours(properties: Mapping[str, Sequence[str]]) -> SocialColours:
    """The colours of a theme, from its custom properties."""
    return SocialColours(
        colour("--surface", properties, _GROUND_RGB),
        colour("--ink", properties, _INK_RGB),
        colour("--accent", properties, _ACCENT_RGB),
    )


class Painter:
    """Draws the pictures of one site.

    Raises OSError when `font` is none: the bytes of a TrueType or OpenType file.
    """

    def __init__(self, font: bytes, colours: SocialColours) -> None:
        self._font, self._colours = font, colours
        self._sizes: dict[int, ImageFont.FreeTypeFont] = {}
        self._lengths: dict[tuple[int, str], float] = {}
        self._drawable: dict[str, bool] = {" ": True}
        self._nothing = self._glyph("\uffff")
        self._palette = _palette(colours)
        self._style = digest_of(font, colours, _LAYOUT, ImageFont.core.freetype2_version)

    def digest(self, title: str, name: str) -> str:
        """A digest of all that a picture is drawn from."""
        return digest_of(self._style, title, name)

    def drawable(self, text: str) -> tuple[str, str]:
        """`text` as it can be drawn, and the first character for which it cannot, or ""."""
        kept = []
        for character in unicodedata.normalize("NFC", " ".join(text.split())).translate(_PLAIN):
            if character not in self._drawable:
                self._drawable[character] = _is_simple(character) and self._glyph(character) != self._nothing
            if self._drawable[character]:
                kept.append(character)
            elif not _is_ornament(character):
                return "", character
        return " ".join("".join(kept).split()), ""

    def draw(self, title: str, name: str) -> bytes:
        """A PNG with what `drawable` made of a page's title and the site's name."""
        image = Image.new("L", SIZE, 0)
        draw = ImageDraw.Draw(image)
        self._lengths.clear()
        left, top = _MARGIN, _TOP
        draw.rectangle((left, top, left + _BAR[0] - 1, top + _BAR[1] - 1), fill=_ACCENT)
        draw.rectangle((0, SIZE[1] - _BAND, *SIZE), fill=_ACCENT)
        size, lines = self._fitted(title, SIZE[0] - 2 * _MARGIN)
        for number, line in enumerate(lines):
            base = _TITLE_TOP + size * 0.86 + number * size * _LINE_HEIGHT
            draw.text((left, base), line, fill=_INK, font=self._at(size), anchor="ls")
        self._draw_name(image, name)
        image.putpalette(self._palette)
        target = io.BytesIO()
        image.save(target, "PNG", compress_level=3)
        return target.getvalue()

    def _draw_name(self, image: Image.Image, name: str) -> None:
        line = self._cut(name, _NAME_SIZE, SIZE[0] - 2 * _MARGIN)
        mask = Image.new("L", (SIZE[0] - 2 * _MARGIN, 2 * _NAME_SIZE), 0)
        ImageDraw.Draw(mask).text((0, _NAME_SIZE * 1.4), line, fill=_NAME_INK, font=self._at(_NAME_SIZE), anchor="ls")
        image.paste(mask, (_MARGIN, round(_NAME_BASE - _NAME_SIZE * 1.4)))

    # Laying out.

    def _fitted(self, title: str, width: int) -> tuple[int, list[str]]:
        """The largest size at which all of a title has room, and its lines; the smallest, cut, where none has."""
        for size in _TITLE_SIZES:
            pieces = list(_pieces(title))
            if max((self._length(size, piece) for _, piece in pieces), default=0) > width:
                continue
            lines = self._balanced(pieces, size, width)
            if len(lines) <= _room(size):
                return size, lines
        size = _TITLE_SIZES[-1]
        lines = self._broken(list(self._short_pieces(title, size, width)), size, width)
        room = _room(size)
        return size, lines if len(lines) <= room else [
            *lines[: room - 1],
            self._cut(f"{lines[room - 1]} …", size, width),
        ]

    def _balanced(self, pieces: Sequence[tuple[str, str]], size: int, width: int) -> list[str]:
        """The lines of a text, no more than are needed and of about one length."""
        best = self._broken(pieces, size, width)
        longest = max((self._length(size, piece) for _, piece in pieces), default=0)
        low, high = max(width // max(1, len(best)), round(longest)), width
        while high - low > 8:
            middle = (low + high) // 2
            lines = self._broken(pieces, size, middle)
            if len(lines) > len(best):
                low = middle
            else:
                best, high = lines, middle
        return best

    def _broken(self, pieces: Sequence[tuple[str, str]], size: int, width: int) -> list[str]:
        lines: list[str] = []
        filled = 0.0
        for gap, piece in pieces:
            length = self._length(size, piece)
            gap_length = self._length(size, gap) if gap else 0.0
            if lines and filled + gap_length + length <= width:
                lines[-1] += gap + piece
                filled += gap_length + length
            else:
                lines.append(piece)
                filled = length
        return lines

    def _short_pieces(self, title: str, size: int, width: int) -> Iterator[tuple[str, str]]:
        """The pieces of a title; those that are longer than a line fall apart."""
        for gap, piece in _pieces(title):
            while self._length(size, piece) > width:
                fits = next(
                    at for at in range(len(piece) - 1, 0, -1) if self._length(size, piece[:at]) <= width or at == 1
                )
                yield gap, piece[:fits]
                gap, piece = "", piece[fits:]
            yield gap, piece

    def _cut(self, line: str, size: int, width: int) -> str:
        """`line`, or as many of its words as have room, and an ellipsis."""
        if self._length(size, line) <= width and not line.endswith(" …"):
            return line
        words = line.removesuffix(" …")
        while words and self._length(size, f"{words}…") > width:
            words = words.rpartition(" ")[0] or words[:-1]
        return words.rstrip(" ,;:–—-") + "…"

    def _length(self, size: int, text: str) -> float:
        key = (size, text)
        if key not in self._lengths:
            self._lengths[key] = self._at(size).getlength(text)
        return self._lengths[key]

    def _at(self, size: int) -> ImageFont.FreeTypeFont:
        if size not in self._sizes:
            basic = ImageFont.Layout.BASIC
            self._sizes[size] = ImageFont.truetype(io.BytesIO(self._font), size, layout_engine=basic)
        return self._sizes[size]

    def _glyph(self, character: str) -> tuple[float, bytes]:
        font = self._at(_NAME_SIZE)
        return font.getlength(character), bytes(font.getmask(character))


def _palette(colours: SocialColours) -> list[int]:
    """Red, green and blue of 256 colours: the steps from ground to ink, and the accent at the end."""
    ground, ink = colours.ground, colours.ink
    ramp = [
        round(ground[part] + (ink[part] - ground[part]) * min(step, _INK) / _INK)
        for step in range(_ACCENT)
        for part in range(3)
    ]
    return [*ramp, *colours.accent]


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """What stays together on a line, each behind the space or nothing that is before it."""
    end = 0
    for found in _PIECE.finditer(text):
        yield (" " if found.start() > end else ""), found[0]
        end = found.end()


def _room(size: int) -> int:
    """How many lines of a title have room."""
    return int(_TITLE_HEIGHT / (size * _LINE_HEIGHT))


def _is_simple(character: str) -> bool:
    """Whether a character stands for itself, left to right, whatever is beside it."""
    is_mark = unicodedata.category(character)[0] in "MC"
    return not is_mark and unicodedata.bidirectional(character) not in ("R", "AL", "AN")


def _is_ornament(character: str) -> bool:
    """Whether a title says the same without it: emoji, and what joins and colours them."""
    return unicodedata.category(character) in ("So", "Sk", "Cf") or character in "\u20e3\ufe0e\ufe0f"
