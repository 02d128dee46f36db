"""`[[webhooks]]` in a form's file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, model_validator

from leadpages.build.schema import Fault, Lines, Strict, line_of
from leadpages.core.errors import Problem
from leadpages.core.forms import Happening, HookShape, Webhook, has_control_characters
from leadpages.core.hosts import host_fault


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", text)
    except ValueError:  # half an IPv6 address, a port that is no number
        good = False
    if not good or has_control_characters(text) or not text.isascii():
        raise ValueError("expected a web address like https://example.com/hook")
    if "@" in parts.netloc:
        raise ValueError("a password is not for this file; what you call can check the signature")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts)):
        raise ValueError("expected https://, or http://localhost to try it out")
    if not _is_here(parts) and (fault := host_fault(parts.hostname or "")):
        raise ValueError(f"nobody outside reaches this host: {fault}")
    return text


def _is_here(parts: SplitResult) -> bool:
    return parts.hostname == "localhost"


class WebhookKeys(Strict):
    """`[[webhooks]]`."""

    name: str
    url: Annotated[str, AfterValidator(_url)]
    events: tuple[Happening, ...] = Field(("accepted",), min_length=1)
    shape: HookShape = "standard"
    secret: str = ""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", self.name):
            hint = "expected small letters, digits and hyphens"
            raise Fault(f"`{self.name}` cannot name a web hook", "name", hint)
        if self.secret and not re.fullmatch(r"[A-Z][A-Z0-9_]*", self.secret):
            # What stands there may be a secret: it is not said again.
            hint = "the secret itself stays out of this file: name the variable that holds it, like CRM_SECRET"
            raise Fault(f"`secret` of web hook `{self.name}` names no environment variable", "secret", hint)
        return self


def as_webhooks(keys: Sequence[WebhookKeys]) -> tuple[Webhook, ...]:
    """What the running side knows of them."""
    return tuple(Webhook(k.name, k.url, tuple(dict.fromkeys(k.events)), k.shape, k.secret) for k in keys)


def check_webhooks(keys: Sequence[WebhookKeys], path: str, lines: Lines) -> list[Problem]:
    """An error where two have one name, a warning where one is only there to try it out."""
    problems = []
    names = [hook.name for hook in keys]
    for number, hook in enumerate(keys):
        if hook.name in names[:number]:
            line = line_of(("webhooks", number, "name"), lines)
            problems.append(Problem(path, line, f"two web hooks are named `{hook.name}`", "rename one of them"))
        if _is_here(urlsplit(hook.url)):
            line = line_of(("webhooks", number, "url"), lines)
            message = f"web hook `{hook.name}` is called by `leadpages serve` alone"
            problems.append(Problem(path, line, message, "give it an address on the internet", "warning"))
    return problems
