"""What stands beside a post: related ones, and those before and after it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.conftest import CONFIG, NOW, Built, WriteProject, public_text, render

from leadpages.build.project import Builder, Options

GERMAN = "[languages.de]\n"


def post(day: int, keys: str = "") -> str:
    """A post of a day of March."""
    return f"---\ntitle: The post of day {day}\ndate: 2026-03-{day:02}\n{keys}\n---\n\nText.\n"


def site(write_project: WriteProject, tags: Sequence[str]) -> Built:
    """A site of posts `1`, `2`, … with tags."""
    posts = {f"site/posts/{day}.md": post(day, f"tags: [{own}]") for day, own in enumerate(tags, 1)}
    return render(write_project({"leadpages.toml": CONFIG} | posts))


def related(built: Built, path: str) -> list[str]:
    """The addresses of the related posts of a page, in order."""
    html = public_text(built, path)
    section = html.partition('<section class="related"')[2].partition("</section>")[0]
    return re.findall(r'<h3><a href="([^"]+)"', section)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["a", "a", "b"], ["/posts/2/"]),
        (["a, b", "a", "a, b"], ["/posts/3/", "/posts/2/"]),  # two shared terms before one
        (["a, b", "a", "a", "b"], ["/posts/4/", "/posts/2/", "/posts/3/"]),  # a rare term before a common one
        (["a", "a", "a", "a", "a"], ["/posts/2/", "/posts/3/", "/posts/4/"]),  # no more than three, nearest in time
        (["a", "b", "c"], []),
        (["", "", ""], []),
    ],
)
def test_related_posts(tags: list[str], expected: list[str], write_project: WriteProject) -> None:
    """Posts that share terms stand beside a post, the nearest first, and never the post itself."""
    assert related(site(write_project, tags), "posts/1/index.html") == expected


def test_authors_do_not_relate(write_project: WriteProject) -> None:
    """Two posts of one author have little in common."""
    posts = {f"site/posts/{day}.md": post(day, "authors: [Ana]") for day in (1, 2)}

    assert related(render(write_project({"leadpages.toml": CONFIG} | posts)), "posts/1/index.html") == []


def test_within_a_language(write_project: WriteProject) -> None:
    """Related posts, and those before and after, are in the post's own language."""
    files = {f"site/posts/{day}{end}.md": post(day, "tags: [a]") for day in (1, 2, 3) for end in ("", ".de")}

    built = render(write_project({"leadpages.toml": CONFIG + GERMAN} | files))

    assert related(built, "posts/2/index.html") == ["/posts/3/", "/posts/1/"]
    assert related(built, "de/posts/2/index.html") == ["/de/posts/3/", "/de/posts/1/"]
    html = public_text(built, "de/posts/2/index.html")
    assert '<link rel="prev" href="/de/posts/3/">' in html
    assert '<link rel="next" href="/de/posts/1/">' in html


def test_before_and_after(write_project: WriteProject) -> None:
    """A post leads to the older and the newer one; the first and the last have one neighbour."""
    built = site(write_project, ["a", "b", "c"])

    first, second, last = (public_text(built, f"posts/{n}/index.html") for n in (1, 2, 3))
    assert '<a rel="next" href="/posts/1/"' in second
    assert '<a rel="prev" href="/posts/3/"' in second
    assert 'rel="next"' not in first
    assert 'rel="prev"' not in last


def test_posts_of_one_day_have_an_order(write_project: WriteProject) -> None:
    """Posts of one day are in the order of their addresses, whatever order the files are found in."""
    files = {f"site/posts/{name}.md": post(1, "tags: [x]") for name in ("b", "c", "a")}

    html = public_text(render(write_project({"leadpages.toml": CONFIG} | files)), "tags/x/index.html")

    assert html.index("/posts/c/") < html.index("/posts/b/") < html.index("/posts/a/")


def test_what_stands_beside_a_post_is_kept_up_to_date(write_project: WriteProject, tmp_path: Path) -> None:
    """Where a post changes its title or goes, the posts that name it change too, and no others."""
    keys = {1: "tags: [a]\nseries: S", 2: "", 3: "", 4: "tags: [a]\nseries: S", 5: "", 6: ""}
    project = write_project(
        {"leadpages.toml": CONFIG} | {f"site/posts/{day}.md": post(day, own) for day, own in keys.items()}
    )
    output = tmp_path / "out"
    builder = Builder(project, output, Options())
    builder.build(NOW)
    pages = {day: output / f"public/posts/{day}/index.html" for day in keys}
    before = {day: file.read_bytes() for day, file in pages.items()}

    written = project / "site/posts/1.md"
    written.write_text(written.read_text().replace("The post of day 1", "Another title"))
    builder.build(NOW)

    assert [day for day, file in pages.items() if file.read_bytes() != before[day]] == [1, 2, 4]
    assert pages[4].read_text().count("Another title") == 2  # in the series and among the related ones
    written.unlink()
    Builder(project, output, Options()).build(NOW)
    assert "/posts/1/" not in pages[4].read_text()
    assert "series" in pages[4].read_text()


def test_a_series_is_kept_up_to_date(write_project: WriteProject, tmp_path: Path) -> None:
    """Every part names a part that changed its title, however far away it stands."""
    posts = {f"site/posts/{day}.md": post(day, "series: S") for day in range(1, 7)}
    project = write_project({"leadpages.toml": CONFIG} | posts)
    builder = Builder(project, tmp_path / "out", Options())
    builder.build(NOW)

    written = project / "site/posts/1.md"
    written.write_text(written.read_text().replace("The post of day 1", "Another title"))
    builder.build(NOW)

    assert "Another title" in (tmp_path / "out/public/posts/6/index.html").read_text()
