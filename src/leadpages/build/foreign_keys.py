"""Front-matter keys of other generators: an existing blog must build, and its writer be told.

A key that means what one of ours means is read as ours, with a warning that can mend itself. One that means nothing
here is left out with a warning. Only what looks like a slip of the keyboard is an error: it would be lost unnoticed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import takewhile
from typing import Any, Final, Literal

from leadpages.core.errors import Edit, Problem

Syntax = Literal["yaml", "toml", "json"]

#: The keys of others that are read as ours; in lower case and without `-` and `_`, as `plain_key` makes them.
SYNONYMS: Final[Mapping[str, str]] = {
    "alias": "aliases",
    "author": "authors",
    "category": "categories",
    "cover": "image",
    "coverimage": "image",
    "excerpt": "description",
    "expirydate": "expires",
    "featuredimage": "image",
    "featureimage": "image",
    "hero": "image",
    "heroimage": "image",
    "lastmod": "updated",
    "lastmodified": "updated",
    "lastmodifiedat": "updated",
    "metadescription": "description",
    "modified": "updated",
    "navorder": "weight",
    "order": "weight",
    "pubdate": "date",
    "publishdate": "date",
    "publishedat": "date",
    "redirectfrom": "aliases",
    "summary": "description",
    "tag": "tags",
    "thumbnail": "image",
    "updatedat": "updated",
    "updateddate": "updated",
    "url": "permalink",
}
#: What to do about a key that is nothing here; by `plain_key`.
_HINTS: Final = {
    "header": "call the picture `image:`",
    "hidden": "`draft: true` keeps a post back, `noindex: true` keeps it from search engines",
    "images": "call the first one `image:`",
    "keywords": "search engines do not read it; list topics for readers under `tags:`",
    "lang": "the folder or the end of the file's name says the language, like about.de.md",
    "language": "the folder or the end of the file's name says the language, like about.de.md",
    "layout": "leadpages chooses by folder; `template:` asks for another one",
    "locale": "the folder or the end of the file's name says the language, like about.de.md",
    "menu": "menus are in leadpages.toml, under [[menu]]",
    "menus": "menus are in leadpages.toml, under [[menu]]",
    "published": "`draft: true` keeps a post back",
    "redirectto": "the page that it leads to can list this address under `aliases:`",
    "showtoc": "`toc: true` shows a table of contents",
    "subtitle": "move it under `extra:`",
    "templatekey": "leadpages chooses by folder; `template:` asks for another one",
}
_UNUSED_HINT: Final = "remove it, or move it under `extra:` for a theme of your own"
_PATTERN_HINT: Final = "the address follows from the file's name; a path like /about/us/ changes it"
#: What two keys must not disagree on: a page would come out too early, or stay too long.
_DECISIVE: Final = ("date", "draft", "expires")
#: What a typing error leaves: most of the word, and about as many letters.
_ALIKE: Final = 0.8
_LETTERS_OFF: Final = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a key that is not ours: it is read as `own` with `value`, or left out where `own` is ""."""

    message: str
    hint: str = ""
    own: str = ""
    value: Any = None
    severity: Literal["error", "warning"] = "warning"
    rule: str = "foreign-key"
    edit: Edit | None = None

    def problem(self, path: str, line: int) -> Problem:
        """The verdict as a problem of the file `path`, on the line where the key is."""
        # Keys of YAML and TOML begin their line; what follows on it may have the same word.
        column = 1 if line and self.edit and not self.edit.old.startswith('"') else 0
        return Problem(path, line, self.message, self.hint, self.severity, self.rule, column, self.edit)


