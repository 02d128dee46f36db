"""The themes in a real browser: the menu on a phone, reading from right to left, print, forced colours, motion."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from tests.conftest import NEWSLETTER, NOW, render, write_files
from tests.e2e.conftest import ARTEFACTS, accessibility_faults, copy_demo

from leadpages.build.project import BUNDLE, Options, build
from leadpages.core.bundle import load

CONFIG = """\
title = "Test site"
base_url = "https://www.example.com"
[[menu]]
label = "Start"
url = "/"
[[menu]]
label = "More"
[[menu.children]]
label = "A post"
url = "/posts/a/"
"""
POST = """\
---
title: A post
date: 2026-03-31
tags: [Forms]
---

> [!TIP]
> Text with a [link](https://www.example.org/).

```python
print("a line that is much longer than a phone is wide", "and longer", "and longer", "and longer still")
```
"""
FILES = {
    "leadpages.toml": CONFIG,
    "forms/news.toml": NEWSLETTER,
    "site/index.md": "---\ntitle: Home\ntemplate: home\nform: news\n---\n\n# Welcome\n",
    "site/posts/a.md": POST,
}
ARABIC = {
    **FILES,
    "leadpages.toml": CONFIG.replace("Test site", "موقع تجريبي") + '[settings]\npreset = "forest"\n',
    "site/index.md": """\
---
title: "كيف تجذب عملاء جددًا"
description: "دليل عملي من عشر صفحات، مجانًا."
template: webinar
form: news
kicker: "ندوة مباشرة"
when: "الخميس 28 يناير 2027"
facts: ["45 دقيقة", "مجانًا"]
---

## ماذا ستتعلم

1. كيف تختار سؤالًا واحدًا
2. كيف تكتب صفحة واضحة

> صفحة واحدة، سؤال واحد.
""",
}
WAITING = """\
---
title: Soon
template: waitlist
form: news
---

Those on the list hear of it a week before everybody else.

- One
- Two words
"""
Show = Callable[..., Page]


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Opens `path` of a site that is built from files, in a window of its own; `options` are Playwright's."""
    with ExitStack() as windows:

        def opened(path: str, files: Mapping[str, str] = FILES, width: int = 390, **options: Any) -> Page:
            public = render(write_files(tmp_path, files)).public
            window = windows.enter_context(browser.new_context(viewport={"width": width, "height": 844}, **options))
            page = window.new_page()
            page.route("**/*", lambda route: _answer(route, public))
            page.goto(f"https://www.example.com{path}")
            return page

        yield opened


def _answer(route: Route, public: Mapping[str, bytes]) -> None:
    path = urlsplit(route.request.url).path.lstrip("/")
    path += "index.html" if not path or path.endswith("/") else ""
    route.fulfill(body=public[path], content_type=guess_type(path)[0])


@pytest.mark.parametrize("javascript", [True, False])
def test_the_menu_on_a_phone(javascript: bool, show: Show) -> None:
    """A button opens the menu, by hand and by key, without scripts; Escape closes it and goes back to the button."""
    page = show("/", java_script_enabled=javascript)
    menu, button = page.get_by_role("navigation", name="Main menu"), page.get_by_role("button", name="Menu")
    expect(menu).to_be_hidden()

    button.focus()
    page.keyboard.press("Enter")
    expect(menu).to_be_visible()
    page.keyboard.press("Tab")
    expect(menu.get_by_role("link", name="Start")).to_be_focused()
    menu.get_by_text("More").click()
    expect(menu.get_by_role("link", name="A post")).to_be_visible()
    if javascript:
        assert accessibility_faults(page) == ""
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()

    button.click()
    menu.get_by_role("link", name="A post").click()
    expect(page).to_have_url("https://www.example.com/posts/a/")


def test_the_menu_on_a_desk(show: Show) -> None:
    """With room for it, the menu stands there, and there is no button."""
    page = show("/", width=1280)

    expect(page.get_by_role("navigation", name="Main menu")).to_be_visible()
    expect(page.get_by_role("button", name="Menu")).to_be_hidden()


def test_long_lines_of_code(show: Show) -> None:
    """They are broken, not cut: nothing scrolls sideways, neither the page nor the code."""
    page = show("/posts/a/")

    for element in ("html", "pre"):
        assert page.eval_on_selector(element, "found => found.scrollWidth <= found.clientWidth")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_list_among_centred_words(width: int, show: Show) -> None:
    """It is as wide as its longest line and stands in the middle, so that each bullet is next to its words."""
    page = show("/", {**FILES, "site/index.md": WAITING}, width)

    around, found = page.locator(".prose").bounding_box(), page.locator(".prose ul").bounding_box()
    assert around and found
    assert found["width"] < around["width"] / 2
    assert found["x"] + found["width"] / 2 == pytest.approx(around["x"] + around["width"] / 2, abs=1)
    expect(page.locator(".prose li").first).to_have_css("text-align", "start")


@pytest.mark.parametrize("theme", ["default", "editorial"])
@pytest.mark.parametrize("width", [390, 1280])
def test_right_to_left(theme: str, width: int, show: Show) -> None:
    """An Arabic page is the mirror image: it begins at the right, and nothing lies outside of it."""
    config = f'language = "ar"\ntheme = "{theme}"\n{ARABIC["leadpages.toml"]}'
    page = show("/", ARABIC | {"leadpages.toml": config}, width)

    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    heading, form = page.locator(".prose h2").bounding_box(), page.locator(".lead-form").bounding_box()
    assert heading and form
    assert heading["x"] + heading["width"] > width / 2
    assert width == 390 or form["x"] + form["width"] < heading["x"] + heading["width"] / 2
    assert accessibility_faults(page) == ""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"rtl-{theme}-{width}.png", full_page=True)


