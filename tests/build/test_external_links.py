"""Outside links, on a server of our own that has every bad habit."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest
import urllib3

from leadpages import __version__
from leadpages.build.external_links import check_external
from leadpages.build.link_request import Limits
from leadpages.core.errors import Edit, Problem

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LIMITS = Limits(timeout=2, private_hosts=True)
PLACE = ("site/a.md", 7, 3)


@dataclass
class Clock:
    """Time that only passes by sleeping."""

    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def time(self) -> float:
        return sum(self.slept)


class Server(ThreadingHTTPServer):
    """Answers by the path, and notes what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.lock = threading.Lock()
        self.now = self.most = 0

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves early is what these tests are about."""

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Handler(BaseHTTPRequestHandler):
    """`/status/410` answers 410, `/to/301/x` redirects to /x, and so on."""

    server: Server
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silence."""

    def reply(self, status: int, **headers: str) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self) -> None:
        with self.server.lock:
            self.server.asked.append(f"{self.command} {self.path}")
            self.server.headers.append(dict(self.headers))
            times = sum(asked.endswith(f" {self.path}") for asked in self.server.asked)
        kind, *rest = unquote(self.path).removeprefix("/").split("/")
        match kind:
            case "status":
                self.reply(int(rest[0]))
            case "head-refused":
                self.reply(int(rest[0]) if self.command == "HEAD" else 200)
            case "busy":  # /busy/429/2/SECONDS: twice, then fine
                asks = {"Retry_After": rest[2].replace("_", " ")} if len(rest) > 2 else {}
                self.reply(int(rest[0]) if times <= int(rest[1]) else 200, **asks)
            case "to":
                self.reply(int(rest[0]), Location="/" + "/".join(rest[1:]))
            case "out":
                self.reply(301, Location=rest[0].replace("|", "/"), Set_Cookie="who=me")
            case "loop":
                self.reply(302, Location=f"/loop/{1 - int(rest[0])}")
            case "chain":
                self.reply(302, Location=f"/chain/{int(rest[0]) + 1}")
            case "drop":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            case "nonsense":
                self.wfile.write(b"220 mail.example ESMTP\r\n\r\n")
                self.close_connection = True
            case "endless" if self.command == "HEAD":
                self.reply(405)
            case "endless":
                self.send_response_only(200)
                self.end_headers()
                while True:
                    self.wfile.write(b"x" * 65536)
            case "silent":
                time.sleep(float(rest[0]))
            case "slow":
                with self.server.lock:
                    self.server.now += 1
                    self.server.most = max(self.server.most, self.server.now)
                time.sleep(0.05)
                with self.server.lock:
                    self.server.now -= 1
                self.reply(200)
            case _:
                self.reply(200)


@pytest.fixture
def server() -> Iterator[Server]:
    """The server, running."""
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def check(
    urls: list[str], cache: Path, *, now: datetime = NOW, limits: Limits = LIMITS, clock: Clock | None = None
) -> list[Problem]:
    """What is said of links to `urls`."""
    clock = clock or Clock()
    places = {url: [PLACE] for url in urls}
    return check_external(places, cache, now, limits, sleep=clock.sleep, monotonic=clock.time)


@pytest.mark.parametrize(
    ("path", "fault", "asked"),
    [
        ("/", "", ["HEAD"]),
        ("/status/204", "", ["HEAD"]),
        ("/status/404", "answers 404 (not found)", ["HEAD", "GET"]),
        ("/status/410", "answers 410 (gone)", ["HEAD", "GET"]),
        ("/status/418", "answers 418 (i'm a teapot)", ["HEAD", "GET"]),
        ("/status/599", "answers 599", ["HEAD", "GET"]),
        ("/status/401", "", ["HEAD", "GET"]),
        ("/status/403", "", ["HEAD", "GET"]),
        ("/status/999", "", ["HEAD", "GET"]),
        ("/head-refused/403", "", ["HEAD", "GET"]),
        ("/head-refused/404", "", ["HEAD", "GET"]),
        ("/head-refused/405", "", ["HEAD", "GET"]),
        ("/head-refused/501", "", ["HEAD", "GET"]),
        ("/to/302/fine", "", ["HEAD", "HEAD"]),
        ("/to/307/status/404", "answers 404 (not found)", ["HEAD", "HEAD", "GET"]),
        ("/to/301/status/404", "answers 404 (not found)", ["HEAD", "HEAD", "GET"]),
        ("/loop/0", "redirects in a circle", ["HEAD", "HEAD"]),
        ("/chain/0", "redirects more than 10 times", ["HEAD"] * 11),
        ("/out/ftp:||files.example|a", "redirects to `ftp://files.example/a`, which is no web address", ["HEAD"]),
        ("/out/http:||[half", "redirects to `http://[half`, which is no web address", ["HEAD"]),
        ("/busy/429/1", "", ["HEAD", "GET"]),
        ("/busy/503/2", "", ["HEAD", "GET", "GET"]),
        ("/busy/503/9", "answers 503 (service unavailable)", ["HEAD", "GET", "GET"]),
        ("/status/500", "answers 500 (internal server error)", ["HEAD", "GET", "GET", "GET"]),
        ("/drop", "cannot be reached: its answer is no HTTP", ["HEAD", "GET", "GET"]),
        ("/nonsense", "cannot be reached: its answer is no HTTP", ["HEAD", "GET", "GET"]),
        ("/endless", "", ["HEAD", "GET"]),
        ("/ä b?q=ü#top", "", ["HEAD"]),
    ],
)
def test_answers(path: str, fault: str, asked: list[str], server: Server, tmp_path: Path) -> None:
    """What a host answers becomes a warning at the link, or nothing; and how often it is asked."""
    url = server.url(path)

    found = check([url], tmp_path / "cache.json")

    assert [entry.split()[0] for entry in server.asked] == asked
    assert [(p.place, p.severity, p.rule, p.message) for p in found] == (
        [("site/a.md:7:3", "warning", "external-link", f"link to `{url}`, which {fault}")] if fault else []
    )


