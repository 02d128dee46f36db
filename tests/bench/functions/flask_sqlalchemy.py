"""The form of the cold start benchmark on Flask, apig-wsgi and SQLAlchemy, as their documentation has it."""
# mypy: ignore-errors

import os

from apig_wsgi import make_lambda_handler
from email_validator import EmailNotValidError, validate_email
from flask import Flask, abort, redirect, request
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    """The tables."""


class Subscription(Base):
    """What the form asks for."""

    __tablename__ = "subscriptions"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    first_name: Mapped[str]
    consent: Mapped[str]


app = Flask(__name__)
engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"))


@app.post("/f/newsletter")
def subscribe():
    """Keep what was sent, and lead on."""
    first_name, consent = request.form.get("first_name", ""), request.form.get("consent")
    try:
        email = validate_email(request.form.get("email", ""), check_deliverability=False).normalized
    except EmailNotValidError:
        abort(422)
    if len(first_name) > 200 or consent != "yes":
        abort(422)
    with Session(engine) as session:
        session.add(Subscription(email=email, first_name=first_name, consent=consent))
        session.commit()
    return redirect("https://www.example.com/thanks/newsletter/", code=303)


handle = make_lambda_handler(app)
