"""Feeds in the database: what is subscribed to, what is due, and what requests taught."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Update, bindparam, func, insert, select, update
from sqlalchemy.engine import Connection

from aggregator.records import FeedState, FeedToFetch, FeedUpdate, ParsedFeed, Subscription, Validators
from aggregator.store.analyses import FORGET_OUTDATED_OF_FEED
from aggregator.store.schema import feed, fetch


class FeedRows:
    """Feeds, through one connection."""

    def __init__(self, connection: Connection, run_id: int | None = None) -> None:
        """Read and write through `connection`; requests are logged under `run_id`."""
        self._connection = connection
        self._run_id = run_id

    def sync(self, subscriptions: Iterable[Subscription], now: datetime) -> None:
        """Make the subscribed feeds those of feeds.toml. Feeds that left it stay, with their articles, and rest.

        Only what differs is written, so that ten thousand feeds cost little at every start.
        """
        wanted = {one.url: _wanted(one) for one in subscriptions}
        columns = (feed.c.id, feed.c.url, feed.c.subscribed, feed.c.wanted_title, feed.c.category, feed.c.interval_s)
        present = {row.url: row for row in self._connection.execute(select(*columns))}
        changed = [
            {"feed_id": row.id, **wanted[url]}
            for url, row in present.items()
            if url in wanted and any(getattr(row, key) != value for key, value in wanted[url].items())
        ]
        gone = [{"feed_id": row.id} for url, row in present.items() if url not in wanted and row.subscribed]
        new = [_new_row(url, values, now) for url, values in wanted.items() if url not in present]
        recategorised = [
            {"of_feed": row.id}
            for url, row in present.items()
            if url in wanted and row.category != wanted[url]["category"]
        ]
        for statement, rows in (
            (_CHANGE, changed),
            (FORGET_OUTDATED_OF_FEED, recategorised),
            (_UNSUBSCRIBE, gone),
            (insert(feed), new),
        ):
            if rows:
                self._connection.execute(statement, rows)

    def due(self, cutoff: datetime, limit: int, excluding: Collection[int] = ()) -> list[FeedToFetch]:
        """Return at most `limit` feeds that may be asked, hosts interleaved: the first of each, then the second …"""
        turn = func.row_number().over(partition_by=feed.c.host, order_by=(feed.c.next_fetch_at, feed.c.id))
        statement = (
            select(feed)
            .where(feed.c.subscribed, feed.c.next_fetch_at <= cutoff, feed.c.id.not_in(excluding))
            .order_by(turn, feed.c.id)
            .limit(limit)
        )
        return [_to_fetch(row) for row in self._connection.execute(statement)]

    def claim(self, feeds: Sequence[FeedToFetch], next_fetch_at: Sequence[datetime]) -> None:
        """Promise not to ask `feeds` again before the given times. To be committed before the requests are sent."""
        if feeds:
            rows = [{"feed_id": one.feed_id, "next": at} for one, at in zip(feeds, next_fetch_at, strict=True)]
            self._connection.execute(_CLAIM, rows)

    def record(self, change: FeedUpdate) -> None:
        """Keep what a request taught, and log it."""
        of_feed = {"feed_id": change.feed_id}
        self._connection.execute(_OBSERVED, of_feed | _observed(change))
        if change.error is None:
            self._connection.execute(_SUCCEEDED, of_feed | {"last_success_at": change.download.started_at})
        if change.validators is not None:
            self._connection.execute(_VALIDATED, of_feed | asdict(change.validators))
        if change.body_sha256 is not None:
            self._connection.execute(_READ, of_feed | {"body_sha256": change.body_sha256})
        if change.parsed is not None:
            self._connection.execute(_DESCRIBED, of_feed | _described(change.parsed))
        self._connection.execute(_LOG, _log_row(change, self._run_id))


def _set(*columns: str) -> Update:
    """Return the statement that sets `columns` of a feed. Built once: building one costs more than running it."""
    return update(feed).where(feed.c.id == bindparam("feed_id")).values({key: bindparam(key) for key in columns})


_OBSERVED = _set("state", "next_fetch_at", "last_fetch_at", "last_status", "last_outcome", "last_error", "failures")
_SUCCEEDED = _set("last_success_at")
_VALIDATED = _set("etag", "last_modified")
_READ = _set("body_sha256")
_DESCRIBED = _set("title", "site_url", "language", "format")
_LOG = insert(fetch)


def _observed(change: FeedUpdate) -> dict[str, Any]:
    return {
        "state": change.state,
        "next_fetch_at": change.next_fetch_at,
        "last_fetch_at": change.download.started_at,
        "last_status": change.download.status,
        "last_outcome": change.outcome,
        "last_error": change.error,
        "failures": change.failures,
    }


def _described(parsed: ParsedFeed) -> dict[str, Any]:
    return {
        "title": parsed.title or None,
        "site_url": parsed.site_url,
        "language": parsed.language,
        "format": parsed.format,
    }


_CLAIM = update(feed).where(feed.c.id == bindparam("feed_id")).values(next_fetch_at=bindparam("next"))
_UNSUBSCRIBE = update(feed).where(feed.c.id == bindparam("feed_id")).values(subscribed=False)
_CHANGE = _set("subscribed", "wanted_title", "category", "interval_s")


def _wanted(one: Subscription) -> dict[str, Any]:
    return {
        "subscribed": one.enabled,
        "wanted_title": one.title or None,
        "category": one.category,
        "interval_s": one.interval_s,
    }


def _new_row(url: str, values: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "url": url,
        "host": urlsplit(url).hostname or "",
        "state": FeedState.NEW,
        "next_fetch_at": now,
        "failures": 0,
        "created_at": now,
        **values,
    }


def _to_fetch(row: Any) -> FeedToFetch:
    return FeedToFetch(
        feed_id=row.id,
        url=row.url,
        host=row.host,
        validators=Validators(row.etag, row.last_modified),
        body_sha256=row.body_sha256,
        failures=row.failures,
        interval_s=row.interval_s,
    )


def _log_row(change: FeedUpdate, run_id: int | None) -> dict[str, Any]:
    download = change.download
    return {
        "feed_id": change.feed_id,
        "run_id": run_id,
        "started_at": download.started_at,
        "seconds": round(download.seconds, 3),
        "conditional": change.conditional,
        "outcome": change.outcome,
        "status": download.status,
        "final_url": download.final_url if download.final_url != download.url else None,
        "received_bytes": download.received_bytes,
        "entries": len(change.parsed.entries) if change.parsed else 0,
        "new_articles": change.new_articles,
        "revised_articles": change.revised_articles,
        "error": change.error,
    }
