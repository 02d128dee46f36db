"""`leadpages blocks`."""

from __future__ import annotations

import json

from tests.conftest import CONFIG, RunCli, WriteProject


def test_blocks(write_project: WriteProject, run_cli: RunCli) -> None:
    """A list of all, those of the project's own theme among them; of one, its attributes and an example."""
    own = '{#\ndescription = "Waves."\ncontainer = true\n[attributes]\nheight = { required = true }\n#}\n<hr>\n'
    project = write_project(
        {
            "leadpages.toml": CONFIG + 'theme = "mine"\n',
            "themes/mine/theme.toml": 'extends = "default"\n',
            "themes/mine/templates/blocks/waves.html": own,
        }
    )
    listed = run_cli("blocks", "--project", project)
    assert listed.code == 0
    assert "waves        Waves.\n" in listed.stdout
    assert [line.split()[0] for line in listed.stdout.splitlines()] == sorted(
        line.split()[0] for line in listed.stdout.splitlines()
    )
    waves = run_cli("blocks", "waves", "--project", project).stdout
    assert waves == "waves: Waves.\n\ncontainer: `:::waves` to `:::`\n  height  text, required\n"
    assert run_cli("blocks", "form", "--project", project).stdout.endswith("required\n\n::form{id=newsletter}\n")
    assert json.loads(run_cli("blocks", "waves", "--json", "--project", project).stdout) == {
        "waves": {
            "description": "Waves.",
            "example": "",
            "container": True,
            "holds": "",
            "attributes": {"height": {"type": "text", "required": True, "choices": []}},
        }
    }


def test_pictures_of_an_example(write_project: WriteProject, run_cli: RunCli) -> None:
    """Files that an example names, and the project does not have, are said to be the writer's to name."""
    project = write_project({"leadpages.toml": CONFIG, "site/media/playbook-cover.webp": b""})

    assert run_cli("blocks", "gallery", "--project", project).stdout.endswith(
        ":::\n\nName files of your own in place of /media/quayside-harbour.webp.\n"
    )
    assert run_cli("blocks", "book", "--project", project).stdout.endswith(":::\n")
    assert "of your own" not in run_cli("blocks", "cta", "--project", project).stdout


def test_no_such_block(write_project: WriteProject, run_cli: RunCli) -> None:
    """A name that is none gets the one that was meant."""
    refused = run_cli("blocks", "faqs", "--project", write_project({"leadpages.toml": CONFIG}))
    assert refused.code == 2
    assert "there is no block `faqs`; did you mean `faq`?" in refused.stderr


def test_a_broken_theme(write_project: WriteProject, run_cli: RunCli) -> None:
    """What is wrong with a theme is said as a build says it."""
    files = {"leadpages.toml": CONFIG + 'theme = "mine"\n', "themes/mine/theme.toml": 'extends = "default"\n'}
    files |= {"themes/mine/templates/blocks/a.html": "<p>\n"}
    refused = run_cli("blocks", "--project", write_project(files))
    assert refused.code == 1
    assert "a block begins with a comment that declares it" in refused.stderr
