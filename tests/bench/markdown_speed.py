"""How long our Markdown takes, as a share of what markdown-it-py takes for the same posts in the same process.

    python -m tests.bench.markdown_speed [FOLDER OF POSTS] [--rounds 7]

Without a folder the posts are those of `corpus.py`. It prints the time of the CPU, the least of the rounds, in which
the parsers take turns, and fails if the HTML of the plain mode is not that of markdown-it-py.
"""

from __future__ import annotations

import argparse
import gc
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from tests.bench.corpus import make_post

from leadpages.build.markdown import MarkdownOptions, parser

_POSTS: Final = 200

#: What our tables and code have around them, for who comes by keyboard or with a strict policy.
_OURS = (
    (re.compile(r'<div class="table"[^>]*>(<table>.*?</table>)</div>', re.DOTALL), r"\1"),
    (re.compile(r'<pre tabindex="0">'), "<pre>"),
    (re.compile(r'class="align-(\w+)"'), r'style="text-align:\1"'),
)


def as_plain(html: str) -> str:
    """`html` without what ours adds to CommonMark and tables."""
    for pattern, replacement in _OURS:
        html = pattern.sub(replacement, html)
    return html


def least_times(renderers: Mapping[str, Callable[[str], str]], posts: list[str], rounds: int) -> dict[str, float]:
    """The least time in milliseconds a post of each renderer."""
    least = dict.fromkeys(renderers, float("inf"))
    for _ in range(rounds):
        for name, render in renderers.items():
            gc.collect()
            start = time.process_time()
            for post in posts:
                render(post)
            least[name] = min(least[name], time.process_time() - start)
    return {name: 1000 * seconds / len(posts) for name, seconds in least.items()}


def read_bodies(folder: Path) -> list[str]:
    """The Markdown of every post in `folder`, without front matter."""
    texts = [file.read_text("utf-8") for file in sorted(folder.glob("**/*.md"))]
    return [text.split("---\n", 2)[2] if text.startswith("---\n") else text for text in texts]


def main() -> int:
    """Measures and prints."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path, nargs="?")
    arguments.add_argument("--rounds", type=int, default=7)
    given = arguments.parse_args()
    posts = read_bodies(given.folder) if given.folder else [make_post(number, _POSTS).body for number in range(_POSTS)]
    stock = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    plain = parser(MarkdownOptions(anchors=False, highlight=False, smart_quotes=False))
    unlike = [number for number, post in enumerate(posts) if as_plain(plain.render(post)) != stock.render(post)]
    renderers = {
        "markdown-it-py": stock.render,
        "plain": plain.render,
        "anchors": parser(MarkdownOptions(highlight=False, smart_quotes=False)).render,
        "quotes": parser(MarkdownOptions(highlight=False)).render,
        "all": parser().render,
        "commonmark": parser(MarkdownOptions(preset="commonmark")).render,
    }
    times = least_times(renderers, posts, given.rounds)
    for name, milliseconds in times.items():
        print(f"{name:15} {milliseconds:.3f} ms a post, {milliseconds / times['markdown-it-py']:.2f} of markdown-it-py")
    if unlike:
        print(f"{len(unlike)} of {len(posts)} posts are not as markdown-it-py renders them")
    return 1 if unlike else 0


if __name__ == "__main__":
    sys.exit(main())
