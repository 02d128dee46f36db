"""Image files as they are read, and the variants that are made of them."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from leadpages.build.encoding import encoded
from leadpages.build.images import ImageFacts, ImageFile, Variant, read_image
from leadpages.build.kept_files import KeptFiles
from leadpages.build.output import content_digest
from leadpages.build.picture_html import picture
from leadpages.build.variants import ImageOptions, make_variants, variant_bytes, variants
from leadpages.core.errors import Problem, ProjectError

BOTH = ImageOptions((40, 80, 160), ("avif", "webp"), 60)
RED, BLUE = (220, 30, 30), (20, 40, 210)


def halves(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture that is red on its left and blue on its right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image.convert(mode)


def saved(image: Image.Image, kind: str, **settings: object) -> bytes:
    """The bytes of an image file."""
    target = io.BytesIO()
    image.save(target, kind, **settings)
    return target.getvalue()


def facts_of(data: bytes, path: str = "site/a.png") -> ImageFacts:
    """What is read of an image that is as it should be."""
    facts = read_image(data, path)
    assert isinstance(facts, ImageFacts), facts
    return facts


def image_file(folder: Path, data: bytes, name: str = "a.png") -> ImageFile:
    """An image on disk."""
    (folder / name).write_bytes(data)
    return ImageFile(f"site/{name}", folder / name, f"/{name}", facts_of(data))


def first_variant(data: bytes, kind: str, width: int) -> Image.Image:
    """A variant of an image, as it comes out of its encoder."""
    facts = facts_of(data)
    variant = Variant("", kind, width, round(facts.height * width / facts.width))
    image = Image.open(io.BytesIO(next(encoded(data, facts, [variant], 80))))
    assert image.format == kind.upper()
    assert image.size == (variant.width, variant.height)
    return image


def near(found: object, expected: tuple[int, ...]) -> bool:
    """Whether a pixel is about that colour."""
    assert isinstance(found, tuple)
    return len(found) == len(expected) and all(abs(a - b) < 24 for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("kind", "mode", "expected"),
    [
        ("PNG", "RGB", "png"),
        ("PNG", "P", "png"),
        ("PNG", "I;16", "png"),
        ("JPEG", "CMYK", "jpeg"),
        ("WEBP", "RGBA", "webp"),
        ("AVIF", "RGB", "avif"),
        ("GIF", "P", ""),
        ("BMP", "RGB", "bmp"),
        ("TIFF", "L", "tiff"),
    ],
)
def test_what_an_image_is(kind: str, mode: str, expected: str) -> None:
    """Kind and size come from the content; the name of the file says nothing of it."""
    data = saved(Image.new(mode, (30, 20)), kind)

    assert facts_of(data, "site/a.jpg") == ImageFacts(content_digest(data), 30, 20, expected)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_moving_pictures_stay_as_they_are(kind: str) -> None:
    """Something that moves has a size and no format to make others in."""
    frames = [Image.new("RGB", (30, 20), colour) for colour in (RED, BLUE)]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:])

    assert facts_of(data) == ImageFacts(content_digest(data), 30, 20, "")


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="30" height="20"', (30, 20)),
        ('width="30px" height="1in"', (30, 96)),
        ('width="100%" height="100%" viewBox="0 0 12.4 8"', (12, 8)),
        ('viewBox="0,0,300,150"', (300, 150)),
        ('width="60" viewBox="0 0 30 20"', (60, 40)),
        ('height="40" viewBox="0 0 30 20"', (60, 40)),
        ('width="1e99" height="1e99"', (0, 0)),
        ('viewBox="0 0 0 0"', (0, 0)),
        ("", (0, 0)),
    ],
)
def test_the_size_of_an_svg(attributes: str, size: tuple[int, int]) -> None:
    """Width and height, or what the view box makes of them; none where it has neither."""
    facts = facts_of(f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}/>'.encode(), "site/a.svg")

    assert (facts.width, facts.height, facts.format) == (*size, "")


def bomb() -> bytes:
    """A small PNG that says it has over a billion pixels."""
    whole = saved(Image.new("L", (1, 1)), "PNG")
    header = b"IHDR" + struct.pack(">LLBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    return whole[:12] + header + struct.pack(">L", zlib.crc32(header)) + whole[33:]


WHOLE = saved(Image.effect_noise((200, 100), 60), "PNG")
BROKEN: dict[str, tuple[bytes, str]] = {
    "a.png": (WHOLE[: len(WHOLE) // 2], "the image is damaged: it ends too early"),
    "b.jpg": (saved(Image.effect_noise((200, 100), 60), "JPEG")[:-900], "the image is damaged: it ends too early"),
    "c.webp": (saved(Image.effect_noise((200, 100), 60), "WEBP")[:-900], "the image is damaged: "),
    "d.avif": (saved(halves(200, 100), "AVIF")[:-90], "the image is damaged: "),
    "e.png": (b"", "the image is empty"),
    "f.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "this is no image, or none of a kind that browsers show"),
    "g.png": (bomb(), "the image has too many pixels, more than the 178 million that are allowed"),
    "h.svg": (b"<svg", "the SVG is not well-formed: unclosed token, on its line 1"),
    "i.svg": (b"<svg/>", 'the SVG begins with `svg`, not with `<svg xmlns="http://www.w3.org/2000/svg">`'),
    "j.svg": (b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><a>&d;</a>', "the SVG begins with `a`"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_images(name: str) -> None:
    """What is damaged, cut off, too large or something else is a problem that says so."""
    data, message = BROKEN[name]
    problem = read_image(data, f"site/{name}")

    assert isinstance(problem, Problem)
    assert problem.message.startswith(message)
    assert (problem.place, problem.rule, problem.severity) == (f"site/{name}", "broken-image", "error")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "TIFF"])
def test_no_file_brings_a_build_down(kind: str) -> None:
    """A file with any one stretch overwritten is an image or a problem, never a fault."""
    data = saved(halves(64, 48), kind)
    for at in range(0, len(data) - 4, max(1, len(data) // 60)):
        read = read_image(data[:at] + b"\xff\x00\x7f\xff" + data[at + 4 :], "site/a.png")
        assert isinstance(read, ImageFacts | Problem)


def test_which_variants(tmp_path: Path) -> None:
    """Widths below the image's own and that one, in each format; its own format in the smaller ones; never larger."""
    png = image_file(tmp_path, saved(halves(100, 50), "PNG"), "Ein Bild (1).png")
    webp = image_file(tmp_path, saved(halves(60, 30), "WEBP"), "b.webp")

    found = variants(png, BOTH)

    assert [(v.format, v.width, v.height) for v in found] == [
        ("avif", 40, 20),
        ("avif", 80, 40),
        ("avif", 100, 50),
        ("png", 40, 20),
        ("png", 80, 40),
        ("webp", 40, 20),
        ("webp", 80, 40),
        ("webp", 100, 50),
    ]
    assert found[0].url.startswith("/_images/ein-bild-1.")
    assert found[0].url.endswith("-40.avif")
    assert [(v.format, v.width) for v in variants(webp, BOTH)] == [("avif", 40), ("avif", 60), ("webp", 40)]
    assert variants(png, ImageOptions((40,), (), 60)) == ()


