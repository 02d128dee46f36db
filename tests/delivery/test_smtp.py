"""SMTP against a real server: what its answers mean for a mail, and what is never sent in the clear."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP as CRLF
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from tests.delivery.certificates import make_certificate, server_tls
from tests.handler.funnel import Funnel

from leadpages.core.errors import LeadpagesError, SettingsError
from leadpages.delivery.outbox import Report, drain
from leadpages.delivery.outcomes import Bounced, NotLetIn, TryLater
from leadpages.delivery.transports import SMTPTransport


class Host:
    """A mail host that answers MAIL, RCPT and DATA as it is told to."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.received: list[tuple[str, list[str], bytes]] = []
        self.sessions = 0

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Count the conversations."""
        self.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer MAIL FROM."""
        envelope.mail_from = address
        return self.answers.get("mail", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer RCPT TO."""
        envelope.rcpt_tos.append(address)
        return self.answers.get("rcpt", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take the mail, or not."""
        answer = self.answers.get("data", "250 OK")
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.received.append((str(envelope.mail_from), list(envelope.rcpt_tos), envelope.content))
        return answer


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def listening(host: Host, **options: Any) -> Iterator[str]:
    """The URL of `host` while it listens."""
    controller = Controller(host, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield f"127.0.0.1:{controller.port}"
    finally:
        controller.stop()


def mail(recipient: str = "ann@example.com") -> EmailMessage:
    message = EmailMessage(policy=CRLF)
    message["From"] = "Test site <hello@example.com>"
    message["To"] = recipient
    message["Subject"] = "Hi"
    message.set_content("one\n.two\n")
    return message


def outcome(url: str) -> LeadpagesError | None:
    """What became of one mail."""
    transport = SMTPTransport(url)
    try:
        transport.send(mail())
    except LeadpagesError as error:
        return error
    finally:
        transport.close()
    return None


def test_mails_are_handed_over_in_one_conversation(funnel: Funnel) -> None:
    """The worker's mails arrive whole, at exactly their recipients."""
    for name in ("ann", "bob"):
        funnel.post("guide", {"email": f"{name}@example.com"})
    host = Host()
    with listening(host) as address:
        transport = SMTPTransport(f"smtp://{address}")
        report = drain(funnel.service.store, funnel.composer(), transport, funnel.hooks(), funnel.clock)
    assert report == Report(sent=2)
    assert host.sessions == 1
    assert {(sender, *to) for sender, to, _ in host.received} == {
        ("hello@www.example.com", "ann@example.com"),
        ("hello@www.example.com", "bob@example.com"),
    }
    assert all(b"Please confirm: The guide" in content for _, _, content in host.received)


@pytest.mark.parametrize(
    ("answers", "kind", "message"),
    [
        ({"rcpt": "450 greylisted"}, TryLater, "450 greylisted"),
        ({"rcpt": "550 no such mailbox"}, Bounced, "550 no such mailbox"),
        ({"rcpt": "530 log in first"}, NotLetIn, "refused our credentials (530)"),
        ({"data": "452 disk full"}, TryLater, "452 disk full"),
        ({"data": "554 this is spam"}, Bounced, "554 this is spam"),
        ({"data": "421 going down"}, TryLater, "421 going down"),
        ({"mail": "451 try later"}, TryLater, "451 try later"),
        ({"mail": "550 we do not know this sender"}, TryLater, "550 we do not know this sender"),
        ({"mail": "530 log in first"}, NotLetIn, "refused our credentials (530)"),
    ],
)
def test_an_answer_is_about_the_mail_or_about_us(
    answers: dict[str, str], kind: type[LeadpagesError], message: str
) -> None:
    """Only a refusal of the recipient or of the content is a bounce."""
    host = Host(**answers)
    with listening(host) as address:
        error = outcome(f"smtp://{address}")
    assert isinstance(error, kind)
    assert message in error.message
    assert host.received == []


def test_a_refusal_leaves_the_next_mail_alone(funnel: Funnel) -> None:
    """After a bounce the next mail goes out, in a new conversation."""
    host = Host(rcpt="550 no such mailbox")
    with listening(host) as address:
        transport = SMTPTransport(f"smtp://{address}")
        with pytest.raises(Bounced):
            transport.send(mail())
        host.answers.clear()
        transport.send(mail("bob@example.com"))
        transport.close()
    assert [to for _, to, _ in host.received] == [["bob@example.com"]]


def test_a_host_that_is_not_there_is_tried_later(funnel: Funnel) -> None:
    """Nothing is lost, and once it is back the mail goes out."""
    port = free_port()
    funnel.post("guide")
    url = f"smtp://127.0.0.1:{port}"
    report = drain(funnel.service.store, funnel.composer(), SMTPTransport(url), funnel.hooks(), funnel.clock)
    assert report == Report(put_off=1)
    funnel.clock.advance(minutes=1)
    host = Host()
    controller = Controller(host, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        report = drain(funnel.service.store, funnel.composer(), SMTPTransport(url), funnel.hooks(), funnel.clock)
    finally:
        controller.stop()
    assert report == Report(sent=1)


@contextmanager
def saying(greeting: bytes) -> Iterator[str]:
    """A server that says one thing to whoever connects, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(greeting)

        thread = Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(
    ("greeting", "kind"),
    [
        (b"554 no service for you\r\n", NotLetIn),
        (b"421 too many connections\r\n", TryLater),
        (b"", TryLater),
        (b"220 hello\r\n", TryLater),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", TryLater),
    ],
)
def test_a_host_that_turns_us_away_buries_no_mail(greeting: bytes, kind: type[LeadpagesError]) -> None:
    """Before there is talk of a mail, no answer can be about the mail."""
    with saying(greeting) as address:
        assert isinstance(outcome(f"smtp://{address}"), kind)


def accept(*_: object) -> AuthResult:
    return AuthResult(success=True)


def refuse(*_: object) -> AuthResult:
    return AuthResult(success=False, handled=False)


@pytest.mark.parametrize("authenticator", [accept, refuse])
def test_a_password_is_not_sent_without_tls(funnel: Funnel, authenticator: Callable[..., AuthResult]) -> None:
    """A host that offers none pauses the queue, even where it would take the password."""
    funnel.post("guide")
    host = Host()
    with listening(host, authenticator=authenticator, auth_require_tls=False) as address:
        transport = SMTPTransport(f"smtp://user:word@{address}")
        report = drain(funnel.service.store, funnel.composer(), transport, funnel.hooks(), funnel.clock)
    assert report == Report(paused="the mail host offers no TLS: the password is not sent in the clear")
    assert host.received == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and key for 127.0.0.1 that nobody trusts unless told to."""
    return make_certificate(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1")


class Doorman:
    """Looks at passwords, and remembers what it saw."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []

    def __call__(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Let one user in."""
        self.seen.append((mechanism, data.password))
        return AuthResult(success=data.password == b"w:rd", handled=False)


def test_a_host_with_a_strangers_certificate_gets_no_password(certificate: Path) -> None:
    """Nor the mail, which waits."""
    doorman, host = Doorman(), Host()
    with listening(host, tls_context=server_tls(certificate), authenticator=doorman) as address:
        error = outcome(f"smtp://user:w%3Ard@{address}")
    assert isinstance(error, TryLater)
    assert "CERTIFICATE_VERIFY_FAILED" in error.message
    assert (doorman.seen, host.received) == ([], [])


SENDING = """
import sys
from tests.delivery.test_smtp import outcome
error = outcome(sys.argv[1])
print(type(error).__name__, error or "")
"""


@pytest.mark.parametrize(
    ("password", "printed", "mails"),
    [("w%3Ard", "NoneType \n", 1), ("wrong", "NotLetIn the mail host refused our credentials (535)\n", 0)],
)
def test_a_password_is_sent_after_starttls(certificate: Path, password: str, printed: str, mails: int) -> None:
    """The right one lets the mail in; 535 is about us and not about the mail."""
    doorman, host = Doorman(), Host()
    with listening(host, tls_context=server_tls(certificate), authenticator=doorman) as address:
        done = subprocess.run(
            [sys.executable, "-c", SENDING, f"smtp://user:{password}@{address}"],
            env={"SSL_CERT_FILE": str(certificate)},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.stdout == printed, done.stderr
    assert len(host.received) == mails
    assert doorman.seen


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://host:port",
        "smtp://host:99999",
        "smtp://[::1",
    ],
)
def test_a_url_that_names_no_mail_host_is_refused(url: str) -> None:
    """With how to write one."""
    with pytest.raises(SettingsError, match="LEADPAGES_SMTP_URL must be like"):
        SMTPTransport(url)


@pytest.mark.parametrize(
    ("answer", "suppressed"),
    [
        ("550 5.1.1 no such user", True),
        ("550 5.1.10 null MX", True),
        ("553 5.1.3 bad address", True),
        ("550 5.2.1 mailbox disabled", True),
        ("550 no such mailbox", False),
        ("550 5.7.1 blocked by policy", False),
        ("550 5.1.8 we do not know this sender", False),
        ("552 5.2.2 mailbox full", False),
        ("450 4.1.1 who is that", False),
    ],
)
def test_an_address_that_has_no_mailbox_gets_no_more_mail(funnel: Funnel, answer: str, suppressed: bool) -> None:
    """Where the mail host says just that; what it has against us or the mail is not the address's fault."""
    funnel.post("guide")
    with listening(Host(rcpt=answer)) as address:
        transport = SMTPTransport(f"smtp://{address}")
        drain(funnel.service.store, funnel.composer(), transport, funnel.hooks(), funnel.clock)
    (lead,) = funnel.service.store.leads()
    assert lead.suppressed_for == ("bounced" if suppressed else None)
    funnel.clock.advance(days=2)
    funnel.post("newsletter")
    assert funnel.deliver().sent == (0 if suppressed else 1 + (not answer.startswith("5")))


def test_a_mail_host_that_is_not_there_is_asked_once_in_a_drain(
    funnel: Funnel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is due is put off at once, and costs no wait each."""
    for number in range(5):
        funnel.post("guide", {"email": f"a{number}@example.com"})
    tries: list[object] = []

    def connect(*address: object, **_: object) -> socket.socket:
        tries.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    transport = SMTPTransport("smtp://mail.example.com")
    report = drain(funnel.service.store, funnel.composer(), transport, funnel.hooks(), funnel.clock)
    assert (report, len(tries)) == (Report(put_off=5), 1)
