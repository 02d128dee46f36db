"""What forms can do in a real browser, with scripts and without."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.conftest import ARTEFACTS, Serve, Served, accessibility_faults

TOUR = """\
min_seconds = 0
double_opt_in = false
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
begins_step = "About you"
[[fields]]
name = "topics"
type = "checkbox"
label = "Topics"
required = true
choices = ["Pages", "Mails"]
[[fields]]
name = "mails"
type = "number"
label = "How many mails?"
required = true
begins_step = "Your mails"
show_when = { field = "topics", one_of = ["Mails"] }
[[fields]]
name = "day"
type = "date"
label = "Day"
begins_step = "When"
"""
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
    "site/write.md": "---\ntitle: Write\ntemplate: landing\n---\n\n# Write\n\n::form{id=write}\n",
    "forms/write.toml": """\
title = "Write to us"
min_seconds = 0
double_opt_in = false
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
[[fields]]
name = "home"
type = "country"
label = "Country"
required = true
prefill = true
[[fields]]
name = "topics"
type = "checkbox"
label = "Topics"
choices = ["Pages", "Mails"]
prefill = true
[[fields]]
name = "phone"
type = "tel"
label = "Phone"
show_when = { field = "topics", one_of = ["Mails"] }
[[fields]]
name = "text"
type = "textarea"
label = "Text"
max_length = 20
counter = true
prefill = true
""",
    "site/tour.md": "---\ntitle: A tour\ntemplate: landing\n---\n\n# A tour\n\n::form{id=tour}\n",
    "forms/tour.toml": f"""\
title = "Ask for a tour"
button = "Send it all"
{TOUR}
[[fields]]
name = "agree"
type = "consent"
label = "I agree."
required = true
begins_step = "Last"
""",
    "site/apply.md": "---\ntitle: Apply\ntemplate: landing\n---\n\n# Apply\n\n::form{id=apply}\n",
    "forms/apply.toml": """\
title = "Work with us"
min_seconds = 0
double_opt_in = false
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
[[fields]]
name = "cv"
type = "file"
label = "Your CV"
required = true
accept = [".pdf"]
""",
    "site/know.md": "---\ntitle: Know\ntemplate: landing\n---\n\n# Know\n\n::form{id=know}\n",
    "forms/know.toml": """\
title = "Know more"
min_seconds = 0
double_opt_in = false
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
[[fields]]
name = "role"
type = "text"
label = "Role"
queued = true
[[fields]]
name = "team"
type = "select"
label = "Team"
choices = ["Small", "Large"]
queued = true
""",
    "site/talk.md": "---\ntitle: Talk\ntemplate: landing\n---\n\n# Talk\n\n::form{id=talk}\n",
    "forms/talk.toml": f"""\
title = "Talk to us"
button = "Send it all"
style = "conversation"
{re.sub("begins_step.*", "", TOUR)}
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
    said: list[str] = []

    def open_page(path: str, javascript: bool = True, width: int = 390) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 844},
            java_script_enabled=javascript,
            color_scheme="dark" if width == 390 else "light",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.goto(site.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [text for text in said if "422" not in text] == []


def check(page: Page, name: str) -> None:
    """Keep a picture; no violation of WCAG, nor of axe's best practices."""
    page.screenshot(path=ARTEFACTS / f"forms-{page.viewport_size['width']}-{name}.png", full_page=True)  # type: ignore[index]
    assert accessibility_faults(page) == ""


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


@pytest.mark.parametrize("javascript", [True, False])
def test_a_file_goes_with_the_form(visit: Visit, site: Served, javascript: bool) -> None:
    """One of another kind does not, and the page says why; the right one is kept as it was sent."""
    page = visit("/apply/", javascript)
    expect(page.get_by_text(".pdf, up to 5 MB")).to_be_visible()
    page.get_by_label("E-mail").fill(f"ann{javascript}@example.com")
    page.get_by_label("Your CV").set_input_files({"name": "cv.pdf", "mimeType": "application/pdf", "buffer": b"MZ"})
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".error-summary a")).to_have_text(["The file for “Your CV” is not what its name says"])
    if javascript:
        check(page, "upload-error")
    content = b"%PDF-1.7 of Ann" + str(javascript).encode()
    page.get_by_label("Your CV").set_input_files({"name": "cv.pdf", "mimeType": "application/pdf", "buffer": content})
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/thanks/apply/")
    assert content in [file.read_bytes() for file in site.project.rglob("uploads/*.pdf")]


