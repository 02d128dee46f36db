"""Which address belongs to whom, and that no two sources claim one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from leadpages.build.config import FILE as CONFIG_FILE
from leadpages.build.config import Config
from leadpages.build.form_files import FormFile
from leadpages.build.output import MARKER
from leadpages.build.pages import Page
from leadpages.build.site import Site, feed_urls
from leadpages.build.sitemap import SITEMAP, sitemap_files
from leadpages.core.errors import Problem, nearest
from leadpages.core.urls import collision_key, output_path

#: Files that every site has.
FIXED: Final = ("404.html", "llms.txt", MARKER)


@dataclass(frozen=True, slots=True)
class Claim:
    """An address and the file for it, and whose it is: a source, or with no `path` something that is made."""

    url: str
    output: str
    path: str = ""
    line: int = 0
    name: str = ""


def claims(site: Site, config: Config, assets: Iterable[str]) -> Iterator[Claim]:
    """Everything that goes out. `assets` are the theme's, by their path under `public/`."""
    for page in site.all_pages():
        yield Claim(page.url, output_path(page.url), page.path, page.line("permalink") or page.line("slug"))
        for alias in page.aliases:
            yield Claim(alias, output_path(alias), page.path, page.line("aliases"))
    for file in site.static:
        yield Claim(file.url, file.url[1:], file.path)
    for language in site.languages:
        tag = language.info.language
        for form in site.thank_you:
            url = form.languages[tag].thank_you
            yield Claim(url, output_path(url), form.path)
        for listed in language.lists:
            yield Claim(listed.url, output_path(listed.url), name="the list of posts")
        for url in feed_urls(language.info.home, config.feeds.formats).values():
            yield Claim(url, output_path(url), name="the feed")
        for taxonomy in language.taxonomies:
            yield Claim(taxonomy.url, output_path(taxonomy.url), name=f"the overview of `{taxonomy.name}`")
            for term in taxonomy.terms if config.feeds.terms else ():
                for url in feed_urls(term.url, config.feeds.formats).values():
                    yield Claim(url, output_path(url), name=f"the feed of `{term.name}`")
        for taxonomy, term, listed in language.term_lists:
            yield Claim(listed.url, output_path(listed.url), name=f"the page of `{term.name}` in `{taxonomy.name}`")
    for asset in assets:
        yield Claim(f"/{asset}", asset, name=f"the theme's {asset}")
    for url in dict.fromkeys([SITEMAP, *sitemap_files(site)]):
        yield Claim(url, url[1:], name=f"the {url} that every site has")
    for name in FIXED:
        yield Claim(f"/{name}", name, name=f"the /{name} that every site has")


def check_addresses(claimed: Iterable[Claim]) -> list[Problem]:
    """A problem for each address that two sources claim, also when they differ by case or Unicode form only."""
    problems = []
    owners: dict[str, Claim] = {}
    pages: dict[str, Claim] = {}  # `a.html` and `a/index.html` are one address to a visitor
    folders: dict[str, Claim] = {}
    for claim in claimed:
        key = collision_key(claim.output)
        parents = list(accumulate(key.split("/")[:-1], "{}/{}".format))
        page = key.removesuffix("/index.html").removesuffix(".html") if key.endswith(".html") else None
        if other := owners.get(key) or (pages.get(page) if page else None):
            problems.append(_collision(claim, other))
        elif other := folders.get(key) or next((owners[parent] for parent in parents if parent in owners), None):
            problems.append(_collision(claim, other, ": one is a file, the other a folder of that name"))
        owners.setdefault(key, claim)
        if page:
            pages.setdefault(page, claim)
        for parent in parents:
            folders.setdefault(parent, claim)
    return problems


def _collision(one: Claim, other: Claim, why: str = "") -> Problem:
    is_other = not one.path or (other.line and not one.line)  # a line is a thing that somebody chose
    blamed, named = (other, one) if is_other else (one, other)
    path = blamed.path or CONFIG_FILE
    verb = "is in the way of" if why else "is also that of"
    whose = "its address" if blamed.path else f"the address of {blamed.name},"
    message = f"{whose} {blamed.url} {verb} {named.path or named.name}{why}"
    hint = "give one of them another `slug`, or rename the file" if blamed.path else "give one of them another `url`"
    return Problem(path, blamed.line, message, hint)


def check_thank_you(forms: Iterable[FormFile], pages: Iterable[Page]) -> list[Problem]:
    """A problem for each form that sends people to a page that nobody wrote, or that will not be published."""
    known = {page.url for page in pages}
    return [
        Problem(
            form.path,
            form.thank_you_line,
            f"there is no page `{form.form.thank_you}` to thank people with",
            nearest(form.form.thank_you, known),
        )
        for form in forms
        if form.has_own_thank_you and form.form.thank_you not in known
    ]
