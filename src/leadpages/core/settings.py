"""How the handler and the worker run, from the environment and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from leadpages.core.errors import SettingsError
from leadpages.core.urls import site_address

_DEFAULT_DATABASE_URL = "sqlite:///leads.db"
_WEAK_KEYS = ("secret", "changeme", "change-me", "password", "example", "default")
_NEW_KEY = 'make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
# Set by the platform itself: AWS Lambda, Google Cloud Run and its functions, Azure Functions, Vercel.
_FUNCTION_HOSTS = ("AWS_LAMBDA_FUNCTION_NAME", "K_SERVICE", "FUNCTIONS_WORKER_RUNTIME", "VERCEL")


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings. `site_url` is "" where the bundle's own holds, `uploads` None where no disk lasts."""

    bundle: Path
    database_url: str
    secret_keys: tuple[str, ...]
    site_url: str
    smtp_url: str
    uploads: Path | None


def read_settings(env: Mapping[str, str]) -> Settings:
    """Read `LEADPAGES_*`.

    Raises SettingsError for a missing or weak key and for a database that could not keep what it is given.
    """
    return Settings(
        bundle=Path(env.get("LEADPAGES_BUNDLE", "bundle")),
        database_url=database_url(env),
        secret_keys=_secret_keys(env.get("LEADPAGES_SECRET_KEYS", "")),
        site_url=_site_url(env.get("LEADPAGES_SITE_URL", "")),
        smtp_url=env.get("LEADPAGES_SMTP_URL", ""),
        uploads=_uploads(env),
    )


def database_url(env: Mapping[str, str]) -> str:
    """`LEADPAGES_DATABASE_URL`, by default a SQLite file in the current folder.

    Raises SettingsError where that file would stand on a function host's scratch disk.
    """
    url = env.get("LEADPAGES_DATABASE_URL", _DEFAULT_DATABASE_URL)
    host = _function_host(env)
    if host and url.startswith("sqlite:"):
        raise SettingsError(
            f"SQLite would lose the leads here: the disk of a function host ({host} is set) does not last",
            "set LEADPAGES_DATABASE_URL to a database that does",
        )
    return url


def _uploads(env: Mapping[str, str]) -> Path | None:
    if folder := env.get("LEADPAGES_UPLOADS"):
        return Path(folder)
    return None if _function_host(env) else Path("uploads")


def _function_host(env: Mapping[str, str]) -> str | None:
    return next((name for name in _FUNCTION_HOSTS if env.get(name)), None)


def _secret_keys(text: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    if not keys:
        raise SettingsError("LEADPAGES_SECRET_KEYS is not set", _NEW_KEY)
    for number, key in enumerate(keys, 1):
        if len(key) < 32 or len(set(key)) < 10 or any(weak in key.lower() for weak in _WEAK_KEYS):
            raise SettingsError(
                f"key {number} in LEADPAGES_SECRET_KEYS is weak: expected 32 or more random characters",
                _NEW_KEY,
            )
    return keys


def _site_url(text: str) -> str:
    try:
        return site_address(text) if text else ""
    except ValueError as error:
        raise SettingsError(f"LEADPAGES_SITE_URL is {text!r}: {error}") from None
