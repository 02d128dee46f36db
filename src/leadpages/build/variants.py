"""The variants of an image: modern formats and smaller widths, of which browsers take the one that suits them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from leadpages.build.images import FOLDER, IMAGE_FAULTS, ImageFile, Variant
from leadpages.build.kept_files import KeptFiles
from leadpages.build.output import content_digest
from leadpages.build.pages import digest_of
from leadpages.core.errors import Problem, ProjectError

#: Width and height in pixels of the pictures that are drawn for shared links.
SOCIAL_SIZE: Final = (1200, 630)
_ENDINGS: Final = {"avif": "avif", "jpeg": "jpg", "png": "png", "webp": "webp"}
#: How many pixels a side may have: https://developers.google.com/speed/webp/faq, ITU-T T.81 B.2.2.
_MAX_SIDE: Final = {"avif": 65_535, "jpeg": 65_535, "png": 2**31 - 1, "webp": 16_383}


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """Which widths, in pixels, and modern formats to make, and how well: 1 to 100. Without formats nothing is made."""

    widths: tuple[int, ...]
    formats: tuple[str, ...]
    quality: int

    def widest(self, width: int) -> int:
        """How wide an image of that width is offered at most: the largest of the widths stands for wider ones."""
        return min(width, max(self.widths, default=width))


def variants(image: ImageFile, options: ImageOptions) -> tuple[Variant, ...]:
    """What is made of `image`, smallest first: never larger than it is or `options` say, and not what it is already."""
    facts = image.facts
    if not facts.format or not options.formats:
        return ()
    from leadpages.build.encoding import recipe

    smaller = [width for width in sorted(set(options.widths)) if width < facts.width]
    offered = sorted({*smaller, options.widest(facts.width)})
    stem = re.sub(r"[^a-z0-9]+", "-", PurePosixPath(image.url).stem.lower()).strip("-")[:60] or "image"
    digest = digest_of(facts.digest, options, recipe())[:12]
    found = []
    for name, ending in _ENDINGS.items():
        if name != facts.format and name not in options.formats:
            continue
        for width in smaller if name == facts.format else offered:
            height = max(1, round(facts.height * width / facts.width))
            if max(width, height) <= _MAX_SIDE[name]:
                found.append(Variant(f"{FOLDER}{stem}.{digest}-{width}.{ending}", name, width, height))
    return tuple(found)


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
    from leadpages.build.encoding import encoded

    try:
        data = image.file.read_bytes()
        if content_digest(data) != image.facts.digest:
            raise ProjectError([Problem(image.path, 0, "the image changed while the site was built", "build again")])
        for variant, content in zip(missing, encoded(data, image.facts, missing, options.quality), strict=True):
            kept.put(variant.name, content)
    except IMAGE_FAULTS as error:
        fault = f"the image cannot be brought into other formats: {error}"
        raise ProjectError([Problem(image.path, 0, fault, "save it again", rule="broken-image")]) from error
