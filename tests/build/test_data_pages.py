"""Data in templates, and pages made from rows of it."""

from __future__ import annotations

import pytest
from tests.conftest import CONFIG, NOW, WriteProject, public_text, render

from leadpages.build.project import Builder, Options
from leadpages.core.errors import ProjectError

TEAM = 'slug,name,body\nana,Ana Sá,"Writes *here*, see [us](/about/)."\nben,Ben,\n'
PAGES = '[[pages]]\ndata = "team"\npermalink = "/team/{slug}/"\ntitle = "{name} of our team"\n'
FILES = {"leadpages.toml": CONFIG + PAGES, "site/data/team.csv": TEAM, "site/about.md": "---\ntitle: About us\n---\n"}


def test_data_in_templates(write_project: WriteProject) -> None:
    """Templates have every file of site/data/ as `data`, folders as tables in tables; rows are in their order."""
    template = (
        "{% for row in data.team %}{{ row.name }};{% endfor %} {{ data.shop.open.days[1] }} {{ data.limits.most }}"
        " {{ data.words.hello }}"
    )
    project = write_project(
        {
            "leadpages.toml": CONFIG + 'theme = "mine"\n',
            "themes/mine/theme.toml": 'extends = "default"\n',
            "themes/mine/templates/page.html": template,
            "themes/mine/templates/blocks/team.html": '{# description = "" #}{{ data.team[0].name }}',
            "site/a.md": "---\ntitle: A\n---\n",
            "site/posts/b.md": "---\ntitle: B\ndate: 2026-03-05\n---\n\n::team\n",
            "site/data/team.csv": TEAM,
            "site/data/shop/open.yaml": "days:\n  - Monday\n  - Tuesday\n",
            "site/data/limits.json": '{"most": 3}',
            "site/data/words.toml": 'hello = "<Hello>"\n',
        }
    )

    built = render(project)

    assert public_text(built, "a/index.html") == "Ana Sá;Ben; Tuesday 3 &lt;Hello&gt;"
    assert "Ana Sá" in public_text(built, "posts/b/index.html")
    assert not [path for path in built.public if path.startswith("data")]


def test_a_page_for_each_row(write_project: WriteProject) -> None:
    """A row's columns are address, title, description and text; templates have all of them in `page.extra`."""
    built = render(write_project(FILES))

    html = public_text(built, "team/ana/index.html")
    assert "<h1>Ana Sá of our team</h1>" in html
    assert 'Writes <em>here</em>, see <a href="/about/">us</a>.' in html
    assert "<h1>Ben of our team</h1>" in public_text(built, "team/ben/index.html")
    assert "https://www.example.com/team/ben/</loc>" in public_text(built, "sitemap.xml")
    assert built.counts.pages == 3


def test_a_template_of_their_own(write_project: WriteProject) -> None:
    """Pages of data may have a template of their own."""
    theme = {
        "leadpages.toml": 'theme = "mine"\n' + CONFIG + PAGES + 'template = "member"\n',
        "themes/mine/theme.toml": 'extends = "default"\n',
        "themes/mine/templates/member.html": "{{ page.title }}: {{ page.extra.slug }}",
    }

    assert public_text(render(write_project(FILES | theme)), "team/ana/index.html") == "Ana Sá of our team: ana"


@pytest.mark.parametrize(
    ("data", "config", "place", "said"),
    [
        ("slug,name\na,A\nb,B\na,C\n", PAGES, "site/data/team.csv:4", "is also that of the row on line 2"),
        ("slug,name\na,A\nA,B\n", PAGES, "site/data/team.csv:3", "is also that of the row on line 2"),
        ("slug,name\na,A\n", PAGES + PAGES, "site/data/team.csv:2", "is also that of the row on line 2"),
        ("slug,name\na,A\n", PAGES.replace("/team/{slug}/", "/about/{slug}/../"), "site/data/team.csv:2", "'..' step"),
        ("slug,name\nabout,A\n", PAGES.replace("/team/", "/"), "site/data/team.csv:2", "is also that of site/about.md"),
        ("slug,name\ncon,A\n", PAGES, "site/data/team.csv:2", "a name that Windows reserves"),
        ("slug,title\na,A\n", PAGES, "site/data/team.csv:2", "there is no `name` in this row"),
        ("slug,name\na,A\n", PAGES + 'template = "none"\n', "leadpages.toml:7", "there is no template `none`"),
        ("slug,name\na,A\n", PAGES.replace("/team/{slug}/", "team/{slug}"), "leadpages.toml:5", "begins with a slash"),
        ("slug,name\na,A\n", PAGES.replace("{slug}", "all"), "leadpages.toml:5", "else all pages have one address"),
        ("slug,name\na,A\n", PAGES.replace("{slug}", "{slug"), "leadpages.toml:5", "a brace too many"),
        ("slug,name\na,A\n", PAGES.replace('"team"', '"tema"'), "leadpages.toml:3", "there is no data `tema`"),
        ("slug,name,body\na,A,[x](none.md)\n", PAGES, "site/data/team.csv:2", "is no file"),
    ],
)  # fmt: skip
def test_what_cannot_be(data: str, config: str, place: str, said: str, write_project: WriteProject) -> None:
    """Rows and settings that make no page, or two pages of one address, are problems at their lines."""
    with pytest.raises(ProjectError) as raised:
        render(write_project(FILES | {"leadpages.toml": CONFIG + config, "site/data/team.csv": data}))

    [problem] = raised.value.problems
    assert f"{problem.path}:{problem.line}" == place
    assert said in problem.message


@pytest.mark.parametrize(("permalink", "path"), [("/team/{slug}", "team/ana/index.html"), ("/{slug}.html", "ana.html")])
def test_addresses(permalink: str, path: str, write_project: WriteProject) -> None:
    """Addresses of rows are under the site's policy on slashes, as those of other pages are."""
    config = CONFIG + PAGES.replace("/team/{slug}/", permalink)

    assert path in render(write_project(FILES | {"leadpages.toml": config})).public


def test_changed_rows(write_project: WriteProject) -> None:
    """A changed row changes its page; a row that goes takes its page along."""
    project = write_project(FILES)
    builder = Builder(project, project, Options())
    builder.build(NOW)

    (project / "site/data/team.csv").write_text("slug,name\nana,Anna\n")
    builder.build(NOW)

    assert "<h1>Anna of our team</h1>" in (project / "public/team/ana/index.html").read_text()
    assert not (project / "public/team/ben").exists()
