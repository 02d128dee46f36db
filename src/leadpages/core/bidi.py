"""Writing that runs the other way keeps to itself (Unicode, UAX #9)."""

from __future__ import annotations

import re

#: Embeddings, overrides and isolates, and what ends them. Marks that concern one place alone are not among them.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def isolated(text: str) -> str:
    """`text` without what would turn round also what stands after it, between marks that keep it apart."""
    plain = _TURNS.sub("", text)
    return f"\u2068{plain}\u2069" if plain != text else text
