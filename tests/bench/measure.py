"""Run a command and see what it cost: wall time, processor time, memory. Linux only."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

#: How often memory is looked at, in seconds.
_EVERY: Final = 0.02


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost, or the median of several.

    `cpu_s` is user and system time of the process and of all that it waited for; `largest_mb` is the largest
    resident set among those.
    """

    wall_s: float
    cpu_s: float
    largest_mb: float


@dataclass(frozen=True, slots=True)
class Row:
    """One case: the medians of its runs, and the most memory at one time (see `peak_mb`)."""

    name: str
    cost: Cost
    peak_mb: float


def timed(command: Sequence[str], folder: Path) -> Cost:
    """What `command` costs in `folder`. Exits with the command's output when it fails."""
    os.sync()  # Or the run would also wait for the disk to take what earlier ones wrote.
    started = time.perf_counter()
    process = _start(command, folder)
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    _check(process, status, folder)
    return Cost(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)


def peak_mb(command: Sequence[str], folder: Path) -> float:
    """The most memory that `command` and its processes have at one time, in MB of 10⁶ bytes.

    A page of memory that several processes share is counted once (proportional set size, proc_pid_smaps(5)). To
    look takes its time, so this is not a run to be timed. Exits with the command's output when it fails.
    """
    process = _start(command, folder)
    peak, status, pid = 0, 0, 0
    while not pid:
        peak = max(peak, sum(_pss_kb(one) for one in _tree(process.pid)))
        time.sleep(_EVERY)
        pid, status = os.waitpid(process.pid, os.WNOHANG)
    _check(process, status, folder)
    return peak * 1024 / 1e6


def median_cost(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        wall_s=median(cost.wall_s for cost in costs),
        cpu_s=median(cost.cpu_s for cost in costs),
        largest_mb=median(cost.largest_mb for cost in costs),
    )


def environment() -> dict[str, str]:
    """The environment of this process, with Python's byte code cached as it is where programs are installed."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _start(command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    with _log(folder).open("wb") as output:
        return subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, env=environment())


def _check(process: subprocess.Popen[bytes], status: int, folder: Path) -> None:
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        assert isinstance(process.args, Sequence)
        output = _log(folder).read_text("utf-8", "replace")
        sys.exit(f"{shlex.join(map(str, process.args))} ended with {process.returncode}:\n{output}")


def _log(folder: Path) -> Path:
    return folder / "log.txt"


def _tree(pid: int) -> Iterator[int]:
    """The process and its descendants; those that end meanwhile are left out."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in children.read_text().split():
                yield from _tree(int(child))


def _pss_kb(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
