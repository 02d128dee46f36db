"""Statements, run by their names in `queries.sql`, and those that everything which happens to a lead takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from leadpages.core.ids import new_id
from leadpages.leads.model import Delivery


class Result(Protocol):
    """What a statement gave. Rows are mappings, with moments as text."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """The rest of them."""


class Run(Protocol):
    """Runs a statement by its name."""

    def __call__(self, name: str, values: Mapping[str, Any]) -> Result:
        """Run it with `values`."""

    def many(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it with each of `rows`."""


def event(lead_id: str, at: str, kind: str, form: str = "", detail: str = "") -> dict[str, str]:
    """A row of what happened to a lead."""
    return {"lead_id": lead_id, "at": at, "kind": kind, "form": form, "detail": detail}


def log(run: Run, lead_id: str, at: str, kind: str, form: str = "", detail: str = "") -> None:
    """Note what happened to a lead."""
    run("insert_event", event(lead_id, at, kind, form, detail))


def outbox_rows(
    lead_id: str, submission_id: str, form: str, deliveries: Iterable[Delivery], now: str
) -> list[dict[str, str]]:
    """A row for each thing to send."""
    about = {"lead_id": lead_id, "submission_id": submission_id, "form": form, "now": now}
    return [
        {**about, "id": new_id(), "channel": delivery.channel, "name": delivery.name, "happening": delivery.happening}
        for delivery in deliveries
    ]


def queue(run: Run, lead_id: str, submission_id: str, form: str, deliveries: Iterable[Delivery], now: str) -> None:
    """Let things be sent."""
    for row in outbox_rows(lead_id, submission_id, form, deliveries, now):
        run("insert_outbox", row)
