"""Migrations that run by themselves when the database is opened.

The check costs two SELECTs. Alembic takes half a second to import, which only a database that has a past pays.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import delete, insert, inspect, select, text
from sqlalchemy.engine import Connection

from aggregator.errors import StorageError
from aggregator.store import sqlite
from aggregator.store.schema import meta, metadata
from aggregator.store.stamps import HEAD, VIEWS_STAMP, too_new
from aggregator.store.views import VIEWS, create_statement

MIGRATIONS = Path(__file__).with_name("migrations")


def bring_up_to_date(connection: Connection) -> None:
    """Make the tables, or migrate them, and make the views of this version.

    Raises:
        StorageError: the database was made by a newer version of the program.
    """
    stamps = _stamps(connection)
    connection.rollback()
    if stamps == (HEAD, VIEWS_STAMP):
        return
    revision, _ = stamps
    if revision is not None and revision > HEAD:
        raise StorageError(too_new(revision))
    with connection.begin():
        # Another process may have waited for the same lock and done the work meanwhile.
        revision, views = _stamps(connection)
        if revision != HEAD:
            _drop_views(connection)
            if revision is None:
                _make_tables(connection)
            else:
                with sqlite.renaming_tables(connection):
                    _run_alembic(connection)
            views = None
        if views != VIEWS_STAMP:
            _drop_views(connection)
            _make_views(connection)


def _stamps(connection: Connection) -> tuple[str | None, str | None]:
    """Return the revision of the tables and the stamp of the views, None where there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None, None
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    stamp = connection.execute(select(meta.c.value).where(meta.c.key == "views")).scalar()
    return revision, stamp


def _make_tables(connection: Connection) -> None:
    """Make the tables of a new database as they are today, without their history; a test compares the two ways."""
    metadata.create_all(connection)
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def _make_views(connection: Connection) -> None:
    for view in VIEWS:
        connection.exec_driver_sql(create_statement(view))
    connection.execute(delete(meta).where(meta.c.key == "views"))
    connection.execute(insert(meta), {"key": "views", "value": VIEWS_STAMP})


def _drop_views(connection: Connection) -> None:
    """Drop our views, and leave alone those that people made beside them."""
    for view in VIEWS:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {view.name}")


def _run_alembic(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - half a second that only a migration pays
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
