"""SQLite itself: the one that `leadpages[sqlite]` brings, or Python's own, which is as old as its system.

All of a process has to take it from here. Two libraries that have the same file open drop each other's locks
(https://sqlite.org/howtocorrupt.html, 2.2.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
else:
    try:
        import pysqlite3 as sqlite3
    except ImportError:
        import sqlite3
    else:
        if sqlite3.sqlite_version_info < (3, 51, 3):  # another package's, and no better
            import sqlite3

__all__ = ["sqlite3"]
