"""Deciding what the entries of a document mean for the database. Pure: data and `now` in, changes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from aggregator.fetch.identity import content_hash, entry_keys, url_key
from aggregator.records import (
    ArticleChange,
    ChangeKind,
    KnownArticle,
    KnownArticles,
    KnownSighting,
    ParsedEntry,
    TextRank,
)


def keys_of(entries: Sequence[ParsedEntry]) -> tuple[list[str], list[str]]:
    """Return the entry keys and the URL keys of a document, to ask the store what it knows of them."""
    return entry_keys(entries), [key for entry in entries if (key := url_key(entry.url)) is not None]


def decide_changes(entries: Sequence[ParsedEntry], known: KnownArticles, now: datetime) -> list[ArticleChange]:
    """Return one change per distinct entry of a document, in its order.

    An entry of a known key is that entry, revised if its text differs. One of an unknown key is a known article if the
    store has one at its address, and if no other entry of the document claims that address. Anything else is new.
    """
    keys = entry_keys(entries)
    addresses = [url_key(entry.url) for entry in entries]
    claims = Counter(dict(zip(keys, addresses, strict=True)).values())
    changes: dict[str, ArticleChange] = {}
    for entry, key, address in zip(entries, keys, addresses, strict=True):
        if key not in changes:
            elsewhere = known.article_by_url_key.get(address) if address and claims[address] == 1 else None
            change = _decide(entry, (key, address), known.by_entry_key.get(key), elsewhere, now)
            changes[key] = _with_leadership(change, elsewhere, known.feed_id)
    return list(changes.values())


def _decide(
    entry: ParsedEntry,
    keys: tuple[str, str | None],
    sighting: KnownSighting | None,
    elsewhere: KnownArticle | None,
    now: datetime,
) -> ArticleChange:
    """Decide about one entry: `sighting` is what its feed had under its key, `elsewhere` the article at its address."""
    kind, article_id, sighting_id, leads = ChangeKind.NEW, None, None, True
    text_hash = content_hash(entry)
    if sighting is not None:
        kind = ChangeKind.SEEN if sighting.content_hash == text_hash else ChangeKind.REVISED
        article_id, sighting_id, leads = sighting.article_id, sighting.sighting_id, sighting.leads
    elif elsewhere is not None:
        kind, article_id = ChangeKind.SIGHTED, elsewhere.article_id
    return ArticleChange(
        kind=kind,
        entry=entry,
        entry_key=keys[0],
        url_key=keys[1],
        content_hash=text_hash,
        effective_at=effective_at(entry.published_at, now),
        article_id=article_id,
        sighting_id=sighting_id,
        leads=leads,
    )


def _with_leadership(change: ArticleChange, elsewhere: KnownArticle | None, feed_id: int) -> ArticleChange:
    """Decide whether a known article takes the text of the feed that sighted it."""
    if change.kind is not ChangeKind.SIGHTED or elsewhere is None:
        return change
    return replace(change, leads=text_rank(change.entry, change.content_hash, feed_id) > elsewhere.rank)


def text_rank(entry: ParsedEntry, text_hash: str, feed_id: int) -> TextRank:
    """Return what an entry's text is worth beside another feed's text of the same article."""
    return TextRank(len(entry.content), len(entry.summary), text_hash, -feed_id)


def effective_at(published_at: datetime | None, first_seen_at: datetime) -> datetime:
    """Return the time that an article counts as of: when it was published, but never later than it was first seen."""
    return first_seen_at if published_at is None else min(published_at, first_seen_at)
