"""Noticing that a writer saved something: many events, one signal, and no save that goes unseen."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from watchdog import events
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

from leadpages.build.inputs import is_read
from leadpages.core.logs import log

#: A save is a few events within milliseconds: a build waits until nothing has happened for this long …
_QUIET_S: Final = 0.015
#: … and longer for each event, as a checkout or a copy of many files goes on after a pause, …
_QUIET_AN_EVENT_S: Final = 0.003
_MOST_QUIET_S: Final = 0.25
#: The pause is counted in steps, not by the clock: on a busy machine, who saves is kept waiting as long as we are.
_STEP_S: Final = 0.005
#: … but no longer than this in all.
_PATIENCE_S: Final = 60.0
_LOOK_UP_S: Final = 0.2
_POLL_EVERY_S: Final = 1.0
#: Files that are opened and read wake nobody: a build does that with all of them.
_WRITES: Final[list[type[events.FileSystemEvent]]] = [
    events.FileCreatedEvent,
    events.FileModifiedEvent,
    events.FileMovedEvent,
    events.FileDeletedEvent,
    events.DirCreatedEvent,
    events.DirMovedEvent,
    events.DirDeletedEvent,
]

if sys.platform == "linux":
    from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

    # Half a second by default, in which the end of a rename is waited for: half of them are how editors save.
    InotifyMoveEventGrouper.delay = 0.01


class _Signal(events.FileSystemEventHandler):
    """Set by events on the files and folders `names` of `project`, and on all in them that a build reads."""

    def __init__(self, project: Path, names: Sequence[str]) -> None:
        self.project = project
        self.names = names
        self.changed = threading.Event()
        self.replaced = False  # whether a named folder was made, moved or deleted: watches on it are void
        self._count = 0

    def on_any_event(self, event: events.FileSystemEvent) -> None:
        for path in (str(event.src_path), str(event.dest_path)):
            parts = path.removeprefix(f"{self.project}{os.sep}").split(os.sep)  # noqa: PTH206  (a burst has thousands)
            if parts[0] in self.names and all(map(is_read, parts)):
                self.replaced |= event.is_directory and len(parts) == 1
                self.note()

    def note(self) -> None:
        """Something changed, now."""
        self._count += 1
        self.changed.set()

    def settle(self, stop: threading.Event) -> None:
        """Return when the burst of events is over. What comes later begins a new one."""
        until, quiet_s = time.monotonic() + _PATIENCE_S, 0.0
        while quiet_s < min(_QUIET_S + self._count * _QUIET_AN_EVENT_S, _MOST_QUIET_S) and time.monotonic() < until:
            count = self._count
            if stop.wait(_STEP_S):
                break
            quiet_s = quiet_s + _STEP_S if self._count == count else 0.0
        self._count = 0
        self.changed.clear()


def changes(project: Path, names: Sequence[str], stop: threading.Event) -> Iterator[None]:
    """One item when watching has begun, and one for each burst of changes to what has one of `names` in `project`.

    Ends when `stop` is set. What changes while an item is worked on, however early, gives another item.
    """
    signal = _Signal(project.resolve(), names)
    # watchdog meets a new folder in a new folder twice, by its event and by its own look: harmless, but it warns of it.
    warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
    with _told_of_losses(signal.note):
        while not stop.is_set():
            signal.replaced = False
            with _observer(signal):
                # What was saved before anyone watched, this one is for.
                yield
                while not stop.is_set():
                    if signal.changed.wait(_LOOK_UP_S):
                        signal.settle(stop)
                        if signal.replaced:
                            break
                        # Whatever happened until here, the build sees: it has read nothing yet.
                        yield


@contextmanager
def _observer(signal: _Signal) -> Iterator[None]:
    """Watch until the context ends; where the system cannot tell of saves, look for them again and again."""
    try:
        observer = _started(Observer, signal)
    except OSError as error:  # the kernel's watches are counted
        log.warning("cannot be told of saved files (%s): looking for them every second", error.strerror or error)
        observer = _started(partial(PollingObserver, timeout=_POLL_EVERY_S), signal)
    try:
        yield
    finally:
        observer.stop()
        observer.join()


def _started(kind: Callable[[], BaseObserver], signal: _Signal) -> BaseObserver:
    observer = kind()
    observer.start()
    try:
        observer.schedule(signal, str(signal.project), event_filter=_WRITES)
        for root in (signal.project / name for name in signal.names):
            if root.is_dir():
                with suppress(FileNotFoundError):  # gone again; the watch on the project tells when it comes back
                    observer.schedule(signal, str(root), recursive=True, event_filter=_WRITES)
        # Where no watch is left, this fails; folders deep inside would have been passed over in silence.
        observer.unschedule(observer.schedule(signal, str(signal.project.parent), event_filter=_WRITES))
    except OSError:
        observer.stop()
        observer.join()
        raise
    return observer


@contextmanager
def _told_of_losses(note: Callable[[], None]) -> Iterator[None]:
    """Call `note` when the kernel's queue of events overflows. watchdog says so in its log, and nowhere else."""

    class Losses(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "overflow" in record.msg:
                note()

    logger, handler = logging.getLogger("watchdog.observers"), Losses(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
