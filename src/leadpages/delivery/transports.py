"""Handing a mail to a mail host (SMTP, RFC 5321), and what its answer means."""

from __future__ import annotations

import re
import smtplib
import ssl
from email.message import EmailMessage
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from leadpages.core.errors import LeadpagesError, SettingsError
from leadpages.delivery.outcomes import Bounced, NoSuchMailbox, NotLetIn, TryLater, Unreachable

_TIMEOUT_S: Final = 30.0
#: "Log in first", in its shades (RFC 4954), whichever command the mail host says it to.
_CREDENTIALS_REFUSED: Final = (530, 534, 535, 538)
#: That there is no such mailbox, or none any more, as against one that does not want this mail (RFC 3463).
_NO_SUCH_MAILBOX: Final = re.compile(r"5\.1\.(1|2|3|6|10)\b|5\.2\.1\b")


class Transport(Protocol):
    """Takes one mail, or raises TryLater, Bounced or NotLetIn."""

    def send(self, message: EmailMessage) -> None:
        """Return when the mail host has taken responsibility for `message`, which has lines as SMTP wants them."""

    def close(self) -> None:
        """End the conversation."""


class SMTPTransport:
    """One SMTP connection, opened by the first mail and kept for those that follow.

    `url` is `smtp://[user:password@]host[:port]` (STARTTLS when the host offers it, and always before a
    password is sent) or `smtps://…` (TLS from the start).
    """

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname if parts.scheme in ("smtp", "smtps") else None, parts.port
        except ValueError:  # half an IPv6 address, a port that is no number
            host = None
        if not host:
            raise SettingsError(
                "LEADPAGES_SMTP_URL must be like smtp://user:password@mail.example.com:587",
                "smtp:// upgrades to TLS where the host can, smtps:// starts with it",
            )
        self._host, self._implicit_tls = host, parts.scheme == "smtps"
        self._port = port or (465 if self._implicit_tls else 587)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._connection: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> None:
        """See `Transport`."""
        try:
            self._connection = self._connection or self._connect()
            # `send_message` would take the mail apart and write it anew.
            (sender,), (recipient,) = message["From"].addresses, message["To"].addresses
            self._connection.sendmail(sender.addr_spec, recipient.addr_spec, message.as_bytes())
        except smtplib.SMTPRecipientsRefused as error:
            code, reply = next(iter(error.recipients.values()))
            self._refused(code, _text(reply), _kind_of_bounce(_text(reply)))
        except smtplib.SMTPSenderRefused as error:
            # Not the fault of the one who is to get the mail: someone may yet allow this sender.
            self._refused(error.smtp_code, _text(error.smtp_error), TryLater)
        except smtplib.SMTPResponseException as error:
            self._refused(error.smtp_code, _text(error.smtp_error), _kind_of_bounce(_text(error.smtp_error)))
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise TryLater(f"the connection to the mail host broke: {error}") from error

    def close(self) -> None:
        """See `Transport`."""
        connection, self._connection = self._connection, None
        if connection:
            try:
                connection.quit()
            except (smtplib.SMTPException, OSError):
                connection.close()

    def _refused(self, code: int, reply: str, for_good: type[LeadpagesError]) -> None:
        self.close()
        if code in _CREDENTIALS_REFUSED:
            raise NotLetIn(f"the mail host refused our credentials ({code})")
        raise (for_good if code >= 500 else TryLater)(f"{code} {reply}")

    def _connect(self) -> smtplib.SMTP:
        """A connection, logged in. No mail is at stake yet: who is refused here is we."""
        try:
            return self._open()
        except smtplib.SMTPAuthenticationError as error:
            raise NotLetIn(f"the mail host refused our credentials ({error.smtp_code})") from error
        except smtplib.SMTPNotSupportedError as error:
            raise NotLetIn(f"the mail host takes no passwords: {error}") from error
        except smtplib.SMTPResponseException as error:
            said = f"{error.smtp_code} {_text(error.smtp_error)}"
            if error.smtp_code < 500:
                raise Unreachable(said) from error
            raise NotLetIn(f"the mail host does not let us in: {said}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise Unreachable(f"no connection to the mail host: {error}") from error

    def _open(self) -> smtplib.SMTP:
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


def _kind_of_bounce(reply: str) -> type[Bounced]:
    return NoSuchMailbox if _NO_SUCH_MAILBOX.match(reply) else Bounced


def _text(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
