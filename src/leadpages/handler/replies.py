"""JSON replies."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