def test_wide_originals(tmp_path: Path) -> None:
    """Nothing is wider than the largest width; one of just that width is whole; without widths there is no such end."""
    wide = image_file(tmp_path, saved(halves(400, 200), "JPEG"), "wide.jpg")
    just = image_file(tmp_path, saved(halves(160, 80), "JPEG"), "just.jpg")
    no_widths = ImageOptions((), ("avif",), 60)

    assert [(v.format, v.width, v.height) for v in variants(wide, BOTH)] == [
        (name, width, width // 2) for name in ("avif", "jpeg", "webp") for width in (40, 80, 160)
    ]
    assert [v.width for v in variants(just, BOTH)] == [40, 80, 160, 40, 80, 40, 80, 160]
    assert [(v.format, v.width) for v in variants(wide, no_widths)] == [("avif", 400)]


def test_names_tell_content_and_options(tmp_path: Path) -> None:
    """Other content, quality or widths make other names; the same image in another place does not."""
    data = saved(halves(100, 50), "PNG")
    image = image_file(tmp_path, data)
    (tmp_path / "other").mkdir()

    def name(image: ImageFile, options: ImageOptions) -> str:
        return variants(image, options)[0].name

    assert name(image, BOTH) == name(image_file(tmp_path / "other", data), BOTH)
    others = [
        name(image, ImageOptions(BOTH.widths, BOTH.formats, 61)),
        name(image_file(tmp_path / "other", saved(halves(100, 51), "PNG")), BOTH),
    ]
    assert len({name(image, BOTH), *others}) == 3


@pytest.mark.parametrize("kind", ["avif", "webp", "jpeg", "png"])
def test_each_format(kind: str) -> None:
    """A variant is in its format and size, and shows what the image shows."""
    small = first_variant(saved(halves(100, 50), "PNG"), kind, 40).convert("RGB")

    assert near(small.getpixel((4, 10)), RED)
    assert near(small.getpixel((35, 10)), BLUE)


@pytest.mark.parametrize("kind", ["avif", "webp", "png"])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_transparency(kind: str, mode: str) -> None:
    """What is transparent stays so, and its colour does not bleed into what is not."""
    image = Image.new("RGBA", (100, 50), (0, 255, 0, 0))
    image.paste((255, 255, 255, 255), (50, 0, 100, 50))
    data = saved(image.quantize() if mode == "P" else image.convert("LA") if mode in ("LA", "PA") else image, "PNG")

    small = first_variant(data, kind, 40).convert("RGBA")

    left, right = small.getpixel((3, 10)), small.getpixel((36, 10))
    assert isinstance(left, tuple)
    assert left[3] < 10
    assert near(right, (255, 255, 255, 255))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(orientation: int) -> None:
    """A photograph that lies on its side stands upright, and its size is the upright one's (Exif 2.32, 4.6.4)."""
    turns: dict[int, Image.Transpose] = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = halves(100, 50)
    stored = upright.transpose(turns[orientation]) if orientation in turns else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = saved(stored, "JPEG", exif=exif, quality=95, icc_profile=srgb)

    facts = facts_of(data)
    small = first_variant(data, "jpeg", 40)

    assert (facts.width, facts.height) == (100, 50)
    assert near(small.getpixel((4, 10)), RED)
    assert near(small.getpixel((35, 10)), BLUE)
    assert not small.getexif()


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0MM\0*\0\0\0\x08\0\x09" + b"\x01" * 40]
)
def test_damaged_notes_of_a_camera(exif: bytes) -> None:
    """They make no picture broken."""
    data = saved(halves(100, 50), "JPEG", exif=exif)

    assert first_variant(data, "jpeg", 40).size == (40, 20)


