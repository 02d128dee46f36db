"""Front matter: YAML between `---`, TOML between `+++`, JSON between braces, each with its lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Final, Literal

import yaml
from frontmatter.default_handlers import BaseHandler, JSONHandler, YAMLHandler

from leadpages.build.schema import Lines
from leadpages.build.toml_file import parse_toml
from leadpages.core.errors import Problem

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc]
    """Without looking, at every node, for resolvers by path: there are none."""

    def descend_resolver(self, current_node: yaml.Node, current_index: object) -> None:
        """Nothing."""

    def ascend_resolver(self) -> None:
        """Nothing."""


#: Aliases let a few hundred bytes stand for billions of nodes; no one's front matter has this many.
_MAX_NODES: Final = 10_000
#: A data file may have many more.
_MAX_DATA_NODES: Final = 200_000
_MAX_DEPTH: Final = 20
_COLLECTIONS: Final = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
#: libyaml builds its tree by recursion in C, past Python's limit and into a crash, so depth is measured first
#: where it could be great: every level needs one of these signs.
_LEVEL_SIGNS: Final = "[{:-?"
_MANY_SIGNS: Final = 100


_TOO_DEEP: Final = ("the front matter is too large or nested too deeply", "front matter is a few lines of `key: value`")


class _TOMLHandler(BaseHandler):
    FM_BOUNDARY = re.compile(r"^\+{3,}\s*$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = "+++"


class _JSONHandler(JSONHandler):
    FM_BOUNDARY = re.compile(r"^\{\s*$", re.MULTILINE)


_HANDLERS: Final = (YAMLHandler(), _TOMLHandler(), _JSONHandler())


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The keys of a file, where they stand, and the text under them, which begins at `body_line`."""

    data: Mapping[str, Any]
    lines: Lines
    body: str
    body_line: int
    syntax: Literal["yaml", "toml", "json"] = "yaml"


class _Bad(Exception):
    def __init__(self, line: int, message: str, hint: str = "") -> None:
        self.line, self.message, self.hint = line, message, hint


def parse_front_matter(text: str, path: str) -> FrontMatter | Problem:
    """Split and parse `text`. A file without front matter has no keys."""
    handler = next((handler for handler in _HANDLERS if handler.detect(text)), None)
    if handler is None:
        return FrontMatter({}, {}, text, 1)
    if isinstance(handler, JSONHandler):
        return _parse_json(text, path)
    try:
        raw, body = handler.split(text)
    except ValueError:
        fence = handler.START_DELIMITER
        return Problem(path, 1, "the front matter has no end", f"close it with a line of its own: {fence}")
    body_line = text[: len(text) - len(body)].count("\n") + 1
    raw = "\n" * text[: text.index(raw)].count("\n") + raw  # so that its lines count as the file's do
    if isinstance(handler, _TOMLHandler):
        parsed = parse_toml(raw, path)
        return parsed if isinstance(parsed, Problem) else FrontMatter(*parsed, body, body_line, "toml")
    try:
        data, lines = _parse_yaml(raw)
    except _Bad as bad:
        return Problem(path, bad.line, bad.message, bad.hint)
    return FrontMatter(data, lines, body, body_line)


def parse_yaml_document(text: str, path: str) -> tuple[Any, Lines] | Problem:
    """The list or table that `text` is, and the line of each table in a list; all keys are text, as they are written.

    An empty text is an empty table.
    """
    lines: dict[tuple[str | int, ...], int] = {}
    try:
        with _loaded(text) as (loader, root):
            if root is None:
                return {}, {}
            if not isinstance(root, yaml.CollectionNode):
                raise _Bad(root.start_mark.line + 1, "expected a list, or lines like `name: value`")
            _check_size(root, 0, [0], _MAX_DATA_NODES)
            return _plain(loader, root, (), lines), lines
    except _Bad as bad:
        hint = "" if bad.hint == _TOO_DEEP[1] else bad.hint
        return Problem(path, bad.line, bad.message.replace("the front matter", "the file"), hint)


def _plain(loader: Any, node: yaml.Node, at: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int]) -> Any:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.CollectionNode):
        return _value(loader, next((part for part in reversed(at) if isinstance(part, str)), "value"), node)
    if node.tag not in _COLLECTIONS:
        raise _Bad(line, f"the tag `{node.tag}` is not known", "lists and tables need no tag")
    if isinstance(node, yaml.SequenceNode):
        for number, child in enumerate(node.value):
            if isinstance(child, yaml.MappingNode):
                lines[(*at, number)] = child.start_mark.line + 1
        return [_plain(loader, child, (*at, number), lines) for number, child in enumerate(node.value)]
    _check_keys(node)
    loader.flatten_mapping(node)  # `<<: *base` takes over the keys of another table; the table's own come after
    return {str(key.value): _plain(loader, value, (*at, str(key.value)), lines) for key, value in node.value}


def _check_keys(node: yaml.CollectionNode) -> None:
    first: dict[str, int] = {}
    for key_node, _ in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise _Bad(line, "a key of the front matter is a list or a table", "name it")
        if key_node.value in first:
            raise _Bad(
                line, f"the key `{key_node.value}` stands twice", f"the first one is on line {first[key_node.value]}"
            )
        first[key_node.value] = line


