"""`leadpages leads`."""

from __future__ import annotations

import csv
import io
import os
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, Final

import click

from leadpages.cli.options import limit_option, project_option
from leadpages.cli.rows import dossier_data, json_line, lead_data, printable, submission_data
from leadpages.core.errors import LeadpagesError
from leadpages.core.settings import database_url
from leadpages.core.times import to_text
from leadpages.leads.model import Dossier, Lead, Submission
from leadpages.leads.risks import score
from leadpages.preview.places import database
from leadpages.stores.opening import open_store
from leadpages.stores.protocol import Store

#: Spreadsheets take a cell that begins with one of these for a formula (also in full width), OWASP "CSV injection".
_FORMULA_STARTS: Final = "=+-@\t\r"
_COLUMNS: Final = (
    "received_at",
    "form",
    "email",
    "status",
    "risk",
    "risks",
    "confirmed_at",
    "page",
    "downloads",
    "answers",
    "consents",
)


@click.group()
def command() -> None:
    """List, show and export leads.

    Reads LEADPAGES_DATABASE_URL, by default leads.db in the project's folder, or else what came in through
    `leadpages serve`.
    """


@command.command("list")
@project_option
@limit_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_leads(project: Path, limit: int | None, as_json: bool) -> None:
    """Every lead, newest first."""
    with closing(_open(project)) as store:
        if not as_json:
            click.echo(_row("SINCE", "STATUS", "RISK", "DOWNLOADS", "FORMS", "E-MAIL"))
        for lead in islice(store.leads(), limit):
            click.echo(json_line(lead_data(lead)) if as_json else _lead_row(lead))


@command.command()
@click.argument("email")
@project_option
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def show(email: str, project: Path, as_json: bool) -> None:
    """All that is kept about one address."""
    with closing(_open(project)) as store:
        dossier = store.dossier(email)
    if dossier is None:
        raise LeadpagesError(f"there is no lead with the address {email}", "`leadpages leads list` shows them all")
    if as_json:
        click.echo(json_line(dossier_data(dossier)))
        return
    for line in _describe(dossier):
        click.echo(printable(line))


@command.command()
@project_option
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
def export(project: Path, form: str) -> None:
    """Every submission, oldest first, to standard output.

    In CSV, a cell that a spreadsheet would run as a formula gets an apostrophe in front; JSON is exact.
    """
    with closing(_open(project)) as store:
        if form == "jsonl":
            for lead, submission in store.submissions():
                click.echo(json_line(_exported(lead, submission)))
            return
        _echo_csv(_COLUMNS)
        for lead, submission in store.submissions():
            row = _exported(lead, submission)
            row |= {
                "answers": _plain(row["answers"]),
                "consents": "; ".join(c["wording"] for c in row["consents"]),
                "risks": "; ".join(row["risks"]),
            }
            _echo_csv([_defused(str(row[column] if row[column] is not None else "")) for column in _COLUMNS])


def _open(project: Path) -> Store:
    own, previewed = project / "leads.db", database(project)
    if not own.exists() and previewed.exists() and "LEADPAGES_DATABASE_URL" not in os.environ:
        click.echo(f"These leads came in through `leadpages serve`: {previewed}", err=True)
        own = previewed
    url = database_url({"LEADPAGES_DATABASE_URL": f"sqlite:///{own}", **os.environ})
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not path.exists():
        hint = "set LEADPAGES_DATABASE_URL or --project"
        raise LeadpagesError(f"there are no leads yet: {path} does not exist", hint)
    return open_store(url)


def _exported(lead: Lead, submission: Submission) -> dict[str, Any]:
    known = lead_data(lead)
    names = ("email", "status", "risk", "risks", "confirmed_at", "downloads")
    return submission_data(submission) | {name: known[name] for name in names}


def _describe(dossier: Dossier) -> Iterator[str]:
    if lead := dossier.lead:
        suppressed = f", nothing is sent there ({lead.suppressed_for})" if lead.suppressed_for else ""
        yield f"{lead.email}: {lead.status}, since {to_text(lead.created_at)[:16]}{suppressed}"
        if lead.risks:
            yield f"risk {score(lead.risks)} of 100: {', '.join(lead.risks)}"
    for submission in dossier.submissions:
        spam = f" (in quarantine: {submission.quarantined_for})" if submission.quarantined_for else ""
        yield f"\n{to_text(submission.received_at)[:16]}  form {submission.form}, on {submission.page}{spam}"
        for name, answer in submission.values.items():
            text = ", ".join(answer) if isinstance(answer, list) else answer.replace("\n", "\n    ")
            yield f"  {name}: {text}"
        for consent in submission.consents:
            yield f"  agreed: “{consent.wording}”"
    yield "\nHistory"
    for event in dossier.events:
        yield f"  {to_text(event.at)[:16]}  {event.kind}  {event.form}  {event.detail}".rstrip()


def _lead_row(lead: Lead) -> str:
    since, risk = to_text(lead.created_at)[:10], str(score(lead.risks))
    return _row(since, lead.status, risk, str(lead.downloads), ", ".join(lead.forms), lead.email)


def _row(since: str, status: str, risk: str, downloads: str, forms: str, email: str) -> str:
    return printable(f"{since:<11} {status:<13} {risk:>4} {downloads:>9}  {forms:<28}  {email}")


def _plain(answers: Mapping[str, str | list[str]]) -> str:
    return "; ".join(f"{name}: {', '.join(a) if isinstance(a, list) else a}" for name, a in answers.items())


def _defused(cell: str) -> str:
    first = unicodedata.normalize("NFKC", cell.lstrip(" ")[:1])
    return f"'{cell}" if first and first in _FORMULA_STARTS else cell


def _echo_csv(cells: list[str] | tuple[str, ...]) -> None:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    click.echo(line.getvalue(), nl=False)
