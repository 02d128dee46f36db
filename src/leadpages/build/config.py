"""`leadpages.toml`: what a site is called, where it lives and how it is laid out."""

from __future__ import annotations

import re
from datetime import UTC, tzinfo
from email.utils import formataddr
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, PrivateAttr, StringConstraints, model_validator

from leadpages.build.dates import date_format_fault
from leadpages.build.schema import Fault, Lines, Strict, check, line_of
from leadpages.build.toml_file import read_toml
from leadpages.core.errors import Problem
from leadpages.core.forms import Challenge
from leadpages.core.urls import is_handler_path, site_address, unsafe_reason, web_address

FILE: Final = "leadpages.toml"
_PATTERN_PARTS: Final = ("slug", "path", "year", "month", "day", "category")


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
    _url_path(plain.removesuffix(".html") + "/" if plain.endswith(".html") else plain)
    return text


def _data_pattern(text: str) -> str:
    plain = re.sub(r"\{[^{}]+\}", "x", text)
    if re.search(r"[{}]", plain):
        raise ValueError("a brace too many")
    if plain == text:
        raise ValueError("expected a column like `{slug}` in it: else all pages have one address")
    if not text.startswith("/"):
        raise ValueError("expected a path that begins with a slash, like `/team/{slug}/`")
    return text


def _date_format(text: str) -> str:
    if text not in ("short", "medium", "long", "full") and (fault := date_format_fault(text)):
        raise ValueError(f"expected `short`, `medium`, `long`, `full` or a pattern like `d MMMM y`: {fault}")
    return text


