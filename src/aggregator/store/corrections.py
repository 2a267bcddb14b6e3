"""Topics that people gave to articles."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection

from aggregator.errors import UsageError
from aggregator.store.schema import article, correction

LARGEST_ID = 2**63 - 1


class CorrectionRows:
    """Corrections, through one connection."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through `connection`."""
        self._connection = connection

    def give(self, article_id: int, topic: str | None, now: datetime) -> str:
        """Say which topic an article has, in place of what was said before; None takes that back.

        Return the article's title.

        Raises:
            UsageError: there is no such article, or nothing was said of it that could be taken back.
        """
        by_id = select(article.c.title).where(article.c.id == article_id)
        # A larger number than a database can hold is no id of any article.
        title = self._connection.execute(by_id).scalar() if abs(article_id) <= LARGEST_ID else None
        if title is None:
            raise UsageError(f"there is no article {article_id}; ids are in the view articles")
        earlier = self._connection.execute(delete(correction).where(correction.c.article_id == article_id))
        if topic is None and not earlier.rowcount:
            raise UsageError(f"article {article_id} has no correction that could be removed")
        if topic is not None:
            row = {"article_id": article_id, "topic": topic, "made_at": now}
            self._connection.execute(insert(correction), row)
        return str(title)
