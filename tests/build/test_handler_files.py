"""What the build leaves for the handler, checked before a visitor meets it."""

from __future__ import annotations

import pytest
from tests.conftest import CONFIG, NEWSLETTER, WriteProject, render

from leadpages.core.errors import ProjectError


def test_a_handler_page_that_cannot_be_filled_fails_the_build(write_project: WriteProject) -> None:
    """A part that pages and handler pages share must work in both."""
    project = write_project(
        {
            "leadpages.toml": CONFIG + 'theme = "mine"\n',
            "themes/mine/theme.toml": 'extends = "default"\n',
            "themes/mine/templates/_footer.html": '{{ tag_url("x") }}',
            "forms/newsletter.toml": NEWSLETTER,
        }
    )
    with pytest.raises(ProjectError) as failed:
        render(project)
    assert "'tag_url' is undefined" in failed.value.problems[0].message
    assert failed.value.problems[0].place == "themes/mine/templates/_footer.html:1"


def test_mails_in_the_inbox_list(write_project: WriteProject) -> None:
    """A gap in the preview line of a mail is filled like one in its body."""
    mail = "---\nsubject: S\npreview: For {{ email }}\n---\n[Go]({{ confirm_url }})\n"
    folder = {"forms/a/form.toml": NEWSLETTER, "forms/a/confirm.md": mail}
    bundle = render(write_project({"leadpages.toml": CONFIG, **folder})).bundle["bundle.json"]
    assert b'class=\\"preview\\"' in bundle
    assert b"For " in bundle
    assert bundle.count(b'"gap": "email"') == 1
