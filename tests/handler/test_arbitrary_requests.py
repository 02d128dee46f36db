"""Whatever is sent, the handler answers, and never with a fault of its own."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.handler.funnel import PDF, SITE, Funnel, funnel_on
from werkzeug.test import create_environ, run_wsgi_app

from leadpages.handler.application import App
from leadpages.stores.sqlite.store import SQLiteStore

LATIN = st.text(st.characters(max_codepoint=255), max_size=60)
PREFIXES = ("/", "/f/", "/f/guide", "/f/newsletter", "/c/", "/d/", "/u/", "/e", "/healthz")
METHODS = st.sampled_from(["GET", "POST", "POST", "HEAD", "PUT", "OPTIONS", "x"])
TYPES = st.sampled_from(["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]) | LATIN
VALUES = (
    LATIN
    | st.sampled_from([SITE, "null", "application/json", "*/*;q=x", "gzip", "same-origin", '"', "W/*", "bytes=0-"])
    | st.from_regex(r"bytes=[-0-9, ]{0,12}", fullmatch=True)
)
NAMES = [
    f"HTTP_{name}"
    for name in (
        *("ORIGIN", "ACCEPT", "RANGE", "IF_RANGE", "IF_MATCH", "IF_NONE_MATCH", "IF_MODIFIED_SINCE", "HOST"),
        *("IF_UNMODIFIED_SINCE", "CONTENT_ENCODING", "SEC_FETCH_SITE", "COOKIE", "X_FORWARDED_FOR", "USER_AGENT"),
    )
]
HEADERS = st.dictionaries(st.sampled_from([*NAMES, "CONTENT_LENGTH", "QUERY_STRING"]), VALUES, max_size=5)
BODIES = st.binary(max_size=200) | st.sampled_from(
    [
        b"email=ann@example.com",
        b"email=ann@example.com&name=%00",
        b"email=a%40b.co%2Cevil%40z.co&email=x",
        b'{"kind": "form_view", "page": "/"}',
        b"[" * 5000,
        b"&" * 200,
    ]
)


@pytest.fixture(scope="module")
def paths_and_funnel(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A site with one confirmed lead, and the addresses of all its links."""
    with funnel_on(bundle, SQLiteStore(tmp_path_factory.mktemp("fuzz") / "leads.db")) as funnel:
        links = [funnel.confirmed(), funnel.link("/d/"), funnel.link("/u/")]
        yield links, funnel


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_request_is_a_fault(paths_and_funnel: tuple[list[str], Funnel], data: st.DataObject) -> None:
    """Any path, method, body and headers: an answer below 500 that names itself, and no byte of a file too many."""
    links, funnel = paths_and_funnel
    path = data.draw(st.sampled_from([*links, *PREFIXES]) | st.builds(str.__add__, st.sampled_from(PREFIXES), LATIN))
    body = data.draw(BODIES)
    environ = create_environ()
    environ |= {"CONTENT_TYPE": data.draw(TYPES), "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
    environ |= {"PATH_INFO": path, "REQUEST_METHOD": data.draw(METHODS), **data.draw(HEADERS)}
    if data.draw(st.booleans()):
        environ["wsgi.input_terminated"] = True
    chunks, status, headers = run_wsgi_app(App(funnel.service), environ, buffered=True)
    assert int(status[:3]) < 500, (status, environ)
    assert headers["X-Request-Id"]
    assert len(b"".join(chunks)) <= max(len(PDF), 60_000)
