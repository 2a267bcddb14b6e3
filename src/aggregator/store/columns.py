"""What every table is made of: the metadata that holds them together, the type of times, keys and references."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Dialect, ForeignKey, Integer, MetaData, String
from sqlalchemy.types import TypeDecorator


class UtcText(TypeDecorator[datetime]):
    """An aware datetime, kept as UTC text to the second."""

    impl = String(19)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write the time as text."""
        return None if value is None else time_text(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read the text as a time."""
        return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


def time_text(moment: datetime) -> str:
    """Return an aware time as the database keeps it; years before 1000 are padded, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(sep=" ", timespec="seconds")[:19]


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def key_column(comment: str = "key") -> Column[int]:
    """Return the column `id`."""
    return Column("id", Integer, primary_key=True, comment=comment)


def reference(target: str, comment: str, *, name: str = "", **options: Any) -> Column[int]:
    """Return a column that refers to the row `id` of the table `target`; not empty unless `options` say so."""
    options.setdefault("nullable", False)
    return Column(name or f"{target}_id", Integer, ForeignKey(f"{target}.id"), comment=comment, **options)
