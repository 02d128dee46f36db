"""Which hosts everybody reaches, and which lead inside: to this machine or into a private network."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
#: An IPv4 address in the words of IPv6, for networks that have no other (RFC 6052).
_NAT64: Final = IPv6Network("64:ff9b::/96")
#: RFC 6761, RFC 6762, RFC 8375, and what ICANN has set aside.
_PRIVATE_NAMES: Final = ("localhost", "local", "home.arpa", "internal")
#: https://url.spec.whatwg.org/#ends-in-a-number-checker
_ENDS_IN_A_NUMBER: Final = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")


def is_public(address: str) -> bool:
    """Whether an IP address is one that everybody reaches (RFC 6890); where it carries another, that one counts."""
    found = ip_address(address.partition("%")[0])
    carried = _carried(found) if isinstance(found, IPv6Address) else None
    if carried:
        return is_public(str(carried))
    return found.is_global and not found.is_multicast and (found.version == 4 or found in _GLOBAL_UNICAST)


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def with_parents(domain: str) -> Iterator[str]:
    """`domain`, the one above it, and so on: `a.b.com`, `b.com`, `com`."""
    while domain:
        yield domain
        domain = domain.partition(".")[2]


def host_fault(host: str) -> str:
    """Why nobody outside reaches `host`, a name or an address in any notation, as far as its looks tell; "" if so."""
    plain = unicodedata.normalize("NFKC", host).lower().rstrip(".")
    try:
        return "" if is_public(plain) else "it is no address on the internet"
    except ValueError:
        pass
    if _ENDS_IN_A_NUMBER.fullmatch(plain):
        return "it is an address in a notation that hides which one"
    if "." not in plain or plain.endswith(tuple(f".{name}" for name in _PRIVATE_NAMES)):
        return "it is a name for private networks"
    return ""
