"""Where a preview keeps what is its own, apart from the real site and the real leads."""

from __future__ import annotations

from pathlib import Path


def work_folder(project: Path) -> Path:
    """The preview's builds, mails and key."""
    return project / ".leadpages" / "serve"


def database(project: Path) -> Path:
    """The leads that came in through the preview."""
    return work_folder(project) / "leads.db"
