"""`forms/NAME/form.toml` and `forms/NAME.toml`: from a writer's file to a `Form`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from leadpages.build.config import FILE as CONFIG_FILE
from leadpages.build.config import Config, LanguageTag, UrlPath
from leadpages.build.countries import countries
from leadpages.build.form_translations import FormWords, check_translations, translated
from leadpages.build.inputs import is_read
from leadpages.build.markdown import absolute_links, inline_html, inline_text, simple_html
from leadpages.build.schema import Fault, Lines, Strict, check, line_of
from leadpages.build.toml_file import read_toml
from leadpages.build.webhooks import WebhookKeys, as_webhooks, check_webhooks
from leadpages.core.errors import Problem, nearest
from leadpages.core.forms import (
    HONEYPOT_FIELDS,
    SOLUTION_FIELDS,
    Challenge,
    Choice,
    Condition,
    FieldType,
    Form,
    FormStyle,
    GatedFile,
    answer_fault,
)
from leadpages.core.forms import Field as FormField
from leadpages.core.times import parse_duration
from leadpages.core.translations import Catalog, translate
from leadpages.core.uploads import KINDS, parse_size

FOLDER: Final = "forms"
#: Of a file that visitors send, where the form says nothing.
_MAX_SIZE: Final = "5 MB"
FILE: Final = "form.toml"
#: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#autofill, those a lead form asks for.
_AUTOCOMPLETE: Final = [
    "off",
    "on",
    "name",
    "honorific-prefix",
    "given-name",
    "additional-name",
    "family-name",
    "honorific-suffix",
    "nickname",
    "username",
    "organization-title",
    "organization",
    "street-address",
    "address-line1",
    "address-line2",
    "address-level1",
    "address-level2",
    "country",
    "country-name",
    "postal-code",
    "language",
    "bday",
    "sex",
    "url",
    "photo",
    "tel",
    "tel-country-code",
    "tel-national",
    "email",
    "impp",
]
#: What a field asks for, by its type or, for one of type text, by its name; so browsers can fill it in.
_TOKENS: Final = {
    "email": "email",
    "tel": "tel",
    "country": "country",
    "name": "name",
    "first_name": "given-name",
    "last_name": "family-name",
    "company": "organization",
    "organization": "organization",
    "job_title": "organization-title",
    "city": "address-level2",
    "postcode": "postal-code",
}
_WITH_CHOICES: Final = ("select", "radio")
# Not `mimetypes`: its answers differ from machine to machine.
_MEDIA_TYPES: Final = {
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".epub": "application/epub+zip",
    ".jpg": "image/jpeg",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".txt": "text/plain",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}


def _duration(text: str) -> str:
    parse_duration(text)
    return text


def _email(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(text, check_deliverability=False, allow_smtputf8=False).normalized
    except EmailNotValidError as error:
        raise ValueError(f"no e-mail address: {error}") from None


def _size(text: str) -> str:
    parse_size(text)
    return text


def _python_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a pattern: {error}") from None
    return text


def _as_choice(value: object) -> object:
    return {"value": value, "label": value} if isinstance(value, str) else value


def _as_text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


class ChoiceKeys(Strict):
    """An answer: `"Yes"`, or `{ value = "y", label = "Yes" }`."""

    value: str = Field(min_length=1)
    label: str = Field(min_length=1)


class ConditionKeys(Strict):
    """`show_when`."""

    field: str
    one_of: tuple[str, ...] = Field(min_length=1)


Bound = Annotated[str, BeforeValidator(_as_text)]


class FieldKeys(Strict):
    """`[[fields]]`."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    name: str
    type: FieldType
    label: str = ""
    help: str = ""
    required: bool = False
    min_length: int | None = Field(None, ge=1)
    max_length: int | None = Field(None, ge=1, le=20_000)
    pattern: Annotated[str, AfterValidator(_python_pattern)] = ""
    pattern_hint: str = ""
    choices: tuple[Annotated[ChoiceKeys, BeforeValidator(_as_choice)], ...] = ()
    autocomplete: str = ""
    value: str = ""
    min: Bound = ""
    max: Bound = ""
    step: Bound = ""
    counter: bool = False
    prefill: bool = False
    accept: tuple[str, ...] = ()
    max_size: Annotated[str, AfterValidator(_size)] = ""
    queued: bool = False
    begins_step: str = Field("", min_length=1)
    show_when: ConditionKeys | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        _check_name(self.name)
        _check_words(self)
        _check_choices(self)
        _check_bounds(self)
        _check_file(self)
        return self


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        hint = "expected small letters, digits and `_`, a letter first"
        raise Fault(f"`{name}` cannot name a field", "name", hint)
    if name in HONEYPOT_FIELDS:
        raise Fault(f"`{name}` is the name of the trap for spam programs", "name", "choose another name")
    if name in SOLUTION_FIELDS.values():
        raise Fault(f"`{name}` is what the solution of a challenge is sent as", "name", "choose another name")


