"""A state machine that does to a store whatever may be done to it, in any order, and crashes it in the midst of it.

After each step all that the store keeps is what the model says. After a crash it is opened anew, and then the step has
been done whole or not at all: the commit decides. Then the caller tries again, with the same ids and the same key.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from copy import deepcopy
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar
from unittest.mock import patch

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.stores.contract import BOTH, DAY, HOUR, LEASE, MINUTE, NOW, form
from tests.stores.crashes import Crash, Place, Point, is_committed
from tests.stores.model import Item, Model, kept

from leadpages.core.forms import Consent, Form, Happening, Webhook
from leadpages.leads.intake import on_acceptance, on_leaving, take_in
from leadpages.leads.model import CHANNELS, Channel, Delivery, Dossier, Submission, address_key
from leadpages.stores.protocol import Confirmation, Decide, Erased, ItemState, Limit, OutboxItem, Receipt, Store
from leadpages.stores.sql.adding import Entry
from leadpages.stores.sql.store import SQLStore
from leadpages.stores.sqlite.store import SQLiteStore

T = TypeVar("T")
NewPlace = Callable[[], AbstractContextManager[Place]]

EMAILS: Final = ("ann@example.com", "Ann@Example.com", "bob@example.com")
STATES: Final[tuple[ItemState, ...]] = ("due", "sent", "cancelled", "dead")
HAPPENINGS: Final[tuple[Happening, ...]] = ("submitted", "accepted", "unsubscribed")
#: In each hour a client may send three forms, and all clients together five.
LIMITS: Final = (Limit("client", 3, HOUR), Limit("all", 5, HOUR))
MOST_DOWNLOADS: Final = 1


def _form(name: str, double_opt_in: bool) -> Form:
    hooks = tuple(Webhook(f"on {happening}", "https://example.net/", (happening,)) for happening in HAPPENINGS)
    return form(name, double_opt_in)._replace(webhooks=hooks, notify=("owner@example.com",))


#: With and without a confirmation, and one that nobody is told of.
FORMS: Final = {"guide": _form("guide", True), "fast": _form("fast", False), "news": form("news")}


def decide(submission: Submission) -> Decide:
    """What the handler decides by."""
    return partial(take_in, FORMS[submission.form], has_mail=BOTH, now=submission.received_at)


def accepted(name: str) -> tuple[Delivery, ...]:
    """What the handler has sent once a form is confirmed."""
    return on_acceptance(FORMS[name], BOTH)


def left(name: str) -> tuple[Delivery, ...]:
    """What the handler has sent when somebody leaves."""
    return on_leaving(FORMS[name])


def marks(email: str) -> tuple[str, ...]:
    """Keyed hashes, as from an old and a new key."""
    return tuple(sha256(f"{key} {address_key(email)}".encode()).hexdigest()[:16] for key in ("new", "old"))


def _post(form: str, email: str, name: str, files: set[str]) -> Submission:
    """What somebody types, without an id and a time."""
    return Submission(
        id="",
        form=form,
        email=email,
        values={"email": email, "name": name},
        consents=(Consent("news", "Yes."), Consent("terms", "Also.")),
        page="/p/",
        received_at=NOW,
        files=tuple(sorted(f"{address_key(email)[:3]}-{file}" for file in files)),
    )


POSTS = st.builds(
    _post,
    st.sampled_from(sorted(FORMS)),
    st.sampled_from(EMAILS),
    st.sampled_from("xy"),
    st.sets(st.sampled_from(["a.pdf", "b.pdf"])),
)
KEYS = st.sampled_from(["", "k"])
WHICH = st.sampled_from([1, 1, 2, 3, 5, 0])  # mostly one of the last
ONCE = st.sampled_from(["", "", "proof"])
SPAM = st.sampled_from(["", "", "", "honeypot"])
HOW_MANY = st.sampled_from([(), LIMITS, LIMITS[1:]])
POINTS = st.one_of(st.none(), st.sampled_from(["before commit", "after commit"]), st.integers(0, 20))
WINDOWS = st.sampled_from([timedelta(), MINUTE, 10 * MINUTE, HOUR, DAY, 40 * DAY])

Do = Callable[..., object]

#: What is done with a link, the address of a lead, an item that a worker holds, and an item that it does not.
WITH_A_LINK: Final[dict[str, Do]] = {
    "confirm": lambda store, link, now: store.confirm(link, accepted, now),
    "count_download": lambda store, link, now: store.count_download(link, MOST_DOWNLOADS, now),
    "queue_again": lambda store, link, now: store.queue_again(link, "deliver", 10 * MINUTE, now),
    "unsubscribe": lambda store, link, now: store.unsubscribe(link, "by link", left, now),
}
WITH_AN_ADDRESS: Final[dict[str, Do]] = {
    "revoke_downloads": lambda store, email, now: store.revoke_downloads(email, now),
    "suppress": lambda store, email, now: store.suppress(email, marks(email), "bounced", now),
    "suppress, when the key was another": lambda store, email, now: store.suppress(
        email, marks(email)[1:], "complained", now
    ),
    "lift_suppression": lambda store, email, now: store.lift_suppression(email, marks(email), now),
    "note_risks": lambda store, email, _: store.note_risks(email, ("no mail host",)),
    "erase": lambda store, email, now: store.erase(email, marks(email), now),
}
AS_ITS_HOLDER: Final[dict[str, Do]] = {
    "mark_sent": lambda store, item, now: store.mark_sent(item, now),
    "mark_retry": lambda store, item, now: store.mark_retry(item, "450 later", now + 10 * MINUTE),
    "mark_released": lambda store, item, _: store.mark_released(item),
    "mark_ended, cancelled": lambda store, item, now: store.mark_ended(item, "cancelled", "why", now),
    "mark_ended, dead": lambda store, item, now: store.mark_ended(item, "dead", "why", now),
}
BY_HAND: Final[dict[str, Do]] = {
    "requeue": lambda store, item_id, now: store.requeue(item_id, now),
    "bury": lambda store, item_id, now: store.bury(item_id, now),
}
#: What is forgotten of a form after some time.
FORGETTING: Final[dict[str, Do]] = {
    "expire": lambda store, form, before, now: store.expire(form, before, marks, now),
    "empty_quarantine": lambda store, _, before, __: store.empty_quarantine(before),
    "tidy": lambda store, _, __, now: store.tidy(now),
}


class Machine(RuleBasedStateMachine):
    """A handler, some workers and the owner of a site, all on one store that dies now and then."""

    @staticmethod
    def new_place() -> AbstractContextManager[Place]:
        """Where there is nothing yet."""
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        # The same at each run of one example: what is due at one moment is claimed in the order of its ids.
        ids = Random(0)
        for module in ("sql.adding", "sql.running", "dynamodb.store", "dynamodb.items"):
            new_id = patch(f"leadpages.stores.{module}.new_id", lambda: f"{ids.getrandbits(128):032x}")
            self.stack.enter_context(new_id)
        self.place = self.stack.enter_context(self.new_place())
        self.store = self.place.open()
        self.model = Model()
        self.now = NOW
        self.sent: list[Submission] = []
        self.held: list[OutboxItem] = []  # what workers hold, or held before they died

    def teardown(self) -> None:
        """Read all in every way, and once more from a copy in another store."""
        try:
            if not sys.exc_info()[0]:  # else what went wrong first shall be seen
                self.read_everything()
                self.copy()
        finally:
            self.store.close()
            self.stack.close()

    # Taking in

    @initialize(posts=st.lists(POSTS, max_size=4))
    def begin(self, posts: list[Submission]) -> None:
        """Some have sent forms already."""
        for post in posts:
            self.send(post, (), "", "", None)

    @rule(post=POSTS, limits=HOW_MANY, key=KEYS, once=ONCE, at=POINTS)
    def add(self, post: Submission, limits: Sequence[Limit], key: str, once: str, at: Point | None) -> None:
        """Somebody sends a form."""
        self.send(post, limits, key, once, at)

    @rule(post=POSTS, key=KEYS, once=ONCE, at=POINTS)
    def add_spam(self, post: Submission, key: str, once: str, at: Point | None) -> None:
        """A robot does."""
        self.send(post._replace(quarantined_for="honeypot"), LIMITS, key, once, at)

    @precondition(lambda self: self.sent)
    @rule(which=st.integers(0, 9), key=KEYS, once=ONCE, at=POINTS)
    def add_again(self, which: int, key: str, once: str, at: Point | None) -> None:
        """Somebody sends the same once more."""
        self.send(self.sent[which % len(self.sent)], LIMITS, key, once, at)

    @rule(posts=st.lists(st.tuples(POSTS, HOW_MANY, KEYS, ONCE, SPAM), min_size=2, max_size=6))
    def add_together(self, posts: list[tuple[Submission, Sequence[Limit], str, str, str]]) -> None:
        """Several send forms at the same moment: it is as if one came after the other."""
        entries = []
        for post, limits, key, once, quarantined_for in posts:
            new = self.new(post._replace(quarantined_for=quarantined_for))
            entries.append(Entry(new, decide(new), marks(new.email), limits, key, once))

        def add_all(store: Store | Model) -> list[Receipt]:
            if isinstance(store, SQLStore):
                return store._write(partial(store._add, entries=entries))
            return [store.add_submission(*entry) for entry in entries]

        self.take("add_together", add_all, None)

    def send(self, post: Submission, limits: Sequence[Limit], key: str, once: str, at: Point | None) -> None:
        """Send a form, under a new id."""
        new = self.new(post)

        def add(store: Store | Model) -> Receipt:
            return store.add_submission(new, decide(new), marks(new.email), limits, key, once)

        def count_alone(ran: Sequence[str]) -> None:
            for limit in limits[: ran.count("update_item")]:
                self.model.count_towards(limit, self.now)

        self.take("add_submission", add, at, count_alone)

    def new(self, post: Submission) -> Submission:
        """What is sent now, under an id of its own."""
        new = post._replace(id=f"s{len(self.sent):03}", received_at=self.now)
        self.sent.append(new)
        return new

    @rule(kind=st.sampled_from(["page_view", "form_view"]), at=POINTS)
    def view(self, kind: str, at: Point | None) -> None:
        """Somebody looks at a page."""
        self.take("count_page_event", lambda s: s.count_page_event(kind, "/p/", self.now), at)

    # Links and addresses

    @rule(which=WHICH, what=st.sampled_from(sorted(WITH_A_LINK)), at=POINTS)
    def follow(self, which: int, what: str, at: Point | None) -> None:
        """Somebody follows a link and presses the button there."""
        posts = sorted(self.model.posts, key=lambda id_: (self.model.posts[id_].counts, id_))
        link = ["gone", *posts][-which % (len(posts) + 1)]
        self.take(what, lambda store: WITH_A_LINK[what](store, link, self.now), at)

    @rule(email=st.sampled_from(EMAILS), what=st.sampled_from(sorted(WITH_AN_ADDRESS)), at=POINTS)
    def treat(self, email: str, what: str, at: Point | None) -> None:
        """Something is done to an address. What is erased is in no record any more."""
        self.take(what, lambda store: WITH_AN_ADDRESS[what](store, email, self.now), at)
        assert what != "erase" or address_key(email) not in str(list(self.store.records())).casefold()

    @precondition(lambda self: not all(post.counts for post in self.model.posts.values()))
    @rule(which=st.integers(0, 9), at=POINTS)
    def release(self, which: int, at: Point | None) -> None:
        """Something is no spam."""
        spam = [id_ for id_, post in self.model.posts.items() if not post.counts]
        link = spam[which % len(spam)]
        by = decide(self.model.posts[link].submission)
        self.take("release", lambda store: store.release(link, by, marks, self.now), at)

    @precondition(lambda self: self.model.posts)
    @rule(form=st.sampled_from(sorted(FORMS)), age=WINDOWS, what=st.sampled_from(sorted(FORGETTING)), at=POINTS)
    def forget(self, form: str, age: timedelta, what: str, at: Point | None) -> None:
        """Something is old enough. A look at what expires says beforehand what goes."""
        before = self.now - age
        expiring = deepcopy(self.model).expire(form, before, marks, self.now)
        assert same(self.store.expired(form, before), expiring)
        self.take(what, lambda store: FORGETTING[what](store, form, before, self.now), at)

    # The outbox

    @precondition(lambda self: self.model.items)
    @rule(
        limit=st.integers(1, 4),
        channels=st.sampled_from([CHANNELS, CHANNELS, ("mail", "notice"), ("webhook",)]),
        at=POINTS,
    )
    def claim(self, limit: int, channels: Sequence[Channel], at: Point | None) -> None:
        """A worker takes what is due; when it dies over that, the next one takes the rest."""

        def claim(store: Store) -> list[OutboxItem]:
            return store.claim(limit, LEASE, self.now, channels)

        items = self.attempt("claim", claim, at)
        if isinstance(items, Crash):
            self.hold_what_the_dead_took(limit, channels, items.ran)
            items = claim(self.store)
        due = self.model.due(channels, self.now)
        assert len(items) == min(limit, len(due))
        self.hold([item.id for item in items], limit, due)
        for item in items:
            mine = self.model.item(item.id)
            assert item == OutboxItem(
                mine.id, mine.channel, mine.name, mine.happening, mine.form, mine.submission_id, mine.created_at,
                mine.attempts, mine.fence,
            )  # fmt: skip
            recipient = self.store.recipient(item)
            assert recipient is not None
            reasons = [self.model.suppressions.get(mark, ("",))[0] for mark in marks(recipient.email)]
            assert recipient.suppressed_for or set(reasons) <= {"", "unsubscribed"}
        assert items == sorted(items, key=lambda item: (item.created_at, item.id))
        self.held += items
        self.compare()

    def hold_what_the_dead_took(self, limit: int, channels: Sequence[Channel], ran: Sequence[str]) -> None:
        """Find out what a worker that died had claimed: all or nothing where a claim is one transaction."""
        fences = {id_: row["fence"] for id_, row in kept(self.store)["outbox"].items()}
        due = self.model.due(channels, self.now)
        taken = [item.id for item in due if fences[item.id] > item.fence]
        assert len(taken) == (ran.count("update_item") or (min(limit, len(due)) if is_committed(ran) else 0))
        self.hold(taken, limit, due)
        self.compare()

    def hold(self, ids: Sequence[str], limit: int, due: Sequence[Item]) -> None:
        """Let a worker hold what was `due`: not more than it asked for, and nothing while what is older waits."""
        taken = [item.due_at for item in due if item.id in ids]
        waiting = [item.due_at for item in due if item.id not in ids]
        assert len(taken) == len(ids) == len(set(ids)) <= limit
        assert not taken or not waiting or max(taken) <= min(waiting)
        self.model.claim(ids, self.now + LEASE)

    @precondition(lambda self: self.held)
    @rule(which=WHICH, what=st.sampled_from(sorted(AS_ITS_HOLDER)), at=POINTS)
    def mark(self, which: int, what: str, at: Point | None) -> None:
        """A worker says what has become of an item, perhaps when it is another's since long."""
        item = self.held[-which % len(self.held)]
        self.take(what, lambda store: AS_ITS_HOLDER[what](store, item, self.now), at)

    @precondition(lambda self: self.model.items)
    @rule(which=st.integers(0, 99), what=st.sampled_from(sorted(BY_HAND)), at=POINTS)
    def handle(self, which: int, what: str, at: Point | None) -> None:
        """The owner wants something to be sent again, or not to be sent."""
        # What this is for, if there is any; else the answer is no.
        meant = [item for item in self.model.items if (item.state == "due") == (what == "bury")]
        items = meant or self.model.items
        item_id = items[which % len(items)].id
        self.take(what, lambda store: BY_HAND[what](store, item_id, self.now), at)

    # Time, and looking at it

    @rule(time=st.sampled_from([timedelta(milliseconds=1), MINUTE, LEASE, 10 * MINUTE, HOUR, DAY, 31 * DAY]))
    def wait(self, time: timedelta) -> None:
        """Time passes: leases end, windows close."""
        self.now += time

    @rule()
    def reopen(self) -> None:
        """The process ends, as it should. In the next one, every list and every link says what the model does."""
        self.store.close()
        self.store = self.place.open()
        self.compare()
        self.read_everything()

    def read_everything(self) -> None:
        """See `reopen`."""
        store, model = self.store, self.model
        leads = list(store.leads())
        assert [lead.created_at for lead in leads] == sorted((lead.created_at for lead in leads), reverse=True)
        assert Counter(leads) == Counter(map(model.lead, model.people))
        posts = sorted(
            (post.submission for post in model.posts.values() if post.counts), key=lambda s: (s.received_at, s.id)
        )
        assert list(store.submissions()) == [(model.lead(post.email), post) for post in posts]
        spam = [post.submission for post in model.posts.values() if not post.counts]
        assert list(store.quarantined()) == sorted(spam, key=lambda s: (s.received_at, s.id), reverse=True)
        rows = list(store.outbox(STATES))
        items = sorted(model.items, key=lambda item: (item.created_at, item.id), reverse=True)
        assert [(r.id, r.state, r.attempts) for r in rows] == [(i.id, i.state, i.attempts) for i in items]
        for row in rows:
            email = model.people[model.posts[model.item(row.id).submission_id].address].email
            assert row.email == email == store.email_of(row.id)
        for email in EMAILS:
            assert in_order(store.dossier(email)) == model.dossier(email)
        for link in ("gone", *model.posts):
            assert same(store.find_confirmation(link), model.find_confirmation(link))
            assert store.find_download(link) == model.find_download(link)
        for item in self.held[-9:]:
            assert store.recipient(item) == model.recipient(item)

    # How each step is taken

    def take(
        self,
        what: str,
        do: Callable[[Any], object],
        at: Point | None,
        do_half: Callable[[Sequence[str]], None] = lambda _: None,
    ) -> None:
        """Do it to the store and to the model. `do_half` does to the model what a crash left of what was not done."""
        got = self.attempt(what, do, at)
        if not isinstance(got, Crash):
            assert same(got, do(self.model))
        elif what in self.place.in_steps:
            list(self.store.records())
            do(self.store)
            do(self.model)
        else:
            if self.place.is_done(what, got.ran):
                do(self.model)
            else:
                do_half(got.ran)
            self.compare()
            assert same(do(self.store), do(self.model), is_again=True)
        self.compare()

    def attempt(self, what: str, do: Callable[[Store], T], at: Point | None) -> T | Crash:
        """What a step gives; or its crash, and then the store is that of a new process."""
        process = self.place.process
        process.begin(at)
        try:
            return do(self.store)
        except Crash as crash:
            event(f"{what} crashed")
            crash.__traceback__ = None  # which keeps a cursor alive, and that the locks of SQLite
            self.store.close()
            self.store = self.place.open()
            return crash
        finally:
            process.begin(None)

    def compare(self) -> None:
        """All that is kept is what the model says."""
        found = kept(self.store)
        self.model.learn(found["outbox"])
        expected = self.model.kept()
        for kind, rows in found.items():
            assert rows == expected[kind], kind

    def copy(self) -> None:
        """Take all that is kept into a store of another kind, where links mean the same."""
        with TemporaryDirectory() as folder, closing(SQLiteStore(Path(folder, "copy.db"))) as other:
            other.load(self.store.records)
            assert kept(other) == kept(self.store)
            for link in self.model.posts:
                assert same(other.find_confirmation(link), self.model.find_confirmation(link))


def in_order(dossier: Dossier | None) -> Dossier | None:
    """With the forms that were confirmed at once in the order of the alphabet."""
    if dossier is None:
        return None
    events = (event._replace(detail=", ".join(sorted(event.detail.split(", ")))) for event in dossier.events)
    return dossier._replace(events=tuple(events))


def same(got: object, expected: object, is_again: bool = False) -> bool:
    """Whether two answers say the same: in which order forms and files are named is nobody's business."""
    if isinstance(got, Confirmation) and isinstance(expected, Confirmation):
        return (sorted(got.forms), got.already) == (sorted(expected.forms), expected.already)
    if isinstance(got, Erased) and isinstance(expected, Erased):
        counts = (got.leads, got.submissions) == (expected.leads, expected.submissions)
        return counts and set(got.files) == set(expected.files)
    # Who tries again with the same id may hear that it was kept, or that it had been.
    return got == expected or (is_again and {got, expected} <= {"kept", "repeated"})
