"""A saved page, on show ahead of its build: at a preview somebody waits for it, and a build looks at all pages."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from leadpages.build.inputs import Inputs
from leadpages.build.output import WORK
from leadpages.build.pages import Page
from leadpages.build.pipeline import Prepared, with_image
from leadpages.build.sources import Source, StaticFile
from leadpages.build.theme import TEMPLATE_ERRORS
from leadpages.core.urls import output_path


@dataclass(frozen=True)
class Ahead:
    """The site as this process last built it into the folder `public`."""

    ready: Prepared
    public: Path

    def show(self, inputs: Inputs, now: datetime) -> bool:
        """Put the page of the one source that changed in its place; whether there was such a page.

        Only where nothing else changed and other pages may show of it what they did: the build that follows finds
        nothing to change. Raises OSError when the page cannot be put there.
        """
        source = self._changed_source(inputs)
        if source is None or (self.ready.until is not None and now >= self.ready.until):
            return False
        with closing(self.ready.reader.cache.open(self.ready.remembered)):
            page = self._read(source)
            if page is None:
                return False
            try:
                data = self.ready.renderer.page_again(page).data
            except TEMPLATE_ERRORS:  # the build will say so
                return False
        return isinstance(data, bytes) and self._replace(output_path(page.url), data)

    def _changed_source(self, inputs: Inputs) -> Source | None:
        known = self.ready.ground.inputs
        if (known.links, known.odd, len(known.files)) != (inputs.links, inputs.odd, len(inputs.files)):
            return None
        changed = [path for path, found in inputs.files.items() if known.files.get(path) != found]
        if len(changed) != 1:
            return None
        sources = (source for source in self.ready.ground.markdown if isinstance(source, Source))
        return next((source for source in sources if source.path == changed[0]), None)

    def _read(self, source: Source) -> Page | None:
        """The page as it is now, where it is another one than before only to who reads it."""
        read, known = self.ready.reader.read_again(source), self.ready.links.page_from(source.path)
        if read is None or known is None or read.problems:
            return None
        page = with_image(read, _urls(self.ready.ground.static))
        same = (page.digest, page.pictures) == (known.digest, known.pictures)
        faults = (self.ready.links.problem(reference, page) for reference in page.references)
        return page if same and page.key != known.key and not any(faults) else None

    def _replace(self, path: str, data: bytes) -> bool:
        target = self.public / path
        if not target.is_file():
            return False
        staged = self.public.parent / WORK / "page.new"  # not among the files on show
        staged.write_bytes(data)
        staged.replace(target)
        return True


def _urls(static: tuple[StaticFile, ...]) -> Mapping[str, str]:
    return {file.path: file.url for file in static}
