"""A theme: templates, blocks, styles and default mails, looked up in the project's folder and then in its parents'."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, Self

from jinja2 import FileSystemLoader, TemplateError, TemplateNotFound, TemplateSyntaxError
from pydantic import Field, model_validator

from leadpages.build.config import FILE as CONFIG_FILE
from leadpages.build.config import Config
from leadpages.build.inputs import is_read
from leadpages.build.page_templates import PageTemplates
from leadpages.build.schema import Fault, Strict, check, line_of
from leadpages.build.sources import LINK_HINT, link_fault
from leadpages.build.text import read_text
from leadpages.build.theme_settings import ACCENT, Schemes, Setting, accent_styles, check_contrast, read_settings
from leadpages.build.toml_file import parse_toml, read_toml
from leadpages.core.errors import Problem, nearest
from leadpages.core.translations import fallbacks

FILE: Final = "theme.toml"
DEFAULT: Final = "default"
#: The theme's styles go out as this one file.
STYLESHEET: Final = "style.css"
TOKENS: Final = "tokens.css"
#: What filling a template may raise: Jinja's own errors, and those of the expressions in it.
TEMPLATE_ERRORS: Final = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)

AttributeType = Literal["text", "url", "image", "form", "flag", "moment"]
KeyType = Literal["text", "number", "flag", "list", "url"]


class ThemeFile(Strict):
    """`theme.toml`: the theme to fall back on, the styles in order, its settings, and front-matter keys of its own.

    `form_templates` are those page templates that are nothing without a form.
    """

    extends: str = ""
    stylesheets: tuple[str, ...] = ()
    settings: dict[str, Setting] = Field(default_factory=dict)
    front_matter: dict[str, KeyType] = Field(default_factory=dict)
    form_templates: tuple[str, ...] = ()


#: An id in a template, without an expression in it.
_ID: Final = re.compile(r'\bid="([^"{}]+)"')


class Attribute(Strict):
    """One attribute of a block. `choices` are all that a text may be; where it is not required, the first is meant."""

    type: AttributeType = "text"
    required: bool = False
    choices: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _choices_are_texts(self) -> Self:
        if self.choices and self.type != "text":
            raise Fault(f"an attribute of type {self.type} has no `choices`", "choices", "remove one of them")
        return self


#: What a block may ask for in the text that it contains, and the token that this begins with.
CONTENT: Final = {
    "list": "bullet_list_open",
    "numbered list": "ordered_list_open",
    "table": "table_open",
    "term": "dt_open",
    "picture": "image",
}


class BlockFile(Strict):
    """The TOML in the comment that opens a block's template."""

    description: str
    #: The block as a writer types it.
    example: str = ""
    container: bool = False
    #: What has to be in it: one of `CONTENT`, or the name of another block.
    holds: str = ""
    attributes: dict[str, Attribute] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme with its parents, nearest first."""

    folders: tuple[Path, ...]
    pages: PageTemplates
    stylesheets: tuple[str, ...]
    front_matter: dict[str, KeyType]
    blocks: dict[str, BlockFile]
    #: Every setting of the theme and its parents, as the project has it.
    settings: dict[str, Any] = field(default_factory=dict)
    #: The names of those that the project sets, and of those that are addresses.
    chosen: tuple[str, ...] = ()
    address_settings: tuple[str, ...] = ()
    form_templates: frozenset[str] = frozenset()

    @property
    def loader(self) -> FileSystemLoader:
        """Templates by name, the project's own before the parents'."""
        return FileSystemLoader([folder / "templates" for folder in self.folders])

    def assets(self) -> dict[str, Path]:
        """The files of `assets/` by their path in it, each from the nearest theme that has it."""
        found: dict[str, Path] = {}
        for folder in reversed(self.folders):
            root = folder / "assets"
            found |= {file.relative_to(root).as_posix(): file for file in _files_in(root)}
        return dict(sorted(found.items()))

    def styles(self) -> list[tuple[Path, str]]:
        """The theme's styles in order.

        A theme's tokens stand after its parent's: it names those it changes. Those of what the project sets follow.
        """
        assets = self.assets()
        styles: list[tuple[Path, str]] = []
        for name in self.stylesheets:
            if name == TOKENS:
                styles += self._tokens()
            elif name in assets:
                styles.append((assets[name], _css(assets[name])))
        return styles

    @property
    def schemes(self) -> Schemes:
        """The colours of its pages; those of the default theme where its styles set none."""
        return Schemes.of(_css(_packaged(DEFAULT) / "assets" / TOKENS) + "".join(text for _, text in self.styles()))

    def _tokens(self) -> list[tuple[Path, str]]:
        files = [folder / "assets" / TOKENS for folder in reversed(self.folders)]
        for name in self.chosen:
            sheets = (folder / "settings" / f"{name}-{self.settings[name]}.css" for folder in self.folders)
            files += [file for file in sheets if file.is_file()][:1]
        found = [(file, _css(file)) for file in files if file.is_file()]
        if ACCENT in self.chosen and (accent := self.settings[ACCENT]):
            found.append((Path(CONFIG_FILE), accent_styles(accent, "".join(text for _, text in found))))
        return found

    def files(self) -> list[Path]:
        """Every file of the theme and its parents, in an order that is the same everywhere."""
        return [file for folder in self.folders for file in _files_in(folder) if "__pycache__" not in file.parts]

    def anchors(self) -> frozenset[str]:
        """The ids that templates put on pages, as far as they are written out."""
        texts = (file.read_text("utf-8", "replace") for file in self.files() if file.suffix == ".html")
        return frozenset(found for text in texts for found in _ID.findall(text))

    def default_mail(self, name: str, language: str) -> Path | None:
        """The theme's own mail of that name, for forms that bring none: `NAME.LANGUAGE.md`, else `NAME.md`."""
        endings = [*(f".{tag}" for tag in fallbacks(language)), ""]
        found = (folder / "mails" / f"{name}{ending}.md" for folder in self.folders for ending in endings)
        return next((file for file in found if file.is_file()), None)


