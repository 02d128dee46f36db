"""The themes in a real browser: the menu on a phone, reading from right to left, print, forced colours, motion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect
from tests.conftest import NEWSLETTER, render, write_files

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
        assert Axe().run(page).violations_count == 0
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
