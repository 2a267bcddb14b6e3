"""Whose turn it is among the pictures, asked many times a second while a fetch runs.

Each question has a partial index of its own (see `schema`) and jumps through it from host to host, so that it costs as
much as its answer, however many pictures there are and however many of them wait on one host.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from math import ceil
from typing import Any

from sqlalchemy import CTE, ColumnElement, FromClause, Row, and_, bindparam, exists, func, not_, or_, select
from sqlalchemy.engine import Connection

from aggregator.records import ImageToFetch, Validators
from aggregator.store.conditions import image_is_rechecked, image_is_wanted
from aggregator.store.schema import (
    article_image,
    host,
    image,
    quarantine_item,
)

Question = Callable[[FromClause], ColumnElement[bool]]
"""A condition on a picture, whatever the table is called in the statement."""


def images_due(connection: Connection, cutoff: datetime, limit: int, excluding: Collection[int]) -> list[ImageToFetch]:
    """Return at most `limit` pictures that may be asked for: those never had, then those to be looked at again.

    Hosts take turns; one that rests until after `cutoff` has none. Of an article's candidates only the first that has
    not failed for good is asked for, so that a publisher is not asked for pictures that nobody will look at. One that
    harmed a worker counts as failed.
    """
    found = _NEVER_HAD.ask(connection, cutoff, limit, excluding)
    if len(found) < limit:
        found += _ONCE_MORE.ask(connection, cutoff, limit - len(found), excluding)
    return [
        ImageToFetch(
            image_id=row.id,
            url=row.url,
            host=row.host,
            trusted_origin=row.trusted_origin,
            failures=row.attempts,
            validators=Validators(row.etag, row.last_modified),
            sha256=row.sha256,
        )
        for row in found
    ]


def is_needed(picture: FromClause) -> ColumnElement[bool]:
    """Tell whether some article names `picture` and has no better one that may still be had; and it harmed nobody."""
    mine, earlier, theirs = article_image.alias(), article_image.alias(), image.alias()
    better = exists().where(
        earlier.c.article_id == mine.c.article_id,
        earlier.c.position < mine.c.position,
        theirs.c.id == earlier.c.image_id,
        not_(theirs.c.gave_up),
        theirs.c.junk.is_(None),
        is_harmless(theirs),
    )
    return and_(exists().where(mine.c.image_id == picture.c.id, not_(better)), is_harmless(picture))


def is_harmless(picture: FromClause) -> ColumnElement[bool]:
    """Tell whether `picture` was not set aside with the content that it has."""
    return not_(
        exists().where(
            quarantine_item.c.kind == "image",
            quarantine_item.c.item_id == picture.c.id,
            # Set aside before there was a file: until there is one.
            or_(
                quarantine_item.c.input_hash == picture.c.sha256,
                and_(quarantine_item.c.input_hash.is_(None), picture.c.sha256.is_(None)),
            ),
        )
    )


class _Turns:
    """A question after pictures that may be asked for, hosts in turns. Its statements are built once and used often."""

    def __init__(self, question: Question, also: Question) -> None:
        """Ask for those of which `question`, which has an index, and `also` are true."""
        hosts = _hosts(question)
        candidate = image.alias("candidate")
        due_there = (
            select(candidate.c.id)
            .where(question(candidate), candidate.c.host == hosts.c.name, candidate.c.next_fetch_at <= _CUTOFF)
            .where(candidate.c.id.not_in(bindparam("excluding", expanding=True)), also(candidate))
            .order_by(candidate.c.next_fetch_at, candidate.c.id)
            .correlate(hosts)
        )
        rests = exists().where(host.c.name == hosts.c.name, host.c.rests_until > _CUTOFF)
        awake = and_(hosts.c.name.is_not(None), not_(rests))
        one, some = due_there.limit(1).scalar_subquery(), due_there.limit(bindparam("of_each"))
        self._hosts = select(hosts.c.name).where(awake, one.is_not(None)).limit(bindparam("limit"))
        self._pictures = (
            select(image).select_from(hosts.join(image, image.c.id.in_(some))).where(awake).limit(bindparam("limit"))
        )

    def ask(self, connection: Connection, cutoff: datetime, limit: int, excluding: Collection[int]) -> list[Row[Any]]:
        """Return at most `limit` pictures, as many of each host as there is room for."""
        values = {"cutoff": cutoff, "limit": limit, "excluding": list(excluding)}
        hosts = len(connection.execute(self._hosts, values).all())
        if not hosts:
            return []
        found = connection.execute(self._pictures, {**values, "of_each": ceil(limit / hosts)})
        return _taking_turns(found.all())


_COLUMNS = [
    image.c[name] for name in ("id", "url", "host", "trusted_origin", "attempts", "etag", "last_modified", "sha256")
]

_CUTOFF = bindparam("cutoff", type_=image.c.next_fetch_at.type)


def _hosts(question: Question) -> CTE:
    """Return the names of the hosts that have pictures of `question`, each found by one jump through its index."""
    first, following = image.alias("first"), image.alias("following")
    hosts = select(func.min(first.c.host).label("name")).where(question(first)).cte("hosts", recursive=True)
    next_name = select(func.min(following.c.host)).where(question(following), following.c.host > hosts.c.name)
    return hosts.union_all(select(next_name.correlate(hosts).scalar_subquery()).where(hosts.c.name.is_not(None)))


def _taking_turns(found: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Put one picture of every host before the second of any."""
    turns: dict[str, int] = {}
    turn_of = {}
    for row in sorted(found, key=lambda row: row.id):
        turn_of[row.id] = turns[row.host] = turns.get(row.host, 0) + 1
    return sorted(found, key=lambda row: (turn_of[row.id], row.id))


_NEVER_HAD = _Turns(image_is_wanted, is_needed)
_ONCE_MORE = _Turns(image_is_rechecked, is_harmless)
