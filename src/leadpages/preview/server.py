"""`leadpages serve`: the site, its handler and a mailbox in one process, for one person on this machine."""

from __future__ import annotations

import errno
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from leadpages.build.inputs import ROOTS
from leadpages.build.options import Options
from leadpages.build.project import BUNDLE, PUBLIC, Builder
from leadpages.build.reports import Progress, Report
from leadpages.core.bundle import load
from leadpages.core.errors import LeadpagesError, Problem, ProjectError
from leadpages.core.logs import log
from leadpages.core.settings import captcha_secrets
from leadpages.core.signing import Tokens
from leadpages.core.times import Clock
from leadpages.core.urls import is_handler_path
from leadpages.delivery.mail import Composer
from leadpages.delivery.outbox import drain
from leadpages.delivery.safe_http import SafeClient
from leadpages.delivery.webhooks import Webhooks
from leadpages.handler.application import App
from leadpages.handler.service import Service
from leadpages.preview import mailbox_pages, reloading, site_files
from leadpages.preview.mailbox import Mailbox
from leadpages.preview.places import database, work_folder
from leadpages.preview.watching import changes
from leadpages.stores.files.folder import FolderFiles
from leadpages.stores.opening import open_store

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


HOST: Final = "127.0.0.1"
_DRAIN_EVERY_S: Final = 1.0
#: A build that is cut short leaves everything as it was.
_LAST_WAIT_S: Final = 0.5

Outcome = Report | LeadpagesError


@dataclass(frozen=True)
class Preview:
    """One previewed project. `on_build` hears of every build that follows the first."""

    project: Path
    url: str
    drafts: bool
    clock: Clock
    on_build: Callable[[Outcome], None]

    @property
    def work(self) -> Path:
        """Where the preview's own build, leads, mail and key are kept, apart from the real ones."""
        return work_folder(self.project)


