"""Texts with gaps, filled at send time: `Hi {{ name or "there" }}`.

The build parses them once into pieces; filling joins pieces. No template engine runs over anything
that a writer or a visitor typed, so nothing can be evaluated that was not meant to be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

_GAP = re.compile(r"\{\{\s*([A-Za-z_][\w.]*)\s*(?:or\s*(?:\"([^\"]*)\"|'([^']*)')\s*)?\}\}")


class Gap(NamedTuple):
    """A named gap, and the text that stands in when there is no value."""

    name: str
    otherwise: str = ""


Pieces = tuple[str | Gap, ...]


def parse(text: str) -> Pieces:
    """Split `text` at its gaps. Never raises; `leftovers` finds what looks like a gap and is none."""
    pieces: list[str | Gap] = []
    end = 0
    for found in _GAP.finditer(text):
        pieces += [text[end : found.start()], Gap(found[1], found[2] or found[3] or "")]
        end = found.end()
    return tuple(piece for piece in [*pieces, text[end:]] if piece)


def leftovers(pieces: Pieces) -> Iterable[str]:
    """The beginnings of braces that are no gap (`{% if %}`, `{{ a + b }}`)."""
    for piece in pieces:
        if isinstance(piece, str):
            yield from re.findall(r"\{\{.{0,30}|\{%.{0,30}", piece)


def fill(pieces: Pieces, values: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
    """Join `pieces`; values and stand-ins pass through `escape`, the writer's own text does not."""
    return "".join(
        piece if isinstance(piece, str) else escape(values.get(piece.name) or piece.otherwise) for piece in pieces
    )
