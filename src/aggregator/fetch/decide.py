"""Deciding what the entries of a document mean for the database. Pure: data and `now` in, changes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from aggregator.fetch.identity import content_hash, entry_keys
from aggregator.fetch.recognition import article_elsewhere, recognise, was_pruned
from aggregator.publisher import is_own_feed
from aggregator.records import (
    ArticleChange,
    ChangeKind,
    EntryKeys,
    KnownArticle,
    KnownArticles,
    KnownSighting,
    ParsedEntry,
    TextRank,
)


def decide_changes(
    entries: Sequence[ParsedEntry],
    known: KnownArticles,
    now: datetime,
    *,
    still_listed: frozenset[int] = frozenset(),
    keys: Sequence[EntryKeys] | None = None,
    feed_host: str = "",
) -> list[ArticleChange]:
    """Return one change per distinct entry of a document, in its order; an entry that it repeats has but one.

    `still_listed` are the sightings of entries that were recognised, byte for byte, and cut out of the document before
    it was read. `keys` spares the work where the caller has asked `entry_keys` before. `feed_host` is who serves the
    feed.

    An entry that its feed had is that one, revised if its text differs, under whatever key it was known. One whose
    article was pruned stays away. Any other is the article that other feeds have at its address, if no second entry of
    the document claims that, or new.
    """
    distinct: dict[EntryKeys, ParsedEntry] = {}
    for entry, own in zip(entries, keys or entry_keys(entries), strict=True):
        distinct.setdefault(own, entry)
    found = recognise(distinct, known, still_listed)
    claims = Counter(own.url for own in distinct)
    free_keys = _FreeKeys(known, distinct)
    changes = []
    feed = _Feed(known.feed_id, feed_host)
    for own, entry in distinct.items():
        if own in found:
            changes.append(_known_entry(entry, free_keys.for_known(own, found[own]), found[own], feed, now))
        elif was_pruned(own, known.pruned_keys):
            changes.append(_change(ChangeKind.PRUNED, entry, own, now))
        else:
            elsewhere = article_elsewhere(own, entry, known) if claims[own.url] == 1 else None
            changes.append(_unknown_entry(entry, free_keys.for_unknown(own), elsewhere, feed, now))
    return changes


class _Feed(NamedTuple):
    """The feed whose document is decided about."""

    feed_id: int
    host: str


def text_rank(entry: ParsedEntry, text_hash: str, feed_id: int, feed_host: str) -> TextRank:
    """Return what an entry's text is worth beside another feed's text of the same article."""
    return TextRank(is_own_feed(feed_host, entry.url), len(entry.content), len(entry.summary), text_hash, -feed_id)


def effective_at(published_at: datetime | None, first_seen_at: datetime) -> datetime:
    """Return the time that an article counts as of: when it was published, but never later than it was first seen."""
    return first_seen_at if published_at is None else min(published_at, first_seen_at)


class _FreeKeys:
    """Under which keys the entries of one document are kept, so that no two sightings of a feed share one."""

    def __init__(self, known: KnownArticles, entries: Mapping[EntryKeys, ParsedEntry]) -> None:
        self._known = known
        self._used = {keys.entry for keys in entries}

    def for_known(self, keys: EntryKeys, sighting: KnownSighting) -> EntryKeys:
        """Return the keys of an entry that is `sighting`: its own, but for those that another sighting has."""
        holder = self._known.by_entry_key.get(keys.entry)
        is_free = holder is None or holder.sighting_id == sighting.sighting_id
        return self._without_taken(replace(keys, entry=keys.entry if is_free else sighting.entry_key), sighting)

    def for_unknown(self, keys: EntryKeys) -> EntryKeys:
        """Return the keys of an entry that has no sighting yet: its own, or others where its feed uses that for all."""
        held = self._known.by_entry_key
        if keys.entry in held:
            # The last fallback is all that the entry says of itself; whoever has that is recognised.
            chosen = next(key for key in keys.fallbacks if key not in held and key not in self._used)
            self._used.add(chosen)
            keys = replace(keys, entry=chosen)
        return self._without_taken(keys, None)

    def _without_taken(self, keys: EntryKeys, sighting: KnownSighting | None) -> EntryKeys:
        """Leave out an alias or match that another sighting has: what two of them share tells nothing."""
        number = sighting.sighting_id if sighting is not None else None
        by_alias = self._known.by_alias_key.get(keys.alias or "")
        by_match = self._known.by_match_key.get(keys.match or "")
        alias = keys.alias if by_alias is None or by_alias.sighting_id == number else None
        match = keys.match if by_match is None or by_match.sighting_id == number else None
        return keys if (alias, match) == (keys.alias, keys.match) else replace(keys, alias=alias, match=match)


def _known_entry(
    entry: ParsedEntry, keys: EntryKeys, sighting: KnownSighting, feed: _Feed, now: datetime
) -> ArticleChange:
    change = _change(ChangeKind.SEEN, entry, keys, now)
    says_more = sighting.rank is not None and text_rank(entry, change.content_hash, *feed) > sighting.rank
    before = (sighting.entry_key, sighting.alias_key, sighting.match_key, sighting.url, sighting.published_raw)
    is_edited = sighting.content_hash != change.content_hash
    return replace(
        change,
        kind=ChangeKind.REVISED if is_edited else ChangeKind.SEEN,
        article_id=sighting.article_id,
        sighting_id=sighting.sighting_id,
        leads=sighting.leads or (is_edited and says_more),
        renewed=not sighting.listed or before != (keys.entry, keys.alias, keys.match, entry.url, entry.published_raw),
    )


def _unknown_entry(
    entry: ParsedEntry, keys: EntryKeys, elsewhere: KnownArticle | None, feed: _Feed, now: datetime
) -> ArticleChange:
    change = _change(ChangeKind.NEW, entry, keys, now)
    if elsewhere is None:
        return change
    return replace(
        change,
        kind=ChangeKind.SIGHTED,
        article_id=elsewhere.article_id,
        leads=text_rank(entry, change.content_hash, *feed) > elsewhere.rank,
    )


def _change(kind: ChangeKind, entry: ParsedEntry, keys: EntryKeys, now: datetime) -> ArticleChange:
    return ArticleChange(kind, entry, keys, content_hash(entry), effective_at(entry.published_at, now))
