"""Visitors who send a form: so many keep-alive connections in one process, each with one request under way at most.

They send as fast as they are answered, or together so many a second. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import time
from dataclasses import asdict, dataclass
from typing import Final
from urllib.parse import urlencode

_HEADERS: Final = (
    "POST /f/newsletter HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: {length}\r\n"
    "Origin: {origin}\r\n"
    "Referer: {origin}/\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "\r\n"
)
#: So long those who were asked last may still answer.
_LAST_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Answers:
    """How many answers were 303, how many another, how many of the first a second; what they took, in ms."""

    good: int
    bad: int
    per_second: float
    median_ms: float
    p99_ms: float


class _Visitors:
    """All of them, and what they have seen."""

    def __init__(self, name: str, origin: str) -> None:
        self._name, self._origin = name, origin
        self._number = 0
        self.is_over = False
        self.paced = False
        self.idle: list[_Visitor] = []
        self.times: list[float] = []
        self.bad = 0

    def request(self) -> bytes:
        """Another lead's form."""
        self._number += 1
        body = urlencode(
            {"email": f"{self._name}-{self._number}@example.com", "newsletter_consent": "yes", "_page": "/"}
        )
        return (_HEADERS.format(length=len(body), origin=self._origin) + body).encode()

    def answered(self, visitor: _Visitor, seconds: float, good: bool) -> None:
        """Note an answer; its visitor sends the next form, or waits for it."""
        self.times.append(seconds)
        self.bad += not good
        if self.paced or self.is_over:
            self.idle.append(visitor)
        else:
            visitor.send()


class _Visitor(asyncio.Protocol):
    def __init__(self, all_: _Visitors) -> None:
        self._all = all_
        self._received = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, due_at: float = 0.0) -> None:
        """Send a form that was due at `due_at`: who had to wait for a free connection waited for the server, too."""
        assert self._transport is not None
        self._sent_at = due_at or time.perf_counter()
        self._transport.write(self._all.request())

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        self._received = b""
        self._all.answered(self, time.perf_counter() - self._sent_at, head.startswith(b"HTTP/1.1 303 "))


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0] or b"0")


async def visit(port: int, clients: int, seconds: float, rate: float, name: str, origin: str) -> Answers:
    """Let `clients` send forms for so long: at `rate` a second in all, or if that is 0 as fast as they can."""
    loop = asyncio.get_running_loop()
    visitors = _Visitors(name, origin)
    connected = [
        (await loop.create_connection(lambda: _Visitor(visitors), "127.0.0.1", port))[1] for _ in range(clients)
    ]
    visitors.paced = bool(rate)
    started = time.perf_counter()
    if rate:
        visitors.idle = connected
        await _keep_pace(visitors, rate, started, started + seconds)
    else:
        for visitor in connected:
            visitor.send()
        await asyncio.sleep(seconds)
    took, answered = time.perf_counter() - started, len(visitors.times)
    visitors.is_over = True
    give_up = time.perf_counter() + _LAST_S
    while len(visitors.idle) < clients and time.perf_counter() < give_up:
        await asyncio.sleep(0.01)
    times = sorted(visitors.times)
    missing = clients - len(visitors.idle)
    good = len(times) - visitors.bad
    return Answers(
        good=good,
        bad=visitors.bad + missing,
        per_second=answered / took,
        median_ms=times[len(times) // 2] * 1000,
        p99_ms=times[math.ceil(len(times) * 0.99) - 1] * 1000,
    )


async def _keep_pace(visitors: _Visitors, rate: float, started: float, until: float) -> None:
    number = 0
    while (now := time.perf_counter()) < until:
        while visitors.idle and (due_at := started + number / rate) <= now:
            visitors.idle.pop(0).send(due_at)
            number += 1
        await asyncio.sleep(0.001)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("name", help="what the addresses of these visitors begin with")
    parser.add_argument("origin", help="of the site's pages")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float, default=0.0, help="forms a second; as many as are answered without it")
    options = parser.parse_args()
    answers = asyncio.run(
        visit(options.port, options.clients, options.seconds, options.rate, options.name, options.origin)
    )
    print(json.dumps(asdict(answers)))


if __name__ == "__main__":
    main()
