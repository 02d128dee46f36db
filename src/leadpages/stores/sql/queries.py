"""Reading `.sql` files: one statement under each `-- name: …` line."""

from __future__ import annotations

import re
from importlib.resources import files


def read_queries(*packages: str) -> dict[str, str]:
    """The statements of `queries.sql` in each of `packages`, by name; a later one takes the place of an earlier one.

    A dozen lines instead of aiosql: that library costs 70 ms at import, most of a function's cold start.
    """
    found: dict[str, str] = {}
    for package in packages:
        text = (files(package) / "queries.sql").read_text("utf-8")
        parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
        found |= {
            name: statement.strip().removesuffix(";") for name, statement in zip(parts[1::2], parts[2::2], strict=True)
        }
    return found


def read_migrations(package: str) -> list[list[str]]:
    """The statements of `0001_….sql`, `0002_….sql` and so on in `package`, in that order."""
    found = sorted(
        (entry for entry in files(package).iterdir() if re.match(r"\d{4}_\w+\.sql$", entry.name)),
        key=lambda entry: entry.name,
    )
    return [[s for s in entry.read_text("utf-8").split(";\n") if s.strip()] for entry in found]
