"""Selecting rows by a long list of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, Row, Select, bindparam
from sqlalchemy.engine import Connection

MAX_PARAMETERS = 5000
"""Values in one IN list. SQLite allows 32,766 parameters, PostgreSQL's drivers 65,535."""


def one_of_many() -> BindParameter[Any]:
    """Return what to write after IN in a statement for `select_in`, which is built once and used often."""
    return bindparam("one_of_many", expanding=True)


def select_in(
    connection: Connection, statement: Select[Any], values: Sequence[str] | Sequence[int], **parameters: object
) -> list[Row[Any]]:
    """Return the rows of `statement` for `values`, in place of its `one_of_many`, asking several times if need be."""
    rows: list[Row[Any]] = []
    for start in range(0, len(values), MAX_PARAMETERS):
        part = {"one_of_many": values[start : start + MAX_PARAMETERS], **parameters}
        rows += connection.execute(statement, part)
    return rows
