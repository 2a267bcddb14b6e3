"""Opening the database: the checks, the migration, the writer's transactions and the readers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from aggregator.errors import StorageError
from aggregator.store import sqlite
from aggregator.store.migrate import bring_up_to_date


class Database:
    """The one database of an installation."""

    def __init__(self, url: str) -> None:
        """Open it, making or upgrading it where needed.

        Raises:
            StorageError: it cannot be opened, is another program's, or was made by a newer version of this one.
        """
        self.url = url
        sqlite.prepare(url)
        self._write_engine = sqlite.create_write_engine(url)
        self._read_engine = sqlite.create_read_engine(url)
        self._writing: Connection | None = None
        try:
            with storage_errors(url), self._write_engine.connect() as connection:
                bring_up_to_date(connection)
        except BaseException:
            self.close()  # the pool would keep the connection open until it is collected
            raise

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction on the one writing connection, committed when the block ends, rolled back if it raises.

        Only ever used by one thread at a time, the writer's.

        Raises:
            StorageError: the database or its disk failed.
        """
        with storage_errors(self.url):
            if self._writing is None:
                self._writing = self._write_engine.connect()
            with self._writing.begin():
                yield self._writing

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a connection that sees one state of the database and cannot change it. Any thread may have its own."""
        with storage_errors(self.url), self._read_engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close the writing connection, leaving the file tidy."""
        if self._writing is not None:
            with storage_errors(self.url):
                sqlite.tidy(self._writing)
                self._writing.close()
            self._writing = None
        # In this order: whoever closes the file last moves what is in the log into it, and a reader may not.
        self._read_engine.dispose()
        self._write_engine.dispose()


@contextmanager
def reading(url: str) -> Iterator[Connection]:
    """Open a database that is up to date, for a process that only reads; it sees one state of it.

    Raises:
        StorageError: the database or its disk failed.
    """
    engine = sqlite.create_read_engine(url)
    try:
        with storage_errors(url), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def file_of(url: str) -> Path:
    """Return the file of a database, beside which its locks are.

    Raises:
        ConfigError: this version cannot use such a database.
    """
    return sqlite.path_of(url)


@contextmanager
def storage_errors(url: str) -> Iterator[None]:
    """Turn failures of the database or its disk into `StorageError`; a violated rule or wrong SQL stays our bug."""
    try:
        yield
    except (IntegrityError, ProgrammingError):
        raise
    except DBAPIError as error:
        if sqlite.is_wrong_sql(error.orig):
            raise
        place = file_of(url)
        raise StorageError(f"the database {place} failed: {error.orig}. {_remedy(str(error.orig))}") from error


def _remedy(message: str) -> str:
    if "full" in message:
        return "The disk is full: free some space and run again; what was committed is safe."
    if "locked" in message:
        return "Another program holds it; close that, or run again later."
    if "malformed" in message or "not a database" in message:
        return "The file is damaged: restore a backup."
    if "readonly" in message or "unable to open" in message:
        return "Check the permissions of the file and its folder."
    return "Check the disk and the permissions of the file, then run again."
