"""From a project's files to jobs: read everything, gather every problem, and hand on what is to be written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from msgspec import structs

from leadpages.build.addresses import Claim, check_addresses, check_thank_you, claims
from leadpages.build.assets import AssetPlan, publish
from leadpages.build.cache import Cache, Remembered
from leadpages.build.config import FILE as CONFIG_FILE
from leadpages.build.config import Config, Menu, MenuLink, read_config
from leadpages.build.content import Renderer
from leadpages.build.data_files import Data, read_data
from leadpages.build.data_pages import DataPage, all_data_pages
from leadpages.build.defaults import Defaults, read_defaults
from leadpages.build.documents import check_defaults, check_taxonomies
from leadpages.build.editions import make_editions
from leadpages.build.form_files import FormFile, form_names, read_forms
from leadpages.build.handler_files import BundleFile, bundle_files, check_handler_pages, handler_templates
from leadpages.build.highlighting import pygments_css
from leadpages.build.inputs import Inputs
from leadpages.build.links import Links, image_address
from leadpages.build.mail_files import check_sender
from leadpages.build.markdown import MarkdownOptions
from leadpages.build.options import Options
from leadpages.build.pages import Page, Reference, digest_of, with_digest
from leadpages.build.pictures import Pictures, candidates, plan_pictures
from leadpages.build.placements import check_rules, check_rules_on_pages
from leadpages.build.program import program_digest
from leadpages.build.reading import Reader
from leadpages.build.related import Related
from leadpages.build.render import SiteRenderer
from leadpages.build.reports import Progress
from leadpages.build.site import Site, arrange, is_published, next_change, posts_url
from leadpages.build.sources import Source, StaticFile, find_sources
from leadpages.build.theme import STYLESHEET, Theme, load_theme, shown
from leadpages.build.translations import read_translations
from leadpages.core.bundle import Bundle
from leadpages.core.errors import Problem, ProjectError
from leadpages.core.site import MenuItem, SiteInfo
from leadpages.core.templates import environment
from leadpages.core.translations import ENGLISH, Catalog, translate

Value = TypeVar("Value")
_HREF: Final = re.compile(r'<a href="([^"]*)"')


class Gathered(list[Problem]):
    """The problems so far. Nothing is written before all of them are known."""

    def take(self, found: tuple[Value, list[Problem]]) -> Value:
        """Note the problems that came with a value, and hand on the value."""
        self.extend(found[1])
        return found[0]


@dataclass(frozen=True)
class Ground:
    """What every page stands on: all that a project has but its pages."""

    project: Path
    inputs: Inputs
    config: Config
    theme: Theme
    forms: Mapping[str, FormFile]
    broken_forms: frozenset[str]
    data: Data
    defaults: Defaults
    catalogs: Mapping[str, Catalog]
    assets: AssetPlan
    stylesheet: str
    markdown: Sequence[Source | DataPage]
    static: tuple[StaticFile, ...]

    @property
    def root(self) -> str:
        """The site's base path: "" where it has its host to itself."""
        return urlsplit(self.config.base_url).path

    def digest(self, infos: Mapping[str, SiteInfo]) -> str:
        """A digest of all of this that a page may depend on."""
        config = self.config.model_dump_json()
        files = [part for file in self.theme.files() for part in (file.name, file.read_bytes())]
        forms = [repr(form.languages) for form in self.forms.values()]
        defaults = repr([(place, folder.digest) for place, folder in self.defaults.folders.items()])
        known = [program_digest(), config, self.data.digest, defaults, repr(infos), repr(sorted(self.broken_forms))]
        return digest_of(*known, *forms, *files, repr(self.assets.urls))

    def say(self, language: str, text: str, gaps: Mapping[str, object]) -> str:
        """Words of the theme in a language."""
        return translate(self.catalogs.get(language, ENGLISH), text, **gaps)


@dataclass(frozen=True)
class Prepared:
    """A site that can be rendered, what the handler needs, and what the next build can use.

    `thank_you` are the pages that forms lead to.
    """

    ground: Ground
    site: Site
    reader: Reader
    renderer: SiteRenderer
    links: Links
    pictures: Pictures
    bundle: tuple[BundleFile, ...]
    thank_you: frozenset[str]
    remembered: Remembered
    related: Related
    until: datetime | None
    now_ns: int


