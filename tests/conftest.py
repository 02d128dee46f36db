"""What several tests need: small projects written from a dict, and a handler on one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadpages.build.project import Built, Options, render_project

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

Files = Mapping[str, str | bytes]
WriteProject = Callable[[Files], Path]

CONFIG = 'title = "Test site"\nbase_url = "https://www.example.com"\n'
NEWSLETTER = """\
title = "News by mail"
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
"""


@pytest.fixture
def write_project(tmp_path: Path) -> WriteProject:
    """Writes files, by path, into an empty project and returns its folder."""

    def write(files: Files) -> Path:
        project = tmp_path / "project"
        for path, content in files.items():
            file = project / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        (project / "site").mkdir(parents=True, exist_ok=True)
        return project

    return write


def render(project: Path, *, now: datetime = NOW, drafts: bool = False, strict: bool = False) -> Built:
    """Render a project in memory."""
    return render_project(project, Options(drafts=drafts, strict=strict), now)


def public_text(built: Built, path: str) -> str:
    """The text of one file of public/."""
    (content,) = (output.content for output in built.public if output.path == path)
    return (content if isinstance(content, bytes) else content.read_bytes()).decode()
