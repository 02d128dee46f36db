"""`leadpages build` and `leadpages check` as scripts see them."""

from __future__ import annotations

import json

import pytest
from tests.conftest import CONFIG, NEWSLETTER, RunCli, WriteProject

GOOD = {"leadpages.toml": CONFIG, "site/index.md": "---\ntitle: A\n---\n\nText.\n", "forms/news.toml": NEWSLETTER}
ODD = GOOD | {"site/index.md": "---\ntitle: A\nlayout: page\n---\n\nText.\n"}
BAD = GOOD | {"site/index.md": "---\ntitle: A\n---\n\n::heroo\n"}


@pytest.mark.parametrize(
    ("files", "options", "code"),
    [
        (GOOD, [], 0),
        (GOOD, ["--strict"], 0),
        (ODD, [], 0),
        (ODD, ["--strict"], 1),
        (BAD, [], 1),
        (GOOD, ["--nonsense"], 2),
        (GOOD, ["--project", "none"], 2),
    ],
)
@pytest.mark.parametrize("command", ["build", "check"])
def test_exit_codes(
    command: str, files: dict[str, str], options: list[str], code: int, write_project: WriteProject, run_cli: RunCli
) -> None:
    """0 is done, 1 is a problem in the project, 2 is wrong usage; messages go to stderr."""
    ran = run_cli(command, "--project", write_project(files), *options)

    assert ran.code == code
    assert bool(ran.stderr) == (code > 0 or files is ODD)
    assert bool(ran.stdout) == (code == 0 and (command == "build" or files is GOOD))


def test_json_of_a_build(write_project: WriteProject, run_cli: RunCli) -> None:
    """`build --json` says what was built, where, and what was odd about it."""
    project = write_project(ODD)

    ran = run_cli("build", "--json", "--project", project)

    report = json.loads(ran.stdout)
    assert (ran.code, ran.stderr, report["ok"]) == (0, "", True)
    assert (report["pages"], report["posts"], report["forms"]) == (1, 0, 1)
    assert report["public"] == f"{project}/public"
    assert report["files_unchanged"] == 0
    assert [problem["path"] for problem in report["problems"]] == ["site/index.md"]


@pytest.mark.parametrize("command", [["build", "--json"], ["check", "--format", "json"]])
def test_json_of_a_problem(command: list[str], write_project: WriteProject, run_cli: RunCli) -> None:
    """For scripts, problems are data on stdout, and nothing is on stderr."""
    ran = run_cli(*command, "--project", write_project(BAD))

    assert (ran.code, ran.stderr) == (1, "")
    assert json.loads(ran.stdout) == {
        "ok": False,
        "problems": [
            {
                "path": "site/index.md",
                "line": 5,
                "column": 0,
                "severity": "error",
                "rule": "project",
                "message": "there is no block `heroo`",
                "hint": "did you mean `hero`?",
                "fixable": False,
            }
        ],
    }


def test_check_writes_nothing(write_project: WriteProject, run_cli: RunCli) -> None:
    """`check` leaves the project as it is."""
    project = write_project(GOOD)

    run_cli("check", "--project", project)

    assert {entry.name for entry in project.iterdir()} == {"leadpages.toml", "site", "forms"}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://stage.example.com", 0),
        ("https://stage.example.com/", 0),
        ("stage.example.com", 2),
        ("https://stage.example.com/blog/", 0),
        ("https://stage.example.com/blog/?a=b", 2),
        ("ftp://stage.example.com", 2),
    ],
)
def test_base_url(url: str, code: int, write_project: WriteProject, run_cli: RunCli) -> None:
    """`--base-url` stands in for the configured address, when it is one."""
    project = write_project(GOOD)

    assert run_cli("build", "--project", project, "--base-url", url).code == code
    if code == 0:
        assert f"<loc>{url.rstrip('/')}/</loc>" in (project / "public/sitemap.xml").read_text()


def test_commands_are_listed(run_cli: RunCli) -> None:
    """`--help` names every command, and each has a help of its own."""
    listed = run_cli("--help").stdout

    for command in ("init", "new", "import", "build", "check", "serve", "blocks", "leads", "deliver"):
        assert f"\n  {command} " in listed
        assert run_cli(command, "--help").code == 0


@pytest.mark.parametrize("place", ["site", "site/out", "forms/a", "themes"])
def test_output_among_the_sources(place: str, write_project: WriteProject, run_cli: RunCli) -> None:
    """What a build puts among the sources would be published by the next one, gated files too: it is refused."""
    project = write_project(GOOD)

    ran = run_cli("build", "--project", project, "--output", project / place)

    assert ran.code == 1
    assert ran.stderr.endswith(
        f"is in {place.partition('/')[0]}/, where sources lie\n  hint: choose another place with --output\n"
    )
    assert not (project / place / "public").exists()
