"""Noticing that a writer saved something: many events, one signal."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

#: Editors save in several steps; a build waits until nothing has happened for this long …
_QUIET_S: Final = 0.08
#: … but no longer than this.
_PATIENCE_S: Final = 2.0
_WRITES: Final = ("created", "modified", "moved", "deleted")


class _Signal(FileSystemEventHandler):
    def __init__(self, project: Path, names: Sequence[str]) -> None:
        self._project, self._names = project, names
        self.changed = threading.Event()
        self.last_at = 0.0

    def on_any_event(self, event: FileSystemEvent) -> None:
        paths = (str(event.src_path), str(event.dest_path))
        if event.event_type in _WRITES and any(self._matters(path) for path in paths if path):
            self.last_at = time.monotonic()
            self.changed.set()

    def _matters(self, path: str) -> bool:
        try:
            return Path(path).relative_to(self._project).parts[0] in self._names
        except (ValueError, IndexError):
            return False


def _watch(observer: BaseObserver, signal: _Signal, project: Path, names: Sequence[str]) -> None:
    observer.schedule(signal, str(project), recursive=False)
    for folder in (project / name for name in names):
        if folder.is_dir():
            observer.schedule(signal, str(folder), recursive=True)


def changes(project: Path, names: Sequence[str], stop: threading.Event) -> Iterator[None]:
    """One item for each burst of changes to the files and folders `names` of `project`, until `stop` is set."""
    project = project.resolve()
    signal = _Signal(project, names)
    observer = Observer()
    _watch(observer, signal, project, names)
    observer.start()
    try:
        while not stop.is_set():
            if not signal.changed.wait(timeout=0.2):
                continue
            began = time.monotonic()
            while time.monotonic() - signal.last_at < _QUIET_S and time.monotonic() - began < _PATIENCE_S:
                time.sleep(_QUIET_S / 4)
            signal.changed.clear()
            # Folders may have been made or replaced, as a change of branches does: look at those of now.
            observer.unschedule_all()
            _watch(observer, signal, project, names)
            yield
    finally:
        observer.stop()
        observer.join()
