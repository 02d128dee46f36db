"""`leadpages store copy`: from SQLite to PostgreSQL and back, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import RunCli
from tests.stores.contract import DAY, HOUR, LEASE, MINUTE, NOW, add, deliver, marks, nothing, submission
from tests.stores.postgres_server import PostgresServer

from leadpages.core.forms import Consent
from leadpages.leads.model import SuppressionReason
from leadpages.stores.opening import open_store
from leadpages.stores.protocol import ItemState, Limit, Store
from leadpages.stores.sqlite.store import SQLiteStore

ROOT = Path(__file__).parents[2]
STATES: tuple[ItemState, ...] = ("due", "sent", "cancelled", "dead")
PEOPLE = ("ann@example.com", "Bob@example.com", "äöü@example.com", "cat@example.com")


def fill(store: Store) -> None:
    """Something of everything, and signs that mean something to one database or the other."""
    for number, email in enumerate(PEOPLE):
        values: dict[str, str | list[str]] = {"zebra": "%s :name {} \\ ' \" 😀", "apple": ["b", "a"], "email": email}
        consents = (Consent("news", "Yes; 100 %."), Consent("Also", "Ja — gerne."))
        item = submission(f"s{number}", email, at=NOW + number * MINUTE)._replace(values=values, consents=consents)
        add(store, item._replace(files=("a.pdf",), language="de"), Limit("client", 99, HOUR), key=f"k{number}")
        add(store, item._replace(id=f"news-{number}", form="news"), double_opt_in=False)
        add(store, item._replace(id=f"spam-{number}", quarantined_for="honeypot"))
    store.confirm("s0", deliver, NOW + HOUR)
    store.count_download("s0", 5, NOW + HOUR)
    store.revoke_downloads(PEOPLE[1], NOW + HOUR)
    store.unsubscribe("s1", "by link", nothing, NOW + HOUR)
    sent, dead, late, _ = store.claim(4, LEASE, NOW + HOUR)
    store.mark_sent(sent, NOW + HOUR)
    store.mark_ended(dead, "dead", "bounced: 550", NOW + HOUR)
    store.mark_retry(late, "450 later", NOW + 2 * HOUR)
    store.suppress(PEOPLE[3], marks(PEOPLE[3]), "complained", NOW + DAY)
    store.note_risks(PEOPLE[0], ("disposable address", "no mail host"))
    store.erase("gone@example.com", marks("gone@example.com"), NOW + DAY)
    for page in ("/a/", "/a/", "/b/"):
        store.count_page_event("form_view", page, NOW)


def kept(store: Store) -> dict[str, object]:
    """All that a store says of what it keeps; in which order, only dossiers say, and each store numbers its events."""
    return {
        "dossiers": [store.dossier(email) for email in PEOPLE],
        "outbox": list(store.outbox(STATES)),
        "quarantined": list(store.quarantined()),
        "leads": list(store.leads()),
        "records": sorted(
            (r.kind, sorted((name, str(v)) for name, v in r.values.items() if (r.kind, name) != ("events", "id")))
            for r in store.records()
        ),
    }  # fmt: skip


def test_there_and_back_again(run_cli: RunCli, tmp_path: Path, postgres_url: str) -> None:
    """Dossiers, outbox, quarantine, suppressions and counts are the same in all three, and so is what comes next."""
    first, last = f"sqlite:///{tmp_path / 'first.db'}", f"sqlite:///{tmp_path / 'last.db'}"
    with closing(open_store(first)) as store:
        fill(store)
        expected = kept(store)
    there = run_cli("store", "copy", first, postgres_url)
    assert there.stdout == (
        "Copied 4 leads, 12 submissions, 24 consents, 15 events, 9 outbox items, 2 suppressions, 2 page counts\n"
    )
    back = run_cli("store", "copy", "--json", postgres_url, last)
    assert json.loads(back.stdout) == {
        "leads": 4, "submissions": 12, "consents": 24, "events": 15, "outbox": 9, "suppressions": 2, "page_events": 2,
    }  # fmt: skip
    for url in (postgres_url, last):
        with closing(open_store(url)) as store:
            assert kept(store) == expected
            assert add(store, submission("again", "gone@example.com")._replace(received_at=NOW + 2 * DAY)) == "kept"
            assert "again" in [s.id for s in store.quarantined()]
            assert [i.attempts for i in store.claim(99, LEASE, NOW + 2 * HOUR) if i.attempts] == [1]


REASONS: tuple[SuppressionReason, ...] = ("bounced", "complained", "blocked", "unsubscribed")
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "spam", "confirm", "leave", "claim", "suppress", "view", "erase"]),
        st.sampled_from(PEOPLE),
        TEXTS,
    ),
    max_size=12,
)


def take(store: Store, number: int, what: str, email: str, text: str) -> None:
    """One step in the life of a store."""
    at = NOW + number * DAY
    item = submission(f"s{number}", email, at=at)._replace(values={"email": email, text: text}, page=text)
    if what in ("add", "spam"):
        add(store, item._replace(quarantined_for=text if what == "spam" else ""), double_opt_in=len(text) % 2 == 0)
    elif what == "confirm":
        store.confirm(f"s{number - 1}", deliver, at)
    elif what == "leave":
        store.unsubscribe(f"s{number - 1}", text, nothing, at)
    elif what == "claim":
        for claimed in store.claim(2, LEASE, at):
            store.mark_retry(claimed, text, at + DAY)
    elif what == "suppress":
        store.suppress(email, marks(email), REASONS[len(text) % len(REASONS)], at)
    elif what == "view":
        store.count_page_event("form_view", text, at)
    else:
        store.erase(email, marks(email), at)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happened_is_the_same_there(postgres: PostgresServer, steps: list[tuple[str, str, str]]) -> None:
    """Any history, any text."""
    with (
        TemporaryDirectory() as folder,
        postgres.leads() as name,
        closing(SQLiteStore(Path(folder, "first.db"))) as first,
        closing(open_store(postgres.url(name))) as there,
        closing(SQLiteStore(Path(folder, "last.db"))) as last,
    ):
        for number, (what, email, text) in enumerate(steps):
            take(first, number, what, email, text)
        there.load(first.records)
        last.load(there.records)
        assert kept(first) == kept(there) == kept(last)


def test_a_target_that_holds_something_is_refused(run_cli: RunCli, tmp_path: Path) -> None:
    """It says what is there, and touches nothing."""
    first, last = f"sqlite:///{tmp_path / 'first.db'}", f"sqlite:///{tmp_path / 'last.db'}"
    for url, name in ((first, "one"), (last, "two")):
        with closing(open_store(url)) as store:
            add(store, submission(name))
    ran = run_cli("store", "copy", first, last)
    assert (ran.code, ran.stdout) == (1, "")
    assert ran.stderr == (
        "error: the target is not empty: it has 1 leads, 1 submissions, 1 consents, 1 events, 1 outbox items\n"
        "  hint: copy into a new database\n"
    )
    with closing(open_store(last)) as store:
        assert [s.id for _, s in store.submissions()] == ["two"]


def test_a_source_that_is_not_there_is_not_made(run_cli: RunCli, tmp_path: Path) -> None:
    """A slip in its name copies nothing and leaves no empty database behind."""
    ran = run_cli("store", "copy", f"sqlite:///{tmp_path / 'typo.db'}", f"sqlite:///{tmp_path / 'last.db'}")
    hint = "  hint: is that the file which the handler writes?\n"
    assert (ran.code, ran.stderr) == (1, f"error: {tmp_path / 'typo.db'} does not exist\n{hint}")
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_breaks_leaves_nothing(tmp_path: Path, postgres_url: str) -> None:
    """So it can be begun again."""
    with closing(SQLiteStore(tmp_path / "leads.db")) as first, closing(open_store(postgres_url)) as there:
        fill(first)
        records = list(first.records())
        for target in (there, SQLiteStore(tmp_path / "last.db")):
            try:
                target.load(lambda: [*records, records[0]])
            except Exception:
                assert list(target.records()) == []
            else:
                raise AssertionError("a record that was there twice was kept")
            target.load(lambda: records)


COPYING = """
import resource, sys
from leadpages.cli.main import main
sys.argv = ["leadpages", "store", "copy", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_what_is_copied(tmp_path: Path, postgres_url: str) -> None:
    """Twenty times as much takes at most a few MiB more."""
    peaks = []
    for count in (1_000, 20_000):
        first = tmp_path / f"{count}.db"
        with closing(SQLiteStore(first)) as store:
            add(store, submission("one")._replace(page="x" * 500))
            (lead, one, *_) = list(store.records())
        with closing(SQLiteStore(tmp_path / f"{count}-filled.db")) as store:
            many = (one._replace(values={**one.values, "id": f"s{n:06}"}) for n in range(count))
            store.load(lambda lead=lead, many=many: (r for group in ([lead], many) for r in group))  # type: ignore[misc]
        target = postgres_url if count > 1_000 else f"sqlite:///{tmp_path / 'small.db'}"
        done = subprocess.run(
            [sys.executable, "-c", COPYING, f"sqlite:///{tmp_path / f'{count}-filled.db'}", target],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        said, peak = done.stdout.splitlines()
        assert said == f"Copied 1 leads, {count} submissions"
        peaks.append(int(peak) // 1024)
    assert peaks[1] - peaks[0] < 40, peaks