def _check_words(field: FieldKeys) -> None:
    if not field.label and field.type != "hidden":
        raise Fault(f"field `{field.name}` has no `label`", "label", "add the words that stand beside it")
    if field.counter and not (field.max_length and field.type in ("text", "textarea")):
        hint = "it counts what is left of `max_length` in a text or a textarea"
        raise Fault(f"field `{field.name}` has a `counter` and nothing to count", "counter", hint)
    for key in ("prefill", "value"):
        if getattr(field, key) and field.type == "consent":
            message = f"field `{field.name}` is a consent, which only the visitor may give"
            raise Fault(message, key, f"remove `{key}`")
    if field.queued and (field.required or field.value or field.show_when or field.type in ("hidden", "consent")):
        hint = "not everybody is asked: it cannot be required, answered, hidden, a consent or hang on another field"
        raise Fault(f"field `{field.name}` cannot be `queued`", "queued", hint)
    if field.begins_step and field.type == "hidden":
        raise Fault(f"field `{field.name}` is hidden and cannot begin a step", "begins_step")
    if field.autocomplete and field.autocomplete not in _AUTOCOMPLETE:
        hint = nearest(field.autocomplete, _AUTOCOMPLETE)
        raise Fault(f"`autocomplete` of field `{field.name}` is {field.autocomplete!r}", "autocomplete", hint)
    if field.min_length and field.max_length and field.min_length > field.max_length:
        raise Fault(f"`min_length` of field `{field.name}` is more than its `max_length`", "min_length")


def _check_choices(field: FieldKeys) -> None:
    if field.type in _WITH_CHOICES and not field.choices:
        raise Fault(f"field `{field.name}` has no `choices`", "choices", 'add some, like choices = ["Yes", "No"]')
    if field.choices and field.type not in (*_WITH_CHOICES, "checkbox"):
        hint = "only select, radio and checkbox fields have some"
        raise Fault(f"field `{field.name}` has `choices`, but is of type {field.type}", "choices", hint)
    values = [choice.value for choice in field.choices]
    if twice := next((value for value in values if values.count(value) > 1), None):
        raise Fault(f"field `{field.name}` has the choice `{twice}` twice", "choices", "remove one of them")


def _check_bounds(field: FieldKeys) -> None:
    for key, text in {"min": field.min, "max": field.max, "step": field.step}.items():
        if not text:
            continue
        if field.type not in ("number", "date") or (key == "step" and field.type == "date"):
            raise Fault(f"field `{field.name}` has `{key}`, which does not go with type {field.type}", key)
        try:
            parsed = Decimal(text) if field.type == "number" else date.fromisoformat(text)
            if isinstance(parsed, Decimal) and not parsed.is_finite():
                raise ValueError
        except (InvalidOperation, ValueError):
            raise Fault(f"`{key}` of field `{field.name}` is {text!r}", key, f"expected a {field.type}") from None
        if key == "step" and isinstance(parsed, Decimal) and parsed <= 0:
            raise Fault(f"`step` of field `{field.name}` is {text}", key, "expected a number above 0")


