"""Stories in the database: which articles no story has yet, and what became of the stories."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    ScalarSelect,
    Update,
    bindparam,
    delete,
    exists,
    func,
    insert,
    not_,
    select,
    update,
)
from sqlalchemy.engine import Connection

from aggregator.records import ArticleKeywords, StoryArticle, StoryMember, StoryMerge, StoryNews, ToldStory
from aggregator.store.conditions import article_is_untold
from aggregator.store.schema import UtcText, analysis, article, keyword, story, story_article
from aggregator.store.selecting import one_of_many, select_in

TEXT_CHARS = 2_000
"""As much of a summary as is compared: what is alike in it is told in the first sentences."""


class StoryRows:
    """Stories and keywords, through one connection."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through `connection`."""
        self._connection = connection

    def untold_times(self, after: datetime, limit: int) -> list[datetime]:
        """Return the times, from `after` on, of the first `limit` articles that were analysed and have no story yet."""
        statement = (
            select(article.c.effective_at)
            .where(article_is_untold(article), article.c.effective_at >= after)
            .order_by(article.c.effective_at)
            .limit(limit)
        )
        return list(self._connection.execute(statement).scalars())

    def newest_time(self) -> datetime | None:
        """Return the time of the newest article."""
        return self._connection.execute(select(func.max(article.c.effective_at))).scalar()

    def articles_between(self, from_at: datetime, to_at: datetime, settled_before: datetime) -> list[StoryArticle]:
        """Return the analysed articles of a span, each with the story that it tells, in the order of their times.

        Those before `settled_before` that have a story are settled.
        """
        statement = _ARTICLES.where(
            article.c.analysis_id.is_not(None), article.c.effective_at >= from_at, article.c.effective_at <= to_at
        ).order_by(article.c.effective_at, article.c.id)
        return [
            _story_article(row, is_settled=row.effective_at < settled_before and row.story_id is not None)
            for row in self._connection.execute(statement)
        ]

    def newest_articles(self, limit: int) -> list[StoryArticle]:
        """Return the newest analysed articles, the newest first: what words and sentences are usual at present."""
        statement = (
            _ARTICLES.where(article.c.analysis_id.is_not(None)).order_by(article.c.effective_at.desc()).limit(limit)
        )
        return [_story_article(row, is_settled=False) for row in self._connection.execute(statement)]

    def untold_between(self, from_at: datetime, to_at: datetime) -> dict[int, str]:
        """Return the articles of a span that have no story for their present text: id → hash of that text."""
        statement = select(article.c.id, article.c.content_hash).where(
            article_is_untold(article), article.c.effective_at >= from_at, article.c.effective_at <= to_at
        )
        return {row.id: row.content_hash for row in self._connection.execute(statement)}

    def members(self, article_ids: Sequence[int]) -> dict[int, tuple[int, StoryMember]]:
        """Return for each article the story that it tells, and how it stands in it."""
        rows = select_in(self._connection, _MEMBERS, article_ids)
        return {
            row.article_id: (row.story_id, StoryMember(row.article_id, row.similarity, row.duplicate_of))
            for row in rows
        }

    def titles(self, story_ids: Sequence[int]) -> dict[int, tuple[str, int | None]]:
        """Return title and lead article of stories."""
        return {row.id: (row.title, row.lead_article_id) for row in select_in(self._connection, _TITLES, story_ids)}

    def save(self, news: StoryNews, now: datetime) -> list[int]:
        """Write what is new, and return the ids of the stories of `news`, in their order.

        An article that was removed meanwhile is left out, and one that was edited stays untold. A story that has no
        articles in the end is removed.
        """
        members = sorted({one.article_id for told in news.stories for one in told.members})
        present = self._present({*members, *(number for told in news.stories for number in _named(told))})
        # Those of articles that were looked at too: an edit may have changed the feed or the time of one.
        looked_at = {number for number, _ in news.told}
        counted_for = sorted(looked_at.union(members))
        left = {row.story_id for row in select_in(self._connection, _STORIES_OF, counted_for)}
        self._make_again(news.stories)
        ids = [self._save_story(one, present) for one in news.stories]
        self._merge(news.merges, now)
        touched = left.union(ids, (merge.merged_into for merge in news.merges))
        for statement in (_COUNT, *REMOVE_EMPTY) if touched else ():
            self._connection.execute(statement, [{"of_story": number} for number in sorted(touched)])
        self._save_keywords([one for one in news.keywords if one.article_id in looked_at])
        told = [{"row": number, "of_text": text_hash} for number, text_hash in news.told]
        if told:
            self._connection.execute(_TOLD, told)
        return ids

    def _present(self, article_ids: Collection[int]) -> set[int]:
        return {row.id for row in select_in(self._connection, _PRESENT, sorted(article_ids))}

    def _make_again(self, stories: Sequence[ToldStory]) -> None:
        """Give those of `stories` a row again, under their old ids, that were removed with their articles meanwhile."""
        numbers = [told.story_id for told in stories if told.story_id is not None]
        there = {row.id for row in select_in(self._connection, _TITLES, numbers)}
        rows = [
            {"id": told.story_id, "title": told.title, "first_at": told.first_at, "last_at": told.last_at}
            for told in stories
            if told.story_id is not None and told.story_id not in there
        ]
        if rows:
            self._connection.execute(insert(story), rows)

    def _save_story(self, told: ToldStory, present: Collection[int]) -> int:
        values = {
            "title": told.title,
            "lead_article_id": told.lead_article_id if told.lead_article_id in present else None,
            "language": told.language or None,
        }
        number = told.story_id
        if number is None:
            row = values | {"first_at": told.first_at, "last_at": told.last_at}
            number = int(self._connection.execute(insert(story).returning(story.c.id), row).scalar_one())
        else:
            values |= {"merged_into": None, "merged_at": None}
            self._connection.execute(update(story).where(story.c.id == number).values(values))
        rows = [
            {
                "article_id": one.article_id,
                "story_id": number,
                "similarity": one.similarity,
                "duplicate_of": one.duplicate_of if one.duplicate_of in present else None,
            }
            for one in told.members
            if one.article_id in present
        ]
        if rows:
            self._connection.execute(_FORGET_MEMBERS, [{"row": one["article_id"]} for one in rows])
            self._connection.execute(insert(story_article), rows)
        return number

    def _merge(self, merges: Sequence[StoryMerge], now: datetime) -> None:
        """Let what belongs to a story that is no more belong to the one it went into, older merges included."""
        there = {row.id for row in select_in(self._connection, _TITLES, [one.merged_into for one in merges])}
        rows = [
            {"gone": one.story_id, "into": one.merged_into, "now": now} for one in merges if one.merged_into in there
        ]
        for statement in _MERGE if rows else ():
            self._connection.execute(statement, rows)

    def _save_keywords(self, found: Sequence[ArticleKeywords]) -> None:
        if not found:
            return
        self._connection.execute(_FORGET_KEYWORDS, [{"row": one.article_id} for one in found])
        present = self._present([one.article_id for one in found])
        rows = [
            {"article_id": one.article_id, "rank": rank, "term": term.term, "score": term.score}
            for one in found
            for rank, term in enumerate(one.keywords, start=1)
            if one.article_id in present
        ]
        if rows:
            self._connection.execute(insert(keyword), rows)


