"""The story of a build: look whether anything changed, prepare the site, write what is new, exchange the folders."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import json

from leadpages.build.inputs import SITE, Inputs, Signature, scan, settled
from leadpages.build.options import Options
from leadpages.build.output import WORK, Trees, locked, translated
from leadpages.build.program import program_signature
from leadpages.build.records import read_record, write_record
from leadpages.build.reports import Counts, Progress, Report, quiet
from leadpages.core.errors import OutputError, Problem

if TYPE_CHECKING:
    from leadpages.build.ahead import Ahead
    from leadpages.build.cache import Remembered

__all__ = ["BUNDLE", "PUBLIC", "Builder", "Options", "Progress", "Report", "build"]

PUBLIC: Final = "public"
BUNDLE: Final = "bundle"
_LAST: Final = "last.json"


@dataclass
class Builder:
    """Builds one project again and again into `output/public` and `output/bundle`.

    `clock_ns` is compared with the times of files, so it is the machine's, in nanoseconds of Unix time. With `ahead`, a
    page whose own words changed is on show before its build is done: in a preview, somebody waits for it.
    """

    project: Path
    output: Path
    options: Options
    clock_ns: Callable[[], int] = time.time_ns
    ahead: bool = False
    _remembered: Remembered | None = field(default=None, init=False)
    _ahead: Ahead | None = field(default=None, init=False)

    def build(self, now: datetime, progress: Progress | None = None) -> Report:
        """Build what changed since the last time, by this process or another one.

        Raises ProjectError with every problem when there is one, OutputError when the result cannot be put there;
        either way what stood there still stands.
        """
        started = time.monotonic()
        self._check_place()
        with locked(self.output):  # from the first look on: of two builds, the one that looked last must write last
            now_ns = self.clock_ns()
            with translated(self.project, "read"):
                inputs = scan(self.project)
            with translated(self.output):
                early = self._ahead is not None and self._ahead.show(inputs, now)
                with closing(Trees(self.output / PUBLIC)) as public, closing(Trees(self.output / BUNDLE)) as bundle:
                    report = self._build(inputs, public, bundle, now, now_ns, progress or quiet)
        if early:  # the build found it as it would have made it
            report = replace(report, changed=report.changed + 1, unchanged=report.unchanged - 1)
        return replace(report, seconds=time.monotonic() - started)

    def _build(
        self, inputs: Inputs, public: Trees, bundle: Trees, now: datetime, now_ns: int, progress: Progress
    ) -> Report:
        # As text, because a path need not be one that JSON can hold.
        state = ascii((replace(self.options, workers=0), self.project.resolve(), program_signature()))
        last = _read_last(self.output / WORK / _LAST)
        if last and last.still_holds(state, inputs, now) and public.intact and bundle.intact:
            return Report(last.counts, 0, last.files, 0.0, last.warnings)
        public.get_ready(self.options.workers)
        # Imported here: a build that has nothing to do ends without it.
        from leadpages.build.writing import Build

        report, ready = Build(self.project, inputs, self.options, public, bundle, progress).run(
            now, now_ns, self._remembered
        )
        self._remembered = ready.remembered
        if self.ahead:
            from leadpages.build.ahead import Ahead

            self._ahead = Ahead(ready, self.output / PUBLIC)
        record = _Last(
            state,
            inputs.links,
            inputs.odd,
            {path: found if settled(found, now_ns) else None for path, found in inputs.files.items()},
            now,
            ready.until,
            report.counts,
            report.changed + report.unchanged,
            report.warnings,
        )
        # The site is shown, and a build that knows less does more: neither a full disk nor a name that is no text is a
        # reason to fail.
        with suppress(OSError, UnicodeEncodeError):
            write_record(self.output / WORK / _LAST, json.encode(record))
        return report

    def _check_place(self) -> None:
        """What is put among the sources would be a source of the next build, and gated files would be published."""
        output = self.output.resolve()
        for root in (SITE, "forms", "themes"):
            if output.is_relative_to((self.project / root).resolve()):
                raise OutputError(
                    f"{self.output} is in {root}/, where sources lie", "choose another place with --output"
                )


def build(project: Path, output: Path, options: Options, now: datetime, progress: Progress | None = None) -> Report:
    """Build `project` once. See `Builder.build`."""
    return Builder(project, output, options).build(now, progress)


@dataclass(frozen=True, slots=True)
class _Last:
    """How things stood when the last build ended; no signature for a file that may have changed again unseen."""

    state: str
    links: frozenset[str]
    odd: frozenset[str]
    inputs: dict[str, Signature | None]
    since: datetime
    until: datetime | None
    counts: Counts
    files: int
    warnings: tuple[Problem, ...]

    def still_holds(self, state: str, inputs: Inputs, now: datetime) -> bool:
        """Whether a build now would find what it found, and say the same."""
        if self.state != state or now < self.since or (self.until is not None and now >= self.until):
            return False
        return (self.links, self.odd, self.inputs) == (inputs.links, inputs.odd, inputs.files)


def _read_last(file: Path) -> _Last | None:
    try:
        return json.decode(read_record(file), type=_Last)
    except (OSError, ValueError):  # none, damaged, or of another version
        return None
