"""Feeds in the database: what is subscribed to, what is due, and what requests taught."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import (
    ColumnElement,
    Row,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Connection

from aggregator.records import FeedMemory, FeedState, FeedToFetch, FeedUpdate, ParsedFeed, Subscription, Validators
from aggregator.store.analyses import FORGET_OUTDATED_OF_FEED
from aggregator.store.ledger import log_values
from aggregator.store.schema import feed, feed_document, fetch, host


class FeedRows:
    """Feeds, through one connection."""

    def __init__(self, connection: Connection, run_id: int | None = None) -> None:
        """Read and write through `connection`; requests are logged under `run_id`."""
        self._connection = connection
        self._run_id = run_id

    def sync(self, subscriptions: Iterable[Subscription], now: datetime) -> None:
        """Make the subscribed feeds those of feeds.toml. Feeds that left it stay, with their articles, and rest.

        Only what differs is written, so that ten thousand feeds cost little at every start. One that was retired and
        is taken up again is asked again.
        """
        wanted = {one.url: _wanted(one) for one in subscriptions}
        self._follow_moves(wanted.keys())
        columns = [feed.c[name] for name in ("id", "url", "state", *_WANTED)]
        present = {row.url: row for row in self._connection.execute(select(*columns))}
        kept = [(row, wanted[url]) for url, row in present.items() if url in wanted]
        for statement, rows in (
            (_CHANGE, [{"row": row.id, **values} for row, values in kept if _differs(row, values)]),
            (
                FORGET_OUTDATED_OF_FEED,
                [{"of_feed": row.id} for row, values in kept if row.category != values["category"]],
            ),
            (_RESUME, [_resumed(row, now) for row, values in kept if _is_resumed(row, values)]),
            (_UNSUBSCRIBE, [{"row": row.id} for url, row in present.items() if url not in wanted and row.subscribed]),
            (insert(feed), [_new_row(url, values, now) for url, values in wanted.items() if url not in present]),
        ):
            if rows:
                self._connection.execute(statement, rows)

    def _follow_moves(self, wanted: Collection[str]) -> None:
        """Let a feed that moved be the one of its new address, once feeds.toml names that and not the old one any more.

        So its articles, its history and the time of its next request go along.
        """
        columns = (feed.c.id, feed.c.url, feed.c.moved_url)
        moved = self._connection.execute(select(*columns).where(feed.c.moved_url.is_not(None))).all()
        left = [row for row in moved if row.url not in wanted and row.moved_url in wanted]
        taken = set(self._connection.execute(select(feed.c.url)).scalars()) if left else set()
        renamed = [row for row in left if row.moved_url not in taken]
        unique = {row.moved_url: {"row": row.id, "url": row.moved_url} for row in renamed}
        if unique:
            self._connection.execute(_RENAME, list(unique.values()))

    def due(self, cutoff: datetime, limit: int, excluding: Collection[int] = ()) -> list[FeedToFetch]:
        """Return at most `limit` feeds that may be asked, hosts interleaved: the first of each, then the second …

        Left out are those that are gone, those whose host rests, and those that have moved to where another one is.
        """
        turn = func.row_number().over(partition_by=feed.c.host, order_by=(feed.c.next_fetch_at, feed.c.id))
        statement = (
            select(*_ASKING)
            .where(feed.c.subscribed, feed.c.next_fetch_at <= cutoff, feed.c.id.not_in(excluding))
            .where(feed.c.state != FeedState.GONE, not_(_host_rests(cutoff)), not_(_IS_ANOTHER))
            .order_by(turn, feed.c.id)
            .limit(limit)
        )
        return [_to_fetch(row) for row in self._connection.execute(statement).all()]

    def by_url(self, url: str) -> FeedToFetch | None:
        """Return the feed subscribed to at `url`, due or not; None if there is none."""
        row = self._connection.execute(select(*_ASKING).where(feed.c.url == url)).one_or_none()
        return None if row is None else _to_fetch(row)

    def claim(self, feeds: Sequence[FeedToFetch], next_fetch_at: Sequence[datetime]) -> None:
        """Promise not to ask `feeds` again before the given times. To be committed before the requests are sent."""
        if feeds:
            rows = [{"row": one.feed_id, "next": at} for one, at in zip(feeds, next_fetch_at, strict=True)]
            self._connection.execute(_CLAIM, rows)

    def record(self, changes: Sequence[FeedUpdate]) -> None:
        """Keep what requests taught, and log them. Feeds of which the same is known are written together."""
        for statement, values_of, concerned in _WRITES:
            rows = [{"row": change.feed_id} | values_of(change) for change in changes if concerned(change)]
            if rows:
                self._connection.execute(statement, rows)
        if changes:
            self._connection.execute(_LOG, [_log_row(change, self._run_id) for change in changes])

    def slices(self, feed_id: int) -> dict[bytes, int]:
        """Return fingerprint → sighting of the entries in the document that was last read."""
        return self.slices_of([feed_id]).get(feed_id, {})

    def slices_of(self, feed_ids: Collection[int]) -> dict[int, dict[bytes, int]]:
        """Return the same of several feeds, those left out of whose document nothing is kept."""
        rows = self._connection.execute(_SLICES, {"rows": list(feed_ids)}).all() if feed_ids else ()
        return {row.feed_id: _SLICES_OF_DOCUMENT.decode(row.slices) for row in rows}

    def keep_slices(self, slices: Mapping[int, Mapping[bytes, int] | None]) -> None:
        """Keep fingerprint → sighting of documents just read, by feed; None where one could not be taken apart."""
        encode = msgspec.msgpack.encode
        kept = [{"feed_id": number, "slices": encode(one)} for number, one in slices.items() if one is not None]
        if slices:
            self._connection.execute(_FORGET_SLICES, [{"row": number} for number in slices])
        if kept:
            self._connection.execute(_KEEP_SLICES, kept)


_ASKING = (
    *(feed.c.id, feed.c.url, feed.c.moved_url, feed.c.host, feed.c.state),
    *(feed.c.etag, feed.c.last_modified, feed.c.validators_url, feed.c.body_sha256),
    *(feed.c.failures, feed.c.interval_s, feed.c.last_success_at, feed.c.memory),
)
"""What is needed to ask for a feed, see `_to_fetch`: reading every column would take twice as long."""

_MEMORY = msgspec.json.Decoder(FeedMemory)
_MEMORY_TEXT = msgspec.json.Encoder()

_OTHER = feed.alias("other")

_IS_ANOTHER = exists().where(
    _OTHER.c.subscribed,
    _OTHER.c.state != FeedState.GONE,
    _OTHER.c.id != feed.c.id,
    or_(
        and_(feed.c.moved_url.is_not(None), _OTHER.c.url == feed.c.moved_url, _OTHER.c.moved_url.is_(None)),
        # Of several that moved to one place, the first is asked.
        and_(_OTHER.c.moved_url == feed.c.moved_url, _OTHER.c.id < feed.c.id),
    ),
)
"""A feed that has become the same as another one: that is asked, and only that."""


def _host_rests(cutoff: datetime) -> ColumnElement[bool]:
    return exists().where(host.c.name == feed.c.host, host.c.rests_until > cutoff)


def _set(*columns: str) -> Update:
    """Return the statement that sets `columns` of a feed. Built once: building one costs more than running it."""
    return update(feed).where(feed.c.id == bindparam("row")).values({key: bindparam(key) for key in columns})


def _observed(change: FeedUpdate) -> dict[str, Any]:
    return {
        "state": change.state,
        "next_fetch_at": change.next_fetch_at,
        "last_fetch_at": change.download.started_at,
        "last_status": change.download.status,
        "last_outcome": change.outcome,
        "last_error": change.error,
        "failures": change.failures,
        "decided_by": change.decided_by,
        "overflows": change.memory.overflows,
        "memory": _MEMORY_TEXT.encode(change.memory).decode(),
    }


def _validated(change: FeedUpdate) -> dict[str, Any]:
    validators = change.validators or Validators()
    return {
        "etag": validators.etag,
        "last_modified": validators.last_modified,
        "validators_url": change.download.final_url,
    }


def _described(change: FeedUpdate) -> dict[str, Any]:
    parsed = change.parsed or ParsedFeed()
    return {
        "title": parsed.title or None,
        "site_url": parsed.site_url,
        "language": parsed.language,
        "format": parsed.format,
        "note": parsed.note,
    }


def _addressed(change: FeedUpdate) -> dict[str, Any]:
    return {"moved_url": change.moved_url, "host": host_of(change.moved_url or change.url)}


_OBSERVED = _set(
    "state", "next_fetch_at", "last_fetch_at", "last_status", "last_outcome", "last_error", "failures", "decided_by",
    "overflows", "memory",
)  # fmt: skip
_VALIDATED = _set("etag", "last_modified", "validators_url")

_WRITES: tuple[tuple[Update, Callable[[FeedUpdate], dict[str, Any]], Callable[[FeedUpdate], bool]], ...] = (
    (_OBSERVED, _observed, lambda change: True),  # noqa: ARG005 - each of them concerns it
    (
        _set("last_success_at"),
        lambda change: {"last_success_at": change.download.started_at},
        lambda change: change.error is None,
    ),
    (_VALIDATED, _validated, lambda change: change.validators is not None),
    (
        _set("body_sha256"),
        lambda change: {"body_sha256": change.body_sha256},
        lambda change: change.body_sha256 is not None,
    ),
    (_set("title", "site_url", "language", "format", "note"), _described, lambda change: change.parsed is not None),
    (_set("moved_url", "host"), _addressed, lambda change: change.has_moved),
)
"""What is written about a feed after its request, and when."""

_RENAME = (
    update(feed)
    .where(feed.c.id == bindparam("row"))
    .values(
        url=bindparam("url"),
        moved_url=None,
        subscribed=True,
        state=case((feed.c.state == FeedState.MOVED, FeedState.ACTIVE.value), else_=feed.c.state),
    )
)
_CLAIM = update(feed).where(feed.c.id == bindparam("row")).values(next_fetch_at=bindparam("next"))
_UNSUBSCRIBE = update(feed).where(feed.c.id == bindparam("row")).values(subscribed=False)
_LOG = insert(fetch)
_SLICES = select(feed_document.c.feed_id, feed_document.c.slices).where(
    feed_document.c.feed_id.in_(bindparam("rows", expanding=True))
)
_SLICES_OF_DOCUMENT = msgspec.msgpack.Decoder(dict[bytes, int])
_FORGET_SLICES = delete(feed_document).where(feed_document.c.feed_id == bindparam("row"))
_KEEP_SLICES = insert(feed_document)

_WANTED = ("subscribed", "wanted_title", "category", "interval_s", "kind", "full_text", "keep_images_s")
_CHANGE = _set(*_WANTED)
# Whoever takes a feed up again wants it asked again.
_RESUME = _set("state", "next_fetch_at", "failures", "moved_url", "host", "memory")


def _wanted(one: Subscription) -> dict[str, Any]:
    return {
        "subscribed": one.enabled,
        "wanted_title": one.title or None,
        "category": one.category,
        "interval_s": one.interval_s,
        "kind": "feed" if one.api is None else "api",
        "full_text": bool(one.full_text),
        "keep_images_s": one.keep_images_s,
    }


def _differs(row: Row[Any], values: Mapping[str, Any]) -> bool:
    return any(getattr(row, key) != value for key, value in values.items())


def _is_resumed(row: Row[Any], values: Mapping[str, Any]) -> bool:
    return bool(values["subscribed"]) and not row.subscribed and row.state == FeedState.GONE


def _resumed(row: Row[Any], now: datetime) -> dict[str, Any]:
    """Return a feed that was retired as a new one: asked where it was subscribed to, its past forgotten."""
    return {
        "row": row.id,
        "state": FeedState.NEW,
        "next_fetch_at": now,
        "failures": 0,
        "moved_url": None,
        "host": host_of(row.url),
        "memory": None,
    }


def _new_row(url: str, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "url": url,
        "host": host_of(url),
        "state": FeedState.NEW,
        "next_fetch_at": now,
        "failures": 0,
        "created_at": now,
        **values,
    }


def host_of(url: str) -> str:
    """Return the host name of a URL, by which politeness is counted; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _to_fetch(row: Sequence[Any]) -> FeedToFetch:
    feed_id, url, moved_url, host_name, state, *observed = row
    etag, last_modified, validators_url, body_sha256, failures, interval_s, last_success_at, memory = observed
    asked_url = moved_url or url
    return FeedToFetch(
        feed_id=feed_id,
        url=url,
        asked_url=asked_url,
        host=host_name,
        state=FeedState(state),
        validators=Validators(etag, last_modified),
        validators_url=validators_url or asked_url,
        body_sha256=body_sha256,
        failures=failures,
        interval_s=interval_s,
        last_success_at=last_success_at,
        memory=_MEMORY.decode(memory) if memory else FeedMemory(),
    )


def _log_row(change: FeedUpdate, run_id: int | None) -> dict[str, Any]:
    return {
        "feed_id": change.feed_id,
        "entries": len(change.parsed.entries) if change.parsed else 0,
        "new_articles": change.new_articles,
        "revised_articles": change.revised_articles,
        "error": change.error,
        "overflowed": change.overflowed,
        **log_values(change.download, change.reason, change.outcome, run_id),
        "url": change.download.url if change.download.url != change.url else None,
        "next_fetch_at": change.next_fetch_at,
        "decided_by": change.decided_by,
    }
