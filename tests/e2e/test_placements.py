"""What comes up while somebody reads, in a real browser: when it does, how it goes away, and that it stays away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FloatRect, Page
from tests.conftest import CONFIG, NEWSLETTER, write_files
from tests.e2e.conftest import accessibility_faults
from tests.e2e.static_host import hosted

POST = "---\ntitle: A long post\ndate: 2026-01-02\n---\n" + "\n\n".join(["Some words of a post. " * 40] * 40)
Read = Callable[..., Page]


@contextmanager
def reading(browser: Browser, folder: Path, where: str, theme: str = "default", **context: Any) -> Iterator[Page]:
    """A long post with the newsletter placed by a rule, as a visitor has it on arrival."""
    rule = f'theme = "{theme}"\n[[place]]\nform = "newsletter"\nwhere = "{where}"\n'
    files = {"leadpages.toml": CONFIG + rule, "forms/newsletter.toml": NEWSLETTER, "site/posts/a.md": POST}
    with hosted(write_files(folder / "project", files), folder) as site:
        visit = browser.new_context(**context)
        page = visit.new_page()
        page.goto(f"{site.url}/posts/a/")
        yield page
        visit.close()


def scroll(page: Page, part: float) -> None:
    page.evaluate("part => scrollTo({ top: part * document.documentElement.scrollHeight, behavior: 'instant' })", part)
    page.wait_for_timeout(500)  # longer than the way up takes


def is_up(page: Page, where: str) -> bool:
    return bool(
        page.evaluate("name => getComputedStyle(document.querySelector(name)).position === 'fixed'", f".{where}")
    )


def test_sidebar(browser: Browser, tmp_path: Path, theme: str) -> None:
    """On a small laptop it stands beside the text, which keeps 55 characters a line; on a tablet under it."""
    with reading(browser, tmp_path, "sidebar", theme, viewport={"width": 1024, "height": 768}) as page:
        paragraph, form = page.locator(".prose > p").last, page.locator(".sidebar form")

        def boxes() -> tuple[FloatRect, FloatRect]:
            text, sidebar = paragraph.bounding_box(), form.bounding_box()
            assert text and sidebar
            return text, sidebar

        text, sidebar = boxes()
        assert sidebar["x"] > text["x"] + text["width"]
        lines = paragraph.evaluate("text => text.clientHeight / parseFloat(getComputedStyle(text).lineHeight)")
        assert len(paragraph.inner_text()) / lines >= 55
        page.set_viewport_size({"width": 820, "height": 1180})
        text, sidebar = boxes()
        assert sidebar["y"] > text["y"] + text["height"]


@pytest.mark.parametrize(("where", "part"), [("bar", 0.3), ("slide-in", 0.6)])
def test_comes_up(browser: Browser, tmp_path: Path, where: str, part: float) -> None:
    """Not on arrival, but after some scrolling; closed once, it stands at the end for good, also on the next visit."""
    with reading(browser, tmp_path, where, viewport={"width": 390, "height": 800}) as page:
        assert not is_up(page, where)
        scroll(page, part)
        assert is_up(page, where)
        assert accessibility_faults(page) == ""
        page.locator(f".{where}").get_by_role("button", name="Close").click()
        assert not is_up(page, where)
        page.reload()
        scroll(page, part)
        assert not is_up(page, where)
        assert page.locator(f".{where}").is_visible()


def test_bar_opens_its_form(browser: Browser, tmp_path: Path) -> None:
    """The button of a bar opens the form over the page, without scripts too, and Escape closes it."""
    with reading(browser, tmp_path, "bar", java_script_enabled=False) as page:
        assert not page.locator("form").is_visible()
        page.locator(".bar > .button").click()
        assert page.get_by_label("E-mail").is_visible()
        page.keyboard.press("Escape")
        assert not page.locator("form").is_visible()


def test_exit(browser: Browser, tmp_path: Path) -> None:
    """When the pointer leaves at the top, once; refused, it does not come again."""
    with reading(browser, tmp_path, "exit") as page:
        leave = "document.documentElement.dispatchEvent(new MouseEvent('mouseleave', { clientY: %d }))"
        page.evaluate(leave % 50)
        assert not page.get_by_label("E-mail").is_visible()
        page.evaluate(leave % -1)
        assert page.get_by_label("E-mail").is_visible()
        page.wait_for_timeout(500)
        assert accessibility_faults(page) == ""
        page.get_by_role("button", name="Close").click()
        assert not page.get_by_label("E-mail").is_visible()
        page.reload()
        page.evaluate(leave % -1)
        assert not page.get_by_label("E-mail").is_visible()


@pytest.mark.parametrize("where", ["bar", "slide-in"])
def test_sent_is_done(browser: Browser, tmp_path: Path, where: str) -> None:
    """Who has sent the form is not asked again; who has made a mistake in it is."""
    with reading(browser, tmp_path, where) as page:
        answers = iter([{"errors": [{"field": "email", "message": "Enter e-mail"}]}, {"redirect": "/posts/a/"}])
        page.route(
            "**/f/newsletter",
            lambda route: (
                route.fulfill(json={"started": ""})
                if route.request.method == "GET"
                else route.fulfill(json=next(answers))
            ),
        )
        for again in (True, False):
            scroll(page, 0.6)
            if where == "bar":
                page.locator(".bar > .button").click()
            page.locator(f".{where} form").get_by_role("button").click()
            page.wait_for_timeout(3000)
            page.goto(page.url)
            scroll(page, 0.6)
            assert is_up(page, where) is again


def test_full_storage(browser: Browser, tmp_path: Path) -> None:
    """A bar can be closed where nothing more can be kept."""
    with reading(browser, tmp_path, "bar") as page:
        page.evaluate(
            "for (let size = 5e6; size >= 1; size /= 2) try { localStorage[size] = 'x'.repeat(size) } catch {}"
        )
        scroll(page, 0.6)
        page.get_by_role("button", name="Close").click()
        assert not is_up(page, "bar")


def test_bar_covers_nothing(browser: Browser, tmp_path: Path) -> None:
    """At the end of the page, the last link of the footer stands above the bar."""
    with reading(browser, tmp_path, "bar", viewport={"width": 390, "height": 800}) as page:
        scroll(page, 1)
        link, bar = page.locator("footer a").last.bounding_box(), page.locator(".bar").bounding_box()
        assert link and bar and link["y"] + link["height"] <= bar["y"]


def test_dialog_keeps_the_focus(browser: Browser, tmp_path: Path) -> None:
    """The keyboard stays in an open dialog, and goes back to its button afterwards."""
    with reading(browser, tmp_path, "bar") as page:
        scroll(page, 0.6)
        page.locator(".bar > .button").click()
        for _ in range(8):
            page.keyboard.press("Tab")
            assert page.evaluate(
                "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
            )
        page.keyboard.press("Escape")
        assert not page.get_by_label("E-mail").is_visible()
        assert page.locator(".bar > .button").evaluate("button => button === document.activeElement")


@pytest.mark.parametrize("where", ["bar", "slide-in"])
@pytest.mark.parametrize("context", [{"reduced_motion": "reduce"}, {"java_script_enabled": False}])
def test_stays_down(browser: Browser, tmp_path: Path, where: str, context: dict[str, Any]) -> None:
    """Where little motion is asked for, or scripts are off, it stands at the end of the page."""
    with reading(browser, tmp_path, where, **context) as page:
        page.mouse.wheel(0, 6000)
        page.wait_for_timeout(500)
        assert page.evaluate("scrollY") > 5000
        assert not is_up(page, where)
        assert page.locator(f".{where}").is_visible()
