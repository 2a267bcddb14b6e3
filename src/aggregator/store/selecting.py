"""Selecting rows by a long list of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

MAX_PARAMETERS = 5000
"""Values in one IN list. SQLite allows 32,766 parameters, PostgreSQL's drivers 65,535."""


def select_in(
    connection: Connection, statement: Select[Any], column: ColumnElement[Any], values: Sequence[str]
) -> list[Row[Any]]:
    """Return the rows of `statement` in which `column` has one of `values`, asking several times if they are many."""
    rows: list[Row[Any]] = []
    for start in range(0, len(values), MAX_PARAMETERS):
        rows += connection.execute(statement.where(column.in_(values[start : start + MAX_PARAMETERS])))
    return rows
