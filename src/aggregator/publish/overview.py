"""What is in the database, what is pending, how the last runs went, and which feeds ail."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aggregator.errors import StorageError, UsageError
from aggregator.publish.twins import IS_THE_SAME
from aggregator.store.reading import open_read_only, require_current

LAST_RUNS = 5
AILING_SHOWN = 20

_COUNTS = {
    "articles": "SELECT COUNT(*) FROM article",
    "articles without an analysis": "SELECT COUNT(*) FROM article WHERE analysis_id IS NULL",
    "revisions": "SELECT COUNT(*) FROM revision",
    "pictures stored": "SELECT COUNT(*) FROM image WHERE sha256 IS NOT NULL AND NOT gave_up",
    "pictures to fetch": """
        SELECT COUNT(DISTINCT i.id) FROM image i JOIN article_image ai ON ai.image_id = i.id
        WHERE i.sha256 IS NULL AND NOT i.gave_up AND i.pruned_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM article_image before JOIN image better ON better.id = before.image_id
            WHERE before.article_id = ai.article_id AND before.position < ai.position AND NOT better.gave_up
              AND better.junk IS NULL)""",
    "pictures without an analysis": """
        SELECT COUNT(*) FROM image WHERE sha256 IS NOT NULL AND picture_model_id IS NULL AND NOT gave_up""",
    "pictures that failed": "SELECT COUNT(*) FROM image WHERE gave_up",
    "pictures removed to save space": "SELECT COUNT(*) FROM image WHERE pruned_at IS NOT NULL",
    "full texts": "SELECT COUNT(*) FROM page WHERE text IS NOT NULL",
    "pages to fetch": "SELECT COUNT(*) FROM page WHERE text IS NULL AND NOT gave_up",
    "feeds subscribed": "SELECT COUNT(*) FROM feed WHERE subscribed",
    "feeds due": f"""
        SELECT COUNT(*) FROM feed this WHERE subscribed AND next_fetch_at <= :now AND state <> 'gone'
        AND NOT EXISTS (SELECT 1 FROM host WHERE host.name = this.host AND host.rests_until > :now)
        AND NOT EXISTS (SELECT 1 FROM feed other WHERE {IS_THE_SAME})""",  # noqa: S608 - ours
    "feeds that ail": "SELECT COUNT(*) FROM feed WHERE subscribed AND failures > 0",
    "feeds that overflowed": "SELECT COUNT(*) FROM feed WHERE subscribed AND overflows > 0",
    "hosts at rest": "SELECT COUNT(*) FROM host WHERE rests_until > :now",
    "quarantined": "SELECT COUNT(*) FROM quarantine_item",
}

_AILING = """
    SELECT title, url, state, failures, last_status, last_error, next_fetch_at FROM feeds
    WHERE subscribed = 1 AND failures > 0 ORDER BY failures DESC, url LIMIT :limit"""

_RUNS = """
    SELECT id, command, started_at, seconds, exit_code, counts, peak_memory_bytes, peak_worker_bytes FROM runs
    ORDER BY id DESC LIMIT :limit"""

_NEWEST = "SELECT MAX(first_seen_at) FROM articles"


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts by name, the last runs and the ailing feeds as rows, and when the newest article came."""

    database: str
    counts: Mapping[str, int]
    newest_article_at: str | None
    runs: Sequence[Mapping[str, Any]]
    ailing: Sequence[Mapping[str, Any]]


def load_overview(database_url: str, now: datetime) -> Overview:
    """Read the overview.

    Raises:
        UsageError: there is no database yet, or it is of an older version.
        StorageError: it cannot be read.
    """
    with closing(open_read_only(database_url)) as connection:
        connection.row_factory = sqlite3.Row
        moment = {"now": now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")}
        try:
            require_current(connection)
            return Overview(
                database=database_url,
                counts={name: connection.execute(sql, moment).fetchone()[0] for name, sql in _COUNTS.items()},
                newest_article_at=connection.execute(_NEWEST).fetchone()[0],
                runs=[_run(row) for row in connection.execute(_RUNS, {"limit": LAST_RUNS})],
                ailing=[dict(row) for row in connection.execute(_AILING, {"limit": AILING_SHOWN})],
            )
        except sqlite3.DatabaseError as error:
            raise _unreadable(error) from error


def _unreadable(error: sqlite3.DatabaseError) -> StorageError:
    return StorageError(f"the database cannot be read: {error}")


def _run(row: sqlite3.Row) -> dict[str, Any]:
    return {**dict(row), "counts": json.loads(row["counts"]) if row["counts"] else {}}


@dataclass(frozen=True, slots=True)
class ObservedFeed:
    """What the database knows of a subscription. `condition` is state, articles, last and next fetch, last error."""

    title: str
    condition: tuple[str, int, str | None, str | None, str | None]


def observed_feeds(database_url: str) -> dict[str, ObservedFeed]:
    """Return what was observed of every feed, by its URL; nothing before the first fetch.

    Raises:
        StorageError: the database cannot be read.
    """
    try:
        connection = open_read_only(database_url)
    except UsageError:
        return {}
    with closing(connection):
        try:
            rows = connection.execute(
                "SELECT url, title, state, articles, last_fetch_at, next_fetch_at, last_error FROM feeds"
            )
            return {url: ObservedFeed(title, tuple(rest)) for url, title, *rest in rows}
        except sqlite3.DatabaseError as error:
            raise _unreadable(error) from error
