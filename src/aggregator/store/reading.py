"""Opening the database for people who only read, without loading what the writer needs."""

from __future__ import annotations

import sqlite3

from aggregator.store import sqlite


def open_read_only(url: str) -> sqlite3.Connection:
    """Return a plain connection that can read the views and change nothing. The dialect is chosen here.

    Raises:
        UsageError: there is no database yet.
        StorageError: what is there is not ours.
    """
    return sqlite.open_read_only(url)