@pytest.mark.parametrize(
    ("path", "to", "is_mended"),
    [
        ("/to/301/new", "/new", True),
        ("/to/308/new/", "/new/", True),
        ("/to/301/new#part", "/new#part", True),
        ("/to/301/to/308/new", "/new", True),
        ("/to/301/to/302/new", "/to/302/new", True),
        ("/to/302/to/301/new", None, False),
        ("/to/301/", "/", False),
        ("/to/301/a(b)", "/a(b)", False),
    ],
)
def test_addresses_that_moved(path: str, to: str | None, is_mended: bool, server: Server, tmp_path: Path) -> None:
    """What moved for good is named with its new address; the mend is left out where the page seems to be gone."""
    url = server.url(path)

    found = check([url], tmp_path / "cache.json")

    expected = [f"link to `{url}`, which has moved to `{server.url(to)}`"] if to else []
    assert [problem.message for problem in found] == expected
    assert [problem.edit for problem in found] == [
        Edit(url, server.url(to)) if is_mended else None for to in [to] if to
    ]


@pytest.mark.parametrize(
    ("path", "slept", "asked"),
    [
        ("/busy/429/1", [1.0], 2),
        ("/busy/429/2", [1.0, 2.0], 3),
        ("/busy/429/1/7", [7.0], 2),
        ("/busy/503/1/0", [0.0], 2),
        ("/busy/429/1/soon", [1.0], 2),
        ("/busy/429/1/31", [], 1),
        ("/busy/429/1/99999999999999999999", [], 1),
        ("/busy/429/1/" + format_datetime(NOW - timedelta(days=900)).replace(" ", "_"), [0.0], 2),
        ("/busy/429/1/" + format_datetime(datetime(2199, 1, 1, tzinfo=UTC)).replace(" ", "_"), [], 1),
    ],
)
def test_waiting(path: str, slept: list[float], asked: int, server: Server, tmp_path: Path) -> None:
    """A busy host is asked again when it says, or later each time; not at all when it asks for more than we have."""
    clock = Clock()

    check([server.url(path)], tmp_path / "cache.json", clock=clock)

    assert clock.slept == slept
    assert len(server.asked) == asked


def test_what_is_sent(server: Server, tmp_path: Path) -> None:
    """Who asks is said; no cookie, password or fragment is."""
    url = server.url("/out/|page#x").replace("http://", "http://ana:secret@")

    check([url, server.url("/page#one"), server.url("/page#two")], tmp_path / "cache.json")

    assert sorted(server.asked) == ["HEAD /out/%7Cpage", "HEAD /page", "HEAD /page"]
    for headers in server.headers:
        assert headers["User-Agent"].startswith(f"leadpages/{__version__} ")
        assert headers["Host"] == server.url("").removeprefix("http://")
        assert headers.keys() <= {"Host", "User-Agent", "Accept", "Accept-Encoding"}