def test_the_next_question_for_whom_is_known(visit: Visit) -> None:
    """What was answered is not asked again, what was left open is; none is left in the end."""
    page = visit("/know/")
    for answer, asked in ((None, "Role"), ("Sales", "Role"), ("Small", "Team"), (None, "")):
        shown = [label for label in ("Role", "Team") if page.get_by_label(label).is_visible()]
        assert shown == ([asked] if asked else [])
        page.get_by_label("E-mail").fill("ann@example.com")
        if answer and asked == "Role":
            page.get_by_label("Role").fill(answer)
        elif answer:
            page.get_by_label("Team").select_option(answer)
        page.get_by_role("button").click()
        page.wait_for_url("**/thanks/know/")
        page.goto(page.url.replace("thanks/", ""))
    assert page.evaluate("localStorage.answered") == '["role","team"]'


def test_without_scripts_the_first_question_of_the_queue_is_asked(visit: Visit) -> None:
    """And the form is sent with it."""
    page = visit("/know/", javascript=False)
    expect(page.get_by_label("Role")).to_be_visible()
    expect(page.get_by_label("Team")).to_be_hidden()
    page.get_by_label("E-mail").fill("ann@example.com")
    page.get_by_role("button").click()
    page.wait_for_url("**/thanks/know/")


def test_without_scripts_the_note_says_when_a_field_counts(visit: Visit) -> None:
    """When it does, the handler asks for it."""
    page = visit("/visit/", javascript=False)
    expect(page.get_by_text("If the answer to “How shall we answer?” is: By phone")).to_be_visible()
    page.get_by_label("E-mail").fill("ann@example.com")
    page.get_by_label("By phone").check()
    page.get_by_role("button").click()
    expect(page.locator(".error-summary a")).to_have_text(["Enter phone"])
    page.get_by_label("Phone", exact=True).fill("call me")
    page.get_by_role("button").click()
    expect(page.get_by_label("Phone", exact=True)).to_be_focused()  # where the browser shows its own message
    page.get_by_label("Phone", exact=True).fill("+49 (0)30 1234-567")
    page.get_by_role("button").click()
    page.wait_for_url("**/thanks/visit/")


def test_without_scripts_a_field_that_does_not_count_may_stay_empty(visit: Visit) -> None:
    """The browser does not ask for it."""
    page = visit("/visit/", javascript=False)
    page.get_by_label("E-mail").fill("ann@example.com")
    page.get_by_label("By mail").check()
    page.get_by_role("button").click()
    page.wait_for_url("**/thanks/visit/")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_form_in_steps_shows_one_at_a_time(visit: Visit, width: int) -> None:
    """Next checks what is shown, in the handler's words, and moves the focus; a step that is not asked is left out."""
    page = visit("/tour/", width=width)
    following, back = page.get_by_role("button", name="Next"), page.get_by_role("button", name="Back")
    expect(page.get_by_role("status")).to_have_text("Step 1 of 3")
    expect(back).to_be_hidden()
    check(page, "step-1")
    page.get_by_label("E-mail").fill("ann@nowhere")
    following.click()
    errors = page.locator(".error-summary a")
    expect(errors).to_have_text(
        ["Enter E-mail in the format name@example.com", "Choose at least one answer for “Topics”"]
    )
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page).to_have_title("Error: A tour | Site")
    check(page, "step-1-error")
    page.get_by_label("E-mail").fill("ann@example.com")
    page.get_by_label("Mails", exact=True).check()
    expect(page.get_by_role("status")).to_have_text("Step 1 of 4")
    page.get_by_label("E-mail").press("Enter")
    expect(page.get_by_text("Your mails")).to_be_focused()
    expect(page).to_have_title("A tour | Site")
    check(page, "step-2")
    back.click()
    expect(page.get_by_text("About you")).to_be_focused()
    page.get_by_label("Mails", exact=True).uncheck()
    page.get_by_label("Pages").check()
    following.click()
    expect(page.get_by_text("When")).to_be_focused()
    expect(page.get_by_role("status")).to_have_text("Step 2 of 3")
    following.click()
    page.get_by_label("I agree").check()
    page.get_by_role("button", name="Send it all").click()
    page.wait_for_url("**/thanks/tour/")


