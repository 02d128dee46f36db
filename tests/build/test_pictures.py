"""Pictures in a built site: what pages ask for is there, made once, and the same everywhere."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree

import pytest
from PIL import Image
from tests.conftest import CONFIG, NOW, Files, WriteProject, public_text, render, tree

from leadpages.build.project import PUBLIC, Options, build
from leadpages.core.errors import ProjectError

POST = "---\ntitle: A post\ndate: 2026-03-31\nimage: ../media/a.jpg\n---\n\nText.\n\n![One](../media/b.png)\n"
PAGE = "---\ntitle: A page\n---\n\n![One](media/b.png)\n\n![Two](/media/a.jpg){width=60}\n\n![Three](media/c.svg)\n"


def photo(kind: str, width: int = 300, height: int = 150, **settings: object) -> bytes:
    """Some image."""
    target = io.BytesIO()
    Image.radial_gradient("L").resize((width, height)).convert("RGB").save(target, kind, **settings)
    return target.getvalue()


FILES: Files = {
    "leadpages.toml": CONFIG + 'theme = "mine"\n[images]\nwidths = [100, 200]\n',
    "themes/mine/theme.toml": "",
    "themes/mine/templates/_footer.html": '{{ picture("/assets/logo.png", "Logo", sizes="9rem") }}\n'
    '<p>{{ image_size("/assets/logo.png") }} {{ image_size("/media/none.png") }}</p>\n',
    "themes/mine/assets/logo.png": photo("PNG", 300, 100),
    "site/posts/a.md": POST,
    "site/page.md": PAGE,
    "site/media/a.jpg": photo("JPEG"),
    "site/media/b.png": photo("PNG", 150, 90),
    "site/media/c.svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 20"/>',
    "site/media/unused.png": photo("PNG", 200, 90),
}


def addresses(html: str) -> list[str]:
    """Every address of a picture on a page."""
    lists = re.findall(r'srcset="([^"]*)"', html)
    found = [candidate.split()[0] for text in lists for candidate in text.split(", ")]
    return found + re.findall(r'<img[^>]* src="([^"]*)"', html)


def built_once(project: Path, output: Path, workers: int = 1) -> dict[str, bytes]:
    """What a build into a folder leaves there."""
    build(project, output, Options(workers=workers), NOW)
    return tree(output / PUBLIC)


def kept_times(output: Path) -> Mapping[str, int]:
    """When each kept picture was written."""
    files = (output / ".leadpages/cache/images").iterdir()
    return {file.name: file.stat().st_mtime_ns for file in files}


def test_every_picture_is_there(write_project: WriteProject) -> None:
    """Each address on each page is a file that is what its name and its descriptor say."""
    public = render(write_project(FILES)).public

    shown = {url for path, data in public.items() if path.endswith(".html") for url in addresses(data.decode())}
    assert {url.lstrip("/") for url in shown} <= public.keys()
    made = [path for path in public if path.startswith("_images/") and "social." not in path]
    assert {f"/{path}" for path in made} == {url for url in shown if url.startswith("/_images/")}
    for path in made:
        with Image.open(io.BytesIO(public[path])) as image:
            assert (
                image.format == {"avif": "AVIF", "jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[path.rpartition(".")[2]]
            )
            assert path.rpartition(".")[0].endswith(f"-{image.width}")
    assert not any("unused" in path for path in made)


def test_the_first_picture_of_a_page(write_project: WriteProject) -> None:
    """It is fetched at once; the others when they come near."""
    public = render(write_project(FILES))

    images = re.findall(r"<img[^>]*>", public_text(public, "page/index.html"))
    assert ['loading="lazy"' in image for image in images] == [False, True, True, True]
    images = re.findall(r"<img[^>]*>", public_text(public, "posts/a/index.html"))
    assert ['loading="lazy"' in image for image in images] == [False, True, True]


def test_a_large_photograph(write_project: WriteProject) -> None:
    """No page loads more than the largest width of it; the file itself goes out as it is."""
    large = photo("JPEG", 6000, 60)
    page = "---\ntitle: A\n---\n\n![Large](/media/large.jpg)\n"
    public = render(write_project({"leadpages.toml": CONFIG, "site/a.md": page, "site/media/large.jpg": large})).public

    html = public["a/index.html"].decode()
    assert {url.rpartition("-")[2].partition(".")[0] for url in addresses(html)} == {"480", "800", "1200", "1600"}
    assert re.search(r'<img src="/_images/large\.\w{12}-1600\.jpg" ', html)
    assert {url.lstrip("/") for url in addresses(html)} <= public.keys()
    assert public["media/large.jpg"] == large


def test_where_photographs_were_taken(write_project: WriteProject, tmp_path: Path) -> None:
    """Each file that says so is a warning, shown on a page or not, at every build."""
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)}
    named: dict[str, str | bytes] = {
        "site/media/a.jpg": photo("JPEG", exif=exif),
        "site/z.webp": photo("WEBP", exif=exif),
    }
    project = write_project({**FILES, **named})
    for path in named:
        os.utime(project / path, (1, 1))
    first = build(project, tmp_path / "out", Options(), NOW)
    (project / "site/page.md").write_text(PAGE + "\nMore.\n", "utf-8")
    os.utime(project / "site/z.webp", (2, 2))
    second = build(project, tmp_path / "out", Options(), NOW)

    message = "says where it was taken (GPS), and everyone can download it"
    assert [(one.place, one.rule, one.message, one.severity) for one in first.warnings] == [
        (path, "camera-data", message, "warning") for path in named
    ]
    assert second.warnings == first.warnings


def test_pictures_of_a_theme(write_project: WriteProject) -> None:
    """A template's picture is as a page's; its size is known, and that of one that is not there is none."""
    html = public_text(render(write_project(FILES)), "page/index.html")

    assert re.search(r'<source type="image/avif" srcset="/_images/logo-\w{8}\.\w{12}-100\.avif 100w, ', html)
    assert re.search(
        r'<img src="/_images/logo-\w{8}\.\w{12}-200\.png" srcset=.* sizes="9rem" width="300" height="100" alt="Logo"',
        html,
    )
    assert "<p>(300, 100) None</p>" in html


def test_an_image_beside_its_source(write_project: WriteProject) -> None:
    """The path of a post's own image starts from its source, also where other pages show it."""
    public = render(write_project(FILES))

    assert 'content="https://www.example.com/media/a.jpg"' in public_text(public, "posts/a/index.html")
    assert re.search(r'src="/_images/a\.\w{12}-200\.jpg"', public_text(public, "index.html"))


