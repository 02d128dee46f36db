"""Leads as commands show them: to scripts as JSON, to a terminal as text that can do nothing to it."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Mapping
from typing import Any

from leadpages.core.times import to_text
from leadpages.leads.model import Dossier, Lead, Submission
from leadpages.leads.risks import score


def lead_data(lead: Lead) -> dict[str, Any]:
    """What `--json` says of a lead."""
    return {
        "email": lead.email,
        "status": lead.status,
        "created_at": to_text(lead.created_at),
        "confirmed_at": to_text(lead.confirmed_at) if lead.confirmed_at else None,
        "forms": list(lead.forms),
        "downloads": lead.downloads,
        "suppressed_for": lead.suppressed_for,
        "risk": score(lead.risks),
        "risks": list(lead.risks),
    }


def submission_data(submission: Submission) -> dict[str, Any]:
    """What `--json` says of a submission; its consents were given when and where it was sent."""
    return {
        "received_at": to_text(submission.received_at),
        "form": submission.form,
        "page": submission.page,
        "answers": submission.values,
        "consents": [{"field": consent.field, "wording": consent.wording} for consent in submission.consents],
        "quarantined_for": submission.quarantined_for,
    }


def dossier_data(dossier: Dossier) -> dict[str, Any]:
    """What `--json` says of all that is kept about an address."""
    return (lead_data(dossier.lead) if dossier.lead else {}) | {
        "submissions": [submission_data(submission) for submission in dossier.submissions],
        "events": [
            {"at": to_text(event.at), "kind": event.kind, "form": event.form, "detail": event.detail}
            for event in dossier.events
        ],
    }


def printable(text: str) -> str:
    """`text` without what could move a terminal's cursor or turn its writing round."""
    return "".join(c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf") else "�" for c in text)


def json_line(data: Mapping[str, Any]) -> str:
    """`data` on one line, in a way that any terminal takes."""
    return json.dumps(data, ensure_ascii=not (sys.stdout.encoding or "").lower().startswith("utf"))
