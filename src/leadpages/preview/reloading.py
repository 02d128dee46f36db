"""Telling open pages that the site changed: server-sent events, and the lines of script that listen.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from markupsafe import escape

from leadpages.core.errors import Problem

PATH: Final = "/_/changes"
_HEARTBEAT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class State:
    """Which build is shown, and what was wrong with the last attempt."""

    version: int
    problems: tuple[Problem, ...]


class Broadcast:
    """The current state, and everyone who waits for the next one."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        # Pages of a server that ran before must not take this one's builds for those that they show.
        self._state = State(time.time_ns() // 1_000_000, ())
        self._is_built = False
        self._closed = False

    @property
    def state(self) -> State:
        """The state as it is now."""
        return self._state

    def built(self, *, changed: bool) -> None:
        """A build went well. Where it changed nothing, pages that are open are still right."""
        version = self._state.version + (changed or not self._is_built)
        self._is_built = True
        self._set(State(version, ()))

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
                event = {"version": state.version, "problems": problem_list(state.problems)}
                yield b"data: " + json.dumps(event).encode() + b"\n\n"
            shown = state

    def _set(self, state: State) -> None:
        with self._condition:
            self._state = state
            self._condition.notify_all()


def with_script(html: str, version: int) -> str:
    """`html`, the page of build `version`, with the script that listens at its end. Pages on disk never have it."""
    before, end, after = html.rpartition("</body>")
    return f'{before or after}<script data-version="{version}">{_script()}</script>' + (end + after if end else "")


def problem_list(problems: Sequence[Problem]) -> str:
    """The problems as a list in HTML; "" when there are none."""
    items = [
        escape(f"{problem.place}: " if problem.path else "")
        + escape(f"{problem.severity}: {problem.message}")
        + escape(f"\n  hint: {problem.hint}" if problem.hint else "")
        for problem in problems
    ]
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>" if items else ""


def faults_page(state: State) -> str:
    """The page that stands in for a site that was never built. Without scripts, it looks again every two seconds."""
    return with_script(
        f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The site could not be built</title>
<noscript><meta http-equiv="refresh" content="2"></noscript>
<style>
body {{ margin: 0; padding: 1.5rem; background: #3b0d0d; color: #fff; font: 16px/1.5 monospace; }}
li {{ white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 0 1rem; }}
</style>
</head>
<body>
<main>
<h1>The site could not be built</h1>
<section id="leadpages-problems">{problem_list(state.problems) or "<p>It is being built.</p>"}</section>
</main>
</body>
</html>
""",
        state.version,
    )


@cache
def _script() -> str:
    return (files(__package__) / "reload.js").read_text("utf-8")
