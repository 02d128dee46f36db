"""Reading a page as a browser would: its elements, and what is written in them."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser


@dataclass
class Element:
    """A start tag with its attributes, and the text up to its end tag."""

    tag: str
    attributes: dict[str, str]
    text: str = ""


_VOID = ("meta", "link", "input", "br", "hr", "img")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data


def elements(html: str, tag: str, **attributes: str) -> list[Element]:
    """Every `tag` of `html` that has these attributes."""
    reader = _Reader()
    reader.feed(html)
    return [e for e in reader.elements if e.tag == tag and attributes.items() <= e.attributes.items()]


def element(html: str, tag: str, **attributes: str) -> Element:
    """The one `tag` of `html` that has these attributes."""
    found = elements(html, tag, **attributes)
    assert len(found) == 1, (tag, attributes, found)
    return found[0]
