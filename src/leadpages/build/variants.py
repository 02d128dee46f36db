"""The variants of an image: modern formats and smaller widths, of which browsers take the one that suits them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Any, Final

import PIL
from PIL import Image, ImageCms, features

from leadpages.build.images import IMAGE_FAULTS, ImageFacts, ImageFile, opened, orientation
from leadpages.build.kept_files import KeptFiles
from leadpages.build.output import content_digest
from leadpages.build.pages import digest_of
from leadpages.core.errors import Problem, ProjectError

#: Where what the build draws and encodes goes out to. No file of a writer's can be here: names with `_` stay behind.
FOLDER: Final = "/_images/"
#: Best first: browsers take the first one that they know.
MODERN: Final = ("avif", "webp")
_ENDINGS: Final = {"avif": "avif", "jpeg": "jpg", "png": "png", "webp": "webp"}
#: How many pixels a side may have: https://developers.google.com/speed/webp/faq, ITU-T T.81 B.2.2.
_MAX_SIDE: Final = {"avif": 65_535, "jpeg": 65_535, "png": 2**31 - 1, "webp": 16_383}
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


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """Which widths, in pixels, and modern formats to make, and how well: 1 to 100. Without formats nothing is made."""

    widths: tuple[int, ...]
    formats: tuple[str, ...]
    quality: int

    def widest(self, width: int) -> int:
        """How wide an image of that width is offered at most: the largest of the widths stands for wider ones."""
        return min(width, max(self.widths, default=width))


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


def variants(image: ImageFile, options: ImageOptions) -> tuple[Variant, ...]:
    """What is made of `image`, smallest first: never larger than it is or `options` say, and not what it is already."""
    facts = image.facts
    if not facts.format or not options.formats:
        return ()
    smaller = [width for width in sorted(set(options.widths)) if width < facts.width]
    offered = sorted({*smaller, options.widest(facts.width)})
    stem = re.sub(r"[^a-z0-9]+", "-", PurePosixPath(image.url).stem.lower()).strip("-")[:60] or "image"
    digest = digest_of(facts.digest, options, _RECIPE, _encoders())[:12]
    found = []
    for name, ending in _ENDINGS.items():
        if name != facts.format and name not in options.formats:
            continue
        for width in smaller if name == facts.format else offered:
            height = max(1, round(facts.height * width / facts.width))
            if max(width, height) <= _MAX_SIDE[name]:
                found.append(Variant(f"{FOLDER}{stem}.{digest}-{width}.{ending}", name, width, height))
    return tuple(found)


def missing_encoder(options: ImageOptions) -> str:
    """A format that is asked for and that this Pillow was built without, or ""."""
    return next((name for name in options.formats if not features.check_module(name)), "")


def variant_bytes(image: ImageFile, variant: Variant, options: ImageOptions, kept: KeptFiles) -> bytes:
    """The content of a variant, from `kept` where it is there.

    Raises ProjectError when the image cannot be read any longer.
    """
    content = kept.get(variant.name)
    if content is None:
        make_variants(image, [variant], options, kept)
        content = kept.get(variant.name)
        assert content is not None  # noqa: S101  (it was put there just now)
    return content


def make_variants(image: ImageFile, wanted: Sequence[Variant], options: ImageOptions, kept: KeptFiles) -> None:
    """Have those of `wanted` in `kept` that are not there, or damaged.

    Raises ProjectError when the image cannot be read any longer.
    """
    missing = [variant for variant in wanted if kept.get(variant.name) is None]
    if not missing:
        return
    try:
        data = image.file.read_bytes()
        if content_digest(data) != image.facts.digest:
            raise ProjectError([Problem(image.path, 0, "the image changed while the site was built", "build again")])
        for variant, content in zip(missing, encoded(data, image.facts, missing, options.quality), strict=True):
            kept.put(variant.name, content)
    except IMAGE_FAULTS as error:
        fault = f"the image cannot be brought into other formats: {error}"
        raise ProjectError([Problem(image.path, 0, fault, "save it again", rule="broken-image")]) from error


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


@cache
def _encoders() -> str:
    libraries = ("avif", "webp", "libjpeg_turbo", "zlib_ng", "zlib", "littlecms2")
    return repr((PIL.__version__, [features.version(name) for name in libraries]))
