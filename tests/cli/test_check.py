"""`leadpages check` as a person and as CI run it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.conftest import CONFIG, RunCli, WriteProject

from leadpages.build import link_request
from leadpages.cli.check_command import EXTERNAL_CACHE

FRONT = "---\ntitle: About us\n---\n\n"
GOOD = {"leadpages.toml": CONFIG, "site/index.md": FRONT + "Text.\n"}
ODD = GOOD | {"site/index.md": FRONT + "A cafÃ© in town,\r\nor ZÃ¼rich.\r\n"}
BAD = GOOD | {"site/index.md": FRONT + "A cafÃ©.\n\n::none\n"}


def contents(project: Path) -> dict[str, bytes]:
    """Every file of the project."""
    return {str(file.relative_to(project)): file.read_bytes() for file in project.rglob("*") if file.is_file()}


@pytest.mark.parametrize("style", ["text", "json", "sarif", "github"])
@pytest.mark.parametrize(
    ("files", "options", "code"), [(GOOD, [], 0), (ODD, [], 0), (ODD, ["--strict"], 1), (BAD, [], 1)]
)
def test_exit_codes(
    style: str, files: dict[str, str], options: list[str], code: int, write_project: WriteProject, run_cli: RunCli
) -> None:
    """Each format ends with the same code, and writes nothing."""
    project = write_project(files)
    before = contents(project)

    ran = run_cli("check", "--project", project, "--format", style, *options)

    assert ran.code == code
    assert contents(project) == before
    assert bool(ran.stderr) == (style == "text" and files is not GOOD)


@pytest.mark.parametrize("options", [["--format", "xml"], ["--json"], ["--format"]])
def test_wrong_usage(options: list[str], write_project: WriteProject, run_cli: RunCli) -> None:
    """A format that there is not is wrong usage."""
    assert run_cli("check", "--project", write_project(GOOD), *options).code == 2


def test_text(write_project: WriteProject, run_cli: RunCli) -> None:
    """Place, severity, message and hint, errors first; or that there is nothing to say."""
    assert run_cli("check", "--project", write_project(GOOD)).stdout == "no problems\n"

    assert run_cli("check", "--project", write_project(BAD)).stderr.splitlines()[::2] == [
        "site/index.md:7: error: there is no block `none`",
        "site/index.md:5:3: warning: `cafÃ©.` was decoded wrongly once",
        "1 error, 1 warning",
    ]


def test_json(write_project: WriteProject, run_cli: RunCli) -> None:
    """`--strict` makes errors of warnings, here as everywhere."""
    project = write_project(ODD)

    relaxed = json.loads(run_cli("check", "--project", project, "--format", "json").stdout)
    strict = json.loads(run_cli("check", "--project", project, "--format", "json", "--strict").stdout)

    assert (relaxed["ok"], strict["ok"]) == (True, False)
    assert [(p["severity"], p["line"], p["column"], p["fixable"]) for p in relaxed["problems"]] == [
        ("warning", 5, 3, True),
        ("warning", 6, 4, True),
    ]
    assert {problem["severity"] for problem in strict["problems"]} == {"error"}


def test_paths_in_a_repository(write_project: WriteProject, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """CI runs at the top of a repository: SARIF and GitHub are told paths from there."""
    project = write_project(ODD)
    monkeypatch.chdir(project.parent)

    github = run_cli("check", "--project", "project", "--format", "github").stdout
    sarif = json.loads(run_cli("check", "--project", "project", "--format", "sarif").stdout)

    assert github.startswith("::warning file=project/site/index.md,line=5,col=3,title=leadpages%3A mojibake::")
    assert github.endswith("\n2 warnings\n")
    (first, _) = sarif["runs"][0]["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "project/site/index.md", "uriBaseId": "%SRCROOT%"}
    (change,) = first["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["deletedRegion"] == {
        "startLine": 5,
        "startColumn": 3,
        "endLine": 5,
        "endColumn": 8,
    }
    monkeypatch.chdir(project)
    assert "file=site/index.md," in run_cli("check", "--format", "github").stdout


def test_fix(write_project: WriteProject, run_cli: RunCli) -> None:
    """`--fix` says what it mended, keeps every other byte, and reports what is left."""
    project = write_project(ODD | {"site/b.md": FRONT.replace("About", "B") + "::none\n"})

    ran = run_cli("check", "--project", project, "--fix")

    assert ran.code == 1
    assert ran.stderr.splitlines()[:3] == [
        "site/index.md:5:3: mended: `cafÃ©` is now `café`",
        "site/index.md:6:4: mended: `ZÃ¼rich.` is now `Zürich.`",
        "site/b.md:5: error: there is no block `none`",
    ]
    assert ran.stderr.endswith("\n1 error\n")
    assert (project / "site/index.md").read_bytes() == (FRONT + "A café in town,\r\nor Zürich.\r\n").encode()
    before = contents(project)

    again = run_cli("check", "--project", project, "--fix")

    assert "mended" not in again.stderr
    assert contents(project) == before


def test_fix_of_a_read_only_file(write_project: WriteProject, run_cli: RunCli) -> None:
    """A file that must not be written is an error, and its problems are still there."""
    project = write_project(ODD)
    (project / "site/index.md").chmod(0o444)
    before = contents(project)

    ran = run_cli("check", "--project", project, "--fix", "--format", "json")

    assert ran.code == 1
    assert [problem["message"] for problem in json.loads(ran.stdout)["problems"]][:1] == [
        "cannot be mended: the file is read-only"
    ]
    assert len(json.loads(ran.stdout)["problems"]) == 3
    assert contents(project) == before


class Moved(BaseHTTPRequestHandler):
    """Everything under /old/ is under /new/; the rest is gone."""

    def do_HEAD(self) -> None:
        """Answer by the path."""
        self.send_response_only(301 if "/old/" in self.path else 200 if "/new/" in self.path else 404)
        if "/old/" in self.path:
            self.send_header("Location", self.path.replace("/old/", "/new/"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        """The same."""
        self.do_HEAD()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silence."""


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a host on this machine, which counts as outside here."""
    monkeypatch.setattr(link_request, "is_public", lambda address: True)
    with ThreadingHTTPServer(("127.0.0.1", 0), Moved) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_external(address: str, write_project: WriteProject, run_cli: RunCli) -> None:
    """`--external` follows outside links, `--fix` the ones that moved; answers are kept in the project."""
    text = f"[one]({address}/old/page) and\n[two]({address}/gone).\n"
    project = write_project(GOOD | {"site/index.md": FRONT + text})
    assert run_cli("check", "--project", project).stdout == "no problems\n"

    ran = run_cli("check", "--project", project, "--external", "--fix")

    assert ran.code == 0
    assert (project / "site/index.md").read_text() == FRONT + text.replace("/old/", "/new/")
    assert "mended: " in ran.stderr
    assert f"warning: link to `{address}/gone`, which answers 404 (not found)" in ran.stderr
    assert ran.stderr.endswith("\n1 warning\n")
    assert (project / EXTERNAL_CACHE).is_file()
    assert run_cli("check", "--project", project, "--external", "--strict").code == 1


def test_external_of_a_broken_project(write_project: WriteProject, run_cli: RunCli) -> None:
    """What cannot be built has no links to follow yet, and that is said."""
    ran = run_cli("check", "--project", write_project(BAD), "--external")

    assert ran.code == 1
    assert ran.stderr.startswith("outside links were not followed: mend the errors first\n")


THEME = {"themes/mine/theme.toml": 'extends = "default"\n'}
LINKED = {"site/index.md": "---\ntitle: Start\n---\n\nText.\n", "site/deep/about.md": FRONT + "Text.\n"}


@pytest.mark.parametrize("base", ["https://www.example.com", "https://www.example.com/blog"])
@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "site/deep/about.md: warning: nothing links to /deep/about/"),
        ({"site/index.md": LINKED["site/index.md"] + "[About](deep/about.md)\n"}, ""),
        ({"site/index.md": LINKED["site/index.md"] + "[About](/deep/about)\n"}, ""),
        ({"site/index.md": LINKED["site/index.md"] + '<a href="/deep/about/index.html#main">About</a>\n'}, ""),
        ({"themes/mine/templates/_footer.html": "<a href=\"{{ link('/deep/about/') }}\">About</a>"}, ""),
        ({"site/deep/about.md": FRONT + "[Myself](/deep/about/)\n"}, "nothing links to /deep/about/"),
        ({"site/deep/about.md": FRONT.replace("---\n\n", "noindex: true\n---\n\n")}, ""),
    ],
)
def test_orphans(base: str, files: dict[str, str], said: str, write_project: WriteProject, run_cli: RunCli) -> None:
    """A page is found when any finished page links to it: its text, a menu or a template."""
    config = {"leadpages.toml": f'title = "Test site"\nbase_url = "{base}"\ntheme = "mine"\n'}

    ran = run_cli("check", "--project", write_project(config | THEME | LINKED | files))

    assert said in ran.stderr
    assert bool(ran.stderr) == bool(said)


def test_links_of_a_theme(write_project: WriteProject, run_cli: RunCli) -> None:
    """A link in a template that leads nowhere is named once, however many pages have it."""
    footer = {"themes/mine/templates/_footer.html": "<a href=\"{{ link('/imprint/') }}\">Imprint</a>"}
    config = {"leadpages.toml": CONFIG + 'theme = "mine"\n'}

    ran = run_cli("check", "--project", write_project(config | THEME | footer | GOOD | config))

    assert ran.stderr.splitlines() == [
        "public/index.html: warning: the finished page links to `/imprint/`, which does not exist",
        "  hint: look into the theme's templates",
        "1 warning",
    ]


def test_files_for_hosts(write_project: WriteProject, run_cli: RunCli) -> None:
    """What is wrong with a `_headers` of the project's own is said before a host reads it."""
    ran = run_cli("check", "--project", write_project(GOOD | {"site/_headers": "/*\n  Nonsense\n"}))

    assert (ran.code, ran.stderr.splitlines()[0]) == (1, "site/_headers:2: error: `Nonsense` is no header")
