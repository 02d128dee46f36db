"""A bar for work that takes its time, on a terminal only."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from leadpages.build.reports import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

#: Work that is over sooner needs no bar.
_PATIENCE_S: Final = 1.0
#: As often as an eye sees a difference.
_EVERY_S: Final = 0.1


class _Bars:
    def __init__(self) -> None:
        self._due = time.monotonic() + _PATIENCE_S
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}

    def show(self, what: str, done: int, count: int) -> None:
        now = time.monotonic()
        if now < self._due and (self._bars is None or done < count):
            return
        if self._bars is None:
            # Imported here: most builds end without it.
            from rich.console import Console
            from rich.progress import Progress as Bars

            # Drawn when told to: a thread that does it would keep the build from sharing out its work over processes.
            self._bars = Bars(console=Console(stderr=True), transient=True, auto_refresh=False)
            self._bars.start()
        self._due = now + _EVERY_S
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=count)
        self._bars.update(self._tasks[what], completed=done, total=count, refresh=True)

    def stop(self) -> None:
        if self._bars:
            self._bars.stop()


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Progress | None]:
    """What to pass to a build so that a person sees it move once it takes over a second; None where nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    bars = _Bars()
    try:
        yield bars.show
    finally:
        bars.stop()
