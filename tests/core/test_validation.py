"""One validation for every form: what is taken, what is refused, and in which words."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from leadpages.core.forms import Accepted, Choice, Condition, Consent, Field, FieldType, Form, Rejected, validate
from leadpages.core.translations import Catalog

EMAIL = Field("email", "email", "Work e-mail", required=True)
CHOICES = (Choice("s", "Small"), Choice("l", "Large"))


def form(*fields: Field) -> Form:
    return Form("guide", "The guide", (EMAIL, *fields), "Send", "/thanks/guide/")


def outcome_of(field: Field, *typed: str) -> Accepted | Rejected:
    return validate(form(field), {"email": ["ann@example.com"], field.name: typed})


def code_of(field: Field, *typed: str) -> str:
    outcome = outcome_of(field, *typed)
    return outcome.errors[0].code if isinstance(outcome, Rejected) else ""


def value_of(field: Field, *typed: str) -> str | list[str] | None:
    outcome = outcome_of(field, *typed)
    assert isinstance(outcome, Accepted), outcome
    return outcome.values.get(field.name)


def email_code(typed: str) -> str:
    outcome = validate(form(), {"email": [typed]})
    return outcome.errors[0].code if isinstance(outcome, Rejected) else ""


@pytest.mark.parametrize(
    ("type_", "typed"),
    [
        ("text", "Ann Lee"),
        ("text", "0"),
        ("textarea", "one\ntwo\tthree"),
        ("url", "https://example.com/a?b=c#d"),
        ("url", "http://[::1]:8000/"),
        ("number", "-12.50"),
        ("number", "9" * 400),
        ("date", "2028-02-29"),
        ("select", "s"),
        ("radio", "l"),
        ("country", "s"),
        ("hidden", "spring"),
        ("consent", "yes"),
    ],
)
def test_an_answer_that_fits_its_type_is_kept_as_typed(type_: FieldType, typed: str) -> None:
    """What fits is stored as it was typed."""
    choices = CHOICES if type_ in ("select", "radio", "country") else ()
    assert value_of(Field("answer", type_, "Answer", choices=choices), typed) == typed


@pytest.mark.parametrize(
    ("type_", "typed", "code"),
    [
        ("text", "a\nb", "control_characters"),
        ("tel", "call me", "tel"),
        ("tel", "- - - - -", "tel"),
        ("tel", "12 34", "tel"),
        ("tel", "+4930123456789012", "tel"),
        ("tel", "1234", "tel"),
        ("tel", "++4930123456", "tel"),
        ("tel", "٠٣٠١٢٣٤٥", "tel"),
        ("url", "example.com", "url"),
        ("url", "javascript:alert(1)//https://x.example", "url"),
        ("url", "ftp://example.com", "url"),
        ("url", "https://", "url"),
        ("url", "https://[::1", "url"),
        ("url", "https://exa mple.com", "url"),
        ("number", "1,5", "number"),
        ("number", "1e5", "number"),
        ("number", "NaN", "number"),
        ("number", "Infinity", "number"),
        ("number", "١٢", "number"),
        ("number", "0x10", "number"),
        ("date", "2026-02-30", "date"),
        ("date", "0000-01-01", "date"),
        ("date", "20260101", "date"),
        ("date", "01.02.2026", "date"),
        ("select", "x", "unknown_choice"),
        ("radio", "S", "unknown_choice"),
        ("country", "Small", "unknown_choice"),
        ("consent", "1", "unknown_choice"),
        ("checkbox", "no", "unknown_choice"),
    ],
)
def test_an_answer_that_does_not_fit_its_type_is_refused(type_: FieldType, typed: str, code: str) -> None:
    """What does not fit gets the code of its type."""
    choices = CHOICES if type_ in ("select", "radio", "country") else ()
    assert code_of(Field("answer", type_, "Answer", choices=choices), typed) == code


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+49 (30) 1234-567", "+49301234567"),
        ("0049 (0)30 1234.567", "+49301234567"),
        ("030/1234.567", "0301234567"),
        ("(020) 7946 0000", "02079460000"),
    ],
)
def test_a_phone_number_is_kept_as_it_is_dialled(typed: str, kept: str) -> None:
    """What is written between the digits goes; a pattern of the form is about what was typed."""
    assert value_of(Field("answer", "tel", "Answer"), typed) == kept
    assert value_of(Field("answer", "tel", "Answer", pattern=r"[0-9+ ().\/\-]*[^0-9+].*"), typed) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ann@example.com", "ann@example.com"),
        ("  ann@example.com \t\r\n", "ann@example.com"),
        ("Ann@EXAMPLE.com", "Ann@example.com"),
        ("o'hara+news@mail.example.co.uk", "o'hara+news@mail.example.co.uk"),
        ("ann@bücher.example.com", "ann@xn--bcher-kva.example.com"),
    ],
)
def test_an_address_is_kept_in_the_form_that_mail_hosts_read(typed: str, kept: str) -> None:
    """Outer spaces go, the host becomes lower-case ASCII, the mailbox stays as typed."""
    outcome = validate(form(), {"email": [typed]})
    assert isinstance(outcome, Accepted)
    assert outcome.email == kept


@given(st.from_regex(r"[a-z0-9._+-]{1,70}@[a-z0-9.-]{1,70}(\.[a-z0-9]{2}|\.com|\.test|\.arpa|)", fullmatch=True))
def test_a_plain_address_is_judged_as_any_other(typed: str) -> None:
    """The look that spares most of them email-validator finds what that would find."""
    try:
        expected = validate_email(typed, check_deliverability=False).normalized
    except EmailNotValidError:
        assert email_code(typed) in ("email", "too_long")
        return
    outcome = validate(form(), {"email": [typed]})
    assert isinstance(outcome, Accepted)
    assert outcome.email == expected


@pytest.mark.parametrize(
    "typed",
    [
        "ann",
        "ann@",
        "@example.com",
        "ann@localhost",
        "ann@example",
        "ann@[127.0.0.1]",
        "ann@example..com",
        "a@b.co,evil@z.co",
        "a@b.co;evil@z.co",
        "a@b.co evil@z.co",
        "x@example.org)y@evil.com",
        "x@example.org(comment)",
        "Ann <ann@example.com>",
        '"ann@z.co"@example.com',
        "<ann@example.com>",
        "änn@example.com",
        "ann@example.com%0aBcc:evil@z.co",
        "=?utf-8?q?x?=@example.com",
        "=?utf-8?q?a=40z.co=2C?=@example.com",
    ],
)
def test_what_is_not_exactly_one_address_is_refused(typed: str) -> None:
    """Two addresses, comments, quotes, literals and encoded words are no recipient."""
    assert email_code(typed) == "email"


@pytest.mark.parametrize(
    "character", ["\n", "\r", "\r\n", "\0", "\x0b", "\x0c", "\x1c", "\x7f", "\x85", "\u2028", "\u2029"]
)
@pytest.mark.parametrize("type_", ["email", "text", "url", "tel", "number", "hidden"])
def test_nothing_that_breaks_a_line_gets_into_a_one_line_answer(character: str, type_: FieldType) -> None:
    """Control characters and Unicode's line ends are refused inside every answer of one line."""
    typed = f"ann@example.com{character}Bcc: evil@z.co"
    if type_ == "email":
        assert email_code(typed) == "control_characters"
    else:
        assert code_of(Field("answer", type_, "Answer"), typed) == "control_characters"


