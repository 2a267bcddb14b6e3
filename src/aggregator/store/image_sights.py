"""What an analysis saw in a picture, and which pictures stand over so many articles of a feed that they show none.

PictureResult → the picture's own row, thumbnails, the quarters of its hash, labels
rows          → pictures repeated over the articles of a feed ─mark_repeated─▶ the picture's own row
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import (
    bindparam,
    case,
    delete,
    distinct,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.engine import Connection

from aggregator.records import PictureResult
from aggregator.store.conditions import image_is_stored
from aggregator.store.schema import (
    article,
    article_image,
    feed,
    image,
    phash_quarter,
    picture_label,
    story_article,
    thumbnail,
)
from aggregator.store.selecting import one_of_many, select_in

TELLING_BITS = 12
"""Bits that a hash must have set to be compared with others: one with fewer is of a picture so plain that others come
near it by chance. Of 5,060 parts of 23 photographs that have nothing to do with each other, 1 % have fewer than 10 and
2 % fewer than 12; without these, pairs within 7 bits are 5 of 11.8 million and none within 5, with them 256 and 129 of
12.2 million."""

QUARTER_DIGITS = 4

FEWEST_STORIES = 4
LARGEST_SHARE = 0.2
MOST_STORIES = 50
"""A picture is repeated if a feed has it with at least `FEWEST_STORIES` different stories that are `LARGEST_SHARE` of
its articles with pictures, or `MOST_STORIES` of however many. A photo in the news goes with one story, in however many
articles; a logo, a stand-in and a columnist's face go with all."""

REPEATED = "repeated over the articles of "
"""How the reason begins that `mark_repeated` gives. Other reasons are from the pixels, and are left alone."""

UNSEEN: Mapping[str, Any] = dict.fromkeys(
    ("picture_model_id", "width", "height", "phash", "colour", "blurhash", "shows", "shows_score", "junk")
)
"""What is known of the pixels of a file that nobody has looked at."""


# --- one picture -----------------------------------------------------------------------------------------------------


def save_sight(connection: Connection, result: PictureResult, model_id: int, vision_model_id: int | None) -> None:
    """Keep what the pixels told, in the place of what was known of them. `result.missing` is not looked at.

    `vision_model_id` is the row of the image model whose labels there are. That a picture is repeated stays said.
    """
    was_repeated = image.c.junk.startswith(REPEATED, autoescape=True)
    values = {
        "picture_model_id": model_id,
        "width": result.width or None,
        "height": result.height or None,
        "phash": result.phash,
        "colour": result.colour or None,
        "blurhash": result.blurhash or None,
        "shows": result.shows or None,
        "shows_score": result.shows_score if result.shows else None,
        "junk": result.junk or case((was_repeated, image.c.junk), else_=None),
        "error": result.problem,
        "gave_up": result.problem is not None,
    }
    if result.format:
        values["format"] = result.format
    connection.execute(update(image).where(image.c.id == result.image_id).values(values))
    forget_sight(connection, result.image_id)
    for table, rows in (
        (thumbnail, _thumbnails(result)),
        (phash_quarter, _quarters(result)),
        (picture_label, [] if vision_model_id is None else _labels(result, vision_model_id)),
    ):
        if rows:
            connection.execute(insert(table), rows)


def forget_sight(connection: Connection, image_id: int) -> None:
    """Forget what was made of the pixels of a picture; its own row is the caller's (see `UNSEEN`)."""
    for statement in _FORGET:
        connection.execute(statement, {"row": image_id})


def wake_next(connection: Connection, image_ids: Iterable[int]) -> None:
    """Wake the pictures that stand by in case these fail, as they did."""
    rows = [{"failed": number} for number in image_ids]
    if rows:
        connection.execute(_WAKE_NEXT, rows)


def _thumbnails(result: PictureResult) -> list[dict[str, Any]]:
    return [
        {
            "image_id": result.image_id,
            "size": one.size,
            "path": one.path,
            "width": one.width,
            "height": one.height,
            "size_bytes": one.size_bytes,
        }
        for one in result.thumbnails
    ]


def _quarters(result: PictureResult) -> list[dict[str, Any]]:
    if result.phash is None or int(result.phash, 16).bit_count() < TELLING_BITS:
        return []
    starts = range(0, len(result.phash), QUARTER_DIGITS)
    return [
        {"quarter": quarter, "digits": result.phash[start : start + QUARTER_DIGITS], "image_id": result.image_id}
        for quarter, start in enumerate(starts)
    ]


def _labels(result: PictureResult, vision_model_id: int) -> list[dict[str, Any]]:
    return [
        {
            "image_id": result.image_id,
            "rank": rank,
            "model_id": vision_model_id,
            "label": one.label,
            "score": one.score,
        }
        for rank, one in enumerate(result.labels, start=1)
    ]


_FORGET = [
    delete(table).where(table.c.image_id == bindparam("row")) for table in (thumbnail, phash_quarter, picture_label)
]

