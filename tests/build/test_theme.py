"""Themes: a file of the same name goes before the parent's."""

from __future__ import annotations

import re
import shutil
from html import unescape
from pathlib import Path

import pytest
from tests.conftest import CONFIG, NEWSLETTER, Built, WriteProject, public_text, render

from leadpages.core.errors import ProjectError

ROOT = Path(__file__).parents[2]
PACKAGED = ROOT / "src/leadpages/themes"
FILES = {
    "leadpages.toml": CONFIG + 'theme = "mine"\n',
    "themes/mine/theme.toml": 'extends = "default"\n',
    "site/a.md": "---\ntitle: A page\n---\n\nText.\n",
}


def test_a_template_of_the_same_name(write_project: WriteProject) -> None:
    """A theme replaces one template and keeps the rest of its parent."""
    project = write_project(FILES | {"themes/mine/templates/_footer.html": "<footer>Mine</footer>"})

    html = public_text(render(project), "a/index.html")

    assert "<footer>Mine</footer>" in html
    assert "<h1>A page</h1>" in html


def test_a_chain_of_themes(write_project: WriteProject) -> None:
    """A theme may extend one that extends another; the nearest that has a file gives it."""
    project = write_project(
        {
            **FILES,
            "themes/mine/theme.toml": 'extends = "house"\n',
            "themes/mine/templates/_footer.html": "mine",
            "themes/house/theme.toml": 'extends = "default"\n',
            "themes/house/templates/_footer.html": "house",
            "themes/house/templates/_logo.html": "house logo",
            "themes/house/assets/font.txt": "house",
        }
    )

    built = render(project)

    html = public_text(built, "a/index.html")
    assert "mine" in html
    assert "house logo" in html
    [font] = [path for path in built.public if path.startswith("assets/font.")]
    assert public_text(built, font) == "house"


def test_a_theme_that_extends_none(write_project: WriteProject) -> None:
    """What it lacks comes from the default theme, but for that one's settings."""
    project = write_project(FILES | {"themes/mine/theme.toml": 'stylesheets = ["tokens.css"]\n'})

    assert '<span class="logo-mark"' in public_text(render(project), "a/index.html")


def test_a_block_is_a_file(write_project: WriteProject) -> None:
    """A block is added by adding a template that declares it."""
    declared = '{#\ndescription = "A quote."\ncontainer = true\n[attributes]\nby = {}\n#}\n'
    project = write_project(
        FILES
        | {
            "themes/mine/templates/blocks/quote.html": declared + "<q>{{ content }}</q> {{ by }}",
            "site/a.md": "---\ntitle: A\n---\n\n:::quote{by=<Ines>}\nText.\n:::\n",
        }
    )

    assert "<q><p>Text.</p>\n</q> &lt;Ines&gt;" in public_text(render(project), "a/index.html")


def test_the_other_packaged_theme(tmp_path: Path) -> None:
    """The whole demo can be built with the editorial theme: the same pages, and posts in rows of its own."""
    for part in ("site", "forms"):
        shutil.copytree(ROOT / part, tmp_path / part)
    config = (ROOT / "leadpages.toml").read_text("utf-8")
    (tmp_path / "leadpages.toml").write_text(config.replace('theme = "quayside"', 'theme = "editorial"'))
    glossary = tmp_path / "site/glossary.md"
    glossary.write_text(glossary.read_text("utf-8").replace("template: glossary\n", ""))  # it is the demo's own theme's

    built, demo = render(tmp_path), render(ROOT)

    assert pages(built) == pages(demo)
    assert '<article class="entry">' in public_text(built, "posts/index.html")
    assert '<article class="card">' in public_text(demo, "posts/index.html")


def pages(built: Built) -> set[str]:
    """The paths of all HTML pages."""
    return {path for path in built.public if path.endswith(".html")}


def test_styles(write_project: WriteProject) -> None:
    """The styles that a theme names go out as one file, in order, whose name tells its content."""
    project = write_project(
        FILES
        | {"leadpages.toml": FILES["leadpages.toml"] + "[markdown]\nhighlight = false\n"}
        | {
            "themes/mine/theme.toml": 'extends = "default"\nstylesheets = ["b.css", "a.css"]\n',
            "themes/mine/assets/a.css": "a {}\n",
            "themes/mine/assets/b.css": "b {}\n",
        }
    )
    built = render(project)
    before = public_text(built, "a/index.html")
    (project / "themes/mine/assets/a.css").write_text("a { color: red }\n")
    after = public_text(render(project), "a/index.html")

    names = [
        re.findall(r'<link rel="stylesheet" href="/(assets/style\.[0-9a-f]+\.css)">', html) for html in (before, after)
    ]
    assert names[0] != names[1]
    assert public_text(built, names[0][0]) == "b{}a{}"


