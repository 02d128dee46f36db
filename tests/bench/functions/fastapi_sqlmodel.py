"""The form of the cold start benchmark on FastAPI, Mangum and SQLModel, as FastAPI's tutorial has it."""
# mypy: ignore-errors

import os
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, Form
from fastapi.responses import RedirectResponse
from mangum import Mangum
from pydantic import BaseModel, EmailStr
from pydantic import Field as Checked
from sqlmodel import Field, Session, SQLModel, create_engine


class Subscription(SQLModel, table=True):
    """What is kept."""

    __tablename__ = "subscriptions"
    id: int | None = Field(default=None, primary_key=True)
    email: str
    first_name: str
    consent: str


class SubscriptionForm(BaseModel):
    """What the form asks for."""

    email: EmailStr
    first_name: Annotated[str, Checked(max_length=200)] = ""
    consent: Literal["yes"]


app = FastAPI()
engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"))


def get_session():
    """A session for one request."""
    with Session(engine) as session:
        yield session


@app.post("/f/newsletter")
def subscribe(
    form: Annotated[SubscriptionForm, Form()], session: Annotated[Session, Depends(get_session)]
) -> RedirectResponse:
    """Keep what was sent, and lead on."""
    session.add(Subscription(email=form.email, first_name=form.first_name, consent=form.consent))
    session.commit()
    return RedirectResponse("https://www.example.com/thanks/newsletter/", status_code=303)


handle = Mangum(app, lifespan="off")
