"""Work in processes that are forked for it, where forking is sound: one job shared out, or one beside all others."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import BinaryIO, Final, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Below this many items, a process costs more than it saves.
_WORTH_A_PROCESS: Final = 100


def share_out(
    work: Callable[[Sequence[Item]], Result], items: Sequence[Item], workers: int, enough: int = _WORTH_A_PROCESS
) -> list[Result]:
    """`work` done on shares of `items`, in up to `workers` processes: of two, each takes every second item.

    A process is worth starting for `enough` items.

    A forked process has all of this one's memory, so nothing but the results is copied. Beside other
    threads, or on systems where forking is not sound, all is done here. So is the share of a process that
    fails, which brings its error to light.
    """
    count = max(1, min(workers if _may_fork() else 1, len(items) // enough))
    shares = [items[at::count] for at in range(count)]
    children: list[tuple[int, BinaryIO]] = []
    gc.freeze()  # or each collection would write to memory that the processes share
    try:
        children += (_fork(work, share) for share in shares[1:])
        first = work(shares[0])
        return [first, *(_collect(*child, work, share) for child, share in zip(children, shares[1:], strict=True))]
    finally:
        gc.unfreeze()
        for child in children:
            _end(*child)


class Aside(Generic[Result]):
    """`work` done once by another one of `workers`, where there is one, while this process goes on.

    Until its result is there, nothing here may touch what it works on. Close it: nobody else ends the process.
    """

    def __init__(self, work: Callable[[], Result], workers: int) -> None:
        self._work = work
        self._child = _fork(lambda _: work(), ()) if workers > 1 and _may_fork() else None

    @cached_property
    def result(self) -> Result:
        """What came out of it; wait for that."""
        if self._child is None:
            return self._work()
        return _collect(*self._child, lambda _: self._work(), ())

    def close(self) -> None:
        """Do without it."""
        if self._child is not None:
            _end(*self._child)


def _may_fork() -> bool:
    return sys.platform == "linux" and threading.active_count() == 1


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


def _end(pid: int, pipe: BinaryIO) -> None:
    """Stop a process whose results nobody wants anymore: it must not go on to write when this one does again."""
    if not pipe.closed:
        pipe.close()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _collect(pid: int, pipe: BinaryIO, work: Callable[[Sequence[Item]], Result], share: Sequence[Item]) -> Result:
    with pipe:
        data = pipe.read()
    _, status = os.waitpid(pid, 0)
    if status:
        return work(share)
    result: Result = pickle.loads(data)  # noqa: S301  (our own process wrote it)
    return result
