"""Tokens in links: signed, one salt a purpose, keys that rotate (itsdangerous, HMAC-SHA-256)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from leadpages.core.errors import TokenError

Purpose = Literal["confirm", "download", "unsubscribe", "started", "pressed", "part"]


class TokenExpired(TokenError):
    """A genuine token whose time is up. `subject` says whom it was made for, so that a page can offer a new one."""

    def __init__(self, subject: str, expired_at: datetime) -> None:
        super().__init__("this link has expired")
        self.subject = subject
        self.expired_at = expired_at


class Tokens:
    """Makes and reads tokens. A token carries one id (`subject`) and the second at which it expires.

    `keys` come newest first: the first one signs, every one verifies.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(reversed(keys))  # itsdangerous wants the newest last

    def make(self, purpose: Purpose, subject: str, now: datetime, valid_for: timedelta | None = None) -> str:
        """A token for `subject`; without `valid_for` it never expires."""
        expires_at = int((now + valid_for).timestamp()) if valid_for else 0
        payload = base64_encode(f"{expires_at:x}.{subject}")
        return self._signer(purpose).sign(payload).decode("ascii")

    def read(self, purpose: Purpose, token: str, now: datetime) -> str:
        """The subject of `token`.

        Raises TokenError when it is not one of ours for this purpose, TokenExpired when its time is up.
        """
        try:
            payload = self._signer(purpose).unsign(token.encode("ascii"))
            expires, _, subject = base64_decode(payload).decode().partition(".")
        except (BadData, UnicodeError):
            raise TokenError("not a valid link") from None
        signature = token.rpartition(".")[2].encode()
        if base64_encode(base64_decode(signature)) != signature:
            # Base64 leaves spare bits in the last character: another spelling of the same signature is no token.
            raise TokenError("not a valid link")
        expires_at = int(expires, 16)
        if expires_at and now.timestamp() >= expires_at:
            raise TokenExpired(subject, datetime.fromtimestamp(expires_at, now.tzinfo))
        return subject

    def marks(self, email: str) -> tuple[str, ...]:
        """What an address is known by where it must not be written itself: a keyed hash for each key, newest first."""
        return self.hashes("address", email.casefold())

    def bucket(self, purpose: str, subject: str) -> str:
        """What `subject` is counted under, without its being written anywhere."""
        return self.hashes(purpose, subject)[0]

    def hashes(self, purpose: str, subject: str) -> tuple[str, ...]:
        """A keyed hash of `subject` for each key, the newest first: what nobody else can make."""
        return tuple(_keyed_hash(key, purpose, subject) for key in reversed(self._keys))

    def _signer(self, purpose: Purpose) -> Signer:
        return Signer(
            list(self._keys), salt=f"leadpages.{purpose}", key_derivation="hmac", digest_method=hashlib.sha256
        )


def _keyed_hash(key: str, purpose: str, subject: str) -> str:
    return hmac.new(key.encode(), f"leadpages.{purpose}\n{subject}".encode(), hashlib.sha256).hexdigest()
