"""Conditions that questions and partial indexes share: an index serves a question only if both say the same.

Each is a function of the table, because a statement may know that under another name.
"""

from __future__ import annotations

from sqlalchemy import Boolean, ColumnElement, FromClause, and_, literal_column

_FALSE: ColumnElement[bool] = literal_column("FALSE", Boolean)
"""Every dialect understands it so; SQLAlchemy's own `false()` is 0 to one and false to another."""


def is_listed(seen: FromClause) -> ColumnElement[bool]:
    """Sightings that the document last read of their feed has."""
    return seen.c.listed.is_not(_FALSE)


def image_is_wanted(picture: FromClause) -> ColumnElement[bool]:
    """Pictures that may still have to be fetched."""
    return and_(
        picture.c.gave_up.is_(_FALSE),
        picture.c.stands_by.is_(_FALSE),
        picture.c.sha256.is_(None),
        picture.c.pruned_at.is_(None),
    )


def image_is_rechecked(picture: FromClause) -> ColumnElement[bool]:
    """Stored pictures that are to be looked at again."""
    return picture.c.recheck_at.is_not(None)


def image_is_stored(picture: FromClause) -> ColumnElement[bool]:
    """Pictures that have a file."""
    return picture.c.path.is_not(None)


def image_is_junk(picture: FromClause) -> ColumnElement[bool]:
    """Pictures that are not chosen for their articles."""
    return picture.c.junk.is_not(None)


def image_is_sound(picture: FromClause) -> ColumnElement[bool]:
    """Pictures that have a file, and one that could be decoded, as far as is known."""
    return and_(picture.c.path.is_not(None), picture.c.gave_up.is_(_FALSE))


def article_is_untold(one: FromClause) -> ColumnElement[bool]:
    """Articles whose present text was analysed, and not yet compared with others to find its story."""
    return and_(one.c.analysis_id.is_not(None), one.c.told_hash.is_distinct_from(one.c.content_hash))


def page_is_wanted(asked: FromClause) -> ColumnElement[bool]:
    """Pages that may still have to be asked for."""
    return and_(asked.c.gave_up.is_(_FALSE), asked.c.text.is_(None))
