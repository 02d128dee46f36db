"""The form of the cold start benchmark on FastAPI, Mangum and psycopg: no more than it needs."""
# mypy: ignore-errors

import os
from typing import Annotated, Literal

import psycopg
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
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute(
            "INSERT INTO subscriptions (email, first_name, consent) VALUES (%s, %s, %s)",
            (form.email, form.first_name, form.consent),
        )
    return RedirectResponse("https://www.example.com/thanks/newsletter/", status_code=303)


handle = Mangum(app, lifespan="off")
