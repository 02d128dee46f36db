"""Build one site from the same posts with leadpages and with Pelican, and compare time and memory.

Both build a page a post, an index of ten a page, a page a tag, a feed of twenty and a sitemap, each time in a
fresh process with no output and no caches of its own. leadpages also puts a form under every post, and is then
run once more with nothing changed. The two take turns, so that a busy machine slows both. Pelican comes into a
virtual environment of its own under work/. Unix only.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final

HERE: Final = Path(__file__).parent
WORK: Final = HERE / "work"
_OLD: Final = WORK / "old"
_PELICAN: Final = "pelican[markdown]"
_NUMBERS: Final = count()

_PROJECT: Final = {
    "leadpages.toml": """\
title = "Bench"
base_url = "https://bench.example"
[[menu]]
label = "Posts"
url = "/"
[[menu]]
label = "Pricing"
url = "/tags/pricing/"
[[place]]
form = "newsletter"
""",
    "forms/newsletter.toml": """\
title = "One mail a month"
intro = "New articles, and nothing else."
button = "Sign me up"
double_opt_in = true
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
[[fields]]
name = "newsletter_consent"
type = "consent"
label = "Yes, send me one mail a month."
required = true
""",
}


@dataclass(frozen=True, slots=True)
class Generator:
    """A generator with the site laid out for it; `made` is everything that a build leaves in `folder`."""

    name: str
    version: str
    folder: Path
    command: tuple[str, ...]
    output: str
    made: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one build cost, or the median of several; `peak_mb` is that of its largest process."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def leadpages(posts: int) -> Generator:
    """The leadpages of the interpreter that runs this, on a fresh project."""
    folder = _fresh_folder("leadpages")
    for path, text in _PROJECT.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    _write_corpus(folder / "site", posts, "leadpages")
    tool = Path(sys.executable).with_name("leadpages")
    # Strict, so that no warning goes unnoticed: there are none to print in the site as it should be.
    command = (str(tool), "build", "--strict")
    made = ("public", "bundle", ".leadpages")
    return Generator("leadpages", _last_word(tool, "--version"), folder, command, "public", made)


def pelican(posts: int) -> Generator:
    """The newest Pelican, or the one that is installed under work/, on a fresh project."""
    tool = WORK / "pelican-venv" / "bin" / "pelican"
    if not tool.exists():
        venv.create(tool.parents[1], with_pip=True, clear=True)
        subprocess.run([tool.with_name("pip"), "install", "-qq", _PELICAN], check=True, stdout=sys.stderr)
    folder = _fresh_folder("pelican")
    shutil.copytree(HERE / "pelican", folder, dirs_exist_ok=True)
    _write_corpus(folder / "content", posts, "pelican")
    made = ("output", "cache", "__pycache__")
    command = (str(tool), "--settings", "pelicanconf.py", "--quiet")
    return Generator("pelican", _last_word(tool, "--version"), folder, command, "output", made)


def compare(ours: Generator, theirs: Generator, rounds: int) -> dict[str, Cost]:
    """Medians by name; the first round warms up and is not counted."""
    costs: dict[str, list[Cost]] = {"leadpages": [], "pelican": [], "leadpages, nothing changed": []}
    for number in range(rounds + 1):
        print(f"round {number} of {rounds}" if number else "warming up", file=sys.stderr)
        for generator in (theirs, ours):
            _set_aside(generator)
            costs[generator.name].append(_run(generator))
        costs["leadpages, nothing changed"].append(_run(ours))
    return {name: _median(runs[1:]) for name, runs in costs.items()}


def _fresh_folder(name: str) -> Path:
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _write_corpus(folder: Path, posts: int, flavour: str) -> None:
    command = [sys.executable, str(HERE / "corpus.py"), str(folder), "--posts", str(posts), "--flavour", flavour]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _last_word(tool: Path, option: str) -> str:
    return subprocess.run([tool, option], check=True, capture_output=True, text=True).stdout.split()[-1]


def _set_aside(generator: Generator) -> None:
    """Move away what a build left: to delete it would slow down the builds that follow."""
    aside = _OLD / str(next(_NUMBERS))
    aside.mkdir(parents=True)
    for path in (generator.folder / name for name in generator.made):
        if path.exists():
            path.rename(aside / path.name)


def _run(generator: Generator) -> Cost:
    log = generator.folder / "log.txt"
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            generator.command, cwd=generator.folder, stdout=output, stderr=output, env=_environment()
        )
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{generator.name} failed:\n{log.read_text('utf-8', 'replace')}")
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    return Cost(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss * bytes_per_unit / 1e6)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(
        wall_s=median(cost.wall_s for cost in costs),
        cpu_s=median(cost.cpu_s for cost in costs),
        peak_mb=median(cost.peak_mb for cost in costs),
    )


def _pages(generator: Generator) -> int:
    return sum(1 for _ in (generator.folder / generator.output).rglob("*.html"))


def _ratio(costs: Mapping[str, Cost]) -> Cost:
    ours, theirs = costs["leadpages"], costs["pelican"]
    return Cost(ours.wall_s / theirs.wall_s, ours.cpu_s / theirs.cpu_s, ours.peak_mb / theirs.peak_mb)


def _print_table(costs: Mapping[str, Cost], generators: Sequence[Generator], ratio: Cost) -> None:
    for generator in generators:
        print(f"{generator.name} {generator.version}: {_pages(generator)} HTML pages")
    print(f"\n{'':28}{'wall':>9}{'CPU':>9}{'peak':>9}")
    for name, cost in costs.items():
        print(f"{name:28}{cost.wall_s:7.2f} s{cost.cpu_s:7.2f} s{cost.peak_mb:6.0f} MB")
    print(f"{'leadpages / pelican':28}{ratio.wall_s:7.2f}  {ratio.cpu_s:7.2f}  {ratio.peak_mb:6.2f}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 when leadpages took more than the allowed part of Pelican's time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--at-most", type=float, default=0.5, metavar="RATIO", help="of Pelican's time (default 0.5)")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args(arguments)
    generators = (leadpages(options.posts), pelican(options.posts))
    costs = compare(*generators, options.rounds)
    ratio = _ratio(costs)
    if options.as_json:
        versions = {generator.name: generator.version for generator in generators}
        figures = {name: asdict(cost) for name, cost in costs.items()}
        report = {"posts": options.posts, "versions": versions, "medians": figures, "ratio": asdict(ratio)}
        print(json.dumps(report))
    else:
        _print_table(costs, generators, ratio)
    shutil.rmtree(_OLD)
    return int(ratio.wall_s > options.at_most)


if __name__ == "__main__":
    sys.exit(main())
