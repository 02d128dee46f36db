"""What leadpages is to reach in speed and memory, as ratios within one run where that can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.bench.measure import Row

#: The cases by the names of their rows.
OURS: Final = "leadpages"
UNCHANGED: Final = "leadpages, nothing changed"
ONE_CHANGED: Final = "leadpages, one post changed"
NEXT_CHANGED: Final = "leadpages, the next change"

#: Posts, our case, their clean build, and the part of their wall time that ours may take.
_TIMES: Final = (
    (1_000, OURS, "hugo", 2.5),
    (1_000, OURS, "eleventy", 0.6),
    (10_000, OURS, "hugo", 2.0),
    (10_000, OURS, "eleventy", 0.6),
    (10_000, OURS, "pelican", 0.25),
    (10_000, ONE_CHANGED, "hugo", 0.25),
    (10_000, NEXT_CHANGED, "hugo", 0.25),
    (10_000, UNCHANGED, "hugo", 0.1),
)
_MEMORY_OF_HUGO: Final = 0.35
_KB_A_POST: Final = 12.0
_MB_FOR_100_000: Final = 2500.0


@dataclass(frozen=True, slots=True)
class Target:
    """A measured figure and the most that it may be."""

    text: str
    value: float
    at_most: float

    @property
    def reached(self) -> bool:
        """Whether the figure is within its bound."""
        return self.value <= self.at_most


def targets(sizes: Mapping[int, Mapping[str, Row]]) -> list[Target]:
    """The targets for which rows were measured; `sizes` has the rows of each number of posts by their names."""
    return [*_times(sizes), *_memory(sizes)]


def show(found: list[Target]) -> str:
    """A line a target."""
    head = f"{'':54}{'measured':>9}{'at most':>9}"
    lines = (
        f"{one.text:54}{one.value:9.2f}{one.at_most:9.2f}  {'reached' if one.reached else 'missed'}" for one in found
    )
    return "\n".join([head, *lines])


def _times(sizes: Mapping[int, Mapping[str, Row]]) -> Iterator[Target]:
    for posts, case, peer, at_most in _TIMES:
        rows = sizes.get(posts, {})
        if case in rows and peer in rows:
            ratio = rows[case].cost.wall_s / rows[peer].cost.wall_s
            yield Target(f"time, {posts:,} posts: {case} / {peer}", ratio, at_most)


def _memory(sizes: Mapping[int, Mapping[str, Row]]) -> Iterator[Target]:
    peaks = {(posts, name): row.peak_mb for posts, rows in sizes.items() for name, row in rows.items()}
    small, large, huge = peaks.get((1_000, OURS)), peaks.get((10_000, OURS)), peaks.get((100_000, OURS))
    hugo = peaks.get((10_000, "hugo"))
    if large and hugo:
        yield Target("memory, 10,000 posts: leadpages / hugo", large / hugo, _MEMORY_OF_HUGO)
    if large and small:
        yield Target("memory a post, from 1,000 to 10,000, in KB", (large - small) * 1000 / 9_000, _KB_A_POST)
    if huge:
        yield Target("memory, 100,000 posts, in MB", huge, _MB_FOR_100_000)
