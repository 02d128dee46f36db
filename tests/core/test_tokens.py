"""Tokens in links: genuine, for one purpose, in time, or refused."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta

import pytest

from leadpages.core.errors import TokenError
from leadpages.core.signing import Purpose, TokenExpired, Tokens

NOW = datetime(2026, 11, 22, 12, 0, 0, 500_000, tzinfo=UTC)
OLD, NEW, FOREIGN = "old-Vk3QeR8sTz5uWx7y", "new-Bn2Mm4Kk6Jj8Hh0g", "foreign-Pp1Oo2Ii3Uu4"
PURPOSES: tuple[Purpose, ...] = ("confirm", "download", "unsubscribe", "started")
ID = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_token_gives_back_its_subject(purpose: Purpose) -> None:
    """What was put in comes out, whatever it is."""
    tokens = Tokens([NEW])
    for subject in (ID, "", "a.b.c", "ü"):
        assert tokens.read(purpose, tokens.make(purpose, subject, NOW), NOW) == subject


def test_a_token_is_safe_in_a_path() -> None:
    """Nothing in it needs escaping in a URL."""
    token = Tokens([NEW]).make("confirm", ID, NOW, timedelta(days=7))
    assert set(token) <= set(string.ascii_letters + string.digits + "-_.")


def test_any_changed_character_makes_it_no_token() -> None:
    """Every other URL-safe character at every place is refused."""
    tokens = Tokens([NEW])
    token = tokens.make("download", ID, NOW, timedelta(days=7))
    for at, original in enumerate(token):
        for character in set(string.ascii_letters + string.digits + "-_.=") - {original}:
            with pytest.raises(TokenError, match="not a valid link"):
                tokens.read("download", token[:at] + character + token[at + 1 :], NOW)


@pytest.mark.parametrize("damage", ["", ".", "..", "x", "ü", "\0", "a" * 10_000, "{}=", "{}.", " {}", "{}\n", ".{}"])
def test_what_is_not_whole_is_no_token(damage: str) -> None:
    """Empty, cut, padded and foreign text is refused alike."""
    tokens = Tokens([NEW])
    token = tokens.make("download", ID, NOW)
    for text in (damage.format(token), token[:-1], token.rpartition(".")[0], token.upper()):
        with pytest.raises(TokenError, match="not a valid link"):
            tokens.read("download", text, NOW)


@pytest.mark.parametrize("made_for", PURPOSES)
@pytest.mark.parametrize("read_as", PURPOSES)
def test_a_token_serves_one_purpose(made_for: Purpose, read_as: Purpose) -> None:
    """A link of one kind is no link of another kind."""
    tokens = Tokens([NEW])
    token = tokens.make(made_for, ID, NOW)
    if made_for == read_as:
        assert tokens.read(read_as, token, NOW) == ID
    else:
        with pytest.raises(TokenError, match="not a valid link"):
            tokens.read(read_as, token, NOW)


def test_a_token_expires_at_its_second_and_says_when() -> None:
    """One second before it is good; from its second on it says whom it was for and when it ended."""
    tokens = Tokens([NEW])
    token = tokens.make("confirm", ID, NOW, timedelta(hours=1))
    end = NOW.replace(hour=13, microsecond=0)
    assert tokens.read("confirm", token, end - timedelta(milliseconds=1)) == ID
    for moment in (end, end + timedelta(days=900)):
        with pytest.raises(TokenExpired) as caught:
            tokens.read("confirm", token, moment)
        assert (caught.value.subject, caught.value.expired_at) == (ID, end)


def test_an_expired_token_must_still_be_genuine() -> None:
    """A damaged token is never called expired."""
    tokens = Tokens([NEW])
    token = tokens.make("confirm", ID, NOW, timedelta(hours=1))
    with pytest.raises(TokenError) as caught:
        tokens.read("confirm", token[:-2] + ("AA" if token[-2:] != "AA" else "BB"), NOW + timedelta(days=1))
    assert not isinstance(caught.value, TokenExpired)


def test_without_a_term_a_token_lasts() -> None:
    """An unsubscribe link in an old mail still works."""
    tokens = Tokens([NEW])
    assert tokens.read("unsubscribe", tokens.make("unsubscribe", ID, NOW), NOW + timedelta(days=36_500)) == ID


def test_keys_rotate_newest_first() -> None:
    """Old links verify while their key is listed; new ones are signed with the first key."""
    before, rotated, after = Tokens([OLD]), Tokens([NEW, OLD]), Tokens([NEW])
    old_link = before.make("confirm", ID, NOW)
    new_link = rotated.make("confirm", ID, NOW)
    assert rotated.read("confirm", old_link, NOW) == ID
    assert after.read("confirm", new_link, NOW) == ID
    for tokens, link in ((after, old_link), (before, new_link), (Tokens([FOREIGN]), new_link)):
        with pytest.raises(TokenError, match="not a valid link"):
            tokens.read("confirm", link, NOW)