def read_ground(project: Path, inputs: Inputs, options: Options) -> tuple[Ground, Gathered]:
    """Everything but the pages, and what is wrong with it."""
    problems = Gathered()
    config = _as_asked(problems.take(read_config(project)), options)
    theme = problems.take(load_theme(project, config))
    sources = problems.take(find_sources(project, inputs, config.all_languages))
    data = problems.take(read_data(project))
    made = problems.take(all_data_pages(config, data, theme))
    problems += check_taxonomies(config)
    styles = {shown(project, file): text for file, text in theme.styles()}
    styles |= {"highlighting": pygments_css()} if config.markdown.highlight else {}
    plain_assets = {name: file for name, file in theme.assets().items() if name not in (STYLESHEET, *theme.stylesheets)}
    assets = problems.take(publish(plain_assets, STYLESHEET, styles, lambda file: shown(project, file)))
    catalogs = problems.take(read_translations(theme.folders, config.all_languages, project))
    ground = Ground(
        project=project,
        inputs=inputs,
        config=config,
        theme=theme,
        forms=problems.take(read_forms(project, config, catalogs)),
        broken_forms=form_names(project),
        data=data,
        defaults=problems.take(
            read_defaults(
                project,
                inputs.files,
                lambda keys, path, lines: check_defaults(keys, path, lines, config, theme, form_names(project)),
            )
        ),
        catalogs=catalogs,
        assets=assets,
        stylesheet="".join(styles.values()),
        markdown=(*sources.markdown, *made),
        static=sources.static,
    )
    return replace(ground, broken_forms=ground.broken_forms - ground.forms.keys()), problems


def prepare(
    ground: Ground, problems: Gathered, options: Options, cache: Cache, now: datetime, now_ns: int, report: Progress
) -> Prepared:
    """Read the pages and arrange the site.

    Raises ProjectError with every problem when one of them is an error.
    """
    config, theme = ground.config, ground.theme
    files = {file.path: file.url for file in ground.static}
    homes = {source.language for source in ground.markdown if isinstance(source, Source) and source.place == "index"}
    while True:
        infos = _site_infos(ground, homes)
        base = ground.digest(infos)
        reader = _reader(ground, infos, base, cache)
        pages, by_source, records, unusable = reader.read(
            ground.markdown, ground.inputs, now_ns, options.workers, report
        )
        published = [with_image(page, files) for page in pages if is_published(page, now, options.drafts)]
        # Blocks may link to the list of posts, which is where no home page is: known for certain only now.
        urls = {page.url for page in published}
        written = {language for language in infos if config.home(language) in urls}
        if written == homes & infos.keys():
            break
        homes = written
    problems += unusable
    problems += [problem for page in published for problem in page.problems]
    env = environment(theme.loader, ground.root, ground.catalogs, ground.assets.urls)
    site = arrange(infos, config, published, ground.static, ground.forms, ground.data.tree)
    claimed = list(claims(site, config, ground.assets.files))
    problems += check_addresses(claimed)
    links = _links(ground, site, pages, claimed)
    problems += _check_references(site, links, config, theme)
    problems += _check_settings(theme, links, config)
    problems += _check_forms(ground.forms.values(), links)
    images = candidates(site, ground.assets.urls, theme, ground.project, ground.inputs)
    known = cache.remembered.images
    pictures = problems.take(
        plan_pictures(images, theme, site, links, config, ground.root, known, now_ns, options.workers, report)
    )
    problems += check_sender(config) + check_thank_you(ground.forms.values(), published)
    problems += check_rules(config, theme.blocks, ground.forms.keys() | ground.broken_forms)
    related = Related(cache.remembered.related)
    renderer = SiteRenderer(site, config, env, base, links, pictures, cache.body, ground.say, related, ground.data.tree)
    # Without the filters of pages, as the handler will fill them.
    env = environment(theme.loader, ground.root, ground.catalogs, ground.assets.urls)
    templates = problems.take(handler_templates(theme, env))
    editions = problems.take(
        make_editions(ground.project, config, theme, env, infos, ground.catalogs, ground.forms, published)
    )
    thank_you = frozenset(form.thank_you for edition in editions.values() for form in edition.forms.values())
    own = editions.pop(config.language)
    bundle = Bundle(
        own.site,
        own.forms,
        own.mails,
        ground.stylesheet,
        ground.assets.urls,
        ground.catalogs,
        editions,
        frozenset(ground.config.forms.blocked),
    )
    problems += check_handler_pages(theme, bundle, templates)
    raise_for(problems, options)
    return Prepared(
        ground=ground,
        site=site,
        reader=reader,
        renderer=renderer,
        links=links,
        pictures=pictures,
        bundle=tuple(bundle_files(bundle, templates, ground.forms)),
        thank_you=thank_you,
        remembered=Remembered(
            program_digest(), base, records, by_source, cache.remembered.related, dict(pictures.records)
        ),
        related=related,
        until=next_change(pages, now),
        now_ns=now_ns,
    )


def raise_for(problems: Sequence[Problem], options: Options) -> None:
    """Stop where a problem is an error, or any of them where the build is strict.

    Raises ProjectError with all of them.
    """
    if any(problem.severity == "error" or options.strict for problem in problems):
        found = dict.fromkeys(problems)
        raise ProjectError(p._replace(severity="error") if options.strict else p for p in found)


def with_image(page: Page, files: Mapping[str, str]) -> Page:
    """`page` with the address of its image in place of a path that starts from its source."""
    image = image_address(page, files)
    return page if image == page.image else with_digest(structs.replace(page, image=image))


