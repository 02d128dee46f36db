"""A theme's words in other languages: `translations/LANGUAGE.toml` in the folders of the theme and its parents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from leadpages.build.schema import shown
from leadpages.build.toml_file import read_toml
from leadpages.core.errors import Problem
from leadpages.core.translations import PLURALS, Catalog, Translation, fallbacks, gaps_of

FOLDER: Final = "translations"


def read_translations(
    folders: Sequence[Path], languages: Iterable[str], project: Path
) -> tuple[dict[str, Catalog], list[Problem]]:
    """The catalog of each language, and every problem with the files it was made from.

    `folders` are those of the theme, the nearest first. The nearest language goes first, then the nearest folder:
    `pt-BR.toml` of a parent before `pt.toml` of the project's own theme, and `en.toml` last.
    """
    read: dict[Path, dict[str, Translation]] = {}
    problems: list[Problem] = []
    catalogs = {}
    for language in languages:
        texts: dict[str, Translation] = {}
        for tag in reversed(list(fallbacks(language))):
            for file in (folder / FOLDER / f"{tag}.toml" for folder in reversed(folders)):
                if file not in read:
                    read[file], found = _read(file, _shown(file, project)) if file.is_file() else ({}, [])
                    problems += found
                texts |= read[file]
        catalogs[language] = Catalog(language, texts)
    return catalogs, problems


def _read(file: Path, path: str) -> tuple[dict[str, Translation], list[Problem]]:
    toml = read_toml(file, path)
    if isinstance(toml, Problem):
        return {}, [toml]
    texts: dict[str, Translation] = {}
    problems = list(toml.warnings)
    for text, value in toml.data.items():
        line = toml.lines.get((text,), 0)
        faults = list(_faults(text, value))
        problems += [Problem(path, line, message, hint) for message, hint in faults]
        if not faults:
            texts[text] = value
    return texts, problems


def _faults(text: str, value: Any) -> Iterator[tuple[str, str]]:
    """What is wrong with the translation of `text`, and what to do about it."""
    forms = value if isinstance(value, Mapping) else {"other": value}
    if unknown := [form for form in forms if form not in PLURALS]:
        yield f"`{text}` has a plural form `{unknown[0]}`", f"known: {', '.join(PLURALS)}"
    elif "other" not in forms:
        yield f"`{text}` has no plural form `other`", 'add: other = "…", for numbers that have no form of their own'
    known = gaps_of(text)
    for translation in forms.values():
        if not isinstance(translation, str):
            yield f"`{text}` is {shown(translation)}: expected text", ""
        elif strange := sorted(gaps_of(translation) - known):
            names = ", ".join(f"{{{name}}}" for name in sorted(known)) or "none"
            yield f"`{text}` has a gap {{{strange[0]}}}, which its English text lacks", f"known: {names}"


def _shown(file: Path, project: Path) -> str:
    return file.relative_to(project).as_posix() if file.is_relative_to(project) else f"leadpages/{file.name}"
