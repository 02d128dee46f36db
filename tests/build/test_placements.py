"""Forms and calls to action that rules and front matter put on pages: on which, and where."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from tests.conftest import CONFIG, NEWSLETTER, RunCli, WriteProject, public_text, render

TEXT = "Opening words.\n\n## First\n\nOne.\n\n### Inner\n\nTwo.\n\n## Second\n\nThree.\n"
CHECKLIST = NEWSLETTER.replace("News by mail", "The checklist") + 'button = "Send it"\n'
Show = Callable[..., str]


def post(front: str = "", text: str = TEXT) -> str:
    return f"---\ntitle: A post\ndate: 2026-01-02\n{front}---\n{text}"


@pytest.fixture
def show(write_project: WriteProject) -> Show:
    """The HTML of `path` in a site with these rules and this post."""

    def shown(rules: str, source: str = post(), path: str = "posts/a/index.html", at: str = "site/posts/a.md") -> str:
        files = {"leadpages.toml": CONFIG + rules, "forms/newsletter.toml": NEWSLETTER, at: source}
        checklist = 'button = "Send it"\nfile = "list.pdf"\n' + NEWSLETTER.replace("News by mail", "The checklist")
        files |= {"forms/checklist/form.toml": checklist, "forms/checklist/list.pdf": "%PDF-1.4"}
        return public_text(render(write_project(files)), path)

    return shown


def order(html: str, *parts: str) -> bool:
    """Whether all of `parts` are there once, in this order."""
    places = [html.find(part) for part in parts]
    return -1 not in places and places == sorted(places) and all(html.count(part) == 1 for part in parts)


FORM = 'action="/f/newsletter"'


def test_end(show: Show) -> None:
    """Where a rule says no more, the form stands under the text of every post."""
    assert order(show('[[place]]\nform = "newsletter"\n'), "Three.", "</article>", FORM)


def test_heading(show: Show) -> None:
    """After the text under the Nth heading of the second level, before the next; at the end where they are too few."""
    rule = '[[place]]\nform = "newsletter"\nwhere = "heading"\nheading = {}\n'
    assert order(show(rule.format(1)), "Two.", FORM, 'id="second"', "</article>")
    assert order(show(rule.format(2)), "Three.", FORM, "</article>")
    assert order(show(rule.format(3)), "Three.", "</article>", FORM)
    at_the_end = '[[place]]\nform = "checklist"\n'
    both = show(rule.format(3) + at_the_end)
    assert FORM not in both
    assert 'action="/f/checklist"' in both


def test_sidebar(show: Show) -> None:
    """Beside the article."""
    html = show('[[place]]\nform = "newsletter"\nwhere = "sidebar"\n')
    assert order(html, 'class="with-sidebar"', "</article>", 'class="sidebar"', FORM)


def test_cta(show: Show) -> None:
    """A call to action is the theme's block, with its link resolved."""
    rule = '[[place]]\n[place.cta]\nhref = "/posts/"\nlabel = "More"\ntitle = "Read on"\n'
    assert order(show(rule), "Three.", '<div class="banner">', "Read on", '<a class="button" href="/posts/">More</a>')


@pytest.mark.parametrize(
    ("where", "parts"),
    [
        (
            "bar",
            (
                '<aside class="bar"',
                'popovertarget="overlay--dialog">',
                '<dialog class="dialog" id="overlay--dialog" popover',
                FORM,
            ),
        ),
        ("slide-in", ('<aside class="slide-in"', FORM)),
        ("exit", ('<dialog class="dialog" id="overlay--dialog" popover data-place="newsletter"', FORM)),
    ],
)
def test_overlays(show: Show, where: str, parts: tuple[str, ...]) -> None:
    """What comes up stands after everything else, with its script."""
    html = show(f'[[place]]\nform = "newsletter"\nwhere = "{where}"\n')
    assert order(html, "</main>", *parts, 'src="/assets/place.')


def test_one_of_each(show: Show) -> None:
    """The first rule that fits counts; of what comes up a page has one."""
    rules = "".join(f'[[place]]\nform = "newsletter"\nwhere = "{where}"\n' for where in ("exit", "bar"))
    html = show(rules + '[[place]]\nform = "checklist"\n[[place]]\nform = "newsletter"\n')
    assert 'class="bar"' not in html
    assert order(html, 'action="/f/checklist"', 'id="overlay--dialog"', FORM)