def _parse_json(text: str, path: str) -> FrontMatter | Problem:
    start = text.index("{")
    try:
        data, end = json.JSONDecoder(object_pairs_hook=partial(_unique, text)).raw_decode(text, start)
    except json.JSONDecodeError as error:
        return Problem(path, error.lineno, f"the front matter is not valid JSON: {error.msg.lower()}")
    except _Bad as bad:
        return Problem(path, bad.line, bad.message, bad.hint)
    except RecursionError:
        return Problem(path, 1, "the front matter is nested too deeply")
    except ValueError:  # of int(), which refuses to read thousands of digits
        return Problem(path, 1, "the front matter has a number with too many digits")
    lines: Lines = {(key,): places[0] for key in data if (places := _json_lines(text, key))}
    return FrontMatter(data, lines, text[end:], text[:end].count("\n") + 1, "json")


def _unique(text: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        first, second, *_ = *_json_lines(text, twice), 1, 1
        raise _Bad(second, f"the key `{twice}` stands twice", f"the first one is on line {first}")
    return dict(pairs)


def _json_lines(text: str, key: str) -> list[int]:
    quoted = re.escape(json.dumps(key, ensure_ascii=False))
    return [text[: found.start()].count("\n") + 1 for found in re.finditer(quoted + r"\s*:", text)]


def _parse_yaml(raw: str) -> tuple[dict[str, Any], Lines]:
    with _loaded(raw) as (loader, root):
        if root is None:
            return {}, {}
        if not isinstance(root, yaml.MappingNode):
            raise _Bad(
                root.start_mark.line + 1, "the front matter is no list of keys", "write lines like title: A post"
            )
        _check_size(root, 0, [0], _MAX_NODES)
        return _values(loader, root)


@contextmanager
def _loaded(raw: str) -> Iterator[tuple[Any, yaml.Node | None]]:
    """A loader and the tree of `raw`; what is wrong with it, found here or by the caller, becomes a `_Bad`."""
    loader = _Loader(raw)
    try:
        if sum(raw.count(sign) for sign in _LEVEL_SIGNS) > _MANY_SIGNS:
            _check_depth(raw)
        yield loader, loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise _Bad(line, *_explain(raw, line, error.problem or str(error))) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise _Bad(1, f"the front matter is not valid YAML: {str(error).splitlines()[0]}") from None
    finally:
        loader.dispose()


def _check_depth(raw: str) -> None:
    depth = 0
    for event in yaml.parse(raw, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise _Bad(event.start_mark.line + 1 if event.start_mark else 1, *_TOO_DEEP)


def _explain(raw: str, line: int, problem: str) -> tuple[str, str]:
    lines = raw.split("\n")
    at = next((n for n in (line, line - 1) if 0 < n <= len(lines) and "\t" in lines[n - 1]), None)
    if at is not None:
        return "a tab in the front matter", "YAML indents with spaces: replace the tab"
    text = lines[line - 1].strip() if line <= len(lines) else ""
    hint = f"the line reads: {text[:80]}" if text else ""
    if re.match(r"[\w-]+:\s.*:\s", text):
        hint = "put the text after the first colon in quotes"
    return f"the front matter is not valid YAML: {problem}", hint


def _check_size(node: yaml.Node, depth: int, seen: list[int], most: int) -> None:
    seen[0] += 1
    if seen[0] > most or depth > _MAX_DEPTH:
        raise _Bad(node.start_mark.line + 1, *_TOO_DEEP)
    if isinstance(node, yaml.CollectionNode):
        for child in node.value:
            for inner in child if isinstance(child, tuple) else (child,):
                _check_size(inner, depth + 1, seen, most)


def _values(loader: Any, root: yaml.MappingNode) -> tuple[dict[str, Any], Lines]:
    data: dict[str, Any] = {}
    lines: dict[tuple[str | int, ...], int] = {}
    for key_node, value_node in root.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise _Bad(key_node.start_mark.line + 1, "a key of the front matter is a list or a table", "name it")
        # The key as it is written: YAML 1.1 would read `no:` as False.
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if key in data:
            raise _Bad(line, f"the key `{key}` stands twice", f"the first one is on line {lines[(key,)]}")
        lines[(key,)] = line
        for number, child in enumerate(value_node.value if isinstance(value_node, yaml.SequenceNode) else ()):
            lines[(key, number)] = child.start_mark.line + 1
        data[key] = _value(loader, key, value_node)
    return data, lines


def _value(loader: Any, key: str, node: yaml.Node) -> Any:
    line = node.start_mark.line + 1
    try:
        return loader.construct_object(node, deep=True)
    except ValueError as error:
        if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":timestamp"):
            raise _Bad(line, f"`{key}: {node.value}` is not a real date", "expected a day like 2026-03-31") from None
        raise _Bad(line, f"a value in `{key}` cannot be read: {str(error)[:80]}") from None
    except yaml.MarkedYAMLError as error:
        raise _Bad(line, f"`{key}`: {error.problem}") from None
    except (TypeError, RecursionError):
        raise _Bad(line, f"`{key}` cannot be read as YAML") from None


def as_day(value: object) -> date | datetime:
    """A date or a moment from what YAML, TOML and JSON give for one.

    Raises ValueError for anything else.
    """
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value) if len(value) <= 10 else datetime.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("expected a day like 2026-03-31, or a moment like 2026-03-31T09:00:00+02:00")
