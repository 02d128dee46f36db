"""The environment: in order, or refused with what to do about it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from leadpages.core.errors import SettingsError
from leadpages.core.settings import Bucket, Rate, Settings, files_place, read_settings

KEY, OLDER = "kJ8sD2fGq5Lw9Xz3Vb7Nm1Rt6Yp4Hc0A", "Zx4Cv8Bn2Mq6Wt0Er5Ty9Ui3Op7As1Df"


def test_defaults_serve_a_small_site() -> None:
    """A key is all that must be set."""
    settings = read_settings({"LEADPAGES_SECRET_KEYS": KEY})
    rates = Rate(20, timedelta(minutes=10)), Rate(600, timedelta(minutes=1))
    assert settings == Settings(Path("bundle"), "sqlite:///leads.db", (KEY,), "", "", Path("uploads"), *rates, 0)


def test_every_setting_is_read() -> None:
    """Keys keep their order, spaces around them go, and so does the slash after the site's URL."""
    env = {
        "LEADPAGES_BUNDLE": "/srv/bundle",
        "LEADPAGES_DATABASE_URL": "sqlite:////var/leads.db",
        "LEADPAGES_SECRET_KEYS": f" {KEY} , {OLDER},",
        "LEADPAGES_SITE_URL": "https://www.example.com/",
        "LEADPAGES_SMTP_URL": "smtp://mail.example.com",
        "LEADPAGES_FILES_URL": "file:///srv/kept%20files",
        "LEADPAGES_RATE_PER_CLIENT": "5 in 2 hours",
        "LEADPAGES_RATE_PER_FORM": "off",
        "LEADPAGES_TRUSTED_HOPS": "2",
        "LEADPAGES_TURNSTILE_SECRET": " 0x4 ",
        "LEADPAGES_HCAPTCHA_SECRET": "",
    }
    assert read_settings(env) == Settings(
        Path("/srv/bundle"),
        "sqlite:////var/leads.db",
        (KEY, OLDER),
        "https://www.example.com",
        "smtp://mail.example.com",
        Path("/srv/kept files"),
        Rate(5, timedelta(hours=2)),
        None,
        2,
        {"turnstile": "0x4"},
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEADPAGES_RATE_PER_CLIENT", "often"),
        ("LEADPAGES_RATE_PER_CLIENT", "0 in 1 hour"),
        ("LEADPAGES_RATE_PER_FORM", "10 in 0 minutes"),
        ("LEADPAGES_RATE_PER_FORM", ""),
        ("LEADPAGES_TRUSTED_HOPS", "-1"),
        ("LEADPAGES_TRUSTED_HOPS", "11"),
        ("LEADPAGES_TRUSTED_HOPS", "one"),
    ],
)
def test_a_guard_that_cannot_be_is_refused(name: str, value: str) -> None:
    """A slip must not leave a form unguarded, or closed."""
    with pytest.raises(SettingsError, match=name):
        read_settings({"LEADPAGES_SECRET_KEYS": KEY, name: value})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("", "is not set"),
        (" , ", "is not set"),
        ("short", "key 1 .* is weak"),
        (KEY[:31], "key 1 .* is weak"),
        ("a" * 64, "key 1 .* is weak"),
        ("abc" * 20, "key 1 .* is weak"),
        ("changeme-changeme-changeme-0123456789", "key 1 .* is weak"),
        ("this-is-my-very-own-SECRET-key-0123456789", "key 1 .* is weak"),
        (f"{KEY},default-0123456789-abcdefghijklmnop", "key 2 .* is weak"),
    ],
)
def test_a_missing_or_weak_key_is_refused(keys: str, message: str) -> None:
    """The message says which key, never what it is, and the hint how to make one."""
    with pytest.raises(SettingsError, match=message) as caught:
        read_settings({"LEADPAGES_SECRET_KEYS": keys})
    assert "secrets.token_urlsafe" in caught.value.hint
    assert not keys.strip(" ,") or keys not in caught.value.message


@pytest.mark.parametrize("host", ["AWS_LAMBDA_FUNCTION_NAME", "K_SERVICE", "FUNCTIONS_WORKER_RUNTIME", "VERCEL"])
@pytest.mark.parametrize("url", [None, "sqlite:////tmp/leads.db"])
def test_sqlite_is_refused_where_the_disk_does_not_last(host: str, url: str | None) -> None:
    """On a function host the default, too, would lose the leads."""
    env = {"LEADPAGES_SECRET_KEYS": KEY, host: "1"} | ({"LEADPAGES_DATABASE_URL": url} if url else {})
    with pytest.raises(SettingsError, match=f"SQLite would lose the leads here.*{host}"):
        read_settings(env)


def test_another_database_is_fine_on_a_function_host() -> None:
    """The rule is about the scratch disk alone."""
    env = {"LEADPAGES_SECRET_KEYS": KEY, "VERCEL": "1", "LEADPAGES_DATABASE_URL": "postgresql://db/leads"}
    assert read_settings(env).database_url == "postgresql://db/leads"


@pytest.mark.parametrize(
    "url",
    ["www.example.com", "ftp://example.com", "https://", "//example.com", "https://[::1", "https://example.com:port"],
)
def test_a_site_url_that_is_no_web_address_is_refused(url: str) -> None:
    """Half an address would make every link in every mail wrong."""
    with pytest.raises(SettingsError, match="LEADPAGES_SITE_URL"):
        read_settings({"LEADPAGES_SECRET_KEYS": KEY, "LEADPAGES_SITE_URL": url})


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("file:///srv/files", Path("/srv/files")),
        ("file://localhost/srv/files/", Path("/srv/files")),
        ("s3://my-bucket", Bucket("my-bucket")),
        ("s3://my-bucket/", Bucket("my-bucket")),
        ("s3://my-bucket/a/b.c/", Bucket("my-bucket", "a/b.c/")),
    ],
)
def test_a_place_for_files(url: str, place: Path | Bucket) -> None:
    """A folder or a bucket, with or without a slash at the end; on a function host, too."""
    assert files_place({"LEADPAGES_FILES_URL": url, "VERCEL": "1"}) == place


@pytest.mark.parametrize(
    "url",
    [
        "/srv/files",
        "files",
        "file:",
        "file:///",
        "file://files",
        "file://host/srv",
        "file:///srv?x",
        "s3:",
        "s3://",
        "s3://Bucket",
        "s3://a",
        "s3://my-bucket//x",
        "s3://my-bucket/ü",
        "s3://my-bucket/x?region=y",
        "s3://my-bucket\n",
        "https://my-bucket.s3.amazonaws.com/",
        "s3://key:hunter2@my-bucket",
    ],
)
def test_no_place_for_files(url: str) -> None:
    """What is expected is said, and nothing that may be a password."""
    with pytest.raises(SettingsError, match=r"LEADPAGES_FILES_URL .*expected file:///FOLDER or s3://BUCKET") as caught:
        files_place({"LEADPAGES_FILES_URL": url})
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_no_disk_that_lasts() -> None:
    """A function host has no folder by default."""
    assert files_place({"K_SERVICE": "leads"}) is None
    assert files_place({}) == Path("uploads")
