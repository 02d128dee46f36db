"""What the other side can make of a thing that is handed to it, other than taking it."""

from __future__ import annotations

from datetime import timedelta

from leadpages.core.errors import LeadpagesError


class TryLater(LeadpagesError):
    """It could not be taken now (4xx of a mail host, 5xx of a web hook, a broken connection).

    `after` is how long the other side wants to be left alone, if it said so.
    """

    def __init__(self, message: str, after: timedelta = timedelta()) -> None:
        super().__init__(message)
        self.after = after


class Unreachable(TryLater):
    """There is nobody to hand it to, nor would there be for the next one."""


class NotLetIn(LeadpagesError):
    """The mail host refused us, not the mail: wrong credentials, say. No mail can go out until someone mends that."""


class Rejected(LeadpagesError):
    """It will never be taken."""


class Bounced(Rejected):
    """The mail host will never take this mail (5xx)."""


class NoSuchMailbox(Bounced):
    """The mail host will never take any mail for this address."""
