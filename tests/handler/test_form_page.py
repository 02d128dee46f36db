"""The form on a page of its own: empty, and again with what was typed and what is wrong with it."""

from __future__ import annotations

import pytest
from tests.handler.funnel import Funnel
from tests.handler.html import element, elements

from leadpages.core.forms import HONEYPOT_FIELD, STARTED_FIELD

SCRIPTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus='alert(1)' autofocus='",
    "</textarea><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
)


def test_the_form_stands_alone_and_posts_to_itself(funnel: Funnel) -> None:
    """Every field is there, the trap is hidden, and no cache keeps the page."""
    reply = funnel.client.get("/f/guide")
    form = element(reply.text, "form")
    names = [e.attributes["name"] for e in elements(reply.text, "input") + elements(reply.text, "select")]
    assert reply.status_code == 200
    assert form.attributes["action"] == "https://www.example.com/f/guide"
    assert {"email", "name", "size", "topics", "news", HONEYPOT_FIELD, STARTED_FIELD} <= set(names)
    assert "checked" in element(reply.text, "input", value="Pages").attributes
    assert (reply.headers["Cache-Control"], reply.headers["X-Robots-Tag"]) == ("no-store", "noindex")
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_a_head_request_has_the_headers_alone(funnel: Funnel) -> None:
    """As RFC 9110 wants it."""
    reply = funnel.client.head("/f/guide")
    assert (reply.status_code, reply.data) == (200, b"")


def test_what_is_wrong_is_said_on_top_and_at_the_field_in_the_same_words(funnel: Funnel) -> None:
    """The summary's link leads to the field, which names its message and its help."""
    reply = funnel.post("guide", {"email": "ann@", "name": "Ann", "size": "9"})
    summary = element(reply.text, "div", role="alert")
    assert reply.status_code == 422
    assert "Error: The guide" in element(reply.text, "title").text
    for name, tag, message in (
        ("email", "input", "Enter work e-mail in the format name@example.com"),
        ("size", "select", "Choose from the list for “Team size”"),
    ):
        field = element(reply.text, tag, name=name)
        link = element(reply.text, "a", href=f"#{field.attributes['id']}")
        note = element(reply.text, "p", id=f"form-{name}-error")
        assert link.text == message
        assert message in summary.text
        assert note.text == f"Error: {message}"
        assert field.attributes["aria-invalid"] == "true"
        assert note.attributes["id"] in field.attributes["aria-describedby"].split()
    assert "form-email-help" in element(reply.text, "input", name="email").attributes["aria-describedby"].split()
    assert "aria-invalid" not in element(reply.text, "input", name="name").attributes


def test_what_was_typed_is_kept(funnel: Funnel) -> None:
    """Nobody types anything twice, in any kind of field, and what a field began with does not come back."""
    reply = funnel.post(
        "guide",
        {
            "email": "ann@",
            "name": "Ann & Bob",
            "size": "2-5",
            "about": "\n one\n<two>",
            "topics": ["Mails"],
            "news": "yes",
            "_page": "/a/page/",
        },
    )
    assert element(reply.text, "input", name="email").attributes["value"] == "ann@"
    assert element(reply.text, "input", name="name").attributes["value"] == "Ann & Bob"
    assert "selected" in element(reply.text, "option", value="2-5").attributes
    assert element(reply.text, "textarea", name="about").text == "\none\n<two>"
    assert "checked" in element(reply.text, "input", value="Mails").attributes
    assert "checked" not in element(reply.text, "input", value="Pages").attributes
    assert "checked" in element(reply.text, "input", name="news").attributes
    assert element(reply.text, "input", name="_page").attributes["value"] == "/a/page/"


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_in_any_value_is_inert(funnel: Funnel, script: str) -> None:
    """It is shown as it was typed; it makes no element and no attribute."""
    names = ("email", "name", "size", "about", "topics", "news", "_page", STARTED_FIELD, script)
    reply = funnel.post("guide", {name: f"/{script}" if name == "_page" else script for name in names})
    tags = elements(reply.text, "input") + elements(reply.text, "textarea") + elements(reply.text, "select")
    assert reply.status_code == 422
    assert elements(reply.text, "script") == []
    assert elements(reply.text, "img") == []
    assert not [name for tag in tags for name in tag.attributes if name.startswith("on")]
    assert element(reply.text, "input", name="name").attributes["value"] == script
    assert element(reply.text, "textarea", name="about").text.strip() == script
    assert element(reply.text, "input", name=STARTED_FIELD).attributes["value"] == script
    assert "49" not in element(reply.text, "input", name="email").attributes["value"]


def test_the_start_time_goes_on_with_the_form(funnel: Funnel) -> None:
    """Mending a slip in a second makes nobody a program."""
    started = element(funnel.client.get("/f/guide").text, "input", name=STARTED_FIELD).attributes["value"]
    funnel.clock.advance(seconds=30)
    again = funnel.post("guide", {"email": "ann@", STARTED_FIELD: started})
    kept = element(again.text, "input", name=STARTED_FIELD).attributes["value"]
    assert funnel.post("guide", {"email": "ann@example.com", STARTED_FIELD: kept}).status_code == 303
    assert [lead.email for lead in funnel.service.store.leads()] == ["ann@example.com"]