@pytest.mark.parametrize("url", ["mailto:a@b.example", "tel:+49", "/about/", "#top", "ftp://a.example/", ""])
def test_what_is_not_followed(url: str, tmp_path: Path) -> None:
    """Only the web is asked, and nothing is written when nobody was."""
    assert check([url], tmp_path / "cache.json") == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http:///path", "is no web address"),
        ("http://[half/", "is no web address"),
        ("http://a..b/", "is no web address"),
        ("http://x.invalid/", "names a host that does not exist"),
        ("//x.invalid/", "names a host that does not exist"),
    ],
)
def test_addresses_of_nothing(url: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that does not exist, or cannot be one, is said at once."""
    real = socket.getaddrinfo

    def lookup(host: str, *arguments: object, **options: object) -> object:
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return real(host, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    clock = Clock()

    found = check([url], tmp_path / "cache.json", clock=clock)

    assert [problem.message for problem in found] == [f"link to `{url}`, which {fault}"]
    assert clock.slept == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.1.2.3", "192.168.0.1", "169.254.169.254", "[::ffff:127.0.0.1]"]
)
def test_private_networks(host: str, server: Server, tmp_path: Path) -> None:
    """A link into this machine or its network is a problem, and nothing is sent there."""
    url = f"http://{host}:{server.server_address[1]}/"

    (problem,) = check([url], tmp_path / "cache.json", limits=replace(LIMITS, private_hosts=False))

    assert problem.message == f"link to `{url}`, which leads to this machine or a private network"
    assert problem.hint == "write an address that visitors can reach"
    assert server.asked == []


def test_a_name_for_a_private_address(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A public name that stands for a private address, or also for one, is not asked."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("93.184.215.14", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: found)

    (problem,) = check(["http://sly.example/"], tmp_path / "c.json", limits=replace(LIMITS, private_hosts=False))

    assert problem.message.endswith("which leads to this machine or a private network")


def test_nobody_there(tmp_path: Path) -> None:
    """A host that takes no connection is tried three times, and not remembered."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    clock = Clock()

    (problem,) = check([url], tmp_path / "cache.json", clock=clock)

    assert problem.message == f"link to `{url}`, which cannot be reached: connection refused"
    assert clock.slept == [1.0, 2.0]
    assert json.loads((tmp_path / "cache.json").read_text())["links"] == {}


def test_a_host_that_says_nothing(server: Server, tmp_path: Path) -> None:
    """Time runs out for a single answer."""
    (problem,) = check([server.url("/silent/3")], tmp_path / "c.json", limits=replace(LIMITS, timeout=0.2, tries=2))

    assert problem.message.endswith("which does not answer within 0.2 seconds")


def test_a_host_without_tls(tmp_path: Path) -> None:
    """A host that does not speak TLS is named, and asked once."""
    with plain_text_server() as port:
        url = f"https://127.0.0.1:{port}/"
        clock = Clock()
        (problem,) = check([url], tmp_path / "cache.json", clock=clock)

    assert problem.message.startswith(f"link to `{url}`, which cannot be reached: TLS fails (")
    assert clock.slept == []


def verification_error() -> ssl.SSLCertVerificationError:
    """What Python raises for a certificate that is too old."""
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED]")
    error.verify_message, error.reason = "certificate has expired", "CERTIFICATE_VERIFY_FAILED"
    return error


