"""`leadpages leads`: what a marketer sees of the store, and what no visitor can do to the terminal or the sheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from tests.conftest import NOW, RunCli

from leadpages.core.forms import Consent
from leadpages.leads.intake import Intake
from leadpages.leads.model import Submission
from leadpages.stores.sqlite.store import SQLiteStore

NAMES = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "＝1",
    " =1",
    "\tx",
    'Ana, "the" Lead',
    "\x1b[31mred\x1b[0m",
    "a\u202eb",
    "a\n=1",
]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A project with a lead for each of the names."""
    with closing(SQLiteStore(tmp_path / "leads.db")) as store:
        for number, name in enumerate(NAMES):
            submission = Submission(
                id=f"id-{number}",
                form="guide",
                email=f"lead{number}@example.com",
                values={"name": name, "topics": ["a", "b"]},
                consents=(Consent("ok", "Yes, write to me."),),
                page=name,
                received_at=NOW + timedelta(minutes=number),
            )
            store.add_submission(submission, lambda standing: Intake("received", False, ()))
    yield tmp_path


def test_list(run_cli: RunCli, project: Path) -> None:
    """Every lead has a line, the newest first."""
    lines = run_cli("leads", "list", "--project", project).stdout.splitlines()
    assert lines[0].split() == ["SINCE", "STATUS", "RISK", "DOWNLOADS", "FORMS", "E-MAIL"]
    assert lines[1].split() == ["2026-11-22", "received", "0", "0", "guide", "lead10@example.com"]
    assert len(lines) == 1 + len(NAMES)
    assert run_cli("leads", "list", "--limit", "3", "--project", project).stdout.splitlines() == lines[:4]
    assert run_cli("leads", "list", "--limit", "0", "--project", project).code == 2


def test_list_as_json(run_cli: RunCli, project: Path) -> None:
    """Scripts get one object a line."""
    first = json.loads(run_cli("leads", "list", "--json", "--project", project).stdout.splitlines()[0])
    assert (first["email"], first["status"], first["forms"]) == ("lead10@example.com", "received", ["guide"])


def test_show(run_cli: RunCli, project: Path) -> None:
    """One lead shows answers, consent with its words, and history, whatever the case of the address."""
    shown = run_cli("leads", "show", "LEAD7@example.com", "--project", project).stdout
    assert 'name: Ana, "the" Lead' in shown
    assert "topics: a, b" in shown
    assert "agreed: “Yes, write to me.”" in shown
    assert "submitted  guide" in shown


@pytest.mark.parametrize("number", [8, 9])
def test_show_keeps_the_terminal_safe(run_cli: RunCli, project: Path, number: int) -> None:
    """No escape sequence and no change of direction reaches the terminal."""
    shown = run_cli("leads", "show", f"lead{number}@example.com", "--project", project).stdout
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "�" in shown


def test_show_nobody(run_cli: RunCli, project: Path) -> None:
    """An unknown address is an error that says so."""
    ran = run_cli("leads", "show", "no@example.com", "--project", project)
    assert (ran.code, ran.stdout) == (1, "")
    assert "there is no lead with the address no@example.com" in ran.stderr


def test_export_csv(run_cli: RunCli, project: Path) -> None:
    """A spreadsheet runs no cell as a formula; everything else is as it was typed."""
    rows = list(csv.DictReader(io.StringIO(run_cli("leads", "export", "--project", project).stdout, newline="")))
    assert [row["page"] for row in rows[:7]] == ["'" + name for name in NAMES[:7]]
    assert [row["page"] for row in rows[7:]] == [NAMES[7], "red", *NAMES[9:]]
    assert rows[7]["answers"] == 'name: Ana, "the" Lead; topics: a, b'
    assert rows[7]["consents"] == "Yes, write to me."


def test_export_jsonl(run_cli: RunCli, project: Path) -> None:
    """JSON is exact, oldest first."""
    lines = run_cli("leads", "export", "--format", "jsonl", "--project", project).stdout.splitlines()
    assert [json.loads(line)["answers"]["name"] for line in lines] == NAMES


def test_no_database(run_cli: RunCli, tmp_path: Path) -> None:
    """Where there is no database yet, none is made."""
    ran = run_cli("leads", "list", "--project", tmp_path)
    assert ran.code == 1
    assert "there are no leads yet" in ran.stderr
    assert not (tmp_path / "leads.db").exists()
