"""A form with a proof of work in a real browser, with scripts and without."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.conftest import write_files
from tests.e2e.conftest import ARTEFACTS, Serve, Served, accessibility_faults

from leadpages.preview.places import database

PROJECT = {
    "leadpages.toml": 'title = "Site"\nbase_url = "https://www.example.com"\n',
    "site/guide.md": "---\ntitle: The guide\ntemplate: landing\n---\n\n# The guide\n\n::form{id=guide}\n",
    "forms/guide.toml": """\
title = "Get the guide"
challenge = "altcha"
min_seconds = 1
double_opt_in = false
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
[[fields]]
name = "about"
type = "textarea"
label = "About you"
""",
    "site/talk.md": "---\ntitle: A talk\ntemplate: landing\n---\n\n# A talk\n\n::form{id=talk}\n",
    "forms/talk.toml": """\
title = "Ask for a talk"
challenge = "turnstile"
min_seconds = 0
double_opt_in = false
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
""",
    "site/tour.md": "---\ntitle: A tour\ntemplate: landing\n---\n\n# A tour\n\n::form{id=tour}\n",
    "forms/tour.toml": """\
title = "Ask for a tour"
challenge = "altcha"
min_seconds = 0
double_opt_in = false
[[fields]]
name = "name"
type = "text"
label = "Name"
required = true
begins_step = "You"
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
begins_step = "Your address"
""",
}


@pytest.fixture(scope="module", params=["default", "editorial"])
def site(request: pytest.FixtureRequest, serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The site in each packaged theme."""
    config = f'{PROJECT["leadpages.toml"]}theme = "{request.param}"\n[forms]\nturnstile_site_key = "0x4AAA"\n'
    project = write_files(tmp_path_factory.mktemp(f"challenge-{request.param}"), {**PROJECT, "leadpages.toml": config})
    with serve(project) as served:
        yield served


def kept(site: Served) -> dict[str, str]:
    """Why what came from each address is in quarantine, "" where it counts."""
    with closing(sqlite3.connect(database(site.project))) as connection:
        return dict(connection.execute("SELECT email, quarantined_for FROM submissions"))


def picture(page: Page, site: Served, name: str) -> None:
    """Keep what is seen on a phone and on a desktop, in light and dark."""
    theme = site.project.name.removeprefix("challenge-").rstrip("0123456789")
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for width in (390, 1440):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.set_viewport_size({"width": width, "height": 844})
            page.screenshot(path=ARTEFACTS / f"challenge-{theme}-{name}-{width}-{scheme}.png", full_page=True)


def test_with_scripts(site: Served, browser: Browser) -> None:
    """The browser works while the form is filled in, and the visitor goes to the page of thanks."""
    page = browser.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(f"{site.url}/guide/")
    page.get_by_label("E-mail").fill("scripts@example.com")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/thanks/guide/")
    assert (kept(site)["scripts@example.com"], faults) == ("", [])
    page.close()


def test_who_is_quick_sees_and_hears_why_to_wait(site: Served, browser: Browser) -> None:
    """The line is a status; a second press while it stands there changes nothing."""
    page = browser.new_page()
    page.add_init_script(
        "const digest = crypto.subtle.digest.bind(crypto.subtle);"
        "crypto.subtle.digest = (...all) => window.go ? digest(...all) : new Promise(() => {});"
        "addEventListener('press', () => { window.go = true; });"
    )
    page.goto(f"{site.url}/guide/")
    status = page.get_by_role("status")
    expect(status).to_have_text("")
    page.get_by_label("E-mail").fill("quick@example.com")
    page.get_by_role("button", name="Send").click()
    expect(status).to_have_text("One moment: your browser is showing that you are a person.")
    assert accessibility_faults(page) == ""
    picture(page, site, "waits")
    page.get_by_role("button", name="Send").click()
    expect(page).to_have_url(f"{site.url}/guide/")
    page.close()


