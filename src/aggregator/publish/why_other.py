"""What there is to say of an address that is no feed's: a robots.txt, a picture, a page, an article."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from aggregator.publish.moments import ago, ahead, moment_of

Row = Mapping[str, Any]

_ROBOTS = "SELECT origin, expires_at, refused FROM robots WHERE origin || '/robots.txt' = :url"

_IMAGE = """
    SELECT i.path, i.fetched_at, i.recheck_at, i.pruned_at, i.gave_up, i.stands_by, i.error, i.next_fetch_at, i.host,
           h.rests_until, h.reason AS host_reason,
           (SELECT COUNT(*) FROM article_image ai WHERE ai.image_id = i.id) AS articles
    FROM image i LEFT JOIN host h ON h.name = i.host WHERE i.url = :url"""

_PAGE = """
    SELECT p.text, p.extractor, p.fetched_at, p.gave_up, p.error, p.next_fetch_at, p.host, a.title,
           h.rests_until, h.reason AS host_reason
    FROM page p JOIN article a ON a.id = p.article_id LEFT JOIN host h ON h.name = p.host
    WHERE p.url = :url ORDER BY p.article_id LIMIT 1"""

_ARTICLE = """
    SELECT a.title, f.url AS feed_url, f.full_text
    FROM article a JOIN feed f ON f.id = a.feed_id WHERE a.url = :url ORDER BY a.id LIMIT 1"""


def say_other(connection: sqlite3.Connection, url: str, last: str | None, now: datetime) -> Sequence[str]:
    """Return the sentences about an address, none if it is unknown. `last` is the sentence about its last request."""
    for sql, what, fate in _KINDS:
        row = connection.execute(sql, {"url": url}).fetchone()
        if row is not None:
            return [what(row), last or "It was never asked for.", fate(row, now)]
    return [last] if last else []


def _robots(row: Row) -> str:
    return f"This is the robots.txt of {row['origin']}, which says what pages there may be asked for."


def _robots_fate(row: Row, now: datetime) -> str:
    until = ahead(row["expires_at"], now)
    if moment_of(row["expires_at"]) <= now:
        return "It is asked for again before the next page of that site."
    if row["refused"]:
        return f"No page there is asked for: {row['refused']}. It is asked for again {until} at the earliest."
    return f"It holds for now, and is asked for again {until} at the earliest."


def _image(row: Row) -> str:
    return f"This is a picture that {_articles(row['articles'])}."


def _articles(count: int) -> str:
    return "one article names" if count == 1 else f"{count} articles name" if count else "no article names any more"


def _image_fate(row: Row, now: datetime) -> str:
    if row["pruned_at"]:
        return f"Its file was removed {ago(row['pruned_at'], now)} to save space; it is not asked for again."
    if row["gave_up"]:
        return f"It is not asked for again: {row['error']}."
    if row["path"] and row["recheck_at"]:
        return f"It is stored as {row['path']}. A new article names it, so: {_next_request(row, now)}"
    if row["path"]:
        return f"It is stored as {row['path']}, and is asked for again only when a new article names it."
    if row["stands_by"]:
        return "It is not asked for while a better picture of the same articles may be had."
    return _next_request(row, now)


def _page(row: Row) -> str:
    return f"This is the page of the article “{row['title']}”, which a feed with full text has."


def _page_fate(row: Row, now: datetime) -> str:
    if row["text"] is not None:
        return f"Its text was read {ago(row['fetched_at'], now)} by {row['extractor']}; it is not asked for again."
    if row["gave_up"]:
        return f"It is not asked for again: {row['error']}."
    return _next_request(row, now)


def _article(row: Row) -> str:
    return f"This is the address of the article “{row['title']}” of the feed {row['feed_url']}."


def _article_fate(row: Row, _now: datetime) -> str:
    if row["full_text"]:
        return "Its page is not on the list: the next run puts it there, unless the article came more than a week ago."
    return "Its page is not asked for, because full_text is not set for that feed."


def _next_request(row: Row, now: datetime) -> str:
    if row["rests_until"] is not None and moment_of(row["rests_until"]) > now:
        host = f"its host {row['host']} is left alone until then, because {row['host_reason']}"
        return f"It may be asked for {ahead(max(row['rests_until'], row['next_fetch_at']), now)}: {host}."
    if moment_of(row["next_fetch_at"]) <= now:
        return "It may be asked for now, and the next run does that."
    error = f", after what went wrong: {row['error']}" if row["error"] else ""
    return f"It may be asked for {ahead(row['next_fetch_at'], now)}{error}."


_KINDS: tuple[tuple[str, Callable[[Row], str], Callable[[Row, datetime], str]], ...] = (
    (_ROBOTS, _robots, _robots_fate),
    (_IMAGE, _image, _image_fate),
    (_PAGE, _page, _page_fate),
    (_ARTICLE, _article, _article_fate),
)
"""How each kind is found, what it is, and what becomes of it."""
