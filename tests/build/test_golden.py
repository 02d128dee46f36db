"""tests/sites/golden/ is a small site; its public/ is what it is built to, byte for byte.

`pytest --rewrite` takes what is built now as what is expected; read the difference before keeping it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.conftest import render

SITE = Path(__file__).parents[1] / "sites" / "golden"


def test_every_byte(rewrite: bool) -> None:
    """The golden site is built to the files that are kept for it, no more and no fewer."""
    built = render(SITE, strict=True).public
    expected = SITE / "public"
    if rewrite:
        shutil.rmtree(expected, ignore_errors=True)
        for path, content in built.items():
            (expected / path).parent.mkdir(parents=True, exist_ok=True)
            (expected / path).write_bytes(content)
    kept = {file.relative_to(expected).as_posix(): file for file in expected.rglob("*") if file.is_file()}

    assert built.keys() == kept.keys()
    for path, file in kept.items():
        assert built[path].decode() == file.read_text("utf-8"), path
