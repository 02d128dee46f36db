"""Build one site from the same posts with leadpages, Hugo, Eleventy and Pelican, and compare time and memory.

Each makes a page a post, an index of ten a page, a page a tag, a feed of twenty and a sitemap, in a fresh process
without output or caches of its own ("clean"). leadpages then builds again with nothing changed, and twice more after
a line was added to one post: the first of these has to make the second one of the two folders, too. All take turns,
so that a busy machine slows all of them. The first round looks at the memory of each and is not timed. With more than
10,000 posts leadpages builds alone. Linux only.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from tests.bench.generators import GENERATORS, Generator, remove_sites
from tests.bench.measure import Cost, Row, median_cost, peak_mb, timed
from tests.bench.page_text import first_difference, post_words
from tests.bench.targets import NEXT_CHANGED, ONE_CHANGED, OURS, UNCHANGED, show, targets

_PEERS_UP_TO: Final = 10_000


def compare(generators: Sequence[Generator], rounds: int) -> dict[str, Row]:
    """What each case cost, by its name: a generator's own for its clean build."""
    peaks = {name: peak_mb(one.command, one.folder) for name, one in _turns(generators, 0)}
    _check_alike(generators)
    costs: dict[str, list[Cost]] = {name: [] for name in peaks}
    for number in range(1, rounds + 1):
        for name, generator in _turns(generators, number):
            costs[name].append(timed(generator.command, generator.folder))
    return {name: Row(name, median_cost(costs[name]), peak) for name, peak in peaks.items()}


def _turns(generators: Sequence[Generator], number: int) -> Iterator[tuple[str, Generator]]:
    """Every case once, each made ready before it is handed out and looked at after it was built."""
    print(f"round {number}" if number else "looking at memory", file=sys.stderr)
    for generator in generators:
        generator.set_aside()
        yield generator.name, generator
        if generator.name == OURS:
            yield UNCHANGED, generator
            for case in (ONE_CHANGED, NEXT_CHANGED):
                _change(generator, line := f"Added in round {number} for {case}.")
                yield case, generator
                page = generator.page_of(generator.middle_post())
                if line not in page.read_text("utf-8"):
                    sys.exit(f"leadpages did not bring {page} up to date")


def _change(generator: Generator, line: str) -> None:
    with generator.middle_post().open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")


def _check_alike(generators: Sequence[Generator]) -> None:
    """Exit unless all made the same text of the same post, for else the figures say nothing."""
    first, *others = generators
    post = sorted(first.posts.iterdir())[0]
    words = {one.name: post_words(one.page_of(post).read_text("utf-8")) for one in generators}
    for other in others:
        if difference := first_difference(words[first.name], words[other.name]):
            sys.exit(f"{first.name} and {other.name} differ in {post.stem} {difference}")


def _print_table(posts: int, generators: Sequence[Generator], rows: Mapping[str, Row]) -> None:
    made = ", ".join(f"{one.name} {one.version} {one.count_pages():,} pages" for one in generators)
    print(f"\n{posts:,} posts: {made}\n")
    print(f"{'':28}{'wall':>9}{'CPU':>9}{'peak':>10}{'largest':>10}")
    for row in rows.values():
        cost = row.cost
        print(f"{row.name:28}{cost.wall_s:7.2f} s{cost.cpu_s:7.2f} s{row.peak_mb:7.0f} MB{cost.largest_mb:7.0f} MB")


def _measure(options: argparse.Namespace) -> dict[int, dict[str, Row]]:
    """The rows by size, each table printed as soon as it is there."""
    sizes = {}
    for posts in options.posts:
        names = [name for name in options.only if name == OURS or posts <= _PEERS_UP_TO]
        generators = [GENERATORS[name](posts) for name in names]
        sizes[posts] = compare(generators, options.rounds)
        if not options.as_json:
            _print_table(posts, generators, sizes[posts])
    return sizes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 when a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, nargs="+", default=[1_000, 10_000], help="default 1000 10000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=GENERATORS, nargs="+", default=list(GENERATORS), help="default all")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args(arguments)
    remove_sites()
    try:
        sizes = _measure(options)
    finally:
        remove_sites()
    found = targets(sizes)
    if options.as_json:
        rows = {posts: [asdict(row) for row in rows.values()] for posts, rows in sizes.items()}
        print(json.dumps({"rows": rows, "targets": [asdict(one) | {"reached": one.reached} for one in found]}))
    elif found:
        print(f"\n{show(found)}")
    return int(not all(one.reached for one in found))


if __name__ == "__main__":
    sys.exit(main())
