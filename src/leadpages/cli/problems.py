"""Problems on the terminal, and for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from leadpages.core.errors import LeadpagesError, Problem, ProjectError


def sorted_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Errors first, then by place; the order in which every report has them. What was found twice is there once."""
    return sorted(dict.fromkeys(problems), key=lambda p: (p.severity, p.path, p.line, p.column, p.message, p.hint))


def print_problems(problems: Iterable[Problem]) -> None:
    """Each problem with its place and hint, to stderr, and how many there are."""
    found = sorted_problems(problems)
    for problem in found:
        colour = "red" if problem.severity == "error" else "yellow"
        label = click.style(problem.severity, fg=colour, bold=True)
        click.echo(f"{click.style(problem.place, bold=True)}: {label}: {problem.message}", err=True)
        if problem.hint:
            click.echo(f"  hint: {problem.hint}", err=True)
    if found:
        click.echo(count_problems(found), err=True)


def print_error(error: LeadpagesError) -> None:
    """A message and its hint, or every problem of a project, to stderr."""
    if isinstance(error, ProjectError):
        print_problems(error.problems)
        return
    click.echo(f"error: {error.message}", err=True)
    if error.hint:
        click.echo(f"  hint: {error.hint}", err=True)


def count_problems(problems: Sequence[Problem]) -> str:
    """`2 errors, 1 warning`."""
    counts = [(kind, sum(p.severity == kind for p in problems)) for kind in ("error", "warning")]
    return ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in counts if count) or "no problems"


def problems_as_json(problems: Iterable[Problem]) -> list[dict[str, object]]:
    """The same for scripts; `fixable` ones are mended by `leadpages check --fix`."""
    return [
        {
            "path": problem.path,
            "line": problem.line,
            "column": problem.column,
            "severity": problem.severity,
            "rule": problem.rule,
            "message": problem.message,
            "hint": problem.hint,
            "fixable": problem.edit is not None,
        }
        for problem in sorted_problems(problems)
    ]
