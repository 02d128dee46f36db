"""The templates of a theme that pages may ask for, and what these read of front matter, as far as their source says it.

A key is read as `page.extra.KEY`, `page.extra["KEY"]` or `page.extra.get("KEY")`, by the template itself or by one that
it extends, includes or imports. What handles `extra` as a whole may read any key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from leadpages.core.errors import nearest

#: Templates for what is not a page with a text of its own.
_NOT_FOR_PAGES: Final = {"404", "base", "form", "mail", "overlay", "posts", "term", "terms", "thank-you", "upgrade"}
_READ: Final = re.compile(
    r"(\w+)\.extra\b"
    r"(?:\.get\(\s*[\"']([^\"']+)[\"']|\[\s*[\"']([^\"']+)[\"']|\.(?!(?:get|items|keys|values)\b)(\w+))?"
)
_USE: Final = re.compile(r"\{%[-+]?\s*(?:extends|include|import|from)\b(.*?)%\}", re.DOTALL)
#: Where `page` becomes another page than the one that the template is for.
_REBOUND: Final = re.compile(
    r"\{%[-+]?\s*(?:for\s[\w\s,]*\bpage\b[\w\s,]*\sin\b|(?:set|with)\b[^%]*\bpage\s*=(?!=)|macro\b[^%]*\bpage\b)"
)
_QUOTED: Final = re.compile(r"[\"']([^\"']+)[\"']")


class PageTemplates:
    """The page templates in the folders of a theme and its parents, nearest first; read only when asked about keys."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = [folder / "templates" for folder in folders]
        self._readers: dict[str, frozenset[str]] = {}

    @cached_property
    def names(self) -> frozenset[str]:
        """What a page may write under `template`."""
        names = {file.stem for folder in self._folders for file in folder.glob("*.html")}
        return frozenset({name for name in names if not name.startswith("_")} - _NOT_FOR_PAGES)

    def fault(self, name: str) -> tuple[str, str] | None:
        """What is wrong with asking for the template `name`, and what to do; None where there is one."""
        return None if name in self.names else (f"there is no template `{name}`", nearest(name, self.names))

    def readers(self, key: str) -> frozenset[str]:
        """The templates that read `key` under `extra`; all of them where a block, a list or a feed reads it."""
        if key not in self._readers:
            self._readers[key] = self._find_readers(key)
        return self._readers[key]

    def keys(self, template: str) -> frozenset[str]:
        """The keys under `extra` that a page with `template` has a use for."""
        return frozenset(key for _, _, key in self._reads if key and template in self.readers(key))

    def _find_readers(self, key: str) -> frozenset[str]:
        found: set[str] = set()
        for file, variable, read in self._reads:
            if read in (key, ""):
                users = {name for name, parts in self._parts.items() if file in parts} if variable == "page" else ()
                if not users:
                    return self.names
                found |= users
        return frozenset(found)

    @cached_property
    def _reads(self) -> list[tuple[str, str, str]]:
        """Each place where a key is read: the file, the variable before `.extra`, and the key, "" for any."""
        rebinding = [file for file, text in self._sources.items() if _REBOUND.search(text)]
        rebound = {part for file in rebinding for part in self._with_parts(file)}
        return [
            (file, "" if file in rebound else variable, "".join(keys))
            for file, text in self._sources.items()
            for variable, *keys in _READ.findall(text)
        ]

    @cached_property
    def _parts(self) -> Mapping[str, frozenset[str]]:
        """The files that each page template is made of."""
        return {name: self._with_parts(f"{name}.html") for name in self.names}

    def _with_parts(self, file: str) -> frozenset[str]:
        found = {file}
        waiting = [file]
        while waiting:
            for use in _USE.findall(self._sources.get(waiting.pop(), "")):
                # Where an expression says what is used, that may be any file.
                used = set(_QUOTED.findall(use)) or self._sources.keys()
                waiting += used - found
                found |= used
        return frozenset(found)

    @cached_property
    def _sources(self) -> Mapping[str, str]:
        """The source of each template by its name, from the nearest folder that has it."""
        return {
            file.relative_to(folder).as_posix(): file.read_text("utf-8", "replace")
            for folder in reversed(self._folders)
            for file in folder.rglob("*.*ml")
        }
