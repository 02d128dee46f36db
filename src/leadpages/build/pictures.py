"""The pictures of a site as pages show them: in modern formats and several widths where that can be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from msgspec import Struct, json

from leadpages.build.config import FILE as CONFIG_FILE
from leadpages.build.config import Config
from leadpages.build.images import ENDINGS, FOLDER, ImageFacts, ImageFile, ImageRecord, read_image
from leadpages.build.inputs import UNSETTLED, Inputs, Signature, settled, signature
from leadpages.build.kept_files import KeptFiles
from leadpages.build.links import Links
from leadpages.build.output import content_digest
from leadpages.build.pages import Page
from leadpages.build.picture_html import img_html, picture
from leadpages.build.reports import Progress
from leadpages.build.site import Site
from leadpages.build.theme import Theme
from leadpages.build.theme_colours import page_properties
from leadpages.build.variants import SOCIAL_SIZE, ImageOptions
from leadpages.build.workers import share_out
from leadpages.core.errors import Problem

if TYPE_CHECKING:
    from leadpages.build.social_pictures import Painter

#: In the folder of a theme, beside its theme.toml.
_FONTS: Final = ("social.ttf", "social.otf")
#: Of the package `font-manrope`, for themes that bring none: Latin, Greek and Cyrillic.
_PACKAGED_FONT: Final = "files/Manrope-SemiBold.ttf"
#: Looking at this many images is worth a process.
_ENOUGH: Final = 20


@dataclass(frozen=True, slots=True)
class SocialPicture:
    """A picture to draw, and the URL path that it goes out to."""

    url: str
    title: str
    name: str
    painter: Painter


def social_bytes(drawn: SocialPicture, kept: KeptFiles) -> bytes:
    """A drawn picture, from `kept` where it is there."""
    name = drawn.url.removeprefix(FOLDER)
    content = kept.get(name)
    if content is None:
        content = drawn.painter.draw(drawn.title, drawn.name)
        kept.put(name, content)
    return content


@dataclass(frozen=True)
class Candidate:
    """A file that may be shown as a picture: the URL path that pages know it by, and the one it goes out to."""

    known_as: str
    url: str
    path: str
    file: Path
    signature: Signature


@dataclass(frozen=True)
class Pictures:
    """`known` are the site's own images by URL path; `social` are the drawn ones, by the URL path of their page.

    `faults` say of URL paths what is wrong with the image there, `is_known` whether anything is there, and `records`
    is what the next build can use.
    """

    known: Mapping[str, ImageFile]
    options: ImageOptions
    root: str
    drawn: Mapping[str, SocialPicture] = field(default_factory=dict)
    faults: Mapping[str, Problem] = field(default_factory=dict)
    is_known: Callable[[str], bool] = lambda url: True
    records: Mapping[str, ImageRecord] = field(default_factory=dict)

    def find(self, url: str) -> ImageFile | None:
        """The image at a URL path, percent-encoded or not; None for one that is elsewhere, or no image."""
        return self.known.get(url) or self.known.get(unquote(url))

    def digest(self, url: str) -> str:
        """The content of the image at a URL path; "" for one that is elsewhere, or missing."""
        image = self.find(url)
        return image.facts.digest if image else ""

    def size(self, url: str) -> tuple[int, int] | None:
        """Width and height in pixels, where they are known."""
        if url.startswith(FOLDER):
            return SOCIAL_SIZE
        image = self.find(url)
        return (image.facts.width, image.facts.height) if image and image.facts.width else None

    def social(self, page: Page) -> str:
        """The URL path of the picture that was drawn for a page, or ""."""
        drawn = self.drawn.get(page.url)
        return drawn.url if drawn else ""

    def html(
        self,
        url: str,
        href: str,
        alt: str,
        sizes: str,
        class_: str,
        lazy: bool,
        title: str,
        attributes: Mapping[str, str],
    ) -> str:
        """The element for an image: `<picture>`, or `<img>` where there is but one file.

        Raises ValueError, for the template that asks, when there is no such image, or it is broken.
        """
        if fault := self.faults.get(unquote(url)):
            raise ValueError(f"{fault.path}: {fault.message}")
        image = self.find(url)
        if image is None:
            if not self.is_known(url):
                raise ValueError(f"there is no image `{url}`")
            said = {"class": class_, "src": href, "alt": alt, "title": title, **attributes}
            return img_html(said, lazy=lazy)
        return picture(
            image,
            self.options,
            alt=alt,
            sizes=sizes,
            class_=class_,
            lazy=lazy,
            title=title,
            attributes=attributes,
            root=self.root,
        )


def candidates(site: Site, assets: Mapping[str, str], theme: Theme, project: Path, inputs: Inputs) -> list[Candidate]:
    """The writer's files and the theme's assets that may be pictures. `assets` are the names that these go out by."""
    found = [
        Candidate(file.url, file.url, file.path, file.file, inputs.files[file.path])
        for file in site.static
        if file.path.lower().endswith(ENDINGS)
    ]
    for name, file in theme.assets().items():
        known_as = f"/assets/{name}"
        if name.lower().endswith(ENDINGS) and known_as in assets:
            own = file.is_relative_to(project)
            path = file.relative_to(project).as_posix() if own else f"leadpages/{name}"
            seen = inputs.files.get(path) or signature(file.stat())
            found.append(Candidate(known_as, assets[known_as], path, file, seen))
    return found


def plan_pictures(
    found: Sequence[Candidate],
    theme: Theme,
    site: Site,
    links: Links,
    config: Config,
    root: str,
    remembered: Mapping[str, ImageRecord],
    now_ns: int,
    workers: int,
    report: Progress,
) -> tuple[Pictures, list[Problem]]:
    """Read the images that are not remembered as they are now, choose what to draw, and say what is wrong."""
    records, broken = _read_all(found, remembered, now_ns, workers, report)
    options = ImageOptions(config.images.widths, config.images.formats, config.images.quality)
    drawn, problems = _plan_social(site, theme, config)
    known = {
        one.known_as: ImageFile(one.path, one.file, one.url, records[one.path].facts)
        for one in found
        if one.path in records
    }
    faults = {one.known_as: broken[one.path] for one in found if one.path in broken}
    problems += _check_formats(config)
    problems += _check_uses(site, links, faults)
    problems += [_place_told(image.path) for image in known.values() if image.facts.tells_place]
    return Pictures(known, options, root, drawn, faults, links.is_known, records), problems


class _Look(Struct, frozen=True):
    """What looking at one image gave."""

    path: str
    facts: ImageFacts | None = None
    problem: Problem | None = None


def _read_all(
    found: Sequence[Candidate],
    remembered: Mapping[str, ImageRecord],
    now_ns: int,
    workers: int,
    report: Progress,
) -> tuple[dict[str, ImageRecord], dict[str, Problem]]:
    records: dict[str, ImageRecord] = {}
    stale: list[Candidate] = []
    for one in found:
        record = remembered.get(one.path)
        if record and record.signature == one.signature:
            records[one.path] = record
        else:
            stale.append(one)
    here = os.getpid()

    def look(share: Sequence[Candidate]) -> bytes:
        looks = []
        for number, one in enumerate(share, 1):
            looks.append(_look(one, remembered.get(one.path)))
            if os.getpid() == here:
                report("Looking at pictures", number, len(share))
        return json.encode(looks)

    shares = share_out(look, stale, workers, enough=_ENOUGH) if stale else []
    looks = {look.path: look for data in shares for look in json.decode(data, type=list[_Look])}
    seen = {one.path: one.signature if settled(one.signature, now_ns) else UNSETTLED for one in stale}
    records |= {path: ImageRecord(seen[path], look.facts) for path, look in looks.items() if look.facts}
    return records, {path: look.problem for path, look in looks.items() if look.problem}


def _look(one: Candidate, record: ImageRecord | None) -> _Look:
    try:
        data = one.file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return _Look(one.path, problem=Problem(one.path, 0, f"cannot be read: {reason}", rule="broken-image"))
    if record and record.facts.digest == content_digest(data):
        return _Look(one.path, record.facts)
    facts = read_image(data, one.path)
    return _Look(one.path, problem=facts) if isinstance(facts, Problem) else _Look(one.path, facts)


def _check_formats(config: Config) -> list[Problem]:
    if not config.images.formats:
        return []
    from leadpages.build.encoding import can_write

    line = config.line("images", "formats")
    hint = "install the wheel from PyPI, or leave the format out of `formats` under [images]"
    return [
        Problem(CONFIG_FILE, line, f"the Pillow that is installed cannot write {name.upper()}", hint)
        for name in config.images.formats
        if not can_write(name)
    ]


def _check_uses(site: Site, links: Links, faults: Mapping[str, Problem]) -> list[Problem]:
    """An error at each place that shows a broken image, and a warning for each that no page shows."""
    if not faults:
        return []
    problems = []
    used = set()
    for page in site.all_pages():
        for target, line, column in _shown_on(page):
            url = unquote(links.resolve(target, page).path)
            if fault := faults.get(url):
                used.add(url)
                message = f"image `{target}` is broken: {fault.path}: {fault.message}"
                problems.append(Problem(page.path, line, message, fault.hint, "error", fault.rule, column))
    unused = (fault for url, fault in faults.items() if url not in used)
    return problems + [Problem(fault.path, 0, fault.message, fault.hint, "warning", fault.rule) for fault in unused]


def _shown_on(page: Page) -> Iterator[tuple[str, int, int]]:
    noted = {found.target for found in page.references if found.is_image}
    yield from ((found.target, found.line, found.column) for found in page.references if found.is_image)
    yield from ((target, 0, 0) for target in page.pictures if target not in noted)  # a block's own


def _place_told(path: str) -> Problem:
    message = "says where it was taken (GPS), and everyone can download it"
    return Problem(path, 0, message, "remove the camera's data before you publish it", "warning", "camera-data")


def _plan_social(site: Site, theme: Theme, config: Config) -> tuple[dict[str, SocialPicture], list[Problem]]:
    if not config.social.images:
        return {}, []
    from leadpages.build.social_pictures import Painter, social_colours

    file = _font(theme)
    css = "".join(text for _, text in theme.styles())
    try:
        painter = Painter(file.read_bytes(), social_colours(page_properties(css)))
    except OSError as error:
        path = f"themes/{file.parent.name}/{file.name}"
        return {}, [Problem(path, 0, f"this is no font: {error}", "expected TrueType or OpenType")]
    drawn: dict[str, SocialPicture] = {}
    left_out: dict[str, str] = {}
    for language in site.languages:
        name, _ = painter.drawable(language.info.title)
        for page in (*language.pages, *language.posts):
            if page.image or page.noindex:
                continue
            title, lacking = painter.drawable(page.title)
            if title:
                url = f"{FOLDER}social.{painter.digest(title, name)[:16]}.png"
                drawn[page.url] = SocialPicture(url, title, name, painter)
            elif lacking:
                left_out[page.path] = lacking
    return drawn, _undrawn(left_out)


def _font(theme: Theme) -> Path:
    own = (folder / name for folder in theme.folders for name in _FONTS)
    return next((file for file in own if file.is_file()), Path(str(files("font_manrope") / _PACKAGED_FONT)))


def _undrawn(left_out: Mapping[str, str]) -> list[Problem]:
    if not left_out:
        return []
    path, character = next(iter(left_out.items()))
    others = f", and {len(left_out) - 1} more" if len(left_out) > 1 else ""
    message = f"no picture for shared links is drawn for {path}{others}: the theme's font has no `{character}`"
    hint = "put a font that has it into your theme as social.ttf, or an `image` into the front matter"
    return [Problem(CONFIG_FILE, 0, message, hint, "warning", "social-picture")]
