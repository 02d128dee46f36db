"""What is published, in which order and on which list."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.conftest import CONFIG, Built, WriteProject, public_text, render


def post(day: str, keys: str = "") -> str:
    """A post of that day."""
    return f"---\ntitle: Post of {day}\ndate: {day}\n{keys}---\n\nText.\n"


def urls(built: Built) -> set[str]:
    """The folders that have a page."""
    return {path.removesuffix("index.html") for path in built.public if path.endswith("index.html")}


POSTS = {
    "site/posts/out.md": post("2026-03-05"),
    "site/posts/draft.md": post("2026-03-06", "draft: true\n"),
    "site/posts/future.md": post("2026-12-24"),
    "site/draft.md": "---\ntitle: A page\ndraft: true\n---\n",
}


def test_drafts_and_the_future_wait(write_project: WriteProject) -> None:
    """Drafts and posts of the future go out nowhere, unless they are asked for."""
    project = write_project({"leadpages.toml": CONFIG} | POSTS)

    assert urls(render(project)) == {"", "posts/out/"}
    assert urls(render(project, drafts=True)) == {"", "posts/out/", "posts/draft/", "posts/future/", "draft/"}
    assert "future" not in public_text(render(project), "sitemap.xml") + public_text(render(project), "feed.xml")


@pytest.mark.parametrize(("hour", "out"), [(6, False), (7, True)])
def test_moments(hour: int, out: bool, write_project: WriteProject) -> None:
    """A date with an hour and a zone comes out at that moment, whatever the machine's zone."""
    project = write_project({"leadpages.toml": CONFIG, "site/posts/a.md": post("2026-03-05T09:00:00+02:00")})

    built = render(project, now=datetime(2026, 3, 5, hour, 0, tzinfo=UTC))

    assert ("posts/a/" in urls(built)) == out


def test_links_to_drafts_are_broken(write_project: WriteProject) -> None:
    """A link to a page that is not published is reported."""
    page = "---\ntitle: Home\n---\n\n[Soon](/draft/) and [here](/posts/)\n"
    project = write_project({"leadpages.toml": CONFIG, "site/index.md": page} | POSTS)

    assert [warning.message for warning in render(project).warnings] == ["link to `/draft/`, which does not exist"]


@pytest.mark.parametrize(
    "target",
    [
        "/about/",
        "/about",
        "/about/index.html",
        "/about/?a=b#top",
        "/about/#us",
        "about/",
        "./about/",
        "#top",
        "https://www.example.com/about/",
        "https://elsewhere.example/none/",
        "//elsewhere.example/none/",
        "mailto:hello@example.com",
        "/feed.xml",
        "/robots.txt",
        "/f/news",
        "/a%20file.pdf",
        "/guide/",
    ],
)
def test_links_that_lead_somewhere(target: str, write_project: WriteProject) -> None:
    """Links within the site, to files, to the handler and to elsewhere raise no warning."""
    project = write_project(
        {
            "leadpages.toml": CONFIG,
            "site/index.md": f"---\ntitle: Home\n---\n\n[Link](<{target}>)\n",
            "site/about.md": "---\ntitle: About\n---\n\n## Us\n",
            "site/a file.pdf": "%PDF",
            "site/guide/index.html": "<p>A page made by hand</p>",
        }
    )

    assert render(project).warnings == ()


@pytest.mark.parametrize(
    "target", ["/none/", "none/", "https://www.example.com/none/", "/none.pdf", "/About/", "/about/#us"]
)
def test_links_that_lead_nowhere(target: str, write_project: WriteProject) -> None:
    """A link to the site's own address that does not exist is a warning, however it is written."""
    project = write_project(
        {
            "leadpages.toml": CONFIG,
            "site/index.md": f"---\ntitle: Home\n---\n\nText\n[link]({target})\n",
            "site/about.md": "---\ntitle: About\n---\n",
        }
    )

    assert [warning.place for warning in render(project).warnings] == ["site/index.md:6:8"]


def test_pagination(write_project: WriteProject) -> None:
    """Posts are listed newest first, `per_page` to a page, with links to and fro."""
    posts = {f"site/posts/p{day}.md": post(f"2026-03-0{day}") for day in range(1, 6)}
    project = write_project({"leadpages.toml": CONFIG + "\n[posts]\nper_page = 2\n"} | posts)

    built = render(project)

    first, second, last = (public_text(built, f"{at}index.html") for at in ("", "page/2/", "page/3/"))
    assert first.index("/posts/p5/") < first.index("/posts/p4/")
    assert "/posts/p3/" not in first
    assert 'rel="next" href="/page/2/"' in first
    assert 'rel="prev" href="/"' in second
    assert 'rel="next" href="/page/3/"' in second
    assert "/posts/p1/" in last
    assert 'rel="next"' not in last


@pytest.mark.parametrize(
    ("home", "config", "expected"),
    [(False, "", ""), (True, "", "posts/"), (True, '[posts]\nindex = "/blog/"\n', "blog/")],
)
def test_place_of_the_list(home: bool, config: str, expected: str, write_project: WriteProject) -> None:
    """The list of posts is the start page, unless one is written or the site says otherwise."""
    files = {"site/index.md": "---\ntitle: Home\n---\n\nText.\n"} if home else {}
    project = write_project({"leadpages.toml": CONFIG + config, "site/posts/a.md": post("2026-03-05")} | files)

    assert "/posts/a/" in public_text(render(project), f"{expected}index.html")
