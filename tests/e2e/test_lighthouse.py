"""Lighthouse on a page of each kind, in each packaged theme."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.e2e.conftest import checker, chromium_path
from tests.e2e.static_host import Hosted

CATEGORIES = {"performance", "accessibility", "best-practices", "seo"}
#: A busy machine makes a page look slow and never makes it look fast, so the best of a few runs counts.
RUNS = 8


def test_lighthouse(hosted_demo: Hosted) -> None:
    """A phone gives 100 of 100 for performance, accessibility, best practices and search engines."""
    # Of all landing pages only the longest: each page takes ten seconds.
    pages = {template.split()[0]: path for template, path in hosted_demo.page_of_each_template().items()}
    left = {hosted_demo.url + path: hosted_demo.html(path) for path in pages.values()}
    faults: dict[str, list[str]] = {}
    for _ in range(RUNS):
        reports = audit(left)
        faults = {url: found for url, report in reports if (found := faults_of(report, "noindex" in left[url]))}
        left = {url: left[url] for url in faults}
        if not left:
            break

    assert faults == {}


def audit(urls: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What Lighthouse says of each page."""
    checker("lighthouse")
    done = subprocess.run(
        ["node", str(Path(__file__).with_name("lighthouse.mjs")), *urls],
        env={**os.environ, "CHROME_PATH": chromium_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        report = json.loads(line)
        yield report["requestedUrl"], report


def faults_of(report: dict[str, Any], hidden: bool) -> list[str]:
    """The categories below 100, and why; that search engines cannot have a hidden page is no fault."""
    found = []
    assert report["categories"].keys() == CATEGORIES
    for name, category in report["categories"].items():
        weighed = {audit["id"] for audit in category["auditRefs"] if audit["weight"]}
        lost = {audit for audit in weighed if report["audits"][audit]["score"] not in (None, 1)}
        if category["score"] != 1 and not (hidden and lost == {"is-crawlable"}):
            found.append(f"{name} {category['score']}: {sorted(lost)}")
    return found
