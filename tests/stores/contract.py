"""What every store must do. A test class of a store inherits this and brings a `store` fixture."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from leadpages.core.forms import Consent, Field, Form
from leadpages.leads.intake import take_in
from leadpages.leads.model import MailName, Submission
from leadpages.stores.protocol import Confirmation, Download, OutboxItem, Recipient, Store

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LEASE = timedelta(minutes=5)
BOTH: tuple[MailName, ...] = ("confirm", "deliver")


def form(name: str, double_opt_in: bool = True) -> Form:
    email = Field("email", "email", "E-mail", required=True)
    return Form(name, name.title(), (email,), "Send", f"/thanks/{name}/", double_opt_in=double_opt_in)


def submission(id_: str, email: str = "ann@example.com", *, at: datetime = NOW, form: str = "guide") -> Submission:
    return Submission(id_, form, email, {"email": email, "name": id_}, (Consent("news", "Yes."),), "/p/", at)


def add(store: Store, item: Submission, *, double_opt_in: bool = True) -> None:
    decide = partial(take_in, form(item.form, double_opt_in), has_mail=BOTH, now=item.received_at)
    store.add_submission(item, decide)


def deliver(_: str) -> tuple[MailName, ...]:
    return ("deliver",)


def claim(store: Store, now: datetime = NOW, limit: int = 100) -> list[OutboxItem]:
    return store.claim(limit, LEASE, now)


def mails(store: Store, now: datetime = NOW) -> list[tuple[str, str]]:
    """What is due, as (mail, submission); it is due again right after."""
    items = claim(store, now)
    for item in items:
        store.mark_released(item)
    return sorted((item.mail, item.submission_id) for item in items)


class StoreContract:
    """The promises of `leadpages.stores.protocol.Store`."""

    def test_a_submission_makes_a_lead_with_a_history_and_a_mail(self, store: Store) -> None:
        """All of it is there when the call returns."""
        add(store, submission("one"))
        dossier = store.dossier("ann@example.com")
        assert dossier is not None
        assert (dossier.lead.status, dossier.lead.created_at, dossier.lead.confirmed_at) == ("pending", NOW, None)
        assert dossier.submissions == (submission("one"),)
        assert [(e.kind, e.form, e.detail, e.at) for e in dossier.events] == [("submitted", "guide", "/p/", NOW)]
        assert mails(store) == [("confirm", "one")]

    def test_values_of_every_kind_come_back(self, store: Store) -> None:
        """Lists, quotes, emoji, backslashes and what looks like SQL are text like any other."""
        values: dict[str, str | list[str]] = {
            "email": "ann@example.com",
            "name": "Robert'); DROP TABLE leads;--\n\\ \" 😀 \u202e",
            "sizes": ["s", "l"],
        }
        add(store, replace(submission("one"), values=values))
        ((_, kept),) = store.submissions()
        assert kept.values == values

    def test_the_language_of_a_form_comes_back(self, store: Store) -> None:
        """With the submission, and with whom its mails go to."""
        add(store, replace(submission("one"), language="pt-BR"))
        ((_, kept),) = store.submissions()
        (item,) = claim(store)
        recipient = store.recipient(item)
        dossier = store.dossier("ann@example.com")
        assert recipient is not None
        assert dossier is not None
        assert (kept.language, recipient.language, dossier.submissions[0].language) == ("pt-BR",) * 3

    def test_the_same_post_within_ten_minutes_is_one(self, store: Store) -> None:
        """A double click has no second effect; ten minutes later it is a new submission."""
        twin = partial(replace, submission("one"))
        add(store, twin())
        add(store, twin(id="two", received_at=NOW + timedelta(seconds=1)))
        add(store, twin(id="three", received_at=NOW + timedelta(minutes=9, seconds=59)))
        assert [s.id for _, s in store.submissions()] == ["one"]
        assert mails(store, NOW + MINUTE) == [("confirm", "one")]
        add(store, twin(id="four", received_at=NOW + timedelta(minutes=10)))
        assert [s.id for _, s in store.submissions()] == ["one", "four"]

    def test_other_answers_or_another_form_are_no_repeat(self, store: Store) -> None:
        """Whoever mends an answer is heard."""
        add(store, submission("one"))
        add(store, submission("two"))
        add(store, replace(submission("one"), id="three", form="news"))
        assert [s.id for _, s in store.submissions()] == ["one", "three", "two"]

    def test_one_address_in_two_spellings_is_one_lead(self, store: Store) -> None:
        """Case does not count."""
        add(store, submission("one", "Ann@example.com"))
        add(store, submission("two", "ann@EXAMPLE.com", at=NOW + MINUTE))
        (lead,) = store.leads()
        assert (lead.forms, lead.created_at) == (("guide",), NOW)
        assert store.dossier("ANN@example.com") is not None
        assert mails(store, NOW + MINUTE) == [("confirm", "one")]

    def test_a_quarantined_submission_has_no_effect(self, store: Store) -> None:
        """No lead, no mail, nothing in the lists; and it does not swallow the genuine one that follows."""
        spam = replace(submission("one"), quarantined_for="honeypot")
        add(store, spam)
        add(store, replace(spam, id="two"))
        assert (list(store.leads()), list(store.submissions()), mails(store)) == ([], [], [])
        assert store.dossier("ann@example.com") is None
        assert store.find_confirmation("one") is None
        assert store.find_download("one") is None
        add(store, replace(submission("three"), values=spam.values))
        assert [s.id for _, s in store.submissions()] == ["three"]
        assert mails(store) == [("confirm", "three")]

    def test_an_address_is_asked_once_in_a_day(self, store: Store) -> None:
        """However many forms a stranger's address is typed into."""
        for number in range(30):
            add(store, submission(f"s{number:02}", form=f"form{number}", at=NOW + number * MINUTE))
        assert mails(store, NOW + DAY) == [("confirm", "s00")]
        add(store, submission("later", at=NOW + DAY))
        assert mails(store, NOW + DAY) == [("confirm", "later"), ("confirm", "s00")]

    def test_one_confirmation_serves_every_form_that_waits(self, store: Store) -> None:
        """Each gets its mail, for its latest submission, once."""
        add(store, submission("one"))
        add(store, submission("two", at=NOW + MINUTE))
        add(store, submission("three", form="news", at=NOW + 2 * MINUTE))
        assert store.find_confirmation("one") == Confirmation(("guide", "news"), already=False)
        assert store.confirm("one", deliver, NOW + DAY) == Confirmation(("guide", "news"), already=False)
        assert mails(store, NOW + DAY) == [("confirm", "one"), ("deliver", "three"), ("deliver", "two")]
        (lead,) = store.leads()
        assert (lead.status, lead.confirmed_at) == ("confirmed", NOW + DAY)

    def test_a_second_confirmation_changes_nothing(self, store: Store) -> None:
        """It says "already", queues no mail and keeps the first time."""
        add(store, submission("one"))
        store.confirm("one", deliver, NOW + MINUTE)
        assert store.confirm("one", deliver, NOW + DAY) == Confirmation(("guide",), already=True)
        assert store.find_confirmation("one") == Confirmation(("guide",), already=True)
        assert mails(store, NOW + DAY) == [("confirm", "one"), ("deliver", "one")]
        (lead,) = store.leads()
        assert lead.confirmed_at == NOW + MINUTE

    def test_many_confirmations_at_once_are_one(self, store: Store) -> None:
        """A page that is reloaded by several clients queues one mail."""
        add(store, submission("one"))
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: store.confirm("one", deliver, NOW), range(8)))
        assert sorted(c.already for c in found if c) == [False] + [True] * 7
        assert mails(store) == [("confirm", "one"), ("deliver", "one")]

    def test_a_confirmed_address_gets_the_next_thing_at_once(self, store: Store) -> None:
        """It is proven; nobody is asked twice."""
        add(store, submission("one"))
        store.confirm("one", deliver, NOW)
        add(store, submission("two", form="news", at=NOW + MINUTE))
        assert mails(store, NOW + MINUTE) == [("confirm", "one"), ("deliver", "one"), ("deliver", "two")]

    def test_what_is_unknown_is_none_and_changes_nothing(self, store: Store) -> None:
        """Links outlive what they stand for."""
        assert store.find_confirmation("gone") is None
        assert store.confirm("gone", deliver, NOW) is None
        assert store.find_download("gone") is None
        assert store.count_download("gone", 5, NOW) is False
        store.queue_again("gone", "deliver", MINUTE, NOW)
        store.unsubscribe("gone", NOW)
        assert (list(store.leads()), mails(store)) == ([], [])
        assert store.dossier("ann@example.com") is None

    def test_downloads_are_counted_up_to_the_limit(self, store: Store) -> None:
        """The limit holds, and each one is in the history."""
        add(store, submission("one"))
        assert store.find_download("one") == Download("guide", 0)
        assert [store.count_download("one", 2, NOW) for _ in range(4)] == [True, True, False, False]
        assert store.find_download("one") == Download("guide", 2)
        dossier = store.dossier("ann@example.com")
        assert dossier is not None
        assert dossier.lead.downloads == 2
        assert [e.kind for e in dossier.events] == ["submitted", "downloaded", "downloaded"]

    def test_many_downloads_at_once_keep_the_limit(self, store: Store) -> None:
        """Nobody slips through between the look and the count."""
        add(store, submission("one"))
        with ThreadPoolExecutor(8) as pool:
            given = list(pool.map(lambda _: store.count_download("one", 3, NOW), range(16)))
        assert sum(given) == 3

    def test_a_mail_is_queued_again_after_its_pause(self, store: Store) -> None:
        """Pressing the button often sends one mail."""
        add(store, submission("one"))
        for at in (NOW, NOW + MINUTE, NOW + 9 * MINUTE):
            store.queue_again("one", "deliver", 10 * MINUTE, at)
        assert mails(store, NOW + DAY) == [("confirm", "one"), ("deliver", "one")]
        store.queue_again("one", "deliver", 10 * MINUTE, NOW + 10 * MINUTE)
        assert mails(store, NOW + DAY) == [("confirm", "one"), ("deliver", "one"), ("deliver", "one")]

    def test_unsubscribing_holds_and_is_logged_once(self, store: Store) -> None:
        """The second time nothing happens, and the first moment stays."""
        add(store, submission("one"))
        (item,) = claim(store)
        store.unsubscribe("one", NOW + MINUTE)
        store.unsubscribe("one", NOW + DAY)
        (lead,) = store.leads()
        dossier = store.dossier("ann@example.com")
        assert dossier is not None
        assert lead.status == "unsubscribed"
        assert [e.kind for e in dossier.events] == ["submitted", "unsubscribed"]
        assert store.recipient(item) == Recipient(
            "ann@example.com", "unsubscribed", NOW + MINUTE, submission("one").values
        )

    def test_whoever_left_and_comes_back_is_asked_again(self, store: Store) -> None:
        """Not within a day of the last question, but after it."""
        add(store, submission("one"))
        store.confirm("one", deliver, NOW)
        store.unsubscribe("one", NOW + MINUTE)
        add(store, submission("two", at=NOW + 2 * DAY))
        assert ("confirm", "two") in mails(store, NOW + 2 * DAY)
        assert store.find_confirmation("two") == Confirmation(("guide",), already=False)

    def test_due_items_are_claimed_once_oldest_first(self, store: Store) -> None:
        """What one worker holds, no other gets."""
        for number in range(5):
            add(store, submission(f"s{number}", f"a{number}@example.com", at=NOW + number * MINUTE))
        assert claim(store, NOW - MINUTE) == []
        first = claim(store, NOW + DAY, limit=2)
        rest = claim(store, NOW + DAY)
        assert [item.submission_id for item in first + rest] == ["s0", "s1", "s2", "s3", "s4"]
        assert claim(store, NOW + DAY) == []
        assert (first[0].mail, first[0].form, first[0].created_at, first[0].attempts) == ("confirm", "guide", NOW, 0)

    def test_many_workers_share_the_items(self, store: Store) -> None:
        """Each item goes to exactly one of them."""
        for number in range(24):
            add(store, submission(f"s{number}", f"a{number}@example.com"))
        with ThreadPoolExecutor(6) as pool:
            batches = list(pool.map(lambda _: claim(store, limit=5), range(6)))
        ids = [item.id for batch in batches for item in batch]
        assert len(ids) == len(set(ids)) == 24

    def test_a_dead_workers_item_goes_to_another_and_its_word_counts_no_more(self, store: Store) -> None:
        """After the lease the next worker holds the item; whatever the first says late is refused."""
        add(store, submission("one"))
        (held,) = claim(store)
        assert claim(store, NOW + LEASE - timedelta(milliseconds=1)) == []
        later = NOW + LEASE
        (taken,) = claim(store, later)
        assert (taken.id, taken.fence > held.fence) == (held.id, True)
        assert store.mark_sent(held, later) is False
        assert store.mark_retry(held, "late", later + DAY) is False
        assert store.mark_released(held) is False
        assert store.mark_ended(held, "dead", "late", later) is False
        assert claim(store, later) == []
        assert store.mark_sent(taken, later) is True
        assert store.mark_sent(taken, later) is False
        assert store.mark_retry(taken, "late", later) is False
        assert claim(store, later + DAY) == []

    @pytest.mark.parametrize("state", ["cancelled", "dead"])
    def test_an_ended_item_stays_ended(self, store: Store, state: str) -> None:
        """It is never claimed again, and the history has it."""
        add(store, submission("one"))
        (item,) = claim(store)
        assert store.mark_ended(item, state, "why", NOW + MINUTE) is True
        assert claim(store, NOW + 365 * DAY) == []
        dossier = store.dossier("ann@example.com")
        assert dossier is not None
        assert [(e.kind, e.detail) for e in dossier.events[1:]] == [(f"mail_{state}", "confirm")]

    def test_a_retry_waits_for_its_time_and_counts(self, store: Store) -> None:
        """Before it is due nobody gets it; then the attempts are one more."""
        add(store, submission("one"))
        (item,) = claim(store)
        assert store.mark_retry(item, "450 later", NOW + 10 * MINUTE) is True
        assert claim(store, NOW + 9 * MINUTE) == []
        (again,) = claim(store, NOW + 10 * MINUTE)
        assert (again.id, again.attempts, again.created_at) == (item.id, 1, NOW)

    def test_a_released_item_is_due_at_once_and_has_lost_nothing(self, store: Store) -> None:
        """No attempt is burnt."""
        add(store, submission("one"))
        (item,) = claim(store)
        assert store.mark_released(item) is True
        (again,) = claim(store)
        assert (again.id, again.attempts) == (item.id, 0)

    def test_lists_longer_than_a_page_are_whole_and_in_order(self, store: Store) -> None:
        """Leads come newest first, submissions oldest first, each once, also where many share a moment."""
        count = 1_003
        for number in range(count):
            at = NOW + (number // 600) * MINUTE
            add(store, submission(f"s{number:04}", f"a{number}@example.com", at=at), double_opt_in=False)
        leads, kept = list(store.leads()), list(store.submissions())
        assert len({lead.email for lead in leads}) == len(leads) == len(kept) == count
        assert [lead.created_at for lead in leads] == sorted((lead.created_at for lead in leads), reverse=True)
        assert [s.id for _, s in kept] == [f"s{number:04}" for number in range(count)]
        assert all(lead.email == s.email and lead.status == "received" for lead, s in kept)

    def test_a_list_may_be_read_while_others_write(self, store: Store) -> None:
        """An open list keeps no writer waiting."""
        for number in range(3):
            add(store, submission(f"s{number}", f"a{number}@example.com"))
        leads = store.leads()
        next(leads)
        add(store, submission("late", "late@example.com", at=NOW + MINUTE))
        assert len(list(leads)) == 2

    def test_page_events_are_counted(self, store: Store) -> None:
        """Counting never fails for a page that is new or was counted before."""
        for page in ("/a/", "/a/", "/b/"):
            store.count_page_event("form_view", page, NOW)
        store.check()

    def test_writers_at_once_lose_nothing(self, store: Store) -> None:
        """Sixteen threads, one lead each: all are there."""
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda n: add(store, submission(f"s{n}", f"a{n}@example.com")), range(64)))
        assert {lead.email for lead in store.leads()} == {f"a{n}@example.com" for n in range(64)}

    def test_a_double_click_that_arrives_at_once_is_one(self, store: Store) -> None:
        """Also when both posts are in flight together."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: add(store, replace(submission("one"), id=f"s{n}")), range(8)))
        assert len(list(store.submissions())) == 1
        assert len(mails(store)) == 1
