"""JSON replies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.wrappers import Response


def json_reply(data: Mapping[str, Any], status: int = 200) -> Response:
    """`data` as JSON that no cache keeps."""
    return Response(
        json.dumps(data, ensure_ascii=False) + "\n",
        status,
        {"Cache-Control": "no-store"},
        mimetype="application/json",
    )


def error_reply(status: int, code: str, errors: Sequence[Mapping[str, str]], request_id: str) -> Response:
    """What programs are told of every fault: each of `errors` has a code, a message and perhaps a field."""
    return json_reply({"error": code, "errors": errors, "request_id": request_id}, status)
