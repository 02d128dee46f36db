"""The handler's HTTP surface in a form that programs read (OpenAPI 3.1, https://spec.openapis.org/oas/v3.1.1)."""

from __future__ import annotations

from typing import Any, Final

from leadpages.core import urls
from leadpages.core.bundle import Bundle
from leadpages.core.forms import BOX_VALUE, KEY_PATTERN, PLAIN_BOX_VALUE, SOLUTION_FIELDS, Field, Form

Schema = dict[str, Any]

_ERROR: Final[Schema] = {
    "type": "object",
    "required": ["error", "errors", "request_id"],
    "properties": {
        "error": {"type": "string", "description": "What went wrong, for programs."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "field": {"type": "string", "description": "The field that it is about, if it is about one."},
                    "code": {"type": "string"},
                    "message": {"type": "string", "description": "For people, in the language of the form."},
                },
            },
        },
        "request_id": {"type": "string", "description": "Names the request in the log."},
    },
}
_REFUSALS: Final = {
    "400": "Not readable: broken JSON, text that is not UTF-8, a body that did not arrive whole.",
    "403": "Sent from a page of another origin.",
    "404": "No such address.",
    "405": "No such method.",
    "413": "Too many bytes or fields.",
    "415": "A type or an encoding that is not read.",
    "422": "Answers that are not valid, a challenge without a solution (`challenge_required`), or an idempotency key "
    "that stands for others.",
    "429": "Too many; `Retry-After` says when to come back.",
    "503": "The store is busy, full or away; nothing was kept. `Retry-After` says when to try again.",
}
_KEY: Final[Schema] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Names one try: repeated within a day, it has no second effect and gets the same reply.",
    "schema": {"type": "string", "pattern": f"^(?:{KEY_PATTERN})$"},
}
_FORMATS: Final = {"email": "email", "url": "uri", "date": "date"}
#: Narrower than what is taken, and all of it is.
_PATTERNS: Final = {"number": r"-?[0-9]+(\.[0-9]+)?", "tel": r"\+?[0-9]{5,15}"}
_CONTROLS: Final = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029"
_LINES: Final = r"\t\n"
_PAGE: Final[Schema] = {"text/html": {"schema": {"type": "string"}}}


def describe(bundle: Bundle) -> Schema:
    """The document for the forms of `bundle`, each a path of its own."""
    return {
        "openapi": "3.1.0",
        "info": {"title": bundle.site.title, "version": "1"},
        "servers": [{"url": bundle.site.handler_url or bundle.site.url}],
        "paths": {
            **{f"{urls.SUBMIT}{name}": _form_path(form) for name, form in bundle.forms.items()},
            urls.HEALTH: {
                "get": {"summary": "Whether the store can be read", "responses": _replies(_ok(_STATUS), "503")}
            },
        },
        "components": {"schemas": {"Error": _ERROR}},
    }


_DROPPED: Final[Schema] = {
    "description": "What the form does not declare is dropped.",
    "type": ["string", "number", "boolean", "null", "array"],
    "items": {"type": "string"},
}
_STATUS: Final[Schema] = {"type": "object", "required": ["status"], "properties": {"status": {"const": "ok"}}}
_STARTED: Final[Schema] = {"type": "object", "required": ["started"], "properties": {"started": {"type": "string"}}}
#: A challenge of ALTCHA's (https://altcha.org/docs/v1/proof-of-work/).
_POSED: Final[Schema] = {
    "type": "object",
    "required": ["started", "algorithm", "challenge", "maxnumber", "salt", "signature"],
    "properties": {
        "started": {"type": "string"},
        "algorithm": {"const": "SHA-256"},
        "challenge": {"type": "string", "description": "The digest, in hexadecimal, of salt and number."},
        "maxnumber": {"type": "integer", "description": "The number is no higher."},
        "salt": {"type": "string"},
        "signature": {"type": "string"},
    },
}
_SOLUTIONS: Final = {
    "altcha": "JSON in base64: `algorithm`, `challenge`, `salt` and `signature` as GET gave them, and the `number`. "
    "It is good for one submission, and for two hours.",
    "turnstile": "The token of Cloudflare's widget.",
    "hcaptcha": "The token of hCaptcha's widget.",
}
_REDIRECT: Final[Schema] = {
    "type": "object",
    "required": ["redirect"],
    "properties": {"redirect": {"type": "string", "format": "uri", "description": "The page of thanks."}},
}


