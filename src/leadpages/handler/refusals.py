"""Requests that the handler turns down: raised anywhere below the app, translated there."""

from __future__ import annotations

from leadpages.core.errors import LeadpagesError


class Refusal(LeadpagesError):
    """`status` for HTTP, `code` for programs, `message` for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def not_found(message: str = "There is nothing at this address.") -> Refusal:
    """For unknown forms, and for links that are not ours: the reply does not say which."""
    return Refusal(404, "not_found", message)