_BEHIND = article_image.alias()
_WAKE_NEXT = (
    update(image)
    .where(
        image.c.stands_by,
        image.c.id.in_(
            select(_BEHIND.c.image_id)
            .join(article_image, article_image.c.article_id == _BEHIND.c.article_id)
            .where(article_image.c.image_id == bindparam("failed"), _BEHIND.c.position > article_image.c.position)
        ),
    )
    .values(stands_by=False)
)


# --- all pictures ----------------------------------------------------------------------------------------------------


def mark_repeated(connection: Connection) -> int:
    """Say of the stored pictures that feeds repeat over their articles that they are junk, and of others no longer.

    A picture is the same if its file is, under whatever addresses. To be called when stories are told, after an
    analysis. Return how many pictures were marked that had not been; the next pictures of their articles are wanted
    then.
    """
    repeated = _repeated(connection)
    marked = {row.id: row.junk for row in connection.execute(_MARKED)}
    over = [{"row": number, "why": None} for number in marked if number not in repeated]
    said = [{"row": number, "why": why} for number, why in repeated.items() if marked.get(number) != why]
    for rows in (over, said):
        if rows:
            connection.execute(_MARK, rows)
    new = [number for number in repeated if number not in marked]
    wake_next(connection, new)
    return len(new)


def _repeated(connection: Connection) -> dict[int, str]:
    """Return the pictures that are repeated, each with the reason."""
    often = connection.execute(_OFTEN).all()
    feed_ids = sorted({row.feed_id for row in often})
    feeds = {row.id: row for row in select_in(connection, _FEEDS, feed_ids)}
    repeated = {
        (row.feed_id, row.sha256) for row in often if row.stories >= stories_needed(feeds[row.feed_id].articles)
    }
    named = select_in(connection, _NAMED, sorted({sha256 for _, sha256 in repeated}))
    # Of several feeds that repeat it the first one is named.
    return {row.id: f"{REPEATED}{feeds[row.feed_id].title}" for row in named if (row.feed_id, row.sha256) in repeated}


def stories_needed(articles: int) -> int:
    """Return with how many stories a picture is repeated in a feed that has so many articles with pictures."""
    return max(FEWEST_STORIES, min(MOST_STORIES, round(LARGEST_SHARE * articles)))


_TWIN = image.alias("twin")
# The two questions that go over everything are answered by an index each, without a look at the rows.
_OFTEN_NAMED = (
    select(article_image.c.image_id).group_by(article_image.c.image_id).having(func.count() >= FEWEST_STORIES)
)
_OFTEN_STORED = (
    select(_TWIN.c.sha256).where(_TWIN.c.sha256.is_not(None)).group_by(_TWIN.c.sha256).having(func.count() > 1)
)
_SUSPECTS = union(
    _OFTEN_NAMED, select(image.c.id).where(image_is_stored(image), image.c.sha256.in_(_OFTEN_STORED))
).cte("suspects")
_STORY = func.coalesce(story_article.c.story_id, -article.c.id)
_USES = (
    article_image.join(image, image.c.id == article_image.c.image_id)
    .join(article, article.c.id == article_image.c.article_id)
    .outerjoin(story_article, story_article.c.article_id == article.c.id)
)
_OFTEN = (
    select(article.c.feed_id, image.c.sha256, func.count(distinct(_STORY)).label("stories"))
    .select_from(_USES)
    .where(image_is_stored(image), image.c.id.in_(select(_SUSPECTS.c.image_id)))
    .group_by(article.c.feed_id, image.c.sha256)
    .having(func.count(distinct(_STORY)) >= FEWEST_STORIES)
)

_HAS_PICTURE = exists().where(article_image.c.article_id == article.c.id)
_ILLUSTRATED = select(func.count()).where(article.c.feed_id == feed.c.id, _HAS_PICTURE).correlate(feed)
_FEEDS = select(
    feed.c.id,
    func.coalesce(feed.c.wanted_title, feed.c.title, feed.c.url).label("title"),
    _ILLUSTRATED.scalar_subquery().label("articles"),
).where(feed.c.id.in_(one_of_many()))

_NAMED = (
    select(image.c.id, article.c.feed_id, image.c.sha256)
    .distinct()
    .select_from(_USES)
    .where(image_is_stored(image), image.c.sha256.in_(one_of_many()))
    .order_by(image.c.id, article.c.feed_id.desc())
)

_AFTER_REPEATED = literal(REPEATED[:-1] + chr(ord(REPEATED[-1]) + 1))
_MARKED = select(image.c.id, image.c.junk).where(image.c.junk >= REPEATED, image.c.junk < _AFTER_REPEATED)
_MARK = (
    update(image)
    .where(image.c.id == bindparam("row"), or_(image.c.junk.is_(None), image.c.junk.startswith(REPEATED)))
    .values(junk=bindparam("why"))
)
