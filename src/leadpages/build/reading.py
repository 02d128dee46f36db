"""From sources to pages: read in several processes, and only what is not remembered as it is now."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec import Struct, json, structs

from leadpages.build.cache import Cache, SourceRecord
from leadpages.build.config import Config
from leadpages.build.content import Renderer
from leadpages.build.data_pages import DataPage
from leadpages.build.defaults import Defaults
from leadpages.build.documents import Document, read_document
from leadpages.build.inputs import SITE, UNSETTLED, Inputs, settled
from leadpages.build.output import content_digest
from leadpages.build.pages import Body, Page, digest_of, plain
from leadpages.build.placements import placements
from leadpages.build.reports import Progress, quiet
from leadpages.build.sources import Source
from leadpages.build.text import decode
from leadpages.build.theme import TEMPLATE_ERRORS, Theme, template_problem
from leadpages.build.workers import share_out
from leadpages.core.errors import Problem


class _Read(Struct, frozen=True):
    """What reading one source gave; without a page where it cannot be used."""

    name: str
    digest: str
    page: Page | None
    problems: tuple[Problem, ...]


_encoder: Final = json.Encoder()
#: So many sources are read before their bodies are written: a write for each was a twentieth of the reading.
_AT_ONCE: Final = 50


@dataclass(frozen=True)
class Reader:
    """Reads the sources of a project.

    `forms` are the names of its forms, `settings` is a digest of all that every page depends on.
    """

    project: Path
    config: Config
    theme: Theme
    defaults: Defaults
    renderer: Renderer
    forms: Collection[str]
    settings: str
    cache: Cache

    def read(
        self, sources: Sequence[Source | DataPage], inputs: Inputs, now_ns: int, workers: int, report: Progress
    ) -> tuple[list[Page], dict[str, Page], dict[str, SourceRecord], list[Problem]]:
        """All pages, those by source and how the sources were read (for the cache), and what is unusable."""
        remembered = self.cache.remembered
        same = remembered.settings == self.settings
        pages: dict[str, Page] = {}
        records: dict[str, SourceRecord] = {}
        stale: list[Source | DataPage] = []
        for source in sources:
            name, path = _name(source)
            record = remembered.sources.get(name)
            page = remembered.pages.get(name)
            if same and page and record and record.signature == inputs.files.get(path):
                pages[name], records[name] = page, record
            else:
                stale.append(source)
        problems: list[Problem] = []
        found = {read.name: read for share in self._read_all(stale, workers, report) for read in share}
        for source in sources:
            name, path = _name(source)
            if name not in found:
                continue
            read = found[name]
            problems += read.problems
            if read.page:
                pages[name] = read.page
                signature = inputs.files.get(path, UNSETTLED)  # a file that came after the look around
                records[name] = SourceRecord(signature if settled(signature, now_ns) else UNSETTLED, read.digest)
        in_order = [pages[name] for name, _ in map(_name, sources) if name in pages]
        return in_order, pages, records, problems

    def _read_all(self, stale: Sequence[Source | DataPage], workers: int, report: Progress) -> list[list[_Read]]:
        here = os.getpid()

        def read(share: Sequence[Source | DataPage]) -> bytes:
            if os.getpid() != here:
                self.cache.reopen()
            results: list[_Read] = []
            for start in range(0, len(share), _AT_ONCE):
                results += self._read_some(share[start : start + _AT_ONCE])
                if os.getpid() == here:  # a terminal has room for one bar; the other shares are as far as this one
                    report("Reading", len(results), len(share))
            return _encoder.encode(results)

        # Decoded where they were made, too: a page must be the same whether it was remembered or read just now.
        return [json.decode(data, type=list[_Read]) for data in share_out(read, stale, workers)]

    def read_again(self, source: Source) -> Page | None:
        """The page of one source, as it is now; None where it cannot be used, or there is something to say of it."""
        ((read,),) = self._read_all([source], 1, quiet)
        return None if read.problems else read.page

    def _read_some(self, sources: Sequence[Source | DataPage]) -> list[_Read]:
        made = [self._read_one(source) for source in sources]
        places = iter(self.cache.put([body for _, body in made if body]))
        return [
            structs.replace(read, page=structs.replace(read.page, body=next(places))) if read.page and body else read
            for read, body in made
        ]

    def _read_one(self, source: Source | DataPage) -> tuple[_Read, Body | None]:
        """One source, and its body where it is not kept yet."""
        name, path = _name(source)
        if isinstance(source, DataPage):
            digest = digest_of(source.url, source.title, source.row.line, plain(source.row.values))
            return self._page(name, digest, lambda: (self._data_document(source), []))
        try:
            with open(f"{self.project}/{path}", "rb") as file:  # noqa: PTH123  (once for every source)
                data = file.read()
        except OSError as error:
            problem = Problem(path, 0, f"cannot be read: {(error.strerror or str(error)).lower()}")
            return _Read(name, "", None, (problem,)), None

        def document() -> tuple[Document | None, list[Problem]]:
            text = decode(data, path)
            if isinstance(text, Problem):
                return None, [text]
            place = path.removeprefix(f"{SITE}/")
            return read_document(source, text, self.config, self.theme, self.defaults.for_place(place))

        return self._page(name, content_digest(data), document)

    def _page(
        self, name: str, digest: str, document: Callable[[], tuple[Document | None, list[Problem]]]
    ) -> tuple[_Read, Body | None]:
        key = digest_of(self.settings, name, digest)
        known = self.cache.remembered.pages.get(name)
        if known is not None and known.key == key:
            return _Read(name, digest, known, ()), None
        made, problems = document()
        if made is None:
            return _Read(name, digest, None, tuple(problems)), None
        try:
            page, body, found = self.renderer.render(made, placements(made.page, self.config, self.forms))
        except TEMPLATE_ERRORS as error:
            return _Read(name, digest, None, (*problems, template_problem("form.html", error))), None
        problems = [*problems, *found, *self._missing_form(made, body)]
        return _Read(name, digest, structs.replace(page, key=key, problems=tuple(problems)), ()), body

    def _missing_form(self, document: Document, body: Body) -> Iterator[Problem]:
        """What is wrong with a page that is nothing without a form. One that comes up while somebody reads is none."""
        page = document.page
        if page.template not in self.theme.form_templates or document.form:
            return
        if "<form" not in body.html + body.placed.get("end", ""):
            message = f"a page with the template `{page.template}` is there for its form, and this one has none"
            hint = "name one under `form`, or put one into the text: ::form{id=NAME}"
            line = page.line("template") or page.line("title")
            yield Problem(page.path, line, message, hint, "warning", "missing-form")

    def _data_document(self, source: DataPage) -> Document:
        row = source.row.values
        page = Page(
            path=source.row.path,
            kind="page",
            language=self.config.language,
            url=source.url,
            template=source.template,
            title=source.title,
            description=str(row.get("description") or ""),
            image=str(row.get("image") or ""),
            terms=dict.fromkeys(self.config.all_taxonomies, ()),
            extra=plain(row),
            translation_key=f"{source.row.path}#{source.url}",
            lines=dict.fromkeys(("title", "permalink", "description", "image"), source.row.line),
        )
        return Document(page, "", "", str(row.get("body") or ""), source.row.line)


def _name(source: Source | DataPage) -> tuple[str, str]:
    """What a source is remembered by, and the path of its file."""
    if isinstance(source, DataPage):
        return f"{source.row.path}#{source.url}", source.row.path
    return source.path, source.path
