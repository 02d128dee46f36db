"""The documented contract: it is what the handler does, for all that schemathesis can think of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from tests.conftest import RunCli
from tests.handler.funnel import Funnel, funnel_on

from leadpages.core.openapi import describe
from leadpages.handler.application import App
from leadpages.stores.sqlite.store import SQLiteStore

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

# What "email" and "uri" mean there is wider than what reaches anybody.
schemathesis.openapi.format("email", st.from_regex(r"[a-z0-9]{1,20}@[a-z]{1,20}\.(com|org|de)", fullmatch=True))
schemathesis.openapi.format("uri", st.from_regex(r"https://[a-z]{1,20}\.com/[a-z]{0,20}", fullmatch=True))


@pytest.fixture(scope="module")
def site(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Funnel]:
    """A running site."""
    with funnel_on(bundle, SQLiteStore(tmp_path_factory.mktemp("openapi") / "leads.db")) as funnel:
        yield funnel


@pytest.fixture(scope="module")
def contract(site: Funnel) -> Any:
    """What is documented of it, and asked of it."""
    document = json.dumps(describe(site.service.bundle)).encode()
    app = App(site.service)

    def documented(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/openapi.json":
            return app(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [document]

    return schemathesis.openapi.from_wsgi("/openapi.json", documented)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_handler_does_what_is_documented(contract: Any, mode: GenerationMode) -> None:
    """Whatever is sent, right or wrong: a status, a type and a body that the document names."""
    asked = 0
    for operation in (found.ok() for found in contract.get_all_operations()):
        if mode == GenerationMode.NEGATIVE and operation.method == "get":
            continue  # there is nothing to send wrongly

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            if mode == GenerationMode.POSITIVE and "Idempotency-Key" in (case.headers or {}):
                case.headers["Idempotency-Key"] = str(asked)  # each is a try of its own
            # OpenAPI cannot say that white space around an answer goes, that lengths count as in HTML, nor what a file
            # has to be called.
            unsaid = [checks.negative_data_rejection]
            if case.media_type == "multipart/form-data" or "\\ud" in json.dumps(case.body, default=str):  # surrogates
                unsaid.append(checks.positive_data_acceptance)
            case.call_and_validate(excluded_checks=unsaid)

        ask()
    assert asked > 100


def test_every_form_is_documented(run_cli: RunCli, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its fields, and which of them are required."""
    monkeypatch.setenv("LEADPAGES_BUNDLE", str(bundle))
    document = json.loads(run_cli("openapi").stdout)
    assert {path for path in document["paths"] if path.startswith("/f/")} >= {"/f/guide", "/f/newsletter"}
    sent = document["paths"]["/f/guide"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert sent["required"] == ["email"]
    assert sent["properties"]["topics"]["items"] == {"enum": ["Pages", "Mails"]}
    assert sent["properties"]["news"]["enum"] == ["yes", "on"]


def test_a_challenge_is_documented(run_cli: RunCli, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What GET gives of it, and where its solution goes."""
    monkeypatch.setenv("LEADPAGES_BUNDLE", str(bundle))
    form = json.loads(run_cli("openapi").stdout)["paths"]["/f/proof"]
    given = form["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert {"started", "challenge", "salt", "signature"} <= set(given["required"])
    for schema in form["post"]["requestBody"]["content"].values():
        assert schema["schema"]["required"] == ["email", "altcha"]
