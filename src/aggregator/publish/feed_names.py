"""What feeds call themselves, and where their sites are."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass

from aggregator.errors import StorageError, UsageError
from aggregator.store.reading import open_read_only


@dataclass(frozen=True, slots=True)
class FeedName:
    """The title that a feed gives itself, and the address of its site."""

    url: str
    title: str
    site_url: str | None


def feed_names(database_url: str) -> list[FeedName]:
    """Return the names of all feeds; none before the first fetch.

    Raises:
        StorageError: the database cannot be read.
    """
    try:
        connection = open_read_only(database_url)
    except UsageError:
        return []
    with closing(connection):
        try:
            rows = connection.execute("SELECT url, COALESCE(title, ''), site_url FROM feed").fetchall()
        except sqlite3.DatabaseError as error:
            raise StorageError(f"the database cannot be read: {error}") from error
    return [FeedName(*row) for row in rows]
