"""Pictures for shared links: their text, their colours, and how large they are."""

from __future__ import annotations

import io
from importlib.resources import files

import pytest
from PIL import Image

from leadpages.build.social_pictures import Painter, SocialColours, social_colours
from leadpages.build.theme_colours import colour, page_properties

FONT = (files("font_manrope") / "files/Manrope-SemiBold.ttf").read_bytes()
COLOURS = SocialColours((250, 250, 250), (10, 20, 30), (200, 0, 0))
LONG = "Word and another " * 40


@pytest.fixture(scope="module")
def painter() -> Painter:
    """Draws in the default theme's font."""
    return Painter(FONT, COLOURS)


def opened(data: bytes) -> Image.Image:
    """A drawn picture as it looks."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def ink_box(image: Image.Image) -> tuple[int, int, int, int]:
    """Where the title stands: left, top, right and bottom of all that is about as dark as ink."""
    mask = image.convert("L").crop((0, 110, 1200, 490)).point(lambda level: 255 if level < 60 else 0)
    box = mask.getbbox()
    assert box is not None
    return (box[0], box[1] + 110, box[2], box[3] + 110)


@pytest.mark.parametrize(
    "title", ["A", "What a lead is", "Donaudampfschifffahrtsgesellschaftskapitänsmützenhersteller" * 3, LONG]
)
def test_a_picture(title: str, painter: Painter) -> None:
    """It has the size, the colours and the margins, whatever the title, and is small."""
    data = painter.draw(title, "Site")
    image = opened(data)

    assert image.size == (1200, 630)
    assert len(data) < 40_000
    assert image.getpixel((5, 5)) == COLOURS.ground
    assert image.getpixel((600, 625)) == COLOURS.accent
    left, top, right, bottom = ink_box(image)
    assert left >= 84
    assert right <= 1200 - 84 + 2
    assert top > 120
    assert bottom < 490


def test_what_changes_it(painter: Painter) -> None:
    """Another title, site or colour is another picture and another digest; the same is the same."""
    other = Painter(FONT, SocialColours((0, 0, 0), (255, 255, 255), (200, 0, 0)))
    asked = [(painter, "A", "Site"), (painter, "B", "Site"), (painter, "A", "Page"), (other, "A", "Site")]

    assert len({one.draw(title, name) for one, title, name in asked}) == 4
    assert len({one.digest(title, name) for one, title, name in asked}) == 4
    assert Painter(FONT, COLOURS).draw("A", "Site") == painter.draw("A", "Site")
    assert Painter(FONT, COLOURS).digest("A", "Site") == painter.digest("A", "Site")


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("  What\u00a0a \n lead is ", ("What a lead is", "")),
        ("Größe, façade, żółć, Ελλάδα, Привет, Việt", ("Größe, façade, żółć, Ελλάδα, Привет, Việt", "")),
        ("Cafe\u0301", ("Café", "")),
        ("🚀 Go 👍🏽! 👩‍💻", ("Go !", "")),
        ("soft\u00adhyphen", ("softhyphen", "")),
        ("日本語", ("", "日")),
        ("A سلام", ("", "س")),
        ("हिन्दी", ("", "ह")),
        ("", ("", "")),
    ],
)
def test_what_can_be_drawn(text: str, drawn: tuple[str, str], painter: Painter) -> None:
    """Letters that the font has; ornaments that it lacks are left out; for others there is no picture."""
    assert painter.drawable(text) == drawn


def test_short_titles_are_large(painter: Painter) -> None:
    """The shorter the title, the larger its letters."""
    assert painter._fitted("Short", 1032)[0] > painter._fitted("A title of some more words than that one", 1032)[0]


def test_lines(painter: Painter) -> None:
    """Lines are about as long as each other, no word is cut that has room, and what is left over is told."""
    size, lines = painter._fitted("Welcome mails after the download", 1032)
    assert lines == ["Welcome mails", "after the download"]

    _, lines = painter._fitted(LONG.strip(), 1032)
    assert lines[-1].endswith("…")
    assert all(word.strip("…") in ("Word", "and", "another") for line in lines for word in line.split())

    size, lines = painter._fitted("x" * 300, 1032)
    assert all(painter._length(size, line) <= 1032 for line in lines)


def test_lines_without_spaces(painter: Painter) -> None:
    """Chinese and Japanese break between any two signs, but no line begins with a full stop."""
    _, lines = painter._fitted("日本語の文章。" * 4, 400)

    assert "".join(lines) == "日本語の文章。" * 4
    assert len(lines) > 1
    assert not any(line.startswith("。") for line in lines)


CSS = """
/* :root { --ink: #000 } */
:root { color-scheme: light dark; --ink: #123; --surface: rgb(1, 2, 3); --deep: var(--ink) }
html, body { --accent: light-dark(#abcdef, #000); --twice: var(--missing, var(--deep)); --loop: var(--loop) }
.card { --ink: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #eee; } .a { b: c } }
:root { --accent-deep: oklch(60% 0.1 20); --surface: color-mix(in srgb, red, blue) }
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("--ink", (0x11, 0x22, 0x33)),
        ("--deep", (0x11, 0x22, 0x33)),
        ("--twice", (0x11, 0x22, 0x33)),
        ("--accent", (0xAB, 0xCD, 0xEF)),
        ("--surface", (1, 2, 3)),
        ("--accent-deep", (9, 9, 9)),
        ("--loop", (9, 9, 9)),
        ("--none", (9, 9, 9)),
    ],
)
def test_colours_of_a_theme(name: str, expected: tuple[int, int, int]) -> None:
    """The last value for the page in the light scheme that is understood; else what is said to take then."""
    assert colour(name, page_properties(CSS), (9, 9, 9)) == expected


def test_a_theme_of_ones_own() -> None:
    """What a theme changes in its tokens changes the picture."""
    tokens = (files("leadpages") / "themes/default/assets/tokens.css").read_text("utf-8")

    plain = social_colours(page_properties(tokens))
    changed = social_colours(page_properties(tokens + ":root { --accent: #00ff00; }"))

    assert plain.accent != changed.accent == (0, 255, 0)
    assert plain.ink == changed.ink
