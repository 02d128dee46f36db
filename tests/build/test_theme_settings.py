"""What the default theme lets a project set: colours with enough contrast, typefaces, corners, a logo."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import CONFIG, Built, WriteProject, public_text, render

from leadpages.build.theme_colours import contrast, from_hex, lighter, nearest_shade, page_properties, to_hex
from leadpages.build.theme_settings import Schemes, _faults, accent_styles
from leadpages.core.errors import ProjectError

THEMES = Path(str(files("leadpages") / "themes"))
THEME = THEMES / "default"
TOKENS = (THEME / "assets/tokens.css").read_text("utf-8")
PRESETS = sorted(file.stem.removeprefix("preset-") for file in (THEME / "settings").glob("preset-*.css"))
PAGE = {"site/index.md": "---\ntitle: Home\n---\n\nText.\n"}
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"/>'


def settings(lines: str) -> dict[str, str]:
    """A project of one page that sets something."""
    return {**PAGE, "leadpages.toml": f"{CONFIG}[settings]\n{lines}\n"}


def stylesheet(built: Built) -> str:
    """The theme's styles as they go out."""
    [path] = [path for path in built.public if re.fullmatch(r"assets/style\.\w+\.css", path)]
    return public_text(built, path)


def test_a_ratio() -> None:
    """Contrast is that of WCAG: 21 for black on white, and what its examples say for a grey."""
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast(from_hex("#777"), from_hex("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("preset", ["harbour", *PRESETS])
def test_contrast_of_presets(preset: str) -> None:
    """Every text on every ground has 4.5:1, every edge 3:1, in light and in dark."""
    file = THEME / "settings" / f"preset-{preset}.css"
    schemes = Schemes.of(TOKENS + (file.read_text("utf-8") if file.exists() else ""))

    assert [*_faults(schemes.light), *_faults(schemes.dark)] == []
    assert schemes.light["ground"] != schemes.dark["ground"]


def test_contrast_of_the_other_theme() -> None:
    """The editorial theme's own colours have as much."""
    schemes = Schemes.of(TOKENS + (THEMES / "editorial/assets/tokens.css").read_text("utf-8"))

    assert [*_faults(schemes.light), *_faults(schemes.dark)] == []


def test_a_preset_names_every_colour() -> None:
    """A preset leaves no colour of another one, in neither scheme."""
    assert len(PRESETS) == 3
    plain = {name for name, values in page_properties(TOKENS).items() if values[-1].startswith("#")}
    for preset in PRESETS:
        css = (THEME / "settings" / f"preset-{preset}.css").read_text("utf-8")
        assert page_properties(css).keys() == plain
        assert all(len(values) == 2 for values in page_properties(css, dark=True).values())


def test_choices(write_project: WriteProject) -> None:
    """A choice adds its styles after the tokens; the choice that is the default adds none."""
    plain = stylesheet(render(write_project({**PAGE, "leadpages.toml": CONFIG})))
    css = stylesheet(render(write_project(settings('preset = "plum"\nfont = "serif"\nradius = "square"'))))

    assert page_properties(plain)["--radius"] == ["10px"]
    assert page_properties(css)["--radius"][-1] == "0px"
    assert page_properties(css)["--accent"][-1] == "#7a2a5c"
    assert page_properties(css, dark=True)["--accent"][-1] == "#eaa6cd"
    assert page_properties(css)["--font"][-1].startswith("Charter")


def test_choices_of_the_other_theme(write_project: WriteProject) -> None:
    """The editorial theme has the same settings, with other defaults that can be undone."""
    project = write_project(settings('font = "sans"\nradius = "soft"\npreset = "forest"'))
    text = (project / "leadpages.toml").read_text()
    (project / "leadpages.toml").write_text(text.replace("[settings]", 'theme = "editorial"\n[settings]'))

    found = page_properties(stylesheet(render(project)))

    assert found["--font"][-2].startswith("Charter")
    assert found["--font"][-1].startswith("system-ui")
    assert found["--radius"][-2:] == ["0px", "10px"]
    assert found["--accent"][-2:] == ["#8c2f1b", "#1c6644"]


def test_an_accent(write_project: WriteProject) -> None:
    """One colour gives that of buttons and what goes with it, and a lighter one of its hue for dark."""
    css = stylesheet(render(write_project(settings('accent = "#8a1538"'))))

    light, dark = page_properties(css), page_properties(css, dark=True)
    assert light["--accent"][-1] == "#8a1538"
    schemes = Schemes.of(css)
    assert [*_faults(schemes.light), *_faults(schemes.dark)] == []
    assert contrast(from_hex(dark["--accent"][-1]), schemes.dark["ground"]) >= 7


def test_a_choice_misspelt(write_project: WriteProject) -> None:
    """The choice that was meant is named."""
    with pytest.raises(ProjectError) as raised:
        render(write_project(settings('preset = "forrest"')))

    [problem] = raised.value.problems
    assert (problem.message, problem.hint) == (
        "setting `preset` is 'forrest': expected one of its choices",
        "did you mean `forest`?",
    )


@pytest.mark.parametrize(
    ("lines", "said", "hint"),
    [
        (
            'accent = "#ffcc00"',
            "setting `accent` is '#ffcc00': `--accent` on `--surface` has a contrast of 1.4:1, expected 4.5:1 or more",
            "the nearest colour that has it is #856a00",
        ),
        (
            'preset = "forest"\naccent = "#ff6699"',
            "setting `accent` is '#ff6699': `--accent` on `--wash` has a contrast of 2.5:1, expected 4.5:1 or more",
            "the nearest colour that has it is #d40047",
        ),
    ],
)
def test_an_accent_that_cannot_be_read(lines: str, said: str, hint: str, write_project: WriteProject) -> None:
    """Too little contrast is a problem at the colour's line, and the hint is a colour that is taken."""
    project = write_project(settings(lines))

    with pytest.raises(ProjectError) as raised:
        render(project)

    [problem] = raised.value.problems
    number = 4 + lines.count("\n")
    assert (problem.place, problem.message, problem.hint) == (f"leadpages.toml:{number}", said, hint)
    asked = re.sub('accent = ".*?"', f'accent = "{hint[-7:]}"', lines)
    assert hint[-7:] in stylesheet(render(write_project(settings(asked))))


def test_a_preset_of_a_theme_that_cannot_be_read(write_project: WriteProject) -> None:
    """The presets of a project's own theme are looked at, too."""
    project = write_project(
        settings('preset = "fog"')
        | {
            "themes/mine/theme.toml": 'extends = "default"\n[settings.preset]\nchoices = ["fog"]\ndefault = "fog"\n',
            "themes/mine/settings/preset-fog.css": ":root { --soft: #999999; }\n",
        }
    )
    text = (project / "leadpages.toml").read_text()
    (project / "leadpages.toml").write_text(text.replace("[settings]", 'theme = "mine"\n[settings]'))

    with pytest.raises(ProjectError) as raised:
        render(project)

    [problem] = raised.value.problems
    assert problem.place == "leadpages.toml:5"
    assert problem.message.startswith("setting `preset` is 'fog': `--soft` on `--wash` has a contrast of 2.")


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_every_shade_that_fits_is_taken(colour: tuple[int, int, int]) -> None:
    """Of whatever colour, the nearest shade with contrast on white has it, and in dark one is always found."""
    fit = nearest_shade(colour, lambda shade: contrast(shade, (255, 255, 255)) >= 4.5)

    assert fit is not None
    assert contrast(fit, (255, 255, 255)) >= 4.5
    assert fit == colour or contrast(lighter(fit, 0.03), (255, 255, 255)) < 4.6
    schemes = Schemes.of(TOKENS + accent_styles(to_hex(fit), TOKENS))
    assert list(_faults(schemes.dark)) == []


def test_a_logo(write_project: WriteProject) -> None:
    """A picture in place of the mark; one that is not there is a problem at its line."""
    project = write_project(settings('logo = "/media/logo.svg"') | {"site/media/logo.svg": LOGO})

    assert 'src="/media/logo.svg" alt="" width="32"' in public_text(render(project), "index.html")

    (project / "site/media/logo.svg").unlink()
    with pytest.raises(ProjectError) as raised:
        render(project)
    [problem] = raised.value.problems
    assert (problem.place, problem.message) == (
        "leadpages.toml:4",
        "setting `logo` is '/media/logo.svg', which does not exist",
    )
