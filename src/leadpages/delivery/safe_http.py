"""POST to an address that somebody configured: within limits of time and size, and never into a private network."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Event, Timer
from typing import Final
from urllib.parse import SplitResult, urlsplit

from leadpages.core.hosts import is_public
from leadpages.delivery.outcomes import Unreachable

#: From a name and a port to IP addresses. Raises OSError when there are none.
Resolve = Callable[[str, int], Sequence[str]]

_MOST_ADDRESSES: Final = 3
#: As much of an answer as somebody may want to read in a list of what went wrong.
_READ_BYTES: Final = 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """In seconds: to be connected with one address, to wait for any byte, and for all of it but looking the name up."""

    connect_s: float = 5
    read_s: float = 10
    total_s: float = 15


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `retry_after` as the header says it, and how its body begins."""

    status: int
    retry_after: str
    text: str


def resolve(host: str, port: int) -> Sequence[str]:
    """The IP addresses that the system knows for a name, or for an address in any notation."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class SafeClient:
    """Follows no redirect, and connects to exactly the addresses that it has looked at (no DNS rebinding)."""

    def __init__(
        self,
        resolve: Resolve = resolve,
        is_allowed: Callable[[str], bool] = is_public,
        tls: ssl.SSLContext | None = None,
        limits: Limits = Limits(),
    ) -> None:
        self._resolve, self._is_allowed, self._limits = resolve, is_allowed, limits
        self._tls = tls or ssl.create_default_context()

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """What an `http` or `https` address answers.

        Raises Unreachable when there is no answer, or one that is no HTTP.
        """
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        try:
            with closing(self._connect(host, port)) as sock, _ended_after(sock, self._limits.total_s):
                return self._exchange(sock, parts, port, headers, body)
        except (OSError, HTTPException, ValueError) as error:  # ValueError: what a broken host makes of http.client
            raise Unreachable(f"no answer from {host}: {error or type(error).__name__}") from error

    def _connect(self, host: str, port: int) -> socket.socket:
        addresses = self._resolve(host, port)
        if inner := next((address for address in addresses if not self._is_allowed(address)), None):
            raise Unreachable(f"{host} is not called: it stands for {inner}, which is not on the internet")
        fault: OSError = OSError("it has no address")
        for address in addresses[:_MOST_ADDRESSES]:
            try:
                return socket.create_connection((address, port), self._limits.connect_s)
            except OSError as error:
                fault = error
        raise fault

    def _exchange(
        self, sock: socket.socket, parts: SplitResult, port: int, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        host = parts.hostname or ""
        sock.settimeout(self._limits.read_s)
        if parts.scheme == "https":
            connection: HTTPConnection = HTTPSConnection(host, port, context=self._tls)
            connection.sock = self._tls.wrap_socket(sock, server_hostname=host)
        else:
            connection = HTTPConnection(host, port)
            connection.sock = sock
        with closing(connection):
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, body, dict(headers))
            response = connection.getresponse()
            text = response.read(_READ_BYTES).decode("utf-8", "replace")
            return Reply(response.status, response.headers.get("Retry-After", ""), text)


@contextmanager
def _ended_after(sock: socket.socket, seconds: float) -> Iterator[None]:
    """Hang up when the time is up, whatever the other side still sends: each byte would begin the wait anew.

    Raises TimeoutError then, also when what had come by then looks like an answer.
    """
    line = sock.dup()  # the same connection also when TLS has taken `sock` over
    is_over = Event()

    def hang_up() -> None:
        is_over.set()
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, hang_up)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        line.close()
    if is_over.is_set():
        raise TimeoutError(f"it took more than {seconds:g} seconds")
