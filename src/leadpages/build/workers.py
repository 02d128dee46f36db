"""Sharing one job out over processes that are forked for it, where forking is sound."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from collections.abc import Callable, Sequence
from typing import BinaryIO, Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Below this many items, a process costs more than it saves.
_WORTH_A_PROCESS: Final = 100


def share_out(work: Callable[[Sequence[Item]], Result], items: Sequence[Item], workers: int) -> list[Result]:
    """`work` done on consecutive shares of `items`, in up to `workers` processes; the results in their order.

    A forked process has all of this one's memory, so nothing but the results is copied. Beside other
    threads, or on systems where forking is not sound, all is done here. So is the share of a process that
    fails, which brings its error to light.
    """
    forks = sys.platform == "linux" and threading.active_count() == 1
    count = max(1, min(workers if forks else 1, len(items) // _WORTH_A_PROCESS))
    size = max(1, -(-len(items) // count))
    shares = [items[at : at + size] for at in range(0, len(items), size)] or [items]
    children = [(_fork(work, share), share) for share in shares[1:]]
    return [work(shares[0]), *(_collect(child, work, share) for child, share in children)]


def _fork(work: Callable[[Sequence[Item]], Result], share: Sequence[Item]) -> tuple[int, BinaryIO]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, os.fdopen(reading, "rb")
    status = 1
    try:
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(work(share), pipe, pickle.HIGHEST_PROTOCOL)
        status = 0
    finally:
        os._exit(status)  # no clean-up of what is the parent's


def _collect(child: tuple[int, BinaryIO], work: Callable[[Sequence[Item]], Result], share: Sequence[Item]) -> Result:
    pid, pipe = child
    with pipe:
        data = pipe.read()
    _, status = os.waitpid(pid, 0)
    if status:
        return work(share)
    result: Result = pickle.loads(data)  # noqa: S301  (our own process wrote it)
    return result
