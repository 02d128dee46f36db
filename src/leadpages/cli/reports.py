"""The problems of a project as other programs read them: JSON, SARIF 2.1.0 and GitHub's annotations.

All of it depends on the problems alone: the same project gives the same bytes on every machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from leadpages import __version__
from leadpages.build.fixes import Replacement
from leadpages.cli.problems import problems_as_json, sorted_problems
from leadpages.core.errors import Problem

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: The name by which code scanning knows the folder that a repository is checked out to.
_ROOT: Final = "%SRCROOT%"
#: What each rule is about, in short, and what to do about its problems.
RULES: Final[Mapping[str, tuple[str, str]]] = {
    "project": ("The project can be built", "Mend what the message names; its hint says how."),
    "broken-anchor": ("Links lead to headings that are there", "Link to the `id` of a heading of that page."),
    "broken-image": ("Image files can be read", "Save the image again as JPEG, PNG, WebP, AVIF, GIF or SVG."),
    "broken-link": ("Links lead to pages that are there", "Correct the address, or write the page."),
    "camera-data": (
        "Photographs keep their place to themselves",
        "Cameras note in a file where it was taken, and the original goes out as it is: save it without that data.",
    ),
    "description-length": (
        "Descriptions fit where they are shown",
        "Search engines and shared links show about two lines: write 50 to 160 characters.",
    ),
    "duplicate-description": (
        "Each page has a description of its own",
        "In search results, pages with one description cannot be told apart: say what only this one gives.",
    ),
    "duplicate-title": (
        "Each page has a title of its own",
        "In search results, pages with one title cannot be told apart: say what only this one is about.",
    ),
    "external-link": (
        "Outside links lead somewhere",
        "Write the address that it is at now, or link to something else. `--fix` follows what has moved for good.",
    ),
    "foreign-key": (
        "Front matter has keys of leadpages",
        "A key of another generator has no use here, or is read as one of ours: `--fix` renames what it can.",
    ),
    "front-matter": ("Front matter has known keys with fitting values", "Correct the key or the value."),
    "gated-file": (
        "What a form hands out is not on the site",
        "A gated file belongs beside its form only; where it also lies under site/, everyone can download it.",
    ),
    "missing-alt": (
        "Images have a text for those who cannot see them",
        "Say between the brackets what the image shows. Where it only decorates, write "
        "`![](…){role=presentation}`. (WCAG 2.2, success criterion 1.1.1)",
    ),
    "missing-image": ("Images are there", "Correct the path, or put the file there."),
    "mojibake": (
        "Text is decoded as it was encoded",
        "The text was saved as UTF-8 and read as something else on its way here. `--fix` puts it right.",
    ),
    "orphan-page": (
        "Every page can be found",
        "Link to the page from another one or from a menu. Set `noindex: true` for one that only people with its "
        "address should see.",
    ),
    "shortcode": (
        "Text has no tags of another generator",
        "Text is never run as a template: write what the tag made in Markdown, or as a block.",
    ),
    "title-length": (
        "Titles fit where they are shown",
        "Search engines cut a title at about 70 characters; a post's title of under ten says little by itself.",
    ),
    "unknown-form": ("Pages name forms that are there", "Correct the name, or write the form's file in forms/."),
}


def as_json(problems: Iterable[Problem], ok: bool) -> str:
    """`{"ok": …, "problems": […]}`."""
    return json.dumps({"ok": ok, "problems": problems_as_json(problems)}, ensure_ascii=False)


def as_sarif(
    problems: Iterable[Problem], replacements: Mapping[Problem, Sequence[Replacement]], folder: str = ""
) -> str:
    """The problems in SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).

    `replacements` are the mends that apply, `folder` is the project's path from the root of the repository, or "".
    """
    found = sorted_problems(problems)
    rules = sorted({problem.rule for problem in found} | RULES.keys())
    numbers = {rule: number for number, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {"name": "leadpages", "semanticVersion": __version__, "rules": [_rule(rule) for rule in rules]}
        },
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(problem, numbers[problem.rule], replacements.get(problem, ()), folder) for problem in found
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2)


def _rule(rule: str) -> dict[str, Any]:
    short, remedy = RULES.get(rule, RULES["project"])
    return {
        "id": rule,
        "name": rule.title().replace("-", ""),
        "shortDescription": {"text": f"{short}."},
        "help": {"text": remedy},
    }


def _result(problem: Problem, rule: int, replacements: Sequence[Replacement], folder: str) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": _artifact(problem.path, folder)}
    if problem.line:
        place["region"] = {"startLine": problem.line} | ({"startColumn": problem.column} if problem.column else {})
    text = f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
    result = {
        "ruleId": problem.rule,
        "ruleIndex": rule,
        "level": problem.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }
    if replacements:
        change = {
            "artifactLocation": _artifact(problem.path, folder),
            "replacements": [_replacement(one) for one in replacements],
        }
        result["fixes"] = [{"description": {"text": problem.hint or problem.message}, "artifactChanges": [change]}]
    return result


def _artifact(path: str, folder: str) -> dict[str, str]:
    return {"uri": quote(_from_root(path, folder)), "uriBaseId": _ROOT}


def _replacement(one: Replacement) -> dict[str, Any]:
    region = {"startLine": one.line, "startColumn": one.start, "endLine": one.line, "endColumn": one.end}
    return {"deletedRegion": region, "insertedContent": {"text": one.new}}


def as_github(problems: Iterable[Problem], folder: str = "") -> str:
    """A workflow command for each problem, which GitHub shows at its line in a pull request.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
    """
    return "".join(_command(problem, folder) for problem in sorted_problems(problems))


def _command(problem: Problem, folder: str) -> str:
    properties = {"file": _from_root(problem.path, folder)}
    if problem.line:
        properties["line"] = str(problem.line)
    if problem.line and problem.column:
        properties["col"] = str(problem.column)
    properties["title"] = f"leadpages: {problem.rule}"
    given = ",".join(f"{name}={_escape(value, in_property=True)}" for name, value in properties.items())
    text = f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
    return f"::{problem.severity} {given}::{_escape(text)}\n"


def _escape(text: str, in_property: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if in_property else text


def _from_root(path: str, folder: str) -> str:
    return f"{folder}/{path}" if folder else path
