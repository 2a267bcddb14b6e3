"""What a feed's answer adds to what is remembered of it. Pure.

Counts grow or start again, arrivals are noted, and a document that has nothing in common with the one before tells that
articles were missed: its oldest entry is newer than the newest one known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from aggregator.fetch.arrivals import with_arrivals
from aggregator.fetch.moves import Move
from aggregator.fetch.schedule import asks_for_less, is_gone
from aggregator.records import ArticleChange, ChangeKind, FeedMemory, FetchedFeed, Outcome, ParsedFeed, Reason

MOST_THROTTLES = 8
"""At so many the wait has reached a week."""

QUICKLY_FORGIVEN = 4
"""What goes beyond this is forgiven at the first good answer, the rest one at a time."""

ARRIVED = (ChangeKind.NEW, ChangeKind.SIGHTED)


def remember(
    fetched: FetchedFeed, changes: Sequence[ArticleChange], move: Move, now: datetime, *, readable: bool
) -> FeedMemory:
    """Return what is remembered after an answer; `changes` are what its entries mean, `move` what its address does."""
    before = fetched.feed.memory
    memory = _counted(before, fetched, move, now, readable=readable)
    if not (fetched.download.answered and readable):
        if fetched.reason is not Reason.PROBE:
            return memory
        # A probe that failed was one: the next has to wait for its turn.
        return replace(memory, probes=memory.probes + 1, full_at=fetched.download.started_at)
    memory = _with_answer(memory, fetched, changes)
    if fetched.parsed is None:
        return memory
    if has_overflowed(fetched, changes):
        memory = replace(memory, overflows=before.overflows + 1, overflowed_at=now)
    return _with_document(memory, fetched, fetched.parsed, changes, now)


def has_overflowed(fetched: FetchedFeed, changes: Sequence[ArticleChange]) -> bool:
    """Tell whether articles fell out of the document before we saw them.

    Nothing in it was known, and all of it is newer than all that was. Where entries carry no dates, that none of
    several is known must do.
    """
    memory = fetched.feed.memory
    cut = fetched.slices is not None and fetched.slices.cut
    if not memory.entries or not changes or cut or any(change.kind not in ARRIVED for change in changes):
        return False
    dates = [change.entry.published_at for change in changes if change.entry.published_at is not None]
    if memory.newest_at is None or not dates:
        return len(changes) > 1 and not dates
    return min(dates) > memory.newest_at


def _counted(before: FeedMemory, fetched: FetchedFeed, move: Move, now: datetime, *, readable: bool) -> FeedMemory:
    """Return the memory with its counts of what speaks against asking: 410, throttling, a claim to have moved."""
    download = fetched.download
    throttles = before.throttles
    if asks_for_less(download):
        throttles = min(throttles + 1, MOST_THROTTLES)
    elif download.answered and readable:
        throttles = max(min(throttles - 1, QUICKLY_FORGIVEN), 0)
    gone, gone_since = before.gone, before.gone_since
    if move.asked_url != fetched.feed.asked_url or (download.status is not None and not is_gone(download)):
        gone, gone_since = 0, None
    elif is_gone(download):
        gone, gone_since = gone + 1, gone_since or now
    return replace(
        before,
        throttles=throttles,
        gone=gone,
        gone_since=gone_since,
        move_url=move.claimed_url,
        move_seen=move.seen,
        harmful_sha256=fetched.body_sha256 if fetched.casualty is not None else before.harmful_sha256,
    )


def _with_answer(memory: FeedMemory, fetched: FetchedFeed, changes: Sequence[ArticleChange]) -> FeedMemory:
    download = fetched.download
    if download.outcome is Outcome.NOT_MODIFIED:
        # A database of before this was remembered has no full answer: the last good one stands in for it.
        full_at = memory.full_at or fetched.feed.last_success_at
        return replace(memory, not_modified=memory.not_modified + 1, full_at=full_at, fulls=0)
    found_something = any(change.kind in ARRIVED for change in changes)
    in_vain = fetched.reason is Reason.PROBE and not found_something
    return replace(
        memory,
        not_modified=0,
        probes=memory.probes + 1 if in_vain else memory.probes if not found_something else 0,
        full_at=memory.full_at if download.conditional else download.started_at,
        fulls=0 if download.conditional else memory.fulls + 1,
    )


def _with_document(
    memory: FeedMemory, fetched: FetchedFeed, parsed: ParsedFeed, changes: Sequence[ArticleChange], now: datetime
) -> FeedMemory:
    dated = [change.effective_at for change in changes if change.entry.published_at is not None]
    arrived = [change for change in changes if change.kind in ARRIVED]
    if fetched.feed.memory.entries:
        arrivals = [change.effective_at for change in arrived]
    else:
        # Of a first document the dates are its history; without dates it only tells that it was there by now.
        arrivals = [change.effective_at for change in arrived if change.entry.published_at] or [now] * bool(arrived)
    slices = fetched.slices
    return replace(
        memory,
        newest_at=max([*dated, *([memory.newest_at] if memory.newest_at else [])], default=None),
        entries=len(slices.left) + len(slices.cut) if slices is not None else len(parsed.entries),
        arrivals=with_arrivals(memory.arrivals, arrivals),
        hints=parsed.hints,
    )
