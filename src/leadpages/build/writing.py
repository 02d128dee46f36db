"""Making the files that are new and putting them in their place; the rest stays as it is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from msgspec import structs

from leadpages.build.cache import Cache, DamagedCache, Remembered
from leadpages.build.compression import compressed, is_compressible
from leadpages.build.files import file_jobs, host_jobs, picture_jobs
from leadpages.build.inputs import Inputs
from leadpages.build.options import Options
from leadpages.build.output import WORK, Entry, Trees
from leadpages.build.pages import digest_of
from leadpages.build.pipeline import Prepared, prepare, raise_for, read_ground
from leadpages.build.program import program_digest
from leadpages.build.render import Job, Made
from leadpages.build.reports import Counts, Progress, Report
from leadpages.build.theme import TEMPLATE_ERRORS, template_problem
from leadpages.build.workers import share_out
from leadpages.core.errors import Problem, ProjectError

#: The path of a file, its entry, and whether it is new or changed.
_Placed = tuple[str, Entry, bool]


@dataclass(frozen=True)
class Build:
    """One build of a project into two folders."""

    project: Path
    inputs: Inputs
    options: Options
    public: Trees
    bundle: Trees
    report: Progress

    def run(self, now: datetime, now_ns: int, known: Remembered | None) -> tuple[Report, Prepared]:
        """Build; also the site as it was prepared, for the next build in this process.

        Raises ProjectError when something is wrong with the project.
        """
        cache = Cache(self.public.folder.parent / WORK / "cache").open(known)
        try:
            try:
                return self._run(cache, now, now_ns)
            except DamagedCache:
                cache.close()
                cache.forget()
                return self._run(cache.open(Remembered()), now, now_ns)
        finally:
            cache.close()

    def _run(self, cache: Cache, now: datetime, now_ns: int) -> tuple[Report, Prepared]:
        ground, problems = read_ground(self.project, self.inputs, self.options)
        ready = prepare(ground, problems, self.options, cache, now, now_ns, self.report)
        cache.save(ready.remembered)  # so that a template that fails below costs no second reading
        bundle = _Writing(self.bundle, 1, self.report)
        bundle.add([Job(file.path, "", partial(Made, file.content)) for file in ready.bundle])
        public = _Writing(self.public, self.options.workers, self.report, ground.config.output.compress)
        public.add([*ready.renderer.jobs(), *file_jobs(ready)])
        notes = {path: entry.notes for path, entry in public.entries.items()}
        public.add(picture_jobs(ready, notes, self.public.shown, cache.folder, self.options.workers, self.report))
        public.add(problems.take(host_jobs(ready, notes)))
        raise_for(problems, self.options)
        bundle.finish()
        public.finish()
        remembered = structs.replace(ready.remembered, related=dict(ready.related.found))
        if remembered.related != ready.remembered.related:
            cache.save(remembered)
        self._show()
        languages = ready.site.languages
        counts = Counts(
            posts=sum(len(language.posts) for language in languages),
            pages=sum(len(language.pages) for language in languages),
            terms=sum(len(taxonomy.terms) for language in languages for taxonomy in language.taxonomies),
            forms=len(ground.forms),
        )
        changed = bundle.changed + public.changed
        unchanged = len(bundle.entries) + len(public.entries) - changed
        report = Report(counts, changed, unchanged, 0.0, tuple(dict.fromkeys(problems)))
        return report, replace(ready, remembered=remembered)

    def _show(self) -> None:
        """Exchange both folders; where the second cannot be, the first is as it was.

        The bundle comes first: a crash between them leaves old pages with a handler that knows the forms of both.
        """
        self.bundle.exchange()
        try:
            self.public.exchange()
        except OSError:
            self.bundle.exchange()
            raise


class _Writing:
    """Brings one folder up to date, behind the one on show."""

    def __init__(self, trees: Trees, workers: int, report: Progress, compress: Sequence[str] = ()) -> None:
        self._trees, self._workers, self._report, self._compress = trees, workers, report, compress
        self.entries: dict[str, Entry] = {}
        self.changed = 0
        self._kept: dict[str, Entry] = {}
        self._paths: set[str] = set()
        trees.begin()

    def add(self, jobs: Sequence[Job]) -> None:
        """Do the jobs whose files are not there already, as they would be.

        Raises ProjectError when a template fails.
        """
        self._paths.update(job.path for job in jobs)
        keyed = [job._replace(key=self._key(job)) for job in jobs] if self._compress else jobs
        fresh = [job for job in keyed if not self._is_done(job)]
        here = os.getpid()

        def work(share: Sequence[Job]) -> tuple[list[_Placed], list[Problem]]:
            placed: list[_Placed] = []
            problems: list[Problem] = []
            for number, job in enumerate(share, 1):
                try:
                    placed += self._place(job, job.make())
                except TEMPLATE_ERRORS as error:
                    problems.append(template_problem("", error))
                if os.getpid() == here:
                    self._report("Writing", number, len(share))
            return placed, problems

        shares = share_out(work, fresh, self._workers)
        if problems := dict.fromkeys(problem for _, found in shares for problem in found):
            raise ProjectError(problems)
        for path, entry, changed in (placed for found, _ in shares for placed in found):
            self.entries[path] = entry
            self.changed += changed

    def finish(self) -> None:
        """Make the folder ready to be shown."""
        self.entries |= self._trees.keep(self._kept)
        self._trees.finish(self.entries)

    def _formats(self, path: str) -> list[str]:
        """In which formats a file gets compressed copies: not where somebody wrote a file of that name."""
        formats = self._compress if is_compressible(path) else ()
        return [name for name in formats if f"{path}.{name}" not in self._paths]

    def _key(self, job: Job) -> str:
        formats = self._formats(job.path) if job.key else []
        return digest_of(job.key, formats, program_digest()) if formats else job.key

    def _is_done(self, job: Job) -> bool:
        entry = self._trees.shown.get(job.path)
        if entry is None or not job.key or entry.key != job.key:
            return False
        if any(job.digest(use) != digest for use, digest in entry.uses.items()):
            return False
        copies = entry.notes.get("copies", [])
        found = {path: self._trees.shown.get(path) for path in copies}
        kept = {job.path: entry} | {path: copy for path, copy in found.items() if copy}
        if len(kept) != len(copies) + 1:
            return False
        self.entries |= kept
        self._kept |= kept
        return True

    def _place(self, job: Job, made: Made) -> Iterator[_Placed]:
        entry, changed = self._trees.place(job.path, made.data)
        notes = dict(made.notes)
        if formats := self._formats(job.path):
            data = made.data if isinstance(made.data, bytes) else made.data.read_bytes()
            copies = compressed(data, formats)
            notes["copies"] = [job.path + ending for ending in copies]
            for ending, copy in copies.items():
                yield job.path + ending, *self._trees.place(job.path + ending, copy)
        yield job.path, entry._replace(key=job.key, uses=made.uses, notes=notes), changed
