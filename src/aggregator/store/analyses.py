"""Analyses in the database: which articles still lack one by the present method, and what it said."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, exists, func, insert, not_, select, update
from sqlalchemy.engine import Connection

from aggregator.records import ArticleAnalysis, ArticleJob
from aggregator.store.schema import analysis, article, feed, label, meta, quarantine_item, sighting


class AnalysisRows:
    """Analyses and labels, through one connection."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through `connection`."""
        self._connection = connection

    def pending(self, limit: int, models: str, excluding: Collection[int] = ()) -> list[ArticleJob]:
        """Return at most `limit` articles whose present text nobody has analysed and that harmed nobody.

        `models` is put into the jobs. Asked ten times a second, this must not read the whole table.
        """
        question = _JOBS.where(article.c.analysis_id.is_(None), article.c.id.not_in(excluding)).limit(limit)
        return [_job(row, models) for row in self._connection.execute(question)]

    def labelled_otherwise(
        self, in_use: Collection[int], after: int, limit: int, models: str, excluding: Collection[int] = ()
    ) -> tuple[list[ArticleJob], int | None]:
        """Return at most `limit` articles with ids above `after` that a model labelled which is not `in_use` any more.

        With them comes the id after which to go on, or None where there are no more. Old articles are passed over by
        starting at a high id: see `last_before`.
        """
        numbers = (
            select(article.c.id)
            .join(analysis, analysis.c.id == article.c.analysis_id)
            .where(article.c.id > after, analysis.c.model_id.not_in(in_use))
            .order_by(article.c.id)
            .limit(limit)
        )
        found = list(self._connection.execute(numbers).scalars())
        if not found:
            return [], None
        question = _JOBS.where(article.c.id.in_(found), article.c.id.not_in(excluding))
        return [_job(row, models) for row in self._connection.execute(question)], found[-1]

    def last_before(self, moment: datetime) -> int:
        """Return the id of the last article that was first seen before `moment`, 0 if there is none.

        Ids are given in the order of arrival, so this looks at no more rows than came after it.
        """
        statement = select(article.c.id).where(article.c.first_seen_at < moment).order_by(article.c.id.desc()).limit(1)
        return int(self._connection.execute(statement).scalar() or 0)

    def mark_unsure(self, below: float) -> None:
        """Mark the labels that score lower than `below` as unsure, and no others. Costs nothing while that stays."""
        known = self._connection.execute(select(meta.c.value).where(meta.c.key == _UNSURE_BELOW)).scalar()
        if known == str(below):
            return
        self._connection.execute(_MARK_UNSURE, {"threshold": below})
        self._connection.execute(delete(meta).where(meta.c.key == _UNSURE_BELOW))
        self._connection.execute(insert(meta), {"key": _UNSURE_BELOW, "value": str(below)})

    def record(self, results: Sequence[ArticleAnalysis], now: datetime) -> None:
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
                "model_id": result.model_id,
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
            {
                "analysis_id": number,
                "rank": rank,
                "topic": one.topic,
                "score": one.score,
                "is_unsure": rank == 1 and result.is_unsure,
            }
            for number, result in pairs
            for rank, one in enumerate(result.topics, start=1)
        ]
        if labels:
            self._connection.execute(insert(label), labels)
        pointers = [{"article": one.article_id, "input": one.input_hash, "analysis": number} for number, one in pairs]
        self._connection.execute(_POINT, pointers)


_UNSURE_BELOW = "unsure below"
_IS_UNSURE = and_(label.c.rank == 1, label.c.score < bindparam("threshold"))
_MARK_UNSURE = update(label).where(label.c.is_unsure != _IS_UNSURE).values(is_unsure=_IS_UNSURE)

CATEGORY = (
    # Of several feeds with a category the first in the alphabet counts, not the one that happened to be first.
    select(func.min(feed.c.category))
    .join(sighting, sighting.c.feed_id == feed.c.id)
    .where(sighting.c.article_id == article.c.id)
    .correlate(article)
    .scalar_subquery()
)

_INPUT = article.c.content_hash.concat(" ").concat(func.coalesce(CATEGORY, ""))
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
    select(
        *(article.c.id, _INPUT.label("input"), article.c.title, article.c.summary, article.c.declared_language),
        *(CATEGORY.label("category"), article.c.tags, article.c.url),
    )
    .where(not_(_QUARANTINED))
    .order_by(article.c.id)
)


def _job(row: Row[Any], models: str) -> ArticleJob:
    return ArticleJob(
        article_id=row.id,
        input_hash=row.input,
        title=row.title,
        text=row.summary,
        declared_language=row.declared_language,
        category=row.category,
        tags=read_tags(row.tags),
        url=row.url,
        models=models,
    )


def read_tags(text: str | None) -> tuple[str, ...]:
    """Return the tags that `write_tags` wrote."""
    return tuple(json.loads(text)) if text else ()


def write_tags(tags: Sequence[str]) -> str | None:
    """Return tags as the column has them: a JSON array, or NULL for none."""
    return json.dumps(list(tags), ensure_ascii=False) if tags else None
