"""What tests of builds need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jinja2 import Environment


@pytest.fixture(scope="module")
def templates_compiled_once() -> Iterator[None]:
    """Nine tenths of a small build are the compiling of templates that are the same in all of them."""
    compile_one, known = Environment.compile, dict[Any, Any]()

    def compiled(self: Environment, source: str, name: str, filename: str) -> Any:
        key = (source, name, filename, *self.filters)
        if key not in known:
            known[key] = compile_one(self, source, name, filename)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", compiled)
        yield