def _language(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", text):
        raise ValueError("expected a language tag like `en` or `pt-BR` (BCP 47)")
    return text


def _timezone(text: str) -> str:
    try:
        time_zone(text)
    except (ValueError, OSError):
        raise ValueError("expected a time zone like `Europe/Berlin` (IANA time zone database)") from None
    return text


@cache
def time_zone(name: str) -> tzinfo:
    """The time zone of that name as the package `tzdata` has it, whatever the system's own tables say.

    Raises OSError or ValueError when there is none.
    """
    if name == "UTC":
        return UTC
    if not re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", name):
        raise ValueError(name)
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as table:
        return ZoneInfo.from_file(table, key=name)


def _taxonomy_name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", text):
        raise ValueError("expected small letters, digits and `_`, a letter first")
    return text


WebAddress = Annotated[str, AfterValidator(web_address)]
SiteAddress = Annotated[str, AfterValidator(site_address)]
LanguageTag = Annotated[str, AfterValidator(_language)]
TaxonomyName = Annotated[str, AfterValidator(_taxonomy_name)]
UrlPath = Annotated[str, AfterValidator(_url_path)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class Permalinks(Strict):
    """Where pages live: `{slug}`, `{path}` (folders and slug), `{year}`, `{month}`, `{day}`, `{category}`.

    A pattern ends with a slash, or with `.html`.
    """

    post: Pattern = "/posts/{slug}/"
    page: Pattern = "/{path}/"


class Posts(Strict):
    """The list of posts. Without `index` it is at `/`, or at `/posts/` where a home page is written."""

    index: UrlPath | None = None
    per_page: int = Field(10, ge=1, le=1000)


class Taxonomy(Strict):
    """A way to sort posts, by the front-matter key of its name; a page a term, at `url` and the term's slug."""

    title: str = ""
    url: UrlPath | None = None
    per_page: int = Field(10, ge=1, le=1000)


class MenuLink(Strict):
    """A link under another one."""

    label: str
    url: str


class Menu(Strict):
    """One link of the navigation, or of another place of the theme's, such as `footer`; or a label over others."""

    label: str
    url: str = ""
    place: str = "main"
    children: tuple[MenuLink, ...] = ()

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if not self.url and not self.children:
            raise Fault(f"`{self.label}` leads nowhere", "label", "add `url`, or [[menu.children]] under it")
        return self


class Language(Strict):
    """What is said in another language than the site's own. What is left out is as in the site's own."""

    title: str = ""
    description: str = ""
    author: str = ""
    menu: tuple[Menu, ...] | None = None


class Markdown(Strict):
    """How Markdown is read. The preset `commonmark` is the bare standard; the switches do nothing there."""

    preset: Literal["leadpages", "commonmark"] = "leadpages"
    trusted_html: bool = False
    anchors: bool = True
    highlight: bool = True
    smart_quotes: bool = True


class Images(Strict):
    """The widths, in pixels, and formats that pictures are offered in. Without formats they go out as they are."""

    widths: tuple[Annotated[int, Field(ge=16, le=4096)], ...] = (480, 800, 1200, 1600)
    formats: tuple[Literal["avif", "webp"], ...] = ("avif", "webp")
    quality: int = Field(60, ge=1, le=100)


class Social(Strict):
    """Pictures for links that are shared, drawn for pages that have none."""

    images: bool = True


class Feeds(Strict):
    """The formats of feeds, how many posts are in one, and whether every term has its own."""

    formats: tuple[Literal["atom", "rss", "json"], ...] = ("atom", "rss", "json")
    posts: int = Field(20, ge=1, le=1000)
    terms: bool = True


class OutputFiles(Strict):
    """Compressed copies that stand beside each text file, for hosts that send them."""

    compress: tuple[Literal["gz", "br"], ...] = ()


class DataPages(Strict):
    """A page for each row of `site/data/DATA`: `{column}` in `permalink` and `title` is that row's value."""

    data: str = Field(min_length=1)
    permalink: Annotated[str, AfterValidator(_data_pattern)]
    title: str = Field(min_length=1)
    template: str = "page"


def _site_key(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise ValueError("expected letters, digits, `_` and `-`, as the service shows it")
    return text


def _blocked(text: str) -> str:
    """An address or a domain in small letters, the domain as DNS has it."""
    from email_validator import EmailNotValidError, validate_email

    is_address = "@" in text
    try:
        found = validate_email(text if is_address else f"x@{text}", check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise ValueError(f"no e-mail address, and no domain: {error}") from None
    return f"{found.local_part.casefold()}@{found.ascii_domain}" if is_address else found.ascii_domain


SiteKey = Annotated[str, AfterValidator(_site_key)]


class Forms(Strict):
    """Where forms are sent: to the handler, or to Netlify, which keeps what comes in and does nothing more.

    What comes from addresses and domains that are `blocked` has no effect. The site keys are public.
    """

    backend: Literal["handler", "netlify"] = "handler"
    blocked: tuple[Annotated[str, AfterValidator(_blocked)], ...] = ()
    turnstile_site_key: SiteKey = ""
    hcaptcha_site_key: SiteKey = ""

    def site_key(self, challenge: Challenge | None) -> str:
        """What names this site to the service that `challenge` is of; "" where there is none."""
        return {"turnstile": self.turnstile_site_key, "hcaptcha": self.hcaptcha_site_key}.get(challenge or "", "")


class Mail(Strict):
    """Who mails are from: `Name <address>`."""

    sender: str = Field("", alias="from")


def _cta_address(text: str) -> str:
    if not re.match(r"/|https?://\S|mailto:|tel:", text):
        raise ValueError("expected an address that begins with / or https://")
    return text


class Cta(Strict):
    """A call to action, as the theme's block `cta` shows it."""

    href: Annotated[str, AfterValidator(_cta_address)]
    label: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    title: str = ""
    text: str = ""


#: Where on a page something is placed by rule; the last three come up while somebody reads.
Where = Literal["end", "heading", "sidebar", "bar", "slide-in", "exit"]


class Place(Strict):
    """A form or a call to action on every post, or on those with a tag, in a language, or under a folder of `site/`.

    A folder's pages are meant, too; the folder `/` is all of them. `heading` says after the text under which heading
    of the second level it stands.
    """

    form: str = ""
    cta: Cta | None = None
    tag: str = ""
    folder: str = ""
    language: str = ""
    where: Where = "end"
    heading: int = Field(1, ge=1)

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if bool(self.form) == bool(self.cta):
            raise Fault(
                "a [[place]] has either a `form` or a `cta`",
                hint='write form = "NAME", or [place.cta] with href and label',
            )
        if self.where != "heading" and "heading" in self.model_fields_set:
            raise Fault('`heading` goes with where = "heading"', "heading", "add that, or remove it")
        return self


#: There without asking; pages are made for those that posts use.
TAXONOMIES: Final = ("tags", "categories", "authors", "series")


class Config(Strict):
    """The whole of `leadpages.toml`. Every key has a default, so that an empty folder can be built."""

    title: str = "Untitled site"
    base_url: SiteAddress = "http://127.0.0.1:8000"
    handler_url: WebAddress | None = None
    description: str = ""
    author: str = ""
    language: LanguageTag = "en"
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    date_format: Annotated[str, AfterValidator(_date_format)] = "long"
    trailing_slash: bool = True
    theme: str = "default"
    settings: dict[str, Any] = Field(default_factory=dict)
    permalinks: Permalinks = Field(default_factory=Permalinks)
    posts: Posts = Posts.model_validate({})
    taxonomies: dict[TaxonomyName, Taxonomy] = Field(default_factory=dict)
    languages: dict[LanguageTag, Language] = Field(default_factory=dict)
    menu: tuple[Menu, ...] = ()
    pages: tuple[DataPages, ...] = ()
    markdown: Markdown = Field(default_factory=Markdown)
    images: Images = Images.model_validate({})
    social: Social = Field(default_factory=Social)
    feeds: Feeds = Feeds.model_validate({})
    output: OutputFiles = Field(default_factory=OutputFiles)
    mail: Mail = Mail.model_validate({})
    forms: Forms = Field(default_factory=Forms)
    place: tuple[Place, ...] = ()
    _lines: Lines = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _one_of_each_language(self) -> Self:
        if self.language in self.languages:
            raise Fault(f"`{self.language}` is the site's own language", "languages", "say it at the top of the file")
        return self

    def line(self, *key: str | int) -> int:
        """The line of the file on which `key` stands, or the table that it is in; 0 where neither does."""
        return line_of(key, self._lines)

    @property
    def sender(self) -> str:
        """Who mails are from where nothing says: `hello@` at the site's host."""
        return self.mail.sender or formataddr((self.title, f"hello@{urlsplit(self.base_url).hostname}"))

    @property
    def all_languages(self) -> tuple[str, ...]:
        """The site's own language, then the others."""
        return (self.language, *self.languages)

    @cached_property  # looked at for every post, again and again
    def all_taxonomies(self) -> dict[str, Taxonomy]:
        """The taxonomies that are there without asking, and those of the project, by name."""
        return {
            name: self.taxonomies.get(name, _PLAIN_TAXONOMY)
            for name in {**dict.fromkeys(TAXONOMIES), **self.taxonomies}
        }

    @property
    def zone(self) -> tzinfo:
        """The time zone of days and times that name none."""
        return time_zone(self.timezone)

    def url(self, path: str) -> str:
        """The address of a page of ours, under the site's policy on the slash at its end."""
        return path if self.trailing_slash or path == "/" else path.rstrip("/")

    def page_url(self, url: str) -> str:
        """`url` under the policy on slashes where it leads to a page of ours; else as it is."""
        path, rest = re.fullmatch(r"([^?#]*)(.*)", url, re.DOTALL).groups()  # type: ignore[union-attr]
        is_page = path.startswith("/") and "." not in path.rpartition("/")[2] and not is_handler_path(path)
        return (self.url(path if path.endswith("/") else f"{path}/") if is_page else path) + rest

    def home(self, language: str) -> str:
        """The start page of a language."""
        return "/" if language == self.language else self.url(f"/{language}/")

    def localised(self, path: str, language: str) -> str:
        """The address of `path` in a language: that of the site's own stands at the root, the others in folders."""
        return self.url(path if language == self.language else f"/{language}{path}")


_PLAIN_TAXONOMY: Final = Taxonomy.model_validate({})


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
