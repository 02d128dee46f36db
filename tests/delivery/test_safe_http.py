"""POST to where somebody said: in time, never inside, and to no other address than the one that was looked at."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from tests.delivery.certificates import make_certificate, server_tls
from tests.delivery.receiver import Receiver, receiving

from leadpages.delivery.outcomes import Unreachable
from leadpages.delivery.safe_http import Limits, Reply, SafeClient, resolve

QUICK = Limits(connect_s=0.5, read_s=0.5, total_s=1)


def anything(_: str) -> bool:
    return True


def here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def client(resolve: Callable[[str, int], Sequence[str]] = here, tls: ssl.SSLContext | None = None) -> SafeClient:
    """One that may call this machine."""
    return SafeClient(resolve, anything, tls, QUICK)


def test_a_post_arrives_with_its_headers_under_the_name_it_was_for() -> None:
    """The connection goes to the address, `Host` has the name; the answer comes back."""
    with receiving(Receiver(202, {"Retry-After": "7"}, b"thanks")) as receiver:
        url = f"http://hooks.example.com:{receiver.port}/a/b?c=d"
        reply = client().post(url, {"webhook-id": "x"}, b"body")
    assert reply == Reply(202, "7", "thanks")
    ((path, headers, body),) = receiver.calls
    assert (path, headers["Host"], headers["webhook-id"], body) == (
        "/a/b?c=d",
        f"hooks.example.com:{receiver.port}",
        "x",
        b"body",
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "0.0.0.0", "[::1]"])
def test_no_notation_of_an_inner_address_is_called(host: str) -> None:
    """As the system itself understands it."""
    with receiving(Receiver()) as receiver, pytest.raises(Unreachable, match="not on the internet"):
        SafeClient(limits=QUICK).post(f"http://{host}:{receiver.port}/", {}, b"")
    assert receiver.calls == []


@pytest.mark.parametrize("inner", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::a00:1"])
def test_a_name_with_one_inner_address_is_not_called(inner: str) -> None:
    """Even when others of its addresses are on the internet."""
    safe = SafeClient(lambda host, port: ["93.184.215.14", inner], limits=QUICK)
    with pytest.raises(Unreachable, match=r"hooks\.example\.com is not called"):
        safe.post("https://hooks.example.com/", {}, b"")


def test_a_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it stands for a moment later plays no part: the connection is asked for by address (no rebinding)."""
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    connected: list[str] = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Unreachable):
        SafeClient(lambda host, port: next(answers), limits=QUICK).post("https://hooks.example.com/", {}, b"")
    assert connected == ["93.184.215.14"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    """It is an answer like any other."""
    with receiving(Receiver()) as inner:
        where = {"Location": f"http://127.0.0.1:{inner.port}/"}
        with receiving(Receiver(status, where)) as receiver:
            reply = client().post(f"http://hooks.example.com:{receiver.port}/", {}, b"")
    assert (reply.status, inner.calls) == (status, [])


def test_of_a_long_answer_the_beginning_is_read() -> None:
    """However much there is."""
    with receiving(Receiver(200, {}, b"x" * 5_000_000)) as receiver:
        assert len(client().post(f"http://hooks.example.com:{receiver.port}/", {}, b"").text) == 1000


@contextmanager
def saying(chunks: Callable[[], Iterator[bytes]]) -> Iterator[int]:
    """The port of a server that says this to whoever connects."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    for chunk in chunks():
                        connection.sendall(chunk)
                except OSError:
                    pass

        thread = Thread(target=answer)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def silence() -> Iterator[bytes]:
    time.sleep(1.5)
    yield b""


def dripping() -> Iterator[bytes]:
    """A header that grows for ever, a byte at a time."""
    yield b"HTTP/1.1 200 OK\r\nX: "
    for _ in range(50):
        time.sleep(0.1)
        yield b"x"


def one_hundred() -> Iterator[bytes]:
    for _ in range(50):
        time.sleep(0.1)
        yield b"HTTP/1.1 100 Continue\r\n\r\n"


def nonsense() -> Iterator[bytes]:
    yield b"SSH-2.0-OpenSSH_9.2\r\n"


def nothing() -> Iterator[bytes]:
    yield from ()


@pytest.mark.parametrize("chunks", [silence, dripping, one_hundred, nonsense, nothing])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_host_that_gives_no_answer_costs_little_time(chunks: Callable[[], Iterator[bytes]], scheme: str) -> None:
    """Silent, slow without end, or speaking something else."""
    with saying(chunks) as port:
        started = time.monotonic()
        with pytest.raises(Unreachable, match=r"no answer from hooks\.example\.com"):
            client().post(f"{scheme}://hooks.example.com:{port}/", {}, b"")
        assert time.monotonic() - started < 1.4


def test_a_name_that_nobody_has() -> None:
    """`.invalid` is kept free for this (RFC 6761)."""
    with pytest.raises(Unreachable, match=r"no answer from hooks\.invalid"):
        client(resolve).post("https://hooks.invalid/", {}, b"")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and key for hooks.example.com that nobody trusts unless told to."""
    return make_certificate(tmp_path_factory.mktemp("tls"), "DNS:hooks.example.com")


@pytest.mark.parametrize(("host", "arrives"), [("hooks.example.com", True), ("other.example.com", False)])
def test_the_certificate_is_that_of_the_name(certificate: Path, host: str, arrives: bool) -> None:
    """Not that of the address; the server is told the name, too (SNI)."""
    names: list[str] = []
    tls = server_tls(certificate)
    tls.sni_callback = lambda sock, name, context: names.append(name)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with receiving(Receiver(), tls) as receiver:
        try:
            client(tls=trusting).post(f"https://{host}:{receiver.port}/", {}, b"")
        except Unreachable as error:
            assert "CERTIFICATE_VERIFY_FAILED" in error.message
    assert (len(receiver.calls), names) == (int(arrives), [host])


def test_a_certificate_of_a_strangers_is_not_taken(certificate: Path) -> None:
    """Nothing is sent."""
    refused = pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED")
    with receiving(Receiver(), server_tls(certificate)) as receiver, refused:
        client().post(f"https://hooks.example.com:{receiver.port}/", {}, b"")
    assert receiver.calls == []
