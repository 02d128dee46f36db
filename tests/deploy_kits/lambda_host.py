"""A Lambda of the tests' own: AWS's runtime client runs the function, and gets its events from a small Runtime API.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any
from uuid import uuid4

_ANSWER_WITHIN_S = 15.0
Answer = dict[str, Any]


class LambdaHost:
    """Hands events to the function, and takes its answers."""

    def __init__(self) -> None:
        self.events: Queue[tuple[Answer, float]] = Queue()
        self.answers: Queue[tuple[str, Answer]] = Queue()

    def invoke(self, event: Answer, seconds: float = 60) -> Answer:
        """What the function answers to `event`, for which it has that many seconds."""
        self.events.put((event, seconds))
        kind, answer = self.answers.get(timeout=_ANSWER_WITHIN_S)
        assert kind == "response", answer
        return answer


def _api(host: LambdaHost) -> type[BaseHTTPRequestHandler]:
    class API(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """`/2018-06-01/runtime/invocation/next`."""
            event, seconds = host.events.get()
            self._reply(
                json.dumps(event).encode(),
                {
                    "Lambda-Runtime-Aws-Request-Id": str(uuid4()),
                    "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:123456789012:function:leads",
                    "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
                    "Content-Type": "application/json",
                },
            )

        def do_POST(self) -> None:
            """`…/invocation/ID/response`, `…/invocation/ID/error` and `…/init/error`."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            host.answers.put((self.path.rpartition("/")[2], json.loads(body)))
            self._reply(b"{}", {}, 202)

        def _reply(self, body: bytes, headers: Mapping[str, str], status: int = 200) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    return API


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A function that is ended hangs up in the middle of things."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def lambda_host(python: Path, function: Path, handler: str, env: Mapping[str, str]) -> Iterator[LambdaHost]:
    """The unpacked `function`, run by a `python` that has awslambdaric."""
    host = LambdaHost()
    server = _Server(("127.0.0.1", 0), _api(host))
    thread = Thread(target=server.serve_forever)
    thread.start()
    given = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "leads",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/leads",
        "AWS_LAMBDA_LOG_STREAM_NAME": "1",
        "LAMBDA_TASK_ROOT": str(function),
        "PYTHONPATH": str(function),
    }
    process = subprocess.Popen([python, "-m", "awslambdaric", handler], cwd=function, env={**given, **env})
    try:
        yield host
    finally:
        process.kill()
        process.wait()
        server.shutdown()
        thread.join()
        server.server_close()
