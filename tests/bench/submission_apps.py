"""What the handler is measured against, under the same server: an empty reply, and the same form with Flask and
SQLAlchemy, each as its documentation shows it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from email_validator import EmailNotValidError, validate_email
from flask import Flask, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ForeignKey, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from leadpages.core.settings import read_settings
from leadpages.handler.application import App
from leadpages.handler.service import start
from leadpages.stores.protocol import Receipt, Store
from leadpages.stores.sqlite.driver import sqlite3
from leadpages.stores.sqlite.store import JOURNAL, synchronous

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

THANKS = "https://www.example.com/thanks/"


def empty(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Read the form, and send the visitor on."""
    environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("303 See Other", [("Location", THANKS), ("Content-Length", "0")])
    return [b""]


class Forgetful:
    """A store that says of every submission that it is kept."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def add_submission(self, *args: object, **options: object) -> Receipt:
        """Keep nothing."""
        return "kept"


def forgetful() -> WSGIApplication:
    """The handler with such a store: what its own work allows."""
    service = start(read_settings(os.environ))
    return App(service._replace(store=cast(Store, Forgetful(service.store))))


class Base(DeclarativeBase):
    """The tables of the Flask app: what a lead, a submission, a consent and a mail that is due need at the least."""


class Lead(Base):
    """An address."""

    __tablename__ = "leads"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str]
    created_at: Mapped[datetime]


class Submission(Base):
    """What was sent."""

    __tablename__ = "submissions"
    id: Mapped[int] = mapped_column(primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"), index=True)
    form: Mapped[str]
    page: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(index=True)


class Consent(Base):
    """What was agreed to."""

    __tablename__ = "consents"
    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), index=True)
    wording: Mapped[str]


class Mail(Base):
    """What is to be sent."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), index=True)
    due_at: Mapped[datetime] = mapped_column(index=True)


def flask_app() -> Flask:
    """The form as a Flask app that commits each request, with a connection for each thread of the server."""
    app = Flask(__name__)
    engine = create_engine(os.environ["LEADPAGES_DATABASE_URL"], pool_size=64, connect_args={"timeout": 60})

    @event.listens_for(engine, "connect")
    def settle(connection: sqlite3.Connection, record: Any) -> None:
        connection.execute(f"PRAGMA journal_mode = {JOURNAL}")
        connection.execute(f"PRAGMA synchronous = {synchronous(JOURNAL)}")
        connection.execute("PRAGMA foreign_keys = ON")

    Base.metadata.create_all(engine)

    @app.post("/f/newsletter")
    def take_in() -> ResponseReturnValue:
        try:
            email = validate_email(request.form["email"], check_deliverability=False).normalized
        except (KeyError, EmailNotValidError):
            return "Enter your e-mail in the format name@example.com", 422
        if request.form.get("newsletter_consent") != "yes":
            return "Tick the box to go on", 422
        now = datetime.now(UTC)
        with Session(engine) as session:
            lead = session.scalar(select(Lead).where(Lead.email == email))
            if lead is None:
                lead = Lead(email=email, status="pending", created_at=now)
                session.add(lead)
                session.flush()
            page = request.form.get("_page", "/")
            submission = Submission(lead_id=lead.id, form="newsletter", page=page, received_at=now)
            session.add(submission)
            session.flush()
            session.add(Consent(submission_id=submission.id, wording="Yes, send me one mail a month."))
            session.add(Mail(submission_id=submission.id, due_at=now))
            session.commit()
        return redirect(THANKS, 303)

    return app