def _check_file(field: FieldKeys) -> None:
    for key, value in {"accept": field.accept, "max_size": field.max_size}.items():
        if value and field.type != "file":
            hint = "only fields of type file have it"
            raise Fault(f"field `{field.name}` has `{key}`, but is of type {field.type}", key, hint)
    if unknown := next((ending for ending in field.accept if ending not in KINDS), None):
        raise Fault(f"`accept` of field `{field.name}` has {unknown!r}", "accept", nearest(unknown, KINDS))
    if field.type == "file" and not field.accept:
        hint = 'say which files are taken, like accept = [".pdf", ".docx"]'
        raise Fault(f"field `{field.name}` has no `accept`", "accept", hint)
    if field.type == "file" and (field.prefill or field.pattern or field.value):
        raise Fault(f"field `{field.name}` takes a file, which no `prefill`, `pattern` or `value` can say", "type")


class DownloadKeys(Strict):
    """`[download]`: how long a link lives and how often it works."""

    valid_for: Annotated[str, AfterValidator(_duration)] = "7 days"
    limit: int = Field(20, ge=1, le=10_000)


#: The keys of a form that do nothing without it.
_HANDLERS_WORK: Final = ("double_opt_in", "file", "challenge", "notify", "webhooks", "keep")


class FormKeys(Strict):
    """The whole file."""

    title: str = Field(min_length=1)
    intro: str = ""
    button: str = Field("", min_length=1)
    double_opt_in: bool = True
    thank_you: UrlPath | None = None
    file: str = ""
    min_seconds: int = Field(2, ge=0, le=60)
    challenge: Challenge | None = None
    download: DownloadKeys = DownloadKeys.model_validate({})
    style: FormStyle = "page"
    notify: tuple[Annotated[str, AfterValidator(_email)], ...] = ()
    webhooks: tuple[WebhookKeys, ...] = ()
    keep: Annotated[str, AfterValidator(_duration)] = ""
    fields: tuple[FieldKeys, ...] = Field(min_length=1)
    translations: dict[LanguageTag, FormWords] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FormFile:
    """A form, the file that defines it, and the folder that its mails and its magnet are in, if it has one.

    `languages` has the form in every language of the site, `translated` those that the file has words for.
    """

    form: Form
    languages: Mapping[str, Form]
    translated: frozenset[str]
    path: str
    folder: Path | None
    thank_you_line: int
    has_own_thank_you: bool


def read_forms(
    project: Path, config: Config, catalogs: Mapping[str, Catalog]
) -> tuple[dict[str, FormFile], list[Problem]]:
    """Every form of `project` by name, and every problem with them. `catalogs` are those of the site's languages."""
    forms: dict[str, FormFile] = {}
    problems: list[Problem] = []
    for name, file in _files(project / FOLDER):
        path = file.relative_to(project).as_posix()
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", name):
            message = f"`{name}` cannot name a form: expected small letters, digits and hyphens"
            problems.append(Problem(path, 0, message, "rename the file or its folder"))
        elif name in forms:
            problems.append(
                Problem(path, 0, f"form `{name}` is also defined in {forms[name].path}", "keep one of them")
            )
        else:
            form, found = _read_form(name, file, path, config, catalogs)
            problems += found
            if form:
                forms[name] = form
    return forms, problems


def form_names(project: Path) -> frozenset[str]:
    """The names of all forms that somebody wrote, also of those that have problems."""
    return frozenset(name for name, _ in _files(project / FOLDER))


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not is_read(entry.name):
            continue
        if entry.is_dir() and (entry / FILE).is_file():
            yield entry.name, entry / FILE
        elif entry.suffix == ".toml":
            yield entry.stem, entry


