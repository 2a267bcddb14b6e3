"""What the answer of a server, and what was in it, mean for the feed's own row. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aggregator.fetch.memory import remember
from aggregator.fetch.moves import move_after
from aggregator.fetch.schedule import Answer, Limits, plan_after
from aggregator.records import ArticleChange, ChangeKind, Download, FeedUpdate, FetchedFeed, Outcome, Validators

UNCHANGED = "unchanged"
UNREADABLE = "unreadable"
QUARANTINED = "quarantined"
NEW_ARTICLES = "new articles"
NOTHING_NEW = "nothing new"

SUCCESSES = frozenset({NEW_ARTICLES, NOTHING_NEW, UNCHANGED, str(Outcome.NOT_MODIFIED)})
"""The outcomes in which a feed was read, or need not be."""


def feed_update(fetched: FetchedFeed, changes: Sequence[ArticleChange], now: datetime, limits: Limits) -> FeedUpdate:
    """Return what to keep about a feed after its request, and the line for the log.

    Validators and the hash of the body are kept only once the body has been read: kept with a broken body, they would
    bring "not modified" for ever, and nobody would look again. The same holds for an API of which a page is missing.
    """
    feed, download = fetched.feed, fetched.download
    error = _error(fetched)
    readable = error is None
    move = move_after(feed, download, readable=readable, failures=feed.failures + (not readable))
    memory = remember(fetched, changes, move, now, readable=readable)
    validators = _validators(fetched) if readable else feed.validators
    is_whole = readable and all(page.outcome is Outcome.OK for page in fetched.more_pages)
    plan = plan_after(Answer(feed, download, memory, validators, readable), now, limits)
    return FeedUpdate(
        feed_id=feed.feed_id,
        url=feed.url,
        state=plan.state,
        outcome=_outcome(fetched, changes),
        failures=plan.failures,
        next_fetch_at=plan.next_fetch_at,
        download=download,
        reason=fetched.reason,
        decided_by=plan.decided_by,
        memory=memory,
        validators=validators if is_whole else None,
        body_sha256=fetched.body_sha256 if is_whole else None,
        moved_url=move.asked_url if move.asked_url != feed.url else None,
        has_moved=move.asked_url != feed.asked_url,
        overflowed=memory.overflows > feed.memory.overflows,
        parsed=fetched.parsed if readable else None,
        new_articles=sum(change.kind is ChangeKind.NEW for change in changes),
        revised_articles=sum(change.kind is ChangeKind.REVISED for change in changes),
        error=error,
    )


def _error(fetched: FetchedFeed) -> str | None:
    if not fetched.download.answered:
        return fetched.download.error
    if fetched.casualty is not None:
        return f"could not be read: {fetched.casualty.harm} ({_last_line(fetched.casualty.detail)})"
    return fetched.parsed.problem if fetched.parsed is not None else None


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


def _outcome(fetched: FetchedFeed, changes: Sequence[ArticleChange]) -> str:
    if fetched.download.outcome is not Outcome.OK:
        return str(fetched.download.outcome)
    if fetched.casualty is not None:
        return QUARANTINED
    if fetched.parsed is None:
        return UNCHANGED
    if fetched.parsed.problem is not None:
        return UNREADABLE
    return NEW_ARTICLES if any(change.kind is ChangeKind.NEW for change in changes) else NOTHING_NEW


def _validators(fetched: FetchedFeed) -> Validators:
    """Those of a full answer replace the old ones, absent ones too; a 304 replaces only what it names."""
    sent: Download = fetched.download
    if sent.outcome is Outcome.OK:
        return sent.validators
    old = fetched.feed.validators
    return Validators(sent.validators.etag or old.etag, sent.validators.last_modified or old.last_modified)
