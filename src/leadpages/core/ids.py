"""Names for what is new."""

from __future__ import annotations

import os
import random
import time


def new_id() -> str:
    """48 bits of the time in milliseconds and 80 random ones, as 32 hexadecimal digits.

    Nobody guesses one, no two are the same, and they come in the order of time as those of UUIDs 7 do (RFC 9562,
    5.7): what is new stands together at the end of a database's index, in a few pages that are written anew.
    """
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"


def new_request_id() -> str:
    """64 random bits as 16 hexadecimal digits, to tell replies apart and for nothing else."""
    return f"{random.getrandbits(64):016x}"
