"""How long `leadpages --help` takes, beside a Python that does no more than `import click`.

Each in a fresh process, by turns; click is the library that reads the command line, so that is the least it can be.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.measure import environment

_AT_MOST: Final = 2.0
_COMMANDS: Final = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "python -c 'import click'": (sys.executable, "-c", "import click"),
    "leadpages --help": (str(Path(sys.executable).with_name("leadpages")), "--help"),
}


def measure(rounds: int) -> dict[str, float]:
    """Median milliseconds by command; the first round fills the caches and is not counted."""
    times: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    for _ in range(rounds + 1):
        for name, command in _COMMANDS.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment())
            times[name].append((time.perf_counter() - started) * 1000)
    return {name: median(found[1:]) for name, found in times.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 when `leadpages --help` took more than twice the time of the import."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args(arguments)
    times = measure(options.rounds)
    ratio = times["leadpages --help"] / times["python -c 'import click'"]
    reached = ratio <= _AT_MOST
    if options.as_json:
        print(json.dumps({"ms": times, "ratio": ratio, "at_most": _AT_MOST, "reached": reached}))
    else:
        for name, ms in times.items():
            print(f"{name:28}{ms:6.0f} ms")
        print(f"{'help / import':28}{ratio:6.2f}, at most {_AT_MOST:.2f}: {'reached' if reached else 'missed'}")
    return int(not reached)


if __name__ == "__main__":
    sys.exit(main())
