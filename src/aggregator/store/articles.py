"""Articles in the database: what is known of a document's entries, and writing what was decided about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, case, delete, func, insert, literal, select, update
from sqlalchemy.engine import Connection

from aggregator.records import (
    ArticleChange,
    ChangeKind,
    ImageCandidate,
    KnownArticle,
    KnownArticles,
    KnownSighting,
    TextRank,
)
from aggregator.store.analyses import FORGET_OUTDATED
from aggregator.store.images import ImageRows
from aggregator.store.schema import article, article_image, revision, sighting
from aggregator.store.selecting import one_of_many, select_in


class ArticleRows:
    """Articles, their sightings and revisions, through one connection."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through `connection`."""
        self._connection = connection
        self._images = ImageRows(connection)

    def known(self, feed_id: int, entry_keys: Sequence[str], url_keys: Sequence[str]) -> KnownArticles:
        """Return what the store has under these keys: entries of this feed, and articles of any feed."""
        found = select_in(self._connection, _OF_FEED, entry_keys, of_feed=feed_id)
        articles = select_in(self._connection, _AT_ADDRESS, url_keys)
        return KnownArticles(
            feed_id=feed_id,
            by_entry_key={
                row.entry_key: KnownSighting(
                    row.id, row.article_id, row.entry_key, row.content_hash, leads=row.feed_id == feed_id
                )
                for row in found
            },
            # The oldest wins where several share an address.
            article_by_url_key={
                row.url_key: KnownArticle(row.id, _rank(row)) for row in sorted(articles, key=lambda row: -row.id)
            },
        )

    def save(self, feed_id: int, changes: Sequence[ArticleChange], trusted_origin: str | None, now: datetime) -> None:
        """Write what was decided about the entries of one document.

        Pictures below `trusted_origin`, the feed's own, may later be fetched from a private address.
        """
        by_kind: dict[ChangeKind, list[ArticleChange]] = {kind: [] for kind in ChangeKind}
        for change in changes:
            by_kind[change.kind].append(change)
        ids = self._insert_articles(feed_id, by_kind[ChangeKind.NEW], now)
        new = list(zip(ids, by_kind[ChangeKind.NEW], strict=True))
        sighted = [
            (change.article_id, change) for change in by_kind[ChangeKind.SIGHTED] if change.article_id is not None
        ]
        self._insert_sightings(feed_id, new + sighted, now)
        self._mark_seen(by_kind[ChangeKind.SEEN], now)
        for change in by_kind[ChangeKind.REVISED]:
            self._revise(change, now)
        self._take_over(feed_id, by_kind[ChangeKind.SIGHTED])
        replaced = [
            (change.article_id, change)
            for change in by_kind[ChangeKind.REVISED] + by_kind[ChangeKind.SIGHTED]
            if change.leads and change.article_id is not None
        ]
        self._replace_images(replaced)
        self._add_images(new + replaced, trusted_origin, now)

    def _insert_articles(self, feed_id: int, changes: Sequence[ArticleChange], now: datetime) -> list[int]:
        if not changes:
            return []
        rows = [{"feed_id": feed_id, "first_seen_at": now, **_article_values(change)} for change in changes]
        statement = insert(article).returning(article.c.id, sort_by_parameter_order=True)
        return list(self._connection.execute(statement, rows).scalars())

    def _insert_sightings(self, feed_id: int, pairs: Sequence[tuple[int, ArticleChange]], now: datetime) -> None:
        rows = [
            {
                "article_id": article_id,
                "feed_id": feed_id,
                "entry_key": change.entry_key,
                "first_seen_at": now,
                "last_seen_at": now,
                **_sighting_values(change),
            }
            for article_id, change in pairs
        ]
        if rows:
            self._connection.execute(insert(sighting), rows)

    def _mark_seen(self, changes: Sequence[ArticleChange], now: datetime) -> None:
        if changes:
            self._connection.execute(_SEEN, [{"row": change.sighting_id, "now": now} for change in changes])

    def _revise(self, change: ArticleChange, now: datetime) -> None:
        """Replace the text; what an article said before becomes a revision, and its analysis is no longer current."""
        self._connection.execute(
            update(sighting)
            .where(sighting.c.id == change.sighting_id)
            .values(last_seen_at=now, **_sighting_values(change))
        )
        if not change.leads:
            return
        before = select(
            article.c.id, bindparam("now", now, type_=revision.c.replaced_at.type), *[article.c[key] for key in _TEXT]
        ).where(article.c.id == change.article_id)
        self._connection.execute(insert(revision).from_select(["article_id", "replaced_at", *_TEXT], before))
        values = _article_values(change)
        # An edit does not make an article newer, or it would climb to the top again.
        for kept in ("effective_at", "url_key"):
            values.pop(kept)
        self._connection.execute(
            update(article).where(article.c.id == change.article_id).values(analysis_id=None, **values)
        )

    def _take_over(self, feed_id: int, sighted: Sequence[ArticleChange]) -> None:
        """Give known articles the text of this feed where it says more. That is no edit, so it makes no revision.

        The feed's category is one more thing to know about all of them: where it matters, they are analysed again.
        """
        if sighted:
            self._connection.execute(FORGET_OUTDATED, [{"row": change.article_id} for change in sighted])
        for change in sighted:
            if change.leads:
                values = {"feed_id": feed_id, "analysis_id": None, **_article_values(change)}
                earlier = article.c.effective_at < change.effective_at
                values["effective_at"] = case(
                    (earlier, article.c.effective_at), else_=literal(change.effective_at, article.c.effective_at.type)
                )
                self._connection.execute(update(article).where(article.c.id == change.article_id).values(values))

    def _replace_images(self, pairs: Sequence[tuple[int, ArticleChange]]) -> None:
        if pairs:
            self._connection.execute(_FORGET_IMAGES, [{"row": article_id} for article_id, _ in pairs])

    def _add_images(
        self, pairs: Sequence[tuple[int, ArticleChange]], trusted_origin: str | None, now: datetime
    ) -> None:
        candidates: dict[str, ImageCandidate] = {}
        for _, change in pairs:
            for candidate in change.entry.images:
                candidates.setdefault(candidate.url, candidate)
        ids = self._images.ensure(list(candidates), trusted_origin, now)
        rows = [
            {"article_id": article_id, "position": position, "image_id": ids[candidate.url], "source": candidate.source}
            for article_id, change in pairs
            for position, candidate in enumerate(change.entry.images)
        ]
        if rows:
            self._connection.execute(insert(article_image), rows)


