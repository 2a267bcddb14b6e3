"""People's own SQL, on a connection that cannot change anything."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from aggregator.errors import StorageError, UsageError
from aggregator.store.reading import is_current, open_read_only
from aggregator.store.views import VIEWS

CPU_LIMIT_S = 600.0
"""CPU time of one query; the time that a reader of its output takes does not count."""

_STEPS_BETWEEN_LOOKS = 100_000
"""About a millisecond of SQLite's work. In between it heeds neither the limit nor Ctrl-C."""

_PRIMARY_CODE = 0xFF
_FAILURES = {
    sqlite3.SQLITE_BUSY: "another program holds it; run again later",
    sqlite3.SQLITE_READONLY: "check the permissions of the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "check the permissions of the file and its folder",
    sqlite3.SQLITE_IOERR: "check the disk",
    sqlite3.SQLITE_CORRUPT: "restore a backup",
    sqlite3.SQLITE_NOTADB: "restore a backup",
}


@contextmanager
def run_query(
    database_url: str, sql: str, cpu_limit_s: float = CPU_LIMIT_S
) -> Iterator[tuple[Sequence[str], Iterable[Sequence[Any]]]]:
    """Run one statement; yield the names of its columns, and its rows as they are read.

    Raises:
        UsageError: the statement is wrong, would do more than read, or computes for longer than `cpu_limit_s`.
        UsageError: there is no database yet.
        StorageError: it cannot be read.
    """
    connection = open_read_only(database_url)
    deadline = time.process_time() + cpu_limit_s
    connection.set_progress_handler(lambda: time.process_time() > deadline, _STEPS_BETWEEN_LOOKS)
    try:
        cursor = connection.execute(_as_text(sql))
        if cursor.description is None:
            raise UsageError("the statement gives no rows; ask with SELECT")
        yield [column[0] for column in cursor.description], cursor
    except (sqlite3.DatabaseError, sqlite3.Warning) as error:
        if _code(error) == sqlite3.SQLITE_INTERRUPT and time.process_time() <= deadline:
            # Ctrl-C came while SQLite asked for the time; it ends the query and keeps the exception to itself.
            raise KeyboardInterrupt from error
        raise _explained(error, connection, cpu_limit_s) from error
    finally:
        connection.close()


def _as_text(sql: str) -> str:
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise UsageError("the statement is not text in UTF-8") from error
    return sql


def _code(error: Exception) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY_CODE


def _explained(error: Exception, connection: sqlite3.Connection, cpu_limit_s: float) -> UsageError | StorageError:
    message, code = str(error), _code(error)
    if code == sqlite3.SQLITE_INTERRUPT:
        return UsageError(
            f"the query computed for more than {cpu_limit_s:g} seconds; ask for less, with WHERE or LIMIT"
        )
    if code in _FAILURES:
        return StorageError(f"the database cannot be read: {message}; {_FAILURES[code]}")
    if "authoriz" in message or "prohibited" in message:
        return UsageError("this would do more than read, and “aggregator query” only reads")
    return UsageError(f"SQL: {message}. {_hint(connection)}")


_VIEWS = f"The views are {', '.join(view.name for view in VIEWS[:-1])} and {VIEWS[-1].name}"


def _hint(connection: sqlite3.Connection) -> str:
    """Return what helps somebody whose SQL names what is not there."""
    connection.set_progress_handler(None, 0)
    with suppress(sqlite3.DatabaseError):
        if not is_current(connection):
            return "The database is of another version of aggregator; “aggregator run” brings an older one up to date"
    return f"{_VIEWS}; docs/schema.md tells their columns"
