"""Mails as they are made from Markdown: the theme's colours in both schemes, written into the elements, and as text."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import CONFIG, NEWSLETTER, NOW, WriteProject

from leadpages.build.project import BUNDLE, Options, build
from leadpages.core.bundle import MailTemplate, load
from leadpages.core.placeholders import Pieces

MAIL = """\
---
subject: One step more
preview: It takes a second.
---

Hello, and **thank you**.

- One thing
- [Another](https://www.example.org/)

> Quoted.

[Confirm my address]({{ confirm_url }})

---

From us.
"""


def mail(write_project: WriteProject, tmp_path: Path, config: str) -> MailTemplate:
    """The mail that confirms an address, in a site with this configuration."""
    files = {"leadpages.toml": config, "forms/news/form.toml": NEWSLETTER, "forms/news/confirm.md": MAIL}
    build(write_project(files), tmp_path / "built", Options(), NOW)
    return load(tmp_path / "built" / BUNDLE).mails["news"]["confirm"]


def text_of(pieces: Pieces) -> str:
    """The text around the gaps."""
    return "".join(piece if isinstance(piece, str) else f"<{piece.name}>" for piece in pieces)


@pytest.mark.parametrize(
    ("config", "light", "dark"),
    [
        (CONFIG, "#0b5c8a", "#8cc8ee"),
        (f'{CONFIG}[settings]\npreset = "plum"\n', "#7a2a5c", "#eaa6cd"),
        (f'{CONFIG}theme = "editorial"\n', "#8c2f1b", "#eda792"),
        (f'{CONFIG}[settings]\naccent = "#1d5c3a"\n', "#1d5c3a", "#39b673"),
    ],
)
def test_colours(config: str, light: str, dark: str, write_project: WriteProject, tmp_path: Path) -> None:
    """Those of the settings: light ones stand in the elements, dark ones in a media query that outdoes them."""
    html = text_of(mail(write_project, tmp_path, config).html)

    [button] = [line for line in html.splitlines() if "<confirm_url>" in line]
    assert f"background: {light};" in button
    sheet, _, in_dark = html.partition("@media (prefers-color-scheme: dark)")
    assert f".action a {{ background: {dark} !important;" in in_dark
    assert dark not in sheet
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "var(" not in html


def test_as_text(write_project: WriteProject, tmp_path: Path) -> None:
    """Who reads text has the same words in the same order, and every address in full."""
    assert (
        text_of(mail(write_project, tmp_path, CONFIG).text)
        == """\
Hello, and thank you.

- One thing
- Another (https://www.example.org/)

> Quoted.

Confirm my address:
<confirm_url>

--------------------

From us.
"""
    )
