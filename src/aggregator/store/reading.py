"""Opening the database for people who only read, without loading what the writer needs."""

from __future__ import annotations

import sqlite3

from aggregator.errors import StorageError, UsageError
from aggregator.store import sqlite
from aggregator.store.stamps import HEAD, VIEWS_STAMP, too_new


def open_read_only(url: str) -> sqlite3.Connection:
    """Return a plain connection that can read the views and change nothing. The dialect is chosen here.

    The views may be those of an older version: a reader cannot bring them up to date.

    Raises:
        UsageError: there is no database yet.
        StorageError: what is there is not ours.
    """
    return sqlite.open_read_only(url)


def require_current(connection: sqlite3.Connection) -> None:
    """Make sure that tables and views are those of this version.

    Raises:
        UsageError: they are older, or were never finished; the text says what to type.
        StorageError: they are newer.
    """
    revision, views = _stamps(connection)
    if revision is not None and revision > HEAD:
        raise StorageError(too_new(revision))
    if (revision, views) != (HEAD, VIEWS_STAMP):
        raise UsageError(
            "the database is not up to date with this version of aggregator; “aggregator run” makes it so first, "
            "and keeps all that is in it"
        )


def is_current(connection: sqlite3.Connection) -> bool:
    """Tell whether tables and views are those of this version."""
    return _stamps(connection) == (HEAD, VIEWS_STAMP)


def _stamps(connection: sqlite3.Connection) -> tuple[str | None, str | None]:
    """Return the revision of the tables and the stamp of the views, None where there are none."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()}
    if not {"alembic_version", "meta"} <= tables:
        return None, None
    revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    stamp = connection.execute("SELECT value FROM meta WHERE key = 'views'").fetchone()
    return (revision and revision[0]), (stamp and stamp[0])
