"""Reading `.sql` files: one statement under each `-- name: …` line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

# Not `importlib.resources`, which takes a twentieth of a cold start.
_STORES: Final = Path(__file__).parents[1]


def read_queries(dialect: str) -> dict[str, str]:
    """The statements that all dialects share, by name, and those of `dialect`, some of which take their place.

    A dozen lines instead of aiosql: that library costs 70 ms at import, most of a function's cold start.
    """
    found: dict[str, str] = {}
    for folder in ("sql", dialect):
        text = (_STORES / folder / "queries.sql").read_text("utf-8")
        parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
        found |= {
            name: statement.strip().removesuffix(";") for name, statement in zip(parts[1::2], parts[2::2], strict=True)
        }
    return found


def read_migrations(dialect: str) -> list[list[str]]:
    """The statements of `0001_….sql`, `0002_….sql` and so on, in that order."""
    texts = (file.read_text("utf-8") for file in sorted((_STORES / dialect).glob("[0-9]*.sql")))
    return [[s for s in text.split(";\n") if s.strip()] for text in texts]
