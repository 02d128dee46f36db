"""Which forms and calls to action the rules of `leadpages.toml` put on a page."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final, Literal

from leadpages.build.config import FILE as CONFIG_FILE
from leadpages.build.config import Config, Cta, Place, Where
from leadpages.build.documents import POST_MARKER
from leadpages.build.links import Links
from leadpages.build.pages import Page
from leadpages.build.site import Site, term_url
from leadpages.build.theme import BlockFile
from leadpages.core.errors import Problem, nearest

#: A page has one thing at each of these at most.
Slot = Literal["end", "heading", "sidebar", "overlay"]
_SLOTS: Final[Mapping[Where, Slot]] = {
    "end": "end",
    "heading": "heading",
    "sidebar": "sidebar",
    "bar": "overlay",
    "slide-in": "overlay",
    "exit": "overlay",
}
#: The templates that have room beside the text; on other pages, what belongs there stands at the end.
_WITH_SIDEBAR: Final = ("post", "page")


def placements(page: Page, config: Config, forms: Collection[str]) -> Mapping[Slot, Place]:
    """What the first rule that fits puts at each place of `page`.

    A rule with a form that is not among `forms` fits nowhere: the configuration has a problem, which is said once.
    """
    found: dict[Slot, Place] = {}
    for rule in config.place:
        if (rule.cta or rule.form in forms) and _fits(rule, page, config):
            found.setdefault(_slot(rule, page), rule)
    return found


def _slot(rule: Place, page: Page) -> Slot:
    slot = _SLOTS[rule.where]
    return "end" if slot == "sidebar" and page.template not in _WITH_SIDEBAR else slot


def _fits(rule: Place, page: Page, config: Config) -> bool:
    """Whether `page` is one that a rule is for: not the one that it leads to."""
    if rule.language not in ("", page.language) or (rule.cta and rule.cta.href == page.url):
        return False
    if rule.tag and term_url(config, "tags", rule.tag, "") not in {term_url(config, "tags", t, "") for t in page.tags}:
        return False
    if not rule.folder:
        return page.is_post
    folder = rule.folder.strip("/")
    return not folder or page.path.removeprefix("site/").removeprefix(f"{page.language}/").startswith(f"{folder}/")


def _covers(earlier: Place, rule: Place) -> bool:
    """Whether `earlier` takes the place of `rule` on every page that this is for."""
    folder, inner = (place.folder and place.folder.strip("/") + "/" for place in (earlier, rule))
    return (
        _SLOTS[earlier.where] == _SLOTS[rule.where]
        and earlier.tag in ("", rule.tag)
        and earlier.language in ("", rule.language)
        and (folder in ("/", inner) or (bool(folder) and inner.startswith(folder)))
    )


def check_rules(config: Config, blocks: Mapping[str, BlockFile], forms: Collection[str]) -> Iterator[Problem]:
    """What is wrong with the rules themselves: `forms` are all that somebody wrote."""
    attributes = blocks["cta"].attributes
    lacking = {"href", "label"} - attributes.keys()
    lacking |= {name for name, attribute in attributes.items() if attribute.required} - Cta.model_fields.keys()
    for number, rule in enumerate(config.place):
        if rule.form and rule.form not in forms:
            line, message = config.line("place", number, "form"), f"names form `{rule.form}`, which does not exist"
            yield Problem(CONFIG_FILE, line, f"a [[place]] {message}", nearest(rule.form, forms), rule="unknown-form")
        if rule.language and rule.language not in config.all_languages:
            line, message = config.line("place", number, "language"), f"names the language `{rule.language}`"
            hint = "expected one of " + ", ".join(config.all_languages)
            yield Problem(CONFIG_FILE, line, f"a [[place]] {message}, which the site does not have", hint)
        if rule.cta and lacking:
            message = "a [[place]] fills `href`, `label`, `title` and `text` of the theme's block `cta`"
            hint = f"that block and it do not go together: `{sorted(lacking)[0]}`"
            yield Problem(CONFIG_FILE, config.line("place", number, "cta"), message, hint)
        before = enumerate(config.place[:number])
        if (first := next((at for at, earlier in before if _covers(earlier, rule)), None)) is not None:
            message = "this [[place]] never counts: an earlier one puts something there on all of its pages"
            hint = f"move it before the one on line {config.line('place', first)}"
            yield Problem(CONFIG_FILE, config.line("place", number), message, hint, "warning", "place")


def check_rules_on_pages(config: Config, site: Site, links: Links) -> Iterator[Problem]:
    """What is wrong with the rules as it shows on pages: none that they are for, or links that lead nowhere."""
    for number, rule in enumerate(config.place):
        page = next((page for page in site.all_pages() if _fits(rule, page, config)), None)
        if page is None and (rule.tag or rule.folder or rule.language):
            message = "there is no page that this [[place]] is for"
            hint = (
                f"`{POST_MARKER}` is no tag: leave it out, and all posts are meant" if rule.tag == POST_MARKER else ""
            )
            yield Problem(CONFIG_FILE, config.line("place", number), message, hint, "warning", "place")
        elif page and rule.cta and not links.is_known(links.href(rule.cta.href, page)):
            message = f"a [[place]] links to `{rule.cta.href}`, which does not exist"
            yield Problem(
                CONFIG_FILE, config.line("place", number, "cta", "href"), message, "", "warning", "broken-link"
            )
