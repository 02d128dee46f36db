"""Requests that the handler turns down: raised anywhere below the app, translated there."""

from __future__ import annotations

from leadpages.core.errors import LeadpagesError
from leadpages.core.translations import fill


class Refusal(LeadpagesError):
    """`status` for HTTP, `code` for programs, `text` for people, with `gaps` to fill once it is translated.

    `retry_after_s` is when the same may be tried again, if that is known.
    """

    def __init__(self, status: int, code: str, text: str, retry_after_s: int = 0, **gaps: object) -> None:
        super().__init__(fill(text, gaps))
        self.retry_after_s = retry_after_s
        self.status = status
        self.code = code
        self.text = text
        self.gaps = gaps


def not_found(text: str = "There is nothing at this address.") -> Refusal:
    """For unknown forms, and for links that are not ours: the reply does not say which."""
    return Refusal(404, "not_found", text)
