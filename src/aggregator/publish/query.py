"""People's own SQL, on a connection that cannot change anything."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from aggregator.errors import StorageError, UsageError
from aggregator.store.reading import open_read_only


@contextmanager
def run_query(database_url: str, sql: str) -> Iterator[tuple[Sequence[str], Iterable[Sequence[Any]]]]:
    """Run one statement; yield the names of its columns, and its rows as they are read.

    Raises:
        UsageError: the statement is wrong, or would do more than read.
        StorageError: there is no database, or it cannot be read.
    """
    connection = open_read_only(database_url)
    try:
        cursor = connection.execute(sql)
        if cursor.description is None:
            raise UsageError("the statement gives no rows; ask with SELECT")
        yield [column[0] for column in cursor.description], cursor
    except (sqlite3.DatabaseError, sqlite3.Warning) as error:
        raise _explained(error) from error
    finally:
        connection.close()


def _explained(error: Exception) -> UsageError | StorageError:
    message = str(error)
    if "not authorized" in message or "prohibited" in message or "readonly" in message:
        return UsageError("this would do more than read, and “aggregator query” only reads")
    if "malformed" in message or "not a database" in message or "disk I/O" in message:
        return StorageError(f"the database cannot be read: {message}; restore a backup")
    return UsageError(
        f"SQL: {message}. The views are articles, sightings, revisions, stories, images, labels, feeds, fetches, runs "
        "and quarantine; docs/schema.md tells their columns"
    )
