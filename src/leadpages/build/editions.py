"""The site in each of its languages, as the handler keeps it: its forms, its mails, its words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from jinja2 import Environment

from leadpages.build.config import Config
from leadpages.build.form_files import FormFile
from leadpages.build.mail_files import check_mail_names, read_mails
from leadpages.build.pages import Page
from leadpages.build.theme import Theme
from leadpages.build.theme_colours import to_hex
from leadpages.core.bundle import Edition, MailTemplate
from leadpages.core.errors import Problem
from leadpages.core.forms import Form
from leadpages.core.site import SiteInfo
from leadpages.core.translations import Catalog


def make_editions(
    project: Path,
    config: Config,
    theme: Theme,
    env: Environment,
    infos: Mapping[str, SiteInfo],
    catalogs: Mapping[str, Catalog],
    forms: Mapping[str, FormFile],
    pages: Iterable[Page],
) -> tuple[dict[str, Edition], list[Problem]]:
    """The editions by language, the site's own first, and every problem with the mails."""
    problems = [problem for form in forms.values() for problem in check_mail_names(project, form, config)]
    thanks = _Thanks(pages)
    schemes = {"light": theme.schemes.light, "dark": theme.schemes.dark}
    colours = {scheme: {name: to_hex(found) for name, found in palette.items()} for scheme, palette in schemes.items()}
    editions = {}
    for language, info in infos.items():
        mails: dict[str, Mapping[str, MailTemplate]] = {}
        for name, form in forms.items():
            mails[name], found = read_mails(project, form, theme, colours, env, info, config)
            problems += found
        editions[language] = Edition(info, thanks.in_language(forms, language), mails, catalogs[language])
    return editions, problems


class _Thanks:
    """Finds the pages that writers thank with in other languages."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self._by_url = {page.url: page for page in pages}
        self._by_language = {(p.kind, p.translation_key, p.language): p.url for p in self._by_url.values()}

    def in_language(self, forms: Mapping[str, FormFile], language: str) -> dict[str, Form]:
        return {
            name: form.languages[language]._replace(
                thank_you=self._thank_you(form.languages[language].thank_you, language)
            )
            for name, form in forms.items()
        }

    def _thank_you(self, url: str, language: str) -> str:
        page = self._by_url.get(url)
        return self._by_language.get((page.kind, page.translation_key, language), url) if page else url
