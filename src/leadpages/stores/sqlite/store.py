"""Leads in one SQLite file."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal
from uuid import uuid4

from leadpages.core.errors import StorageBusy, StorageError, StorageFull
from leadpages.core.forms import Consent
from leadpages.core.times import from_text, to_text
from leadpages.leads.intake import REPEAT_WINDOW
from leadpages.leads.model import Dossier, Event, Lead, MailName, Standing, Submission, address_key
from leadpages.stores.protocol import Confirmation, Decide, Download, MailsOf, OutboxItem, Recipient
from leadpages.stores.queries import read_migrations, read_queries

_PAGE_ROWS: Final = 500
#: Older libraries can corrupt a write-ahead log that several processes write (https://sqlite.org/wal.html).
_WAL_IS_SAFE: Final = sqlite3.sqlite_version_info >= (3, 51, 3)


class SQLiteStore:
    """The Store protocol on SQLite.

    Commits are durable through a power cut: `synchronous` is FULL under WAL, and EXTRA where the
    library's version makes the rollback journal the safe choice. `busy_timeout_s` is how long a call
    waits for another writer before it raises StorageBusy.
    """

    def __init__(self, path: Path, busy_timeout_s: float = 5.0) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._idle: deque[_Open] = deque()
        self._sql = read_queries(__package__)
        self._migrations = read_migrations(__package__)
        with _translated(), closing(self._connect("rwc").connection) as connection:
            # Not kept: a host may fork after this, and a connection must not be shared over a fork.
            self._migrate(connection)

    def add_submission(self, submission: Submission, decide: Decide) -> None:
        """See `Store`."""
        row = {
            "id": submission.id,
            "lead_id": None,
            "form": submission.form,
            "email": submission.email,
            "answers": json.dumps(submission.values, ensure_ascii=False),
            "answers_hash": _answers_hash(submission),
            "page": submission.page,
            "language": submission.language,
            "received_at": to_text(submission.received_at),
            "waiting": 0,
            "quarantined_for": submission.quarantined_for,
        }
        with self._transaction() as run:
            if submission.quarantined_for:
                run("insert_submission", row)
            else:
                self._add_counted(run, submission, row, decide)
            for consent in submission.consents:
                run(
                    "insert_consent",
                    {"submission_id": submission.id, "field": consent.field, "wording": consent.wording},
                )

    def _add_counted(self, run: _Run, submission: Submission, row: dict[str, Any], decide: Decide) -> None:
        key = address_key(submission.email)
        now = row["received_at"]
        known = run("find_lead", {"address_key": key}).fetchone()
        since = to_text(submission.received_at - REPEAT_WINDOW)
        if known and run("is_repeated", {**row, "lead_id": known["id"], "since": since}).fetchone():
            raise _Repeated
        intake = decide(_standing(run, known, submission.form))
        lead = {
            "id": uuid4().hex,
            "address_key": key,
            "email": submission.email,
            "status": intake.status,
            "now": now,
            "asked_at": now if "confirm" in intake.mails else None,
        }
        lead_id = run("upsert_lead", lead).fetchone()["id"]
        run("insert_submission", {**row, "lead_id": lead_id, "waiting": intake.waiting})
        _log(run, lead_id, now, "submitted", submission.form, submission.page)
        _queue(run, lead_id, submission.id, submission.form, intake.mails, now)

    def find_confirmation(self, submission_id: str) -> Confirmation | None:
        """See `Store`."""
        with self._reading() as run:
            return self._confirmation(run, submission_id)

    def confirm(self, submission_id: str, mails_of: MailsOf, now: datetime) -> Confirmation | None:
        """See `Store`."""
        at = to_text(now)
        with self._transaction() as run:
            found = self._confirmation(run, submission_id)
            if found is None or found.already:
                return found
            lead_id = run("submission_lead", {"submission_id": submission_id}).fetchone()["lead_id"]
            waiting = [row for row in run("forms_of_lead", {"lead_id": lead_id}) if row["waiting"]]
            run("confirm_lead", {"lead_id": lead_id, "now": at})
            run("confirm_submissions", {"lead_id": lead_id})
            _log(run, lead_id, at, "confirmed", "", ", ".join(found.forms))
            for row in {row["form"]: row for row in waiting}.values():
                _queue(run, lead_id, row["id"], row["form"], mails_of(row["form"]), at)
            return found

    def _confirmation(self, run: _Run, submission_id: str) -> Confirmation | None:
        row = run("submission_lead", {"submission_id": submission_id}).fetchone()
        if row is None:
            return None
        rows = run("forms_of_lead", {"lead_id": row["lead_id"]}).fetchall()
        waiting = tuple(dict.fromkeys(r["form"] for r in rows if r["waiting"]))
        return Confirmation(waiting or (row["form"],), already=not waiting)

    def find_download(self, submission_id: str) -> Download | None:
        """See `Store`."""
        with self._reading() as run:
            row = run("submission_lead", {"submission_id": submission_id}).fetchone()
            return Download(row["form"], row["downloads"]) if row else None

    def count_download(self, submission_id: str, limit: int, now: datetime) -> bool:
        """See `Store`."""
        with self._transaction() as run:
            if run("count_download", {"submission_id": submission_id, "limit": limit}).rowcount == 0:
                return False
            row = run("submission_lead", {"submission_id": submission_id}).fetchone()
            _log(run, row["lead_id"], to_text(now), "downloaded", row["form"])
            return True

    def queue_again(self, submission_id: str, mail: MailName, pause: timedelta, now: datetime) -> None:
        """See `Store`."""
        with self._transaction() as run:
            row = run("submission_lead", {"submission_id": submission_id}).fetchone()
            last = run("last_queued", {"submission_id": submission_id, "mail": mail}).fetchone()["at"]
            if row and (last is None or now - from_text(last) >= pause):
                _queue(run, row["lead_id"], submission_id, row["form"], (mail,), to_text(now))

    def unsubscribe(self, submission_id: str, now: datetime) -> None:
        """See `Store`."""
        with self._transaction() as run:
            row = run("submission_lead", {"submission_id": submission_id}).fetchone()
            if row and run("unsubscribe_lead", {"lead_id": row["lead_id"], "now": to_text(now)}).rowcount:
                _log(run, row["lead_id"], to_text(now), "unsubscribed", row["form"])

    def claim(self, limit: int, lease: timedelta, now: datetime) -> list[OutboxItem]:
        """See `Store`."""
        with self._transaction() as run:
            rows = run("claim", {"now": to_text(now), "until": to_text(now + lease), "limit": limit}).fetchall()
        items = [OutboxItem(**{**row, "created_at": from_text(row["created_at"])}) for row in map(dict, rows)]
        return sorted(items, key=lambda item: (item.created_at, item.id))

    def recipient(self, item: OutboxItem) -> Recipient | None:
        """See `Store`."""
        with self._reading() as run:
            row = run("recipient", {"id": item.id}).fetchone()
        if row is None:
            return None
        since, answers = _moment(row["unsubscribed_at"]), json.loads(row["answers"])
        return Recipient(row["email"], row["status"], since, answers, row["language"])

    def mark_sent(self, item: OutboxItem, now: datetime) -> bool:
        """See `Store`."""
        return self._end(item, "sent", "", now, attempted=1)

    def mark_ended(self, item: OutboxItem, state: str, reason: str, now: datetime) -> bool:
        """See `Store`."""
        return self._end(item, state, reason, now, attempted=0 if state == "cancelled" else 1)

    def mark_retry(self, item: OutboxItem, error: str, due_at: datetime) -> bool:
        """See `Store`."""
        return self._put_off(item, error, to_text(due_at), attempted=1)

    def mark_released(self, item: OutboxItem) -> bool:
        """See `Store`."""
        return self._put_off(item, "", None, attempted=0)

    def _end(self, item: OutboxItem, state: str, reason: str, now: datetime, attempted: int) -> bool:
        values = {"id": item.id, "fence": item.fence, "state": state, "reason": reason, "now": to_text(now)}
        with self._transaction() as run:
            row = run("end_item", {**values, "attempted": attempted}).fetchone()
            if row:
                _log(run, row["lead_id"], to_text(now), f"mail_{state}", item.form, item.mail)
            return row is not None

    def _put_off(self, item: OutboxItem, reason: str, due_at: str | None, attempted: int) -> bool:
        values = {
            "id": item.id,
            "fence": item.fence,
            "reason": reason,
            "due_at": due_at,
            "attempted": attempted,
        }
        with self._transaction() as run:
            return bool(run("put_off", values).rowcount)

    def count_page_event(self, kind: str, page: str, now: datetime) -> None:
        """See `Store`."""
        with self._transaction() as run:
            run("count_page_event", {"day": to_text(now)[:10], "kind": kind, "page": page})

    def leads(self) -> Iterator[Lead]:
        """See `Store`."""
        return (_lead(row) for row in self._pages("leads", ("created_at", "id"), ("~", "~")))

    def submissions(self) -> Iterator[tuple[Lead, Submission]]:
        """See `Store`."""
        for row in self._pages("submissions", ("received_at", "id"), ("", "")):
            yield _lead({**row, "email": row["lead_email"]}), _submission(row)

    def dossier(self, email: str) -> Dossier | None:
        """See `Store`."""
        key = {"address_key": address_key(email)}
        with self._reading() as run:
            row = run("lead", key).fetchone()
            if row is None:
                return None
            return Dossier(
                _lead(row),
                tuple(_submission(r) for r in run("submissions_of", key)),
                tuple(Event(from_text(r["at"]), r["kind"], r["form"], r["detail"]) for r in run("events_of", key)),
            )

    def check(self) -> None:
        """See `Store`."""
        with self._reading() as run:
            run("find_lead", {"address_key": ""})

    def close(self) -> None:
        """See `Store`."""
        while self._idle:
            self._idle.pop().connection.close()

    def _pages(self, name: str, keys: tuple[str, str], start: tuple[str, str]) -> Iterator[dict[str, Any]]:
        # Page by page: one long read would keep writers waiting where the journal is not a WAL.
        after = start
        while True:
            with self._reading() as run:
                rows = run(name, {"after_time": after[0], "after_id": after[1], "limit": _PAGE_ROWS}).fetchall()
            yield from map(dict, rows)
            if len(rows) < _PAGE_ROWS:
                return
            after = (rows[-1][keys[0]], rows[-1][keys[1]])

    def _migrate(self, connection: sqlite3.Connection) -> None:
        with _begun(connection):
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > len(self._migrations):
                raise StorageError(
                    f"{self._path} has schema {version}; this version of leadpages knows {len(self._migrations)}",
                    "use the newer leadpages that made it",
                )
            for statements in self._migrations[version:]:
                for statement in statements:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(self._migrations)}")

    @contextmanager
    def _transaction(self) -> Iterator[_Run]:
        with _translated(), self._connection() as connection, suppress(_Repeated), _begun(connection):
            yield _Run(connection, self._sql)

    @contextmanager
    def _reading(self) -> Iterator[_Run]:
        with _translated(), self._connection() as connection:
            yield _Run(connection, self._sql)

    def _connection(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._lent(self._take_idle() or self._connect("rw"))

    @contextmanager
    def _lent(self, opened: _Open) -> Iterator[sqlite3.Connection]:
        try:
            yield opened.connection
        except BaseException:
            opened.connection.close()
            raise
        self._idle.append(opened)

    def _take_idle(self) -> _Open | None:
        with suppress(IndexError):  # another thread may take the last one between a look and a pop
            while True:
                opened = self._idle.pop()
                if opened.inode == self._inode():
                    return opened
                # Deleted, or replaced by a backup: what this connection writes, nobody will ever read.
                opened.connection.close()
        return None

    def _inode(self) -> int:
        return self._path.stat().st_ino if self._path.exists() else 0

    def _connect(self, mode: Literal["rw", "rwc"]) -> _Open:
        if mode == "rwc":  # the leads are their owner's to read, and SQLite gives its journals the file's mode
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=self._busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.row_factory = sqlite3.Row
            journal, synchronous = ("WAL", "FULL") if _WAL_IS_SAFE else ("DELETE", "EXTRA")
            connection.execute(f"PRAGMA journal_mode = {journal}")
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            connection.execute("PRAGMA foreign_keys = ON")
            return _Open(connection, self._inode())
        except BaseException:
            connection.close()
            raise


@dataclass(frozen=True, slots=True)
class _Open:
    """A connection, and the file that it was opened on: a path can come to mean another one."""

    connection: sqlite3.Connection
    inode: int


class _Repeated(Exception):
    """Leaves a transaction with nothing done: the submission is already there."""


class _Run:
    """Runs a named statement on one connection."""

    def __init__(self, connection: sqlite3.Connection, sql: Mapping[str, str]) -> None:
        self._connection, self._sql = connection, sql

    def __call__(self, name: str, values: Mapping[str, Any]) -> sqlite3.Cursor:
        return self._connection.execute(self._sql[name], values)


@contextmanager
def _begun(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"the database cannot be opened: {error.strerror}") from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StorageBusy("the database is locked by another process") from error
        if code == sqlite3.SQLITE_FULL:
            raise StorageFull("the disk is full") from error
        raise StorageError(f"the database failed: {error}") from error


def _standing(run: _Run, known: sqlite3.Row | None, form: str) -> Standing:
    if known is None:
        return Standing(None, None, None)
    last = run("last_delivery", {"lead_id": known["id"], "form": form}).fetchone()["at"]
    return Standing(known["status"], _moment(known["confirmation_asked_at"]), _moment(last))


def _queue(run: _Run, lead_id: str, submission_id: str, form: str, mails: tuple[MailName, ...], now: str) -> None:
    for mail in mails:
        values = {"id": uuid4().hex, "lead_id": lead_id, "submission_id": submission_id}
        run("insert_outbox", {**values, "mail": mail, "form": form, "now": now})


def _log(run: _Run, lead_id: str, at: str, kind: str, form: str = "", detail: str = "") -> None:
    run("insert_event", {"lead_id": lead_id, "at": at, "kind": kind, "form": form, "detail": detail})


def _answers_hash(submission: Submission) -> str:
    content = [submission.form, submission.values]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _moment(text: str | None) -> datetime | None:
    return from_text(text) if text else None


def _lead(row: Mapping[str, Any]) -> Lead:
    return Lead(
        email=row["email"],
        status=row["status"],
        created_at=from_text(row["created_at"]),
        confirmed_at=_moment(row["confirmed_at"]),
        forms=tuple(sorted(json.loads(row["forms"]))),
        downloads=row["downloads"],
    )


def _submission(row: Mapping[str, Any]) -> Submission:
    return Submission(
        id=row["id"],
        form=row["form"],
        email=row["email"],
        values=json.loads(row["answers"]),
        consents=tuple(Consent(field, wording) for field, wording in json.loads(row["consents"])),
        page=row["page"],
        received_at=from_text(row["received_at"]),
        language=row["language"],
    )
