"""The worker: it sends what is due, and forgets what has served its time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from leadpages.core.bundle import load
from leadpages.core.errors import SettingsError
from leadpages.core.settings import read_settings
from leadpages.core.signing import Tokens
from leadpages.core.times import Clock
from leadpages.delivery.address_risks import AddressRisks
from leadpages.delivery.mail import Composer
from leadpages.delivery.outbox import NEVER, Report, drain
from leadpages.delivery.retention import STAGE_WINDOW, forget
from leadpages.delivery.safe_http import SafeClient
from leadpages.delivery.transports import SMTPTransport
from leadpages.delivery.webhooks import Webhooks
from leadpages.stores.files.opening import open_files
from leadpages.stores.opening import open_store

_SWEPT_EVERY: Final = timedelta(hours=1)


class Worker:
    """A worker as the environment `env` describes it, which also holds the secrets of web hooks.

    Raises BundleError, SettingsError or StorageError.
    """

    def __init__(self, env: Mapping[str, str], clock: Clock) -> None:
        settings = read_settings(env)
        if not settings.smtp_url:
            hint = "for example smtp://user:password@mail.example.com:587"
            raise SettingsError("LEADPAGES_SMTP_URL is not set", hint)
        self._clock = clock
        self._files = open_files(settings.files) if settings.files else None
        self._sweep_at = clock()
        self._transport = SMTPTransport(settings.smtp_url)
        bundle = load(settings.bundle)
        site_url = settings.site_url or bundle.site.url
        tokens = Tokens(settings.secret_keys)
        self._composer = Composer(bundle, tokens, site_url, bundle.site.handler_url or site_url)
        self._hooks = Webhooks(bundle, env, SafeClient().post)
        self._store = open_store(settings.database_url)
        self._domains: dict[str, bool] = {}

    def work(self, ends_at: datetime = NEVER) -> Report:
        """Do all that is due, and begin to send nothing from `ends_at` on.

        Raises StorageError.
        """
        look = AddressRisks(self._domains)
        report = drain(self._store, self._composer, self._transport, self._hooks, self._clock, ends_at, look)
        bundle, tokens = self._composer.bundle, self._composer.tokens
        now = self._clock()
        forget(self._store, bundle.forms.values(), tokens.marks, self._files, now)
        if self._files and now >= self._sweep_at:
            self._files.sweep(now - STAGE_WINDOW)
            self._sweep_at = now + _SWEPT_EVERY
        return report

    def close(self) -> None:
        """Close the store."""
        self._store.close()