def test_errors_of_the_whole_form_open_the_step_with_the_first(visit: Visit) -> None:
    """Each link of the summary opens the step that its field is in."""
    page = visit("/tour/")
    page.get_by_label("E-mail").fill("ann@example.com")
    page.get_by_label("Pages").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Last", exact=True)).to_be_focused()
    page.evaluate("document.querySelector('[name=email]').value = ''")
    page.get_by_role("button", name="Send it all").click()
    expect(page.locator(".error-summary a")).to_have_text(["Enter E-mail", "Tick “I agree.” to go on"])
    expect(page.get_by_role("status")).to_have_text("Step 1 of 3")
    page.locator(".error-summary a").nth(1).click()
    expect(page.get_by_label("I agree")).to_be_focused()
    expect(page.get_by_role("status")).to_have_text("Step 3 of 3")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_conversation_asks_one_question_at_a_time(visit: Visit, width: int) -> None:
    """Enter goes on to the next, which has the focus."""
    page = visit("/talk/", width=width)
    expect(page.get_by_label("Pages")).to_be_hidden()
    page.get_by_label("E-mail").fill("ann@example.com")
    check(page, "question-1")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Pages")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".error-summary a")).to_have_text(["Choose at least one answer for “Topics”"])
    check(page, "question-2-error")
    page.get_by_label("Mails", exact=True).check()
    page.keyboard.press("Enter")
    expect(page.get_by_label("How many mails?")).to_be_focused()
    expect(page.get_by_role("status")).to_have_text("Step 3 of 4")
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Day")).to_be_focused()
    check(page, "question-4")
    page.get_by_role("button", name="Send it all").click()
    page.wait_for_url("**/thanks/talk/")


@pytest.mark.parametrize("path", ["/tour/", "/talk/"])
def test_without_scripts_all_steps_are_one_page(visit: Visit, path: str) -> None:
    """It posts as it is, and shows what is wrong."""
    page = visit(path, javascript=False)
    page.get_by_label("E-mail").fill("ann@example.com")
    page.get_by_label("Mails", exact=True).check()
    if path == "/tour/":
        expect(page.locator(".step > legend")).to_have_text(["About you", "Your mails", "When", "Last"])
        page.get_by_label("I agree").check()
    page.get_by_role("button").click()
    expect(page.locator(".error-summary a")).to_have_text(["Enter an answer for “How many mails?”"])
    page.get_by_label("How many mails?").fill("3")
    page.get_by_role("button").click()
    page.wait_for_url(f"**/thanks{path}")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_counter_says_what_is_left(visit: Visit, width: int) -> None:
    """At once to see, after a pause to hear; too much is not cut off, and the handler says so in the same place."""
    page = visit("/write/", width=width)
    text, heard = page.get_by_label("Text"), page.locator("[aria-live=polite]")
    expect(page.get_by_text("Characters left: 20")).to_be_visible()
    expect(text).to_have_accessible_description("Up to 20 characters")
    text.press_sequentially("Hello")
    expect(page.locator("[aria-hidden] >> text=Characters left: 15")).to_be_visible()
    expect(heard).to_have_text("")
    expect(heard).to_have_text("Characters left: 15")
    text.fill("x" * 23)
    expect(page.locator(".over")).to_have_text("Characters too many: 3")
    page.get_by_role("button").click()
    expect(page.locator(".error-summary a")).to_have_text(
        ["Enter E-mail", "Choose country", "“Text” must be 20 characters or fewer"]
    )
    page.locator(".error-summary a").nth(1).click()
    expect(page.get_by_label("Country")).to_be_focused()
    check(page, "counter-error")


def test_an_address_fills_in_the_fields_that_allow_it(visit: Visit) -> None:
    """Every kind of field; what hangs on an answer is shown, and other fields stay empty."""
    page = visit("/write/?home=PT&topics=Mails&topics=Cake&text=Hi%20there&email=x@example.com&phone=1")
    expect(page.get_by_label("Country")).to_have_value("PT")
    expect(page.get_by_label("Mails")).to_be_checked()
    expect(page.get_by_label("Pages")).not_to_be_checked()
    expect(page.get_by_label("Text")).to_have_value("Hi there")
    expect(page.get_by_text("Characters left: 12")).to_be_visible()
    expect(page.get_by_label("Phone")).to_be_visible()
    expect(page.get_by_label("Phone")).to_have_value("")
    expect(page.get_by_label("E-mail")).to_have_value("")
    page = visit("/write/?home=Portugal")
    expect(page.get_by_label("Country").locator("option:checked")).to_have_text("Choose…")


def test_where_the_script_does_not_come_all_is_shown(browser: Browser, site: Served) -> None:
    """A network that loses it leaves a form that works."""
    page = browser.new_page()
    page.route("**/form-extras*", lambda route: route.abort())
    page.goto(f"{site.url}/tour/")
    expect(page.get_by_label("Day")).to_be_hidden()
    expect(page.get_by_label("Day")).to_be_visible(timeout=15_000)
    expect(page.get_by_label("How many mails?")).to_be_visible()
    page.close()