@pytest.mark.parametrize("character", ["\0", "\x08", "\x1b", "\x85", "\u2028", "\ud800"])
def test_a_long_answer_may_have_lines_and_no_other_control_characters(character: str) -> None:
    """A textarea takes LF and tab, and nothing else of that kind."""
    assert code_of(Field("answer", "textarea", "Answer"), f"one\n\ttwo{character}three") == "control_characters"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("a" * 10, ""),
        ("a" * 11, "too_long"),
        ("😀" * 5, ""),
        ("😀" * 5 + "a", "too_long"),
        ("e\u0301" * 10, ""),
        ("12345\r\n789", ""),
        ("12345\r\n789\r\n1", "too_long"),
        ("ab", "too_short"),
        ("😀a", ""),
        ("  ab  ", "too_short"),
    ],
)
def test_lengths_count_as_browsers_count_them(typed: str, code: str) -> None:
    """Lengths are UTF-16 code units of the NFC text, and a line end is one of them."""
    assert code_of(Field("answer", "textarea", "Answer", min_length=3, max_length=10), typed) == code


def test_every_type_has_a_limit_of_its_own() -> None:
    """Also where the form sets no limit, an answer cannot be of any length."""
    assert code_of(Field("answer", "text", "Answer"), "a" * 501) == "too_long"
    assert code_of(Field("answer", "textarea", "Answer"), "a" * 5001) == "too_long"
    assert code_of(Field("answer", "url", "Answer"), "https://" + "a" * 2000) == "too_long"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("1", ""),
        ("0.5", "too_small"),
        ("10", ""),
        ("10.25", "too_large"),
        ("1.25", ""),
        ("1.3", "step"),
        ("1" * 300, "too_large"),
    ],
)
def test_a_number_keeps_to_its_bounds_and_steps(typed: str, code: str) -> None:
    """Bounds are inclusive, and steps count from the smallest number."""
    assert code_of(Field("answer", "number", "Answer", min="1", max="10", step="0.25"), typed) == code


