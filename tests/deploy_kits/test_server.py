"""The kit for a server: its own command lines run, and a lead that is posted through them is there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from tests.deploy_kits.conftest import BuiltSite, Install, environment_in, post, running
from tests.e2e.conftest import ROOT, free_port

from leadpages.deploy_kits.kits import header_rules
from leadpages.deploy_kits.running_wheel import running_wheel

ADDRESSES = re.compile(r"127\.0\.0\.1:8080")


def command_of(unit: Path, programs: Path) -> list[str]:
    """The command line of a systemd unit, with the programs of an environment of ours."""
    (line,) = re.findall(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE)
    return str(line).replace("/opt/leadpages/bin", str(programs)).split()


def test_the_units_run(built_site: BuiltSite, install: Install, smtp: str, tmp_path: Path) -> None:
    """The handler takes a form, the second unit sends its mail, and `leads list` shows the lead."""
    kit = built_site.kit("server")
    (wheel,) = kit.glob("*.whl")
    programs = install(str(wheel), "gunicorn")
    env = {
        **environment_in(kit / "leadpages.env"),
        "LEADPAGES_BUNDLE": str(built_site.project / "bundle"),
        "LEADPAGES_DATABASE_URL": f"sqlite:///{tmp_path / 'leads.db'}",
        "LEADPAGES_SMTP_URL": smtp,
    }
    port = free_port()
    command = [ADDRESSES.sub(f"127.0.0.1:{port}", word) for word in command_of(kit / "leadpages.service", programs)]
    with running(command, port, tmp_path, env) as address:
        assert post(address, "/f/newsletter", email="ann@example.com") == 303
    worker = subprocess.Popen(
        command_of(kit / "leadpages-deliver.service", programs),
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    try:
        assert worker.stdout.readline() == "1 sent, 0 to try again, 0 cancelled, 0 dead\n"
    finally:
        worker.terminate()
        assert worker.wait(timeout=20) == 0
        worker.stdout.close()
    listed = subprocess.run(
        [programs / "leadpages", "leads", "export", "--format", "jsonl"],
        env={**os.environ, **env},
        capture_output=True,
        check=True,
    )
    assert [lead["email"] for lead in map(json.loads, listed.stdout.splitlines())] == ["ann@example.com"]


def test_the_environment_file_names_every_variable(built_site: BuiltSite) -> None:
    """A variable that is new in the settings is missed here."""
    read = set(re.findall(r'"(LEADPAGES_[A-Z_]+)"', (ROOT / "src/leadpages/core/settings.py").read_text()))
    assert read <= set(re.findall(r"LEADPAGES_[A-Z_]+", (built_site.kit("server") / "leadpages.env").read_text()))


def test_the_wheel_is_the_same_each_time() -> None:
    """The same sources give the same bytes."""
    assert running_wheel() == running_wheel()


def test_headers_by_path() -> None:
    """Rules of `_headers` by path; those for whole addresses are left out, and `!` takes a header away."""
    text = "/*\n  A: b: c\n\n# note\nhttps://x.example/*\n  D: e\n/assets/*\n  ! A\n"
    assert header_rules(text) == {"/*": [("A", "b: c")], "/assets/*": [("-A", "")]}


def test_commands_of_the_build_say_that_they_are_not_there(built_site: BuiltSite, install: Install) -> None:
    """The wheel of a kit knows how to run a site, not how to build one."""
    (wheel,) = built_site.kit("server").glob("*.whl")
    done = subprocess.run([install(str(wheel)) / "leadpages", "build"], capture_output=True, text=True, check=False)
    missing = "error: this command needs leadpages.build, which is not installed here\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", missing)
