"""A form, and the one validation of what people type into it.

The build turns a `Form` into HTML with the browser's own checks; the handler checks a post with
`validate`. Both read the same definition; where they differ (a browser lets `a@b` through), the handler decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, localcontext
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

from leadpages.core.translations import ENGLISH, Catalog, translate
from leadpages.core.uploads import Upload, is_what_it_says, size_in_words

FormStyle = Literal["page", "conversation"]
FieldType = Literal[
    "text",
    "email",
    "tel",
    "url",
    "number",
    "date",
    "select",
    "radio",
    "checkbox",
    "textarea",
    "country",
    "file",
    "hidden",
    "consent",
]

#: How a browser shows that no program sends a form: by work of its own (https://altcha.org), or by what a service sees
#: in it (https://developers.cloudflare.com/turnstile/, https://docs.hcaptcha.com/).
Challenge = Literal["altcha", "turnstile", "hcaptcha"]

#: Posted beside the declared fields; the underscore keeps them apart, as no declared name may start with one.
PAGE_FIELD: Final = "_page"
STARTED_FIELD: Final = "_started"
#: Left empty by people, who do not see it; filled by programs that fill everything.
HONEYPOT_FIELD: Final = "favourite_page"
#: What such a field is called in forms that were made for Formspree or Netlify.
HONEYPOT_FIELDS: Final = (HONEYPOT_FIELD, "_gotcha", "bot-field")
#: Names one try to send what a form holds, so that the next try with the same name does nothing more.
KEY_FIELD: Final = "_key"
#: Also as a header, there perhaps in quotes (draft-ietf-httpapi-idempotency-key-header-07).
KEY_PATTERN: Final = r'[!#-~]{0,255}|"[!#-~]{0,255}"'
#: Where others' forms say to go afterwards; ours say that in their own files.
NEXT_FIELD: Final = "_next"

#: The names of the fields of a step, from the script that shows one at a time: these are checked, nothing is taken in.
CHECK_FIELD: Final = "_check"
#: Where the solution of each challenge is posted, by its maker's own scripts, too.
SOLUTION_FIELDS: Final[Mapping[Challenge, str]] = {
    "altcha": "altcha",
    "turnstile": "cf-turnstile-response",
    "hcaptcha": "h-captcha-response",
}
#: On pages of the handler, which run no scripts, in the place of a solution.
PRESSED_FIELD: Final = "_pressed"
#: What a box without choices posts when it is ticked, and what one does that somebody wrote without a value (HTML).
BOX_VALUE: Final = "yes"
PLAIN_BOX_VALUE: Final = "on"

#: Escaped as browsers want it, which read patterns with the flag `v`.
TEL_PATTERN: Final = r"\+?[0-9 \(\).\/\-]{5,25}"
URL_PATTERN: Final = r"https?:\/\/.+"
_DEFAULT_MAX_LENGTH: Final = {"textarea": 5000, "email": 254, "url": 2000, "tel": 25}
_LONGEST_NAME: Final = 200
NO_FILES: Final[Mapping[str, Sequence[Upload]]] = {}
_BREAKS: Final = "\n\r\x0b\x0c\x85\u2028\u2029"


class Choice(NamedTuple):
    """One answer of a select, radio or checkbox field."""

    value: str
    label: str


class Condition(NamedTuple):
    """That another field, which stands before, has one of these answers."""

    field: str
    one_of: tuple[str, ...]


class Field(NamedTuple):
    """One question. Lengths count UTF-16 code units, as `maxlength` in HTML does.

    Of those that are `queued`, a visitor is asked the first one that is not answered yet. A file has one of the endings
    in `accept`, and `max_size` bytes at most.
    """

    name: str
    type: FieldType
    label: str
    label_html: str = ""
    help: str = ""
    required: bool = False
    min_length: int | None = None
    max_length: int | None = None
    pattern: str = ""
    pattern_hint: str = ""
    choices: tuple[Choice, ...] = ()
    autocomplete: str = ""
    value: str = ""
    min: str = ""
    max: str = ""
    step: str = ""
    counter: bool = False
    prefill: bool = False
    accept: tuple[str, ...] = ()
    max_size: int = 0
    queued: bool = False
    begins_step: str = ""
    show_when: Condition | None = None

    @property
    def longest(self) -> int:
        """The most code units that an answer may have, also where the form sets no limit."""
        return self.max_length or _DEFAULT_MAX_LENGTH.get(self.type, 500)

    @property
    def answers(self) -> tuple[str, ...]:
        """What can be answered, where that is a list: the values of choices, or `yes` for a box."""
        if self.choices:
            return tuple(choice.value for choice in self.choices)
        return (BOX_VALUE,) if self.type in ("checkbox", "consent") else ()

    @property
    def html_pattern(self) -> str:
        """The `pattern` attribute: the form's own, or the one that goes with the type."""
        return self.pattern or {"tel": TEL_PATTERN, "url": URL_PATTERN}.get(self.type, "")


