"""One picture of each theme for people to look at: a page of each template on a phone, a tablet and a desktop."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser
from tests.e2e.conftest import ARTEFACTS
from tests.e2e.static_host import Hosted

WIDTHS = (390, 820, 1440)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
#: What is below is not on the sheet, where all is a third of its size.
HEIGHT = 1800
PART = 3
GAP = 12


def test_contact_sheet(browser: Browser, hosted_demo: Hosted, theme: str) -> None:
    """A row for each template, first in light, then in dark."""
    columns = [column for scheme in SCHEMES for column in zip(*shots(browser, hosted_demo, scheme), strict=True)]
    sheet = lay_out(columns)
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    sheet.save(ARTEFACTS / f"contact-sheet-{theme}.png")

    assert all(low < high for column in columns for picture in column for low, high in picture.getextrema())


def shots(browser: Browser, site: Hosted, scheme: Literal["light", "dark"]) -> Iterator[list[Image.Image]]:
    """The upper part of a page of each template, in each width, made small."""
    page = browser.new_page(color_scheme=scheme)
    for path in site.page_of_each_template().values():
        page.goto(site.url + path)
        row = []
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            row.append(Image.open(BytesIO(page.screenshot(type="jpeg"))).reduce(PART))
        yield row
    page.close()


def lay_out(columns: list[tuple[Image.Image, ...]]) -> Image.Image:
    """The columns side by side."""
    cell = columns[0][0].height + GAP
    sheet = Image.new("RGB", (sum(column[0].width + GAP for column in columns), cell * len(columns[0])), "gray")
    left = 0
    for column in columns:
        for number, picture in enumerate(column):
            sheet.paste(picture, (left, number * cell))
        left += column[0].width + GAP
    return sheet
