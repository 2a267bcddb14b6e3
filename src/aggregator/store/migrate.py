"""Migrations that run by themselves when the database is opened.

The check costs two SELECTs. Alembic takes half a second to import, which only a database that needs work pays.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from sqlalchemy import delete, insert, inspect, select, text
from sqlalchemy.engine import Connection

from aggregator import __version__
from aggregator.errors import StorageError
from aggregator.store.schema import meta
from aggregator.store.views import VIEWS, create_statement

HEAD = "0001"
"""The newest revision in `migrations/versions`; a test holds the two together."""

MIGRATIONS = Path(__file__).with_name("migrations")


VIEWS_STAMP = hashlib.sha256("".join(map(create_statement, VIEWS)).encode()).hexdigest()[:16]
"""What the views of this version are, in a word: another word in the database means that they are made again."""


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
        raise StorageError(
            f"the database was made by a newer version of aggregator (schema {revision}, this is {__version__} with "
            f"schema {HEAD}); upgrade the program, or restore a backup made before"
        )
    with connection.begin():
        # Another process may have waited for the same lock and done the work meanwhile.
        revision, views = _stamps(connection)
        if revision != HEAD:
            _drop_views(connection)
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
