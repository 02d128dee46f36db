"""`leadpages.toml`: what a site is called, where it lives and how it is laid out."""

from __future__ import annotations

import re
from email.utils import formataddr
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PrivateAttr

from leadpages.build.schema import Lines, Strict, check, line_of
from leadpages.build.toml_file import read_toml
from leadpages.core.errors import Problem
from leadpages.core.urls import unsafe_reason, web_address

FILE: Final = "leadpages.toml"
_PATTERN_PARTS: Final = ("slug", "path", "year", "month", "day")


def _url_path(text: str) -> str:
    if not text.startswith("/") or not text.endswith("/"):
        raise ValueError("expected a path that begins and ends with a slash, like `/posts/`")
    if reason := unsafe_reason(text):
        raise ValueError(f"it {reason}")
    return text


def _pattern(text: str) -> str:
    for name in re.findall(r"\{([^}]*)\}", text):
        if name not in _PATTERN_PARTS:
            raise ValueError(f"`{{{name}}}` is not one of " + ", ".join(f"`{{{p}}}`" for p in _PATTERN_PARTS))
    if not re.search(r"\{(slug|path)\}", text):
        raise ValueError("expected `{slug}` or `{path}` in it: else all pages have one address")
    if re.search(r"[{}]", plain := re.sub(r"\{\w+\}", "x", text)):
        raise ValueError("a brace too many")
    _url_path(plain)
    return text


def _language(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", text):
        raise ValueError("expected a language tag like `en` or `pt-BR` (BCP 47)")
    return text


WebAddress = Annotated[str, AfterValidator(web_address)]
UrlPath = Annotated[str, AfterValidator(_url_path)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class Permalinks(Strict):
    """Where pages live: `{slug}`, `{path}` (folders and slug), `{year}`, `{month}`, `{day}`."""

    post: Pattern = "/posts/{slug}/"
    page: Pattern = "/{path}/"


class Posts(Strict):
    """The list of posts. Without `index` it is at `/`, or at `/posts/` where a home page is written."""

    index: UrlPath | None = None
    per_page: int = Field(10, ge=1, le=1000)


class Menu(Strict):
    """One link of the navigation."""

    label: str
    url: str


class Mail(Strict):
    """Who mails are from: `Name <address>`."""

    sender: str = Field("", alias="from")


class Place(Strict):
    """A form that stands at the end of every post, or of those with a tag."""

    form: str
    tag: str = ""


class Config(Strict):
    """The whole of `leadpages.toml`. Every key has a default, so that an empty folder can be built."""

    title: str = "Untitled site"
    base_url: WebAddress = "http://127.0.0.1:8000"
    handler_url: WebAddress | None = None
    description: str = ""
    author: str = ""
    language: Annotated[str, AfterValidator(_language)] = "en"
    theme: str = "default"
    permalinks: Permalinks = Permalinks()
    posts: Posts = Posts.model_validate({})
    menu: tuple[Menu, ...] = ()
    mail: Mail = Mail.model_validate({})
    place: tuple[Place, ...] = ()
    _lines: Lines = PrivateAttr(default_factory=dict)

    def line(self, *key: str | int) -> int:
        """The line of the file on which `key` stands, or the table that it is in; 0 where neither does."""
        return line_of(key, self._lines)

    @property
    def sender(self) -> str:
        """Who mails are from where nothing says: `hello@` at the site's host."""
        return self.mail.sender or formataddr((self.title, f"hello@{urlsplit(self.base_url).hostname}"))


def read_config(project: Path) -> tuple[Config, list[Problem]]:
    """The configuration of `project`; the default one, beside the problems, where the file is wrong."""
    if not (project / FILE).exists():
        hint = "write one with at least `title` and `base_url`"
        return Config(), [Problem(FILE, 0, f"there is no {FILE}: defaults are used", hint, "warning")]
    toml = read_toml(project / FILE, FILE)
    if isinstance(toml, Problem):
        return Config(), [toml]
    checked = check(Config, toml.data, FILE, toml.lines)
    if isinstance(checked, list):
        return Config(), [*toml.warnings, *checked]
    checked._lines = toml.lines
    problems = [*toml.warnings]
    if "base_url" not in toml.data:
        message = f"`base_url` is not set: the feed and the sitemap speak of {checked.base_url}"
        problems.append(Problem(FILE, 0, message, 'add base_url = "https://www.example.com"', "warning"))
    return checked, problems