_ARTICLES = (
    select(
        *(article.c.id, article.c.feed_id, article.c.effective_at, analysis.c.language, article.c.title),
        *(func.substr(article.c.summary, 1, TEXT_CHARS).label("text"), article.c.url_key, story_article.c.story_id),
        article.c.published_at,
    )
    .join(analysis, analysis.c.id == article.c.analysis_id)
    .outerjoin(story_article, story_article.c.article_id == article.c.id)
)


def _story_article(row: Row[*tuple[Any, ...]], *, is_settled: bool) -> StoryArticle:
    return StoryArticle(
        *(row.id, row.feed_id, row.effective_at, row.language or "", row.title, row.text, row.url_key),
        story_id=row.story_id,
        is_settled=is_settled,
        is_dated=row.published_at is not None,
    )


_PRESENT = select(article.c.id).where(article.c.id.in_(one_of_many()))
_MEMBERS = select(
    story_article.c.article_id, story_article.c.story_id, story_article.c.similarity, story_article.c.duplicate_of
).where(story_article.c.article_id.in_(one_of_many()))
_STORIES_OF = select(story_article.c.story_id).distinct().where(story_article.c.article_id.in_(one_of_many()))
_TITLES = select(story.c.id, story.c.title, story.c.lead_article_id).where(story.c.id.in_(one_of_many()))

_FORGET_MEMBERS = delete(story_article).where(story_article.c.article_id == bindparam("row"))
_FORGET_KEYWORDS = delete(keyword).where(keyword.c.article_id == bindparam("row"))

_MERGE = (
    update(story_article).where(story_article.c.story_id == bindparam("gone")).values(story_id=bindparam("into")),
    update(story).where(story.c.merged_into == bindparam("gone")).values(merged_into=bindparam("into")),
    update(story)
    .where(story.c.id == bindparam("gone"))
    .values(
        merged_into=bindparam("into"),
        merged_at=bindparam("now", type_=UtcText()),
        lead_article_id=None,
        size=0,
        sources=0,
    ),
)


def _of_member(column: Column[Any]) -> ScalarSelect[Any]:
    """Look a column of a member up by its key: a join would be read from the wrong end where statistics are old."""
    return select(column).where(article.c.id == story_article.c.article_id).correlate(story_article).scalar_subquery()


def _over(value: ColumnElement[Any]) -> ScalarSelect[Any]:
    members = select(value).select_from(story_article).where(story_article.c.story_id == story.c.id)
    return members.correlate(story).scalar_subquery()


def counted(stories: Update) -> Update:
    """Return `stories` with size, sources and times as the articles are now; times stay where there are none."""
    return stories.values(
        size=_over(func.count()),
        sources=_over(func.count(_of_member(article.c.feed_id).distinct())),
        first_at=func.coalesce(_over(func.min(_of_member(article.c.effective_at))), story.c.first_at),
        last_at=func.coalesce(_over(func.max(_of_member(article.c.effective_at))), story.c.last_at),
    )


_COUNT = counted(update(story).where(story.c.id == bindparam("of_story")))

_ALIVE = story.alias()

REMOVE_EMPTY = (
    delete(story).where(
        story.c.id == bindparam("of_story"),
        story.c.merged_into.is_(None),
        not_(exists().where(story_article.c.story_id == story.c.id)),
    ),
    delete(story).where(
        story.c.merged_into == bindparam("of_story"), not_(exists().where(_ALIVE.c.id == bindparam("of_story")))
    ),
)
"""Removes the story `of_story` if it has no articles, and then what was merged into it, which leads nowhere now."""


def _named(told: ToldStory) -> Iterator[int]:
    """Yield the articles that a story's rows point at beside its members."""
    yield told.lead_article_id
    yield from (one.duplicate_of for one in told.members if one.duplicate_of is not None)


_TOLD = (
    update(article)
    .where(article.c.id == bindparam("row"), article.c.content_hash == bindparam("of_text"))
    .values(told_hash=bindparam("of_text"))
)
