"""What every store makes of its rows, and of what it is given for them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from leadpages.core.forms import Consent
from leadpages.core.times import from_text, to_text
from leadpages.leads.intake import Intake
from leadpages.leads.model import Lead, Submission
from leadpages.stores.protocol import Limit

#: Answers are kept as they were typed. (`json.dumps` makes an encoder at each call.)
as_json = json.JSONEncoder(ensure_ascii=False).encode


def hash_answers(form: str, answers: str) -> str:
    """Equal for the same answers to the same form, whose fields they are in the order of; `answers` are JSON."""
    return hashlib.sha256(f"{form}\n{answers}".encode(errors="surrogatepass")).hexdigest()


def hash_key(form: str, key: str) -> str:
    """What is kept of an idempotency key, which is one for each form."""
    return hashlib.sha256(f"{form}\n{key}".encode()).hexdigest()


def hash_under(key: str, answers_hash: str) -> str:
    """What is kept of the answers beside `key`: without that, nobody finds out by trying what they were."""
    return hashlib.sha256(f"{key}\n{answers_hash}".encode()).hexdigest()


def hash_once(once: str) -> str:
    """What is kept of something that is good once, beside the keys: no form is called ""."""
    return hash_key("", once)


def window(limit: Limit, now: datetime) -> tuple[str, str]:
    """When the window of `limit` that `now` is in begins and ends, as text."""
    return _window(now.timestamp() // limit.window.total_seconds(), limit.window)


@lru_cache  # nearly all that comes in counts towards the same few
def _window(number: float, length: timedelta) -> tuple[str, str]:
    start = datetime.fromtimestamp(number * length.total_seconds(), UTC)
    return to_text(start), to_text(start + length)


def asks(intake: Intake) -> bool:
    """Whether the address is asked for its confirmation."""
    return any(delivery.channel == "mail" and delivery.name == "confirm" for delivery in intake.deliveries)


def moment(text: str | None) -> datetime | None:
    """The inverse of `to_text`, also for what has not happened."""
    return from_text(text) if text else None


def lead_of(row: Mapping[str, Any]) -> Lead:
    """A lead from its row, in which `forms` and `risks` are JSON."""
    return Lead(
        email=row["email"],
        status=row["status"],
        created_at=from_text(row["created_at"]),
        confirmed_at=moment(row["confirmed_at"]),
        forms=tuple(sorted(json.loads(row["forms"]))),
        downloads=row["downloads"],
        suppressed_for=row["suppressed_for"] or None,
        risks=tuple(json.loads(row["risks"])),
    )


def submission_of(row: Mapping[str, Any]) -> Submission:
    """A submission from its row, in which `answers`, `consents` and `files` are JSON."""
    return Submission(
        id=row["id"],
        form=row["form"],
        email=row["email"],
        values=json.loads(row["answers"]),
        consents=tuple(Consent(field, wording) for field, wording in json.loads(row["consents"])),
        page=row["page"],
        received_at=from_text(row["received_at"]),
        language=row["language"],
        quarantined_for=row["quarantined_for"],
        files=tuple(json.loads(row["files"])),
    )