def _read_form(
    name: str, file: Path, path: str, config: Config, catalogs: Mapping[str, Catalog]
) -> tuple[FormFile | None, list[Problem]]:
    toml = read_toml(file, path)
    if isinstance(toml, Problem):
        return None, [toml]
    lines = toml.lines
    keys = check(FormKeys, toml.data, path, lines)
    if isinstance(keys, list):
        return None, [*toml.warnings, *keys]
    folder = file.parent if file.name == FILE else None
    gated = _gated_file(name, keys, folder, path, lines)
    fields = tuple(_field(field, config) for field in keys.fields)
    problems = [
        *_problems(keys, path, lines),
        *_missing_site_key(keys, config, path, lines),
        *_wrong_values(fields, path, lines),
        *_wrong_steps(keys, path, lines),
        *_wrong_conditions(fields, path, lines),
    ]
    if problems or isinstance(gated, Problem):
        return None, [*toml.warnings, *problems, *([gated] if isinstance(gated, Problem) else [])]
    form = Form(
        name=name,
        title=keys.title,
        fields=fields,
        button=keys.button,
        thank_you="",
        intro_html=absolute_links(simple_html(keys.intro), config.base_url, config.page_url),
        double_opt_in=keys.double_opt_in and config.forms.backend == "handler",
        file=gated,
        min_seconds=keys.min_seconds,
        style=keys.style,
        notify=tuple(dict.fromkeys(keys.notify)),
        webhooks=as_webhooks(keys.webhooks),
        keep_for_s=int(parse_duration(keys.keep).total_seconds()) if keys.keep else 0,
        challenge=keys.challenge,
        site_key=config.forms.site_key(keys.challenge),
    )
    problems = check_translations(form, keys.translations, config, path, lines)
    problems += check_webhooks(keys.webhooks, path, lines)
    if config.forms.backend == "netlify":
        problems += _left_undone(keys, path, lines)
    if any(problem.severity == "error" for problem in problems):
        return None, [*toml.warnings, *problems]
    languages = {tag: _in_language(form, tag, keys, config, catalogs[tag]) for tag in config.all_languages}
    line, own = line_of(("thank_you",), lines), keys.thank_you is not None
    own_form = languages[config.language]
    return FormFile(own_form, languages, frozenset(keys.translations), path, folder, line, own), [
        *toml.warnings,
        *problems,
    ]


def _in_language(form: Form, language: str, keys: FormKeys, config: Config, catalog: Catalog) -> Form:
    found = translated(form, language, keys.translations.get(language, FormWords()), config)
    own = config.page_url(keys.thank_you) if keys.thank_you else ""
    thank_you = own or config.localised(f"/thanks/{form.name}/", language)
    return found._replace(button=found.button or translate(catalog, "Send"), thank_you=thank_you)


def _problems(keys: FormKeys, path: str, lines: Lines) -> list[Problem]:
    problems = []
    names = [field.name for field in keys.fields]
    for number, field in enumerate(keys.fields):
        if field.name in names[:number]:
            line = line_of(("fields", number, "name"), lines)
            problems.append(Problem(path, line, f"two fields are named `{field.name}`", "rename one of them"))
    emails = [field for field in keys.fields if field.type == "email"]
    if not emails or not emails[0].required:
        at = keys.fields.index(emails[0]) if emails else 0
        found = f"field `{emails[0].name}` is not required" if emails else "there is no field of type email"
        hint = 'the first one of type "email" says who the lead is: give it required = true'
        problems.append(Problem(path, line_of(("fields", at), lines), found, hint))
    return problems


def _missing_site_key(keys: FormKeys, config: Config, path: str, lines: Lines) -> list[Problem]:
    if keys.challenge in (None, "altcha") or config.forms.site_key(keys.challenge):
        return []
    name = f"{keys.challenge}_site_key"
    message = f"`challenge` is {keys.challenge!r}, and there is no `{name}` in {CONFIG_FILE}"
    hint = f'the service gives you one: add {name} = "…" under [forms] there'
    return [Problem(path, line_of(("challenge",), lines), message, hint)]


def _left_undone(keys: FormKeys, path: str, lines: Lines) -> list[Problem]:
    """What a form asks of a handler, where there is none."""
    asked = [name for name in _HANDLERS_WORK if name in keys.model_fields_set and getattr(keys, name)]
    hint = f'Netlify keeps what is sent, and nothing more: leave it out, or `backend = "netlify"` in {CONFIG_FILE}'
    return [
        Problem(path, line_of((name,), lines), f"without a handler, `{name}` does nothing", hint, "warning")
        for name in asked
    ]


def _wrong_values(fields: Sequence[FormField], path: str, lines: Lines) -> list[Problem]:
    """The fields that begin with what could not be sent."""
    problems = []
    for number, field in enumerate(fields):
        if field.value and (fault := answer_fault(field, field.value)):
            line = line_of(("fields", number, "value"), lines)
            hint = nearest(field.value, field.answers)
            problems.append(Problem(path, line, f"`value` of field `{field.name}` is no answer to it: {fault}", hint))
    return problems