class Step(NamedTuple):
    """Fields that a script shows together. One of a conversation has one field and no title."""

    title: str
    fields: tuple[Field, ...]


class GatedFile(NamedTuple):
    """A lead magnet: the file behind a form, and on what terms it is given out."""

    path: str
    name: str
    media_type: str
    size: int
    sha256: str
    valid_for_s: int
    limit: int


#: What happened to a lead that a web hook may be told of: a form came in; it counts, for it needed no confirmation
#: or has it now; the lead wants no more mails.
Happening = Literal["submitted", "accepted", "unsubscribed"]
#: How a web hook wants to be told: by the Standard Webhooks specification, as a message for Slack, or as one flat
#: object for services that make columns of keys, like Zapier and Make.
HookShape = Literal["standard", "slack", "flat"]


class Webhook(NamedTuple):
    """An address that is told of what happens. `secret` names the environment variable that has its secret."""

    name: str
    url: str
    events: tuple[Happening, ...] = ("accepted",)
    shape: HookShape = "standard"
    secret: str = ""


class Form(NamedTuple):
    """A form as both the page and the handler know it.

    `thank_you` is a URL path of the site, `notify` are the addresses of its owners who want to know of each lead.
    What came by it is erased after `keep_for_s`, if that is not 0. `site_key` names the site to the service that a
    `challenge` is of.
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    button: str
    thank_you: str
    intro_html: str = ""
    double_opt_in: bool = True
    file: GatedFile | None = None
    min_seconds: int = 2
    style: FormStyle = "page"
    notify: tuple[str, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    keep_for_s: int = 0
    challenge: Challenge | None = None
    site_key: str = ""

    @property
    def email_field(self) -> Field:
        """The field that says who the lead is: the first one of type email."""
        return next(field for field in self.fields if field.type == "email")

    @property
    def file_fields(self) -> tuple[Field, ...]:
        """The fields that take files."""
        return tuple(field for field in self.fields if field.type == "file")

    @property
    def steps(self) -> tuple[Step, ...]:
        """The visible fields by step; none where all fields are shown at once."""
        steps: list[Step] = []
        for field in self.fields:
            if field.type == "hidden":
                continue
            if self.style == "conversation" or field.begins_step:
                steps.append(Step(field.begins_step, (field,)))
            elif steps:
                steps[-1] = Step(steps[-1].title, (*steps[-1].fields, field))
        return tuple(steps)

    @property
    def needs_extras(self) -> bool:
        """Whether its script has more to do than to show errors."""
        return bool(self.steps) or any(f.show_when or f.counter or f.prefill or f.queued for f in self.fields)


class FieldError(NamedTuple):
    """What is wrong with one answer, in words for the person who gave it."""

    field: str
    code: str
    message: str


class Consent(NamedTuple):
    """That a box was ticked, with the exact words that stood beside it."""

    field: str
    wording: str


class Accepted(NamedTuple):
    """Clean answers, by field name. A checkbox with choices has a list, all else text."""

    email: str
    values: dict[str, str | list[str]]
    consents: tuple[Consent, ...]


class Rejected(NamedTuple):
    """What is wrong, in the order of the fields, and what was typed, to show it again."""

    errors: tuple[FieldError, ...]
    typed: dict[str, list[str]]


class _Invalid(Exception):
    """`text` is English with gaps: `{label}` is the field's, inside a sentence `{name}` stands for it."""

    def __init__(self, code: str, text: str, **gaps: object) -> None:
        self.code, self.text, self.gaps = code, text, gaps


def validate(
    form: Form,
    posted: Mapping[str, Sequence[str]],
    catalog: Catalog = ENGLISH,
    files: Mapping[str, Sequence[Upload]] = NO_FILES,
) -> Accepted | Rejected:
    """Check what was posted, and say in the words of `catalog` what is wrong.

    Names that the form does not declare are dropped, and so are answers to what was not asked. The answer to a field
    that takes a file is the name of that.
    """
    errors: list[FieldError] = []
    values: dict[str, str | list[str]] = {}
    consents: list[Consent] = []
    typed = {f.name: [clean_text(text) for text in posted.get(f.name, ())] for f in form.fields}
    for field in form.fields:
        if not _is_asked(field, values):
            continue
        try:
            is_file = field.type == "file"
            answer = _check_file(field, files.get(field.name, ())) if is_file else _check(field, typed[field.name])
        except _Invalid as invalid:
            errors.append(FieldError(field.name, invalid.code, _said(field, invalid, catalog)))
            continue
        if answer:
            values[field.name] = answer
            if field.type == "consent":
                consents.append(Consent(field.name, field.label))
    if errors:
        return Rejected(tuple(errors), typed)
    return Accepted(str(values[form.email_field.name]), values, tuple(consents))


