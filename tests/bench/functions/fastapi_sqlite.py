"""The form of the cold start benchmark on FastAPI, Mangum and sqlite3: no more than it needs."""
# mypy: ignore-errors

import os
import sqlite3
from contextlib import closing
from typing import Annotated, Literal

from fastapi import FastAPI, Form
from fastapi.responses import RedirectResponse
from mangum import Mangum
from pydantic import BaseModel, EmailStr, Field


class Subscription(BaseModel):
    """What the form asks for."""

    email: EmailStr
    first_name: Annotated[str, Field(max_length=200)] = ""
    consent: Literal["yes"]


app = FastAPI()


@app.post("/f/newsletter")
def subscribe(form: Annotated[Subscription, Form()]) -> RedirectResponse:
    """Keep what was sent, and lead on."""
    with closing(sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///"))) as connection:
        connection.execute(
            "INSERT INTO subscriptions (email, first_name, consent) VALUES (?, ?, ?)",
            (form.email, form.first_name, form.consent),
        )
        connection.commit()
    return RedirectResponse("https://www.example.com/thanks/newsletter/", status_code=303)


handle = Mangum(app, lifespan="off")
