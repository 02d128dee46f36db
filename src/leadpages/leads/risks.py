"""What speaks against an address, and how much: a score, which refuses nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

Risk = Literal["disposable address", "no mail host"]

#: Of a hundred. To a domain without a mail host, nothing can be sent: most likely a typing error. A disposable address
#: is somebody's, for an hour.
WEIGHTS: Final[Mapping[Risk, int]] = {"disposable address": 60, "no mail host": 90}


def score(risks: Iterable[Risk]) -> int:
    """From 0, where nothing is known against an address, to 100."""
    return min(100, sum(WEIGHTS[risk] for risk in set(risks)))
