"""Asking one outside address whether it is there: politely, with little data, and never inside a private network.

HEAD is asked first and GET where HEAD is refused; no body is read, no cookie kept and no credential sent (RFC 9110).
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import Final
from urllib.parse import quote, urljoin

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as NoAnswer

from leadpages import __version__
from leadpages.core.hosts import is_public

_USER_AGENT: Final = f"leadpages/{__version__} (looks whether a link still works)"
_PERMANENT: Final = (301, 308)
_REDIRECTS: Final = (301, 302, 303, 307, 308)
#: Worth asking again after a while.
_BUSY: Final = (429, 500, 502, 503, 504)
#: There is something, but not for a program: a login, or a host that only lets browsers in. No one can mend that.
_CLOSED: Final = (401, 403, 407, 999)
_MOST_REDIRECTS: Final = 10
_MOST_ADDRESSES: Final = 3
_URL_SIGNS: Final = "/%-._~!$&'()*+,;=:@?#[]"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much asking is fair. Times are in seconds but for `keep_…`, how long an answer is remembered.

    `longest_wait` bounds what a host can ask for with `Retry-After`; `private_hosts` lets through what no link of a
    published site should lead to: this machine and private networks.
    """

    timeout: float = 10
    total: float = 600
    tries: int = 3
    longest_wait: float = 30
    at_once: int = 16
    per_host: int = 2
    keep_good: timedelta = timedelta(days=7)
    keep_bad: timedelta = timedelta(days=1)
    private_hosts: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a link: `fault` says what is wrong ("answers 404 (not found)"), "" when it leads somewhere.

    `moved` is the address that replaced it for good, or "". `lasting` answers are worth remembering: a host that is
    down now may be up in a minute.
    """

    fault: str = ""
    moved: str = ""
    lasting: bool = True


class OutOfTime(Exception):
    """The time for all links is up."""


class _Fault(Exception):
    """A try that failed; `passing` when another one may do better."""

    def __init__(self, message: str, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    location: str
    retry_after: str


class Client:
    """Follows links until `deadline` (of the clock `monotonic`), one after the other; keeps connections open."""

    def __init__(
        self, limits: Limits, deadline: float, monotonic: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._limits, self._deadline, self._monotonic, self._sleep = limits, deadline, monotonic, sleep
        self._pools = urllib3.PoolManager(num_pools=4, maxsize=1)
        self._tls = ssl.create_default_context()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pools.clear()

    def follow(self, url: str) -> Answer:
        """What is at the end of `url`, an `http` or `https` address.

        Raises OutOfTime.
        """
        here, moved, only_permanent = url, "", True
        seen = {url}
        try:
            for _ in range(_MOST_REDIRECTS + 1):
                reply = self._ask(here)
                if reply.status not in _REDIRECTS or not reply.location:
                    fault = "" if reply.status < 400 or reply.status in _CLOSED else _status_fault(reply.status)
                    return Answer(fault, "" if fault else moved, reply.status not in _BUSY)
                here = _next(here, reply.location)
                if here in seen:
                    return Answer("redirects in a circle")
                seen.add(here)
                only_permanent = only_permanent and reply.status in _PERMANENT
                moved = here if only_permanent else moved
        except _Fault as fault:
            return Answer(str(fault), lasting=not fault.passing)
        return Answer(f"redirects more than {_MOST_REDIRECTS} times")

    def _ask(self, url: str) -> _Reply:
        """The reply to HEAD, or to GET; asked again while the host is busy or cannot be reached."""
        method, wait = "HEAD", 1.0
        for attempt in range(1, self._limits.tries + 1):
            reply, fault = None, None
            try:
                reply = self._request(method, url)
                if method == "HEAD" and reply.status >= 400 and reply.status not in (429, 503):
                    reply = self._request("GET", url)
                if reply.status not in _BUSY:
                    return reply
            except _Fault as found:
                fault = found
            asked = _seconds(reply.retry_after) if reply else None
            pause = wait if asked is None else asked
            if attempt == self._limits.tries or pause > self._limits.longest_wait or (fault and not fault.passing):
                break
            if self._monotonic() + pause > self._deadline:
                raise OutOfTime
            self._sleep(pause)
            method, wait = "GET", wait * 2
        if fault:
            raise fault
        assert reply is not None  # noqa: S101  (one of the two is there after every try)
        return reply

    def _request(self, method: str, url: str) -> _Reply:
        left = self._deadline - self._monotonic()
        if left <= 0:
            raise OutOfTime
        try:
            place = urllib3.util.parse_url(url)
        except LocationParseError:
            raise _Fault("is no web address") from None
        host = (place.host or "").strip("[]")
        if not host:
            raise _Fault("is no web address")
        port = place.port or (443 if place.scheme == "https" else 80)
        fault: HTTPError | None = None
        for address in self._addresses(host, port):
            try:
                return self._send(method, place, address, port, min(self._limits.timeout, left))
            except NewConnectionError as error:
                fault = error
            except HTTPError as error:
                fault = error
                break
            except (OSError, ValueError) as error:  # what a broken host makes of http.client
                raise _Fault(f"cannot be reached: {error}", passing=True) from None
        raise self._explain(fault)

    def _send(self, method: str, place: urllib3.util.Url, address: str, port: int, timeout: float) -> _Reply:
        host = place.host or ""
        # The connection goes to the address that was looked at, not to what the name may stand for a moment later.
        tls = {"ssl_context": self._tls, "server_hostname": host.strip("[]"), "assert_hostname": host.strip("[]")}
        scheme = place.scheme or "http"
        pool = self._pools.connection_from_host(address, port, scheme, tls if scheme == "https" else None)
        response = pool.urlopen(
            method,
            place.request_uri,
            headers={"Host": place.netloc or host, "User-Agent": _USER_AGENT, "Accept": "*/*"},
            redirect=False,
            retries=False,
            assert_same_host=False,
            timeout=urllib3.Timeout(connect=timeout, read=timeout),
            preload_content=False,
        )
        headers = response.headers
        reply = _Reply(response.status, headers.get("Location", ""), headers.get("Retry-After", ""))
        if method == "HEAD":
            response.release_conn()
        else:
            response.close()  # the body may be long, or never end
        return reply

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise _Fault("cannot be reached: its name cannot be looked up now", passing=True) from None
            raise _Fault("names a host that does not exist") from None
        except UnicodeError:
            raise _Fault("is no web address") from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self._limits.private_hosts and not all(is_public(address) for address in addresses):
            raise _Fault("leads to this machine or a private network")
        return addresses[:_MOST_ADDRESSES]

    def _explain(self, error: HTTPError | None) -> _Fault:
        if isinstance(error, SSLError):
            cause = error.args[0] if error.args else error
            if reason := getattr(cause, "reason", "") if not isinstance(cause, ssl.CertificateError) else "":
                return _Fault(f"cannot be reached: TLS fails ({str(reason).lower().replace('_', ' ')})")
            return _Fault(f"has no valid certificate: {getattr(cause, 'verify_message', '') or str(cause)[:100]}")
        if isinstance(error, NewConnectionError):
            cause = error.__cause__
            reason = getattr(cause, "strerror", "") or "no connection"
            return _Fault(f"cannot be reached: {reason.lower()}", passing=True)
        if isinstance(error, NoAnswer):
            return _Fault(f"does not answer within {self._limits.timeout:g} seconds", passing=True)
        return _Fault("cannot be reached: its answer is no HTTP", passing=True)


def _status_fault(status: int) -> str:
    try:
        return f"answers {status} ({HTTPStatus(status).phrase.lower()})"
    except ValueError:
        return f"answers {status}"


def _next(here: str, location: str) -> str:
    """The address that a `Location` stands for.

    Raises _Fault for one that is no web address.
    """
    # Header bytes come as Latin-1, whatever they are meant to be.
    target = quote(location.strip().encode("latin-1", "replace"), safe=_URL_SIGNS)
    try:
        found = urllib3.util.parse_url(urljoin(here, target))
        good = found.scheme in ("http", "https") and bool(found.host)
    except (LocationParseError, ValueError):
        good = False
    if not good:
        raise _Fault(f"redirects to `{target[:200]}`, which is no web address")
    return found._replace(auth=None, fragment=None).url


def _seconds(retry_after: str) -> float | None:
    """The seconds that a `Retry-After` asks for (RFC 9110, section 10.2.3); None for one that says nothing clear."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
