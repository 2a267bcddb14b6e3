"""Saving what came of feeds: their articles, their validators and their next time, committed together.

Runs in the writer, inside a transaction: it decides and writes, and waits for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.fetch.decide import decide_changes
from aggregator.fetch.guard import origin
from aggregator.fetch.identity import entry_keys
from aggregator.fetch.moves import same_place
from aggregator.fetch.parts import FetchParts
from aggregator.fetch.update import feed_update
from aggregator.records import (
    ArticleChange,
    Casualty,
    Download,
    FeedToFetch,
    FeedUpdate,
    FetchedFeed,
    Listing,
    LoggedRequest,
    Outcome,
    ParsedFeed,
    QuarantinedItem,
    Reason,
)
from aggregator.store_ports import StoreTransaction


def save_feeds(parts: FetchParts, transaction: StoreTransaction, fetched: Sequence[FetchedFeed]) -> list[str]:
    """Save feeds and return how the request for each ended."""
    read = [one.feed for one in fetched if _has_entries(one) and one.feed.body_sha256 is not None]
    before = transaction.feeds.slices_of([feed.feed_id for feed in read])
    saved = [_save_feed(parts, transaction, one, before.get(one.feed.feed_id, {})) for one in fetched]
    # What follows concerns each feed alone, so it waits until all are decided about: a statement for all is cheaper.
    transaction.articles.unlist([one.listing for one in saved if one.listing is not None])
    transaction.feeds.keep_slices({one.update.feed_id: one.slices for one in saved if one.has_other_slices})
    transaction.feeds.record([one.update for one in saved])
    transaction.log.add([_logged(one.feed, page) for one in fetched for page in one.more_pages])
    return [one.update.outcome for one in saved]


@dataclass(frozen=True, slots=True)
class _Saved:
    """A feed whose articles are written, and what of its own rows is still to be.

    `listing` is None where nothing has left the document, or nobody can tell.
    """

    update: FeedUpdate
    listing: Listing | None = None
    slices: Mapping[bytes, int] | None = None
    has_other_slices: bool = False


def _has_entries(fetched: FetchedFeed) -> bool:
    return fetched.parsed is not None and fetched.parsed.problem is None


def _save_feed(
    parts: FetchParts, transaction: StoreTransaction, fetched: FetchedFeed, before: Mapping[bytes, int]
) -> _Saved:
    """Save the articles of one document. `before` are the slices of the one that was read before."""
    now = parts.clock.now()
    if fetched.casualty is not None and fetched.body_sha256 != fetched.feed.memory.harmful_sha256:
        transaction.quarantine.add(_quarantined(fetched, fetched.casualty), now)
    if fetched.parsed is None or not _has_entries(fetched):
        return _Saved(feed_update(fetched, (), now, parts.limits))
    # Some may be missing: an article can be pruned while its feed is asked.
    cut = [fingerprint for fingerprint in (fetched.slices.cut if fetched.slices else ()) if fingerprint in before]
    still_listed = frozenset(before[fingerprint] for fingerprint in cut)
    changes, sightings = _save_articles(transaction, fetched, fetched.parsed, still_listed, now)
    after = _slices_after(fetched, fetched.parsed, sightings, before)
    return _Saved(
        feed_update(fetched, changes, now, parts.limits),
        _listing(fetched, still_listed.union(sightings), before),
        after,
        has_other_slices=after is not None or bool(before),
    )


def _save_articles(
    transaction: StoreTransaction,
    fetched: FetchedFeed,
    parsed: ParsedFeed,
    still_listed: frozenset[int],
    now: datetime,
) -> tuple[Sequence[ArticleChange], Sequence[int]]:
    """Return what was done about the entries, and their sightings."""
    feed, keys = fetched.feed, entry_keys(parsed.entries)
    known = transaction.articles.known(feed.feed_id, keys)
    changes = decide_changes(parsed.entries, known, now, still_listed=still_listed, keys=keys, feed_host=feed.host)
    trusted_origin = trusted_origin_of(fetched)
    return changes, transaction.articles.save(feed.feed_id, changes, trusted_origin, now)


def trusted_origin_of(fetched: FetchedFeed) -> str | None:
    """Return the origin below which pictures may be on a private address; None where a stranger gave the answer."""
    subscribed, answered = fetched.feed.url, fetched.download.final_url
    stays = same_place(subscribed, fetched.feed.asked_url) and same_place(subscribed, answered)
    return origin(answered) if stays else None


def _listing(fetched: FetchedFeed, listed: frozenset[int], before: Mapping[bytes, int]) -> Listing | None:
    feed = fetched.feed
    is_whole = all(page.outcome is Outcome.OK for page in fetched.more_pages)
    may_have_lost = feed.body_sha256 is not None and (not before or not listed.issuperset(before.values()))
    return Listing(feed.feed_id, listed, feed.last_success_at) if is_whole and may_have_lost else None


def _slices_after(
    fetched: FetchedFeed, parsed: ParsedFeed, sightings: Sequence[int], before: Mapping[bytes, int]
) -> dict[bytes, int] | None:
    """Return fingerprint → sighting of the whole document; None where the two cannot be paired without doubt."""
    slices = fetched.slices
    if slices is None or not len(slices.left) == len(parsed.entries) == len(sightings):
        return None
    cut = {fingerprint: before[fingerprint] for fingerprint in slices.cut if fingerprint in before}
    return cut | dict(zip(slices.left, sightings, strict=True))


def _logged(feed: FeedToFetch, page: Download) -> LoggedRequest:
    return LoggedRequest("feed", Reason.NEXT_PAGE, page, str(page.outcome), feed_id=feed.feed_id)


def _quarantined(fetched: FetchedFeed, casualty: Casualty) -> QuarantinedItem:
    return QuarantinedItem(
        kind="feed",
        item_id=fetched.feed.feed_id,
        url=fetched.feed.url,
        stage="read",
        reason=casualty.harm,
        detail=casualty.detail,
        input_hash=fetched.body_sha256,
    )