def notes(gps: dict[int, object]) -> bytes:
    """What a camera notes, its maker and this of the place."""
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif[0x8825] = gps
    return exif.tobytes()


PLACE: dict[int, object] = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_where_a_photograph_was_taken(kind: str) -> None:
    """It is known whether the file says so, in every format; a camera that did not know its place says nothing."""
    upright = halves(100, 50)

    assert facts_of(saved(upright, kind, exif=notes(PLACE))).tells_place
    assert not facts_of(saved(upright, kind, exif=notes({0: b"\2\3\0\0"}))).tells_place
    assert not facts_of(saved(upright, kind)).tells_place


def test_variants_do_not_tell_the_place() -> None:
    """What goes out beside the original has none of it."""
    small = first_variant(saved(halves(100, 50), "JPEG", exif=notes(PLACE)), "jpeg", 40)

    assert not small.getexif()


def test_sixteen_bits() -> None:
    """A grey picture of 65,536 shades keeps them apart."""
    row = struct.pack("<80H", *[0x4000] * 40, *[0xC000] * 40)
    image = Image.frombytes("I;16", (80, 40), row * 40)

    small = first_variant(saved(image, "PNG"), "png", 40).convert("L")

    assert [small.getpixel((5, 5)), small.getpixel((35, 5))] == [0x40, 0xC0]


