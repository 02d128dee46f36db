"""Telling open pages that the site changed: server-sent events, and the lines of script that listen.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Final

from leadpages.core.errors import Problem

PATH: Final = "/_/changes"
_HEARTBEAT_S: Final = 10.0
#: Added to pages on their way to the browser, never to those on disk.
SCRIPT: Final = f"<script>{(files(__package__) / 'reload.js').read_text('utf-8')}</script>"


@dataclass(frozen=True, slots=True)
class State:
    """Which build is shown, and what was wrong with the last attempt."""

    version: int
    problems: tuple[Problem, ...]


class Broadcast:
    """The current state, and everyone who waits for the next one."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._state = State(0, ())
        self._closed = False

    @property
    def state(self) -> State:
        """The state as it is now."""
        return self._state

    def built(self) -> None:
        """A build went well."""
        self._set(State(self._state.version + 1, ()))

    def failed(self, problems: tuple[Problem, ...]) -> None:
        """A build failed; the site before it is still shown."""
        self._set(State(self._state.version, problems))

    def close(self) -> None:
        """End every stream."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def stream(self) -> Iterator[bytes]:
        """The event stream for one page: the state now, and every one that follows."""
        shown: State | None = None
        while not self._closed:
            with self._condition:
                if self._state is shown:
                    self._condition.wait(_HEARTBEAT_S)
                state = self._state
            if state is shown:
                yield b": still here\n\n"
            else:
                yield b"data: " + json.dumps(asdict(state)).encode() + b"\n\n"
            shown = state

    def _set(self, state: State) -> None:
        with self._condition:
            self._state = state
            self._condition.notify_all()
