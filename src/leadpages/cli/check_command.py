"""`leadpages check`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from leadpages.build.project import Options, render_project
from leadpages.cli.options import project_option
from leadpages.cli.problems import count_problems, print_problems, problems_as_json
from leadpages.core.errors import Problem, ProjectError
from leadpages.core.times import now


@click.command()
@project_option
@click.option("--drafts", is_flag=True, help="Also look at drafts and posts of the future.")
@click.option("--strict", is_flag=True, help="Count warnings as errors.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def command(project: Path, drafts: bool, strict: bool, as_json: bool) -> None:
    """Report every problem that a build would, and write nothing.

    Exit codes: 0 no errors, 1 errors, 2 wrong usage.
    """
    problems: Sequence[Problem]
    try:
        problems, failed = render_project(project, Options(drafts, strict), now()).warnings, False
    except ProjectError as error:
        problems, failed = error.problems, True
    if as_json:
        click.echo(json.dumps({"ok": not failed, "problems": problems_as_json(problems)}, ensure_ascii=False))
    else:
        print_problems(problems)
        if not problems:
            click.echo(count_problems(problems))
    sys.exit(1 if failed else 0)