def test_print(show: Show) -> None:
    """Paper has the text, and where its links lead; no menu, no form, no posts to go on with."""
    page = show("/posts/a/")
    page.emulate_media(media="print")

    for gone in (".site-menu", ".menu-button", ".lead-form", ".site-footer"):
        assert page.locator(f"{gone}:visible").count() == 0
    shown = "link => getComputedStyle(link, '::after').content"
    assert page.eval_on_selector(".admonition a", shown) == '" (https://www.example.org/)"'
    expect(page.locator(".prose h1")).to_be_visible()


def test_forced_colours(show: Show) -> None:
    """Where the system chooses the colours, buttons and bands have an edge, and no picture of ours lies under text."""
    page = show("/", ARABIC, forced_colors="active")

    styles = "found => [getComputedStyle(found).borderBottomWidth, getComputedStyle(found).borderImageSource]"
    assert page.eval_on_selector(".opening", styles) == ["1px", "none"]
    assert page.eval_on_selector(".lead-form .button", styles)[0] == "1px"


def test_reduced_motion(show: Show) -> None:
    """Nothing moves by itself, and no jump is a ride, for those who asked for that."""
    moving = "getComputedStyle(document.documentElement).scrollBehavior"

    assert show("/", reduced_motion="reduce").evaluate(moving) == "auto"
    assert show("/", reduced_motion="no-preference").evaluate(moving) == "smooth"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_mail_in_a_narrow_window(scheme: Literal["light", "dark"], browser: Browser, tmp_path: Path) -> None:
    """A mail can be read on the smallest phone, in light and in dark."""
    build(write_files(tmp_path, FILES), tmp_path / "built", Options(), NOW)
    pieces = load(tmp_path / "built" / BUNDLE).mails["news"]["confirm"].html
    with closing(browser.new_context(viewport={"width": 320, "height": 600}, color_scheme=scheme)) as window:
        page = window.new_page()
        mail = "".join(piece if isinstance(piece, str) else "#" for piece in pieces)
        # As webmail shows it: the landmark and the first heading are those of the page around it.
        page.set_content(f"<!doctype html><title>Inbox</title><main><h1>Inbox</h1>{mail}</main>")

        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert accessibility_faults(page) == ""
        page.screenshot(path=ARTEFACTS / f"mail-{scheme}.png", full_page=True)


@pytest.mark.parametrize("theme", ["quayside", "editorial"])
def test_landing_templates(theme: str, browser: Browser, tmp_path: Path) -> None:
    """Each of the demo's is accessible and fits, on a phone and a desk, in both themes; no picture moves the text."""
    project = copy_demo(tmp_path)
    config = (project / "leadpages.toml").read_text("utf-8").replace('theme = "quayside"', f'theme = "{theme}"')
    config = config.replace("quayside.example", "www.example.com") + "[images]\nformats = []\n"
    (project / "leadpages.toml").write_text(config)
    glossary = project / "site/glossary.md"
    glossary.write_text(glossary.read_text("utf-8").replace("template: glossary\n", ""))  # it is the other theme's
    public = render(project).public
    paths = [path.removesuffix("index.html") for path in public if re.fullmatch(r"landing/\w+/index.html", path)]
    assert len(paths) == 7
    looks: list[tuple[int, Literal["light", "dark"]]] = [(390, "light"), (1280, "dark")]
    for width, scheme in looks:
        with closing(browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)) as window:
            page = window.new_page()
            page.route("**/*", lambda route: _answer(route, public))
            for path in paths:
                page.goto(f"https://www.example.com/{path}")
                assert accessibility_faults(page) == "", f"{path} {width} {scheme}"
                assert page.evaluate("document.documentElement.scrollWidth") <= width, path
                assert page.locator("img:not([width][height])").count() == 0, path
                name = f"{path.strip('/').replace('/', '-')}-{theme}-{width}-{scheme}"
                page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)
