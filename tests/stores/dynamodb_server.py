"""DynamoDB in a process of its own: moto's, and Amazon's for tests (DynamoDB Local)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from tests.bench.measure import free_port

from leadpages.stores.dynamodb.store import DynamoDBStore

_START_WITHIN_S: Final = 60.0
#: Credentials of nobody: without any, boto3 signs nothing.
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def serve() -> None:
    """Serve on a free port, which is printed.

    One request at a time, because moto's transactions are none between threads. To undo one, moto copies the table
    for each of its writes; as ours only put and delete whole items, one copy of its lists of items does as well.
    """
    from moto.dynamodb.models.table import Table
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    moto = DomainDispatcherApplication(create_backend_app)
    copies: dict[str, Any] = {}

    def copied(table: Any, _: object) -> Any:
        if table.name not in copies:
            copy: Any = Table.__new__(Table)
            copies[table.name] = copy
            copy.__dict__ |= table.__dict__
            copy.items = defaultdict(dict, {key: dict(items) for key, items in table.items.items()})
        return copies[table.name]

    def answer(environ: Any, start_response: Any) -> Any:
        copies.clear()
        return moto(environ, start_response)

    Table.__deepcopy__ = copied  # type: ignore[attr-defined]
    server = make_server("127.0.0.1", 0, answer, threaded=False)
    print(server.port, flush=True)
    server.serve_forever()


@contextmanager
def running() -> Iterator[str]:
    """A server, for as long as it is needed; its address."""
    program = [sys.executable, "-c", "from tests.stores.dynamodb_server import serve; serve()"]
    environment = {**os.environ, **ENVIRONMENT}
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


@contextmanager
def running_local() -> Iterator[str]:
    """DynamoDB Local, which keeps all in memory, for as long as it is needed; its address."""
    folder = Path(sys.prefix, "dynamodb-local")
    if not (folder / "DynamoDBLocal.jar").exists():
        pytest.fail(f"there is no DynamoDB Local in {folder}: run `make .venv/dynamodb-local`")
    port = free_port()
    options = ("-jar", "DynamoDBLocal.jar", "-inMemory", "-disableTelemetry", "-port", str(port))
    command = ["java", "-Djava.library.path=DynamoDBLocal_lib", *options]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            give_up = time.monotonic() + _START_WITHIN_S
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > give_up:
                    pytest.fail(f"DynamoDB Local did not start: {' '.join(command)}")
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def new_table(endpoint: str) -> str:
    """The URL of a table of its own, with the schema of this version."""
    url = f"dynamodb://leads-{uuid4().hex}?region=eu-central-1&endpoint={endpoint}"
    DynamoDBStore.migrate(url)
    return url
