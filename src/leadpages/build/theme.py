"""A theme: templates, blocks, styles and default mails, looked up in the project's folder and then in its parents'."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

from jinja2 import FileSystemLoader, TemplateError, TemplateNotFound, TemplateSyntaxError
from pydantic import Field

from leadpages.build.config import FILE as CONFIG_FILE
from leadpages.build.config import Config
from leadpages.build.schema import Strict, check, line_of
from leadpages.build.sources import LINK_HINT, link_fault
from leadpages.build.text import read_text
from leadpages.build.toml_file import parse_toml, read_toml
from leadpages.core.errors import Problem, nearest

FILE: Final = "theme.toml"
DEFAULT: Final = "default"
#: The theme's styles go out as this one file.
STYLESHEET: Final = "style.css"
TOKENS: Final = "tokens.css"
SCRIPT: Final = "form.js"
#: What filling a template may raise: Jinja's own errors, and those of the expressions in it.
TEMPLATE_ERRORS: Final = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

AttributeType = Literal["text", "url", "image", "form", "flag"]
KeyType = Literal["text", "number", "flag", "list"]


class ThemeFile(Strict):
    """`theme.toml`: the theme to fall back on, the styles in order, and front-matter keys of its own."""

    extends: str = ""
    stylesheets: tuple[str, ...] = ()
    front_matter: dict[str, KeyType] = Field(default_factory=dict)


class Attribute(Strict):
    """One attribute of a block."""

    type: AttributeType = "text"
    required: bool = False


class BlockFile(Strict):
    """The TOML in the comment that opens a block's template."""

    description: str
    container: bool = False
    attributes: dict[str, Attribute] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme with its parents, nearest first."""

    folders: tuple[Path, ...]
    stylesheets: tuple[str, ...]
    front_matter: dict[str, KeyType]
    blocks: dict[str, BlockFile]

    @property
    def loader(self) -> FileSystemLoader:
        """Templates by name, the project's own before the parents'."""
        return FileSystemLoader([folder / "templates" for folder in self.folders])

    def assets(self) -> dict[str, Path]:
        """The files of `assets/` by their path in it, each from the nearest theme that has it."""
        found: dict[str, Path] = {}
        for folder in reversed(self.folders):
            root = folder / "assets"
            files_in = (file for file in sorted(root.rglob("[!.]*")) if file.is_file())
            found |= {file.relative_to(root).as_posix(): file for file in files_in}
        return dict(sorted(found.items()))

    def stylesheet(self) -> str:
        """The theme's styles as one text. A theme's tokens stand after its parent's: it names those it changes."""
        assets = self.assets()
        tokens = [folder / "assets" / TOKENS for folder in reversed(self.folders)]
        found = [
            file
            for name in self.stylesheets
            for file in (tokens if name == TOKENS else [assets[name]] if name in assets else [])
            if file.is_file()
        ]
        return "".join(file.read_text("utf-8", "replace").strip() + "\n" for file in found)

    def default_mail(self, name: str) -> Path | None:
        """The theme's own mail of that name, for forms that bring none."""
        found = (folder / "mails" / f"{name}.md" for folder in self.folders)
        return next((file for file in found if file.is_file()), None)


def load_theme(project: Path, config: Config) -> tuple[Theme, list[Problem]]:
    """The theme that `config` names: the project's own, or the packaged one of that name."""
    name, asked_in, line = config.theme, CONFIG_FILE, config.line("theme")
    folders: list[Path] = []
    problems: list[Problem] = []
    stylesheets: tuple[str, ...] = ()
    front_matter: dict[str, KeyType] = {}
    while name:
        folder = _find(project, name)
        if folder is None or folder in folders:
            known = sorted({DEFAULT, *(entry.name for entry in _entries(project / "themes"))})
            message = f"there is no theme `{name}`" if folder is None else f"theme `{name}` extends itself"
            hint = nearest(name, known)
            if (project / "themes" / name).is_dir() and folder is None:
                message, hint = f"themes/{name}/ has no {FILE}", f'write one with: extends = "{DEFAULT}"'
            problems.append(Problem(asked_in, line, message, hint))
            break
        folders.append(folder)
        asked_in = _shown(project, folder / FILE)
        read, line, found = _read(folder, asked_in)
        problems += found
        stylesheets = stylesheets or read.stylesheets
        front_matter = dict(read.front_matter) | front_matter
        name = read.extends
    packaged = _packaged(DEFAULT)
    folders = folders if packaged in folders else [*folders, packaged]
    blocks, found = _blocks(project, folders)
    theme = Theme(tuple(folders), stylesheets or _read(packaged, FILE)[0].stylesheets, front_matter, blocks)
    return theme, problems + found + _check_files(project, theme)


