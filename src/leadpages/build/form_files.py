"""`forms/NAME/form.toml` and `forms/NAME.toml`: from a writer's file to a `Form`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from leadpages.build.config import UrlPath
from leadpages.build.markdown import absolute_links, inline_html, inline_text, simple_html
from leadpages.build.schema import Lines, Strict, check, line_of
from leadpages.build.toml_file import parse_toml
from leadpages.core.errors import Problem, nearest
from leadpages.core.forms import HONEYPOT_FIELD, Choice, FieldType, Form, GatedFile
from leadpages.core.forms import Field as FormField
from leadpages.core.times import parse_duration

FOLDER: Final = "forms"
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

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if fault := _name_fault(self.name) or _label_fault(self) or _choices_fault(self) or _bounds_fault(self):
            raise ValueError(fault)
        return self


def _name_fault(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        return f"`{name}` cannot name a field: expected small letters, digits and `_`, a letter first"
    return f"`{name}` is the name of the trap for spam programs" if name == HONEYPOT_FIELD else ""


def _label_fault(field: FieldKeys) -> str:
    return (
        ""
        if field.label or field.type == "hidden"
        else f"`label` is missing: field `{field.name}` needs words beside it"
    )


def _choices_fault(field: FieldKeys) -> str:
    if field.type in _WITH_CHOICES and not field.choices:
        return f"`choices` is missing: a {field.type} field offers some"
    if field.choices and field.type not in (*_WITH_CHOICES, "checkbox"):
        return f"`choices` belong to select, radio and checkbox fields, not to {field.type}"
    values = [choice.value for choice in field.choices]
    twice = next((value for value in values if values.count(value) > 1), None)
    return f"the choice `{twice}` stands twice" if twice else ""


def _bounds_fault(field: FieldKeys) -> str:
    bounds = {"min": field.min, "max": field.max, "step": field.step}
    for key, text in bounds.items():
        if not text:
            continue
        if field.type not in ("number", "date") or (key == "step" and field.type == "date"):
            return f"`{key}` does not go with a {field.type} field"
        try:
            parsed = Decimal(text) if field.type == "number" else date.fromisoformat(text)
        except (InvalidOperation, ValueError):
            return f"`{key}` is {text!r}: expected a {field.type}"
        if key == "step" and isinstance(parsed, Decimal) and parsed <= 0:
            return "`step` must be more than 0"
    if field.min_length and field.max_length and field.min_length > field.max_length:
        return "`min_length` is more than `max_length`"
    if field.autocomplete and field.autocomplete not in _AUTOCOMPLETE:
        return f"`autocomplete` is {field.autocomplete!r}: {nearest(field.autocomplete, _AUTOCOMPLETE)}"
    return ""


class DownloadKeys(Strict):
    """`[download]`: how long a link lives and how often it works."""

    valid_for: Annotated[str, AfterValidator(_duration)] = "7 days"
    limit: int = Field(20, ge=1, le=10_000)


class FormKeys(Strict):
    """The whole file."""

    title: str = Field(min_length=1)
    intro: str = ""
    button: str = Field("Send", min_length=1)
    double_opt_in: bool = True
    thank_you: UrlPath | None = None
    file: str = ""
    min_seconds: int = Field(2, ge=0, le=60)
    download: DownloadKeys = DownloadKeys.model_validate({})
    fields: tuple[FieldKeys, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class FormFile:
    """A form, the file that defines it, and the folder that its mails and its magnet are in, if it has one."""

    form: Form
    path: str
    folder: Path | None
    thank_you_line: int
    has_own_thank_you: bool


def read_forms(project: Path, base_url: str) -> tuple[dict[str, FormFile], list[Problem]]:
    """Every form of `project` by name, and every problem with them."""
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
            found = _read_form(name, file, path, base_url)
            if isinstance(found, FormFile):
                forms[name] = found
            else:
                problems += found
    return forms, problems


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if entry.is_dir() and (entry / FILE).is_file():
            yield entry.name, entry / FILE
        elif entry.suffix == ".toml":
            yield entry.stem, entry


def _read_form(name: str, file: Path, path: str, base_url: str) -> FormFile | list[Problem]:
    try:
        parsed = parse_toml(file.read_text("utf-8"), path)
    except UnicodeDecodeError as error:
        return [Problem(path, 0, f"not UTF-8 at byte {error.start}")]
    if isinstance(parsed, Problem):
        return [parsed]
    data, lines = parsed
    keys = check(FormKeys, data, path, lines)
    if isinstance(keys, list):
        return keys
    folder = file.parent if file.name == FILE else None
    gated = _gated_file(name, keys, folder, path, lines)
    problems = _problems(keys, path, lines) + ([gated] if isinstance(gated, Problem) else [])
    if problems or isinstance(gated, Problem):
        return problems
    form = Form(
        name=name,
        title=keys.title,
        fields=tuple(_field(field, base_url) for field in keys.fields),
        button=keys.button,
        thank_you=keys.thank_you or f"/thanks/{name}/",
        intro_html=absolute_links(simple_html(keys.intro), base_url),
        double_opt_in=keys.double_opt_in,
        file=gated,
        min_seconds=keys.min_seconds,
    )
    return FormFile(form, path, folder, line_of(("thank_you",), lines), keys.thank_you is not None)


def _problems(keys: FormKeys, path: str, lines: Lines) -> list[Problem]:
    problems = []
    names = [field.name for field in keys.fields]
    for number, field in enumerate(keys.fields):
        if field.name in names[:number]:
            line = line_of(("fields", number, "name"), lines)
            problems.append(Problem(path, line, f"two fields are named `{field.name}`", "rename one of them"))
    emails = [field for field in keys.fields if field.type == "email"]
    if not emails or not emails[0].required:
        found = f"`{emails[0].name}` is not required" if emails else "there is no field of type email"
        hint = 'the first one of type "email" says who the lead is: give it required = true'
        problems.append(Problem(path, line_of(("fields",), lines), found, hint))
    return problems


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


def _field(keys: FieldKeys, base_url: str) -> FormField:
    data: dict[str, Any] = {name: getattr(keys, name) for name in FieldKeys.model_fields}
    choices = tuple(Choice(choice.value, choice.label) for choice in keys.choices)
    data |= {"choices": choices, "label": inline_text(keys.label)}
    return FormField(**data, label_html=absolute_links(inline_html(keys.label), base_url))
