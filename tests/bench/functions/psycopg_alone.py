"""The form of the cold start benchmark without a framework: nothing is checked, what was sent is kept."""
# mypy: ignore-errors

import os
from urllib.parse import parse_qs

import psycopg


def handle(event, context):
    """Keep what was sent, and lead on."""
    form = {name: values[0] for name, values in parse_qs(event["body"]).items()}
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute(
            "INSERT INTO subscriptions (email, first_name, consent) VALUES (%(email)s, %(first_name)s, %(consent)s)",
            form,
        )
    return {"statusCode": 303, "headers": {"location": "https://www.example.com/thanks/newsletter/"}, "body": ""}
