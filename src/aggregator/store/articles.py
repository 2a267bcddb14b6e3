"""Articles in the database: what is known of a document's entries, and writing what was decided about them.

This is the hot path of the one writer. Statements are built once; what did not change is not written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import bindparam, case, delete, insert, select, update
from sqlalchemy.engine import Connection

from aggregator.records import (
    OG_IMAGE,
    ArticleChange,
    ChangeKind,
    EntryKeys,
    ImageCandidate,
    KnownArticle,
    KnownArticles,
    KnownSighting,
    Listing,
)
from aggregator.store import selecting
from aggregator.store.analyses import FORGET_OUTDATED, write_tags
from aggregator.store.conditions import is_listed
from aggregator.store.images import ImageRows
from aggregator.store.known import KEYS_IN_A_STATEMENT, known_articles, known_sightings, pruned_keys
from aggregator.store.schema import UtcText, article, article_image, revision, sighting, tombstone
from aggregator.store.tombstones import prune_articles

Pairs = Sequence[tuple[int, ArticleChange]]
"""Changes, each with the article that it is about."""


class ArticleRows:
    """Articles, their sightings and revisions, through one connection."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through `connection`."""
        self._connection = connection
        self._images = ImageRows(connection)

    def known(self, feed_id: int, keys: Sequence[EntryKeys]) -> KnownArticles:
        """Return what the store has under these keys: entries of this feed, articles of any, and what was pruned."""
        by_entry: dict[str, KnownSighting] = {}
        by_alias: dict[str | None, KnownSighting] = {}
        by_match: dict[str | None, KnownSighting] = {}
        by_url: dict[str, KnownArticle] = {}
        pruned: set[str] = set()
        for part in _parts(keys):
            for one in known_sightings(self._connection, feed_id, part):
                by_entry[one.entry_key] = one
                # A key that several have, which old rows may, is that of the oldest.
                by_alias.setdefault(one.alias_key, one)
                by_match.setdefault(one.match_key, one)
            by_url |= known_articles(self._connection, feed_id, part)
            if self._has_tombstones:
                pruned |= pruned_keys(self._connection, feed_id, part)
        return KnownArticles(
            feed_id=feed_id,
            by_entry_key=by_entry,
            by_alias_key={key: one for key, one in by_alias.items() if key is not None},
            by_match_key={key: one for key, one in by_match.items() if key is not None},
            article_by_url_key=by_url,
            pruned_keys=frozenset(pruned),
        )

    def save(
        self, feed_id: int, changes: Sequence[ArticleChange], trusted_origin: str | None, now: datetime
    ) -> list[int]:
        """Write what was decided about the entries of one document; return each change's sighting, 0 for one pruned.

        Pictures below `trusted_origin`, the feed's own, may later be fetched from a private address.
        """
        new = [change for change in changes if change.kind is ChangeKind.NEW]
        new_ids = iter(self._insert_articles(feed_id, new, now))
        pairs = [(next(new_ids) if one.kind is ChangeKind.NEW else one.article_id or 0, one) for one in changes]
        unseen = [pair for pair in pairs if pair[1].kind in (ChangeKind.NEW, ChangeKind.SIGHTED)]
        sighting_ids = iter(self._insert_sightings(feed_id, unseen, now))
        self._renew_sightings(changes)
        self._revise(feed_id, [pair for pair in pairs if pair[1].kind is ChangeKind.REVISED and pair[1].leads], now)
        self._sight(feed_id, [pair for pair in unseen if pair[1].kind is ChangeKind.SIGHTED])
        self._set_images([pair for pair in pairs if _gives_the_text(pair[1])], trusted_origin, now)
        is_unseen = {id(change) for _, change in unseen}
        return [next(sighting_ids) if id(one) in is_unseen else one.sighting_id or 0 for one in changes]

    def unlist(self, listings: Sequence[Listing]) -> None:
        """Note that all other sightings of these feeds have left their documents, which had them last before."""
        of_feed = {one.feed_id: one for one in listings}
        listed = self._connection.execute(_LISTED, {"of_feeds": list(of_feed)}).all() if of_feed else ()
        gone = [
            {"row": number, "at": of_feed[feed_id].last_listed_at}
            for number, feed_id in listed
            if number not in of_feed[feed_id].sighting_ids
        ]
        if gone:
            self._connection.execute(_UNLIST, gone)

    def prune(self, article_ids: Sequence[int], now: datetime) -> int:
        """Remove articles with all that belongs to them, for good; return how many there were.

        Tombstones keep them away while their feeds may still have them. Files of pictures stay.
        """
        removed = prune_articles(self._connection, article_ids, now)
        self.__dict__.pop("_has_tombstones", None)
        return removed

    @cached_property
    def _has_tombstones(self) -> bool:
        """Whether anything was ever pruned: asked once a transaction, not for each of its documents."""
        return self._connection.execute(_ANY_TOMBSTONE).first() is not None

    def _insert_articles(self, feed_id: int, new: Sequence[ArticleChange], now: datetime) -> Sequence[int]:
        rows = [
            {
                "feed_id": feed_id,
                "url_key": change.keys.url,
                "first_seen_at": now,
                "effective_at": change.effective_at,
                **_article_values(change),
            }
            for change in new
        ]
        return self._connection.execute(_ADD_ARTICLES, rows).scalars().all() if rows else ()

    def _insert_sightings(self, feed_id: int, pairs: Pairs, now: datetime) -> Sequence[int]:
        rows = [
            {
                "article_id": article_id,
                "feed_id": feed_id,
                "first_seen_at": now,
                "last_seen_at": now,
                **_sighting_values(change),
            }
            for article_id, change in pairs
        ]
        return self._connection.execute(_ADD_SIGHTINGS, rows).scalars().all() if rows else ()

    def _renew_sightings(self, changes: Sequence[ArticleChange]) -> None:
        """Write the sightings that say something else than before. When they were last seen is told by the feed."""
        rows = [
            {"row": change.sighting_id, **_sighting_values(change)}
            for change in changes
            if change.kind is ChangeKind.REVISED or (change.kind is ChangeKind.SEEN and change.renewed)
        ]
        if rows:
            self._connection.execute(_RENEW, rows)

    def _revise(self, feed_id: int, pairs: Pairs, now: datetime) -> None:
        """Give articles the edited text; what they said before becomes a revision.

        Where the edit made this feed say more than the one whose text it was, it takes over and makes no revision.
        """
        if pairs:
            rows = [{"row": article_id, "of_feed": feed_id, "now": now} for article_id, _ in pairs]
            self._connection.execute(_KEEP_REVISION, rows)
            self._replace_texts(feed_id, pairs)

    def _sight(self, feed_id: int, pairs: Pairs) -> None:
        """Give known articles the text of this feed where it says more. That is no edit, so it makes no revision.

        The feed's category is one more thing to know about all of them: where it matters, they are analysed again.
        """
        if pairs:
            self._connection.execute(FORGET_OUTDATED, [{"row": article_id} for article_id, _ in pairs])
            self._replace_texts(feed_id, [pair for pair in pairs if pair[1].leads])

    def _replace_texts(self, feed_id: int, pairs: Pairs) -> None:
        rows = [
            {"row": article_id, "of_feed": feed_id, "feed_id": feed_id, "at": change.effective_at}
            | _article_values(change)
            for article_id, change in pairs
        ]
        if rows:
            self._connection.execute(_REPLACE_TEXT, rows)

    def _set_images(self, pairs: Pairs, trusted_origin: str | None, now: datetime) -> None:
        """Let articles have the pictures of their present text, in the order in which it names them."""
        known = [{"row": article_id} for article_id, change in pairs if change.kind is not ChangeKind.NEW]
        if known:
            self._connection.execute(_FORGET_IMAGES, known)
        candidates: dict[str, ImageCandidate] = {}
        for _, change in pairs:
            for candidate in change.entry.images:
                candidates.setdefault(candidate.url, candidate)
        if not candidates:
            return
        ids = self._images.ensure(list(candidates), trusted_origin, now)
        rows = [
            {"article_id": article_id, "position": position, "image_id": ids[candidate.url], "source": candidate.source}
            for article_id, change in pairs
            for position, candidate in enumerate(change.entry.images)
        ]
        self._connection.execute(_ADD_IMAGES, rows)
        # What an article names first it needs; most name nothing else.
        behind = [ids[candidate.url] for _, change in pairs for candidate in change.entry.images[1:]]
        if behind:
            self._images.stand_by(list(dict.fromkeys(behind)))


