"""`leadpages outbox`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, get_args

import click

from leadpages.cli.options import limit_option
from leadpages.cli.rows import json_line, printable
from leadpages.cli.site import running_site
from leadpages.core.times import now, to_text
from leadpages.stores.protocol import ItemState, OutboxRow

_STATES: tuple[ItemState, ...] = get_args(ItemState)


@click.group()
def command() -> None:
    """List, retry and bury what is sent: mails, notices and calls of web hooks.

    Reads the same LEADPAGES_* variables as the handler.
    """


@command.command("list")
@click.option(
    "--state", "states", type=click.Choice(_STATES), multiple=True, help="May be given several times.  [default: all]"
)
@limit_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_items(states: tuple[ItemState, ...], limit: int | None, as_json: bool) -> None:
    """Everything, newest first."""
    with running_site() as site:
        if not as_json:
            click.echo(_line("ID", "STATE", "TRIES", "DUE OR ENDED", "WHAT", "E-MAIL", "REASON"))
        for row in islice(site.store.outbox(states or _STATES), limit):
            click.echo(json_line(_data(row)) if as_json else _row(row))


@command.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--dead", is_flag=True, help="All that are dead.")
def retry(ids: tuple[str, ...], dead: bool) -> None:
    """Let items that have ended be due again, as if they were new.

    Exit codes: 0 done, 1 one of the ids has not ended or is unknown, 2 wrong usage.
    """
    if bool(ids) == dead:
        raise click.UsageError("name the ids, or say --dead")
    with running_site() as site:
        chosen = [row.id for row in site.store.outbox(("dead",))] if dead else ids
        _each(chosen, lambda id_: site.store.requeue(id_, now()), "due again", "has not ended, or is unknown")


@command.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
def bury(ids: tuple[str, ...]) -> None:
    """Let items that are due be dead: they are not sent.

    Exit codes: 0 done, 1 one of the ids is not due or is unknown, 2 wrong usage.
    """
    with running_site() as site:
        _each(ids, lambda id_: site.store.bury(id_, now()), "buried", "is not due, or is unknown")


def _each(ids: list[str] | tuple[str, ...], act: Callable[[str], bool], done: str, fault: str) -> None:
    refused = [id_ for id_ in ids if not act(id_)]
    click.echo(f"{len(ids) - len(refused)} {done}")
    for id_ in refused:
        click.echo(f"error: {printable(id_)} {fault}", err=True)
    if refused:
        raise SystemExit(1)


def _row(row: OutboxRow) -> str:
    when = to_text(row.ended_at or row.due_at)[:16]
    what = f"{row.channel} {row.name} ({row.form})"
    return _line(row.id, row.state, str(row.attempts), when, what, row.email, row.reason)


def _line(id_: str, state: str, tries: str, when: str, what: str, email: str, reason: str) -> str:
    text = f"{id_:<32}  {state:<9}  {tries:>5}  {when:<16}  {what:<32}  {email:<28}  {reason}"
    return printable(text).replace("\n", " ").rstrip()


def _data(row: OutboxRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "channel": row.channel,
        "name": row.name,
        "form": row.form,
        "email": row.email,
        "state": row.state,
        "attempts": row.attempts,
        "reason": row.reason,
        "created_at": to_text(row.created_at),
        "due_at": to_text(row.due_at),
        "ended_at": to_text(row.ended_at) if row.ended_at else None,
    }
