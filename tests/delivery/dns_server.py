"""A DNS server on this machine, which answers as it is told to, and keeps what it was asked."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
from dns.resolver import Resolver

#: By name and type, the data of the records. A name with no records of any type does not exist.
Zone = Mapping[tuple[str, str], str]


@dataclass
class DnsServer:
    """Its records, the names with broken servers of their own, and the questions so far, as `example.com MX`."""

    zone: Zone
    broken: tuple[str, ...] = ()
    is_silent: bool = False
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def resolver(self) -> Resolver:
        """One that asks this server alone, and waits a moment for it."""
        resolver = Resolver(configure=False)
        resolver.nameservers, resolver.port, resolver.timeout = ["127.0.0.1"], self.port, 0.05
        return resolver

    def answer(self, query: bytes) -> bytes:
        """What it says (RFC 1035)."""
        message = dns.message.from_wire(query)
        (question,) = message.question
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{name} {kind}")
        reply = dns.message.make_response(message)
        reply.flags |= dns.flags.RA
        if name in self.broken:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif data := self.zone.get((name, kind)):
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *data.split("; ")))
        elif not any(known == name for known, _ in self.zone):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return bytes(reply.to_wire())


@contextmanager
def serving(server: DnsServer) -> Iterator[DnsServer]:
    """`server`, while it listens on 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        server.port = sock.getsockname()[1]

        def serve() -> None:
            while query := sock.recvfrom(4096):
                if query[0] == b"end":
                    return
                reply = server.answer(query[0])
                if not server.is_silent:
                    sock.sendto(reply, query[1])

        thread = Thread(target=serve)
        thread.start()
        try:
            yield server
        finally:
            sock.sendto(b"end", ("127.0.0.1", server.port))
            thread.join()
