"""What every store must do. A test class of a store inherits this and brings a `store` fixture."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from leadpages.core.forms import Consent, Field, Form
from leadpages.leads.intake import REPLAYED, SUPPRESSED, Intake, take_in
from leadpages.leads.model import Delivery, Dossier, Submission
from leadpages.stores.protocol import (
    Confirmation,
    Decide,
    Download,
    Erased,
    ItemState,
    Limit,
    Limited,
    OutboxItem,
    Receipt,
    Recipient,
    Store,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LEASE = timedelta(minutes=5)
BOTH = ("confirm", "deliver")
DELIVER = Delivery("mail", "deliver")


def form(name: str, double_opt_in: bool = True) -> Form:
    email = Field("email", "email", "E-mail", required=True)
    return Form(name, name.title(), (email,), "Send", f"/thanks/{name}/", double_opt_in=double_opt_in)


def submission(id_: str, email: str = "ann@example.com", *, at: datetime = NOW, form: str = "guide") -> Submission:
    return Submission(id_, form, email, {"email": email, "name": id_}, (Consent("news", "Yes."),), "/p/", at)


def deciding(item: Submission, double_opt_in: bool = True) -> Decide:
    return partial(take_in, form(item.form, double_opt_in), has_mail=BOTH, now=item.received_at)


def add(
    store: Store, item: Submission, *limits: Limit, double_opt_in: bool = True, key: str = "", once: str = ""
) -> Receipt:
    return store.add_submission(item, deciding(item, double_opt_in), marks(item.email), limits, key, once)


def marks(email: str) -> tuple[str, ...]:
    """As if there were two keys, an old and a new one."""
    return f"new {email.lower()}", f"old {email.lower()}"


def dossier_of(store: Store, email: str = "ann@example.com") -> Dossier:
    found = store.dossier(email)
    assert found is not None
    return found


def kinds(store: Store) -> list[str]:
    """What happened to Ann."""
    return [event.kind for event in dossier_of(store).events]


HOUR = timedelta(hours=1)


def deliver(_: str) -> tuple[Delivery, ...]:
    return (DELIVER,)


def nothing(_: str) -> tuple[Delivery, ...]:
    return ()


def claim(store: Store, now: datetime = NOW, limit: int = 100) -> list[OutboxItem]:
    return store.claim(limit, LEASE, now)


def mails(store: Store, now: datetime = NOW) -> list[tuple[str, str]]:
    """What is due, as (mail, submission); it is due again right after."""
    items = claim(store, now)
    for item in items:
        store.mark_released(item)
    return sorted((item.name, item.submission_id) for item in items)


class StoreContract:
    """The promises of `leadpages.stores.protocol.Store`."""

    def test_a_submission_makes_a_lead_with_a_history_and_a_mail(self, store: Store) -> None:
        """All of it is there when the call returns."""
        add(store, submission("one"))
        dossier = store.dossier("ann@example.com")
        assert dossier is not None
        assert dossier.lead is not None
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
        add(store, submission("one")._replace(values=values))
        ((_, kept),) = store.submissions()
        assert kept.values == values

    def test_the_language_of_a_form_comes_back(self, store: Store) -> None:
        """With the submission, and with whom its mails go to."""
        add(store, submission("one")._replace(language="pt-BR"))
        ((_, kept),) = store.submissions()
        (item,) = claim(store)
        recipient = store.recipient(item)
        dossier = store.dossier("ann@example.com")
        assert recipient is not None
        assert dossier is not None
        assert (kept.language, recipient.submission.language, dossier.submissions[0].language) == ("pt-BR",) * 3

    def test_the_same_post_within_ten_minutes_is_one(self, store: Store) -> None:
        """A double click has no second effect; ten minutes later it is a new submission."""
        twin = submission("one")._replace
        add(store, twin())
        add(store, twin(id="two", received_at=NOW + timedelta(seconds=1)))
        add(store, twin(id="three", received_at=NOW + timedelta(minutes=9, seconds=59)))
        assert [s.id for _, s in store.submissions()] == ["one"]
        assert mails(store, NOW + MINUTE) == [("confirm", "one")]
        add(store, twin(id="four", received_at=NOW + timedelta(minutes=10)))
        assert [s.id for _, s in store.submissions()] == ["one", "four"]

    @pytest.mark.parametrize("reason", ["", "honeypot", SUPPRESSED])
    def test_whoever_tries_again_has_sent_one(self, store: Store, reason: str) -> None:
        """Nobody told them that it was kept, and it has the same id: also where it is in quarantine."""
        item = submission("one")
        if reason == SUPPRESSED:
            store.suppress(item.email, marks(item.email), "blocked", NOW)
        elif reason:
            item = item._replace(quarantined_for=reason)
        for _ in range(2):
            assert add(store, item) in ("kept", "repeated")
        assert dossier_of(store).submissions == (item._replace(quarantined_for=reason),)

    def test_other_answers_or_another_form_are_no_repeat(self, store: Store) -> None:
        """Whoever mends an answer is heard."""
        add(store, submission("one"))
        add(store, submission("two"))
        add(store, submission("one")._replace(id="three", form="news"))
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
        spam = submission("one")._replace(quarantined_for="honeypot")
        add(store, spam)
        add(store, spam._replace(id="two"))
        assert (list(store.leads()), list(store.submissions()), mails(store)) == ([], [], [])
        dossier = store.dossier("ann@example.com")
        assert dossier is not None
        assert (dossier.lead, [s.id for s in dossier.submissions]) == (None, ["one", "two"])
        assert store.find_confirmation("one") is None
        assert store.find_download("one") is None
        add(store, submission("three")._replace(values=spam.values))
        assert [s.id for _, s in store.submissions()] == ["three"]
        assert mails(store) == [("confirm", "three")]

    def test_an_address_is_asked_once_in_a_day(self, store: Store) -> None:
        """However many forms a stranger's address is typed into."""
        for number in range(30):
            add(store, submission(f"s{number:02}", form=f"form{number}", at=NOW + number * MINUTE))
        assert mails(store, NOW + DAY) == [("confirm", "s00")]
        add(store, submission("later", at=NOW + DAY))
        assert mails(store, NOW + DAY) == [("confirm", "later"), ("confirm", "s00")]

    def test_each_submission_comes_with_all_of_its_lead(self, store: Store) -> None:
        """Not only with what the one has to do with."""
        add(store, submission("one"), double_opt_in=False)
        add(store, submission("two", form="news", at=NOW + MINUTE), double_opt_in=False)
        store.count_download("one", 2, NOW)
        (lead,) = store.leads()
        assert (lead.forms, lead.downloads) == (("guide", "news"), 1)
        assert list(store.submissions()) == [
            (lead, submission("one")),
            (lead, submission("two", form="news", at=NOW + MINUTE)),
        ]

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
        store.unsubscribe("gone", "by link", nothing, NOW)
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
        assert dossier.lead is not None
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
        store.unsubscribe("one", "by link", nothing, NOW + MINUTE)
        store.unsubscribe("one", "by link", nothing, NOW + DAY)
        (lead,) = store.leads()
        dossier = store.dossier("ann@example.com")
        assert dossier is not None
        assert lead.status == "unsubscribed"
        assert [e.kind for e in dossier.events] == ["submitted", "unsubscribed"]
        assert store.recipient(item) == Recipient(
            "ann@example.com", "unsubscribed", NOW + MINUTE, None, submission("one")
        )

    def test_whoever_left_and_comes_back_is_asked_again(self, store: Store) -> None:
        """Not within a day of the last question, but after it."""
        add(store, submission("one"))
        store.confirm("one", deliver, NOW)
        store.unsubscribe("one", "by link", nothing, NOW + MINUTE)
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
        assert (first[0].name, first[0].form, first[0].created_at, first[0].attempts) == ("confirm", "guide", NOW, 0)

    def test_only_what_goes_by_the_channels_asked_for_is_claimed(self, store: Store) -> None:
        """The rest stays due, for another time or another worker."""
        told = (DELIVER, Delivery("webhook", "crm"), Delivery("notice", "owner@example.com"))
        store.add_submission(submission("one"), lambda _: Intake("received", deliveries=told))
        first = store.claim(10, LEASE, NOW, ("mail", "notice"))
        rest = store.claim(10, LEASE, NOW, ("webhook",))
        assert sorted(item.channel for item in first) == ["mail", "notice"]
        assert [(item.channel, item.name) for item in rest] == [("webhook", "crm")]

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
    def test_an_ended_item_stays_ended(self, store: Store, state: ItemState) -> None:
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

    def test_page_events_have_limits(self, store: Store) -> None:
        """What is over them is not counted; submissions have counts of their own."""
        limit = Limit("events of somebody", 2, HOUR)
        assert [store.count_page_event("form_view", f"/{n}/", NOW, [limit]) for n in range(4)] == [True, True] + [
            False
        ] * 2
        pages = [record.values["page"] for record in store.records() if record.kind == "page_events"]
        assert sorted(map(str, pages)) == ["/0/", "/1/"]
        assert store.count_page_event("form_view", "/later/", NOW + HOUR, [limit])

    def test_writers_at_once_lose_nothing(self, store: Store) -> None:
        """Sixteen threads, one lead each: all are there."""
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda n: add(store, submission(f"s{n}", f"a{n}@example.com")), range(64)))
        assert {lead.email for lead in store.leads()} == {f"a{n}@example.com" for n in range(64)}

    def test_a_double_click_that_arrives_at_once_is_one(self, store: Store) -> None:
        """Also when both posts are in flight together."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: add(store, submission("one")._replace(id=f"s{n}")), range(8)))
        assert len(list(store.submissions())) == 1
        assert len(mails(store)) == 1

    # Keys and limits

    def test_a_key_has_one_effect_and_one_reply(self, store: Store) -> None:
        """Also an hour later, when the same answers alone would be a new submission."""
        assert add(store, submission("one"), key="k") == "kept"
        again = submission("one")._replace(id="two", received_at=NOW + HOUR)
        assert add(store, again, key="k") == "repeated"
        assert add(store, again._replace(id="three"), key="other") == "kept"
        assert [s.id for _, s in store.submissions()] == ["one", "three"]

    def test_a_key_with_other_answers_is_a_conflict(self, store: Store) -> None:
        """Nothing of the second is kept; another form's key is another key, and a day later it is free."""
        assert add(store, submission("one"), key="k") == "kept"
        assert add(store, submission("two"), key="k") == "conflicting"
        assert add(store, submission("three", form="news"), key="k") == "kept"
        assert add(store, submission("four", at=NOW + DAY), key="k") == "kept"
        assert [s.id for _, s in store.submissions()] == ["one", "three", "four"]

    def test_one_key_many_times_at_once_is_one(self, store: Store) -> None:
        """A client that retries while the first try is still under way."""
        items = [submission("one")._replace(id=f"s{n}", received_at=NOW + n * HOUR) for n in range(8)]
        with ThreadPoolExecutor(8) as pool:
            receipts = list(pool.map(lambda item: add(store, item, key="k"), items))
        assert sorted(map(str, receipts)) == ["kept"] + ["repeated"] * 7

    def test_what_is_good_once_is_spent(self, store: Store) -> None:
        """Whoever comes with it again is kept apart, also through another form, and can be let in; a day later it is
        free.
        """
        assert add(store, submission("one"), once="proof") == "kept"
        assert add(store, submission("two", "bob@example.com"), once="proof") == "kept"
        assert add(store, submission("three", "bob@example.com", form="news"), once="proof") == "kept"
        assert add(store, submission("four", at=NOW + DAY), once="proof") == "kept"
        assert [s.id for _, s in store.submissions()] == ["one", "four"]
        assert {s.id: s.quarantined_for for s in store.quarantined()} == {"two": REPLAYED, "three": REPLAYED}
        assert [name for name, id_ in mails(store) if id_ in ("two", "three")] == []
        bob = submission("two", "bob@example.com")
        assert store.release("two", deciding(bob), marks, NOW + MINUTE) is True
        assert ("confirm", "two") in mails(store)

    def test_a_retry_may_come_with_what_it_spent(self, store: Store) -> None:
        """Under its key an hour later, and without one within the time of a double click."""
        assert add(store, submission("one"), key="k", once="proof") == "kept"
        later = submission("one")._replace
        assert add(store, later(id="two", received_at=NOW + MINUTE), once="proof") == "repeated"
        assert add(store, later(id="three", received_at=NOW + HOUR), key="k", once="proof") == "repeated"
        assert [s.id for _, s in store.submissions()] == ["one"]
        assert list(store.quarantined()) == []

    def test_what_is_spent_is_no_key(self, store: Store) -> None:
        """A client that calls its try so takes nothing from anybody."""
        assert add(store, submission("one"), key="proof") == "kept"
        assert add(store, submission("two"), once="proof") == "kept"
        assert list(store.quarantined()) == []

    def test_spam_spends_it_too_and_keeps_its_reason(self, store: Store) -> None:
        """Nothing lets a program try out what a proof is good for."""
        spam = submission("one")._replace(quarantined_for="honeypot")
        assert add(store, spam, once="proof") == "kept"
        assert add(store, spam._replace(id="two"), once="proof") == "kept"
        assert add(store, submission("three"), once="proof") == "kept"
        found = {s.id: s.quarantined_for for s in store.quarantined()}
        assert found == {"one": "honeypot", "two": "honeypot", "three": REPLAYED}

    def test_what_met_a_limit_is_not_spent(self, store: Store) -> None:
        """The client comes back with it."""
        assert add(store, submission("one"), Limit("client", 0, HOUR), once="proof") == Limited(HOUR)
        assert add(store, submission("one"), once="proof") == "kept"
        assert list(store.quarantined()) == []

    def test_one_proof_many_times_at_once_counts_once(self, store: Store) -> None:
        """Whoever of them is first."""
        items = [submission(f"s{n}", f"a{n}@example.com") for n in range(8)]
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda item: add(store, item, once="proof"), items)) == {"kept"}
        assert len(list(store.submissions())) == 1
        assert {s.quarantined_for for s in store.quarantined()} == {REPLAYED}

    def test_limits_hold_within_their_window(self, store: Store) -> None:
        """Who is over one hears how long to wait, and nothing is kept; other buckets are free."""
        few, many = Limit("client 1", 2, HOUR), Limit("form", 3, HOUR)
        at = NOW + 20 * MINUTE
        assert add(store, submission("one", at=at), few, many) == "kept"
        assert add(store, submission("two", at=at), few, many) == "kept"
        assert add(store, submission("three", at=at), few, many) == Limited(40 * MINUTE)
        assert add(store, submission("four", at=at), Limit("client 2", 2, HOUR), many) == "kept"
        assert add(store, submission("five", at=at), Limit("client 2", 2, HOUR), many) == Limited(40 * MINUTE)
        assert add(store, submission("six", at=NOW + HOUR), few, many) == "kept"
        assert [s.id for _, s in store.submissions()] == ["four", "one", "two", "six"]

    def test_a_look_at_the_limits_counts_nothing(self, store: Store) -> None:
        """It says what one more would meet."""
        few, many = Limit("client 1", 1, HOUR), Limit("form", 3, HOUR)
        at = NOW + 20 * MINUTE
        assert [store.limited((few, many), at) for _ in range(3)] == [None] * 3
        assert add(store, submission("one", at=at), few, many) == "kept"
        assert store.limited((many, few), at) == Limited(HOUR - 20 * MINUTE)
        assert store.limited((many,), at) is None
        assert store.limited((few,), at + HOUR) is None

    def test_a_key_that_met_a_limit_is_free(self, store: Store) -> None:
        """What was not kept must not be taken for done when the client tries again."""
        full = Limit("client", 0, HOUR)
        assert add(store, submission("one"), full, key="k") == Limited(HOUR)
        assert add(store, submission("one"), key="k") == "kept"

    def test_many_at_once_keep_the_limit(self, store: Store) -> None:
        """Nobody slips through between the look and the count."""
        limit = Limit("client", 5, HOUR)
        with ThreadPoolExecutor(8) as pool:
            receipts = list(pool.map(lambda n: add(store, submission(f"s{n}", f"a{n}@example.com"), limit), range(16)))
        assert receipts.count("kept") == 5
        assert len(list(store.submissions())) == 5

    # Quarantine

    def test_what_is_in_quarantine_is_listed_newest_first(self, store: Store) -> None:
        """With its reason, its consents and its files."""
        for number in range(3):
            spam = submission(f"s{number}", at=NOW + number * MINUTE)._replace(quarantined_for="honeypot")
            add(store, spam._replace(files=("a.pdf",)))
        found = list(store.quarantined())
        assert [(s.id, s.quarantined_for) for s in found] == [(f"s{n}", "honeypot") for n in (2, 1, 0)]
        assert found[0].consents == submission("x").consents
        assert found[0].files == ("a.pdf",)

    def test_what_is_released_counts(self, store: Store) -> None:
        """As if it had come in then, once; its consents are there."""
        spam = submission("one")._replace(quarantined_for="too fast")
        add(store, spam)
        assert store.release("one", deciding(spam), marks, NOW + HOUR) is True
        assert store.release("one", deciding(spam), marks, NOW + HOUR) is False
        assert list(store.quarantined()) == []
        assert mails(store, NOW + HOUR) == [("confirm", "one")]
        assert dossier_of(store).submissions == (submission("one"),)

    def test_what_counts_is_in_no_quarantine(self, store: Store) -> None:
        """It can be neither released nor emptied."""
        add(store, submission("one"))
        assert store.release("one", deciding(submission("one")), marks, NOW) is False
        assert store.empty_quarantine(NOW + DAY) == Erased()
        assert len(list(store.submissions())) == 1

    def test_quarantine_is_emptied_by_hand_and_by_itself(self, store: Store) -> None:
        """What came before the moment goes, the rest stays; after thirty days it goes anyway."""
        for number in range(3):
            spam = submission(f"s{number}", at=NOW + number * DAY)._replace(quarantined_for="honeypot")
            add(store, spam._replace(files=(f"{number}.pdf",)))
        assert store.empty_quarantine(NOW + DAY) == Erased(submissions=1, files=("0.pdf",))
        assert store.tidy(NOW + 31 * DAY) == Erased()
        assert store.tidy(NOW + 31 * DAY + MINUTE) == Erased(submissions=1, files=("1.pdf",))
        assert [s.id for s in store.quarantined()] == ["s2"]

    def test_tidying_forgets_what_has_served_its_time(self, store: Store) -> None:
        """And nothing that has not."""
        limit = Limit("client", 1, HOUR)
        add(store, submission("one"), limit, key="k")
        store.tidy(NOW + 10 * MINUTE)
        assert add(store, submission("two", at=NOW + 10 * MINUTE), limit) == Limited(50 * MINUTE)
        assert add(store, submission("three", at=NOW + 10 * MINUTE), key="k") == "conflicting"
        store.tidy(NOW + 2 * DAY)
        assert len(list(store.submissions())) == 1

    # Suppression and privacy

    def test_a_suppressed_address_is_sent_nothing(self, store: Store) -> None:
        """What it sends is kept in quarantine, and what waits for it says why it must not go out."""
        add(store, submission("one"))
        store.suppress("ann@example.com", marks("ann@example.com"), "bounced", NOW + MINUTE)
        add(store, submission("two", at=NOW + 2 * DAY))
        (item,) = claim(store, NOW + 2 * DAY)
        recipient = store.recipient(item)
        assert recipient is not None
        assert recipient.suppressed_for == "bounced"
        assert [(s.id, s.quarantined_for) for s in store.quarantined()] == [("two", SUPPRESSED)]
        (lead,) = store.leads()
        assert lead.suppressed_for == "bounced"
        assert kinds(store) == ["submitted", "suppressed"]

    def test_a_suppression_is_found_under_an_old_key(self, store: Store) -> None:
        """Keys change, and who wants no mail does not."""
        store.suppress("ann@example.com", marks("ann@example.com")[1:], "complained", NOW)
        add(store, submission("one"))
        assert [s.id for s in store.quarantined()] == ["one"]

    def test_a_suppression_can_be_lifted(self, store: Store) -> None:
        """By hand, or by releasing what the address sent."""
        ann = marks("ann@example.com")
        add(store, submission("one"))
        store.suppress("ann@example.com", ann, "blocked", NOW)
        assert store.lift_suppression("Ann@example.com", ann, NOW + MINUTE) is True
        assert store.lift_suppression("ann@example.com", ann, NOW + MINUTE) is False
        assert kinds(store) == ["submitted", "suppressed", "suppression_lifted"]
        store.suppress("ann@example.com", ann, "blocked", NOW + HOUR)
        late = submission("two", at=NOW + HOUR)
        add(store, late)
        assert store.release("two", deciding(late), marks, NOW + HOUR) is True
        (lead,) = store.leads()
        assert lead.suppressed_for is None
        assert add(store, submission("three", at=NOW + 2 * HOUR)) == "kept"
        assert list(store.quarantined()) == []

    def test_erasing_leaves_nothing_but_that_no_mail_goes_there(self, store: Store) -> None:
        """Also of what is in quarantine and of what a worker holds; the second time there is nothing to do."""
        add(store, submission("one")._replace(files=("a.pdf",)))
        add(store, submission("two", "ANN@example.com")._replace(quarantined_for="honeypot", files=("b.pdf",)))
        add(store, submission("bob", "bob@example.com"))
        held = {item.submission_id: item for item in claim(store)}["one"]
        erased = store.erase("Ann@example.com", marks("ann@example.com"), NOW)
        assert (erased.leads, erased.submissions, set(erased.files)) == (1, 2, {"a.pdf", "b.pdf"})
        assert store.erase("ann@example.com", marks("ann@example.com"), NOW) == Erased()
        assert store.dossier("ann@example.com") is None
        assert store.recipient(held) is None
        assert store.mark_ended(held, "cancelled", "gone", NOW) is False
        assert store.find_confirmation("one") is None
        assert [lead.email for lead in store.leads()] == ["bob@example.com"]
        add(store, submission("again", at=NOW + DAY))
        assert [(s.id, s.quarantined_for) for s in store.quarantined()] == [("again", SUPPRESSED)]

    def test_what_has_been_kept_long_enough_goes(self, store: Store) -> None:
        """By form; a lead goes with the last of it, and a dry look says the same beforehand."""
        add(store, submission("old")._replace(files=("a.pdf",)))
        add(store, submission("new", at=NOW + 2 * DAY))
        add(store, submission("bob", "bob@example.com"))
        add(store, submission("cat", "cat@example.com", form="news"))
        looked = store.expired("guide", NOW + DAY)
        assert looked == Erased(1, 2, ("a.pdf",))
        assert store.expire("guide", NOW + DAY, marks, NOW + 3 * DAY) == looked
        assert store.expired("guide", NOW + DAY) == Erased()
        assert {lead.email for lead in store.leads()} == {"ann@example.com", "cat@example.com"}
        assert [s.id for s in dossier_of(store).submissions] == ["new"]

    def test_a_file_that_another_submission_names_stays(self, store: Store) -> None:
        """What was sent twice is kept once."""
        add(store, submission("old")._replace(files=("a.pdf", "b.pdf")))
        add(store, submission("new", at=NOW + 2 * DAY)._replace(files=("a.pdf",)))
        assert store.expire("guide", NOW + DAY, marks, NOW + 3 * DAY) == Erased(0, 1, ("b.pdf",))

    def test_what_would_be_erased_names_the_files_that_would_be(self, store: Store) -> None:
        """As erasing does."""
        add(store, submission("old")._replace(files=("a.pdf", "b.pdf")))
        add(store, submission("new", at=NOW + 2 * DAY)._replace(files=("a.pdf",)))
        assert store.expired("guide", NOW + DAY) == Erased(0, 1, ("b.pdf",))

    def test_a_complaint_outlives_the_data_of_whoever_left(self, store: Store) -> None:
        """That they unsubscribed, too, takes nothing back: an old key or a new one, they are not asked again."""
        for which, email in enumerate(("ann@example.com", "bob@example.com")):
            add(store, submission(email, email))
            store.unsubscribe(email, "by link", nothing, NOW)
            store.suppress(email, marks(email)[which:], "complained", NOW)
        store.expire("guide", NOW + DAY, marks, NOW + DAY)
        for email in ("ann@example.com", "bob@example.com"):
            add(store, submission(f"new {email}", email, at=NOW + 2 * DAY))
        assert len(list(store.quarantined())) == 2
        assert mails(store, NOW + 2 * DAY) == []

    def test_whoever_left_stays_away_when_their_data_goes(self, store: Store) -> None:
        """They can come back by confirming, and are not served before."""
        add(store, submission("one"), double_opt_in=False)
        store.unsubscribe("one", "by link", nothing, NOW + MINUTE)
        store.expire("guide", NOW + DAY, marks, NOW + DAY)
        assert list(store.leads()) == []
        add(store, submission("two", at=NOW + 2 * DAY), double_opt_in=False)
        assert mails(store, NOW + 2 * DAY) == []
        add(store, submission("three", at=NOW + 3 * DAY))
        assert mails(store, NOW + 3 * DAY) == [("confirm", "three")]
        store.confirm("three", deliver, NOW + 3 * DAY)
        assert mails(store, NOW + 3 * DAY) == [("confirm", "three"), ("deliver", "three")]

    def test_revoked_links_lead_nowhere(self, store: Store) -> None:
        """Those that an address has; a new submission has a new link."""
        add(store, submission("one"))
        add(store, submission("bob", "bob@example.com"))
        assert store.revoke_downloads("Ann@example.com", NOW) == 1
        assert store.revoke_downloads("ann@example.com", NOW) == 0
        assert store.revoke_downloads("nobody@example.com", NOW) == 0
        assert store.find_download("one") is None
        assert store.count_download("one", 5, NOW) is False
        assert store.find_download("bob") == Download("guide", 0)
        assert kinds(store) == ["submitted", "downloads_revoked"]

    def test_what_speaks_against_an_address_is_kept_with_its_lead(self, store: Store) -> None:
        """Whoever reads the lead or sends to it sees it; it goes when the lead goes."""
        add(store, submission("one"))
        store.note_risks("nobody@example.com", ("no mail host",))
        store.note_risks("ANN@example.com", ("disposable address", "no mail host"))
        found = ("disposable address", "no mail host")
        (item,) = claim(store)
        recipient = store.recipient(item)
        ((exported, _),) = store.submissions()
        assert recipient is not None
        assert (recipient.risks, exported.risks, next(store.leads()).risks) == (found, found, found)
        lead = dossier_of(store).lead
        assert lead is not None
        assert lead.risks == found
        add(store, submission("two", at=NOW + DAY))
        assert next(store.leads()).risks == found
        store.erase("ann@example.com", marks("ann@example.com"), NOW + DAY)
        store.lift_suppression("ann@example.com", marks("ann@example.com"), NOW + DAY)
        add(store, submission("three", at=NOW + DAY))
        assert next(store.leads()).risks == ()

    # The outbox as its owner sees it

    def test_the_outbox_is_listed_by_state_newest_first(self, store: Store) -> None:
        """With what it is, to whom, and what happened."""
        for number in range(3):
            add(store, submission(f"s{number}", f"a{number}@example.com", at=NOW + number * MINUTE))
        first, second, _ = claim(store, NOW + HOUR)
        store.mark_sent(first, NOW + HOUR)
        store.mark_ended(second, "dead", "bounced: 550", NOW + HOUR)
        rows = list(store.outbox(("due", "sent", "dead", "cancelled")))
        assert [(r.email, r.state) for r in rows] == [
            ("a2@example.com", "due"),
            ("a1@example.com", "dead"),
            ("a0@example.com", "sent"),
        ]
        (dead,) = store.outbox(("dead",))
        assert (dead.id, dead.channel, dead.name, dead.form) == (second.id, "mail", "confirm", "guide")
        assert (dead.attempts, dead.reason, dead.created_at) == (1, "bounced: 550", NOW + MINUTE)
        assert (dead.ended_at, store.email_of(second.id)) == (NOW + HOUR, "a1@example.com")
        assert store.email_of("nothing") is None

    def test_what_has_ended_can_be_sent_again(self, store: Store) -> None:
        """It begins anew; what is due is not touched."""
        add(store, submission("one"))
        assert store.requeue("nothing", NOW) is False
        (item,) = claim(store)
        assert store.requeue(item.id, NOW) is False
        store.mark_ended(item, "dead", "why", NOW)
        assert store.requeue(item.id, NOW + HOUR) is True
        assert claim(store, NOW + HOUR - MINUTE) == []
        (again,) = claim(store, NOW + HOUR)
        assert (again.id, again.attempts, again.fence > item.fence) == (item.id, 0, True)

    def test_what_is_due_can_be_buried(self, store: Store) -> None:
        """Also while a worker holds it, whose word counts no more."""
        add(store, submission("one"))
        (item,) = claim(store)
        assert store.bury("nothing", NOW) is False
        assert store.bury(item.id, NOW) is True
        assert store.bury(item.id, NOW) is False
        assert store.mark_sent(item, NOW) is False
        assert [row.state for row in store.outbox(("due", "dead"))] == ["dead"]
        assert claim(store, NOW + DAY) == []

    def test_whoever_is_told_is_told_once(self, store: Store) -> None:
        """Of a lead who left: web hooks are queued with the first time, and name what happened."""
        add(store, submission("one"))
        hook = Delivery("webhook", "crm", "unsubscribed")
        for _ in range(2):
            store.unsubscribe("one", "by link", lambda _: (hook,), NOW + MINUTE)
        told = [i for i in claim(store, NOW + HOUR) if i.channel == "webhook"]
        assert [(i.name, i.happening, i.form, i.submission_id) for i in told] == [
            ("crm", "unsubscribed", "guide", "one")
        ]
