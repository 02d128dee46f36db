"""What a running handler holds: everything is an argument, so a test passes its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from leadpages.core.bundle import Bundle, Edition, load
from leadpages.core.errors import SettingsError
from leadpages.core.forms import Challenge
from leadpages.core.settings import Rate, Settings, check_captcha_secrets
from leadpages.core.signing import Tokens
from leadpages.core.times import Clock, now
from leadpages.core.urls import in_language, origin
from leadpages.leads.intake import on_acceptance, on_leaving
from leadpages.leads.model import Delivery
from leadpages.stores.files.opening import open_files
from leadpages.stores.files.protocol import Files
from leadpages.stores.opening import open_store
from leadpages.stores.protocol import Store

if TYPE_CHECKING:
    from leadpages.delivery.safe_http import Reply, SafeClient
    from leadpages.delivery.webhooks import Post


@cache
def _client() -> SafeClient:
    from leadpages.delivery.safe_http import Limits, SafeClient

    return SafeClient(limits=Limits(connect_s=2, read_s=3, total_s=4))


def ask(url: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """What somebody on the internet answers to a POST, within the time that a visitor waits.

    Raises Unreachable.
    """
    return _client().post(url, headers, body)


@cache
def _origins(*urls: str) -> frozenset[str]:
    return frozenset(map(origin, urls))


class Service(NamedTuple):
    """The parts of one running site. `site_url` and `handler_url` have no trailing slash.

    `ask` reaches the services that judge captchas, which know the site by `captcha_secrets`.
    """

    bundle: Bundle
    folder: Path
    store: Store
    tokens: Tokens
    clock: Clock
    site_url: str
    files: Files
    rate_per_client: Rate | None = None
    rate_per_form: Rate | None = None
    trusted_hops: int = 0
    captcha_secrets: Mapping[Challenge, str] = {}
    ask: Post = ask

    @property
    def handler_url(self) -> str:
        """Where this handler is reached; the site's own URL unless the site says otherwise."""
        return self.bundle.site.handler_url or self.site_url

    def address(self, path: str, edition: Edition) -> str:
        """The address of a path of this handler's, for an answer in the language of `edition`."""
        return in_language(self.handler_url + path, edition.site.language, self.bundle.site.language)

    @property
    def origins(self) -> frozenset[str]:
        """The origins from which a form may be posted."""
        return _origins(self.site_url, self.handler_url)

    def on_acceptance(self, form: str) -> tuple[Delivery, ...]:
        """What is sent once a submission of `form` counts."""
        known = self.bundle.forms.get(form)
        return on_acceptance(known, self.bundle.mails.get(form, {})) if known else ()

    def on_leaving(self, form: str) -> tuple[Delivery, ...]:
        """What is sent when a lead who came by `form` unsubscribes."""
        known = self.bundle.forms.get(form)
        return on_leaving(known) if known else ()


def start(settings: Settings) -> Service:
    """Load the bundle and open the store.

    Raises BundleError, SettingsError or StorageError, each saying what to mend.
    """
    bundle = load(settings.bundle)
    with_files = [name for name, form in bundle.forms.items() if form.file_fields]
    if with_files and settings.files is None:
        raise SettingsError(
            f"form `{with_files[0]}` takes files, and the disk of a function host does not last",
            "set LEADPAGES_FILES_URL to a bucket, s3://NAME, or to a folder that does",
        )
    check_captcha_secrets(bundle.forms.values(), settings.captcha_secrets)
    return Service(
        bundle=bundle,
        folder=settings.bundle,
        store=open_store(settings.database_url),
        tokens=Tokens(settings.secret_keys),
        clock=now,
        site_url=settings.site_url or bundle.site.url,
        files=open_files(settings.files or Path("uploads")),
        rate_per_client=settings.rate_per_client,
        rate_per_form=settings.rate_per_form,
        trusted_hops=settings.trusted_hops,
        captcha_secrets=settings.captcha_secrets,
    )
