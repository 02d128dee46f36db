"""Every form of the demo by keyboard alone, with scripts and without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.e2e.conftest import ROOT, Served

FORMS = sorted(path.stem for path in (ROOT / "forms").iterdir())
TYPED = {
    "text": "Ana Sá",
    "email": "ana@example.com",
    "url": "https://www.example.com/",
    "tel": "+49 30 1234567",
    "number": "1200",
    "date": "12242026",
    "textarea": "Thank you.",
}

#: The stop that follows in the form; of the radio buttons of one name only one is a stop.
NEXT = """form => {
    const here = document.activeElement;
    return [...form.elements].find(control =>
        here.compareDocumentPosition(control) & Node.DOCUMENT_POSITION_FOLLOWING
        && control.matches("button, input:not([type=hidden]), select, textarea")
        && control.tabIndex >= 0 && !control.disabled && control.checkVisibility()
        && !(control.type === "radio" && control.name === here.name)
    );
}"""
IS_SEEN = """() => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 || boxShadow !== "none";
}"""


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A window of somebody who has no pointer."""
    context = browser.new_context(java_script_enabled=request.param, locale="en-US")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", FORMS)
def test_form(page: Page, demo: Served, name: str) -> None:
    """Each control is reached in order, shows that it has the focus, and takes an answer; Enter sends them."""
    start = demo.url + page_with(demo, name)
    page.goto(start)
    form = page.locator(f"form[action='/f/{name}']")
    while form.locator(":focus").count() == 0:
        tab(page)
    while page.url == start:
        answer(page, form)
        if page.url == start:
            following = form.evaluate_handle(NEXT)
            tab(page)
            assert page.evaluate("next => next === document.activeElement", following), html_of_focus(page)

    expect(page.locator(".error-summary")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def page_with(demo: Served, form: str) -> str:
    """The path of the shortest English page with a form."""
    public = demo.project / ".leadpages/serve/public"
    pages = {file: file.read_text("utf-8") for file in public.rglob("*.html")}
    found = [file for file, html in pages.items() if f'action="/f/{form}"' in html and '<html lang="en"' in html]
    shortest = min(found, key=lambda file: len(pages[file]))
    return f"/{shortest.relative_to(public).as_posix().removesuffix('index.html')}"


def tab(page: Page) -> None:
    """Go on to the next control, past the parts of a date, and see that it has the focus."""
    before = page.evaluate_handle("document.activeElement")
    while page.evaluate("before => before === document.activeElement", before):
        page.keyboard.press("Tab")
    assert page.evaluate(IS_SEEN), html_of_focus(page)


def html_of_focus(page: Page) -> str:
    """What has the focus."""
    return str(page.evaluate("document.activeElement.outerHTML"))


def answer(page: Page, form: Locator) -> None:
    """Give the control with the focus an answer, or press the button."""
    control = form.locator(":focus")
    kind = control.evaluate("control => control.type")
    if kind == "submit":
        submit(page, form)
    elif kind in ("checkbox", "radio"):
        page.keyboard.press("Space")
        if kind == "radio":
            page.keyboard.press("ArrowDown")
        expect(form.locator(":focus")).to_be_checked()
    elif kind == "select-one":
        page.keyboard.press("ArrowDown")
        expect(control).not_to_have_value("")
    elif kind in TYPED:
        page.keyboard.type(TYPED[kind])
        expect(control).not_to_have_value("")


def submit(page: Page, form: Locator) -> None:
    """Press the button with Enter; it leads to another page, or to the next step of the form."""
    url = page.url
    page.keyboard.press("Enter")
    for _ in range(100):
        if page.url != url or form.locator("legend:focus").count():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"nothing was sent: {form.inner_text()}")