@pytest.mark.parametrize(
    ("cause", "fault"),
    [
        (verification_error(), "has no valid certificate: certificate has expired"),
        (
            urllib3.util.ssl_match_hostname.CertificateError("not for a.example"),
            "has no valid certificate: not for a.example",
        ),
    ],
)
def test_certificates(
    cause: Exception, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    """What is wrong with a certificate is said; nothing gets around it."""

    def refuse(*arguments: object, **options: object) -> None:
        raise urllib3.exceptions.SSLError(cause)

    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", refuse)
    clock = Clock()

    (problem,) = check([server.url("/")], tmp_path / "cache.json", clock=clock)

    assert problem.message == f"link to `{server.url('/')}`, which {fault}"
    assert clock.slept == []


@contextmanager
def plain_text_server() -> Iterator[int]:
    """A port that answers TLS with something else."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def test_answers_are_remembered(server: Server, tmp_path: Path) -> None:
    """Good answers for a week, bad ones for a day; the same is said of both as if they were new."""
    cache = tmp_path / "deep" / "cache.json"
    urls = [server.url(path) for path in ("/fine", "/status/404", "/to/301/new")]
    first = check(urls, cache)
    asked = len(server.asked)

    assert len(first) == 2
    assert check(urls, cache, now=NOW + timedelta(hours=23)) == first
    assert len(server.asked) == asked
    assert check(urls, cache, now=NOW + timedelta(days=2)) == first
    assert server.asked[asked:] == ["HEAD /status/404", "GET /status/404"]
    asked = len(server.asked)
    assert check(urls, cache, now=NOW + timedelta(days=8)) == first
    assert {line.split()[1] for line in server.asked[asked:]} == {"/fine", "/status/404", "/to/301/new", "/new"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b'{"version": 1}',
        b'{"version": 1, "links": [1]}',
        b'{"version": 2, "links": {"URL": {"at": "2026-11-22T11:00:00+00:00", "fault": "", "moved": ""}}}',
        b'{"version": 1, "links": {"URL": {"at": "2026-11-22T13:00:00+00:00", "fault": "", "moved": ""}}}',
        b'{"version": 1, "links": {"URL": {"at": "2026-11-22T11:00:00", "fault": "", "moved": ""}}}',
        b'{"version": 1, "links": {"URL": {"at": 7, "fault": "", "moved": ""}}}',
        b'{"version": 1, "links": {"URL": {"at": "2026-11-22T11:00:00+00:00", "fault": 1, "moved": ""}}}',
        b'{"version": 1, "links": {"URL": "fine"}}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_cache(content: bytes, server: Server, tmp_path: Path) -> None:
    """A cache that is broken, of another version or from the future is as good as none, and is replaced."""
    cache, url = tmp_path / "cache.json", server.url("/status/404")
    cache.write_bytes(content.replace(b"URL", url.encode()))

    assert len(check([url], cache)) == 1
    assert server.asked
    assert json.loads(cache.read_text())["links"].keys() == {url}


def test_a_cache_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    """The check goes on without one."""
    (tmp_path / "file").write_text("in the way")

    assert len(check([server.url("/status/404")], tmp_path / "file" / "cache.json")) == 1


def test_every_place_is_told(server: Server, tmp_path: Path) -> None:
    """An address is asked once and named wherever it stands."""
    url = server.url("/status/404")
    places = [("site/a.md", 7, 3), ("site/b.md", 9, 1), ("site/a.md", 7, 3)]

    found = check_external({url: places, server.url("/none"): []}, tmp_path / "c.json", NOW, LIMITS)

    assert [problem.place for problem in found] == ["site/a.md:7:3", "site/b.md:9:1"]
    assert server.asked == ["HEAD /status/404", "GET /status/404"]


def test_few_at_once_to_one_host(server: Server, tmp_path: Path) -> None:
    """However many links lead to a host, it has two requests at a time, and progress is told."""
    told: list[tuple[str, int, int]] = []
    links = {server.url(f"/slow/{number}"): [PLACE] for number in range(12)}

    found = check_external(
        links, tmp_path / "c.json", NOW, LIMITS, progress=lambda what, done, count: told.append((what, done, count))
    )

    assert found == []
    assert (len(server.asked), server.most) == (12, 2)
    assert told == [("Following links", number, 12) for number in range(1, 13)]


def test_the_time_for_all(server: Server, tmp_path: Path) -> None:
    """When the time is up, the rest is not asked; the next check goes on from there."""
    urls = [server.url(f"/busy/429/1/20/{number}") for number in range(3)]
    limits = replace(LIMITS, total=30, per_host=1)

    found = check(urls, tmp_path / "cache.json", limits=limits)

    assert [problem.message for problem in found] == ["2 outside links were not followed: the time was up"]
    assert check(urls, tmp_path / "cache.json", limits=limits) == []


def test_a_thread_that_hangs(server: Server, tmp_path: Path) -> None:
    """A lookup or an answer without end does not hold the program."""
    started = time.monotonic()
    limits = replace(LIMITS, total=0.2, timeout=0.3, tries=1)
    stuck = threading.Event()

    def sleep(seconds: float) -> None:
        stuck.wait(20)

    found = check_external(
        {server.url("/busy/429/9/0"): [PLACE]}, tmp_path / "c", NOW, replace(limits, tries=2), sleep=sleep
    )

    stuck.set()
    assert [problem.message for problem in found] == ["1 outside link was not followed: the time was up"]
    assert time.monotonic() - started < 10


def test_a_stop_keeps_what_was_asked(server: Server, tmp_path: Path) -> None:
    """Ctrl-C loses no answer."""

    def stop(what: str, done: int, count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_external({server.url("/fine"): [PLACE]}, tmp_path / "cache.json", NOW, LIMITS, progress=stop)

    assert json.loads((tmp_path / "cache.json").read_text())["links"].keys() == {server.url("/fine")}


def test_a_fault_of_our_own(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody thought of is a warning too, not a check that never ends."""

    def break_down(*arguments: object, **options: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(urllib3.PoolManager, "connection_from_host", break_down)

    (problem,) = check([server.url("/")], tmp_path / "cache.json")

    assert problem.message.endswith("which cannot be followed: a bug")