def test_ink() -> None:
    """A picture for print becomes red, green and blue."""
    small = first_variant(saved(halves(80, 40, "CMYK"), "JPEG", quality=95), "webp", 40).convert("RGB")

    assert near(small.getpixel((4, 10)), RED)


def test_colour_profiles() -> None:
    """Colours are brought into sRGB, which needs no profile; a profile that is none is passed over."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = srgb.replace(b"rXYZ", b"????", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"????", b"gXYZ", 1)
    plain = halves(80, 40)
    converted = first_variant(saved(plain, "PNG", icc_profile=profile), "png", 40)
    passed = first_variant(saved(plain, "PNG", icc_profile=b"no profile"), "png", 40)

    assert "icc_profile" not in converted.info
    assert near(converted.getpixel((4, 10)), (30, 220, 30))
    assert near(passed.getpixel((4, 10)), RED)


def test_a_palette_stays_one() -> None:
    """A smaller version of a PNG with a palette has one, and is smaller in bytes than one without."""
    data = saved(halves(400, 200).quantize(16), "PNG")

    assert first_variant(data, "png", 160).mode == "P"


@pytest.mark.parametrize("kind", ["avif", "webp", "jpeg", "png"])
def test_the_same_bytes_each_time(kind: str) -> None:
    """Encoders are asked in such a way that they answer the same."""
    noise = saved(Image.effect_noise((600, 400), 50).convert("RGB"), "PNG")
    facts = facts_of(noise)
    variant = Variant("", kind, 500, 333)

    assert len({next(encoded(noise, facts, [variant], 60)) for _ in range(3)}) == 1


def test_variants_are_kept(tmp_path: Path) -> None:
    """What was made once is not made again; what was damaged, swapped or lost is."""
    image = image_file(tmp_path, saved(halves(100, 50), "PNG"))
    kept = KeptFiles(tmp_path / "kept")
    first, second, *others = found = variants(image, BOTH)
    make_variants(image, found, BOTH, kept)
    contents = {variant: kept.get(variant.name) for variant in found}
    times = {variant: (kept.folder / variant.name).stat().st_mtime_ns for variant in found}
    damaged = kept.folder / first.name
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    (kept.folder / others[0].name).replace(kept.folder / second.name)  # another variant's content, checksum and all

    make_variants(image, found, BOTH, kept)

    assert {variant: kept.get(variant.name) for variant in found} == contents
    again = {variant for variant in found if (kept.folder / variant.name).stat().st_mtime_ns != times[variant]}
    assert again == {first, second, others[0]}


def test_an_image_that_changed_meanwhile(tmp_path: Path) -> None:
    """Other content than was looked at never goes out under the first one's name."""
    image = image_file(tmp_path, saved(halves(100, 50), "PNG"))
    image.file.write_bytes(saved(halves(100, 52), "PNG"))

    with pytest.raises(ProjectError) as raised:
        variant_bytes(image, variants(image, BOTH)[0], BOTH, KeptFiles(tmp_path / "kept"))

    assert raised.value.problems[0].place == "site/a.png"


def test_what_nobody_asks_for_is_thrown_away(tmp_path: Path) -> None:
    """Kept files that are not wanted go once they are many."""
    kept = KeptFiles(tmp_path / "kept")
    for number in range(510):
        kept.put(f"{number}.png", b"")

    kept.prune([f"{number}.png" for number in range(300)])
    assert len(list(kept.folder.iterdir())) == 510
    kept.prune(["1.png", "2.png"])
    assert sorted(file.name for file in kept.folder.iterdir()) == ["1.png", "2.png"]


@pytest.fixture
def shown(tmp_path: Path) -> Callable[..., str]:
    """Makes the HTML for an image of these bytes."""

    def make(data: bytes, name: str = "a.png", root: str = "", lazy: bool = True, **attributes: str) -> str:
        image = image_file(tmp_path, data, name)
        return picture(
            image,
            BOTH,
            alt='"A" & <b>',
            sizes="50vw",
            class_="wide",
            lazy=lazy,
            title="",
            attributes=attributes,
            root=root,
        )

    return make