@pytest.mark.parametrize(
    ("rule", "front", "path", "at", "fits"),
    [
        ('tag = "Mail"', "tags: [mail]\n", "posts/a/index.html", "site/posts/a.md", True),
        ('tag = "Mail"', "tags: [post]\n", "posts/a/index.html", "site/posts/a.md", False),
        ("", "", "guides/a/index.html", "site/guides/a.md", False),
        ('folder = "guides"', "", "guides/a/index.html", "site/guides/a.md", True),
        ('folder = "guides"', "", "de/guides/a/index.html", "site/de/guides/a.md", True),
        ('folder = "guides"', "", "guidesmore/a/index.html", "site/guidesmore/a.md", False),
        ('folder = "guides"', "", "posts/a/index.html", "site/posts/a.md", False),
        ('folder = "guides"\nlanguage = "de"', "", "guides/a/index.html", "site/guides/a.md", False),
        ('folder = "guides"\nlanguage = "de"', "", "de/guides/a/index.html", "site/de/guides/a.md", True),
    ],
)
def test_fits(show: Show, rule: str, front: str, path: str, at: str, fits: bool) -> None:
    """By tag however it is written, by folder in every language, by language; posts alone where no folder is named."""
    source = post(front) if "posts" in at else "---\ntitle: A guide\n---\n" + TEXT
    rules = f'[[place]]\nform = "newsletter"\n{rule}\n[languages.de]\ntitle = "Probe"\n'
    assert ("/f/newsletter" in show(rules, source, path, at)) is fits


@pytest.mark.parametrize(
    "source", [post(text="::form{id=newsletter}\n\n## First\n\nOne.\n"), post("form: newsletter\n")]
)
@pytest.mark.parametrize("where", ["end", "heading", "sidebar", "exit"])
def test_no_form_twice(show: Show, source: str, where: str) -> None:
    """A text that has the form itself gets it no second time."""
    assert show(f'[[place]]\nform = "newsletter"\nwhere = "{where}"\n', source).count(FORM) == 1


def test_upgrade(show: Show) -> None:
    """What a post offers beside itself: a card before the first heading that leads to the form at the end."""
    html = show('[[place]]\nform = "newsletter"\n', post("upgrade: checklist\n"))
    card = '<a href="#form">Send it</a>'
    assert order(html, card, 'id="first"', "</article>", 'id="form"', 'action="/f/checklist"')
    assert FORM not in html


def test_upgrade_without_file(write_project: WriteProject, run_cli: RunCli) -> None:
    """A form that hands nothing over is no upgrade; nor is one that does not exist. Each is named at its line."""
    files = {"leadpages.toml": CONFIG, "forms/newsletter.toml": NEWSLETTER}
    files |= {"site/posts/a.md": post("upgrade: newsletter\n"), "site/posts/b.md": post("upgrade: newsleter\n")}
    built = run_cli("build", "--project", write_project(files))
    assert built.code == 1
    assert "site/posts/a.md:4: error: form `newsletter` has no file, so it is no upgrade\n" in built.stderr
    assert "site/posts/b.md:4: error: there is no form `newsleter`\n  hint: did you mean `newsletter`?" in built.stderr


def test_rules_that_cannot_be(write_project: WriteProject, run_cli: RunCli) -> None:
    """Every fault of a rule is named at its line."""
    rules = [
        'where = "end"\n',
        'form = "newsletter"\nwhere = "top"\n',
        'form = "newsletter"\nheading = 2\n',
        '[place.cta]\nhref = "/posts/"\n',
        'form = "newsletter"\nheading = 0\nwhere = "heading"\n',
    ]
    config = CONFIG + "".join(f"[[place]]\n{rule}" for rule in rules)
    built = run_cli("build", "--project", write_project({"leadpages.toml": config}))
    assert [line for line in built.stderr.splitlines() if "error: " in line] == [
        "leadpages.toml:3: error: a [[place]] has either a `form` or a `cta`",
        "leadpages.toml:7: error: `place.2.where` is 'top'",
        'leadpages.toml:10: error: `heading` goes with where = "heading"',
        "leadpages.toml:12: error: `place.4.cta.label` is missing",
        "leadpages.toml:16: error: `place.5.heading` is 0: expected greater than or equal to 1",
    ]


def test_link_of_a_rule(write_project: WriteProject, run_cli: RunCli) -> None:
    """A call to action that leads nowhere is named once, where it is written."""
    config = CONFIG + '[[place]]\n[place.cta]\nhref = "/nowhere/"\nlabel = "Go"\n'
    config += '[[place]]\nwhere = "bar"\n[place.cta]\nhref = "/posts/b.md"\nlabel = "Go"\n'
    files = {"leadpages.toml": config, "site/posts/a.md": post(), "site/posts/b.md": post()}
    built = run_cli("build", "--project", write_project(files))
    assert built.stderr.count("/nowhere/") == 1
    assert "leadpages.toml:5: warning: " in built.stderr
    assert "1 warning" in built.stderr


def test_sidebar_elsewhere(show: Show) -> None:
    """A page whose template has no room for it has it at the end."""
    source = "---\ntitle: Offer\ntemplate: landing\n---\nWords.\n"
    rule = '[[place]]\nform = "newsletter"\nfolder = "offers"\nwhere = "sidebar"\n'
    assert order(show(rule, source, "offers/a/index.html", "site/offers/a.md"), "Words.</p>", FORM, "</main>")


