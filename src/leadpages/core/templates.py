"""One way to fill the theme's templates, for pages on disk and for pages that the handler shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadpages.core.forms import HONEYPOT_FIELD, PAGE_FIELD, STARTED_FIELD
from leadpages.core.urls import encode

if TYPE_CHECKING:
    from jinja2 import BaseLoader, Environment


def environment(loader: BaseLoader, root: str) -> Environment:
    """A Jinja environment that escapes everything and knows `link(path)`.

    `root` stands before every path of the site: "" where pages link within one host, the site's URL
    where the handler may stand on another.
    """
    # Imported here: a post that is answered by a redirect fills no template.
    from jinja2 import Environment, StrictUndefined

    env = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.globals["link"] = lambda path: root + encode(path) if path.startswith("/") else encode(path)
    env.globals |= {
        "honeypot_field": HONEYPOT_FIELD,
        "page_field": PAGE_FIELD,
        "started_field": STARTED_FIELD,
    }
    return env
