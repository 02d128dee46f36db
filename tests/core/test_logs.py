"""The log names nobody."""

from __future__ import annotations

import pytest

from leadpages.core.logs import log, redacted
from leadpages.core.signing import Tokens
from leadpages.core.times import now

TOKEN = Tokens(["k" * 32]).make("confirm", "0123456789abcdef", now())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("550 no mailbox <ann@example.com>", "550 no mailbox <[address]>"),
        ("Ann.O'Hara+x@mail.example.com, bob@b\u00fccher.example", "[address], [address]"),
        (f"/c/{TOKEN}?language=de", "/c/[token]?language=de"),
        (f"/c/{TOKEN.replace('.', '%2e')} {TOKEN}-x", "/c/[token] [token]"),
        ("/f/guide?email=ann%40example.com&page=2", "[address]&page=2"),
        ("ann\uff20example.com", "[address]"),
        ("leads.db has schema 3; this version of leadpages knows 2", None),
        ("5f1c0a9be2d34c77 storage_busy: the database is locked", None),
    ],
)
def test_addresses_and_tokens_are_taken_out(text: str, shown: str | None) -> None:
    """All else stays."""
    assert redacted(text) == (shown or text)


def test_what_an_exception_says_is_redacted_too(caplog: pytest.LogCaptureFixture) -> None:
    """Also in the ones before it, and in arguments of the message."""
    try:
        try:
            raise KeyError("ann@example.com")
        except KeyError as error:
            raise ValueError(f"no such link: {TOKEN}") from error
    except ValueError:
        log.exception("%s failed for %s", "mail", "bob@example.com")
    assert "mail failed for [address]" in caplog.text
    assert "KeyError" in caplog.text
    assert "no such link: [token]" in caplog.text
    assert "ann@" not in caplog.text
    assert "bob@" not in caplog.text
    assert TOKEN not in caplog.text
