"""A form in other languages: `[translations.de]` in its file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import Field

from leadpages.build.config import FILE as CONFIG_FILE
from leadpages.build.config import Config
from leadpages.build.countries import countries
from leadpages.build.markdown import absolute_links, inline_html, inline_text, simple_html
from leadpages.build.schema import Lines, Strict, line_of
from leadpages.core.errors import Problem, nearest
from leadpages.core.forms import Field as FormField
from leadpages.core.forms import Form

TABLE: Final = "translations"


class FieldWords(Strict):
    """What a field says; `choices` are labels by value."""

    label: str = ""
    help: str = ""
    pattern_hint: str = ""
    begins_step: str = ""
    choices: dict[str, str] = Field(default_factory=dict)


class FormWords(Strict):
    """What a form says in another language. What is left out is said as in the form's own."""

    title: str = ""
    intro: str = ""
    button: str = ""
    fields: dict[str, FieldWords] = Field(default_factory=dict)


def translated(form: Form, language: str, words: FormWords, config: Config) -> Form:
    """`form` in these words of `language`; what it takes in stays the same."""
    intro = absolute_links(simple_html(words.intro), config.base_url, config.page_url)
    return form._replace(
        title=words.title or form.title,
        intro_html=intro or form.intro_html,
        button=words.button or form.button,
        fields=tuple(
            _translated(field, language, words.fields.get(field.name, FieldWords()), config) for field in form.fields
        ),
    )


def _translated(field: FormField, language: str, words: FieldWords, config: Config) -> FormField:
    choices = countries(language) if field.type == "country" else field.choices
    return field._replace(
        label=inline_text(words.label) or field.label,
        label_html=absolute_links(inline_html(words.label), config.base_url, config.page_url) or field.label_html,
        help=words.help or field.help,
        pattern_hint=words.pattern_hint or field.pattern_hint,
        begins_step=words.begins_step or field.begins_step,
        choices=tuple(choice._replace(label=words.choices.get(choice.value) or choice.label) for choice in choices),
    )


def check_translations(
    form: Form, translations: Mapping[str, FormWords], config: Config, path: str, lines: Lines
) -> list[Problem]:
    """What the translations of `form` name that is not there, and a warning where one lacks something.

    A form that is translated into no language says the same in all of them; that is no mistake.
    """
    problems = [
        found for tag, words in translations.items() for found in _unknown(form, tag, words, config, path, lines)
    ]
    for tag in config.languages if translations else ():
        words = translations.get(tag)
        missing = list(_missing(form, words)) if words else ["all of its words"]
        if missing:
            hint = f"write them under [{TABLE}.{tag}]"
            message = f"in `{tag}` the form lacks {', '.join(missing)}"
            problems.append(Problem(path, line_of((TABLE, tag), lines), message, hint, "warning", "translation"))
    return problems


def _unknown(form: Form, tag: str, words: FormWords, config: Config, path: str, lines: Lines) -> Iterator[Problem]:
    at = (TABLE, tag)
    if tag == config.language:
        hint = "say it at the top of the file and in [[fields]]"
        yield Problem(path, line_of(at, lines), f"`{tag}` is the site's own language", hint)
    elif tag not in config.languages:
        hint = nearest(tag, config.languages) or f"add [languages.{tag}] to {CONFIG_FILE}"
        yield Problem(path, line_of(at, lines), f"the site has no language `{tag}`", hint)
    fields = {field.name: field for field in form.fields}
    for name, said in words.fields.items():
        place = (*at, "fields", name)
        if name not in fields:
            yield Problem(path, line_of(place, lines), f"the form has no field `{name}`", nearest(name, fields))
            continue
        values = [choice.value for choice in fields[name].choices]
        for value in said.choices:
            if value not in values:
                line = line_of((*place, "choices", value), lines)
                yield Problem(path, line, f"field `{name}` has no choice `{value}`", nearest(value, values))


def _missing(form: Form, words: FormWords) -> Iterator[str]:
    """The texts of `form` that are not in `words`, in its order. What has no letter is the same in every language."""
    if not words.title:
        yield "`title`"
    if form.intro_html and not words.intro:
        yield "`intro`"
    if form.button and not words.button:
        yield "`button`"
    for field in form.fields:
        said = words.fields.get(field.name, FieldWords())
        for key in ("label", "help", "pattern_hint", "begins_step"):
            if getattr(field, key) and not getattr(said, key):
                yield f"`fields.{field.name}.{key}`"
        choices = field.choices if field.type != "country" else ()
        if any(_has_letter(choice.label) and choice.value not in said.choices for choice in choices):
            yield f"`fields.{field.name}.choices`"


def _has_letter(text: str) -> bool:
    return any(character.isalpha() for character in text)
