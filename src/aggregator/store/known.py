"""What the store has that may be the entries of a document: sightings, articles at their addresses, tombstones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, func, or_, select
from sqlalchemy.engine import Connection

from aggregator.publisher import is_own_feed
from aggregator.records import EntryKeys, KnownArticle, KnownSighting, TextRank
from aggregator.store.schema import article, feed, sighting, tombstone

KEYS_IN_A_STATEMENT = 6
"""How many parameters the keys of one entry take in the longest statement here: three own keys and three others."""


def known_sightings(connection: Connection, feed_id: int, keys: Sequence[EntryKeys]) -> list[KnownSighting]:
    """Return the sightings of a feed that have any of these keys, the oldest first."""
    values = {
        "of_feed": feed_id,
        "entries": _own(keys),
        "aliases": [one.alias for one in keys if one.alias is not None],
        "matches": [one.match for one in keys if one.match is not None],
    }
    rows = connection.execute(_SIGHTINGS, values)
    return sorted((_known_sighting(row, feed_id) for row in rows), key=lambda known: known.sighting_id)


def known_articles(connection: Connection, feed_id: int, keys: Sequence[EntryKeys]) -> dict[str, KnownArticle]:
    """Return the articles at the addresses of these entries, with their sightings in the feed.

    The oldest counts where several share an address.
    """
    addresses = [one.url for one in keys if one.url is not None]
    found: dict[str, tuple[Row[Any], list[KnownSighting]]] = {}
    if addresses:
        for row in connection.execute(_AT_ADDRESS, {"of_feed": feed_id, "addresses": addresses}):
            first, sightings = found.setdefault(row.url_key, (row, []))
            if row.article_id == first.article_id and row.id is not None:
                sightings.append(_known_sighting(row, feed_id))
    return {
        key: KnownArticle(row.article_id, _rank(row), row.article_title, row.article_published_at, tuple(sightings))
        for key, (row, sightings) in found.items()
    }


def pruned_keys(connection: Connection, feed_id: int, keys: Sequence[EntryKeys]) -> set[str]:
    """Return those of the keys, of whatever kind, that articles had which were pruned."""
    others = [key for one in keys for key in (one.url, one.match) if key is not None]
    return set(connection.execute(_PRUNED, {"of_feed": feed_id, "marks": _own(keys) + others}).scalars())


def _own(keys: Sequence[EntryKeys]) -> list[str]:
    return list(dict.fromkeys(key for one in keys for key in (one.entry, *one.fallbacks)))


def _known_sighting(row: Row[Any], feed_id: int) -> KnownSighting:
    return KnownSighting(
        sighting_id=row.id,
        article_id=row.article_id,
        entry_key=row.entry_key,
        content_hash=row.content_hash,
        leads=row.text_feed_id == feed_id,
        rank=_rank(row),
        listed=row.listed,
        alias_key=row.alias_key,
        match_key=row.match_key,
        url=row.url,
        title=row.title,
        published_raw=row.published_raw,
        published_at=row.published_at,
    )


def _rank(row: Row[Any]) -> TextRank:
    is_own = is_own_feed(row.text_feed_host, row.text_url)
    return TextRank(is_own, row.content_chars, row.summary_chars, row.text_hash, -row.text_feed_id)


_SIGHTING = (
    *(sighting.c.id, sighting.c.entry_key, sighting.c.alias_key, sighting.c.match_key, sighting.c.listed),
    *(sighting.c.url, sighting.c.title, sighting.c.published_raw, sighting.c.published_at, sighting.c.content_hash),
)
_ARTICLE = (
    article.c.id.label("article_id"),
    article.c.feed_id.label("text_feed_id"),
    article.c.content_hash.label("text_hash"),
    article.c.url.label("text_url"),
    feed.c.host.label("text_feed_host"),
    func.length(article.c.content).label("content_chars"),
    func.length(article.c.summary).label("summary_chars"),
)

_IS_OF_FEED = sighting.c.feed_id == bindparam("of_feed")


def _any_of(name: str) -> Any:
    return bindparam(name, expanding=True)


_SIGHTINGS: Select[Any] = (
    select(*_SIGHTING, *_ARTICLE)
    .join(article, article.c.id == sighting.c.article_id)
    .join(feed, feed.c.id == article.c.feed_id)
    .where(
        # The feed is repeated, so that each of the three has its own range of an index.
        or_(
            and_(_IS_OF_FEED, sighting.c.entry_key.in_(_any_of("entries"))),
            and_(_IS_OF_FEED, sighting.c.alias_key.in_(_any_of("aliases"))),
            and_(_IS_OF_FEED, sighting.c.match_key.in_(_any_of("matches"))),
        )
    )
)

_AT_ADDRESS: Select[Any] = (
    select(
        article.c.url_key,
        article.c.title.label("article_title"),
        article.c.published_at.label("article_published_at"),
        *_ARTICLE,
        *_SIGHTING,
    )
    .select_from(article)
    .join(feed, feed.c.id == article.c.feed_id)
    .outerjoin(sighting, and_(sighting.c.article_id == article.c.id, _IS_OF_FEED))
    .where(article.c.url_key.in_(_any_of("addresses")))
    .order_by(article.c.id, sighting.c.id)
)

_PRUNED = select(tombstone.c.entry_key).where(
    tombstone.c.feed_id == bindparam("of_feed"), tombstone.c.entry_key.in_(_any_of("marks"))
)
