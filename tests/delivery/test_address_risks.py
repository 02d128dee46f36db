"""What speaks against an address: found by the worker, kept with the lead, shown to its owner, refusing nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.conftest import NEWSLETTER, RunCli, render, write_files
from tests.delivery.dns_server import DnsServer, serving
from tests.delivery.receiver import Receiver, receiving
from tests.delivery.test_compose import body, sent
from tests.handler.funnel import Funnel, Mailbox, funnel_on, write_bundle

from leadpages.core.settings import read_settings
from leadpages.delivery import address_risks
from leadpages.delivery.address_risks import AddressRisks
from leadpages.delivery.outbox import Report, drain
from leadpages.delivery.safe_http import SafeClient
from leadpages.delivery.worker import Worker
from leadpages.leads.risks import Risk, score
from leadpages.stores.sqlite.store import SQLiteStore

ZONE = {
    ("good.example", "MX"): "10 mx.good.example.",
    ("plain.example", "A"): "192.0.2.1",
    ("six.example", "AAAA"): "2001:db8::1",
    ("web.example", "TXT"): '"nothing here"',
    ("null.example", "MX"): "0 .",
    ("null.example", "A"): "192.0.2.1",
    ("mailinator.com", "MX"): "10 mail.mailinator.com.; 20 mail2.mailinator.com.",
    ("inbox.mailinator.com", "MX"): "10 mail.mailinator.com.",
}
BOTH: tuple[Risk, ...] = ("disposable address", "no mail host")


@pytest.fixture
def server() -> Iterator[DnsServer]:
    """Of a few domains."""
    with serving(DnsServer(ZONE, broken=("broken.example",))) as running:
        yield running


@pytest.mark.parametrize(
    ("domain", "risks"),
    [
        ("good.example", ()),
        ("plain.example", ()),
        ("six.example", ()),
        ("GOOD.example", ()),
        ("null.example", ("no mail host",)),
        ("web.example", ("no mail host",)),
        ("nowhere.example", ("no mail host",)),
        ("broken.example", ()),
        ("mailinator.com", ("disposable address",)),
        ("inbox.mailinator.com", ("disposable address",)),
        ("other.mailinator.com", BOTH),
        ("notmailinator.com.good.example", ("no mail host",)),
        ("x" * 64 + ".example", ()),
    ],
)
def test_what_speaks_against_a_domain(server: DnsServer, domain: str, risks: tuple[Risk, ...]) -> None:
    """It, or one above it, is known to give addresses away; it takes no mail by MX, A or AAAA (RFC 5321, 7505)."""
    assert AddressRisks({}, server.resolver)(f"ann@{domain}") == risks


def test_a_domain_is_asked_for_once(server: DnsServer) -> None:
    """For as long as the process runs, whatever the answer was; one whose servers are broken is asked again."""
    known: dict[str, bool] = {}
    for _ in range(2):
        look = AddressRisks(known, server.resolver)
        for address in ("a@good.example", "b@good.example", "a@nowhere.example", "a@broken.example"):
            look(address)
    assert known == {"good.example": True, "nowhere.example": False}
    assert server.asked.count("good.example MX") == server.asked.count("nowhere.example MX") == 1
    assert server.asked.count("broken.example MX") == 2


def test_what_is_known_has_a_limit(server: DnsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that runs for a year does not grow."""
    monkeypatch.setattr(address_risks, "_MOST_DOMAINS", 2)
    known: dict[str, bool] = {}
    look = AddressRisks(known, server.resolver)
    for number in range(5):
        look(f"a@{number}.example")
    assert len(known) <= 2