def test_picture(shown: Callable[..., str]) -> None:
    """Modern formats first, then the original at its widths, with its size; all addresses under the base path."""
    html = shown(saved(halves(100, 50), "PNG"), "a b.png", root="/base")

    name = html.partition("/base/_images/")[2].partition("-40")[0]
    assert html == (
        "<picture>"
        f'<source type="image/avif" srcset="/base/_images/{name}-40.avif 40w, /base/_images/{name}-80.avif 80w, '
        f'/base/_images/{name}-100.avif 100w" sizes="50vw">'
        f'<source type="image/webp" srcset="/base/_images/{name}-40.webp 40w, /base/_images/{name}-80.webp 80w, '
        f'/base/_images/{name}-100.webp 100w" sizes="50vw">'
        '<img class="wide" src="/base/a%20b.png" '
        f'srcset="/base/_images/{name}-40.png 40w, /base/_images/{name}-80.png 80w, /base/a%20b.png 100w" sizes="50vw" '
        'width="100" height="50" alt="&#34;A&#34; &amp; &lt;b&gt;" loading="lazy" decoding="async">'
        "</picture>"
    )


def test_the_first_picture(shown: Callable[..., str]) -> None:
    """What visitors see first is fetched first."""
    html = shown(saved(halves(100, 50), "PNG"), lazy=False)

    assert 'fetchpriority="high"' in html
    assert "loading" not in html


def test_a_modern_original(shown: Callable[..., str]) -> None:
    """A WebP is no source beside itself; an AVIF comes before the WebP that is made of it."""
    webp = shown(saved(halves(100, 50), "WEBP"), "a.webp")
    avif = shown(saved(halves(100, 50), "AVIF"), "a.avif")

    assert webp.count("<source") == 1
    assert webp.index('type="image/avif"') < webp.index('<img class="wide" src="/a.webp"')
    assert "/a.webp 100w" in webp
    assert avif.index('type="image/avif"') < avif.index('type="image/webp"')
    assert avif.count("/a.avif 100w") == 2


def test_a_wide_original(shown: Callable[..., str]) -> None:
    """It is not offered: the largest width in its own format stands for it, and the ratio stays."""
    html = shown(saved(halves(400, 200), "JPEG"), "a.jpg", root="/base")

    name = html.partition("/base/_images/")[2].partition("-40")[0]
    assert "/a.jpg" not in html
    assert html.count(" 160w") == 3
    assert max(map(int, re.findall(r" (\d+)w", html))) == 160
    assert f'src="/base/_images/{name}-160.jpg"' in html
    assert 'width="400" height="200"' in html


def test_wide_originals_of_other_kinds(shown: Callable[..., str]) -> None:
    """An AVIF's variants are a source, too; a BMP is there for browsers that know nothing better."""
    avif = shown(saved(halves(400, 200), "AVIF"), "a.avif")
    bmp = shown(saved(halves(400, 200), "BMP"), "a.bmp")

    assert "/a.avif" not in avif
    assert avif.count("-160.avif 160w") == 2
    assert 'src="/a.bmp" width="400"' in bmp
    assert bmp.count("srcset=") == bmp.count(" 160w") == 2


def test_pictures_with_one_file(shown: Callable[..., str]) -> None:
    """What has no variants is an `<img>` of known size."""
    html = shown(saved(halves(30, 20), "GIF"), "a.gif")

    assert html == (
        '<img class="wide" src="/a.gif" width="30" height="20" alt="&#34;A&#34; &amp; &lt;b&gt;" '
        'loading="lazy" decoding="async">'
    )


def test_attributes_of_the_writer(shown: Callable[..., str]) -> None:
    """They win; a width of theirs brings the height and the sizes that go with it."""
    html = shown(saved(halves(100, 50), "PNG"), width="60", loading="eager", id="x")

    assert 'width="60" height="30"' in html
    assert html.count('sizes="60px"') == 3
    assert html.count("loading=") == html.count('loading="eager"') == 1
    assert 'id="x"' in html