def test_a_base_path(write_project: WriteProject) -> None:
    """Under a base path every address begins with it."""
    config = str(FILES["leadpages.toml"]).replace("example.com", "example.com/blog")
    public = render(write_project({**FILES, "leadpages.toml": config})).public

    html = public["page/index.html"].decode()
    assert {url[:6] for url in addresses(html)} == {"/blog/"}
    assert {url.removeprefix("/blog/") for url in addresses(html)} <= public.keys()
    assert re.search(r'og:image" content="https://www.example.com/blog/_images/social\.', html)


def test_without_formats(write_project: WriteProject) -> None:
    """Pictures go out as they are, with their size."""
    config = str(FILES["leadpages.toml"]).replace("[images]", "[social]\nimages = false\n[images]\nformats = []")
    public = render(write_project({**FILES, "leadpages.toml": config})).public

    assert not any(path.startswith("_images") for path in public)
    html = public["page/index.html"].decode()
    assert "<picture>" not in html
    assert 'src="/media/b.png" width="150" height="90"' in html
    assert "og:image" not in html


def test_names_with_spaces_and_letters(write_project: WriteProject) -> None:
    """A name is found however it is written on the page."""
    files: Files = {
        "leadpages.toml": CONFIG,
        "site/a.md": "---\ntitle: A\n---\n\n![1](/media/Ein%20Bild%20ä.png) ![2](</media/Ein Bild ä.png>)\n",
        "site/media/Ein Bild ä.png": photo("PNG", 300, 100),
    }

    html = public_text(render(write_project(files)), "a/index.html")

    assert html.count("<picture>") == 2
    assert html.count('src="/media/Ein%20Bild%20%C3%A4.png"') == 2