def test_in_steps(site: Served, browser: Browser) -> None:
    """Each step is checked without waiting; the last one sends the proof."""
    page = browser.new_page()
    page.goto(f"{site.url}/tour/")
    page.get_by_label("Name").fill("Ann")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("E-mail").fill("tour@example.com")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/thanks/tour/")
    assert kept(site)["tour@example.com"] == ""
    page.close()


def test_who_comes_back_sends_another(site: Served, browser: Browser) -> None:
    """The proof of the first form is spent, and there is a new one."""
    page = browser.new_page()
    for email in ("first@example.com", "second@example.com"):
        page.goto(f"{site.url}/guide/") if email.startswith("first") else page.go_back()
        page.get_by_label("E-mail").fill(email)
        page.get_by_role("button", name="Send").click()
        page.wait_for_url("**/thanks/guide/")
    assert (kept(site)["first@example.com"], kept(site)["second@example.com"]) == ("", "")
    page.close()


@pytest.mark.parametrize("broken", ["no scripts", "no Web Cryptography"])
def test_one_more_press(site: Served, browser: Browser, broken: str) -> None:
    """Who cannot work gets the form once more, and is through."""
    context = browser.new_context(java_script_enabled=broken != "no scripts")
    page = context.new_page()
    page.add_init_script("Object.defineProperty(crypto, 'subtle', { value: undefined });")  # as it is over plain http
    email = f"{broken.replace(' ', '-').lower()}@example.com"
    page.goto(f"{site.url}/guide/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("About you").fill("I write.")
    page.get_by_role("button", name="Send").click()
    expect(page).to_have_title("One more press, please: Get the guide | Site")
    expect(page.get_by_label("About you")).to_have_value("I write.")
    assert email not in kept(site)
    if broken == "no scripts":
        picture(page, site, "once-more")
    else:
        assert accessibility_faults(page) == ""
    page.wait_for_timeout(1100)
    page.get_by_role("button", name="Send").first.click()
    page.wait_for_url("**/thanks/guide/")
    assert kept(site)[email] == ""
    context.close()


#: What a widget does once it is content: here, half a second after it was loaded.
WIDGET = """
window.turnstile = { reset() {} };
setTimeout(() => {
  const input = Object.assign(document.createElement("input"), { type: "hidden", name: "cf-turnstile-response" });
  input.value = "a token";
  document.querySelector(".cf-turnstile").append(input);
}, 500);
"""


def test_who_is_quicker_than_the_widget_waits_for_it(site: Served, browser: Browser) -> None:
    """Its token goes along; as nobody can check it here, what came waits for a person."""
    page = browser.new_page()
    page.route("https://challenges.cloudflare.com/**", lambda r: r.fulfill(body=WIDGET, content_type="text/javascript"))
    page.goto(f"{site.url}/talk/")
    page.get_by_label("E-mail").fill("widget@example.com")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/thanks/talk/")
    assert kept(site)["widget@example.com"] == "captcha not verified: LEADPAGES_TURNSTILE_SECRET is not set"
    page.close()


def test_who_does_not_let_the_widget_in(site: Served, browser: Browser) -> None:
    """Presses once more, and is heard."""
    page = browser.new_page()
    page.route("https://challenges.cloudflare.com/**", lambda route: route.abort())
    page.goto(f"{site.url}/talk/")
    page.get_by_label("E-mail").fill("blocker@example.com")
    page.get_by_role("button", name="Send").click()
    expect(page).to_have_title("One more press, please: Ask for a talk | Site")
    page.get_by_role("button", name="Send").first.click()
    page.wait_for_url("**/thanks/talk/")
    assert kept(site)["blocker@example.com"] == ""
    page.close()


def test_who_is_offline_reads_so_and_tries_again(site: Served, browser: Browser) -> None:
    """In place, with what was typed; once there is a connection, the same press goes through."""
    page = browser.new_page()
    page.goto(f"{site.url}/guide/")
    page.context.set_offline(True)
    page.get_by_label("E-mail").fill("offline@example.com")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("This could not be sent. Are you online?")
    page.context.set_offline(False)
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/thanks/guide/")
    assert kept(site)["offline@example.com"] == ""
    page.close()
