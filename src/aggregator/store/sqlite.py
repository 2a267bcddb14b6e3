"""All that is particular to SQLite. Another dialect gets a module with the same functions, and nothing else changes."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aggregator.errors import ConfigError, StorageError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import Connection

APPLICATION_ID = 0x4E657773
"""Written into the header of our database files ("News"), so that another program's file is not taken for ours."""

BUSY_TIMEOUT_S = 30.0
"""`fetch` and `analyze` may overlap; each holds the write lock for the length of one short transaction."""

FEWEST_PAGES_OF_STATISTICS = 4096
"""16 MB, some thousand articles: without statistics SQLite prefers the longest index, which suits ours."""

KEPT_CONNECTIONS = 4
"""Connections that stay open for whoever reads next."""

_NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs"}
)

_URL_PREFIX = "sqlite:///"


def path_of(url: str) -> Path:
    """Return the file that a `sqlite:///` URL names.

    Raises:
        ConfigError: it is another kind of URL.
    """
    if not url.startswith(_URL_PREFIX):
        # The rest of the URL may hold a password.
        raise ConfigError(f"[store] url: {url.partition(':')[0]} is not supported by this version, only sqlite:///path")
    return Path(url.removeprefix(_URL_PREFIX))


def prepare(url: str) -> None:
    """Make sure that the file can be ours: its folder exists, on a local disk, and what lies there is our database.

    Raises:
        StorageError: it cannot be; the text names the file and the remedy.
    """
    path = path_of(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"the folder {path.parent} cannot be made: {error.strerror}") from error
    if not os.access(path.parent, os.W_OK):
        raise StorageError(f"the folder {path.parent} cannot be written to; SQLite keeps its journal there")
    _refuse_network_drive(path.parent)
    if path.exists() and path.stat().st_size > 0:
        _refuse_foreign_file(path)


def create_write_engine(url: str) -> Engine:
    """Return an engine for the one writer: WAL, durable commits, foreign keys, `BEGIN IMMEDIATE`."""
    return _create_engine(url, read_only=False)


def create_read_engine(url: str) -> Engine:
    """Return an engine whose connections cannot change anything."""
    return _create_engine(url, read_only=True)


def open_read_only(url: str) -> sqlite3.Connection:
    """Return a plain connection that can only read, for people's own SQL: not even ATTACH can write a file.

    Raises:
        UsageError: there is no database yet.
        StorageError: the file is not ours.
    """
    path = path_of(url)
    if not path.exists():
        raise UsageError(f"there is no database at {path} yet; “aggregator run” makes it")
    _refuse_foreign_file(path)
    connection = sqlite3.connect(_as_uri(path, "ro"), uri=True, timeout=BUSY_TIMEOUT_S)
    connection.execute("PRAGMA query_only = ON")
    with suppress(sqlite3.DatabaseError):
        # At its first use a table-valued function declares a table, which nobody may do once the authorizer is there.
        connection.execute("SELECT 1 FROM json_each('[]'), json_tree('[]'), pragma_table_info('articles')")
    connection.set_authorizer(_allow_only_reading)
    return connection


def tidy(connection: Connection) -> None:
    """Let the query planner refresh its statistics; cheap when there is nothing to do.

    Not of a small database: what SQLite learns from five articles ("any index finds one row") makes it read whole
    tables when there are thousands, and it does not notice before the next time.
    """
    with connection.begin():
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        if pages is None or pages < FEWEST_PAGES_OF_STATISTICS:
            return
        connection.exec_driver_sql("PRAGMA optimize")


@contextmanager
def renaming_tables(connection: Connection) -> Iterator[None]:
    """Let tables be made anew within the block while views of people's own read what is not there just now.

    Without it SQLite refuses to give a table its name back as long as any view in the file cannot be understood.
    """
    connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA legacy_alter_table = OFF")


def is_wrong_sql(error: BaseException | None) -> bool:
    """Return whether SQLite blames the statement: its driver has one exception for that and for a failing disk."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR


def _as_uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path))}?mode={mode}"


def _create_engine(url: str, *, read_only: bool) -> Engine:
    # A third of a second, which commands that only read do not pay.
    from sqlalchemy import create_engine, event  # noqa: PLC0415
    from sqlalchemy.pool import QueuePool  # noqa: PLC0415

    path = path_of(url)

    def connect() -> sqlite3.Connection:
        # isolation_level None: SQLAlchemy's BEGIN below is then the only one, where the driver would start late.
        return sqlite3.connect(
            _as_uri(path, "ro" if read_only else "rwc"),
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )

    # A new connection reads the schema before its first statement, which takes longer than most statements. But each
    # has a cache of pages, so only few are kept; nobody ever waits for one.
    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=KEPT_CONNECTIONS,
        max_overflow=-1,
        pool_use_lifo=True,
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        if read_only:
            connection.execute("PRAGMA query_only = ON")
            return
        if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
            # The first thing written, and before WAL: whoever looks at the file, or finds it after a crash, sees ours.
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: a claim must survive a power cut, or a server would be asked twice.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _refuse_foreign_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error
    if not header.startswith(b"SQLite format 3\0"):
        raise StorageError(f"{path} is not a database; move it away, or set [store] url to another file")
    if len(header) < 72 or int.from_bytes(header[68:72], "big") != APPLICATION_ID:  # noqa: PLR2004 - file format
        raise StorageError(
            f"{path} is a database of another program, which is left alone; set [store] url to another file"
        )


def _refuse_network_drive(folder: Path) -> None:
    """WAL needs shared memory between processes, which network file systems do not give: databases get damaged."""
    kind = _file_system(folder.resolve())
    if kind in _NETWORK_FILE_SYSTEMS:
        raise StorageError(
            f"{folder} is on a network drive ({kind}), where SQLite's write-ahead log cannot work safely; "
            "set [store] url to a file on a local disk"
        )


def _file_system(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> str | None:
    """Return the type of the file system that holds `folder`, or None where the system does not tell."""
    if sys.platform != "linux":
        return None
    try:
        lines = mounts.read_bytes().splitlines()
    except OSError:
        return None
    best, kind = -1, None
    for line in lines:
        _, raw_point, this_kind, *_ = line.split(b" ")
        # The kernel writes a blank in a name as \040, and other bytes as they are.
        point = Path(os.fsdecode(re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), raw_point)))
        if folder.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), os.fsdecode(this_kind)
    return kind


_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})


def _allow_only_reading(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """SQLite asks this before it runs any statement, so what is refused does not depend on how the text looks."""
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in ("load_extension", "writefile", "edit"):
        return sqlite3.SQLITE_DENY
    if action in _READING:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and first in ("table_info", "table_xinfo", "table_list"):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY
