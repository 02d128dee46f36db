"""A small site's handler and worker in one hand: a clock that is set, a store on disk, a mailbox in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.conftest import Built
from werkzeug.test import Client, TestResponse

from leadpages.core.bundle import load
from leadpages.core.settings import Rate
from leadpages.core.signing import Tokens
from leadpages.delivery.mail import Composer
from leadpages.delivery.outbox import Report, drain
from leadpages.delivery.outcomes import Unreachable
from leadpages.delivery.safe_http import Reply
from leadpages.delivery.webhooks import Post, Webhooks
from leadpages.handler.application import App
from leadpages.handler.service import Service
from leadpages.stores.files.folder import FolderFiles
from leadpages.stores.files.protocol import Files
from leadpages.stores.protocol import Store

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SITE = "https://www.example.com"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40

#: A lead magnet with many kinds of field, a newsletter, and two forms that ask for no confirmation.
PROJECT: Mapping[str, str | bytes] = {
    "leadpages.toml": f'''title = "Test site"
base_url = "{SITE}"
[forms]
blocked = ["Mallory@Example.org", "SPAM.example.net", "bücher.example.com"]
''',
    "forms/guide/guide.pdf": PDF,
    "forms/guide/form.toml": """\
title = "The guide"
file = "guide.pdf"
[download]
valid_for = "2 days"
limit = 3
[[fields]]
name = "email"
type = "email"
label = "Work e-mail"
help = "The link goes there."
required = true
[[fields]]
name = "name"
type = "text"
label = "First name"
[[fields]]
name = "size"
type = "select"
label = "Team size"
choices = ["1", "2-5"]
[[fields]]
name = "about"
type = "textarea"
label = "About you"
[[fields]]
name = "topics"
type = "checkbox"
label = "Topics"
choices = ["Pages", "Mails"]
value = "Pages"
[[fields]]
name = "news"
type = "consent"
label = "Yes, send me news."
""",
    "forms/guide/deliver.md": """\
---
subject: 'Your guide, {{ name or "friend" }}'
---

Hello {{ name or "friend" }}, [get it]({{ download_url }}). It works for {{ valid_for }}.

You wrote: {{ about }}

[Unsubscribe]({{ unsubscribe_url }})
""",
    "forms/newsletter.toml": """\
title = "News by mail"
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
""",
    "forms/proof.toml": """\
title = "With a proof of work"
challenge = "altcha"
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
""",
    "forms/contact.toml": """\
title = "Talk to us"
double_opt_in = false
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
[[fields]]
name = "message"
type = "textarea"
label = "Message"
required = true
""",
    "forms/apply.toml": """\
title = "Work with us"
double_opt_in = false
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
[[fields]]
name = "cv"
type = "file"
label = "Your CV"
required = true
accept = [".pdf", ".txt"]
max_size = "10 KB"
""",
    "forms/visit.toml": """\
title = "Visit us"
double_opt_in = false
[[fields]]
name = "campaign"
type = "hidden"
value = "spring"
prefill = true
[[fields]]
name = "home"
type = "country"
label = "Country"
prefill = true
begins_step = "What you want"
[[fields]]
name = "note"
type = "text"
label = "Note"
max_length = 20
counter = true
prefill = true
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
[[fields]]
name = "answer_by"
type = "radio"
label = "How shall we answer?"
choices = [{ value = "mail", label = "By mail" }, { value = "tel", label = "By phone" }]
prefill = true
[[fields]]
name = "phone"
type = "tel"
label = "Phone"
required = true
begins_step = "How to reach you"
show_when = { field = "answer_by", one_of = ["tel"] }
""",
}


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """The time that was set last."""
        return self.now

    def advance(self, **duration: float) -> None:
        """Set it on, by `timedelta`'s arguments."""
        self.now += timedelta(**duration)


def unreachable(url: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """Nobody is there."""
    raise Unreachable(f"no answer from {url}")


class Mailbox:
    """A transport that keeps every mail."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    def send(self, message: EmailMessage) -> None:
        """Keep `message`."""
        self.mails.append(message)

    def close(self) -> None:
        """Nothing is held open."""


@dataclass(frozen=True)
class Funnel:
    """One running site, as its visitors and its mail host see it."""

    service: Service
    client: Client
    clock: Clock
    mailbox: Mailbox

    def post(self, form: str, answers: Mapping[str, Any] | None = None, **headers: str) -> TestResponse:
        """Post a form as a browser does: `Accept_Language=…` becomes a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(f"/f/{form}", data=answers or {"email": "ann@example.com"}, headers=named)

    def elsewhere(self) -> Client:
        """A client of the same site's handler on an origin of its own."""
        bundle = self.service.bundle
        site = bundle.site._replace(handler_url="https://forms.example.net")
        return Client(App(self.service._replace(bundle=bundle._replace(site=site))))

    def composer(self) -> Composer:
        """What writes this site's mails."""
        service = self.service
        return Composer(service.bundle, service.tokens, service.site_url, service.handler_url)

    def hooks(self, post: Post = unreachable, **env: str) -> Webhooks:
        """What calls this site's web hooks; nobody is there unless `post` says so."""
        return Webhooks(self.service.bundle, env, post)

    def deliver(self) -> Report:
        """Run the worker once."""
        return drain(self.service.store, self.composer(), self.mailbox, self.hooks(), self.clock)

    def link(self, prefix: str) -> str:
        """The path of the link below `prefix` in the mail that came last."""
        return link_in(self.mailbox.mails[-1], prefix)

    def confirmed(self, email: str = "ann@example.com", form: str = "guide") -> str:
        """Go through the funnel up to the second mail; the confirm link's path."""
        self.post(form, {"email": email})
        self.deliver()
        path = self.link("/c/")
        assert self.client.post(path).status_code == 200
        self.deliver()
        return path


def link_in(mail: EmailMessage, prefix: str) -> str:
    """The path of the link below `prefix` in the text of `mail`."""
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(rf"{SITE}({prefix}[\w.-]+)", body.get_content())
    assert found, body.get_content()
    return found[1]


def seen(reply: TestResponse) -> tuple[str, list[tuple[str, str]], bytes]:
    """All that a client sees, apart from the request's own name."""
    return reply.status, [(n, v) for n, v in reply.headers if n != "X-Request-Id"], reply.data


def write_bundle(built: Built, folder: Path) -> Path:
    """The bundle of `built` as files in `folder`."""
    for path, content in built.bundle.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


@contextmanager
def funnel_on(
    bundle: Path,
    store: Store,
    per_client: Rate | None = None,
    per_form: Rate | None = None,
    files: Files | None = None,
    **more: Any,
) -> Iterator[Funnel]:
    """A site behind one proxy that runs from `bundle` and keeps its leads in `store`, its files in a new folder.

    It has `more` in its service.
    """
    clock = Clock()
    with TemporaryDirectory() as folder:
        kept = files or FolderFiles(Path(folder, "uploads"))
        tokens = Tokens(["Vk3QeR8sTz5uWx7y"])
        service = Service(load(bundle), bundle, store, tokens, clock, SITE, kept, per_client, per_form, 1, **more)
        try:
            yield Funnel(service, Client(App(service)), clock, Mailbox())
        finally:
            store.close()
