"""`leadpages store`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import click

from leadpages.core.errors import StorageError
from leadpages.stores.opening import open_store
from leadpages.stores.protocol import Record, RecordKind, Store

_TOLD_EVERY: Final = 1_000
_NOUNS: Final[dict[RecordKind, str]] = {
    "leads": "leads",
    "submissions": "submissions",
    "consents": "consents",
    "events": "events",
    "outbox": "outbox items",
    "suppressions": "suppressions",
    "page_events": "page counts",
}


@click.group()
def command() -> None:
    """Move leads from one database to another."""


@command.command()
@click.argument("from_url")
@click.argument("to_url")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def copy(from_url: str, to_url: str, as_json: bool) -> None:
    """Copy all that is kept in one database into another one, which must be empty.

    Both are written like LEADPAGES_DATABASE_URL. Stop the handler and `deliver` first, and let them use TO_URL
    afterwards: what still waits would be sent from both. All of it is copied, or nothing. Exit codes: 0 done,
    1 a fault, or TO_URL is not empty, 2 wrong usage.
    """
    with closing(open_store(from_url, create=False)) as source, closing(open_store(to_url)) as target:
        if there := _count(target):
            raise StorageError(f"the target is not empty: it has {_described(there)}", "copy into a new database")
        copied: Counter[RecordKind] = Counter()

        def records() -> Iterator[Record]:
            copied.clear()
            for record in source.records():
                copied[record.kind] += 1
                if copied.total() % _TOLD_EVERY == 0 and sys.stderr.isatty():
                    click.echo(f"\r{copied.total():,} records", nl=False, err=True)
                yield record

        target.load(records)
    if as_json:
        click.echo(json.dumps({kind: copied[kind] for kind in _NOUNS}))
        return
    if sys.stderr.isatty():
        click.echo("\r", nl=False, err=True)
    click.echo(f"Copied {_described(copied) or 'nothing: there is nothing in it'}")


def _count(store: Store) -> Counter[RecordKind]:
    return Counter(record.kind for record in store.records())


def _described(counts: Counter[RecordKind]) -> str:
    return ", ".join(f"{counts[kind]} {noun}" for kind, noun in _NOUNS.items() if counts[kind])
