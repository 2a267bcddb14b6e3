"""Analyses in the database: which articles still lack one by the present method, and what it said."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, func, insert, not_, or_, select, update
from sqlalchemy.engine import Connection

from aggregator.records import ArticleAnalysis, ArticleJob, ModelId
from aggregator.store.schema import analysis, article, feed, label, model, quarantine_item, sighting


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
            _JOBS.where(article.c.analysis_id.in_(select(analysis.c.id).where(by_another))),
        ):
            if len(jobs) < limit:
                chosen = question.where(article.c.id.not_in(excluding)).limit(limit - len(jobs))
                jobs += [ArticleJob(*row) for row in self._connection.execute(chosen)]
        return jobs

    def record(self, results: Sequence[ArticleAnalysis], model_id: int, now: datetime) -> None:
        """Keep what the text of articles told, in place of what was said before.

        An article that was edited, or got another category, while it was analysed stays pending.
        """
        if not results:
            return
        articles = [{"article": result.article_id} for result in results]
        self._connection.execute(_FORGET_POINTER, articles)
        self._connection.execute(_FORGET_ANALYSIS, articles)
        rows = [
            {
                "article_id": result.article_id,
                "model_id": model_id,
                "input_hash": result.input_hash,
                "language": result.language,
                "language_score": result.language_score,
                "analyzed_at": now,
            }
            for result in results
        ]
        added = insert(analysis).returning(analysis.c.id, sort_by_parameter_order=True)
        pairs = list(zip(self._connection.execute(added, rows).scalars(), results, strict=True))
        labels = [
            {"analysis_id": number, "rank": 1, "topic": result.topic, "score": result.topic_score}
            for number, result in pairs
            if result.topic is not None
        ]
        if labels:
            self._connection.execute(insert(label), labels)
        pointers = [{"article": one.article_id, "input": one.input_hash, "analysis": number} for number, one in pairs]
        self._connection.execute(_POINT, pointers)


_CATEGORY = (
    # Of several feeds with a category the first in the alphabet counts, not the one that happened to be first.
    select(func.min(feed.c.category))
    .join(sighting, sighting.c.feed_id == feed.c.id)
    .where(sighting.c.article_id == article.c.id)
    .correlate(article)
    .scalar_subquery()
)

_INPUT = article.c.content_hash.concat(" ").concat(func.coalesce(_CATEGORY, ""))
"""All that an analysis depends on, as it is now; one made of anything else does not count."""

_IS_OUTDATED = exists().where(analysis.c.id == article.c.analysis_id, analysis.c.input_hash != _INPUT)

FORGET_OUTDATED = update(article).where(article.c.id == bindparam("row"), _IS_OUTDATED).values(analysis_id=None)
"""Makes the article `row` pending again if another category speaks for it now than when it was analysed."""

FORGET_OUTDATED_OF_FEED = (
    update(article)
    .where(article.c.id.in_(select(sighting.c.article_id).where(sighting.c.feed_id == bindparam("of_feed"))))
    .where(_IS_OUTDATED)
    .values(analysis_id=None)
)
"""The same for all articles that the feed `of_feed` has."""

_FORGET_POINTER = update(article).where(article.c.id == bindparam("article")).values(analysis_id=None)
_FORGET_ANALYSIS = delete(analysis).where(analysis.c.article_id == bindparam("article"))
_POINT = (
    update(article)
    .where(article.c.id == bindparam("article"), bindparam("input") == _INPUT)
    .values(analysis_id=bindparam("analysis"))
)

_QUARANTINED = exists().where(
    quarantine_item.c.kind == "article",
    quarantine_item.c.item_id == article.c.id,
    quarantine_item.c.input_hash == _INPUT,
)

_JOBS = (
    select(article.c.id, _INPUT, article.c.title, article.c.summary, article.c.declared_language, _CATEGORY)
    .where(not_(_QUARANTINED))
    .order_by(article.c.id)
)
