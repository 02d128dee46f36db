"""Telling people from programs, and our pages from others'."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final

from leadpages.core.errors import TokenError
from leadpages.core.forms import HONEYPOT_FIELDS, KEY_FIELD, KEY_PATTERN, STARTED_FIELD, Form
from leadpages.core.hosts import with_parents
from leadpages.core.signing import Tokens
from leadpages.handler.refusals import Refusal
from leadpages.handler.requests import Request
from leadpages.stores.protocol import Limit

if TYPE_CHECKING:
    from leadpages.handler.service import Service

_EVENTS_A_FORM: Final = 20


def check_origin(request: Request, allowed: frozenset[str]) -> None:
    """Let a form be posted from the site's own pages, and by clients that are no browser.

    A browser that sends no `Origin` says with `Sec-Fetch-Site` where the form stood
    (https://www.w3.org/TR/fetch-metadata/).

    Raises Refusal 403.
    """
    sender = request.header("Origin")
    if sender is None:
        if request.header("Sec-Fetch-Site") in ("same-origin", "none", None):
            return
    elif sender in allowed:
        return
    raise Refusal(403, "origin_denied", "This form was sent from a page that is not ours.")


def reason_to_quarantine(
    service: Service, form: Form, posted: Mapping[str, Sequence[str]], email: str, now: datetime
) -> str:
    """Why a valid post looks like a program's, or comes from whom nothing is taken; else "".

    A missing start time is no reason: visitors without scripts send none.
    """
    if any(any(posted.get(name, ())) for name in HONEYPOT_FIELDS):
        return "honeypot"
    return _wrong_start(form, posted, service.tokens, now) or _blocked(email, service.bundle.blocked)


def _wrong_start(form: Form, posted: Mapping[str, Sequence[str]], tokens: Tokens, now: datetime) -> str:
    started = next(iter(posted.get(STARTED_FIELD, ())), "")
    if not started:
        return ""
    try:
        issued_at = datetime.fromtimestamp(int(tokens.read("started", started, now)), now.tzinfo)
    except (TokenError, ValueError):
        return "forged start time"
    return "too fast" if now - issued_at < timedelta(seconds=form.min_seconds) else ""


def _blocked(email: str, blocked: frozenset[str]) -> str:
    """Why nothing is taken from an address: it is blocked, or its domain or one above that is."""
    if not blocked:
        return ""
    address = email.casefold()
    if address in blocked:
        return "blocked address"
    domain = address.rpartition("@")[2]
    return "blocked domain" if any(parent in blocked for parent in with_parents(domain)) else ""


def limits(service: Service, request: Request, form: Form) -> tuple[Limit, ...]:
    """What a submission counts towards: those of its client, and those of its form."""
    of_client = _of_client(service, request, "client", 1)
    rate = service.rate_per_form
    return (*of_client, Limit(f"form {form.name}", rate.most, rate.window)) if rate else of_client


def event_limits(service: Service, request: Request) -> tuple[Limit, ...]:
    """What a view or click counts towards: nobody looks at that many more pages than they send forms."""
    return _of_client(service, request, "events", _EVENTS_A_FORM)


def _of_client(service: Service, request: Request, purpose: str, times: int) -> tuple[Limit, ...]:
    client = client_of(request.header("X-Forwarded-For") or "", request.peer, service.trusted_hops)
    rate = service.rate_per_client
    return (Limit(service.tokens.bucket(purpose, client), times * rate.most, rate.window),) if client and rate else ()


def client_of(forwarded: str, peer: str, trusted_hops: int) -> str:
    """The client's address, of which only what trusted proxies say is believed; "" where there is none.

    An IPv6 address stands for its /64: that is what one client has.
    """
    said = [part.strip() for part in forwarded.split(",")] if forwarded else []
    text = _without_port(said[-trusted_hops] if 0 < trusted_hops <= len(said) else peer)
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, IPv4Address):
        return text  # there is one way to write it
    return str(address.ipv4_mapped or IPv6Network((address.packed[:8] + bytes(8), 64)))


def _without_port(text: str) -> str:
    """`203.0.113.7:1234` and `[2001:db8::1]:443` are what Azure's proxies write."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def idempotency_key(request: Request, posted: Mapping[str, Sequence[str]]) -> str:
    """What names this try: a header, or what the form's script adds; "" where nothing does.

    Raises Refusal 400 for one that is no key.
    """
    key = request.header("Idempotency-Key") or next(iter(posted.get(KEY_FIELD, ())), "")
    if not re.fullmatch(KEY_PATTERN, key):
        raise Refusal(400, "bad_idempotency_key", "This form was sent in a way that we do not understand.")
    return key.strip('"')


def start_token(tokens: Tokens, now: datetime) -> str:
    """A proof of when someone began to fill in a form."""
    return tokens.make("started", str(int(now.timestamp())), now)
