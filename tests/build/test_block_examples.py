"""The blocks of the default theme: each has an example, which builds, and which the demo shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from tests.conftest import CONFIG, NEWSLETTER, RunCli, WriteProject

from leadpages.build.config import read_config
from leadpages.build.theme import load_theme

ROOT = Path(__file__).parents[2]
BLOCKS = load_theme(ROOT, read_config(ROOT)[0])[0].blocks


@pytest.mark.parametrize("name", BLOCKS)
def test_example(name: str, write_project: WriteProject, run_cli: RunCli) -> None:
    """The example of a block uses that block, and builds without any problem."""
    example = BLOCKS[name].example
    assert f"::{name}" in example
    front = f"---\ntitle: All of the block {name}\ndescription: {'What it is good for, and how. ' * 3}\n---\n"
    page = {"site/index.md": f"{front}\n{example}"}
    project = write_project({"leadpages.toml": CONFIG, "forms/newsletter.toml": NEWSLETTER, **page})
    shutil.copytree(ROOT / "site/media", project / "site/media")
    built = run_cli("build", "--project", project)
    assert built.code == 0, built.stderr
    assert "warning" not in built.stderr


def test_gallery() -> None:
    """The page of the demo shows the example of each block, and not only as code."""
    text = re.sub(r"^```$.*?^```$", "", (ROOT / "site/blocks.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    missing = [name for name, block in BLOCKS.items() if block.example.strip() not in text]
    assert missing == []
