"""`leadpages check`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from leadpages.build.checking import check_project
from leadpages.build.fixes import find_replacements, mend
from leadpages.build.options import Options
from leadpages.build.reports import Progress
from leadpages.cli.options import project_option
from leadpages.cli.problems import count_problems, print_problems
from leadpages.cli.progress import progress_bar
from leadpages.cli.reports import as_github, as_json, as_sarif
from leadpages.core.errors import Problem, ProjectError
from leadpages.core.times import now

#: Under the project: what outside links answered lately.
EXTERNAL_CACHE: Final = Path(".leadpages/external-links.json")


@click.command()
@project_option
@click.option("--drafts", is_flag=True, help="Also look at drafts and posts of the future.")
@click.option("--strict", is_flag=True, help="Count warnings as errors.")
@click.option("--external", is_flag=True, help="Also follow links to other sites.")
@click.option("--fix", is_flag=True, help="Mend what can be mended safely, and report the rest.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    help="How to report: for people, scripts, code scanning, or as annotations of GitHub.  [default: text]",
)
def command(project: Path, drafts: bool, strict: bool, external: bool, fix: bool, style: str) -> None:
    """Report every problem that a build would, and write nothing but what --fix mends.

    Exit codes: 0 no errors, 1 errors, 2 wrong usage.
    """
    with progress_bar(style != "text") as progress:
        problems = _check(project, drafts, external, progress)
    if fix:
        mended = mend(project, problems)
        for problem in mended.done:
            click.echo(_mended(problem), err=True)
        if mended.done:
            with progress_bar(style != "text") as progress:
                problems = _check(project, drafts, external, progress)
        problems = [*problems, *mended.faults]
    if strict:
        problems = [problem._replace(severity="error") for problem in problems]
    _report(problems, project, style)
    sys.exit(1 if _failed(problems) else 0)


def _check(project: Path, drafts: bool, external: bool, progress: Progress | None) -> list[Problem]:
    """Every problem of the project, the warnings as warnings."""
    try:
        found = check_project(project, Options(drafts, workers=os.cpu_count() or 1), now(), progress)
    except ProjectError as error:
        if external:
            click.echo("outside links were not followed: mend the errors first", err=True)
        return list(error.problems)
    problems = list(found.warnings)
    if external:
        # Imported here: most checks end without it.
        from leadpages.build.external_links import check_external

        problems += check_external(found.external_links, project / EXTERNAL_CACHE, now(), progress=progress)
    return problems


def _mended(problem: Problem) -> str:
    old, new = (problem.edit.old, problem.edit.new) if problem.edit else ("", "")
    return f"{problem.place}: mended: `{old}` is now `{new}`"


def _report(problems: Sequence[Problem], project: Path, style: str) -> None:
    folder = _from_here(project)
    if style == "json":
        click.echo(as_json(problems, ok=not _failed(problems)))
    elif style == "sarif":
        click.echo(as_sarif(problems, find_replacements(project, problems), folder))
    elif style == "github":
        click.echo(as_github(problems, folder) + count_problems(problems))
    else:
        print_problems(problems)
        if not problems:
            click.echo(count_problems(problems))


def _from_here(project: Path) -> str:
    """The project's path from the current folder, where CI has the repository; "" for that folder and those outside."""
    place, here = project.resolve(), Path.cwd().resolve()
    return place.relative_to(here).as_posix() if place != here and place.is_relative_to(here) else ""


def _failed(problems: Sequence[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)
