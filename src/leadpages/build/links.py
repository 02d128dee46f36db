"""Where links and pictures lead: from what a writer typed to an address of the site, or to what is wrong with it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urljoin

from leadpages.build.images import ENDINGS
from leadpages.build.inputs import SITE
from leadpages.build.pages import Page, Reference
from leadpages.core.errors import Problem, Severity, nearest
from leadpages.core.urls import is_elsewhere, is_handler_path

#: Of how many addresses it is known where they lead: those that are on many pages come again at once.
_KEPT: Final = 1024
_MARKDOWN: Final = (".md", ".markdown")
#: A path, its query and its fragment.
_PARTS: Final = re.compile(r"([^?#]*)(\?[^#]*)?(?:#(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link leads: an address elsewhere, or a URL path of the site's with its query and fragment.

    `page` is the path's, where it is a page that somebody wrote; `fault` says why there is nothing there.
    """

    href: str
    path: str = ""
    page: Page | None = None
    fragment: str = ""
    fault: str = ""
    rule: str = ""
    hint: str = ""
    severity: Severity = "warning"


class Links:
    """All addresses of a site, and the sources that they come from.

    `addresses` are URL paths; `files` are the static ones by their path in the project. `anchors` are ids that the
    theme's templates put on pages.
    """

    def __init__(
        self,
        site_url: str,
        pages: Iterable[Page],
        unpublished: Iterable[Page],
        unusable: Collection[str],
        addresses: Iterable[str],
        files: Mapping[str, str],
        anchors: Collection[str],
    ) -> None:
        self._site_url = site_url
        self._by_url = {_comparable(page.url): page for page in pages}
        self._by_source = {page.path: page for page in self._by_url.values()}
        self._by_language = {(p.translation_key, p.kind, p.language): p for p in self._by_source.values()}
        self._unpublished = {page.path for page in unpublished}
        self._unusable = unusable
        self._known = {_comparable(url): url for url in addresses}
        self._files, self._anchors = files, frozenset(anchors)
        self._absolute: dict[tuple[str, str], Target] = {}

    def resolve(self, target: str, page: Page) -> Target:
        """Where `target` leads, as it is written on `page`."""
        if not target.startswith("/"):
            return self._find(target, page)
        key = (target, page.language)  # from one language's pages, it leads to one place
        if key not in self._absolute:
            if len(self._absolute) == _KEPT:
                self._absolute.clear()
            self._absolute[key] = self._find(target, page)
        return self._absolute[key]

    def href(self, target: str, page: Page) -> str:
        """The address that `target` means, with its query and fragment."""
        return target if self._is_exact(target) else self.resolve(target, page).href

    def _is_exact(self, target: str) -> bool:
        """Whether `target` is an address of the site's own, letter for letter: nearly all links are."""
        known = self._known.get(target.rstrip("/")) == target
        return known and target.startswith("/") and not target.lower().endswith(_MARKDOWN)

    def _find(self, target: str, page: Page) -> Target:
        target = self._without_site(target)
        if is_elsewhere(target):
            return Target(target)
        path, query, fragment = (part or "" for part in _PARTS.fullmatch(target).groups())  # type: ignore[union-attr]
        rest = query + (f"#{fragment}" if "#" in target else "")
        if not path:
            return self._with_fragment(Target(page.url + rest if query else rest, page.url, page), fragment)
        if path.lower().endswith(_MARKDOWN):
            return self._source(path, rest, fragment, page)
        if not path.startswith("/") and (file := self._files.get(_beside(page.path, path))):
            return Target(file + rest, file)
        full = _joined(page.url, path)
        if is_handler_path(full):
            return Target(full + rest, full)
        key = _comparable(full)
        known = self._known.get(key)
        if known is None:
            return Target(full + rest, full, fault="does not exist", rule="broken-link")
        return self._with_fragment(Target(known + rest, known, self._by_url.get(key)), fragment)

    def problem(self, reference: Reference, page: Page) -> Problem | None:
        """What is wrong with a reference of `page`, if anything is."""
        if self._is_exact(reference.target):
            return None
        found = self.resolve(reference.target, page)
        if not found.fault:
            return None
        place = (page.path, reference.line)
        if reference.is_image:
            message = f"image `{reference.target}` {found.fault}"
            hint = found.hint or nearest(
                found.path, (url for url in self._files.values() if url.lower().endswith(ENDINGS))
            )
            return Problem(*place, message, hint, "error", "missing-image", reference.column)
        message = f"link to `{reference.target}`, which {found.fault}"
        return Problem(*place, message, found.hint, found.severity, found.rule, reference.column)

    def is_known(self, url: str) -> bool:
        """Whether something of the site's own stands at a URL path, or it is the handler's."""
        path = self._without_site(url)
        return is_elsewhere(path) or path.startswith("#") or self._is_address(path)

    def page_from(self, source: str) -> Page | None:
        """The page that is made from a source, by its path, and goes out."""
        return self._by_source.get(source)

    def page_at(self, url: str) -> Page | None:
        """The page that somebody wrote for a URL path, with or without a slash at its end."""
        return self._by_url.get(_comparable(url))

    def _is_address(self, path: str) -> bool:
        plain = re.split("[?#]", path, maxsplit=1)[0]
        return is_handler_path(plain) or _comparable(urljoin("/", plain)) in self._known

    def _without_site(self, target: str) -> str:
        if target == self._site_url:
            return "/"
        return target.removeprefix(self._site_url) if target.startswith(self._site_url + "/") else target

    def _source(self, path: str, rest: str, fragment: str, page: Page) -> Target:
        plain = unquote(path)
        source = f"{SITE}{posixpath.normpath(plain)}" if path.startswith("/") else _beside(page.path, path)
        found = self._by_source.get(source)
        if source in self._unusable:
            return Target(path + rest)  # what is wrong with it is said, and stops the build
        if found is None:
            draft = source in self._unpublished
            fault = "is a draft, or not published at this time" if draft else f"is no file: there is no {source}"
            hint = "" if draft else nearest(source, self._by_source)
            return Target(path + rest, fault=fault, rule="broken-link", hint=hint, severity="error")
        found = self._by_language.get((found.translation_key, found.kind, page.language), found)
        return self._with_fragment(Target(found.url + rest, found.url, found, severity="error"), fragment)

    def _with_fragment(self, target: Target, fragment: str) -> Target:
        if not fragment or target.page is None:
            return target
        name = unquote(fragment)
        if name in target.page.anchors or name in self._anchors:
            return target
        if name == "top" or name.startswith(":~:"):  # https://wicg.github.io/scroll-to-text-fragment/
            return target
        hint = nearest(name, target.page.anchors)
        return Target(
            target.href,
            target.path,
            target.page,
            fault=f"leads to no heading or anchor of {target.page.path}",
            rule="broken-anchor",
            hint=hint,
            severity=target.severity,
        )


def image_address(page: Page, files: Mapping[str, str]) -> str:
    """The URL path of a page's own image, which other pages show too; `files` are as for Links."""
    if not page.image or page.image.startswith("/") or is_elsewhere(page.image):
        return page.image
    return files.get(_beside(page.path, page.image)) or urljoin(page.url, page.image)


def _beside(source: str, path: str) -> str:
    """The path in the project of what is written relative to a source."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), unquote(path)))


def _joined(base: str, path: str) -> str:
    """As `urljoin`, which takes ten times as long for an absolute path without a step like `..`."""
    return path if path.startswith("/") and "/." not in path else urljoin(base, path)


def _comparable(path: str) -> str:
    plain = unquote(path) if "%" in path else path
    if plain == "index.html" or plain.endswith("/index.html"):
        plain = plain.removesuffix("index.html")
    return plain.rstrip("/")
