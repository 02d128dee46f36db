"""What a build is asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """`base_url` replaces the configured one unless it is "".

    With `same_origin`, the handler is where the site is, whatever the project says: a preview.
    """

    drafts: bool = False
    strict: bool = False
    base_url: str = ""
    same_origin: bool = False
    workers: int = 1
