"""What goes out in the head of a reply."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from leadpages.handler.replies import see_other


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://www.example.com/danke-schön/", "https://www.example.com/danke-sch%C3%B6n/"),
        ("https://www.example.com/спасибо/", "https://www.example.com/%D1%81%D0%BF%D0%B0%D1%81%D0%B8%D0%B1%D0%BE/"),
        ("https://bücher.example/a b/?q=é", "https://xn--bcher-kva.example/a%20b/?q=%C3%A9"),
        ("https://www.example.com/100%25/", "https://www.example.com/100%25/"),
    ],
)
def test_a_page_with_any_name_is_pointed_to(url: str, location: str) -> None:
    """A header is ASCII."""
    reply = Client(see_other(url)).post("/")
    assert (reply.status_code, reply.headers["Location"]) == (303, location)
