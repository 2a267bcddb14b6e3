"""Articles to learn topics from, and to measure them on."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from aggregator.records import TopicExample
from aggregator.store.analyses import CATEGORY, read_tags
from aggregator.store.schema import analysis, article, correction
from aggregator.store.selecting import one_of_many, select_in

MOST_EXAMPLES = 20_000
"""Articles that a model is trained on: more take longer and, beyond some thousands, teach little."""

TEXT_CHARS = 5_000
"""As much of a text as an analysis reads."""


class ExampleRows:
    """Examples, through one connection."""

    def __init__(self, connection: Connection) -> None:
        """Read through `connection`."""
        self._connection = connection

    def of_language(self, language: str, limit: int = MOST_EXAMPLES) -> list[TopicExample]:
        """Return the articles in `language` that were analysed last, at most `limit`, and all that were corrected.

        They come in the order of their ids.
        """
        newest = select(analysis.c.article_id).where(analysis.c.language == language).order_by(analysis.c.id.desc())
        corrected = (
            select(correction.c.article_id)
            .join(analysis, analysis.c.article_id == correction.c.article_id)
            .where(analysis.c.language == language)
        )
        wanted = set(self._connection.execute(newest.limit(limit)).scalars())
        wanted |= set(self._connection.execute(corrected).scalars())
        rows = select_in(self._connection, _EXAMPLES, sorted(wanted))
        return [
            TopicExample(
                row.id, row.feed_id, row.title, row.text, row.category, read_tags(row.tags), row.url, row.topic
            )
            for row in sorted(rows, key=lambda row: row.id)
        ]


_EXAMPLES = (
    select(
        *(
            article.c.id,
            article.c.feed_id,
            article.c.title,
            func.substr(article.c.summary, 1, TEXT_CHARS).label("text"),
        ),
        *(CATEGORY.label("category"), article.c.tags, article.c.url, correction.c.topic),
    )
    .outerjoin(correction, correction.c.article_id == article.c.id)
    .where(article.c.id.in_(one_of_many()))
)
