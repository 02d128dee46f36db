"""Which forms and calls to action the rules of `leadpages.toml` put on a page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Literal

from leadpages.build.config import Config, Place
from leadpages.build.pages import Page
from leadpages.build.site import term_url

#: A page has one thing at each of these at most.
Slot = Literal["end", "heading", "sidebar", "overlay"]
_OVERLAYS: Final = ("bar", "slide-in", "exit")


def placements(page: Page, config: Config, forms: Collection[str]) -> Mapping[Slot, Place]:
    """What the first rule that fits puts at each place of `page`.

    A rule with a form that is not among `forms` fits nowhere: the configuration has a problem, which is said once.
    """
    found: dict[Slot, Place] = {}
    for rule in config.place:
        if (rule.cta or rule.form in forms) and _fits(rule, page, config):
            found.setdefault("overlay" if rule.where in _OVERLAYS else rule.where, rule)  # type: ignore[arg-type]
    return found


def _fits(rule: Place, page: Page, config: Config) -> bool:
    if rule.language not in ("", page.language):
        return False
    if rule.tag and term_url(config, "tags", rule.tag, "") not in {term_url(config, "tags", t, "") for t in page.tags}:
        return False
    if not rule.folder:
        return page.is_post
    place = page.path.removeprefix("site/").removeprefix(f"{page.language}/")
    return place.startswith(f"{rule.folder.strip('/')}/")
