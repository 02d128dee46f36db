"""A function that does nothing: what Python and the runtime client take for themselves."""


def handle(event: object, context: object) -> dict[str, object]:
    """Answer as the others do."""
    return {"statusCode": 303, "headers": {"location": "https://www.example.com/thanks/newsletter/"}, "body": ""}
