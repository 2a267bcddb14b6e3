"""Why something was or was not asked for: what the ledger and the schedule know of an address, in plain words."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from aggregator.errors import StorageError, UsageError
from aggregator.publish.moments import ago
from aggregator.publish.why_feed import find_feed, say_feed
from aggregator.publish.why_other import say_other
from aggregator.store.reading import open_read_only, require_current

LAST_REQUESTS = 10

_OF_FEED = "SELECT * FROM fetches WHERE feed_url = :url ORDER BY id DESC LIMIT :limit"
_OF_ADDRESS = "SELECT * FROM fetches WHERE url = :url ORDER BY id DESC LIMIT :limit"
_ON_HOST = "SELECT url FROM feeds WHERE url LIKE :pattern ESCAPE '!' ORDER BY subscribed DESC, id LIMIT 1000"
_NEXT_PAGE = "next page"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why something was or was not asked for: sentences, and the last requests as rows, the latest first.

    `feed` is the row of the view feeds, if the address is that of a feed.
    """

    url: str
    sentences: Sequence[str]
    requests: Sequence[Mapping[str, Any]]
    feed: Mapping[str, Any] | None = None


def explain(database_url: str, url: str, now: datetime) -> Explanation:
    """Explain the address of a feed, its site, an article, a page, a picture or a robots.txt.

    Raises:
        UsageError: there is no database, it is of an older version, or nothing in it has this address.
        StorageError: the database cannot be read.
    """
    with closing(open_read_only(database_url)) as connection:
        try:
            require_current(connection)
            connection.row_factory = sqlite3.Row
            return _explained(connection, url, now)
        except sqlite3.DatabaseError as error:
            raise StorageError(f"the database cannot be read: {error}") from error


def _explained(connection: sqlite3.Connection, url: str, now: datetime) -> Explanation:
    feed = find_feed(connection, url)
    if feed is not None:
        requests = _rows(connection, _OF_FEED, feed["url"])
        # The further pages of an API follow from its first one.
        asked = next((one for one in requests if one["reason"] != _NEXT_PAGE), None)
        answer = _last_request(asked, now) if asked else "It was never asked."
        return Explanation(feed["url"], say_feed(connection, feed, asked, answer, now), requests, feed)
    requests = _rows(connection, _OF_ADDRESS, url)
    sentences = say_other(connection, url, _last_request(requests[0], now) if requests else None, now)
    if not sentences:
        raise UsageError(_unknown(connection, url))
    return Explanation(url, sentences, requests)


def _rows(connection: sqlite3.Connection, sql: str, url: str) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(sql, {"url": url, "limit": LAST_REQUESTS})]


def _unknown(connection: sqlite3.Connection, url: str) -> str:
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    pattern = "%" + "".join("!" + one if one in "!%_" else one for one in host) + "%"
    there = [row["url"] for row in connection.execute(_ON_HOST, {"pattern": pattern})] if host else []
    near = get_close_matches(url, there, n=3, cutoff=0)
    hint = f"did you mean {' or '.join(near)}?" if near else "“aggregator feeds list” shows all feeds"
    return f"nothing in the database has the address {url}; {hint}"


def _last_request(request: Mapping[str, Any], now: datetime) -> str:
    way = "only for what had changed since" if request["conditional"] else "for the whole of it"
    came = f"status {request['status']}, {request['outcome']}" if request["status"] is not None else request["outcome"]
    if request["kind"] == "feed" and request["entries"]:
        entries = f"{request['entries']} entr{'y' if request['entries'] == 1 else 'ies'}"
        came += f" ({request['new_articles']} new of {entries})"
    if request["error"]:
        came += f": {request['error']}"
    return f"It was last asked {ago(request['started_at'], now)}, {way}; why: {request['reason']}. What came: {came}."
