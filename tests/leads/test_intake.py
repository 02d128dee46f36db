"""What becomes of a submission."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from leadpages.core.forms import Field, Form, Webhook
from leadpages.leads.intake import SUPPRESSED, Intake, on_acceptance, take_in
from leadpages.leads.model import Delivery, LeadStatus, Standing, SuppressionReason, address_key

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
JUST_NOW, YESTERDAY = NOW - timedelta(hours=23, minutes=59), NOW - timedelta(hours=24)
BOTH = ("confirm", "deliver")
CONFIRM, DELIVER = Delivery("mail", "confirm", "submitted"), Delivery("mail", "deliver")


def form(double_opt_in: bool, *hooks: Webhook, notify: tuple[str, ...] = ()) -> Form:
    email = Field("email", "email", "E-mail", required=True)
    asked = Form("guide", "The guide", (email,), "Send", "/thanks/", double_opt_in=double_opt_in)
    return asked._replace(webhooks=hooks, notify=notify)


@pytest.mark.parametrize(
    ("double_opt_in", "status", "asked_at", "has_mail", "intake"),
    [
        (True, None, None, BOTH, Intake("pending", True, (CONFIRM,))),
        (True, "pending", JUST_NOW, BOTH, Intake("pending", True, ())),
        (True, "pending", YESTERDAY, BOTH, Intake("pending", True, (CONFIRM,))),
        (True, "received", None, BOTH, Intake("pending", True, (CONFIRM,))),
        (True, "confirmed", JUST_NOW, BOTH, Intake("confirmed", False, (DELIVER,))),
        (True, "confirmed", YESTERDAY, ("confirm",), Intake("confirmed", False, ())),
        (True, "unsubscribed", JUST_NOW, BOTH, Intake("unsubscribed", True, ())),
        (True, "unsubscribed", YESTERDAY, BOTH, Intake("unsubscribed", True, (CONFIRM,))),
        (False, None, None, BOTH, Intake("received", False, (DELIVER,))),
        (False, None, None, (), Intake("received", False, ())),
        (False, "pending", JUST_NOW, BOTH, Intake("pending", False, (DELIVER,))),
        (False, "confirmed", YESTERDAY, BOTH, Intake("confirmed", False, (DELIVER,))),
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
    [(NOW - timedelta(minutes=9, seconds=59), ()), (NOW - timedelta(minutes=10), (DELIVER,)), (None, (DELIVER,))],
)
@pytest.mark.parametrize("double_opt_in", [True, False])
def test_nobody_is_flooded(double_opt_in: bool, queued_at: datetime | None, mails: tuple[Delivery, ...]) -> None:
    """However often someone types a known address, the same mail goes out once in ten minutes."""
    standing = Standing("confirmed", None, queued_at)
    assert take_in(form(double_opt_in), standing, BOTH, NOW) == Intake("confirmed", False, mails)


def test_who_left_and_writes_is_heard() -> None:
    """The owners of the site are told, as of anyone; the person gets no mail."""
    hook = Webhook("crm", "https://crm.example.com/", events=("submitted", "accepted"))
    told = (Delivery("webhook", "crm", "submitted"), Delivery("notice", "a@b.example"), Delivery("webhook", "crm"))
    asked = form(False, hook, notify=("a@b.example",))
    assert take_in(asked, Standing("unsubscribed"), BOTH, NOW) == Intake("unsubscribed", deliveries=told)


def test_a_form_without_a_mail_sends_none() -> None:
    """Only what the project has written goes out."""
    assert on_acceptance(form(True), BOTH) == (DELIVER,)
    assert on_acceptance(form(True), ("confirm",)) == ()


@pytest.mark.parametrize("reason", ["erased", "bounced", "complained", "blocked"])
@pytest.mark.parametrize("status", [None, "confirmed", "unsubscribed"])
def test_nothing_goes_to_a_suppressed_address(status: LeadStatus | None, reason: SuppressionReason) -> None:
    """What comes from there is kept for a person to look at."""
    intake = take_in(form(False), Standing(status, suppressed_for=reason), BOTH, NOW)
    assert (intake.deliveries, intake.quarantined_for) == ((), SUPPRESSED)


def test_whoever_left_long_ago_is_asked_and_not_served() -> None:
    """Their data is gone, and that they left is not."""
    left = Standing(suppressed_for="unsubscribed")
    assert take_in(form(True), left, BOTH, NOW) == Intake("unsubscribed", True, (CONFIRM,))
    assert take_in(form(False), left, BOTH, NOW) == Intake("unsubscribed")
    back = Standing("confirmed", suppressed_for="unsubscribed")
    assert take_in(form(True), back, BOTH, NOW) == Intake("confirmed", False, (DELIVER,))


def test_web_hooks_are_told_of_what_they_ask_for() -> None:
    """As it comes in, or once it counts."""
    early = Webhook("early", "https://example.com/", ("submitted",))
    late = Webhook("late", "https://example.com/")
    asked = form(True, early, late, notify=("owner@example.com",))
    told_early, told_late = Delivery("webhook", "early", "submitted"), Delivery("webhook", "late")
    notice = Delivery("notice", "owner@example.com")
    assert take_in(asked, Standing(), BOTH, NOW).deliveries == (told_early, CONFIRM)
    assert take_in(asked, Standing("confirmed"), BOTH, NOW).deliveries == (told_early, DELIVER, notice, told_late)
    assert on_acceptance(asked, BOTH) == (DELIVER, notice, told_late)


def test_case_does_not_make_another_person() -> None:
    """Mail hosts do not tell it apart, so the store must not."""
    assert address_key("Ann.Lee@Example.COM") == address_key("ann.lee@example.com") != address_key("annlee@example.com")
