"""The one error tree. The CLI turns it into exit codes, the handler into status codes; nobody else does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

Severity = Literal["error", "warning"]
#: More words than this are no hint.
_FEW: Final = 40


class Edit(NamedTuple):
    """A mend that is safe to make by itself: on the line of its problem, every `old` becomes `new`."""

    old: str
    new: str


class Problem(NamedTuple):
    """One thing that is wrong in a project: where, what was found, what to do.

    `path` is relative to the project; `line` and `column` count from 1, in characters, and 0 means the file,
    or the line, as a whole. `rule` names the kind of problem for tools that sort and silence by it.
    """

    path: str
    line: int
    message: str
    hint: str = ""
    severity: Severity = "error"
    rule: str = "project"
    column: int = 0
    edit: Edit | None = None

    @property
    def place(self) -> str:
        """`path:line:column`, as editors and terminals link it, as far as it is known."""
        numbers = (self.line, self.column) if self.column else (self.line,)
        return ":".join([self.path, *map(str, numbers)]) if self.line else self.path


class LeadpagesError(Exception):
    """The root: a message for a person, and a hint on what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ProjectError(LeadpagesError):
    """A project cannot be built; carries every problem that was found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} problems")


class OutputError(LeadpagesError):
    """The output cannot be written there; what stood there still stands."""


class SettingsError(LeadpagesError):
    """The environment does not say, or says wrongly, how to run."""


class BundleError(LeadpagesError):
    """The bundle is missing, damaged, or of another format."""


class TokenError(LeadpagesError):
    """A link's token is forged, damaged or made for another purpose."""


class StorageError(LeadpagesError):
    """The store could not take or give what was asked. `code` is what clients see."""

    code = "storage_unavailable"


class StorageBusy(StorageError):
    """Another writer holds the store; the same request may succeed later."""

    code = "storage_busy"


class StorageFull(StorageError):
    """The disk is full."""

    code = "storage_full"


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint sentence naming the known word most like `word`, or all of them when none is close and they are few."""
    from difflib import get_close_matches  # here, because no function needs it when all is well

    words = sorted(known)
    close = get_close_matches(word.casefold(), words, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known: {', '.join(words)}" if 0 < len(words) <= _FEW else ""
