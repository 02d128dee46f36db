"""Looking for everything that a build would complain of, and for what it would not, and writing nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import unquote

from leadpages.build.cache import Cache
from leadpages.build.files import Notes, host_jobs
from leadpages.build.inputs import scan
from leadpages.build.options import Options
from leadpages.build.pages import Page
from leadpages.build.pipeline import Prepared, prepare, raise_for, read_ground
from leadpages.build.project import PUBLIC
from leadpages.build.quality import GatedFile, ImageUse, PageFacts, check_gated, check_pages
from leadpages.build.render import Made
from leadpages.build.reports import Progress, quiet
from leadpages.build.theme import TEMPLATE_ERRORS, template_problem
from leadpages.core.errors import Problem, ProjectError
from leadpages.core.site import MenuItem, SiteInfo
from leadpages.core.urls import is_elsewhere, output_path

_HREF: Final = re.compile(r'<a\b[^>]*?\shref="([^"?#]*)')
#: Where a link is written: the path of the file, line and column.
Place = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a project that can be built, and the addresses elsewhere that it links to."""

    warnings: tuple[Problem, ...]
    external_links: Mapping[str, tuple[Place, ...]]


def check_project(project: Path, options: Options, now: datetime, progress: Progress | None = None) -> Checked:
    """Every problem of `project`.

    Raises ProjectError when one of them is an error.
    """
    report = progress or quiet
    with TemporaryDirectory() as folder:
        cache = Cache(Path(folder)).open()
        try:
            ground, problems = read_ground(project, scan(project), options)
            ready = prepare(ground, problems, options, cache, now, time.time_ns(), report)
            jobs = list(ready.renderer.jobs())
            notes: dict[str, Notes] = {}
            linked: dict[str, str] = {}
            for number, job in enumerate(jobs, 1):
                try:
                    made = job.make()
                    notes[job.path] = made.notes
                    linked = dict.fromkeys(_linked(job.path, made, ground.root), job.path) | linked
                except TEMPLATE_ERRORS as error:
                    raise ProjectError([*problems, template_problem("", error)]) from error
                report("Checking", number, len(jobs))
            problems.take(host_jobs(ready, notes))
        finally:
            cache.close()
    problems += _check_theme_links(ready, linked)
    problems += _check_quality(ready, linked)
    raise_for(problems, options)
    return Checked(tuple(dict.fromkeys(problems)), _external_links(ready))


def _linked(path: str, made: Made, root: str) -> set[str]:
    """The URL paths of the site that a finished page links to beside its own."""
    if not path.endswith(".html") or not isinstance(made.data, bytes):
        return set()
    hrefs = {unescape(found).removeprefix(root) for found in _HREF.findall(made.data.decode())}
    urls = {unquote(href) for href in hrefs if href.startswith("/") and not href.startswith("//")}
    return {url for url in urls if output_path(url) != path}


def _check_theme_links(ready: Prepared, linked: Mapping[str, str]) -> Iterator[Problem]:
    """What links on finished pages lead nowhere and were written by no writer: the theme's.

    `linked` has each URL path, and a page that links to it.
    """
    written = {ready.links.resolve(target, page).path for page in ready.site.all_pages() for target in page.links}
    menus = {link.url for language in ready.site.languages for link in _menu_links(language.info)}
    for url in sorted(linked.keys() - written - menus):
        if not ready.links.is_known(url):
            message = f"the finished page links to `{url}`, which does not exist"
            yield Problem(
                f"{PUBLIC}/{linked[url]}", 0, message, "look into the theme's templates", "warning", "broken-link"
            )


def _check_quality(ready: Prepared, linked: Iterable[str]) -> Iterator[Problem]:
    reached = {page.url for url in linked if (page := ready.links.page_at(url))}
    homes = {language.info.home for language in ready.site.languages}
    yield from check_pages([_facts(page) for page in ready.site.all_pages()], reached | homes | ready.thank_you)
    gated = [
        GatedFile(form.path, form.form.file.name, form.form.file.size, form.form.file.sha256)
        for form in ready.ground.forms.values()
        if form.form.file
    ]
    yield from check_gated([(file.path, file.file) for file in ready.site.static], gated)


def _menu_links(site: SiteInfo) -> Iterator[MenuItem]:
    for items in site.menus.values():
        for item in items:
            yield from (item, *item.children)


def _facts(page: Page) -> PageFacts:
    return PageFacts(
        path=page.path,
        language=page.language,
        url=page.url,
        title=page.title,
        title_line=page.line("title"),
        description=page.description,
        description_line=page.line("description"),
        noindex=page.noindex,
        kind=page.kind,
        images=tuple(
            ImageUse(found.target, found.line, found.column, not found.has_alt)
            for found in page.references
            if found.is_image
        ),
    )


def _external_links(ready: Prepared) -> dict[str, tuple[Place, ...]]:
    found: dict[str, list[Place]] = {}
    for page in ready.site.all_pages():
        for reference in page.references:
            if is_elsewhere(reference.target) and reference.target.startswith(("http:", "https:", "//")):
                found.setdefault(reference.target, []).append((page.path, reference.line, reference.column))
    return {target: tuple(places) for target, places in sorted(found.items())}
