"""What leads inside is told from what everybody reaches, in whatever way it is written."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadpages.core.hosts import host_fault, is_public


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.215.14", True),
        ("2606:4700::1111", True),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("fd00::1", False),
        ("ff0e::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("::127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d70e", True),
        ("64:ff9b:1::5db8:d70e", False),
        ("2002:7f00:1::", False),
        ("2002:5db8:d70e::1", True),
        ("2001:0:1::", False),
    ],
)
def test_public_addresses(address: str, expected: bool) -> None:
    """Only what everybody reaches is public; what an address carries decides."""
    assert is_public(address) is expected


@pytest.mark.parametrize(
    "host", ["example.com", "hooks.example.com.", "93.184.215.14", "2606:4700::1111", "bücher.example"]
)
def test_hosts_on_the_internet(host: str) -> None:
    """Names with a dot, and public addresses as they are written."""
    assert host_fault(host) == ""


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
        "::1",
        "::ffff:127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "db.localhost",
        "printer.local",
        "metadata.google.internal",
        "intranet",
    ],
)
def test_hosts_that_lead_inside(host: str) -> None:
    """However they are written."""
    assert host_fault(host)


NOTATIONS = st.sampled_from(["{0}", "{0:#x}", "0{0:o}"])


@given(
    st.lists(st.integers(0, 255), min_size=3, max_size=3),
    st.lists(NOTATIONS, min_size=4, max_size=4),
    st.integers(1, 4),
)
def test_every_notation_that_the_system_knows_for_an_inner_address_is_refused(
    rest: list[int], notations: list[str], parts: int
) -> None:
    """10.0.0.0/8 in one to four parts, each decimal, octal or hexadecimal."""
    numbers = [10, *rest]
    last = int.from_bytes(bytes(numbers[parts - 1 :]), "big")
    written = ".".join(n.format(value) for n, value in zip(notations, [*numbers[: parts - 1], last], strict=False))
    assert IPv4Address(socket.inet_aton(written)).is_private
    assert host_fault(written)
