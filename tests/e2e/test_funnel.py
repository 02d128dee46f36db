"""The main job in a real browser: from the landing page to the bytes of the download."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.conftest import ARTEFACTS, Installed, Served, accessibility_faults

MAGNET = Path("forms/playbook/lead-magnet-playbook.pdf")


class Visitor:
    """A person with a browser: knows how to keep pictures, and who was asked for what."""

    def __init__(self, page: Page, base: str, name: str, javascript: bool) -> None:
        self.page, self.base, self.name, self.javascript = page, base, name, javascript
        self.hosts: set[str] = set()
        self._pictures = 0
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))

    def picture(self, what: str) -> None:
        """Keep a screenshot for people to look at."""
        self._pictures += 1
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{self.name}-{self._pictures:02d}-{what}.png", full_page=True)

    def check_accessibility(self) -> None:
        """No violation of WCAG 2.2 A and AA, nor of axe's best practices."""
        if self.javascript:
            assert accessibility_faults(self.page) == ""

    def open_mail(self, subject: str) -> None:
        """Wait for the newest mail to be this one, and open it."""
        for _ in range(50):
            self.page.goto(f"{self.base}/_/mail")
            newest = self.page.locator("li a").first
            if newest.count() and subject in newest.inner_text():
                newest.click()
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"no mail {subject!r} came")


@pytest.fixture(params=[(390, False), (1280, False), (390, True), (1280, True)], ids=lambda p: f"{p[0]}-js{p[1]}")
def visitor(request: pytest.FixtureRequest, browser: Browser, demo: Served) -> Iterator[Visitor]:
    """Someone with a phone or a desktop, with scripts or without, in light or dark."""
    width, javascript = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        java_script_enabled=javascript,
        color_scheme="dark" if javascript else "light",
        accept_downloads=True,
    )
    name = f"funnel-{width}-{'js' if javascript else 'nojs'}"
    yield Visitor(context.new_page(), demo.url, name, javascript)
    context.close()


def test_funnel(visitor: Visitor, demo: Served, installed: Installed, tmp_path: Path) -> None:
    """A visitor sees errors, mends them, confirms by mail, and downloads the exact file; the lead is in the export."""
    page, address = visitor.page, f"{visitor.name}@example.com"
    page.goto(f"{visitor.base}/playbook/")
    visitor.picture("landing")
    visitor.check_accessibility()
    form = page.locator("form[action='/f/playbook']")

    form.get_by_role("button").click()
    if visitor.javascript:
        expect(page.locator(".error-summary")).to_be_focused()
        expect(page.locator(".error-summary a")).to_have_text(
            ["Enter first name", "Enter work e-mail", "Choose an answer for “How many people are in marketing?”"]
        )
        expect(page.locator("#form-name")).to_have_attribute("aria-invalid", "true")
        visitor.picture("empty")
        visitor.check_accessibility()
    else:
        expect(page.locator("#form-name")).to_be_focused()  # where the browser shows its own message
    assert page.url == f"{visitor.base}/playbook/"

    page.get_by_label("First name").fill("Ana <b>")
    page.get_by_label("Work e-mail").fill("ana@example")  # good enough for the browser, not for the handler
    page.get_by_label("How many people").select_option(index=1)
    form.get_by_role("button").click()
    expect(page.locator(".error-summary a")).to_have_text(["Enter work e-mail in the format name@example.com"])
    expect(page).to_have_title("Error: The Lead Magnet Playbook | Quayside")
    expect(page.get_by_label("First name")).to_have_value("Ana <b>")
    visitor.picture("wrong-address")
    visitor.check_accessibility()

    page.get_by_label("Work e-mail").fill(address)
    page.get_by_role("button", name="Send me the playbook").click()
    page.wait_for_url(f"{visitor.base}/playbook/thank-you/")
    visitor.picture("thank-you")
    visitor.check_accessibility()

    visitor.open_mail("confirm")
    visitor.picture("confirm-mail")
    page.frame_locator("iframe").get_by_role("link", name="Confirm").click()
    page.wait_for_url(f"{visitor.base}/c/*")
    visitor.picture("confirm")
    visitor.check_accessibility()
    page.get_by_role("button", name="Confirm my address").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("confirmed")
    visitor.picture("confirmed")
    visitor.check_accessibility()

    visitor.open_mail("Playbook")
    visitor.picture("deliver-mail")
    with page.expect_download() as download:
        page.frame_locator("iframe").get_by_role("link", name="Download").click()
    assert Path(download.value.path()).read_bytes() == (demo.project / MAGNET).read_bytes()
    assert visitor.hosts == {visitor.base.removeprefix("http://")}

    exported = installed.run("leads", "export", "--format", "jsonl", cwd=demo.project)
    (lead,) = [entry for entry in map(json.loads, exported.splitlines()) if entry["email"] == address]
    assert (lead["status"], lead["downloads"], lead["page"]) == ("confirmed", 1, "/playbook/")
    assert lead["answers"]["name"] == "Ana <b>"
    assert address in installed.run("leads", "export", cwd=demo.project)


@pytest.mark.parametrize(
    "path", ["/", "/about/", "/blocks/", "/demo/", "/posts/", "/posts/cost-per-lead-and-roi/", "/privacy/"]
)
def test_pages_are_accessible(browser: Browser, demo: Served, path: str) -> None:
    """Every kind of page passes axe on a phone and a desktop, in light and dark, with no sideways scrolling."""
    for width, scheme in ((390, "light"), (1280, "dark")):
        context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
        visitor = Visitor(context.new_page(), demo.url, f"page-{width}-{scheme}{path.replace('/', '-')}", True)
        visitor.page.goto(f"{demo.url}{path}")
        visitor.check_accessibility()
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
        visitor.picture("whole")
        context.close()