@pytest.mark.parametrize(("typed", "code"), [("7" * 500, ""), ("7" * 400 + ".5", "step"), ("-" + "7" * 400, "")])
def test_a_number_of_any_length_is_checked_exactly(typed: str, code: str) -> None:
    """Long numbers are neither rounded nor a fault."""
    assert code_of(Field("answer", "number", "Answer", step="1"), typed) == code


@pytest.mark.parametrize(
    ("typed", "code"),
    [("2026-01-01", ""), ("2025-12-31", "too_early"), ("2026-12-31", ""), ("2027-01-01", "too_late")],
)
def test_a_date_keeps_to_its_bounds(typed: str, code: str) -> None:
    """Bounds are inclusive."""
    assert code_of(Field("answer", "date", "Answer", min="2026-01-01", max="2026-12-31"), typed) == code


def test_a_pattern_fits_the_whole_answer() -> None:
    """As in HTML, a pattern is anchored at both ends, and its hint is the message."""
    field = Field("vat", "text", "VAT number", pattern="DE[0-9]{9}", pattern_hint="DE and nine digits")
    assert code_of(field, "DE123456789") == ""
    refused = outcome_of(field, "xDE123456789x")
    assert isinstance(refused, Rejected)
    assert [(e.code, e.message) for e in refused.errors] == [("pattern", "DE and nine digits")]


def test_several_boxes_are_kept_in_the_order_of_the_form_and_once_each() -> None:
    """The order in which boxes were posted says nothing."""
    field = Field("sizes", "checkbox", "Sizes", choices=CHOICES)
    assert value_of(field, "l", "s", "l", "") == ["s", "l"]
    assert value_of(field) is None
    assert code_of(field, "s", "xl") == "unknown_choice"


@pytest.mark.parametrize(
    ("typed", "code"),
    [(("a", "b"), "several"), (("a", "a"), "several"), (("", "a"), ""), (("a", " "), "")],
)
def test_a_field_of_one_answer_takes_one(typed: tuple[str, ...], code: str) -> None:
    """Two answers are refused; an empty one beside the real one is none."""
    field = Field("answer", "text", "Answer", required=True)
    assert code_of(field, *typed) == code
    if not code:
        assert value_of(field, *typed) == "a"


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (Field("a", "text", "First name", required=True), "Enter first name"),
        (Field("a", "text", "VAT number", required=True), "Enter VAT number"),
        (Field("a", "text", "Who are you?", required=True), "Enter an answer for “Who are you?”"),
        (Field("a", "select", "Team size", required=True, choices=CHOICES), "Choose team size"),
        (Field("a", "checkbox", "Sizes", required=True, choices=CHOICES), "Choose at least one answer for “Sizes”"),
        (Field("a", "consent", "I agree", required=True), "Tick “I agree” to go on"),
    ],
)
def test_a_missing_answer_is_asked_for_in_the_words_of_the_field(field: Field, message: str) -> None:
    """Nothing and blanks are the same: missing."""
    for typed in ((), ("",), (" \t\r\n ",)):
        refused = outcome_of(field, *typed)
        assert isinstance(refused, Rejected)
        assert [(e.field, e.code, e.message) for e in refused.errors] == [("a", "required", message)]


