"""A bar for long work, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from leadpages.build.project import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

#: Shorter work is over before anyone wonders.
_LONG: Final = 200
_STEP: Final = 50


class _Bars:
    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}

    def show(self, what: str, done: int, count: int) -> None:
        if count < _LONG or (done % _STEP and done != count):
            return
        if self._bars is None:
            # Imported here: most builds end without it.
            from rich.console import Console
            from rich.progress import Progress as Bars

            self._bars = Bars(console=Console(stderr=True), transient=True)
            self._bars.start()
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=count)
        self._bars.update(self._tasks[what], completed=done)

    def stop(self) -> None:
        if self._bars:
            self._bars.stop()


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Progress | None]:
    """What to pass to a build so that a person sees it move; None where nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    bars = _Bars()
    try:
        yield bars.show
    finally:
        bars.stop()
