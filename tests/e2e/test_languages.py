"""A German visitor in a real browser: an invalid form, a valid one, the mail."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.e2e.conftest import Serve

PROJECT = {
    "leadpages.toml": 'title = "Site"\nbase_url = "https://www.example.com"\n[languages.de]\ntitle = "Seite"\n',
    "site/news.md": "---\ntitle: News\ntemplate: landing\n---\n\n::form{id=news}\n",
    "site/news.de.md": "---\ntitle: Neues\ntemplate: landing\n---\n\n::form{id=news}\n",
    "forms/news.toml": """\
title = "News by mail"
min_seconds = 0
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
[translations.de]
title = "Neues per E-Mail"
[translations.de.fields.email]
label = "E-Mail-Adresse"
""",
}


@pytest.mark.parametrize("javascript", [True, False])
def test_a_german_visitor_meets_no_english_word(
    browser: Browser, serve: Serve, tmp_path: Path, javascript: bool
) -> None:
    """From the form's errors to the page that thanks, with scripts and without, and on to the mail."""
    for path, content in PROJECT.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content, "utf-8")
    context = browser.new_context(java_script_enabled=javascript)
    page = context.new_page()
    with serve(tmp_path) as served:
        page.goto(f"{served.url}/de/news/")
        expect(page.locator("html")).to_have_attribute("lang", "de")
        page.fill("[name=email]", "ann@nowhere")
        page.click("text=Absenden")
        expect(page.locator(".error-summary h3")).to_have_text("Es gibt ein Problem")
        message = "Bitte geben Sie „E-Mail-Adresse“ in der Form name@example.com an"
        expect(page.locator(".error-summary a")).to_have_text(message)
        expect(page).to_have_title("Fehler: Neues | Seite" if javascript else "Fehler: Neues per E-Mail | Seite")
        page.fill("[name=email]", "ann@example.com")
        page.click("text=Absenden")
        page.wait_for_url(f"{served.url}/de/thanks/news/")
        expect(page.locator("h1")).to_have_text("Sehen Sie in Ihr Postfach")
        page.goto(f"{served.url}/_/mail")
        page.wait_for_timeout(500)
        page.goto(f"{served.url}/_/mail")
        expect(page.locator("li a").first).to_contain_text("Bitte bestätigen Sie: Neues per E-Mail")
    context.close()
