"""What becomes of a submission."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from leadpages.core.forms import Field, Form
from leadpages.leads.intake import Intake, mails_on_acceptance, take_in
from leadpages.leads.model import LeadStatus, MailName, Standing, address_key

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
JUST_NOW, YESTERDAY = NOW - timedelta(hours=23, minutes=59), NOW - timedelta(hours=24)
BOTH = ("confirm", "deliver")


def form(double_opt_in: bool) -> Form:
    email = Field("email", "email", "E-mail", required=True)
    return Form("guide", "The guide", (email,), "Send", "/thanks/", double_opt_in=double_opt_in)


@pytest.mark.parametrize(
    ("double_opt_in", "status", "asked_at", "has_mail", "intake"),
    [
        (True, None, None, BOTH, Intake("pending", True, ("confirm",))),
        (True, "pending", JUST_NOW, BOTH, Intake("pending", True, ())),
        (True, "pending", YESTERDAY, BOTH, Intake("pending", True, ("confirm",))),
        (True, "received", None, BOTH, Intake("pending", True, ("confirm",))),
        (True, "confirmed", JUST_NOW, BOTH, Intake("confirmed", False, ("deliver",))),
        (True, "confirmed", YESTERDAY, ("confirm",), Intake("confirmed", False, ())),
        (True, "unsubscribed", JUST_NOW, BOTH, Intake("unsubscribed", True, ())),
        (True, "unsubscribed", YESTERDAY, BOTH, Intake("unsubscribed", True, ("confirm",))),
        (False, None, None, BOTH, Intake("received", False, ("deliver",))),
        (False, None, None, (), Intake("received", False, ())),
        (False, "pending", JUST_NOW, BOTH, Intake("pending", False, ("deliver",))),
        (False, "confirmed", YESTERDAY, BOTH, Intake("confirmed", False, ("deliver",))),
        (False, "unsubscribed", None, BOTH, Intake("unsubscribed", False, ())),
    ],
)
def test_a_submission_has_one_consequence(
    double_opt_in: bool, status: LeadStatus | None, asked_at: datetime | None, has_mail: tuple[str, ...], intake: Intake
) -> None:
    """Form and standing decide the status, the wait and the mails; a stranger is asked once in 24 hours."""
    assert take_in(form(double_opt_in), Standing(status, asked_at, None), has_mail, NOW) == intake


@pytest.mark.parametrize(
    ("queued_at", "mails"),
    [(NOW - timedelta(minutes=9, seconds=59), ()), (NOW - timedelta(minutes=10), ("deliver",)), (None, ("deliver",))],
)
@pytest.mark.parametrize("double_opt_in", [True, False])
def test_nobody_is_flooded(double_opt_in: bool, queued_at: datetime | None, mails: tuple[MailName, ...]) -> None:
    """However often someone types a known address, the same mail goes out once in ten minutes."""
    standing = Standing("confirmed", None, queued_at)
    assert take_in(form(double_opt_in), standing, BOTH, NOW) == Intake("confirmed", False, mails)


def test_a_form_without_a_mail_sends_none() -> None:
    """Only what the project has written goes out."""
    assert mails_on_acceptance(BOTH) == ("deliver",)
    assert mails_on_acceptance(("confirm",)) == ()


def test_case_does_not_make_another_person() -> None:
    """Mail hosts do not tell it apart, so the store must not."""
    assert address_key("Ann.Lee@Example.COM") == address_key("ann.lee@example.com") != address_key("annlee@example.com")
