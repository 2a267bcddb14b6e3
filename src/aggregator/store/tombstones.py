"""Pruning articles, and the tombstones that keep them from coming back with the next document of their feeds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Insert, bindparam, delete, exists, func, insert, not_, or_, select, update
from sqlalchemy.engine import Connection

from aggregator.store import selecting
from aggregator.store.schema import (
    UtcText,
    article,
    feed_document,
    quarantine_item,
    revision,
    sighting,
    story,
    story_article,
    tombstone,
)
from aggregator.store.selecting import one_of_many
from aggregator.store.stories import REMOVE_EMPTY, counted

KEEP_AWAY = timedelta(days=90)
"""How long after an entry has left its feed's document it is still expected to come back."""


def prune_articles(connection: Connection, article_ids: Sequence[int], now: datetime) -> int:
    """Remove articles with all that belongs to them; return how many there were.

    A tombstone stays for each key by which an entry could be known again that its feed still has, or had until lately.
    Stories that lose all their articles go too; the files of pictures stay.
    """
    removed = 0
    stories: set[int] = set()
    for start in range(0, len(article_ids), selecting.MAX_PARAMETERS):
        part = list(article_ids[start : start + selecting.MAX_PARAMETERS])
        stories.update(connection.execute(_STORIES_OF, {"one_of_many": part}).scalars())
        for bury in _BURY:
            connection.execute(bury, {"one_of_many": part, "now": now, "since": now - KEEP_AWAY})
        for forget in _FORGET:
            connection.execute(forget, {"one_of_many": part})
        removed += connection.execute(_REMOVE, {"one_of_many": part}).rowcount
    for statement in (_RECOUNT, _NEW_LEAD, *REMOVE_EMPTY) if stories else ():
        connection.execute(statement, [{"of_story": number} for number in sorted(stories)])
    return removed


def _bury(key: ColumnElement[str | None]) -> Insert:
    """Return what keeps a key of each sighting that may come back, unless it is kept already."""
    has_one = exists().where(tombstone.c.feed_id == sighting.c.feed_id, tombstone.c.entry_key == key)
    may_return = or_(sighting.c.listed, sighting.c.last_seen_at >= bindparam("since", type_=UtcText()))
    dead = (
        select(sighting.c.feed_id, key, bindparam("now", type_=UtcText()))
        .distinct()
        .join(article, article.c.id == sighting.c.article_id)
        .where(article.c.id.in_(one_of_many()), may_return, key.is_not(None), not_(has_one))
    )
    return insert(tombstone).from_select(["feed_id", "entry_key", "pruned_at"], dead)


_BURY = [_bury(key) for key in (sighting.c.entry_key, sighting.c.match_key, article.c.url_key)]

_STORIES_OF = select(story_article.c.story_id).distinct().where(story_article.c.article_id.in_(one_of_many()))

_FORGET = [
    # What the last documents held is known by the ids of sightings, which SQLite gives away again.
    delete(feed_document).where(
        feed_document.c.feed_id.in_(select(sighting.c.feed_id).where(sighting.c.article_id.in_(one_of_many())))
    ),
    delete(sighting).where(sighting.c.article_id.in_(one_of_many())),
    delete(revision).where(revision.c.article_id.in_(one_of_many())),
    delete(quarantine_item).where(quarantine_item.c.kind == "article", quarantine_item.c.item_id.in_(one_of_many())),
    update(story).where(story.c.lead_article_id.in_(one_of_many())).values(lead_article_id=None),
    update(story_article)
    .where(story_article.c.story_id.in_(_STORIES_OF), story_article.c.duplicate_of.in_(one_of_many()))
    .values(duplicate_of=None),
    update(article).where(article.c.id.in_(one_of_many())).values(analysis_id=None),
]

_REMOVE = delete(article).where(article.c.id.in_(one_of_many()))
"""Its analyses with their labels, its page, its place in a story and its links to pictures go with it (CASCADE)."""

_RECOUNT = counted(update(story).where(story.c.id == bindparam("of_story")))

_NEAREST = (
    select(story_article.c.article_id)
    .where(story_article.c.story_id == story.c.id)
    .order_by(story_article.c.similarity.desc(), story_article.c.article_id)
    .limit(1)
    .correlate(story)
    .scalar_subquery()
)
_NEW_LEAD = (
    update(story)
    .where(story.c.id == bindparam("of_story"), story.c.lead_article_id.is_(None))
    .values(
        lead_article_id=_NEAREST,
        title=func.coalesce(
            select(article.c.title).where(article.c.id == _NEAREST).correlate(story).scalar_subquery(), story.c.title
        ),
    )
)