class PreviewApp:
    """The WSGI application of a preview."""

    def __init__(self, preview: Preview) -> None:
        self._preview = preview
        preview.work.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._store = open_store(f"sqlite:///{database(preview.project)}")
        self._tokens = Tokens([_secret_key(preview.work / "secret-key")])
        self._mailbox = Mailbox(preview.work / "mail")
        options = Options(drafts=preview.drafts, base_url=preview.url, same_origin=True, workers=os.cpu_count() or 1)
        # What is tried out stays here: of web hooks, those on this machine are called.
        self._here = SafeClient(is_allowed=lambda address: ip_address(address).is_loopback)
        self._builder = Builder(preview.project, preview.work, options, ahead=True)
        self._handler: tuple[App, Composer] | None = None
        self._posted = threading.Event()
        self._stop = threading.Event()
        self._broadcast = reloading.Broadcast()
        self._local_name = preview.url.replace(f"http://{HOST}", "localhost")
        self._workers = [
            threading.Thread(target=self._watch, daemon=True),
            threading.Thread(target=self._deliver, daemon=True),
        ]

    def start(self, progress: Progress | None = None) -> Outcome:
        """Build, then watch and deliver in the background. What is wrong with the project is returned."""
        outcome = self.rebuild(progress)  # first: beside threads, a build cannot be shared out over processes
        for worker in self._workers:
            worker.start()
        return outcome

    def close(self) -> None:
        """End the background work; a build or delivery under way may be cut short."""
        self._stop.set()
        self._posted.set()
        self._broadcast.close()
        for worker in self._workers:
            if worker.is_alive():
                worker.join(_LAST_WAIT_S)
        self._store.close()

    def rebuild(self, progress: Progress | None = None) -> Outcome:
        """Build again; on failure the last good site stays up, and the fault is returned."""
        preview, folder = self._preview, self._preview.work / BUNDLE
        try:
            report = self._builder.build(preview.clock(), progress)
            bundle = load(folder)
        except ProjectError as error:
            self._broadcast.failed(error.problems)
            return error
        except LeadpagesError as error:
            self._broadcast.failed((Problem("", 0, error.message, error.hint),))
            return error
        files = FolderFiles(preview.work / "uploads")
        service = Service(
            bundle,
            folder,
            self._store,
            self._tokens,
            preview.clock,
            preview.url,
            files,
            captcha_secrets=captcha_secrets(os.environ),
        )
        self._handler = App(service), Composer(bundle, self._tokens, preview.url, preview.url)
        self._broadcast.built(changed=report.changed > 0)
        return report

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        request = Request(environ)
        host = environ.get("HTTP_HOST", "")
        if host == self._local_name:  # forms are taken from one origin only
            return redirect(self._preview.url + request.full_path.rstrip("?"), 307)(environ, start_response)
        if f"http://{host}" != self._preview.url:
            # A page elsewhere could point a name of its own at this machine (DNS rebinding).
            return Response("This preview answers to 127.0.0.1 and localhost only.\n", 403)(environ, start_response)
        if is_handler_path(request.path):
            return self._handle(environ, start_response)
        if request.path.startswith("/_/") and not _is_from_here(request):
            return Response("Pages elsewhere see nothing of this preview.\n", 403)(environ, start_response)
        return self._answer(request)(environ, start_response)

    def _handle(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._handler is None:
            return self._faults()(environ, start_response)
        answer = self._handler[0](environ, start_response)
        if environ["REQUEST_METHOD"] == "POST":
            self._posted.set()
        return answer

    def _answer(self, request: Request) -> Response:
        if request.path == reloading.PATH:
            return Response(
                self._broadcast.stream(), mimetype="text/event-stream", headers={"Cache-Control": "no-store"}
            )
        if request.path.startswith("/_/"):
            return mailbox_pages.answer(self._mailbox, request.path) or Response("Not found\n", 404)
        if self._handler is None:
            return self._faults()
        return site_files.answer(self._preview.work / PUBLIC, request, self._broadcast.state.version)

    def _faults(self) -> Response:
        html = reloading.faults_page(self._broadcast.state)
        return Response(html, 500, {"Cache-Control": "no-store"}, mimetype="text/html")

    def _watch(self) -> None:
        for number, _ in enumerate(changes(self._preview.project, ROOTS, self._stop)):
            before = self._broadcast.state
            try:
                outcome = self.rebuild()
                if number or self._broadcast.state != before:  # the first finds what was saved before anyone watched
                    self._preview.on_build(outcome)
            except Exception as error:
                log.exception("the rebuild failed; the site stays as it was")
                message = f"the build failed for a reason of its own, told in the terminal: {error!r}"
                self._broadcast.failed((Problem("", 0, message),))

    def _deliver(self) -> None:
        while not self._stop.is_set():
            self._posted.wait(_DRAIN_EVERY_S)
            self._posted.clear()
            if self._handler is None:
                continue
            try:
                composer = self._handler[1]
                hooks = Webhooks(composer.bundle, os.environ, self._here.post)
                drain(self._store, composer, self._mailbox, hooks, self._preview.clock)
            except Exception:
                log.exception("the mails wait for the next round")


def _is_from_here(request: Request) -> bool:
    """Whether a page of this server, or the person at the browser, asks (https://www.w3.org/TR/fetch-metadata/)."""
    return request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")


class _QuietHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: a writer's terminal is for what the writer must know."""


def serve(app: PreviewApp, port: int) -> BaseWSGIServer:
    """A server on loopback, not yet running.

    Raises LeadpagesError when the port is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            fault = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
            raise LeadpagesError(f"port {port} {fault}", "choose another one with --port") from error
    return make_server(HOST, port, app, threaded=True, request_handler=_QuietHandler)


def _secret_key(file: Path) -> str:
    """A key that lasts, so that the links in old mails work after a restart."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.is_file():
        staged = file.with_suffix(".new")
        staged.touch(0o600)
        staged.write_text(secrets.token_urlsafe(32))
        staged.rename(file)
    return file.read_text()