def _parts(keys: Sequence[EntryKeys]) -> Iterator[Sequence[EntryKeys]]:
    """Yield the keys in parts that a statement has room for."""
    size = max(1, selecting.MAX_PARAMETERS // KEYS_IN_A_STATEMENT)
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def _gives_the_text(change: ArticleChange) -> bool:
    return change.leads and change.kind in (ChangeKind.NEW, ChangeKind.SIGHTED, ChangeKind.REVISED)


def _article_values(change: ArticleChange) -> dict[str, Any]:
    entry = change.entry
    return {
        "url": entry.url,
        "title": entry.title,
        "summary": entry.summary,
        "content": entry.content,
        "author": entry.author,
        "declared_language": entry.language,
        "published_raw": entry.published_raw,
        "published_at": entry.published_at,
        "content_hash": change.content_hash,
        "tags": write_tags(entry.categories),
    }


def _sighting_values(change: ArticleChange) -> dict[str, Any]:
    entry = change.entry
    return {
        "entry_key": change.keys.entry,
        "alias_key": change.keys.alias,
        "match_key": change.keys.match,
        "listed": True,
        "guid": entry.guid,
        "url": entry.url,
        "title": entry.title,
        "published_raw": entry.published_raw,
        "published_at": entry.published_at,
        "content_hash": change.content_hash,
    }


_ADD_ARTICLES = insert(article).returning(article.c.id, sort_by_parameter_order=True)
_ADD_SIGHTINGS = insert(sighting).returning(sighting.c.id, sort_by_parameter_order=True)
_ADD_IMAGES = insert(article_image)
_FORGET_IMAGES = delete(article_image).where(
    article_image.c.article_id == bindparam("row"),
    article_image.c.source != OG_IMAGE,  # the page named it, and is not fetched again
)

_RENEW = update(sighting).where(sighting.c.id == bindparam("row"))
_LISTED = select(sighting.c.id, sighting.c.feed_id).where(
    sighting.c.feed_id.in_(bindparam("of_feeds", expanding=True)), is_listed(sighting)
)
_UNLIST = (
    update(sighting)
    .where(sighting.c.id == bindparam("row"))
    .values(
        listed=False,
        last_seen_at=case(
            (bindparam("at", type_=UtcText()).is_(None), sighting.c.last_seen_at),
            else_=bindparam("at", type_=UtcText()),
        ),
    )
)

_ANY_TOMBSTONE = select(tombstone.c.feed_id).limit(1)

_REVISED = ("title", "summary", "content", "content_hash")
_KEEP_REVISION = insert(revision).from_select(
    ["article_id", "replaced_at", *_REVISED],
    select(article.c.id, bindparam("now", type_=UtcText()), *[article.c[name] for name in _REVISED]).where(
        article.c.id == bindparam("row"), article.c.feed_id == bindparam("of_feed")
    ),
)

_AT = bindparam("at", type_=UtcText())
_REPLACE_TEXT = (
    update(article)
    .where(article.c.id == bindparam("row"))
    .values(
        analysis_id=None,
        # An edit makes an article no newer, or it would climb to the top again; of several feeds' dates the earliest
        # counts.
        effective_at=case(
            (article.c.feed_id == bindparam("of_feed"), article.c.effective_at),
            (article.c.effective_at < _AT, article.c.effective_at),
            else_=_AT,
        ),
    )
)
