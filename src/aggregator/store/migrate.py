"""Migrations that run by themselves when the database is opened.

The check costs one SELECT and no import of Alembic, which takes half a second; only a database that needs work pays it.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from aggregator import __version__
from aggregator.errors import StorageError
from aggregator.store.views import VIEWS, create_statement

HEAD = "0001"
"""The newest revision in `migrations/versions`; a test holds the two together."""

MIGRATIONS = Path(__file__).with_name("migrations")


def bring_up_to_date(connection: Connection) -> None:
    """Make the tables, or migrate them, and make the views of this version.

    Raises:
        StorageError: the database was made by a newer version of the program.
    """
    revision = current_revision(connection)
    connection.rollback()
    if revision == HEAD:
        return
    if revision is not None and revision > HEAD:
        raise StorageError(
            f"the database was made by a newer version of aggregator (schema {revision}, this is {__version__} with "
            f"schema {HEAD}); upgrade the program, or restore a backup made before"
        )
    with connection.begin():
        # Another process may have waited for the same lock and done the work meanwhile.
        if current_revision(connection) == HEAD:
            return
        _drop_views(connection)
        _run_alembic(connection)
        for view in VIEWS:
            connection.exec_driver_sql(create_statement(view))


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the database, or None if it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _drop_views(connection: Connection) -> None:
    for name in inspect(connection).get_view_names():
        connection.exec_driver_sql(f'DROP VIEW "{name}"')


def _run_alembic(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - half a second that only a migration pays
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
