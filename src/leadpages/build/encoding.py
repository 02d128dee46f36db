"""Encoding pictures: the same bytes from the same libraries, on every machine."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

import PIL
from PIL import Image, ImageCms, features

from leadpages.build.images import MODERN, ImageFacts, Variant, opened, orientation

#: What brings a picture that lies so upright.
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
#: To be raised when the code below makes other bytes of the same image.
_RECIPE: Final = 1


def encoded(data: bytes, facts: ImageFacts, wanted: Sequence[Variant], quality: int) -> Iterator[bytes]:
    """The bytes of each variant of an image: upright, in sRGB, and without what cameras note of place and time.

    Raises one of IMAGE_FAULTS.
    """
    with opened(data) as image:
        has_palette = image.mode in ("1", "P", "PA")
        image.load()
        plain = _plain(image)
    for variant in wanted:
        size = (variant.width, variant.height)
        small = plain if size == plain.size else plain.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        if has_palette and variant.format == "png":
            method = Image.Quantize.FASTOCTREE if small.mode == "RGBA" else Image.Quantize.MEDIANCUT
            small = small.quantize(256, method)
        elif variant.format in MODERN and small.mode == "L":
            small = small.convert("RGB")
        target = io.BytesIO()
        small.save(target, variant.format.upper(), **_settings(variant.format, quality))
        yield target.getvalue()


def _settings(name: str, quality: int) -> dict[str, Any]:
    # The same number means less in the older formats: 60 in AVIF looks like 80 there.
    other = quality + (100 - quality) // 2
    return {
        # More threads than one would make other bytes on other machines; slower speeds take thrice the time and more.
        "avif": {"quality": quality, "speed": 8, "max_threads": 1},
        "webp": {"quality": other, "method": 4},
        "jpeg": {"quality": other, "optimize": True, "progressive": True},
        "png": {"compress_level": 9},
    }[name]


def _plain(image: Image.Image) -> Image.Image:
    """An image as L, RGB or RGBA, upright, with nothing beside its pixels."""
    turn = _TURNS.get(orientation(image))  # asked first: what follows drops the note on how it lies
    image = image.transpose(turn) if turn is not None else image
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    elif image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    image = _in_srgb(image)
    image = image.convert("RGB") if image.mode == "CMYK" else image
    image.info.clear()
    return image


def _in_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK"):
        return image
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        made = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError):  # a profile that is none, or not for this kind of image
        return image
    assert made is not None  # noqa: S101  (it is None only in place)
    return made


def can_write(name: str) -> bool:
    """Whether this Pillow was built with what writes a format."""
    return features.check_module(name)


@cache
def recipe() -> str:
    """What else the bytes of a variant depend on: the libraries, and the code here."""
    libraries = ("avif", "webp", "libjpeg_turbo", "zlib_ng", "zlib", "littlecms2")
    return repr((_RECIPE, PIL.__version__, [features.version(name) for name in libraries]))