def test_a_resolver_that_does_not_answer_is_left_alone(server: DnsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says nothing of the address, and is asked once in a drain; the next drain asks again."""
    monkeypatch.setattr(address_risks, "_LIFETIME_S", 0.1)
    server.is_silent = True
    known: dict[str, bool] = {}
    look = AddressRisks(known, server.resolver)
    assert (look("a@nowhere.example"), look("a@other.mailinator.com")) == ((), ("disposable address",))
    assert {question.partition(" ")[0] for question in server.asked} == {"nowhere.example"}
    server.is_silent = False
    assert AddressRisks(known, server.resolver)("a@nowhere.example") == ("no mail host",)


def test_a_machine_without_a_resolver() -> None:
    """Says nothing of any address."""
    from dns.resolver import NoResolverConfiguration, Resolver

    def none() -> Resolver:
        raise NoResolverConfiguration

    assert AddressRisks({}, none)("a@nowhere.example") == ()


def test_the_score() -> None:
    """From 0 to 100, the same for what is found twice."""
    assert [score(risks) for risks in ((), ("disposable address",), ("no mail host",), BOTH)] == [0, 60, 90, 100]
    assert score(("disposable address", "disposable address")) == 60


# With the funnel around it


PROJECT = {
    "leadpages.toml": 'title = "Test site"\nbase_url = "https://www.example.com"\n',
    "forms/call.toml": 'double_opt_in = false\nnotify = ["sales@example.com"]\n'
    + NEWSLETTER
    + '[[webhooks]]\nname = "crm"\nurl = "https://crm.example.com/hook"\n',
}


@pytest.fixture
def funnel(tmp_path: Path) -> Iterator[Funnel]:
    """A site whose owner is told of leads."""
    bundle = write_bundle(render(write_files(tmp_path / "project", PROJECT)), tmp_path / "bundle")
    with funnel_on(bundle, SQLiteStore(tmp_path / "leads.db")) as running:
        yield running


def deliver(funnel: Funnel, look: AddressRisks, crm: Receiver) -> Report:
    client = SafeClient(lambda host, port: ["127.0.0.1"], lambda address: True)
    hooks = funnel.hooks(lambda _, headers, data: client.post(f"http://crm.example.com:{crm.port}/", headers, data))
    parts = funnel.service.store, funnel.composer(), funnel.mailbox, hooks, funnel.clock
    return drain(*parts, look=look)


def test_its_owner_learns_of_it(
    funnel: Funnel, server: DnsServer, run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the notice, the web hook, the list, the exports; the lead is a lead like any other."""
    funnel.post("call", {"email": "ann@other.mailinator.com"})
    with receiving(Receiver()) as crm:
        assert deliver(funnel, AddressRisks({}, server.resolver), crm) == Report(sent=2)
        told = json.loads(crm.calls[0][2])["data"]
    assert (told["risk"], told["risks"]) == (100, list(BOTH))
    for kind in ("plain", "html"):
        text = body(sent(funnel.mailbox.mails[0]), kind)
        assert "Risk: 100 of 100 (disposable address, no mail host)." in text

    (lead,) = funnel.service.store.leads()
    assert (lead.risks, lead.status) == (BOTH, "received")
    monkeypatch.setenv("LEADPAGES_DATABASE_URL", f"sqlite:///{tmp_path}/leads.db")
    monkeypatch.setenv("LEADPAGES_SECRET_KEYS", "kJ8sD2fGq5Lw9Xz3Vb7Nm1Rt6Yp4Hc0A")
    assert run_cli("leads", "list").stdout.splitlines()[1].split()[2] == "100"
    exports = (
        run_cli("leads", "list", "--json"),
        run_cli("leads", "show", lead.email, "--json"),
        run_cli("leads", "export", "--format", "jsonl"),
        run_cli("privacy", "export", lead.email),
    )
    for ran in exports:
        data = json.loads(ran.stdout)
        assert (data["risk"], data["risks"]) == (100, list(BOTH))
    assert "risk 100 of 100: disposable address, no mail host\n" in run_cli("leads", "show", lead.email).stdout
    header, row = run_cli("leads", "export").stdout.splitlines()
    columns = dict(zip(header.split(","), row.split(","), strict=True))
    assert (columns["risk"], columns["risks"]) == ("100", "disposable address; no mail host")


def test_a_good_address_leaves_no_trace(funnel: Funnel, server: DnsServer) -> None:
    """Nothing is written of it, and its notice says that nothing was found."""
    noted: list[str] = []
    funnel.service.store.note_risks = lambda email, risks: noted.append(email)  # type: ignore[method-assign]
    funnel.post("call", {"email": "ann@good.example"})
    with receiving(Receiver()) as crm:
        deliver(funnel, AddressRisks({}, server.resolver), crm)
        told = json.loads(crm.calls[0][2])["data"]
    assert (told["risk"], told["risks"], noted) == (0, [], [])
    assert "Risk: 0 of 100 (nothing found)." in body(sent(funnel.mailbox.mails[0]), "plain")


def test_what_was_found_is_not_looked_for_again(funnel: Funnel, server: DnsServer) -> None:
    """What the first item about an address found, the others show."""
    funnel.post("call", {"email": "ann@nowhere.example"})
    with receiving(Receiver(503)) as crm:
        deliver(funnel, AddressRisks({}, server.resolver), crm)
        assert server.asked == ["nowhere.example MX"]
        funnel.clock.advance(hours=1)
        crm.status = 204
        deliver(funnel, AddressRisks({}, server.resolver), crm)
        told = json.loads(crm.calls[-1][2])["data"]
    assert (told["risks"], server.asked) == (["no mail host"], ["nowhere.example MX"])


def test_the_worker_looks(funnel: Funnel, server: DnsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it runs for real, but for the resolver and the mail host."""
    monkeypatch.setattr(address_risks, "_system_resolver", server.resolver)
    funnel.post("call", {"email": "ann@nowhere.example"})
    env = {
        "LEADPAGES_BUNDLE": str(tmp_path / "bundle"),
        "LEADPAGES_DATABASE_URL": f"sqlite:///{tmp_path}/leads.db",
        "LEADPAGES_SECRET_KEYS": "kJ8sD2fGq5Lw9Xz3Vb7Nm1Rt6Yp4Hc0A",
        "LEADPAGES_SMTP_URL": "smtp://127.0.0.1:9",
        "LEADPAGES_UPLOADS": str(tmp_path / "uploads"),
    }
    assert read_settings(env).smtp_url
    with closing(Worker(env, funnel.clock)) as worker:
        worker._transport = Mailbox()  # type: ignore[assignment]
        worker.work()
    (lead,) = funnel.service.store.leads()
    assert lead.risks == ("no mail host",)
