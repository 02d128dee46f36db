"""The words of the default theme in the languages that come with it."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import leadpages
from leadpages.build.config import TAXONOMIES
from leadpages.build.markdown import WORDS
from leadpages.core.times import DURATIONS
from leadpages.core.translations import Translation, gaps_of
from leadpages.delivery.webhooks import HEADLINES
from leadpages.leads.risks import WEIGHTS

PACKAGE = Path(leadpages.__file__).parent
THEME = PACKAGE / "themes" / "default"
LANGUAGES = sorted(file.stem for file in (THEME / "translations").glob("*.toml") if file.stem != "en")
#: Where calls have English words for visitors: the name of what is called, and the number of the argument.
CALLS = {"_Invalid": 1, "Refusal": 2, "not_found": 0, "say": 0, "_say": 1}
#: Functions that return such words, or have them as a default.
FUNCTIONS = {"_required_text", "not_found"}


def catalog(language: str) -> dict[str, Translation]:
    return tomllib.loads((THEME / "translations" / f"{language}.toml").read_text("utf-8"))


def said() -> set[str]:
    """Every English text that a visitor may read."""
    texts = {text for file in (THEME / "templates").rglob("*.*ml") for text in in_template(file.read_text("utf-8"))}
    sources = [PACKAGE / "core" / "forms.py", PACKAGE / "build" / "render.py", *(PACKAGE / "handler").glob("*.py")]
    texts |= {text for file in sources for text in in_code(ast.parse(file.read_text("utf-8")))}
    texts |= {*WORDS, *(name.capitalize() for name in TAXONOMIES), "Send"}
    texts |= {*HEADLINES.values(), *WEIGHTS}
    texts |= {text for pair in DURATIONS.values() for text in pair}
    return {text for text in texts if not re.fullmatch(r"\{\w+\}", text)}


def in_template(source: str) -> list[str]:
    return re.findall(r'\b_\("([^"]+)"', source)


def in_code(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in CALLS and len(node.args) > CALLS[name]:
                yield from words(node.args[CALLS[name]])
        elif isinstance(node, ast.FunctionDef) and node.name in FUNCTIONS:
            for part in (
                *node.args.defaults,
                *(n.value for n in ast.walk(node) if isinstance(n, ast.Return) and n.value),
            ):
                yield from words(part)


def words(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may be; a condition is none."""
    if isinstance(node, ast.IfExp):
        yield from (*words(node.body), *words(node.orelse))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    assert not isinstance(node, ast.JoinedStr), "words that are put together cannot be translated"


def forms(translation: Translation) -> list[str]:
    return [translation] if isinstance(translation, str) else list(translation.values())


def test_the_theme_brings_several_languages() -> None:
    """Those that the documentation names."""
    assert LANGUAGES == ["de", "es", "fr", "it", "nl", "pt"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_and_no_other(language: str) -> None:
    """What a template, a form or the handler says is there in each language; what nobody says any more is gone."""
    assert sorted(catalog(language)) == sorted(said())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_gap_is_kept(language: str) -> None:
    """A translation has the gaps of its English text in each of its plural forms."""
    found = {text: [gaps_of(form) for form in forms(translation)] for text, translation in catalog(language).items()}
    assert found == {text: [gaps_of(text)] * len(gaps) for text, gaps in found.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms_are_those_of_the_language(language: str) -> None:
    """One and several, where a number makes a difference."""
    several = [translation for translation in catalog(language).values() if not isinstance(translation, str)]
    assert {tuple(translation) for translation in several} == {("one", "other")}
    assert not isinstance(catalog(language)["{count} posts"], str)


def test_english_says_one_post() -> None:
    """The one thing that English itself must be told."""
    assert catalog("en")["{count} posts"] == {"one": "{count} post", "other": "{count} posts"}
    assert catalog("en").keys() <= said()


@pytest.mark.parametrize("mail", ["confirm", "deliver", "notice"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_mails_are_there_with_the_same_gaps(language: str, mail: str) -> None:
    """Whoever came by the German form gets German mails."""
    english = (THEME / "mails" / f"{mail}.md").read_text("utf-8")
    translated = (THEME / "mails" / f"{mail}.{language}.md").read_text("utf-8")
    gaps = re.compile(r"\{\{ [\w.]+ \}\}")
    assert sorted(gaps.findall(translated)) == sorted(gaps.findall(english))
