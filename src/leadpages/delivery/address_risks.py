"""What speaks against an address, looked up by the worker: no visitor waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from leadpages.core.hosts import with_parents
from leadpages.leads.risks import Risk

if TYPE_CHECKING:
    from dns.resolver import Resolver

#: From an address to what speaks against it.
Look = Callable[[str], tuple[Risk, ...]]

_LIFETIME_S: Final = 3.0
_MOST_DOMAINS: Final = 10_000


def no_look(email: str) -> tuple[Risk, ...]:
    """Where addresses are not looked at."""
    return ()


class AddressRisks:
    """Looks at addresses for as long as one drain lasts.

    `known` says of domains whether they take mail, and lasts longer. A resolver that does not answer is asked no more,
    and says nothing of any address.
    """

    def __init__(self, known: dict[str, bool], resolver: Callable[[], Resolver] | None = None) -> None:
        self._known, self._make = known, resolver or _system_resolver
        self._resolver: Resolver | None = None
        self._is_silent = False

    def __call__(self, email: str) -> tuple[Risk, ...]:
        """What speaks against `email`."""
        domain = email.rpartition("@")[2].lower()
        found: list[Risk] = []
        if _is_disposable(domain):
            found.append("disposable address")
        if self._takes_mail(domain) is False:
            found.append("no mail host")
        return tuple(found)

    def _takes_mail(self, domain: str) -> bool | None:
        """Whether mail can be sent there; None where nobody says."""
        if domain not in self._known and (answer := self._ask(domain)) is not None:
            if len(self._known) >= _MOST_DOMAINS:
                self._known.clear()
            self._known[domain] = answer
        return self._known.get(domain)

    def _ask(self, domain: str) -> bool | None:
        # Imported here: most of the time, nobody needs them.
        from dns.exception import DNSException
        from dns.resolver import NXDOMAIN, LifetimeTimeout, NoResolverConfiguration

        if self._is_silent:
            return None
        try:
            self._resolver = self._resolver or self._make()
            return _has_mail_host(self._resolver, domain)
        except NXDOMAIN:
            return False
        except (LifetimeTimeout, NoResolverConfiguration, OSError):
            self._is_silent = True
        except DNSException:  # the domain's own servers are broken: they may be mended tomorrow
            pass
        return None


def _has_mail_host(resolver: Resolver, domain: str) -> bool:
    """By MX records, and where there are none, by an address (RFC 5321, section 5.1).

    One MX record with the name of the root says that there is none (RFC 7505). Raises DNSException.
    """
    import dns.name

    name = dns.name.from_text(domain)

    def records(kind: str) -> list[Any]:
        answer = resolver.resolve(name, kind, search=False, raise_on_no_answer=False, lifetime=_LIFETIME_S)
        return list(answer.rrset or ())

    if hosts := records("MX"):
        return any(host.exchange != dns.name.root for host in hosts)
    return bool(records("A") or records("AAAA"))


def _is_disposable(domain: str) -> bool:
    from disposable_email_domains import blocklist

    return any(parent in blocklist for parent in with_parents(domain))


def _system_resolver() -> Resolver:
    from dns.resolver import Resolver

    return Resolver()
