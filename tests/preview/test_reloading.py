"""What open pages are told of builds."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from leadpages.core.errors import Problem
from leadpages.preview.reloading import Broadcast, State, faults_page, problem_list, with_script

WRONG = Problem("site/a.md", 3, "`date` is <b>2026-02-31</b>", 'write "date: 2026-03-01" & save', column=7)


def told(stream: Iterator[bytes]) -> dict[str, Any]:
    """The next event."""
    event = next(stream)
    assert event.startswith(b"data: ")
    assert event.endswith(b"\n\n")
    found: dict[str, Any] = json.loads(event[6:])
    return found


def test_a_page_is_told_how_it_stands_and_what_follows() -> None:
    """A stream begins with the state, and goes on with each new one, whoever waits."""
    broadcast = Broadcast()
    broadcast.built(changed=True)
    version = broadcast.state.version
    stream = broadcast.stream()

    assert told(stream) == {"version": version, "problems": ""}
    broadcast.failed((WRONG,))
    assert told(stream) == {"version": version, "problems": problem_list([WRONG])}
    threading.Timer(0.1, broadcast.built, kwargs={"changed": True}).start()
    assert told(stream) == {"version": version + 1, "problems": ""}
    broadcast.close()
    assert list(stream) == []


@pytest.mark.parametrize(("changed", "further"), [(True, 1), (False, 0)])
def test_a_build_that_changed_nothing_is_no_new_one(changed: bool, further: int) -> None:
    """Pages stay as they are after a build that wrote nothing; its success still takes the problems away."""
    broadcast = Broadcast()
    broadcast.built(changed=True)
    version = broadcast.state.version
    broadcast.failed((WRONG,))
    broadcast.built(changed=changed)

    assert broadcast.state == State(version + further, ())


def test_the_first_good_build_is_always_a_new_one() -> None:
    """The page that stood in for the site must go, whether or not an earlier preview had built the same."""
    broadcast = Broadcast()
    broadcast.failed((WRONG,))
    version = broadcast.state.version
    broadcast.built(changed=False)

    assert broadcast.state == State(version + 1, ())


def test_problems_are_shown_as_they_are() -> None:
    """File, line, column, message and hint are all there, and nothing in them is markup."""
    assert problem_list([WRONG, Problem("", 0, "the disk is full")]) == (
        "<ul><li>site/a.md:3:7: error: `date` is &lt;b&gt;2026-02-31&lt;/b&gt;\n"
        "  hint: write &#34;date: 2026-03-01&#34; &amp; save</li><li>error: the disk is full</li></ul>"
    )
    assert problem_list([]) == ""


def test_the_page_that_stands_in() -> None:
    """It shows the problems without a script, and looks again without one."""

    class Seen(HTMLParser):
        text = ""
        refresh = False

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.refresh |= ("http-equiv", "refresh") in attrs

        def handle_data(self, data: str) -> None:
            self.text += data

    page, seen = faults_page(State(5, (WRONG,))), Seen()
    seen.feed(page)

    assert "site/a.md:3:7: error: `date` is <b>2026-02-31</b>" in seen.text
    assert seen.refresh
    assert page.count('<script data-version="5">') == 1


def test_where_the_script_goes() -> None:
    """At the end of the page, once, whatever the page says before."""
    page = with_script("<body><pre></body></pre>text</body></html>", 5)

    assert page.startswith('<body><pre></body></pre>text<script data-version="5">')
    assert page.endswith("</script></body></html>")
    assert with_script("<p>text", 5).startswith('<p>text<script data-version="5">')