def test_everywhere(show: Show) -> None:
    """The folder `/` is the whole of `site/`, but for the page that a rule leads to."""
    rule = '[[place]]\nfolder = "/"\n[place.cta]\nhref = "/about/"\nlabel = "About us"\n'
    page = "---\ntitle: A page\n---\nWords.\n"
    assert "About us" in show(rule, page, "index.html", "site/index.md")
    assert "About us" not in show(rule, page, "about/index.html", "site/about.md")


def test_names_that_are_no_forms(show: Show) -> None:
    """A block that has the form's name as a word does not have the form."""
    rule = '[[place]]\nform = "newsletter"\n'
    assert FORM in show(rule, post(text="::cta{href=/posts/ label=newsletter}\n"))


def test_ids(show: Show) -> None:
    """No heading takes the id of a dialog or of a form."""
    text = "## Overlay dialog\n\n## Form 2\n\n::dialog{form=checklist label=Go title=One}\n\n"
    text += "::dialog{form=checklist label=Go title=Two}\n"
    html = show('[[place]]\nform = "newsletter"\nwhere = "bar"\n', post(text=text))
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert sorted(ids) == sorted(set(ids))


def test_feeds_have_no_dialogs(show: Show) -> None:
    """Neither the button that opens one, which would do nothing in a reader."""
    feed = show("", post(text="Words.\n\n::dialog{form=checklist label=Open title=One}\n"), "feed.xml")
    assert "Words." in feed
    assert "Open" not in feed
    assert "dialog" not in feed


def test_upgrade_without_headings(show: Show) -> None:
    """The card stands after the first paragraph where no heading comes."""
    html = show("", post("upgrade: checklist\n", "One.\n\nTwo.\n"))
    assert order(html, '<a href="#form">Send it</a>', "<p>Two.</p>", 'action="/f/checklist"')


def test_upgrade_in_the_text(write_project: WriteProject, run_cli: RunCli) -> None:
    """A form that the text has itself is no upgrade of it."""
    files = {"leadpages.toml": CONFIG, "forms/newsletter.toml": NEWSLETTER}
    files |= {"site/posts/a.md": post("upgrade: newsletter\n", "::form{id=newsletter}\n")}
    built = run_cli("build", "--project", write_project(files))
    assert (
        "site/posts/a.md:4: error: form `newsletter` stands in the text already, so it is no upgrade\n" in built.stderr
    )


@pytest.mark.parametrize(
    ("rule", "line", "said"),
    [
        ('tag = "nobody"\n', 3, "warning: there is no page that this [[place]] is for"),
        ('folder = "nowhere"\n', 3, "warning: there is no page that this [[place]] is for"),
        (
            'tag = "post"\n',
            3,
            "warning: there is no page that this [[place]] is for\n"
            "  hint: `post` is no tag: leave it out, and all posts are meant",
        ),
        ('language = "fr"\n', 5, "error: a [[place]] names the language `fr`, which the site does not have"),
    ],
)
def test_rules_for_nothing(write_project: WriteProject, run_cli: RunCli, rule: str, line: int, said: str) -> None:
    """A rule that fits nowhere is no silence."""
    config = f'{CONFIG}[[place]]\nform = "newsletter"\n{rule}'
    files = {"leadpages.toml": config, "forms/newsletter.toml": NEWSLETTER, "site/posts/a.md": post()}
    assert f"leadpages.toml:{line}: {said}\n" in run_cli("build", "--project", write_project(files)).stderr


@pytest.mark.parametrize("href", ["javascript:alert(1)", "posts", " ", "#form"])
def test_address_of_a_rule(write_project: WriteProject, run_cli: RunCli, href: str) -> None:
    """An address that means the same on every page."""
    config = f'{CONFIG}[[place]]\n[place.cta]\nhref = "{href}"\nlabel = "Go"\n'
    built = run_cli("build", "--project", write_project({"leadpages.toml": config, "site/posts/a.md": post()}))
    assert f"leadpages.toml:5: error: `place.1.cta.href` is {href!r}: expected an address" in built.stderr


def test_cta_block_of_another_shape(write_project: WriteProject, run_cli: RunCli) -> None:
    """A theme whose block wants other words says so where the rule is."""
    block = '{#\ndescription = "Ours."\n[attributes]\ntarget = { required = true }\n#}\n<p>{{ target }}</p>\n'
    files = {"themes/own/theme.toml": 'extends = "default"\n', "themes/own/templates/blocks/cta.html": block}
    config = f'{CONFIG}theme = "own"\n[[place]]\n[place.cta]\nhref = "/posts/"\nlabel = "Go"\n'
    files |= {"leadpages.toml": config, "site/posts/a.md": post()}
    built = run_cli("build", "--project", write_project(files))
    assert "leadpages.toml:5: error: a [[place]] fills `href`, `label`, `title` and `text`" in built.stderr