def _packaged(name: str) -> Path:
    return Path(str(files("leadpages") / "themes" / name))


def _find(project: Path, name: str) -> Path | None:
    candidates = (project / "themes" / name, _packaged(name))
    return next((f for f in candidates if re.fullmatch(r"[\w-]+", name) and (f / FILE).is_file()), None)


def _read(folder: Path, path: str) -> tuple[ThemeFile, int, list[Problem]]:
    """The theme's own file, the line on which it names its parent, and what is wrong."""
    toml = read_toml(folder / FILE, path)
    if isinstance(toml, Problem):
        return ThemeFile(), 0, [toml]
    checked = check(ThemeFile, toml.data, path, toml.lines)
    if isinstance(checked, list):
        return ThemeFile(), 0, checked
    return checked, line_of(("extends",), toml.lines), []


def _check_files(project: Path, theme: Theme) -> list[Problem]:
    """Templates and styles are text, every style that is named is there, and no asset is a link out."""
    assets = theme.assets()
    missing = [name for name in theme.stylesheets if name not in assets]
    problems = [
        Problem(_shown(project, theme.folders[0] / FILE), 0, f"no assets/{name} in the theme") for name in missing
    ]
    texts = [file for folder in theme.folders for file in sorted((folder / "templates").rglob("*.html"))]
    texts += [assets[name] for name in theme.stylesheets if name in assets]
    read = [read_text(file, _shown(project, file)) for file in texts]
    problems += [found for found in read if isinstance(found, Problem)]
    own = [file for file in assets.values() if file.is_relative_to(project)]
    faults = [(file, link_fault(file, project)) for file in own]
    return problems + [Problem(_shown(project, file), 0, fault, LINK_HINT) for file, fault in faults if fault]


def _blocks(project: Path, folders: list[Path]) -> tuple[dict[str, BlockFile], list[Problem]]:
    blocks: dict[str, BlockFile] = {}
    problems: list[Problem] = []
    for folder in reversed(folders):
        for file in _entries(folder / "templates" / "blocks"):
            if file.suffix != ".html":
                continue
            declared = _read_block(file, _shown(project, file))
            if isinstance(declared, BlockFile):
                blocks[file.stem] = declared
            else:
                problems += declared
    return blocks, problems


def _read_block(file: Path, path: str) -> BlockFile | list[Problem]:
    text = read_text(file, path)
    if isinstance(text, Problem):
        return [text]
    opening = re.match(r"\{#(.*?)#\}", text, re.DOTALL)
    if opening is None:
        return [
            Problem(
                path,
                1,
                "a block begins with a comment that declares it",
                'like {# description = "…" #}; for one that ends with `:::`, also a line container = true',
            )
        ]
    parsed = parse_toml(opening[1], path)
    return [parsed] if isinstance(parsed, Problem) else check(BlockFile, parsed[0], path, parsed[1])


def _entries(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.iterdir())) if folder.is_dir() else iter(())


def _shown(project: Path, file: Path) -> str:
    return file.relative_to(project).as_posix() if file.is_relative_to(project) else f"leadpages/{file.name}"


def template_problem(name: str, error: Exception) -> Problem:
    """What a template raised, as a problem where it was raised: in `name`, or in one that `name` uses."""
    if isinstance(error, TemplateSyntaxError):
        path = _from_themes(error.filename or f"templates/{error.name or name}")
        return Problem(path, error.lineno, f"the template is not valid: {error.message}")
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if "/templates/" in Path(frame.filename).as_posix()
    ]
    path, line = (_from_themes(frames[-1].filename), frames[-1].lineno or 0) if frames else (f"templates/{name}", 0)
    if isinstance(error, TemplateNotFound):
        return Problem(path, line, f"it uses a template `{error.name}` that does not exist")
    return Problem(path, line, f"the template failed: {error}")


def _from_themes(file: str) -> str:
    parts = Path(file).parts
    at = max((at for at, part in enumerate(parts) if part == "themes"), default=0)
    return "/".join(parts[at:])


#: Templates for what is not a page with a text of its own.
_NOT_FOR_PAGES: Final = {"404", "base", "form", "mail", "posts", "tag", "thank-you"}


def theme_templates(theme: Theme) -> list[str]:
    """The names of the page templates that a page may ask for."""
    names = (file.stem for folder in theme.folders for file in _entries(folder / "templates") if file.suffix == ".html")
    return sorted({name for name in names if not name.startswith("_")} - _NOT_FOR_PAGES)
