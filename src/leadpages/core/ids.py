"""Names for what is new."""

from __future__ import annotations

import os


def new_id() -> str:
    """128 random bits as 32 hexadecimal digits: nobody guesses one, and no two are the same."""
    return os.urandom(16).hex()