def test_a_field_that_is_not_always_asked_for_says_when_and_stops_nobody(funnel: Funnel) -> None:
    """Without scripts it is there, is not required by the browser, and is required by the handler when it counts."""
    phone = element(funnel.client.get("/f/visit").text, "input", name="phone").attributes
    note = element(funnel.client.get("/f/visit").text, "p", id="form-phone-when")
    assert note.text == "If the answer to “How shall we answer?” is: By phone"
    assert note.attributes["id"] in phone["aria-describedby"].split()
    assert "required" not in phone
    by_phone = funnel.post("visit", {"email": "ann@example.com", "answer_by": "tel", "phone": ""})
    assert element(by_phone.text, "a", href="#form-phone").text == "Enter phone"
    assert (
        funnel.post("visit", {"email": "ann@example.com", "answer_by": "mail", "phone": "030 12345"}).status_code == 303
    )
    ((_, kept),) = funnel.service.store.submissions()
    assert kept.values == {"campaign": "spring", "email": "ann@example.com", "answer_by": "mail"}


def test_the_steps_of_a_form_are_all_on_the_page(funnel: Funnel) -> None:
    """Each is a group with its title."""
    page = funnel.client.get("/f/visit").text
    assert [legend.text for legend in elements(page, "legend") if "(" not in legend.text] == [
        "What you want",
        "How to reach you",
    ]
    assert len(elements(page, "fieldset", **{"class": "step"})) == 2


def test_a_step_is_checked_and_nothing_is_taken_in(funnel: Funnel) -> None:
    """The script that shows one step at a time gets the errors of that step alone."""
    answers = {"email": "ann@", "answer_by": "tel", "phone": ""}
    first = funnel.post("visit", answers | {"_check": ["email", "answer_by"]}, Accept="application/json")
    message = "Enter E-mail in the format name@example.com"
    assert (first.status_code, first.json) == (
        200,
        {"errors": [{"field": "email", "code": "email", "message": message}]},
    )
    good = funnel.post("visit", {"email": "ann@example.com", "_check": ["email"]}, Accept="application/json")
    assert (good.status_code, good.json) == (200, {"errors": []})
    assert list(funnel.service.store.submissions()) == []


def test_an_address_can_fill_in_the_fields_that_allow_it(funnel: Funnel) -> None:
    """Whatever else it names stays empty, and what it says is inert."""
    page = funnel.client.get(
        "/f/visit?note=%22%3E%3Cimg%3E&home=PT&answer_by=tel&campaign=autumn&email=ann@example.com&x=1&phone=%ff"
    ).text
    assert element(page, "input", name="note").attributes["value"] == '"><img>'
    assert "selected" in element(page, "option", value="PT").attributes
    assert "checked" in element(page, "input", name="answer_by", value="tel").attributes
    assert element(page, "input", name="campaign").attributes["value"] == "autumn"
    assert element(page, "input", name="email").attributes["value"] == ""
    assert element(page, "input", name="phone").attributes["value"] == ""
    assert elements(page, "img") == []


def test_a_field_with_a_counter_says_its_limit_and_cuts_nothing_off(funnel: Funnel) -> None:
    """What is too long comes back whole, with the limit said."""
    reply = funnel.post("visit", {"email": "ann@example.com", "note": "x" * 21})
    note = element(reply.text, "input", name="note").attributes
    limit = element(reply.text, "p", id="form-note-count")
    assert limit.text == "Up to 20 characters"
    assert limit.attributes["id"] in note["aria-describedby"].split()
    assert "maxlength" not in note
    assert note["value"] == "x" * 21
    assert element(reply.text, "a", href="#form-note").text == "“Note” must be 20 characters or fewer"


def test_the_handlers_own_page_runs_no_script(funnel: Funnel) -> None:
    """Its policy allows none."""
    assert elements(funnel.client.get("/f/visit").text, "script") == []


def test_programs_get_every_error_as_json(funnel: Funnel) -> None:
    """Each has its field, a code and the same message as on the page; the request has a name."""
    reply = funnel.post("guide", {"email": "ann@", "size": "9"}, Accept="application/json")
    assert reply.status_code == 422
    assert reply.json == {
        "error": "invalid",
        "errors": [
            {"field": "email", "code": "email", "message": "Enter work e-mail in the format name@example.com"},
            {"field": "size", "code": "unknown_choice", "message": "Choose from the list for “Team size”"},
        ],
        "request_id": reply.headers["X-Request-Id"],
    }


def test_an_invalid_post_leaves_nothing_behind(funnel: Funnel) -> None:
    """No row, no mail."""
    funnel.post("guide", {"email": "ann@example.com\r\nBcc: evil@example.com"})
    assert list(funnel.service.store.leads()) == []
    assert funnel.deliver().sent == 0


def test_scripts_are_given_a_start_time(funnel: Funnel) -> None:
    """As JSON, to be posted with the form."""
    reply = funnel.client.get("/f/guide", headers={"Accept": "application/json"})
    assert reply.json is not None
    assert funnel.service.tokens.read("started", reply.json["started"], funnel.clock()) == "1795348800"
