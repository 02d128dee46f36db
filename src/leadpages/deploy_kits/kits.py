"""What a kit holds: the templates of its target, filled in for one site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leadpages.core.bundle import Bundle
from leadpages.deploy_kits import running_wheel

TARGETS: Final = ("server", "container", "lambda", "cloud-run", "azure", "vercel")
#: Files whose names end so hold secrets: they are made once, and belong to the site's owner from then on.
_CONFIDENTIAL: Final = ".env"
#: Under its own name it would hide files of ours from git.
_RENAMED: Final = {"gitignore": ".gitignore"}
_TEMPLATES: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Kit:
    """The files of a kit, by path. `secrets` are for their owner's eyes only."""

    files: Mapping[str, bytes]
    secrets: Mapping[str, bytes]


def make_kit(target: str, bundle: Bundle, headers: str, project: str, secret_keys: tuple[str, str]) -> Kit:
    """The kit of `target` for the site of `bundle`.

    `headers` is the text of its `_headers`, `project` the path from the kit to the project, and `secret_keys` are two
    new ones: for links, and for a database or a timer.
    """
    site = bundle.site
    hooks = [hook.secret for form in bundle.forms.values() for hook in form.webhooks]
    own, public = urlsplit(site.handler_url or site.url), urlsplit(site.url)
    environment = Environment(
        loader=FileSystemLoader([_TEMPLATES / target, _TEMPLATES / "shared"]),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # noqa: S701  (none of these files is HTML)
    )
    environment.filters["caddy"] = _quoted
    gaps = {
        "title": " ".join(site.title.split()),
        "site_url": site.url,
        "handler_url": site.handler_url or site.url,
        "site": public,
        "handler": own,
        "header_rules": header_rules(headers),
        "project": project,
        "wheel": running_wheel.NAME,
        "signing_key": secret_keys[0],
        "other_key": secret_keys[1],
        "hook_secrets": sorted({name for name in hooks if name}),
    }
    names = sorted(environment.list_templates(filter_func=lambda name: "/_" not in f"/{name}"))
    filled = {_RENAMED.get(name, name): environment.get_template(name).render(gaps).encode() for name in names}
    secrets = {name: content for name, content in filled.items() if name.endswith(_CONFIDENTIAL)}
    files = {name: content for name, content in filled.items() if name not in secrets}
    return Kit({**files, running_wheel.NAME: running_wheel.running_wheel()}, secrets)


def header_rules(text: str) -> dict[str, list[tuple[str, str]]]:
    """What `_headers` sets, by path; rules for whole addresses, which Caddy cannot follow, are left out."""
    rules: dict[str, list[tuple[str, str]]] = {}
    headers: list[tuple[str, str]] = []
    for line in text.splitlines():
        name, colon, value = line.strip().partition(":")
        if line.startswith("/"):
            headers = rules.setdefault(line.strip(), [])
        elif not line[:1].isspace():
            headers = []
        elif name.startswith("!"):
            headers.append(("-" + name[1:].strip(), ""))
        elif colon and not name.startswith("#"):
            headers.append((name, value.strip()))
    return rules


def _quoted(text: str) -> str:
    """A token of a Caddyfile (https://caddyserver.com/docs/caddyfile/concepts#tokens-and-quotes)."""
    for sign in ("\\", '"', "{"):
        text = text.replace(sign, "\\" + sign)
    return f'"{text}"'
