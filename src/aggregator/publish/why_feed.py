"""What there is to say of a feed: how it is, when it was asked, when it may be asked next, and what decided that."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aggregator.publish.moments import ahead, moment_of, times
from aggregator.publish.twins import IS_THE_SAME

_FEED = """
    SELECT f.*, d.created_at, d.host, h.rests_until, h.reason AS host_reason
    FROM feeds f JOIN feed d ON d.id = f.id LEFT JOIN hosts h ON h.name = d.host
    WHERE f.url = :url OR f.moved_url = :url OR f.site_url = :url
    ORDER BY f.url = :url DESC, f.subscribed DESC, f.id LIMIT 1"""

_TWIN = f"SELECT other.url FROM feed this JOIN feed other ON {IS_THE_SAME} WHERE this.id = :id LIMIT 1"  # noqa: S608 - ours

_STATES = {
    "new": "it has not answered yet",
    "active": "it answers well",
    "moved": "it answers well, at another address",
    "throttled": "its server asked for fewer requests",
    "blocked": "its server refuses us; it is asked again, ever more rarely",
    "failing": "it could not be read lately",
    "gone": "its server says that there will never be anything again",
}

_IN_OTHER_WORDS = {"min_interval": "the setting [fetch] min_interval, or the feed's own interval"}
"""What decided, where the ledger is short."""


def find_feed(connection: sqlite3.Connection, url: str) -> dict[str, Any] | None:
    """Return the feed at `url`: subscribed to or moved to there, or that of the site there; None if there is none."""
    row = connection.execute(_FEED, {"url": url}).fetchone()
    return None if row is None else dict(row)


def say_feed(
    connection: sqlite3.Connection, feed: Mapping[str, Any], asked: Mapping[str, Any] | None, last: str, now: datetime
) -> Sequence[str]:
    """Return the sentences about a feed. `asked` is its last request, `last` the sentence about that."""
    sentences = [_standing(feed)]
    if feed["moved_url"]:
        sentences.append(f"It has moved for good to {feed['moved_url']}, where it is asked for instead.")
    sentences.append(last)
    if feed["failures"] > 1:
        since = f"since {feed['last_success_at']} UTC" if feed["last_success_at"] else "and was never read"
        sentences.append(f"It failed {times(feed['failures'])} in a row {since}.")
    if feed["note"]:
        sentences.append(f"Of its last document: {feed['note']}.")
    if feed["overflows"]:
        sentences.append(
            f"Articles were missed {times(feed['overflows'])}: they had fallen out of it before they were seen. "
            "It is asked more often since, as far as it allows."
        )
    twin = connection.execute(_TWIN, {"id": feed["id"]}).fetchone()
    return [*sentences, _next_request(feed, asked, twin["url"] if twin else None, now)]


def _standing(feed: Mapping[str, Any]) -> str:
    kind = "an API" if feed["kind"] == "api" else "a feed"
    articles = f"{feed['articles']} article{'s' * (feed['articles'] != 1)}"
    named = f"“{feed['title']}”" if feed["title"] != feed["url"] else "This"
    return (
        f"{named} is {kind} with {articles}, known since {feed['created_at']} UTC. "
        f"Its state is {feed['state']}: {_STATES[feed['state']]}."
    )


def _next_request(feed: Mapping[str, Any], asked: Mapping[str, Any] | None, twin: str | None, now: datetime) -> str:
    if not feed["subscribed"]:
        return "It is not asked again: feeds.toml does not name it any more, or has it disabled. Its articles stay."
    if feed["state"] == "gone":
        return (
            "It is not asked again, because its server answered 410 Gone again and again for days. To try once more, "
            "take it out of feeds.toml, type “aggregator run”, and add it again."
        )
    if twin is not None:
        return f"It is not asked, because {twin} has become the same feed and is asked instead."
    at, reason = feed["next_fetch_at"], _decision(feed, asked, now)
    if feed["rests_until"] is not None and feed["rests_until"] > max(at, _text(now)):
        at, reason = (
            feed["rests_until"],
            f"its host {feed['host']} is left alone until then, because {feed['host_reason']}",
        )
    if moment_of(at) <= now:
        return f"It may be asked now, and the next run does that. What decided: {reason}."
    return f"It may be asked again {ahead(at, now)}. What decided: {reason}."


def _decision(feed: Mapping[str, Any], asked: Mapping[str, Any] | None, now: datetime) -> str:
    if feed["state"] == "new" and moment_of(feed["next_fetch_at"]) <= now:
        return "it is new"
    claimed = asked is None or (asked["next_fetch_at"] is not None and asked["next_fetch_at"] != feed["next_fetch_at"])
    if claimed:
        return "a request that is under way, or was cut off; the time was set before it began"
    decided = feed["decided_by"] or "an earlier version of aggregator"
    return _IN_OTHER_WORDS.get(decided, decided)


def _text(now: datetime) -> str:
    return f"{now:%Y-%m-%d %H:%M:%S}"