def test_workers_change_nothing(write_project: WriteProject, tmp_path: Path) -> None:
    """One process or several: the same bytes."""
    many: dict[str, str | bytes] = {f"site/media/{number}.png": photo("PNG", 110 + number, 60) for number in range(8)}
    body = "".join(f"![{number}](/media/{number}.png)\n" for number in range(8))
    project = write_project({**FILES, **many, "site/many.md": f"---\ntitle: Many\n---\n\n{body}"})

    one = built_once(project, tmp_path / "one", workers=1)
    two = built_once(project, tmp_path / "two", workers=2)

    assert len([path for path in one if path.startswith("_images/")]) > 40
    assert one == two


def test_made_once(write_project: WriteProject, tmp_path: Path) -> None:
    """When all output is lost, what is kept is enough: nothing is encoded again, and all is as it was."""
    project = write_project(FILES)
    first = built_once(project, tmp_path / "out")
    times = kept_times(tmp_path / "out")
    rmtree(tmp_path / "out" / PUBLIC)

    again = built_once(project, tmp_path / "out")

    assert again == first
    assert kept_times(tmp_path / "out") == times


def test_a_damaged_cache(write_project: WriteProject, tmp_path: Path) -> None:
    """Kept pictures are not believed: each damaged one is made anew."""
    project = write_project(FILES)
    first = built_once(project, tmp_path / "out")
    rmtree(tmp_path / "out" / PUBLIC)
    folder = tmp_path / "out/.leadpages/cache/images"
    files = sorted(folder.iterdir())
    for number, file in enumerate(files):
        file.write_bytes([b"", file.read_bytes()[:-1], files[number - 1].read_bytes()][number % 3])

    assert built_once(project, tmp_path / "out") == first


def test_a_new_image_of_the_same_name(write_project: WriteProject, tmp_path: Path) -> None:
    """Other content makes other variants, on every page that shows it, and the old ones go."""
    project = write_project(FILES)
    first = built_once(project, tmp_path / "out")
    (project / "site/media/b.png").write_bytes(photo("PNG", 160, 90))

    second = built_once(project, tmp_path / "out")

    changed = {path for path in first if path.endswith("index.html") and first[path] != second[path]}
    assert changed == {"page/index.html", "posts/a/index.html"}
    assert not {path for path in first if path.startswith("_images/b.")} & second.keys()
    assert second == render(project).public


