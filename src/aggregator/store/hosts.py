"""Hosts in the database: what they taught."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection

from aggregator.records import HostLesson
from aggregator.store.schema import host


class HostRows:
    """Hosts, through one connection."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through `connection`."""
        self._connection = connection

    def lessons(self) -> list[HostLesson]:
        """Return what is known of all hosts that taught something."""
        return [
            HostLesson(row.name, row.rests_until, row.strikes, row.spacing_s, row.reason, row.learned_at)
            for row in self._connection.execute(select(host))
        ]

    def learn(self, lesson: HostLesson) -> None:
        """Keep a lesson in the place of an earlier one of the same host."""
        values = asdict(lesson)
        values["name"] = values.pop("host")
        self._connection.execute(delete(host).where(host.c.name == lesson.host))
        self._connection.execute(insert(host), values)
