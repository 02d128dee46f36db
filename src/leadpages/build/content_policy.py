"""The Content-Security-Policy of a site: only what its pages need, found in the pages (https://www.w3.org/TR/CSP3/).

Pages of the default theme need nothing but files of their own. Themes, and Markdown with `trusted_html`, may have
inline scripts and styles, which are allowed by their hashes, and things from other hosts, allowed by their origins.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from html.parser import HTMLParser
from typing import Final

from leadpages.core.urls import origin

_SELF: Final = "'self'"
#: Every page's policy, in the order in which it is written.
_BASE: Final[Mapping[str, tuple[str, ...]]] = {
    "default-src": ("'none'",),
    "script-src": (_SELF,),
    "style-src": (_SELF,),
    "img-src": (_SELF, "data:"),
    "font-src": (_SELF,),
    "media-src": (_SELF,),
    "frame-src": (),
    "object-src": (),
    "connect-src": (_SELF,),
    "manifest-src": (_SELF,),
    "form-action": (_SELF,),
    "base-uri": ("'none'",),
    "frame-ancestors": ("'none'",),
}
#: Which directive rules over what an attribute points to; `srcset` and `link` have a way of their own.
_LOADS: Final[Mapping[tuple[str, str], str]] = {
    ("script", "src"): "script-src",
    ("img", "src"): "img-src",
    ("image", "href"): "img-src",
    ("input", "src"): "img-src",
    ("video", "poster"): "img-src",
    ("video", "src"): "media-src",
    ("audio", "src"): "media-src",
    ("source", "src"): "media-src",
    ("track", "src"): "media-src",
    ("iframe", "src"): "frame-src",
    ("embed", "src"): "object-src",
    ("object", "data"): "object-src",
    ("form", "action"): "form-action",
    ("button", "formaction"): "form-action",
    ("input", "formaction"): "form-action",
}
_LINKS: Final = {
    "stylesheet": "style-src",
    "icon": "img-src",
    "apple-touch-icon": "img-src",
    "manifest": "manifest-src",
}
_HCAPTCHA: Final = ("https://hcaptcha.com", "https://*.hcaptcha.com")
#: What scripts from elsewhere load in their turn, as far as it is known: the widgets of captchas
#: (https://developers.cloudflare.com/turnstile/reference/content-security-policy/, https://docs.hcaptcha.com/).
_LOADED_BY: Final[Mapping[str, frozenset[tuple[str, str]]]] = {
    "https://challenges.cloudflare.com": frozenset({("frame-src", "https://challenges.cloudflare.com")}),
    "https://js.hcaptcha.com": frozenset(
        (name, source) for name in ("script-src", "frame-src", "style-src", "connect-src") for source in _HCAPTCHA
    ),
}
#: https://mimesniff.spec.whatwg.org/#javascript-mime-type; a script of another type is data, and does not run.
_RUNS: Final = re.compile(r"|module|importmap|speculationrules|(?:text|application)/(?:x-)?(?:java|ecma)script")

#: Tags that need a closer look, in lower case.
_TAG: Final = re.compile(
    rb"<(?:style\b|iframe|object|embed|base\b|script\b(?![^>]*(?:src=|json))"
    rb"|(?:img|source|video|audio|track|script|input|image|button)\b[^>]*//"
    rb"|link\b(?=[^>]*//)[^>]*(?:stylesheet|icon|manifest))"
)
_ACTION: Final = re.compile(rb"action\s*=\s*[\"']?\s*((?:https?:)?//[^\s\"'>]*)")
_HANDLER: Final = re.compile(rb"[a-z]+ *=")
_ORIGIN: Final = re.compile(r"https?://[a-z0-9.\[\]:_-]+")
#: Nothing runs from a `data:` address in these.
_DATA_FOR: Final = ("img-src", "media-src")


@dataclass(frozen=True, slots=True)
class Needs:
    """What a page needs beyond the files of its own site: pairs of a directive and a source that it is to allow.

    `blocked` tells of what no hash or origin allows, such as a `style` attribute.
    """

    sources: frozenset[tuple[str, str]] = frozenset()
    blocked: tuple[str, ...] = ()


NOTHING: Final = Needs()


def policy_needs(html: bytes, handler_url: str = "") -> Needs:
    """What the page `html` needs. Pages that need nothing, which is most, are only searched, not parsed.

    Forms may go to `handler_url` without being a need.
    """
    if not _may_need_more(html.lower(), handler_url.encode()):
        return NOTHING
    parser = _Parser()
    parser.feed(html.decode("utf-8", "replace"))
    parser.close()
    if handler_url:
        parser.sources.discard(("form-action", origin(handler_url)))
    return Needs(frozenset(parser.sources), tuple(dict.fromkeys(parser.blocked)))


def content_security_policy(sources: Iterable[tuple[str, str]], handler_url: str, *, https: bool) -> str:
    """The policy that allows `sources` and the handler, which is at `handler_url`, or "" for the site's own host."""
    directives = {name: list(values) for name, values in _BASE.items()}
    if handler_url:
        directives["connect-src"].append(origin(handler_url))
        directives["form-action"].append(origin(handler_url))
    for name, source in sorted(set(sources)):
        if source not in directives[name]:
            directives[name].append(source)
    if _SELF in directives["frame-src"]:  # a page that shows another one needs that one's leave
        directives["frame-ancestors"] = [_SELF]
    parts = [f"{name} {' '.join(values)}" for name, values in directives.items() if values]
    return "; ".join([*parts, "upgrade-insecure-requests"] if https else parts)


