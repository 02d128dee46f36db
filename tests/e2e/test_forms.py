"""What forms can do in a real browser, with scripts and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from tests.e2e.conftest import ARTEFACTS, Serve, Served

PROJECT = {
    "leadpages.toml": 'title = "Site"\nbase_url = "https://www.example.com"\n',
    "site/visit.md": "---\ntitle: Visit us\ntemplate: landing\n---\n\n# Visit us\n\n::form{id=visit}\n",
    "forms/visit.toml": """\
title = "Ask for a visit"
min_seconds = 0
double_opt_in = false
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
[[fields]]
name = "answer_by"
type = "radio"
label = "How shall we answer?"
required = true
choices = [{ value = "mail", label = "By mail" }, { value = "tel", label = "By phone" }]
[[fields]]
name = "phone"
type = "tel"
label = "Phone"
required = true
show_when = { field = "answer_by", one_of = ["tel"] }
""",
}

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def site(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site with a form of each kind, served."""
    project = tmp_path_factory.mktemp("forms")
    for path, content in PROJECT.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(content, "utf-8")
    with serve(project) as served:
        yield served


@pytest.fixture
def visit(browser: Browser, site: Served) -> Iterator[Visit]:
    """Opens a page of the site, on a phone in dark or on a desktop in light."""
    contexts = []

    def open_page(path: str, javascript: bool = True, width: int = 390) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 844},
            java_script_enabled=javascript,
            color_scheme="dark" if width == 390 else "light",
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(site.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()


def check(page: Page, name: str) -> None:
    """Keep a picture; no violation of WCAG, nor of axe's best practices."""
    page.screenshot(path=ARTEFACTS / f"forms-{page.viewport_size['width']}-{name}.png", full_page=True)  # type: ignore[index]
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_field_comes_with_the_answer_that_asks_for_it(visit: Visit, width: int) -> None:
    """It is hidden and not sent before; its note, which is for visitors without scripts, is not shown."""
    page = visit("/visit/", width=width)
    phone = page.get_by_label("Phone", exact=True)
    expect(phone).to_be_hidden()
    page.get_by_label("By phone").check()
    expect(phone).to_be_visible()
    expect(page.locator(".condition")).to_be_hidden()
    check(page, "shown")
    page.get_by_label("E-mail").fill("ann@example.com")
    page.get_by_role("button").click()
    expect(page.locator(".error-summary a")).to_have_text(["Enter phone"])
    check(page, "shown-error")
    page.get_by_label("By mail").check()
    expect(phone).to_be_hidden()
    page.get_by_role("button").click()
    page.wait_for_url("**/thanks/visit/")


def test_without_scripts_the_note_says_when_a_field_counts(visit: Visit) -> None:
    """It may stay empty when it does not count; when it does, the handler asks for it."""
    page = visit("/visit/", javascript=False)
    expect(page.get_by_text("If the answer to “How shall we answer?” is: By phone")).to_be_visible()
    page.get_by_label("E-mail").fill("ann@example.com")
    page.get_by_label("By phone").check()
    page.get_by_role("button").click()
    expect(page.locator(".error-summary a")).to_have_text(["Enter phone"])
    page.get_by_label("By mail").check()
    page.get_by_role("button").click()
    page.wait_for_url("**/thanks/visit/")