def test_another_template(write_project: WriteProject) -> None:
    """A page may ask for any page template of the theme."""
    project = write_project(
        FILES
        | {
            "themes/mine/templates/bare.html": "Bare: {{ content }}",
            "site/a.md": "---\ntitle: A\ntemplate: bare\n---\n\nText.\n",
        }
    )

    assert public_text(render(project), "a/index.html") == "Bare: <p>Text.</p>\n"


SETTINGS = """\
extends = "house"
[settings.accent]
type = "color"
default = "#0b5c8a"
[settings.columns]
type = "number"
default = 2
choices = [1, 2, 3]
[settings.hint]
default = "None"
[settings.sticky]
type = "flag"
default = false
"""


def test_settings(write_project: WriteProject) -> None:
    """Templates have every setting that the theme or its parents declare, as the project has it, or the default."""
    project = write_project(
        FILES
        | {
            "leadpages.toml": FILES["leadpages.toml"] + '[settings]\ncolumns = 3\nhouse = "a <b>"\n',
            "themes/mine/theme.toml": SETTINGS,
            "themes/house/theme.toml": 'extends = "default"\n[settings.house]\ndefault = ""\n',
            "themes/mine/templates/_footer.html": "{{ site.settings|dictsort }}",
            "themes/mine/templates/blocks/count.html": '{# description = "" #}{{ site.settings.columns }} columns',
            "site/a.md": "---\ntitle: A\n---\n\n::count\n",
        }
    )

    html = unescape(public_text(render(project), "a/index.html"))

    for name, value in {"accent": "#0b5c8a", "columns": 3, "hint": "None", "house": "a <b>", "sticky": False}.items():
        assert f"({name!r}, {value!r})" in html
    assert "3 columns" in html


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("columns = 4", "setting `columns` is 4: expected one of its choices"),
        ("columns = true", "setting `columns` is true: expected a number"),
        ('accent = "red"', "setting `accent` is 'red': expected a colour like #0b5c8a"),
        ("hint = 1", "setting `hint` is 1: expected text"),
        ("sticky = 1", "setting `sticky` is 1: expected true or false"),
        ("color = 1", "the theme has no setting `color`"),
    ],
)
def test_wrong_settings(setting: str, said: str, write_project: WriteProject) -> None:
    """A setting that the theme does not declare, or declares to be something else, is a problem at its line."""
    project = write_project(
        FILES
        | {
            "leadpages.toml": FILES["leadpages.toml"] + f"[settings]\n{setting}\n",
            "themes/mine/theme.toml": SETTINGS.replace("house", "default"),
        }
    )

    with pytest.raises(ProjectError) as raised:
        render(project)

    assert [(p.place, p.message) for p in raised.value.problems] == [("leadpages.toml:5", said)]


def test_an_asset_of_the_same_name(write_project: WriteProject) -> None:
    """A theme replaces one asset of its parent, and pages link to that."""
    project = write_project(
        FILES
        | {
            "themes/mine/assets/form.js": "mine()\n",
            "site/a.md": "---\ntitle: A\nform: news\n---\n",
            "forms/news.toml": NEWSLETTER,
        }
    )

    built = render(project)

    [script] = re.findall(r'<script src="/(assets/form\.\w+\.js)"', public_text(built, "a/index.html"))
    assert public_text(built, script) == "mine()"
    assert len([path for path in built.public if path.startswith("assets/form.")]) == 1


#: What means another side in a text that is read from the right: https://www.w3.org/TR/css-logical-1/
PHYSICAL = re.compile(
    r"[\s{;-](?:left|right)\s*:|(?:-align|float|clear)\s*:\s*(?:left|right)|(?:margin|padding)-(?:left|right)"
)


@pytest.mark.parametrize("file", sorted(PACKAGED.glob("*/*/*.css")), ids=lambda file: f"{file.parts[-3]}/{file.name}")
def test_no_side_is_left_or_right(file: Path) -> None:
    """Styles speak of the start and the end of a line, so that they hold for Arabic and Hebrew, too."""
    assert PHYSICAL.findall(file.read_text("utf-8")) == []