def test_a_hidden_field_that_is_not_posted_has_its_own_value() -> None:
    """A program that posts the visible fields alone gets the form's value; an emptied field stays empty."""
    field = Field("campaign", "hidden", "", value="spring")
    assert value_of(field) == "spring"
    assert value_of(field, "") is None


def test_all_that_is_wrong_is_said_at_once_in_the_order_of_the_form() -> None:
    """Every field's error is there, and what was typed to show it again."""
    fields = (Field("size", "select", "Size", required=True, choices=CHOICES), Field("site", "url", "Site"))
    refused = validate(form(*fields), {"site": ["nowhere"], "email": ["ann"], "size": ["xl"]})
    assert isinstance(refused, Rejected)
    assert [(e.field, e.code) for e in refused.errors] == [
        ("email", "email"),
        ("size", "unknown_choice"),
        ("site", "url"),
    ]
    assert refused.typed == {"email": ["ann"], "size": ["xl"], "site": ["nowhere"]}


def test_names_that_the_form_does_not_declare_are_dropped() -> None:
    """Neither answers nor what is shown again has them."""
    posted = {"email": ["ann@example.com"], "admin": ["1"], "status": ["confirmed"]}
    accepted = validate(form(), posted)
    refused = validate(form(Field("name", "text", "Name", required=True)), posted)
    assert isinstance(accepted, Accepted)
    assert accepted.values == {"email": "ann@example.com"}
    assert isinstance(refused, Rejected)
    assert set(refused.typed) == {"email", "name"}


def test_a_consent_is_kept_with_the_words_that_stood_beside_the_box() -> None:
    """A box that was left alone is no consent."""
    field = Field("news", "consent", "Yes, one mail a month.")
    given = outcome_of(field, "yes")
    left = outcome_of(field)
    assert isinstance(given, Accepted)
    assert isinstance(left, Accepted)
    assert given.consents == (Consent("news", "Yes, one mail a month."),)
    assert left.consents == ()


def test_text_is_kept_as_nfc_with_lf() -> None:
    """Two ways to type one letter, or one line end, are one text."""
    assert value_of(Field("answer", "textarea", "Answer"), "Ame\u0301lie\r\nund\r\n") == "Am\u00e9lie\nund"


SIZE = Field("size", "select", "Size", choices=CHOICES)
TEAM = Field("team", "text", "Team", required=True, show_when=Condition("size", ("l", "xl")))


@pytest.mark.parametrize(
    ("size", "team", "outcome"),
    [
        ("l", "Sales", {"size": "l", "team": "Sales"}),
        ("l", "", ["required"]),
        ("s", "", {"size": "s"}),
        ("s", "Sales", {"size": "s"}),
        ("", "Sales", {}),
        ("m", "", ["unknown_choice"]),
    ],
)
def test_a_field_is_asked_for_by_the_answer_to_another(size: str, team: str, outcome: object) -> None:
    """Only then is it required; an answer to what was not asked is dropped."""
    answer = validate(form(SIZE, TEAM), {"email": ["a@example.com"], "size": [size], "team": [team]})
    if isinstance(answer, Rejected):
        assert [error.code for error in answer.errors] == outcome
    else:
        assert {name: value for name, value in answer.values.items() if name != "email"} == outcome


def test_what_hangs_on_a_field_that_is_not_asked_for_is_not_asked_for_either() -> None:
    """Also when both were posted."""
    mail = Field("mail", "consent", "By mail", show_when=Condition("boxes", ("s",)))
    day = Field("day", "date", "Day", required=True, show_when=Condition("mail", ("yes",)))
    chain = form(Field("boxes", "checkbox", "Boxes", choices=CHOICES), mail, day)
    posted = {"email": ["a@example.com"], "boxes": ["l"], "mail": ["yes"], "day": ["2026-01-01"]}
    left = validate(chain, posted)
    asked = validate(chain, posted | {"boxes": ["l", "s"]})
    assert isinstance(left, Accepted)
    assert (left.values, left.consents) == ({"email": "a@example.com", "boxes": ["l"]}, ())
    assert isinstance(asked, Accepted)
    assert asked.values["day"] == "2026-01-01"
    assert asked.consents == (Consent("mail", "By mail"),)