def test_only_changed_images_are_read(
    write_project: WriteProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image that is as it was is not decoded again, even where its file was only touched."""
    project = write_project(FILES)
    for file in (project / "site/media").iterdir():
        os.utime(file, (1, 1))
    built_once(project, tmp_path / "out")
    read: list[str] = []
    monkeypatch.setattr("leadpages.build.pictures.read_image", lambda data, path: read.append(path))
    os.utime(project / "site/media/a.jpg", (2, 2))
    (project / "site/page.md").write_text(PAGE + "\nMore.\n", "utf-8")

    built_once(project, tmp_path / "out")

    assert read == []


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("One.\nTwo: ![Chart](media/chart.png)\n", "site/page.md:6:15"),
        ("![Chart](/media/chart.png)\n", "site/page.md:5:10"),
        ('<img src="/media/chart.png" alt="Chart">\n', "site/page.md:5:11"),
        (':::hero{image=/media/chart.png alt="Chart"}\n# Hello\n:::\n', "site/page.md:5:15"),
    ],
)
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (photo("PNG")[:-500], "image `{}` is broken: site/media/chart.png: the image is damaged: it ends too early"),
        (b"text", "image `{}` is broken: site/media/chart.png: this is no image, or none of a kind that browsers show"),
        (None, "image `{}` does not exist"),
    ],
)
def test_broken_and_missing(body: str, place: str, data: bytes | None, said: str, write_project: WriteProject) -> None:
    """Each place that shows a broken or missing image is an error, and names the file."""
    files: dict[str, str | bytes] = {"leadpages.toml": CONFIG, "site/page.md": f"---\ntitle: A\n---\n\n{body}"}
    project = write_project(files | ({"site/media/chart.png": data} if data is not None else {}))

    with pytest.raises(ProjectError) as raised:
        render(project)

    [problem] = raised.value.problems
    target = "media/chart.png" if "(media" in body else "/media/chart.png"
    assert (problem.place, problem.message, problem.severity) == (place, said.format(target), "error")


def test_a_broken_image_that_nobody_shows(write_project: WriteProject) -> None:
    """It goes out as it is, with a warning."""
    built = render(write_project({"leadpages.toml": CONFIG, "site/media/chart.png": b"text"}))

    assert [(problem.place, problem.rule) for problem in built.warnings] == [("site/media/chart.png", "broken-image")]
    assert built.public["media/chart.png"] == b"text"


@pytest.mark.parametrize(
    ("asset", "said"),
    [
        (None, "there is no image `/assets/chart.png`"),
        (b"text", "themes/mine/assets/chart.png: this is no image, or none of a kind that browsers show"),
    ],
)
def test_broken_and_missing_in_a_theme(asset: bytes | None, said: str, write_project: WriteProject) -> None:
    """The template that asks is named, with its line."""
    files: dict[str, str | bytes] = {
        "leadpages.toml": CONFIG + 'theme = "mine"\n',
        "themes/mine/theme.toml": "",
        "themes/mine/templates/_footer.html": '\n{{ picture("/assets/chart.png") }}\n',
    }
    project = write_project(files | ({"themes/mine/assets/chart.png": asset} if asset else {}))

    with pytest.raises(ProjectError) as raised:
        render(project)

    found = {(problem.place, problem.message) for problem in raised.value.problems if problem.severity == "error"}
    assert found == {("themes/mine/templates/_footer.html:2", f"the template failed: {said}")}


def test_drawn_pictures(write_project: WriteProject) -> None:
    """A page without an image has one that is drawn, of the size that it says; one with an image has that."""
    hidden = {"site/hidden.md": "---\ntitle: Hidden\nnoindex: true\n---\n"}
    public = render(write_project({**FILES, **hidden})).public

    html = public["page/index.html"].decode()
    [path] = re.findall(r'og:image" content="https://www.example.com/(_images/social\.\w{16}\.png)"', html)
    assert 'og:image:width" content="1200"' in html
    assert 'og:image:height" content="630"' in html
    assert 'og:image:alt" content="A page"' in html
    assert 'content="summary_large_image"' in html
    with Image.open(io.BytesIO(public[path])) as image:
        assert (image.format, image.size) == ("PNG", (1200, 630))
    assert 'og:image" content="https://www.example.com/media/a.jpg"' in public["posts/a/index.html"].decode()
    assert "og:image" not in public["hidden/index.html"].decode()
    assert len([path for path in public if "social." in path]) == 1


def test_a_page_without_a_drawn_picture(write_project: WriteProject) -> None:
    """A title that the font cannot say is no reason to fail: a warning, once, and no picture."""
    files = {f"site/{name}.md": f"---\ntitle: {title}\n---\n" for name, title in {"a": "日本語", "b": "سلام"}.items()}
    built = render(write_project({"leadpages.toml": CONFIG, **files}))

    assert [problem.message for problem in built.warnings] == [
        "no picture for shared links is drawn for site/a.md, and 1 more: the theme's font has no `日`"
    ]
    assert "og:image" not in public_text(built, "a/index.html")


def test_a_font_that_is_none(write_project: WriteProject) -> None:
    """The font of a theme is named when it cannot be read."""
    files = {"leadpages.toml": CONFIG + 'theme = "mine"\n', "themes/mine/theme.toml": "", "themes/mine/social.ttf": "?"}

    with pytest.raises(ProjectError) as raised:
        render(write_project(files))

    assert [problem.place for problem in raised.value.problems] == ["themes/mine/social.ttf"]
