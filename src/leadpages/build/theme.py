"""A theme: templates, blocks, styles and default mails, looked up in the project's folder and then in its parents'."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

from jinja2 import FileSystemLoader, TemplateNotFound, TemplateSyntaxError
from pydantic import Field

from leadpages.build.schema import Strict, check
from leadpages.build.toml_file import parse_toml
from leadpages.core.errors import Problem, nearest

FILE: Final = "theme.toml"
DEFAULT: Final = "default"
#: The theme's styles go out as this one file.
STYLESHEET: Final = "style.css"
SCRIPT: Final = "form.js"

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
            found |= {file.relative_to(root).as_posix(): file for file in sorted(root.rglob("*")) if file.is_file()}
        return dict(sorted(found.items()))

    def stylesheet(self) -> str:
        """The theme's styles as one text."""
        assets = self.assets()
        return "".join(assets[name].read_text("utf-8").strip() + "\n" for name in self.stylesheets)

    def default_mail(self, name: str) -> Path | None:
        """The theme's own mail of that name, for forms that bring none."""
        found = (folder / "mails" / f"{name}.md" for folder in self.folders)
        return next((file for file in found if file.is_file()), None)


def load_theme(project: Path, name: str) -> tuple[Theme, list[Problem]]:
    """The theme `name` of `project`, or the packaged one of that name."""
    folders: list[Path] = []
    problems: list[Problem] = []
    stylesheets: tuple[str, ...] = ()
    front_matter: dict[str, KeyType] = {}
    while name:
        folder = _find(project, name)
        if folder is None or folder in folders:
            known = sorted({DEFAULT, *(entry.name for entry in _entries(project / "themes"))})
            message = f"there is no theme `{name}`" if folder is None else f"theme `{name}` extends itself"
            problems.append(Problem(f"themes/{name}", 0, message, nearest(name, known)))
            break
        folders.append(folder)
        read, found = _read(project, folder)
        problems += found
        stylesheets = stylesheets or read.stylesheets
        front_matter = dict(read.front_matter) | front_matter
        name = read.extends
    packaged = _packaged(DEFAULT)
    folders = folders if packaged in folders else [*folders, packaged]
    blocks, found = _blocks(project, folders)
    theme = Theme(tuple(folders), stylesheets or _read(project, packaged)[0].stylesheets, front_matter, blocks)
    missing = [name for name in theme.stylesheets if name not in theme.assets()]
    problems += [Problem(_shown(project, folders[0] / FILE), 0, f"no assets/{name} in the theme") for name in missing]
    return theme, problems + found


def _packaged(name: str) -> Path:
    return Path(str(files("leadpages") / "themes" / name))


def _find(project: Path, name: str) -> Path | None:
    candidates = (project / "themes" / name, _packaged(name))
    return next((f for f in candidates if re.fullmatch(r"[\w-]+", name) and (f / FILE).is_file()), None)


def _read(project: Path, folder: Path) -> tuple[ThemeFile, list[Problem]]:
    path = _shown(project, folder / FILE)
    parsed = parse_toml((folder / FILE).read_text("utf-8"), path)
    if isinstance(parsed, Problem):
        return ThemeFile(), [parsed]
    checked = check(ThemeFile, parsed[0], path, parsed[1])
    return (ThemeFile(), checked) if isinstance(checked, list) else (checked, [])


def _blocks(project: Path, folders: list[Path]) -> tuple[dict[str, BlockFile], list[Problem]]:
    blocks: dict[str, BlockFile] = {}
    problems: list[Problem] = []
    for folder in reversed(folders):
        for file in _entries(folder / "templates" / "blocks"):
            declared = _read_block(file, _shown(project, file))
            if isinstance(declared, BlockFile):
                blocks[file.stem] = declared
            else:
                problems += declared
    return blocks, problems


def _read_block(file: Path, path: str) -> BlockFile | list[Problem]:
    opening = re.match(r"\{#(.*?)#\}", file.read_text("utf-8"), re.DOTALL)
    if opening is None:
        return [Problem(path, 1, "a block begins with a comment that declares it", 'like {# description = "…" #}')]
    try:
        data: dict[str, Any] = tomllib.loads(opening[1])
    except tomllib.TOMLDecodeError as error:
        return [Problem(path, 1, f"the block's declaration is not valid TOML: {error}")]
    return check(BlockFile, data, path, {})


def _entries(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.iterdir())) if folder.is_dir() else iter(())


def _shown(project: Path, file: Path) -> str:
    return file.relative_to(project).as_posix() if file.is_relative_to(project) else f"leadpages/{file.name}"


def template_problem(name: str, error: Exception) -> Problem:
    """The fault of template `name` as a problem with its place."""
    if isinstance(error, TemplateSyntaxError):
        return Problem(f"templates/{error.name}", error.lineno, f"the template is not valid: {error.message}")
    if isinstance(error, TemplateNotFound):
        return Problem(f"templates/{name}", 0, f"it uses a template `{error.name}` that does not exist")
    return Problem(f"templates/{name}", 0, f"the template failed: {error}")


def theme_templates(theme: Theme) -> list[str]:
    """The names of the page templates that a page may ask for."""
    names = (file.stem for folder in theme.folders for file in _entries(folder / "templates") if file.suffix == ".html")
    return sorted({name for name in names if not name.startswith("_")})
