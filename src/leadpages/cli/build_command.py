"""`leadpages build`."""

from __future__ import annotations

import gc
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from leadpages.build.options import Options
from leadpages.build.project import BUNDLE, PUBLIC, build
from leadpages.build.reports import Report
from leadpages.cli.options import base_url_option, project_option
from leadpages.cli.problems import print_problems, problems_as_json
from leadpages.cli.progress import progress_bar
from leadpages.core.errors import ProjectError
from leadpages.core.times import now


@click.command()
@project_option
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Where public/ and bundle/ go.")
@click.option("--drafts", is_flag=True, help="Also publish drafts and posts of the future.")
@base_url_option
@click.option("--strict", is_flag=True, help="Let warnings fail the build.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def command(project: Path, output: Path | None, drafts: bool, base_url: str, strict: bool, as_json: bool) -> None:
    """Write public/ (for any static host) and bundle/ (for the form handler).

    Exit codes: 0 done, 1 problems in the content, 2 wrong usage.
    """
    place = output or project
    options = Options(drafts, strict, base_url, workers=os.cpu_count() or 1)
    # What a build makes lives to its end: to look through it for garbage again and again is a fifth of the time.
    gc.set_threshold(100_000, 20, 20)
    try:
        with progress_bar(as_json) as progress:
            report = build(project, place, options, now(), progress)
    except ProjectError as error:
        if not as_json:
            raise
        click.echo(json.dumps({"ok": False, "problems": problems_as_json(error.problems)}, ensure_ascii=False))
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(_as_json(report, place), ensure_ascii=False))
        return
    print_problems(report.warnings)
    click.echo(_summary(report, place))


def _summary(report: Report, place: Path) -> str:
    made = report.counts
    counts = [(made.posts, "post"), (made.pages, "page"), (made.terms, "term"), (made.forms, "form")]
    words = ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts)
    return (
        f"Built {words} into {place / PUBLIC} and {place / BUNDLE} "
        f"({report.changed} files written, {report.unchanged} unchanged) in {report.seconds:.2f} s"
    )


def _as_json(report: Report, place: Path) -> dict[str, object]:
    return {
        "ok": True,
        "public": str(place / PUBLIC),
        "bundle": str(place / BUNDLE),
        **asdict(report.counts),
        "files_changed": report.changed,
        "files_unchanged": report.unchanged,
        "seconds": round(report.seconds, 3),
        "problems": problems_as_json(report.warnings),
    }
