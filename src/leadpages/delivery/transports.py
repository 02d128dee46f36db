"""Handing a mail to a mail host (SMTP, RFC 5321), and what its answer means."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from leadpages.core.errors import LeadpagesError, SettingsError

_TIMEOUT_S: Final = 30.0


class TryLater(LeadpagesError):
    """The mail host could not take this mail now (4xx, or the connection broke)."""


class Bounced(LeadpagesError):
    """The mail host will never take this mail (5xx)."""


class NotLetIn(LeadpagesError):
    """The mail host refused us, not the mail: wrong credentials. No mail can go out until someone mends that."""


class Transport(Protocol):
    """Takes one mail, or raises TryLater, Bounced or NotLetIn."""

    def send(self, message: EmailMessage) -> None:
        """Return when the mail host has taken responsibility for `message`."""

    def close(self) -> None:
        """End the conversation."""


class SMTPTransport:
    """One SMTP connection, opened by the first mail and kept for those that follow.

    `url` is `smtp://[user:password@]host[:port]` (STARTTLS when the host offers it, and always before a
    password is sent) or `smtps://…` (TLS from the start).
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise SettingsError(
                "LEADPAGES_SMTP_URL must be like smtp://user:password@mail.example.com:587",
                "smtp:// upgrades to TLS where the host can, smtps:// starts with it",
            )
        self._host, self._implicit_tls = parts.hostname, parts.scheme == "smtps"
        self._port = parts.port or (465 if self._implicit_tls else 587)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._connection: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> None:
        """See `Transport`."""
        try:
            self._connection = self._connection or self._connect()
            self._connection.send_message(message)
        except smtplib.SMTPAuthenticationError as error:
            self.close()
            raise NotLetIn(f"the mail host refused our credentials ({error.smtp_code})") from error
        except smtplib.SMTPRecipientsRefused as error:
            code, reply = next(iter(error.recipients.values()))
            self._refused(code, reply)
        except smtplib.SMTPResponseException as error:
            self._refused(error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise TryLater(f"no connection to the mail host: {error}") from error

    def close(self) -> None:
        """See `Transport`."""
        connection, self._connection = self._connection, None
        if connection:
            try:
                connection.quit()
            except (smtplib.SMTPException, OSError):
                connection.close()

    def _refused(self, code: int, reply: bytes | str) -> None:
        text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
        self.close()
        raise (Bounced if code >= 500 else TryLater)(f"{code} {text}")

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._implicit_tls:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=_TIMEOUT_S, context=context)
        else:
            connection = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_S)
        try:
            connection.ehlo()
            if not self._implicit_tls and connection.has_extn("starttls"):
                connection.starttls(context=context)
                connection.ehlo()
            elif self._user and not self._implicit_tls:
                raise NotLetIn("the mail host offers no TLS: the password is not sent in the clear")
            if self._user:
                connection.login(self._user, self._password)
        except BaseException:
            connection.close()
            raise
        return connection
