"""Analyses in the database: which articles still lack one by the present method, and what it said."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, exists, insert, not_, or_, select, update
from sqlalchemy.engine import Connection

from aggregator.records import ArticleAnalysis, ArticleJob, ModelId
from aggregator.store.schema import analysis, article, feed, label, model, quarantine_item


class AnalysisRows:
    """Analyses, labels and models, through one connection."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through `connection`."""
        self._connection = connection

    def model_id(self, method: ModelId, now: datetime) -> int:
        """Return the id of `method`, making its row at its first use."""
        found = self._connection.execute(
            select(model.c.id).where(
                model.c.kind == method.kind, model.c.name == method.name, model.c.version == method.version
            )
        ).scalar()
        if found is not None:
            return int(found)
        row = {"kind": method.kind, "name": method.name, "version": method.version, "created_at": now}
        return int(self._connection.execute(insert(model).returning(model.c.id), row).scalar_one())

    def pending(self, model_id: int, limit: int, excluding: Collection[int] = ()) -> list[ArticleJob]:
        """Return at most `limit` articles whose present text `model_id` has not analysed and that harmed nobody.

        Articles without any analysis come first, then those with one by another method. Two questions rather than one
        with OR, because each has its own index: asked ten times a second, they must not read the whole table.
        """
        by_another = or_(analysis.c.model_id < model_id, analysis.c.model_id > model_id)
        jobs: list[ArticleJob] = []
        for question in (
            _JOBS.where(article.c.analysis_id.is_(None)),
            _JOBS.join(analysis, analysis.c.id == article.c.analysis_id).where(by_another),
        ):
            if len(jobs) < limit:
                chosen = question.where(article.c.id.not_in(excluding)).limit(limit - len(jobs))
                jobs += [ArticleJob(*row) for row in self._connection.execute(chosen)]
        return jobs

    def record(self, results: Sequence[ArticleAnalysis], model_id: int, now: datetime) -> None:
        """Keep what the text of articles told, in place of what was said before.

        An article that was edited while it was analysed stays pending.
        """
        for result in results:
            self._record_one(result, model_id, now)

    def _record_one(self, result: ArticleAnalysis, model_id: int, now: datetime) -> None:
        of_article = article.c.id == result.article_id
        self._connection.execute(update(article).where(of_article).values(analysis_id=None))
        self._connection.execute(delete(analysis).where(analysis.c.article_id == result.article_id))
        row = {
            "article_id": result.article_id,
            "model_id": model_id,
            "input_hash": result.input_hash,
            "language": result.language,
            "language_score": result.language_score,
            "analyzed_at": now,
        }
        analysis_id = self._connection.execute(insert(analysis).returning(analysis.c.id), row).scalar_one()
        if result.topic is not None:
            topic = {"analysis_id": analysis_id, "rank": 1, "topic": result.topic, "score": result.topic_score}
            self._connection.execute(insert(label), topic)
        unedited = article.c.content_hash == result.input_hash
        self._connection.execute(update(article).where(of_article, unedited).values(analysis_id=analysis_id))


_QUARANTINED = exists().where(
    quarantine_item.c.kind == "article",
    quarantine_item.c.item_id == article.c.id,
    quarantine_item.c.input_hash == article.c.content_hash,
)

_JOBS = (
    select(
        article.c.id,
        article.c.content_hash,
        article.c.title,
        article.c.summary,
        article.c.declared_language,
        feed.c.category,
    )
    .join(feed, feed.c.id == article.c.feed_id)
    .where(not_(_QUARANTINED))
    .order_by(article.c.id)
)
