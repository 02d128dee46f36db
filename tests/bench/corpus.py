"""Write a corpus of marketing posts, about 3.5 KB each: the same bytes whenever and wherever it is made.

The bodies are the same for every generator; Pelican has a form of front matter of its own.
"""

from __future__ import annotations

import argparse
import json
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final, Literal, get_args

Flavour = Literal["yaml", "pelican"]

COVER: Final = "/media/cover.webp"
#: One pixel.
_COVER_BYTES: Final = b64decode("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
_FIRST_DAY: Final = date(2012, 3, 1)
_DAYS: Final = 5000

#: Words, the small words between them, and tags: a paragraph each.
_LISTS: Final = Path(__file__).with_name("words.txt").read_text("utf-8").split("\n\n")
_WORDS, _GLUE = _LISTS[0].split(), _LISTS[1].split()
_TAGS: Final = [" ".join(tag.split()) for tag in _LISTS[2].split(",")]
_TITLES: Final = ("How to plan {} for {}", "What {} tells you about {}", "{} and {}, step by step", "From {} to {}")
_HEADINGS: Final = ("Why {} matters", "Where {} meets {}", "Three ways to {}", "Mistakes with {}", "What to do next")


@dataclass(frozen=True, slots=True)
class Post:
    """One post; `body` is Markdown."""

    slug: str
    title: str
    day: date
    description: str
    tags: tuple[str, ...]
    body: str


def make_post(number: int, count: int) -> Post:
    """Post `number` of `count`, counted from 0; it links to the post before it."""
    random = Random(f"post {number}")
    title = _title(number)
    return Post(
        slug=_slug(number),
        title=title,
        day=_FIRST_DAY + timedelta(days=number * 7919 % _DAYS),
        description=_sentence(random, 14),
        tags=tuple(random.sample(_TAGS, random.randint(1, 3))),
        body="\n\n".join(_body(random, title, number, count)) + "\n",
    )


def with_front_matter(post: Post, flavour: Flavour) -> str:
    """The whole text of the post's file."""
    if flavour == "pelican":
        keys = {"Title": post.title, "Date": str(post.day), "Description": post.description, "Image": COVER}
        keys |= {"Tags": ", ".join(post.tags), "Slug": post.slug}
        return "".join(f"{key}: {value}\n" for key, value in keys.items()) + "\n" + post.body
    tags = "".join(f"  - {tag}\n" for tag in post.tags)
    quoted = f"title: {json.dumps(post.title)}\ndate: {post.day}\ndescription: {json.dumps(post.description)}\n"
    return f"---\n{quoted}image: {COVER}\ntags:\n{tags}---\n\n{post.body}"


def write_corpus(folder: Path, count: int, flavour: Flavour) -> int:
    """Write `count` posts into `folder/posts` and return their bytes; the image they show goes into `folder/media`."""
    (folder / "posts").mkdir(parents=True, exist_ok=True)
    written = 0
    for number in range(count):
        post = make_post(number, count)
        written += (folder / "posts" / f"{post.slug}.md").write_bytes(with_front_matter(post, flavour).encode())
    (folder / "media").mkdir(exist_ok=True)
    (folder / COVER.lstrip("/")).write_bytes(_COVER_BYTES)
    return written


def _title(number: int) -> str:
    random = Random(f"title {number}")
    title = random.choice(_TITLES).format(*random.sample(_WORDS, 2))
    return title[0].upper() + title[1:]


def _slug(number: int) -> str:
    return f"{_title(number).lower().replace(',', '').replace(' ', '-')}-{number:05d}"


def _body(random: Random, title: str, number: int, count: int) -> list[str]:
    previous = (number - 1) % count
    blocks = [f"![{title}]({COVER})", _paragraph(random, 2)]
    blocks += [_heading(random, 0), _paragraph(random, 3), _paragraph(random, 2)]
    blocks += [_heading(random, 1), _items(random, ordered=True)]
    blocks += [f"{_sentence(random, 9)} More on this in [{_title(previous)}](/posts/{_slug(previous)}/)."]
    blocks += [_heading(random, 2), _paragraph(random, 2), _items(random, ordered=False)]
    blocks += [_heading(random, 3), _paragraph(random, 2), _items(random, ordered=False)]
    if number % 5 == 0:
        blocks += [_code(random), _table(random)]
    source = f"[{random.choice(_WORDS)} {random.choice(_WORDS)}](https://example.com/{random.choice(_WORDS)})"
    return [*blocks, _heading(random, 4), f"{_paragraph(random, 2)} The figures are from {source}."]


def _heading(random: Random, kind: int) -> str:
    return "## " + _HEADINGS[kind].format(*random.sample(_WORDS, 2))


def _paragraph(random: Random, sentences: int) -> str:
    return " ".join(_sentence(random, random.randint(12, 26), bold=at == 0) for at in range(sentences))


def _items(random: Random, *, ordered: bool) -> str:
    count = random.randint(3, 5)
    marks = [f"{number}." if ordered else "-" for number in range(1, count + 1)]
    return "\n".join(f"{mark} **{random.choice(_WORDS).title()}:** {_sentence(random, 13)}" for mark in marks)


def _sentence(random: Random, length: int, *, bold: bool = False) -> str:
    words = [random.choice(_GLUE if at % 2 else _WORDS) for at in range(length)]
    if bold:
        words[2] = f"**{words[2]} {random.choice(_WORDS)}**"
    words[length // 2] += ","
    return words[0].title() + " " + " ".join(words[1:]) + "."


def _code(random: Random) -> str:
    name = random.choice(_WORDS)
    body = f"    points = {random.randint(2, 9)} * lead.visits\n    return points if lead.email else 0"
    return f"```python\ndef {name}_score(lead: Lead) -> int:\n{body}\n```"


def _table(random: Random) -> str:
    rows = (f"| {random.choice(_WORDS)} | {random.randint(5, 900)} | {random.random():.2f} |" for _ in range(5))
    return "| Source | Leads | Rate |\n| --- | ---: | ---: |\n" + "\n".join(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where posts/ and media/ go")
    parser.add_argument("--posts", type=int, default=1000)
    parser.add_argument("--flavour", choices=get_args(Flavour), default="yaml")
    options = parser.parse_args(arguments)
    written = write_corpus(options.folder, options.posts, options.flavour)
    print(f"{options.posts} posts, {written // max(options.posts, 1)} bytes each on average")


if __name__ == "__main__":
    main()