def answer_fault(field: Field, answer: str) -> str:
    """What would be said in English if a visitor gave this answer; empty where it is a good one."""
    try:
        _check(field, [answer])
    except _Invalid as invalid:
        return _said(field, invalid, ENGLISH)
    return ""


def clean_text(text: str) -> str:
    """NFC, line ends as LF, without outer white space."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip(" \t\n")


def has_control_characters(text: str, *, allow_lines: bool = False) -> bool:
    """Whether `text` has characters that no one types: C0, C1, line and paragraph separators.

    With `allow_lines`, LF and tab are let through.
    """
    if text.isprintable():  # as nearly all of it is
        return False
    allowed = "\n\t" if allow_lines else ""
    return any((c in _BREAKS or unicodedata.category(c) in ("Cc", "Cs")) and c not in allowed for c in text)


def _is_asked(field: Field, values: Mapping[str, str | list[str]]) -> bool:
    """Whether the answers so far are those that `field` is shown for."""
    if field.show_when is None:
        return True
    answer = values.get(field.show_when.field, [])
    return not set([answer] if isinstance(answer, str) else answer).isdisjoint(field.show_when.one_of)


def _said(field: Field, invalid: _Invalid, catalog: Catalog) -> str:
    label = field.label or field.name  # a hidden one may have none
    gaps = {"label": label, "name": _inline(label, catalog.language), **invalid.gaps}
    return translate(catalog, invalid.text, **gaps)


def _check(field: Field, typed: list[str]) -> str | list[str]:
    if field.type == "checkbox" and field.choices:
        return _check_several(field, [text for text in typed if text])
    given = [text for text in typed if text]
    if len(given) > 1:
        raise _Invalid("several", "Give one answer for “{label}”")
    text = given[0] if given else field.value if field.type == "hidden" and not typed else ""
    if not text:
        if field.required:
            raise _Invalid("required", _required_text(field))
        return ""
    if has_control_characters(text, allow_lines=field.type == "textarea"):
        raise _Invalid("control_characters", "Remove the invisible characters from “{label}”")
    _check_length(field, text)
    answer = _CHECKS[field.type](field, text) if field.type in _CHECKS else text
    if field.pattern and not re.fullmatch(field.pattern, text):
        raise _pattern_fault(field)
    return answer


def _check_file(field: Field, files: Sequence[Upload]) -> str:
    if len(files) > 1:
        raise _Invalid("several", "Choose one file for “{label}”")
    if not files:
        if field.required:
            raise _Invalid("required", "Choose a file for “{label}”")
        return ""
    (upload,) = files
    if upload.ending not in field.accept:
        raise _Invalid("kind", "“{label}” must be a file of one of these kinds: {kinds}", kinds=", ".join(field.accept))
    if upload.size > field.max_size:
        raise _Invalid("too_large", "“{label}” must be {size} or smaller", size=size_in_words(field.max_size))
    if not upload.size:
        raise _Invalid("empty", "The file for “{label}” is empty")
    if not is_what_it_says(upload):
        raise _Invalid("content", "The file for “{label}” is not what its name says")
    return "".join(c for c in upload.name if not has_control_characters(c))[-_LONGEST_NAME:]


def _pattern_fault(field: Field) -> _Invalid:
    if field.pattern_hint:
        return _Invalid("pattern", "{hint}", hint=field.pattern_hint)
    return _Invalid("pattern", "“{label}” is not in the format asked for")


def _required_text(field: Field) -> str:
    if field.type in ("consent", "checkbox") and not field.choices:
        return "Tick “{label}” to go on"
    if field.label.endswith("?"):
        return "Choose an answer for “{label}”" if field.choices else "Enter an answer for “{label}”"
    return "Choose {name}" if field.choices else "Enter {name}"


def _inline(label: str, language: str) -> str:
    # "Work e-mail" reads as "Enter work e-mail", but "VAT number" keeps its capitals, and so do German nouns.
    return label[:1].lower() + label[1:] if label[1:2].islower() and language.startswith("en") else label


def _check_length(field: Field, text: str) -> None:
    length = len(text.encode("utf-16-le")) // 2
    if length > field.longest:
        raise _Invalid("too_long", "“{label}” must be {count} characters or fewer", count=field.longest)
    if field.min_length and length < field.min_length:
        raise _Invalid("too_short", "“{label}” must be {count} characters or more", count=field.min_length)


def _check_several(field: Field, typed: list[str]) -> list[str]:
    if not typed and field.required:
        raise _Invalid("required", "Choose at least one answer for “{label}”")
    known = [choice.value for choice in field.choices]
    if any(text not in known for text in typed):
        raise _Invalid("unknown_choice", "Choose from the list for “{label}”")
    return [value for value in known if value in typed]


#: An address as most are, of which email-validator has nothing to say.
_PLAIN_ADDRESS: Final = re.compile(
    r"[a-z0-9]+(?:[._+-][a-z0-9]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+(?:[a-z]{2}|com|edu|info|net|org)"
)
#: So that no part of it can be too long either.
_PLAIN_ADDRESS_LONGEST: Final = 63


def _check_email(field: Field, text: str) -> str:
    if len(text) <= _PLAIN_ADDRESS_LONGEST and _PLAIN_ADDRESS.fullmatch(text):
        return text
    # Imported here: to compile its patterns takes a function longer than all else that a form needs.
    from email_validator import EmailNotValidError, validate_email

    try:
        address = validate_email(text, check_deliverability=False, allow_smtputf8=False)
        good = "=?" not in text  # to mail programs that begins an encoded word (RFC 2047), which can hide a header
    except EmailNotValidError:
        good = False
    if not good:
        raise _Invalid("email", "Enter {name} in the format name@example.com")
    return address.ascii_email or address.normalized


def _check_tel(field: Field, text: str) -> str:
    """The number as it is dialled: `0049 (0)30 12-34` is `+49301234`."""
    number = re.sub(r"[^0-9+]", "", re.sub(r"^(\+|00)(.*?)\(0\)", r"\1\2", text))
    # As many digits as a number may have, https://www.itu.int/rec/T-REC-E.164.
    if not re.fullmatch(TEL_PATTERN, text) or not 5 <= len(number.lstrip("+")) <= 15:
        raise _Invalid("tel", "Enter {name} with digits, spaces and an optional + in front")
    return re.sub("^00", "+", number)


def _check_url(field: Field, text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in text
    except ValueError:
        good = False
    if not good:
        raise _Invalid("url", "Enter {name} as a web address that starts with https://")
    return text


def _check_number(field: Field, text: str) -> str:
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        raise _Invalid("number", "Enter {name} as a number")
    number = Decimal(text)
    if field.min and number < Decimal(field.min):
        raise _Invalid("too_small", "“{label}” must be {bound} or more", bound=field.min)
    if field.max and number > Decimal(field.max):
        raise _Invalid("too_large", "“{label}” must be {bound} or less", bound=field.max)
    if field.step and _is_off_step(number, field):
        raise _Invalid("step", "“{label}” must be in steps of {step}", step=field.step)
    return text


def _is_off_step(number: Decimal, field: Field) -> bool:
    with localcontext() as context:
        context.prec = 2 * field.longest + 100  # nothing is rounded: at 28 digits, a longer number raises
        return bool((number - Decimal(field.min or 0)) % Decimal(field.step))


def _check_date(field: Field, text: str) -> str:
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        day = None
    if day is None:
        raise _Invalid("date", "Enter {name} as a real date, like 2026-03-31")
    if field.min and day < date.fromisoformat(field.min):
        raise _Invalid("too_early", "“{label}” must be {bound} or later", bound=field.min)
    if field.max and day > date.fromisoformat(field.max):
        raise _Invalid("too_late", "“{label}” must be {bound} or earlier", bound=field.max)
    return text


def _check_choice(field: Field, text: str) -> str:
    if text not in [choice.value for choice in field.choices]:
        raise _Invalid("unknown_choice", "Choose from the list for “{label}”")
    return text


def _check_box(field: Field, text: str) -> str:
    if text not in (BOX_VALUE, PLAIN_BOX_VALUE):
        raise _Invalid("unknown_choice", "Tick or leave “{label}”")
    return BOX_VALUE


_CHECKS = {
    "email": _check_email,
    "tel": _check_tel,
    "url": _check_url,
    "number": _check_number,
    "date": _check_date,
    "select": _check_choice,
    "radio": _check_choice,
    "country": _check_choice,
    "checkbox": _check_box,
    "consent": _check_box,
}