def _as_asked(config: Config, options: Options) -> Config:
    changes: dict[str, Any] = {"base_url": options.base_url} if options.base_url else {}
    here = config.forms.model_copy(update={"backend": "handler"})
    own = {"handler_url": None, "forms": here} if options.same_origin else {}
    asked = config.model_copy(update=changes | own)
    asked._lines = config._lines
    return asked


def _site_infos(ground: Ground, homes: set[str]) -> dict[str, SiteInfo]:
    config = ground.config
    infos = {}
    for tag in config.all_languages:
        own = config.languages.get(tag)
        menu = config.menu if own is None or own.menu is None else own.menu
        places = {place: _menu(menu, place, ground) for place in dict.fromkeys(item.place for item in menu)}
        infos[tag] = SiteInfo(
            title=(own.title if own else "") or config.title,
            url=config.base_url,
            handler_url=config.handler_url or "",
            description=(own.description if own else "") or config.description,
            author=(own.author if own else "") or config.author,
            language=tag,
            menu=places.get("main", ()),
            posts_url=posts_url(config, tag, {config.home(language) for language in homes}),
            home=config.home(tag),
            menus=places,
            settings=ground.theme.settings,
        )
    return infos


def _menu(items: Sequence[Menu], place: str, ground: Ground) -> tuple[MenuItem, ...]:
    files = {file.url for file in ground.static}

    def menu_item(item: Menu | MenuLink, *children: MenuItem) -> MenuItem:
        url = item.url if item.url in files else ground.config.page_url(item.url)
        return MenuItem(item.label, url, children)

    return tuple(menu_item(item, *map(menu_item, item.children)) for item in items if item.place == place)


def _reader(ground: Ground, infos: Mapping[str, SiteInfo], base: str, cache: Cache) -> Reader:
    forms = {tag: {name: form.languages[tag] for name, form in ground.forms.items()} for tag in infos}
    settings = ground.config.markdown
    markdown = MarkdownOptions(
        settings.preset, settings.trusted_html, settings.anchors, settings.highlight, settings.smart_quotes
    )
    env = environment(ground.theme.loader, "", ground.catalogs)
    renderer = Renderer(
        env,
        ground.theme.blocks,
        forms,
        infos,
        ground.catalogs,
        markdown,
        ground.data.tree,
        ground.broken_forms,
        ground.theme.anchors(),
        ground.config.zone,
        ground.config.forms.backend == "netlify",
    )
    names = ground.forms.keys()
    return Reader(ground.project, ground.config, ground.theme, ground.defaults, renderer, names, base, cache)


def _links(ground: Ground, site: Site, pages: Sequence[Page], claimed: Sequence[Claim]) -> Links:
    published = {page.path for page in site.all_pages()}
    return Links(
        ground.config.base_url,
        site.all_pages(),
        [page for page in pages if page.path not in published],
        {source.path for source in ground.markdown if isinstance(source, Source)} - {page.path for page in pages},
        [claim.url for claim in claimed] + ["/robots.txt", *ground.assets.urls],
        {file.path: file.url for file in site.static},
        ground.theme.anchors(),
    )


def _check_references(site: Site, links: Links, config: Config, theme: Theme) -> Iterator[Problem]:
    """What is wrong with each link, image or menu entry that leads nowhere."""
    addresses = [key for key, kind in theme.front_matter.items() if kind == "url"]
    for page in site.all_pages():
        own = [Reference(page.extra[key], page.line(key), 1) for key in addresses if page.line(key)]
        for reference in (*page.references, *own):
            if problem := links.problem(reference, page):
                yield problem
    for place, items in _menus(config):
        for number, item in enumerate(items):
            found = {(): item.url} | {("children", at): child.url for at, child in enumerate(item.children)}
            for at, url in found.items():
                if url and not links.is_known(url):
                    message = f"the menu links to `{url}`, which does not exist"
                    line = config.line(*place, number, *at, "url")
                    yield Problem(CONFIG_FILE, line, message, "", "warning", "broken-link")
    yield from check_rules_on_pages(config, site, links)


def _check_settings(theme: Theme, links: Links, config: Config) -> Iterator[Problem]:
    """What is wrong with each address among the settings that leads nowhere."""
    for name in theme.address_settings:
        url = theme.settings[name]
        if url and not links.is_known(url):
            message = f"setting `{name}` is {url!r}, which does not exist"
            yield Problem(CONFIG_FILE, config.line("settings", name), message, rule="broken-link")


def _check_forms(forms: Iterable[FormFile], links: Links) -> Iterator[Problem]:
    """What is wrong with each link in the words of a form."""
    for file in forms:
        for form in file.languages.values():
            html = " ".join([form.intro_html, *(field.label_html for field in form.fields)])
            for url in map(unescape, _HREF.findall(html)):
                if not links.is_known(url):
                    message = f"its words link to `{url}`, which does not exist"
                    yield Problem(file.path, 0, message, "write a path like /privacy/", "warning", "broken-link")


def _menus(config: Config) -> Iterator[tuple[tuple[str, ...], tuple[Menu, ...]]]:
    yield ("menu",), config.menu
    for language, own in config.languages.items():
        yield ("languages", language, "menu"), own.menu or ()
