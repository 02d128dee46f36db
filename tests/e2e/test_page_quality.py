"""Every page of the demo, in each packaged theme: valid, accessible, at any zoom, still, and light."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from tests.bench.page_weight import on_the_wire, weigh
from tests.e2e.conftest import accessibility_faults, checker, load_all
from tests.e2e.static_host import Hosted

#: Whatever reaches beyond the window, and text that its box cuts off. What scrolls in its own box may be wider.
TOO_WIDE = """() => {
    const name = (element) => `${element.tagName.toLowerCase()}.${element.className}`;
    const cut = [...document.body.querySelectorAll("*")].filter((element) => {
        const { overflowX, clipPath } = getComputedStyle(element);
        const hides = ["hidden", "clip"].includes(overflowX) && clipPath === "none";
        return hides && element.scrollWidth > element.clientWidth + 1;
    });
    const root = document.documentElement;
    return [...(root.scrollWidth > root.clientWidth ? ["the page"] : []), ...cut.map(name)];
}"""

#: Adds up every shift (https://wicg.github.io/layout-instability/) and keeps what moved.
WATCH_SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const { value, sources } of list.getEntries())
            shifts.push(`${value} ${sources.map(({ node }) => node?.outerHTML?.slice(0, 80)).join()}`);
    }).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A phone."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def test_valid_html_and_css(hosted_demo: Hosted) -> None:
    """The Nu HTML checker finds no error in any page or style sheet, and has no warning."""
    files = [*map(str, hosted_demo.public.rglob("*.html")), *map(str, hosted_demo.public.rglob("*.css"))]
    jar = checker("vnu-jar/build/dist/vnu.jar")
    command = ["java", "-jar", jar, "--also-check-css", "--stdout", "--exit-zero-always", "--format", "json", *files]
    said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    found = [f"{m['url']}:{m.get('lastLine')}: {m['message']}\n{m.get('extract')}" for m in said["messages"]]

    assert found == []


def test_weight(hosted_demo: Hosted) -> None:
    """A page with its style fits into what a server sends before it first waits, and its scripts are few."""
    (form_script,) = hosted_demo.public.glob("assets/form.*.js")
    (extras,) = hosted_demo.public.glob("assets/form-extras.*.js")

    assert [weight for weight in weigh(hosted_demo.public) if weight.is_heavy] == []
    assert on_the_wire(form_script) <= 2 * 1024
    assert on_the_wire(form_script) + on_the_wire(extras) <= 4 * 1024


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(page: Page, hosted_demo: Hosted, scheme: str) -> None:
    """No page violates WCAG 2.2 A or AA, or axe's best practices."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    faults = []
    for path in hosted_demo.pages:
        page.goto(hosted_demo.url + path)
        if found := accessibility_faults(page):
            faults.append(f"{path}: {found}")

    assert not faults, "\n".join(faults)


def test_zoom(page: Page, hosted_demo: Hosted) -> None:
    """At 200 and 400 % of a window of 1,280 pixels, and with text twice as large, nothing is cut off or beside it.

    WCAG 2.2, 1.4.4 and 1.4.10: a zoomed window has fewer pixels of CSS.
    """
    found = {}
    for path in hosted_demo.pages:
        page.set_viewport_size({"width": 640, "height": 400})
        page.goto(hosted_demo.url + path)
        found[path, "200 %"] = page.evaluate(TOO_WIDE)
        page.set_viewport_size({"width": 320, "height": 256})
        found[path, "400 %"] = page.evaluate(TOO_WIDE)
        page.set_viewport_size({"width": 1280, "height": 800})
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        found[path, "large text"] = page.evaluate(TOO_WIDE)

    assert {where: what for where, what in found.items() if what} == {}


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_moves(browser: Browser, hosted_demo: Hosted, width: int) -> None:
    """Nothing that is on show changes its place while a page loads, or is scrolled through."""
    context = browser.new_context(viewport={"width": width, "height": 844})
    context.add_init_script(WATCH_SHIFTS)
    page = context.new_page()

    def shifts(path: str) -> list[str]:
        load_all(page, hosted_demo.url + path)
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return list(page.evaluate("shifts"))

    # Twice, where something moves: a browser that is short of time paints a page that it has half read.
    found = {path: shifts(path) for path in hosted_demo.pages if shifts(path)}
    context.close()

    assert {path: moved for path, moved in found.items() if moved} == {}
