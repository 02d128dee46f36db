"""Front matter: YAML between `---`, TOML between `+++`, JSON between braces, each with its lines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import yaml
from frontmatter.default_handlers import BaseHandler, JSONHandler, YAMLHandler

from leadpages.build.schema import Lines
from leadpages.build.toml_file import parse_toml
from leadpages.core.errors import Problem

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: Aliases let a few hundred bytes stand for billions of nodes; no one's front matter has this many.
_MAX_NODES: Final = 10_000
_MAX_DEPTH: Final = 20


class _TOMLHandler(BaseHandler):
    FM_BOUNDARY = re.compile(r"^\+{3,}\s*$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = "+++"


_HANDLERS: Final = (YAMLHandler(), _TOMLHandler(), JSONHandler())


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The keys of a file, where they stand, and the text under them, which begins at `body_line`."""

    data: Mapping[str, Any]
    lines: Lines
    body: str
    body_line: int


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
        return parsed if isinstance(parsed, Problem) else FrontMatter(*parsed, body, body_line)
    try:
        data, lines = _parse_yaml(raw)
    except _Bad as bad:
        return Problem(path, bad.line, bad.message, bad.hint)
    return FrontMatter(data, lines, body, body_line)


def _parse_json(text: str, path: str) -> FrontMatter | Problem:
    start = text.index("{")
    try:
        data, end = json.JSONDecoder(object_pairs_hook=_unique).raw_decode(text, start)
    except json.JSONDecodeError as error:
        return Problem(path, error.lineno, f"the front matter is not valid JSON: {error.msg.lower()}")
    except _Bad as bad:
        return Problem(path, 1, bad.message, bad.hint)
    except RecursionError:
        return Problem(path, 1, "the front matter is nested too deeply")
    lines: Lines = {
        (key,): text[: found.start()].count("\n") + 1
        for key in data
        if (found := re.search(re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:", text))
    }
    return FrontMatter(data, lines, text[end:], text[:end].count("\n") + 1)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise _Bad(1, f"the key `{twice}` stands twice in the front matter", "keep one of them")
    return dict(pairs)


def _parse_yaml(raw: str) -> tuple[dict[str, Any], Lines]:
    loader = _Loader(raw)
    try:
        root = loader.get_single_node()
        if root is None:
            return {}, {}
        if not isinstance(root, yaml.MappingNode):
            raise _Bad(2, "the front matter is not a list of `key: value` lines")
        _check_size(root, 0, [0])
        return _values(loader, root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise _Bad(line, *_explain(raw, line, error.problem or str(error))) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise _Bad(1, f"the front matter is not valid YAML: {str(error).splitlines()[0]}") from None
    finally:
        loader.dispose()


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


def _check_size(node: yaml.Node, depth: int, seen: list[int]) -> None:
    seen[0] += 1
    if seen[0] > _MAX_NODES or depth > _MAX_DEPTH:
        raise _Bad(node.start_mark.line + 1, "the front matter is too large or nested too deeply")
    if isinstance(node, yaml.CollectionNode):
        for child in node.value:
            for inner in child if isinstance(child, tuple) else (child,):
                _check_size(inner, depth + 1, seen)


def _values(loader: Any, root: yaml.MappingNode) -> tuple[dict[str, Any], Lines]:
    data: dict[str, Any] = {}
    lines: dict[tuple[str | int, ...], int] = {}
    for key_node, value_node in root.value:
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
    except ValueError:  # the only scalar whose form is right and value wrong is a date
        raise _Bad(line, f"`{key}: {node.value}` is not a real date", "expected a day like 2026-03-31") from None
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