def test_a_form_has_the_steps_that_its_fields_begin() -> None:
    """Hidden fields are in none; in a conversation each question is one."""
    fields = (
        Field("campaign", "hidden", ""),
        EMAIL._replace(begins_step="You"),
        SIZE,
        Field("day", "date", "Day", begins_step="When"),
    )
    stepped = Form("guide", "The guide", fields, "Send", "/thanks/guide/")
    plain = form(SIZE)
    assert [(s.title, [f.name for f in s.fields]) for s in stepped.steps] == [
        ("You", ["email", "size"]),
        ("When", ["day"]),
    ]
    assert plain.steps == ()
    assert [(s.title, [f.name for f in s.fields]) for s in plain._replace(style="conversation").steps] == [
        ("", ["email"]),
        ("", ["size"]),
    ]


EVERY_TYPE = form(
    Field("text", "text", "Text", min_length=2, pattern="[a-z ]+"),
    Field("tel", "tel", "Tel"),
    Field("url", "url", "Url"),
    Field("number", "number", "Number", min="-5", max="5e3", step="0.1"),
    Field("date", "date", "Date", min="2020-01-01"),
    Field("select", "select", "Select", choices=CHOICES),
    Field("boxes", "checkbox", "Boxes", choices=CHOICES, required=True),
    Field("box", "checkbox", "Box"),
    Field("lines", "textarea", "Lines"),
    Field("hidden", "hidden", "", value="x"),
    Field("agree", "consent", "Agree", required=True),
    Field("home", "country", "Home", choices=CHOICES, show_when=Condition("boxes", ("s",))),
)
NAMES = st.sampled_from([field.name for field in EVERY_TYPE.fields]) | st.text()
TYPED = st.text() | st.from_regex(r"-?[0-9.]{1,60}|https?://.{0,20}|.{1,9}@.{1,9}\.co", fullmatch=True)


@given(st.dictionaries(NAMES, st.lists(TYPED, max_size=3)))
def test_whatever_is_posted_the_outcome_is_a_value(posted: dict[str, list[str]]) -> None:
    """Any text in any field is accepted or rejected; nothing raises."""
    outcome = validate(EVERY_TYPE, posted)
    if isinstance(outcome, Rejected):
        assert outcome.errors
    else:
        assert set(outcome.values) <= {field.name for field in EVERY_TYPE.fields}


GERMAN = Catalog(
    "de",
    {
        "Enter {name}": "Bitte füllen Sie „{name}“ aus",
        "“{label}” must be {count} characters or more": {
            "one": "{count} Zeichen, „{label}“",
            "other": "{label}: {count}",
        },
        "“{label}” must be {bound} or later": "„{label}“: ab {bound}",
    },
)


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        (Field("name", "text", "Ihr Name", required=True), "", "Bitte füllen Sie „Ihr Name“ aus"),
        (Field("name", "text", "Kürzel", min_length=2), "a", "Kürzel: 2"),
        (Field("day", "date", "Tag", min="2026-01-01"), "2025-12-31", "„Tag“: ab 2026-01-01"),
        (Field("zip", "text", "PLZ", pattern="[0-9]{5}", pattern_hint="{count} Ziffern"), "x", "{count} Ziffern"),
        (Field("link", "url", "Adresse"), "x", "Enter Adresse as a web address that starts with https://"),
    ],
)
def test_what_is_wrong_is_said_in_the_language_of_the_form(field: Field, typed: str, message: str) -> None:
    """Labels keep their capitals; what is not translated is said in English."""
    outcome = validate(form(field), {"email": ["ann@example.com"], field.name: [typed]}, GERMAN)
    assert isinstance(outcome, Rejected)
    assert [error.message for error in outcome.errors] == [message]


def test_what_was_typed_is_no_gap() -> None:
    """Braces in an answer or a label mean nothing."""
    outcome = validate(
        form(Field("name", "text", "{count} {name}", required=True)), {"email": ["a@example.com"]}, GERMAN
    )
    assert isinstance(outcome, Rejected)
    assert outcome.errors[0].message == "Bitte füllen Sie „{count} {name}“ aus"
