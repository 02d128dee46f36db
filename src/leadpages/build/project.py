"""The story of a build: read everything, gather every problem, and only then write."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from jinja2 import Environment

from leadpages.build.config import FILE as CONFIG_FILE
from leadpages.build.config import Config, read_config
from leadpages.build.content import Page, Renderer
from leadpages.build.documents import Document, read_document
from leadpages.build.form_files import FormFile, form_names, read_forms
from leadpages.build.handler_files import bundle_outputs, check_handler_pages, handler_templates
from leadpages.build.mail_files import check_sender, read_mails
from leadpages.build.output import locked, write
from leadpages.build.render import Output, page_environment, render_site
from leadpages.build.site import (
    Site,
    arrange,
    check_addresses,
    check_references,
    check_thank_you,
    is_published,
    posts_url,
    tag_url,
)
from leadpages.build.sources import Source, read_sources
from leadpages.build.theme import TEMPLATE_ERRORS, Theme, load_theme, template_problem
from leadpages.build.workers import share_out
from leadpages.core.bundle import Bundle
from leadpages.core.errors import Problem, ProjectError, nearest
from leadpages.core.forms import Form
from leadpages.core.site import MenuItem, SiteInfo

PUBLIC: Final = "public"
BUNDLE: Final = "bundle"

Value = TypeVar("Value")
#: Called with what is being done, how much of it is done and how much there is.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What a build is asked for. `base_url` replaces the configured one unless it is "".

    With `same_origin`, the handler is where the site is, whatever the project says: a preview.
    """

    drafts: bool = False
    strict: bool = False
    base_url: str = ""
    same_origin: bool = False
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Built:
    """A project rendered in memory, with the warnings that did not stop it."""

    public: tuple[Output, ...]
    bundle: tuple[Output, ...]
    posts: int
    pages: int
    tags: int
    forms: int
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What a build wrote, and how long it took in seconds."""

    built: Built
    changed: int
    unchanged: int
    seconds: float


def build(project: Path, output: Path, options: Options, now: datetime, progress: Progress | None = None) -> Report:
    """Build `project` into `output/public` and `output/bundle`.

    Raises ProjectError with every problem when there is one, OutputError when the result cannot be put
    there; either way what stood there still stands.
    """
    started = time.monotonic()
    with locked(output):  # from the first read on: of two builds, the one that read last must write last
        built = render_project(project, options, now, progress)
        bundle = write(output / BUNDLE, built.bundle)
        public = write(output / PUBLIC, built.public)
    changed, unchanged = bundle.changed + public.changed, bundle.unchanged + public.unchanged
    return Report(built, changed, unchanged, time.monotonic() - started)


class _Gathered(list[Problem]):
    """The problems so far. Nothing is written before all of them are known."""

    def take(self, found: tuple[Value, list[Problem]]) -> Value:
        """Note the problems that came with a value, and hand on the value."""
        self.extend(found[1])
        return found[0]


def render_project(project: Path, options: Options, now: datetime, progress: Progress | None = None) -> Built:
    """Everything that `build` would write.

    Raises ProjectError.
    """
    report = progress or (lambda what, done, count: None)
    problems = _Gathered()
    config = problems.take(read_config(project))
    config = _as_asked(config, options)
    theme = problems.take(load_theme(project, config))
    forms = problems.take(read_forms(project, config.base_url))
    sources = problems.take(read_sources(project))
    written = problems.take(_read_documents(sources.markdown, config, theme, options.workers))
    documents = [document for document in written if is_published(document, now, options.drafts)]
    info = _site_info(config, documents)
    env = page_environment(theme)
    templates = problems.take(handler_templates(theme, env))
    mails = {name: problems.take(read_mails(project, form, theme, env, info, config)) for name, form in forms.items()}
    broken = form_names(project) - forms.keys()
    renderer = Renderer(env, theme.blocks, _plain(forms), info, broken)
    pages = problems.take(_render_pages(documents, renderer, config, report, options.workers))
    site = arrange(info, config, pages, sources.static, forms)
    problems += (
        check_sender(config) + check_thank_you(forms.values(), documents) + _check_placed(config, forms.keys() | broken)
    )
    problems += check_addresses(site, theme) + check_references(site, theme, config)
    bundle = Bundle(site=info, forms=_plain(forms), mails=mails, stylesheet=theme.stylesheet())
    problems += check_handler_pages(theme, bundle)
    _raise_for(problems, options)
    return Built(
        public=_render_outputs(site, env, theme, report),
        bundle=tuple(bundle_outputs(bundle, templates, forms)),
        posts=len(site.posts),
        pages=len(site.pages),
        tags=len(site.tags),
        forms=len(forms),
        warnings=tuple(problems),
    )


def _as_asked(config: Config, options: Options) -> Config:
    changes: dict[str, str | None] = {"base_url": options.base_url} if options.base_url else {}
    return config.model_copy(update=changes | ({"handler_url": None} if options.same_origin else {}))


def _read_documents(
    sources: Sequence[Source], config: Config, theme: Theme, workers: int
) -> tuple[list[Document], list[Problem]]:
    def read(share: Sequence[Source]) -> list[tuple[Document | None, list[Problem]]]:
        return [read_document(source, config, theme) for source in share]

    results = [result for share in share_out(read, sources, workers) for result in share]
    return [document for document, _ in results if document], [problem for _, found in results for problem in found]


def _render_pages(
    documents: Sequence[Document], renderer: Renderer, config: Config, report: Progress, workers: int
) -> tuple[list[Page], list[Problem]]:
    here = os.getpid()

    def render(share: Sequence[Document]) -> tuple[list[Page], list[Problem]]:
        pages: list[Page] = []
        problems: list[Problem] = []
        for number, document in enumerate(share, 1):
            try:
                page, found = renderer.render(document, _placed_form(document, config, renderer.forms))
            except TEMPLATE_ERRORS as error:
                return pages, [*problems, template_problem("form.html", error)]
            pages.append(page)
            problems += found
            if os.getpid() == here:  # a terminal has room for one bar; the other shares are as far as this one
                report("Reading", number, len(share))
        return pages, problems

    # Parsing Markdown is most of a build's work, and each page's is its own.
    shares = share_out(render, documents, workers)
    return [page for pages, _ in shares for page in pages], [problem for _, found in shares for problem in found]


def _render_outputs(site: Site, env: Environment, theme: Theme, report: Progress) -> tuple[Output, ...]:
    count = len(site.pages) + len(site.posts) + len(site.lists) + len(site.tags)
    outputs: list[Output] = []
    try:
        for number, output in enumerate(render_site(site, env, theme), 1):
            outputs.append(output)
            report("Rendering", min(number, count), count)
    except TEMPLATE_ERRORS as error:
        raise ProjectError([template_problem("", error)]) from error
    return tuple(outputs)


def _plain(forms: Mapping[str, FormFile]) -> dict[str, Form]:
    return {name: form.form for name, form in forms.items()}


def _site_info(config: Config, documents: Sequence[Document]) -> SiteInfo:
    return SiteInfo(
        title=config.title,
        url=config.base_url,
        handler_url=config.handler_url or "",
        description=config.description,
        author=config.author,
        language=config.language,
        menu=tuple(MenuItem(item.label, item.url) for item in config.menu),
        posts_url=posts_url(config, documents),
    )


def _placed_form(document: Document, config: Config, forms: Mapping[str, Form]) -> str:
    """The form that a rule puts under a post: the first rule that fits."""
    if document.kind != "post":
        return ""
    tags = {tag_url(tag) for tag in document.tags}
    fits = (place.form for place in config.place if not place.tag or tag_url(place.tag) in tags)
    form = next(fits, "")
    return form if form in forms else ""  # else `_check_placed` says so, once


def _check_placed(config: Config, forms: Collection[str]) -> list[Problem]:
    return [
        Problem(
            CONFIG_FILE,
            config.line("place", number, "form"),
            f"a [[place]] names form `{place.form}`, which does not exist",
            nearest(place.form, forms),
        )
        for number, place in enumerate(config.place)
        if place.form not in forms
    ]


def _raise_for(problems: Sequence[Problem], options: Options) -> None:
    if any(problem.severity == "error" or options.strict for problem in problems):
        found = dict.fromkeys(problems)
        raise ProjectError(replace(p, severity="error") if options.strict else p for p in found)
