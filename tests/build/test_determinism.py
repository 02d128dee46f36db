"""The same project gives the same bytes, whatever the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = "from leadpages.cli.main import main; main()"


def built(project: Path, *, backwards: bool, mtime: int, **env: str) -> dict[str, bytes]:
    """All files that a build of a copy of the demo writes, by path."""
    project.mkdir(parents=True)
    shutil.copy(ROOT / "leadpages.toml", project)
    files = (file for part in ("site", "forms", "themes") for file in (ROOT / part).rglob("*") if file.is_file())
    for file in sorted(files, reverse=backwards):
        copy = project / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        os.utime(copy, (mtime, mtime))
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    subprocess.run(
        [sys.executable, "-c", BUILD, "build"], cwd=project, env=clean | env, check=True, capture_output=True
    )
    return {
        str(file.relative_to(project)): file.read_bytes()
        for folder in ("public", "bundle")
        for file in sorted((project / folder).rglob("*"))
        if file.is_file()
    }


def test_two_machines(tmp_path: Path) -> None:
    """Zone, locale, encoding, hash seed, folder, order of the files and their times change no byte."""
    one = built(tmp_path / "a", backwards=False, mtime=0, TZ="Pacific/Kiritimati", LC_ALL="C", PYTHONHASHSEED="1")
    other = built(
        tmp_path / "ü b" / "c",
        backwards=True,
        mtime=1_700_000_000,
        TZ="America/Los_Angeles",
        LC_ALL="POSIX",
        PYTHONHASHSEED="2",
        PYTHONUTF8="0",
        PYTHONCOERCECLOCALE="0",
    )

    assert len(one) > 40
    assert one.keys() == other.keys()
    assert [path for path in one if one[path] != other[path]] == []
