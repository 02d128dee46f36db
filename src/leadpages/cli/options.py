"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from leadpages.core.times import parse_duration
from leadpages.core.urls import site_address

Command = TypeVar("Command", bound=Callable[..., Any])


def project_option(command: Command) -> Command:
    """`--project DIR`, the current folder by default."""
    return click.option(
        "--project",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=Path(),
        help="The project's folder.  [default: the current one]",
    )(command)


def limit_option(command: Command) -> Command:
    """`--limit N`; None, for all, where it is not given."""
    return click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many.")(command)


def base_url_option(command: Command) -> Command:
    """`--base-url URL`."""
    return click.option(
        "--base-url",
        default="",
        callback=_check_base_url,
        help="The site's address, instead of the configured one.",
    )(command)


def _check_base_url(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        return site_address(value) if value else ""
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def duration_option(name: str, help_: str) -> Callable[[Command], Command]:
    """`NAME DURATION`, like `7 days`; None where it is not given."""
    return click.option(name, callback=_check_duration, metavar="DURATION", help=help_)


def _check_duration(context: click.Context, parameter: click.Parameter, value: str | None) -> timedelta | None:
    try:
        return parse_duration(value) if value else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