def _css(file: Path) -> str:
    return file.read_text("utf-8", "replace").strip() + "\n"


def _files_in(folder: Path) -> list[Path]:
    """What a build reads in a folder of a theme and in those under it."""
    found = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return [file for file in found if all(map(is_read, file.relative_to(folder).parts))]


def load_theme(project: Path, config: Config) -> tuple[Theme, list[Problem]]:
    """The theme that `config` names: the project's own, or the packaged one of that name."""
    name, asked_in, line = config.theme, CONFIG_FILE, config.line("theme")
    folders: list[Path] = []
    problems: list[Problem] = []
    stylesheets: tuple[str, ...] = ()
    front_matter: dict[str, KeyType] = {}
    settings: dict[str, Setting] = {}
    form_templates: dict[str, str] = {}
    packaged_names = [entry.name for entry in _entries(_packaged("")) if entry.is_dir()]
    for taken in (found for found in packaged_names if (project / "themes" / found).is_dir()):
        message = f"`{taken}` is the name of a packaged theme, so nothing in this folder is used"
        hint = f'call the folder otherwise, with a {FILE} that says extends = "{taken}", and set `theme` to its name'
        problems.append(Problem(f"themes/{taken}", 0, message, hint, "warning"))
    while name:
        folder = _find(project, name)
        if folder is None or folder in folders:
            known = sorted({*packaged_names, *(entry.name for entry in _entries(project / "themes"))})
            message = f"there is no theme `{name}`" if folder is None else f"theme `{name}` extends itself"
            hint = nearest(name, known) if folder is None else ""
            if (project / "themes" / name).is_dir() and folder is None:
                message, hint = f"themes/{name}/ has no {FILE}", f'write one with: extends = "{DEFAULT}"'
            problems.append(Problem(asked_in, line, message, hint))
            break
        folders.append(folder)
        asked_in = shown(project, folder / FILE)
        read, line, found = _read(folder, asked_in)
        problems += found
        stylesheets = stylesheets or read.stylesheets
        front_matter = dict(read.front_matter) | front_matter
        settings = dict(read.settings) | settings
        form_templates |= dict.fromkeys(read.form_templates, asked_in)
        name = read.extends
    packaged = _packaged(DEFAULT)
    folders = folders if packaged in folders else [*folders, packaged]
    blocks, found = _blocks(project, folders)
    values, wrong = read_settings(settings, config)
    styles = stylesheets or _read(packaged, FILE)[0].stylesheets
    addresses = tuple(name for name, setting in settings.items() if setting.type == "url")
    chosen = tuple(name for name in config.settings if name in values)
    pages, with_form = PageTemplates(folders), frozenset(form_templates)
    theme = Theme(tuple(folders), pages, styles, front_matter, blocks, values, chosen, addresses, with_form)
    for template, path in form_templates.items():
        if fault := pages.fault(template):
            problems.append(Problem(path, 0, *fault))
    faint = [] if wrong else check_contrast(theme.schemes, config)
    return theme, problems + found + wrong + faint + _check_files(project, theme)