def judge_key(key: str, keys: Mapping[str, Any], own_keys: Collection[str], syntax: Syntax = "yaml") -> Verdict | None:
    """What to do about `key`, one of a file's `keys`, where `own_keys` are those that have a meaning.

    None for a key of ours.
    """
    value = keys[key]
    if key in own_keys:
        if key != "permalink" or value is None or _is_path(value):
            return None
        return Verdict(f"`permalink: {_written(value)}` is not used by leadpages", _PATTERN_HINT)
    plain = plain_key(key)
    if plain == "published" and value is False:
        return _in_place_of(key, "draft", keys, True) or _read_draft()
    own = _own_key(plain, own_keys)
    if own and not _fits(own, value):
        return Verdict(f"`{key}` is not used by leadpages", _MISFITS.get(own, _UNUSED_HINT))
    if own:
        edit = rename_edit(key, own, syntax)
        hint = f"call it `{own}`"
        return _in_place_of(key, own, keys, value) or Verdict(
            f"`{key}` is read as `{own}`", hint, own, value, edit=edit
        )
    if plain in _HINTS:
        return Verdict(f"`{key}` is not used by leadpages", _HINTS[plain])
    if meant := slip(key, own_keys):
        hint = f"did you mean `{meant}`?"
        return Verdict(f"unknown key `{key}`", hint, severity="error", rule="front-matter")
    return Verdict(f"`{key}` is not used by leadpages", _UNUSED_HINT)


def rename_edit(key: str, new: str, syntax: Syntax) -> Edit:
    """The mend that gives a key, on its line, another name."""
    if syntax == "json":
        return Edit(f"{json.dumps(key, ensure_ascii=False)}:", f"{json.dumps(new)}:")
    # TOML may have no space, or several, before its sign; what is not written like this is left to the writer.
    return Edit(f"{key} =", f"{new} =") if syntax == "toml" else Edit(f"{key}:", f"{new}:")


def plain_key(key: str) -> str:
    """`publish_date`, `publish-date` and `publishDate` are one key."""
    return re.sub("[-_]", "", key).casefold()


def _own_key(plain: str, own_keys: Collection[str]) -> str:
    """The key of ours that another spelling or a synonym means, or ""."""
    spelled = next((own for own in sorted(own_keys) if plain_key(own) == plain), "")
    synonym = SYNONYMS.get(plain, "")
    return spelled or (synonym if synonym in own_keys else "")


def _in_place_of(key: str, own: str, keys: Mapping[str, Any], value: Any) -> Verdict | None:
    """A verdict on a key, read as `value`, whose place is taken: by our own one, or by an earlier one for the same."""
    earlier = takewhile(lambda other: other != key, keys)
    for other in (own, *earlier):
        plain = plain_key(other)
        means_own = other == own or plain == plain_key(own) or SYNONYMS.get(plain) == own
        if means_own and keys.get(other) is not None and _fits(own, keys[other]):
            if keys[other] == value:
                return Verdict(f"`{key}` is not used: `{other}` says the same", f"keep one of them: `{other}`")
            if own in _DECISIVE:
                message = f"`{key}` says otherwise than `{other}`"
                return Verdict(message, "keep the one that holds", severity="error", rule="front-matter")
            return Verdict(f"`{key}` is not used: there is `{other}`", f"keep one of them: `{other}`")
    return None


def _read_draft() -> Verdict:
    return Verdict("`published: false` is read as `draft: true`", "write `draft: true`", "draft", True)


def slip(key: str, own_keys: Collection[str]) -> str:
    """The key of `own_keys` that `key` is but for a typing error, or ""."""
    close = get_close_matches(key.casefold(), sorted(own_keys), n=1, cutoff=_ALIKE)
    return close[0] if close and abs(len(close[0]) - len(key)) <= _LETTERS_OFF else ""


_MISFITS: Final = {
    "image": "write one picture's path: `image: /media/cover.webp`",
    "permalink": _PATTERN_HINT,
    "authors": "write names: `authors: [Ana, Ben]`",
    "weight": "write a number: `weight: 10`",
}


def _fits(own: str, value: object) -> bool:
    """Whether what another generator allows under its key is also what ours can be. The schema checks the rest."""
    if value is None:
        return True
    if own in ("image", "description"):
        return isinstance(value, str)
    if own == "permalink":
        return _is_path(value) and "://" not in str(value)
    if own == "weight":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if own in ("aliases", "authors", "categories", "tags"):
        return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))
    return True


def _is_path(value: object) -> bool:
    """Whether a permalink is one address, not the pattern of some: `/:year/:title/`, `/{{ slug }}/`, `index.html`."""
    return isinstance(value, str) and not re.search(r"\{|(^|/):|^[^/].*\.html?$|/index\.html?$", value)


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