def _may_need_more(html: bytes, handler: bytes) -> bool:
    """Whether to parse `html`, in lower case: a search that takes microseconds, and errs on the safe side."""
    if b"style=" in html or b"javascript:" in html or _TAG.search(html):
        return True
    if any(map(_HANDLER.match, html.split(b" on")[1:] + html.split(b"\non")[1:])):
        return True
    return b"<form" in html and any(not handler or not to.startswith(handler) for to in _ACTION.findall(html))


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sources: set[tuple[str, str]] = set()
        self.blocked: list[str] = []
        self._directive = ""  # that rules over the text we are in
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in reversed(attrs)}  # of two of one name, browsers take the first
        if tag == "style":
            self._directive = "style-src"
        elif tag == "script" and "src" not in found and _RUNS.fullmatch(found.get("type", "").strip().lower()):
            self._directive = "script-src"
        elif tag == "base":
            self.blocked.append("`<base>`")
        for name, value in found.items():
            self._look_at(tag, name, value, found)

    def handle_data(self, data: str) -> None:
        if self._directive:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self._text:
            digest = sha256("".join(self._text).encode()).digest()
            self.sources.add((self._directive, f"'sha256-{b64encode(digest).decode()}'"))
        self._directive = ""
        self._text.clear()

    def _look_at(self, tag: str, name: str, value: str, attributes: Mapping[str, str]) -> None:
        if name == "style" and value:
            self.blocked.append(f"a `style` attribute on `<{tag}>`")
        elif re.fullmatch(r"on[a-z]+", name):
            self.blocked.append(f"`{name}` on `<{tag}>`")
        elif re.match(r"\s*javascript:", value, re.IGNORECASE):
            self.blocked.append(f"a `javascript:` address on `<{tag}>`")
        elif name == "srcset" and tag in ("img", "source"):
            for candidate in value.split(","):
                self._allow("img-src", candidate.strip().partition(" ")[0])
        elif tag == "link" and name == "href":
            for word in attributes.get("rel", "").lower().split():
                if word in _LINKS:
                    self._allow(_LINKS[word], value)
        elif directive := _LOADS.get((tag, name)):
            self._allow(directive, value)

    def _allow(self, directive: str, url: str) -> None:
        source = _source_of(url.strip())
        if source == _SELF:
            # The other directives allow it without being asked.
            self.sources |= {(directive, _SELF)} if directive in ("frame-src", "object-src") else set()
        elif source == "" or (source.endswith(":") and directive not in _DATA_FOR):
            self.blocked.append(f"the address `{url[:80]}`")
        elif source not in _BASE[directive]:
            self.sources.add((directive, source))
            if directive == "script-src":
                self.sources |= _LOADED_BY.get(source, frozenset())


def _source_of(url: str) -> str:
    """What allows `url` in a policy; "" for what nothing does."""
    found = re.match(r"(https?:)?//|([a-z][a-z0-9+.-]*:)|", url, re.IGNORECASE)
    if found is None or not found[0]:
        return _SELF
    if found[2]:
        return found[2].lower()
    try:
        source = origin(url if found[1] else f"https:{url}")
    except ValueError:
        return ""
    # `//host/x` is of the page's own scheme.
    return (source if found[1] else source.removeprefix("https://")) if _ORIGIN.fullmatch(source) else ""