def _form_path(form: Form) -> Schema:
    kept = {"description": "Kept. Where to go next, for who asks for JSON.", "content": _json(_REDIRECT)}
    moved = {
        "description": "Kept. `Location` is where to go next.",
        "headers": {"Location": {"schema": {"type": "string"}}},
    }
    given = _PAGE | _json(_POSED if form.challenge == "altcha" else _STARTED)
    refused = [code for code in _REFUSALS if code != "405"]
    return {
        "get": {
            "summary": f"The form “{form.title}” as a page, or a proof of when it was begun",
            "responses": _replies({"200": {"description": "The form.", "content": given}}),
        },
        "post": {
            "summary": form.title,
            "parameters": [_KEY],
            "requestBody": {"required": True, "content": _bodies(form)},
            "responses": _replies({"200": kept, "303": moved}, *refused),
        },
    }


def _bodies(form: Form) -> Schema:
    typed = _object(form, [field for field in form.fields if field.type != "file"])
    if not form.file_fields:
        return {"application/json": {"schema": typed}, "application/x-www-form-urlencoded": {"schema": typed}}
    return {"multipart/form-data": {"schema": _object(form, list(form.fields))}}


def _object(form: Form, fields: list[Field]) -> Schema:
    asked = [_asked(field) for field in fields if field.required and field.show_when]
    return {
        **({"allOf": asked} if asked else {}),
        "type": "object",
        "required": [*(field.name for field in fields if field.required and not field.show_when), *_solution(form)],
        "properties": {field.name: _value(field) for field in fields} | _solution(form),
        "additionalProperties": _DROPPED,
    }


def _solution(form: Form) -> Schema:
    """What comes with the answers where the form has a challenge."""
    if form.challenge is None:
        return {}
    value = {"type": "string", "minLength": 1, "description": _SOLUTIONS[form.challenge]}
    return {SOLUTION_FIELDS[form.challenge]: value}


def _asked(field: Field) -> Schema:
    """That a field is required where another has one of some answers."""
    assert field.show_when  # noqa: S101  (only such are given)
    other, answers = field.show_when.field, list(field.show_when.one_of)
    given = {"enum": answers}, {"type": "array", "contains": {"enum": answers}}
    return {
        "if": {"required": [other], "properties": {other: {"anyOf": list(given)}}},
        "then": {"required": [field.name]},
    }


def _value(field: Field) -> Schema:
    schema: Schema = {"title": field.label} if field.label else {}
    if field.type == "file":
        return {**schema, "type": "string", "contentMediaType": "application/octet-stream"}
    if field.type == "checkbox" and field.choices:
        return {**schema, "type": "array", "items": {"enum": list(field.answers)}, "uniqueItems": True}
    if field.answers and field.type in ("checkbox", "consent"):
        return {**schema, "enum": [BOX_VALUE, PLAIN_BOX_VALUE]}
    if field.answers:
        return {**schema, "enum": list(field.answers)}
    lengths = {"minLength": field.min_length or int(field.required), "maxLength": field.longest}
    format_ = _FORMATS.get(field.type)
    return {**schema, "type": "string", **lengths, **({"format": format_} if format_ else {"pattern": _pattern(field)})}


def _pattern(field: Field) -> str:
    """No characters that no one types, and more than white space where something is required."""
    if own := field.pattern or _PATTERNS.get(field.type):
        return f"^(?:{own})$"
    text = rf"[^{_CONTROLS}{'' if field.type == 'textarea' else _LINES}]"
    return rf"^{text}*$" if not field.required else rf"^[^{_CONTROLS}\s]{text}*$"


def _ok(schema: Schema) -> Schema:
    return {"200": {"description": "All is well.", "content": _json(schema)}}


def _replies(good: Schema, *refused: str) -> Schema:
    reference = {"$ref": "#/components/schemas/Error"}
    return good | {code: {"description": _REFUSALS[code], "content": _PAGE | _json(reference)} for code in refused}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}
