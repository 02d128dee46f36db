"""The pages that the handler shows, from the theme's templates in the bundle."""

from __future__ import annotations

import base64
import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from leadpages.core.bundle import TEMPLATES, Edition
from leadpages.core.site import PageHead
from leadpages.core.templates import environment
from leadpages.handler.replies import NO_SNIFFING, Reply
from leadpages.handler.service import Service

if TYPE_CHECKING:
    from jinja2 import Environment


class Pages:
    """Fills `handler/NAME.html` of the theme."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @cached_property
    def _environment(self) -> Environment:
        from jinja2 import FileSystemLoader

        bundle, templates = self._service.bundle, self._service.folder / TEMPLATES
        return environment(FileSystemLoader(templates), self._service.site_url, bundle.catalogs, bundle.assets)

    @cached_property
    def _policy(self) -> str:
        style = base64.b64encode(hashlib.sha256(self._service.bundle.stylesheet.encode()).digest()).decode()
        # `form-action` also governs the redirect that answers a post, hence every origin of the site.
        origins = " ".join(sorted(self._service.origins))
        return (
            f"default-src 'none'; style-src 'sha256-{style}'; img-src {origins} data:; form-action {origins}; "
            "base-uri 'none'; frame-ancestors 'none'"
        )

    def show(self, edition: Edition, name: str, title: str, status: int = 200, **context: Any) -> Reply:
        """A page that no cache and no search engine keeps, and whose address no other site learns.

        `title` is in the language of `edition` already.
        """
        html = self._environment.get_template(f"handler/{name}.html").render(
            site=edition.site,
            head=PageHead(title=title, path="", noindex=True),
            inline_style=self._service.bundle.stylesheet,
            **context,
        )
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Cache-Control": "no-store",
            "Content-Security-Policy": self._policy,
            # Not `no-referrer`: under it browsers send `Origin: null` with the page's own form.
            "Referrer-Policy": "same-origin",
            "X-Robots-Tag": "noindex",
            **NO_SNIFFING,
        }
        return Reply(status, headers, html)
