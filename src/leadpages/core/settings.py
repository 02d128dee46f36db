"""How the handler and the worker run, from the environment and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote

from leadpages.core.errors import SettingsError
from leadpages.core.forms import Challenge, Form
from leadpages.core.times import parse_duration
from leadpages.core.urls import site_address

_DEFAULT_DATABASE_URL = "sqlite:///leads.db"
_WEAK_KEYS = ("secret", "changeme", "change-me", "password", "example", "default")
_MOST_HOPS = 10
_FOLDER = re.compile(r"file://(?:localhost)?(/[^?#]*[^/?#][^?#]*)")
_BUCKET = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[\w.-]+)*)/?", re.ASCII)
#: The variables that hold what the services behind some challenges know this site by.
CAPTCHA_SECRETS: Final[Mapping[Challenge, str]] = {
    "turnstile": "LEADPAGES_TURNSTILE_SECRET",
    "hcaptcha": "LEADPAGES_HCAPTCHA_SECRET",
}
_NEW_KEY = (
    "the handler, `deliver` and all commands have the same; for a new site, make one with: "
    'python -c "import secrets; print(secrets.token_urlsafe(32))"'
)
# Set by the platform itself: AWS Lambda, Google Cloud Run and its functions, Azure Functions, Vercel.
_FUNCTION_HOSTS = ("AWS_LAMBDA_FUNCTION_NAME", "K_SERVICE", "FUNCTIONS_WORKER_RUNTIME", "VERCEL")


class Rate(NamedTuple):
    """At most `most` submissions in each `window`."""

    most: int
    window: timedelta


class Bucket(NamedTuple):
    """A bucket of S3, and how the keys of all that is kept there begin: "" or `some/path/`."""

    name: str
    prefix: str = ""

    def __str__(self) -> str:
        """As a URL."""
        return f"s3://{self.name}/{self.prefix}".rstrip("/")


class Settings(NamedTuple):
    """Checked settings. `site_url` is "" where the bundle's own holds, `files` None where no disk lasts.

    A rate is None where there is no limit. `trusted_hops` is how many proxies before the handler add to
    `X-Forwarded-For` what is true. `captcha_secrets` has those that are set.
    """

    bundle: Path
    database_url: str
    secret_keys: tuple[str, ...]
    site_url: str
    smtp_url: str
    files: Path | Bucket | None
    rate_per_client: Rate | None
    rate_per_form: Rate | None
    trusted_hops: int
    captcha_secrets: Mapping[Challenge, str] = {}


def read_settings(env: Mapping[str, str]) -> Settings:
    """Read `LEADPAGES_*`.

    Raises SettingsError for a missing or weak key, for a database that could not keep what it is given, and for what
    is malformed.
    """
    return Settings(
        bundle=bundle_folder(env),
        database_url=database_url(env),
        secret_keys=_secret_keys(env.get("LEADPAGES_SECRET_KEYS", "")),
        site_url=_site_url(env.get("LEADPAGES_SITE_URL", "")),
        smtp_url=env.get("LEADPAGES_SMTP_URL", ""),
        files=files_place(env),
        rate_per_client=_rate(env, "LEADPAGES_RATE_PER_CLIENT", "20 in 10 minutes"),
        rate_per_form=_rate(env, "LEADPAGES_RATE_PER_FORM", "600 in 1 minute"),
        trusted_hops=_trusted_hops(env.get("LEADPAGES_TRUSTED_HOPS", "0")),
        captcha_secrets=captcha_secrets(env),
    )


def captcha_secrets(env: Mapping[str, str]) -> dict[Challenge, str]:
    """The secrets that are set, by the challenge that needs them."""
    return {challenge: secret for challenge, name in CAPTCHA_SECRETS.items() if (secret := env.get(name, "").strip())}


def check_captcha_secrets(forms: Iterable[Form], secrets: Mapping[Challenge, str]) -> None:
    """Return when there is a secret for each form whose challenge needs one.

    Raises SettingsError.
    """
    missing = [
        f"form `{form.name}` needs {CAPTCHA_SECRETS[form.challenge]}, which is not set"
        for form in forms
        if form.challenge and form.challenge in CAPTCHA_SECRETS and form.challenge not in secrets
    ]
    if missing:
        raise SettingsError("; ".join(missing), "it is the secret that goes with the site key in leadpages.toml")


def bundle_folder(env: Mapping[str, str]) -> Path:
    """`LEADPAGES_BUNDLE`, by default the one in the current folder."""
    return Path(env.get("LEADPAGES_BUNDLE", "bundle"))


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


def files_place(env: Mapping[str, str]) -> Path | Bucket | None:
    """`LEADPAGES_FILES_URL`: a folder (RFC 8089) or a bucket; by default `uploads` in the current folder.

    None for the default on a function host, whose disk does not last. Raises SettingsError for any other URL.
    """
    text = env.get("LEADPAGES_FILES_URL", "")
    if not text:
        return None if _function_host(env) else Path("uploads")
    if found := _BUCKET.fullmatch(text):
        return Bucket(found[1], f"{found[2][1:]}/" if found[2] else "")
    if found := _FOLDER.fullmatch(text):
        return Path(unquote(found[1]))
    raise SettingsError(  # without what somebody may have taken for the place of a password
        f"LEADPAGES_FILES_URL is {text.rpartition('@')[2]!r}: expected file:///FOLDER or s3://BUCKET/PREFIX",
        "for example file:///var/lib/leadpages/files or s3://leadpages-files",
    )


def _rate(env: Mapping[str, str], name: str, default: str) -> Rate | None:
    text = env.get(name, default).strip()
    if text == "off":
        return None
    most, _, window = text.partition(" in ")
    try:
        if int(most) < 1:
            raise ValueError
        return Rate(int(most), parse_duration(window))
    except ValueError:
        raise SettingsError(f"{name} is {text!r}", f"expected something like `{default}`, or `off`") from None


def _trusted_hops(text: str) -> int:
    if not text.isdecimal() or int(text) > _MOST_HOPS:
        hint = "the number of proxies before the handler, 0 where it faces the world itself"
        raise SettingsError(f"LEADPAGES_TRUSTED_HOPS is {text!r}", hint)
    return int(text)


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