def _packaged(name: str) -> Path:
    return Path(str(files("leadpages") / "themes" / name))


def _find(project: Path, name: str) -> Path | None:
    candidates = (_packaged(name), project / "themes" / name)
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
        Problem(shown(project, theme.folders[0] / FILE), 0, f"no assets/{name} in the theme") for name in missing
    ]
    texts = [file for folder in theme.folders for file in sorted((folder / "templates").rglob("*.html"))]
    texts += [assets[name] for name in theme.stylesheets if name in assets]
    read = [read_text(file, shown(project, file)) for file in texts]
    problems += [found for found in read if isinstance(found, Problem)]
    own = [file for file in assets.values() if file.is_relative_to(project)]
    faults = [(file, link_fault(file, project)) for file in own]
    return problems + [Problem(shown(project, file), 0, fault, LINK_HINT) for file, fault in faults if fault]


def _blocks(project: Path, folders: list[Path]) -> tuple[dict[str, BlockFile], list[Problem]]:
    blocks: dict[str, BlockFile] = {}
    paths: dict[str, str] = {}
    problems: list[Problem] = []
    for folder in reversed(folders):
        for file in _entries(folder / "templates" / "blocks"):
            if file.suffix != ".html":
                continue
            declared = _read_block(file, shown(project, file))
            if isinstance(declared, BlockFile):
                blocks[file.stem], paths[file.stem] = declared, shown(project, file)
            else:
                problems += declared
    known = {*CONTENT, *blocks}
    for name, block in blocks.items():
        if block.holds and block.holds not in known:
            message = f"block `{name}` holds `{block.holds}`, which is neither a block nor a kind of content"
            problems.append(Problem(paths[name], 1, message, nearest(block.holds, known)))
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


def shown(project: Path, file: Path) -> str:
    """The path that problems give a file of a theme."""
    places = ((_packaged(""), "leadpages/themes/"), (project, ""))
    found = (prefix + file.relative_to(root).as_posix() for root, prefix in places if file.is_relative_to(root))
    return next(found, file.as_posix())


#: How Jinja speaks of a value of ours that lacks something.
_OWN_TYPE: Final = re.compile(r"'leadpages\.[\w.]*\.(\w+) object' has no attribute '(\w+)'")


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
    said = _OWN_TYPE.sub(lambda found: f"a {found[1].lower()} has no `{found[2]}`", str(error))
    return Problem(path, line, f"the template failed: {said}")


def _from_themes(file: str) -> str:
    parts = Path(file).parts
    at = max((at for at, part in enumerate(parts) if part == "themes"), default=0)
    return "/".join(parts[at:])
