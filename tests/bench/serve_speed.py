"""How soon a saved change is on disk under `leadpages serve`, in a project of 10,000 posts.

A line is appended to one post, and the clock runs until the page that would be served has it: the file watcher's wait
is in the figure. Each round changes another post, when the build of the round before has ended.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.generators import Generator, leadpages, remove_sites
from tests.bench.measure import environment, free_port

_AT_MOST_S: Final = 0.2
_SERVED: Final = ".leadpages/serve/public"
_READY_WITHIN_S: Final = 300.0
_CHANGED_WITHIN_S: Final = 60.0
#: Held while a build runs.
_LOCK: Final = ".leadpages/serve/.leadpages/lock"
_REST_S: Final = 2.0


def measure(generator: Generator, rounds: int) -> list[float]:
    """Seconds from the end of the write to the page with it, for each round but the first."""
    posts = sorted(generator.posts.iterdir())[:: len(list(generator.posts.iterdir())) // (rounds + 1)]
    with _serving(generator):
        return [_change(generator.folder, post, number) for number, post in enumerate(posts[: rounds + 1])][1:]


@contextmanager
def _serving(generator: Generator) -> Iterator[None]:
    """`leadpages serve` for the project, ready to answer. Exits with its output when it ends or takes too long."""
    port = free_port()
    log = generator.folder / "log.txt"
    command = [*generator.command[:-1], "serve", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=generator.folder, stdout=output, stderr=output, env=environment())
    try:
        give_up = time.monotonic() + _READY_WITHIN_S
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > give_up:
                sys.exit(f"leadpages serve did not get ready:\n{log.read_text('utf-8', 'replace')}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def _change(project: Path, post: Path, number: int) -> float:
    _wait_for_rest(project / _LOCK)
    page = project / _SERVED / "posts" / post.stem / "index.html"
    text = f"Added in round {number}."
    with post.open("a", encoding="utf-8") as file:
        file.write(f"\n{text}\n")
    started = time.perf_counter()
    while not _has(page, text):
        if time.perf_counter() - started > _CHANGED_WITHIN_S:
            sys.exit(f"{page} never had {text!r}")
        time.sleep(0.001)
    return time.perf_counter() - started


def _wait_for_rest(lock: Path) -> None:
    """Return when no build has run for a while."""
    ended = time.monotonic()
    while time.monotonic() - ended < _REST_S:
        time.sleep(0.05)
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                ended = time.monotonic()


def _has(page: Path, text: str) -> bool:
    with suppress(FileNotFoundError):  # For a moment, while the two trees are exchanged.
        return text in page.read_text("utf-8")
    return False


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 when the median is over 0.2 s."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args(arguments)
    remove_sites()
    try:
        times = measure(leadpages(options.posts), options.rounds)
    finally:
        remove_sites()
    seconds = median(times)
    reached = seconds <= _AT_MOST_S
    if options.as_json:
        print(json.dumps({"seconds": times, "median": seconds, "at_most": _AT_MOST_S, "reached": reached}))
    else:
        print("  ".join(f"{one:.3f}" for one in times) + " s")
        print(f"median {seconds:.3f} s, at most {_AT_MOST_S:.3f} s: {'reached' if reached else 'missed'}")
    return int(not reached)


if __name__ == "__main__":
    sys.exit(main())
