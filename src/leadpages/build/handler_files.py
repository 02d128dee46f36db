"""What the build leaves for the handler: `bundle/`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, meta

from leadpages.build.form_files import FormFile
from leadpages.build.theme import TEMPLATE_ERRORS, Theme, template_problem
from leadpages.core.bundle import INDEX, TEMPLATES, Bundle, dump
from leadpages.core.errors import Problem
from leadpages.core.site import PageHead
from leadpages.core.templates import environment


class BundleFile(NamedTuple):
    """A file of `bundle/`: its path there, and its bytes or the file that has them."""

    path: str
    content: bytes | Path


def handler_templates(theme: Theme, env: Environment) -> tuple[dict[str, str], list[Problem]]:
    """The sources of the theme's handler pages and of every template that they use."""
    sources: dict[str, str] = {}
    problems: list[Problem] = []
    waiting = [f"handler/{file.name}" for folder in theme.folders for file in folder.glob("templates/handler/*.html")]
    while waiting:
        name = waiting.pop()
        if name in sources:
            continue
        try:
            source, file, _ = theme.loader.get_source(env, name)
            tree = env.parse(source, name, file)
        except TEMPLATE_ERRORS as error:
            problems.append(template_problem(name, error))
            continue
        sources[name] = source
        waiting += [found for found in meta.find_referenced_templates(tree) if found]
    return dict(sorted(sources.items())), problems


def check_handler_pages(theme: Theme, bundle: Bundle, templates: Iterable[str]) -> list[Problem]:
    """A problem for each of `templates` that cannot be used, and each handler page that cannot be filled.

    Better now than before a visitor. Without a form, none comes to one, and there is nothing to check.
    """
    form = next(iter(bundle.forms.values()), None)
    if form is None:
        return []
    env = environment(theme.loader, bundle.site.url, bundle.catalogs, bundle.assets)
    shared = {"site": bundle.site, "head": PageHead("A page", ""), "inline_style": "a{}"}
    filled: dict[str, Any] = {
        "form": form,
        "action": "/",
        "values": {},
        "errors": {},
        "page_path": "/",
        "started": "x",
        "pressed": "x",
        "once_more": True,
        "uid": "form",
    }
    samples: dict[str, dict[str, Any]] = {
        "confirm": {"titles": ["A form"]},
        "confirmed": {"already": False, "titles": ["A form"], "download": "/d/x"},
        "expired": {"resend": True, "again": ""},
        "link-sent": {},
        "unsubscribe": {},
        "unsubscribed": {},
        "error": {"message": "Something", "request_id": "x"},
        "form": filled,
    }
    problems = []
    for name in templates:
        try:
            env.get_template(name)
        except TEMPLATE_ERRORS as error:
            problems.append(template_problem(name, error))
    for name, sample in samples.items():
        try:
            env.get_template(f"handler/{name}.html").render(**shared, **sample)
        except TEMPLATE_ERRORS as error:
            problems.append(template_problem(f"handler/{name}.html", error))
    return problems


def bundle_files(bundle: Bundle, templates: Mapping[str, str], forms: Mapping[str, FormFile]) -> Iterator[BundleFile]:
    """Every file of `bundle/`."""
    yield BundleFile(INDEX, dump(bundle).encode("utf-8"))
    for name, source in templates.items():
        yield BundleFile(f"{TEMPLATES}/{name}", source.encode("utf-8"))
    for form in forms.values():
        if form.form.file and form.folder:
            yield BundleFile(form.form.file.path, form.folder / form.form.file.name)