def _wrong_steps(keys: FormKeys, path: str, lines: Lines) -> list[Problem]:
    """What keeps each visible field from being in one step."""
    visible = [(number, field) for number, field in enumerate(keys.fields) if field.type != "hidden"]
    begun = [number for number, field in visible if field.begins_step]
    if begun and keys.style == "conversation":
        line = line_of(("fields", begun[0], "begins_step"), lines)
        return [Problem(path, line, "a conversation has a step for each field already", "remove `begins_step`")]
    if begun and begun[0] != visible[0][0]:
        number, field = visible[0]
        hint = "the first field begins the first step: give it a `begins_step`"
        return [Problem(path, line_of(("fields", number), lines), f"field `{field.name}` is in no step", hint)]
    return []


def _wrong_conditions(fields: Sequence[FormField], path: str, lines: Lines) -> list[Problem]:
    """What is wrong with each `show_when`. A field hangs on one before it only, so that there are no circles."""
    problems = []
    for number, field in enumerate(fields):
        if field.show_when and (fault := _condition_fault(field, field.show_when, fields[:number])):
            line = line_of(("fields", number, "show_when"), lines)
            problems.append(Problem(path, line, f"`show_when` of field `{field.name}` {fault[0]}", fault[1]))
    return problems


def _condition_fault(field: FormField, condition: Condition, before: Sequence[FormField]) -> tuple[str, str] | None:
    other = next((found for found in before if found.name == condition.field), None)
    if other is None:
        hint = nearest(condition.field, [found.name for found in before]) or "name a field that stands before it"
        return f"is about `{condition.field}`, which is no field before it", hint
    if field.type == "email" and not any(found.type == "email" for found in before):
        return "may leave out who the lead is", "the first field of type email is always asked for"
    known = other.answers
    if not known:
        return f"is about `{other.name}`, which is of type {other.type}", "name a field that has choices, or a box"
    if wrong := next((value for value in condition.one_of if value not in known), None):
        return f"waits for `{wrong}`, which is no answer to `{other.name}`", nearest(wrong, known)
    return None


def _gated_file(name: str, keys: FormKeys, folder: Path | None, path: str, lines: Lines) -> GatedFile | Problem | None:
    if not keys.file:
        return None
    line = line_of(("file",), lines)
    if folder is None:
        hint = f"move this file to {FOLDER}/{name}/{FILE} and put the download beside it"
        return Problem(path, line, "a form with a `file` needs a folder of its own", hint)
    file = folder / keys.file
    if "/" in keys.file or "\\" in keys.file or not file.resolve().is_relative_to(folder.resolve()):
        return Problem(path, line, f"`file` is {keys.file!r}: expected the name of a file in {folder.name}/")
    if not file.is_file():
        known = [entry.name for entry in folder.iterdir() if entry.suffix not in (".toml", ".md")]
        return Problem(path, line, f"there is no file `{keys.file}` in {folder.name}/", nearest(keys.file, known))
    data = file.read_bytes()
    return GatedFile(
        path=f"files/{name}/{file.name}",
        name=file.name,
        media_type=_MEDIA_TYPES.get(file.suffix.lower()) or "application/octet-stream",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        valid_for_s=int(parse_duration(keys.download.valid_for).total_seconds()),
        limit=keys.download.limit,
    )


def _field(keys: FieldKeys, config: Config) -> FormField:
    data: dict[str, Any] = {name: getattr(keys, name) for name in FieldKeys.model_fields}
    choices = tuple(Choice(choice.value, choice.label) for choice in keys.choices)
    choices = countries(config.language) if keys.type == "country" else choices
    autocomplete = keys.autocomplete or _TOKENS.get(keys.type if keys.type != "text" else keys.name, "")
    when = Condition(keys.show_when.field, keys.show_when.one_of) if keys.show_when else None
    data |= {"choices": choices, "label": inline_text(keys.label), "autocomplete": autocomplete, "show_when": when}
    data["max_size"] = parse_size(keys.max_size or _MAX_SIZE) if keys.type == "file" else 0
    label_html = absolute_links(inline_html(keys.label), config.base_url, config.page_url)
    return FormField(**data, label_html=label_html)