_SEEN = update(sighting).where(sighting.c.id == bindparam("row")).values(last_seen_at=bindparam("now"))

_FORGET_IMAGES = delete(article_image).where(article_image.c.article_id == bindparam("row"))

_AT_ADDRESS = select(
    article.c.url_key,
    article.c.id,
    article.c.content_hash,
    article.c.feed_id,
    func.length(article.c.content).label("content_chars"),
    func.length(article.c.summary).label("summary_chars"),
).where(article.c.url_key.in_(one_of_many()))

_OF_FEED = (
    select(sighting.c.id, sighting.c.article_id, sighting.c.entry_key, sighting.c.content_hash, article.c.feed_id)
    .join(article, article.c.id == sighting.c.article_id)
    .where(sighting.c.feed_id == bindparam("of_feed"), sighting.c.entry_key.in_(one_of_many()))
)

_TEXT = ("title", "summary", "content", "content_hash")


def _rank(row: Row[Any]) -> TextRank:
    return TextRank(row.content_chars, row.summary_chars, row.content_hash, -row.feed_id)


def _article_values(change: ArticleChange) -> dict[str, Any]:
    entry = change.entry
    return {
        "url": entry.url,
        "url_key": change.url_key,
        "title": entry.title,
        "summary": entry.summary,
        "content": entry.content,
        "author": entry.author,
        "declared_language": entry.language,
        "published_raw": entry.published_raw,
        "published_at": entry.published_at,
        "effective_at": change.effective_at,
        "content_hash": change.content_hash,
    }


def _sighting_values(change: ArticleChange) -> dict[str, Any]:
    entry = change.entry
    return {
        "guid": entry.guid,
        "url": entry.url,
        "title": entry.title,
        "published_raw": entry.published_raw,
        "published_at": entry.published_at,
        "content_hash": change.content_hash,
    }
