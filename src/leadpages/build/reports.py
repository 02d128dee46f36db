"""What a build says while it works, and when it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from leadpages.core.errors import Problem

#: Called with what is being done, how much of it is done and how much there is.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Counts:
    """How much of everything a site has."""

    posts: int
    pages: int
    terms: int
    forms: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a build wrote, how long it took in seconds, and the warnings that did not stop it."""

    counts: Counts
    changed: int
    unchanged: int
    seconds: float
    warnings: tuple[Problem, ...]


def quiet(what: str, done: int, count: int) -> None:
    """Nobody looks."""
