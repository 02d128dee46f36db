"""Forms that Netlify takes in (https://docs.netlify.com/manage/forms/setup/)."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import CONFIG, NEWSLETTER, RunCli, WriteProject, public_text, render, tree

NETLIFY = f'{CONFIG}[forms]\nbackend = "netlify"\n'
FILES = {"forms/newsletter.toml": NEWSLETTER, "site/index.md": "---\ntitle: Hi\nform: newsletter\n---\n"}


def test_a_form_goes_to_netlify(write_project: WriteProject) -> None:
    """It says its name twice, as Netlify asks for it, thanks by a page, and leaves our script alone."""
    html = public_text(render(write_project({**FILES, "leadpages.toml": NETLIFY})), "index.html")
    assert 'name="newsletter" data-netlify="true" netlify-honeypot="favourite_page">' in html
    assert '<input type="hidden" name="form-name" value="newsletter">' in html
    assert 'method="post" action="/thanks/newsletter/"' in html
    assert 'name="favourite_page"' in html
    assert "data-min-seconds" not in html
    assert "/f/newsletter" not in html


def test_nobody_is_told_of_a_mail(write_project: WriteProject) -> None:
    """Which Netlify does not send."""
    mail = "Check your inbox"
    there = public_text(render(write_project({**FILES, "leadpages.toml": CONFIG})), "thanks/newsletter/index.html")
    assert mail in there
    thanks = public_text(render(write_project({**FILES, "leadpages.toml": NETLIFY})), "thanks/newsletter/index.html")
    assert mail not in thanks


def test_under_a_path(write_project: WriteProject) -> None:
    """The page of thanks is the site's."""
    config = NETLIFY.replace("www.example.com", "www.example.com/blog")
    html = public_text(render(write_project({**FILES, "leadpages.toml": config})), "index.html")
    assert 'action="/blog/thanks/newsletter/"' in html


def test_a_project_that_changes_its_mind(write_project: WriteProject, run_cli: RunCli, tmp_path: Path) -> None:
    """A build after the change gives what a clean one does."""
    project = write_project({**FILES, "leadpages.toml": CONFIG})
    assert run_cli("build", "--project", project).code == 0
    (project / "leadpages.toml").write_text(NETLIFY)
    assert run_cli("build", "--project", project).code == 0
    assert 'data-netlify="true"' in (project / "public/index.html").read_text()
    assert tree(project / "public") == render(project).public


def test_what_netlify_does_not_do_is_named(write_project: WriteProject) -> None:
    """A form that asks for it is warned of, with the line; `false` and what nobody wrote ask for nothing."""
    work = (
        'double_opt_in = true\nfile = "guide.pdf"\nchallenge = "altcha"\nnotify = ["me@example.com"]\nkeep = "1 year"\n'
    )
    guide = NEWSLETTER.replace("[[fields]]", f"{work}\n[[fields]]", 1)
    plain = NEWSLETTER.replace("[[fields]]", "double_opt_in = false\n\n[[fields]]", 1)
    files: dict[str, str | bytes] = {
        "forms/guide/form.toml": guide,
        "forms/guide/guide.pdf": b"%PDF-1.7\n",
        "forms/plain.toml": plain,
    }
    warnings = render(write_project({**FILES, **files, "leadpages.toml": NETLIFY})).warnings
    found = [(warning.path, warning.line, warning.message.split("`")[1]) for warning in warnings]
    first = guide.split("\n").index("double_opt_in = true") + 1
    names = ("double_opt_in", "file", "challenge", "notify", "keep")
    assert found == [("forms/guide/form.toml", first + at, name) for at, name in enumerate(names)]
    assert render(write_project({**FILES, **files, "leadpages.toml": CONFIG})).warnings == ()


def test_another_backend(write_project: WriteProject, run_cli: RunCli) -> None:
    """What there is, is named."""
    config = NETLIFY.replace("netlify", "formspree")
    ran = run_cli("build", "--project", write_project({**FILES, "leadpages.toml": config}))
    assert ran.code == 1
    assert "leadpages.toml:4" in ran.stderr
    assert "netlify" in ran.stderr
