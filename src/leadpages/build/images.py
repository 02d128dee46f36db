"""Image files: how large they are, what they are made of, and whether they are whole."""

from __future__ import annotations

import io
import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from msgspec import Struct

from leadpages.build.inputs import Signature
from leadpages.build.output import content_digest
from leadpages.core.errors import Problem

if TYPE_CHECKING:  # Pillow is loaded for the first picture: a site without any does without
    from PIL import Image

ENDINGS: Final = (".avif", ".bmp", ".gif", ".jpeg", ".jpg", ".png", ".svg", ".tif", ".tiff", ".webp")
#: Where what the build draws and encodes goes out to. No file of a writer's can be here: names with `_` stay behind.
FOLDER: Final = "/_images/"
#: Best first: browsers take the first one that they know.
MODERN: Final = ("avif", "webp")
#: What Pillow raises for files that are not as they should be.
IMAGE_FAULTS: Final = (
    OSError, SyntaxError, ValueError, LookupError, ArithmeticError, TypeError, RuntimeError, EOFError, MemoryError,
    AssertionError, struct.error,
)  # fmt: skip
#: Decoding takes 4 bytes for each pixel. The largest cameras of 2026 make 150 million.
_MAX_PIXELS: Final = 178_000_000
_FORMATS: Final = {
    "AVIF": "avif", "BMP": "bmp", "GIF": "", "JPEG": "jpeg", "MPO": "jpeg", "PNG": "png", "TIFF": "tiff", "WEBP": "webp"
}  # fmt: skip
_OPENED: Final = tuple(name for name in _FORMATS if name != "MPO")  # opened as a JPEG, which it is
#: What is known how to turn into plain red, green and blue.
_MODES: Final = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "I", "I;16", "I;16B", "I;16L"}
_ORIENTATION: Final = 0x0112
#: Exif 2.32, 4.6.3 and 4.6.6: where the notes on the place are, and the latitude among them.
_GPS: Final = 0x8825
_LATITUDE: Final = 0x0002
_SVG: Final = "http://www.w3.org/2000/svg svg"
#: https://www.w3.org/TR/css-values-3/#absolute-lengths, in CSS pixels.
_UNITS: Final = {"": 1, "px": 1, "pt": 4 / 3, "pc": 16, "in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6}


class ImageFacts(Struct, frozen=True, gc=False):
    """What an image is: a digest of its bytes, and its size in pixels as it is shown, 0 where it has none.

    `format` is "" for one that can only go out as it is: drawn in vectors, moving, or of a kind of its own.
    `tells_place` is whether a camera noted in it where it was taken.
    """

    digest: str
    width: int
    height: int
    format: str = ""
    tells_place: bool = False


class ImageRecord(Struct, frozen=True, gc=False):
    """An image as it was read: how the file system saw its file, and what it is."""

    signature: Signature
    facts: ImageFacts


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image of a site: its path for problems, its file, and the URL path that it goes out to."""

    path: str
    file: Path
    url: str
    facts: ImageFacts


@dataclass(frozen=True, slots=True)
class Variant:
    """An image in one format and size, in pixels, and the URL path that it goes out to."""

    url: str
    format: str
    width: int
    height: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.url.removeprefix(FOLDER)


def read_image(data: bytes, path: str) -> ImageFacts | Problem:
    """Look at the whole of an image, so that a damaged one is found now and not by a visitor."""
    found = _read_svg(data) if path.lower().endswith(".svg") else _read_pixels(data)
    if isinstance(found, str):
        return Problem(path, 0, found, "save it again, or take it away", rule="broken-image")
    return found


@contextmanager
def opened(data: bytes) -> Iterator[Image.Image]:
    """An image of one of the formats that browsers show; the others would make a reader of every format reachable.

    Raises one of IMAGE_FAULTS, now or while it is used.
    """
    # Each registers itself; left alone, Pillow would load all its forty for the first that it does not know yet.
    from PIL import (  # noqa: F401
        AvifImagePlugin,
        BmpImagePlugin,
        GifImagePlugin,
        Image,
        JpegImagePlugin,
        PngImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
    )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata, which is not passed on, and of sizes, which are checked
        with Image.open(io.BytesIO(data), formats=_OPENED) as image:
            yield image


def orientation(image: Image.Image) -> int:
    """How an image lies, from 1 (upright) to 8: Exif 2.32, 4.6.4. From 5 on it lies on its side."""
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except IMAGE_FAULTS:  # of odd notes only: the picture itself may be whole
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _tells_place(image: Image.Image) -> bool:
    try:  # cameras that do not know their place may write notes on it all the same, with no more than a version
        return _LATITUDE in image.getexif().get_ifd(_GPS)
    except IMAGE_FAULTS:
        return False


def _read_pixels(data: bytes) -> ImageFacts | str:
    from PIL import Image, UnidentifiedImageError

    if not data:
        return "the image is empty"
    try:
        with opened(data) as image:
            if image.width * image.height > _MAX_PIXELS:
                return _too_large(f"{image.width} × {image.height}")
            facts = _facts(image, data)
            # An eighth of the size is enough to see that a JPEG is whole, and quicker.
            image.draft("RGB", (image.width // 8, image.height // 8))
            image.load()
            return facts
    except Image.DecompressionBombError:
        return _too_large("too many")
    except UnidentifiedImageError:
        return "this is no image, or none of a kind that browsers show"
    except IMAGE_FAULTS as error:
        reason = "it ends too early" if "truncated" in str(error).lower() else str(error) or type(error).__name__
        return f"the image is damaged: {reason}"


def _too_large(size: str) -> str:
    return f"the image has {size} pixels, more than the {_MAX_PIXELS // 1_000_000} million that are allowed"


def _facts(image: Image.Image, data: bytes) -> ImageFacts:
    width, height = image.size
    if orientation(image) >= 5:
        width, height = height, width
    kind = image.format or ""
    moves = kind != "MPO" and getattr(image, "n_frames", 1) > 1  # an MPO is a JPEG with others behind it
    varies = image.mode in _MODES and not moves
    name = _FORMATS.get(kind, "") if varies else ""
    return ImageFacts(content_digest(data), width, height, name, _tells_place(image))


def _read_svg(data: bytes) -> ImageFacts | str:
    """The size as a browser finds it: https://www.w3.org/TR/SVG2/coords.html#SizingSVGInCSS."""
    roots: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate(namespace_separator=" ")

    def start(name: str, attributes: dict[str, str]) -> None:
        roots.append((name, attributes))
        parser.StartElementHandler = None

    parser.StartElementHandler = start
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        return f"the SVG is not well-formed: {expat.ErrorString(error.code)}, on its line {error.lineno}"
    name, attributes = roots[0]
    if name != _SVG:
        return f'the SVG begins with `{name}`, not with `<svg xmlns="http://www.w3.org/2000/svg">`'
    width, height = _length(attributes.get("width", "")), _length(attributes.get("height", ""))
    box = [float(number) for number in re.findall(r"[-+]?\d*\.?\d+(?:e[-+]?\d+)?", attributes.get("viewBox", ""), re.I)]
    ratio = box[2] / box[3] if len(box) == 4 and box[2] > 0 and box[3] > 0 else 0.0
    if not (width or height) and ratio:
        width, height = box[2], box[3]
    width, height = width or height * ratio, height or (width / ratio if ratio else 0.0)
    known = min(width, height) > 0 and max(width, height) < 1_000_000
    size = (max(1, round(width)), max(1, round(height))) if known else (0, 0)
    return ImageFacts(content_digest(data), *size)


def _length(text: str) -> float:
    found = re.fullmatch(r"\s*\+?(\d*\.?\d+(?:e[-+]?\d+)?)\s*([a-z]*)\s*", text, re.IGNORECASE)
    return float(found[1]) * _UNITS.get(found[2].lower(), 0) if found else 0.0
