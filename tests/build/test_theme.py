"""Themes: a file of the same name goes before the parent's."""

from __future__ import annotations

from tests.conftest import CONFIG, WriteProject, public_text, render

FILES = {
    "leadpages.toml": CONFIG + 'theme = "mine"\n',
    "themes/mine/theme.toml": 'extends = "default"\n',
    "site/a.md": "---\ntitle: A page\n---\n\nText.\n",
}


def test_a_template_of_the_same_name(write_project: WriteProject) -> None:
    """A theme replaces one template and keeps the rest of its parent."""
    project = write_project(FILES | {"themes/mine/templates/_footer.html": "<footer>Mine</footer>"})

    html = public_text(render(project), "a/index.html")

    assert "<footer>Mine</footer>" in html
    assert "<h1>A page</h1>" in html


def test_a_chain_of_themes(write_project: WriteProject) -> None:
    """A theme may extend one that extends another; the nearest that has a file gives it."""
    project = write_project(
        {
            **FILES,
            "themes/mine/theme.toml": 'extends = "house"\n',
            "themes/mine/templates/_footer.html": "mine",
            "themes/house/theme.toml": 'extends = "default"\n',
            "themes/house/templates/_footer.html": "house",
            "themes/house/templates/_logo.html": "house logo",
            "themes/house/assets/font.txt": "house",
        }
    )

    built = render(project)

    html = public_text(built, "a/index.html")
    assert "mine" in html
    assert "house logo" in html
    assert public_text(built, "assets/font.txt") == "house"


def test_a_block_is_a_file(write_project: WriteProject) -> None:
    """A block is added by adding a template that declares it."""
    declared = '{#\ndescription = "A quote."\ncontainer = true\n[attributes]\nby = {}\n#}\n'
    project = write_project(
        FILES
        | {
            "themes/mine/templates/blocks/quote.html": declared + "<q>{{ content }}</q> {{ by }}",
            "site/a.md": "---\ntitle: A\n---\n\n:::quote{by=<Ines>}\nText.\n:::\n",
        }
    )

    assert "<q><p>Text.</p>\n</q> &lt;Ines&gt;" in public_text(render(project), "a/index.html")


def test_styles(write_project: WriteProject) -> None:
    """The styles that a theme names go out as one file, in order, and pages name its very bytes."""
    project = write_project(
        FILES
        | {
            "themes/mine/theme.toml": 'extends = "default"\nstylesheets = ["b.css", "a.css"]\n',
            "themes/mine/assets/a.css": "a {}\n",
            "themes/mine/assets/b.css": "b {}\n",
        }
    )
    built = render(project)
    before = public_text(built, "a/index.html")
    (project / "themes/mine/assets/a.css").write_text("a { color: red }\n")
    after = public_text(render(project), "a/index.html")

    assert public_text(built, "assets/style.css") == "b {}\na {}\n"
    assert "/assets/style.css?v=" in before
    assert before != after


def test_another_template(write_project: WriteProject) -> None:
    """A page may ask for any page template of the theme."""
    project = write_project(
        FILES
        | {
            "themes/mine/templates/bare.html": "Bare: {{ page.html }}",
            "site/a.md": "---\ntitle: A\ntemplate: bare\n---\n\nText.\n",
        }
    )

    assert public_text(render(project), "a/index.html") == "Bare: <p>Text.</p>\n"
