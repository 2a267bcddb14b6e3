"""Pages of articles in the database: which are still to be fetched, what they said, and the robots.txt of their sites.

A page is wanted from the moment that an article comes in a feed with `full_text`, for as long as it has neither a text
nor been given up. The wanted ones have a partial index (see `schema`), through which the question whose turn it is
jumps from host to host: it costs as much as its answer, however many pages there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import chain, zip_longest
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import CTE, Row, bindparam, delete, exists, func, insert, not_, or_, select, update
from sqlalchemy.engine import Connection

from aggregator.records import PageText, PageToFetch, PageUpdate, RobotsFile
from aggregator.store.conditions import page_is_wanted
from aggregator.store.images import ImageRows
from aggregator.store.schema import (
    article,
    article_image,
    feed,
    page,
    quarantine_item,
    robots,
    sighting,
)

ONLY_RECENT = timedelta(days=7)
"""How long after an article came its page is put on the list: who switches full text on asks for no archive."""

SIGHTINGS_AT_ONCE = 5_000
"""How many sightings are looked at in one transaction, so that it stays short."""

ROBOTS_KEPT_FOR = timedelta(days=30)
"""How long a robots.txt is kept after it expired: for so long it may serve while no new one can be had."""

AFTER_THE_FEEDS_OWN = 100
"""Position of the first picture that a page names among those of its article: a feed names a handful."""

_OWN_PORTS = {"http": ":80", "https": ":443"}


class PageRows:
    """Pages and robots.txt, through one connection."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through `connection`."""
        self._connection = connection
        self._images = ImageRows(connection)

    def newest_sighting(self) -> int:
        """Return the id of the sighting that came last, 0 if there is none."""
        return self._connection.execute(_NEWEST).scalar() or 0

    def before_recent(self, now: datetime) -> int:
        """Return the id of a sighting before all that came within ONLY_RECENT; ids grow as time does.

        Found by halving, because no index has the times.
        """
        low, high = 0, self.newest_sighting()
        while high - low > SIGHTINGS_AT_ONCE:
            middle = (low + high) // 2
            came_at = self._connection.execute(_FIRST_SEEN_FROM, {"after": middle}).scalar()
            low, high = (middle, high) if came_at is not None and came_at < now - ONLY_RECENT else (low, middle)
        return low

    def forget_unwanted(self) -> None:
        """Take those pages off the list whose feeds no longer ask for full text."""
        self._connection.execute(_FORGET)

    def enlist(self, after: int, now: datetime) -> int:
        """Put the pages of new articles on the list: of the SIGHTINGS_AT_ONCE that come next after the id `after`.

        Only pages of articles that came within ONLY_RECENT, and only addresses that a page can have. Return the id of
        the last sighting that was looked at.
        """
        last = min(after + SIGHTINGS_AT_ONCE, self.newest_sighting())
        values = {"after": after, "last": last, "since": now - ONLY_RECENT}
        wanted: dict[int, dict[str, Any]] = {}
        for row in self._connection.execute(_UNLISTED, values):
            new = _new_row(row, now)
            if new is not None:
                wanted.setdefault(row.id, new)
        if wanted:
            self._connection.execute(insert(page), list(wanted.values()))
        return last

    def due(self, cutoff: datetime, limit: int, excluding: Collection[int] = ()) -> list[PageToFetch]:
        """Return at most `limit` pages that may be asked for, hosts interleaved, the latest of each first."""
        hosts = self._connection.execute(_COUNT_HOSTS).scalar()
        if not hosts:
            return []
        values = {"cutoff": cutoff, "excluding": list(excluding), "of_each": ceil(limit / hosts), "limit": limit}
        found = (
            PageToFetch(row.article_id, row.url, row.host, row.trusted_origin, row.attempts)
            for row in self._connection.execute(_DUE, values)
        )
        return _interleaved(found)

    def claim(self, pages: Sequence[PageToFetch], next_fetch_at: Sequence[datetime]) -> None:
        """Promise not to ask for `pages` again before the given times. To be committed before the requests."""
        if pages:
            rows = [{"row": one.article_id, "next": at} for one, at in zip(pages, next_fetch_at, strict=True)]
            self._connection.execute(_CLAIM, rows)

    def record(self, changes: Sequence[PageUpdate]) -> None:
        """Keep what requests brought: outcomes, texts, and the pictures that pages name."""
        if changes:
            self._connection.execute(_RECORD, [_recorded(change) for change in changes])
        texts = [
            _text_row(change, change.page)
            for change in changes
            if change.page is not None and change.page.problem is None
        ]
        if texts:
            self._connection.execute(_KEEP_TEXT, texts)
        for change in changes:
            if change.page is not None and change.page.images:
                self._name_pictures(change)

    def _name_pictures(self, change: PageUpdate) -> None:
        """Put the page's pictures behind those that the feed names, those apart that it names as well."""
        images = change.page.images if change.page is not None else ()
        ids = self._images.ensure([image.url for image in images], change.trusted_origin, change.fetched_at)
        mine = article_image.c.article_id == change.article_id
        self._connection.execute(delete(article_image).where(mine, article_image.c.position >= AFTER_THE_FEEDS_OWN))
        named = set(self._connection.execute(select(article_image.c.image_id).where(mine)).scalars())
        rows = [
            {"article_id": change.article_id, "position": position, "image_id": ids[one.url], "source": one.source}
            for position, one in enumerate(images, AFTER_THE_FEEDS_OWN)
            if ids[one.url] not in named
        ]
        if rows:
            self._connection.execute(insert(article_image), rows)

    def robots(self, origin: str) -> RobotsFile | None:
        """Return what is known of the robots.txt of `origin`."""
        row = self._connection.execute(_ROBOTS, {"of_origin": origin}).one_or_none()
        if row is None:
            return None
        return RobotsFile(row.origin, row.fetched_at, row.expires_at, row.rules, row.status, row.refused)

    def keep_robots(self, file: RobotsFile) -> None:
        """Keep a robots.txt in the place of an earlier one of the same origin."""
        self._connection.execute(delete(robots).where(robots.c.origin == file.origin))
        self._connection.execute(insert(robots), asdict(file))

    def forget_old_robots(self, now: datetime) -> None:
        """Forget each robots.txt that expired longer than ROBOTS_KEPT_FOR ago: its site is not asked any more."""
        self._connection.execute(delete(robots).where(robots.c.expires_at < now - ROBOTS_KEPT_FOR))


_FIRST_SEEN_FROM = (
    select(sighting.c.first_seen_at).where(sighting.c.id > bindparam("after")).order_by(sighting.c.id).limit(1)
)
_NEWEST = select(func.max(sighting.c.id))

_UNLISTED = (
    select(article.c.id, article.c.url, feed.c.id.label("feed_id"), feed.c.url.label("feed_url"), feed.c.moved_url)
    .select_from(sighting)
    .join(feed, feed.c.id == sighting.c.feed_id)
    .join(article, article.c.id == sighting.c.article_id)
    .where(
        sighting.c.id > bindparam("after"),
        sighting.c.id <= bindparam("last"),
        sighting.c.first_seen_at >= bindparam("since"),
        feed.c.subscribed,
        feed.c.full_text,
        or_(article.c.url.like("http://%"), article.c.url.like("https://%")),
        not_(exists().where(page.c.article_id == article.c.id)),
    )
    .order_by(sighting.c.id)
)

_FORGET = delete(page).where(
    page_is_wanted(page),
    not_(exists().where(feed.c.id == page.c.feed_id, feed.c.subscribed, feed.c.full_text)),
)


def _hosts() -> CTE:
    """Return the names of the hosts that have wanted pages, each found by one jump through the index."""
    first, following = page.alias("first"), page.alias("following")
    hosts = select(func.min(first.c.host).label("name")).where(page_is_wanted(first)).cte("hosts", recursive=True)
    next_name = select(func.min(following.c.host)).where(page_is_wanted(following), following.c.host > hosts.c.name)
    return hosts.union_all(select(next_name.correlate(hosts).scalar_subquery()).where(hosts.c.name.is_not(None)))


_HOSTS = _hosts()
_COUNT_HOSTS = select(func.count(_HOSTS.c.name))

_candidate = page.alias("candidate")
_due_there = (
    select(_candidate.c.article_id)
    .where(
        page_is_wanted(_candidate),
        _candidate.c.host == _HOSTS.c.name,
        _candidate.c.next_fetch_at <= bindparam("cutoff"),
        _candidate.c.article_id.not_in(bindparam("excluding", expanding=True)),
        not_(exists().where(quarantine_item.c.kind == "page", quarantine_item.c.item_id == _candidate.c.article_id)),
    )
    .order_by(_candidate.c.article_id.desc())
    .limit(bindparam("of_each"))
    .correlate(_HOSTS)
)
_DUE = (
    select(page.c.article_id, page.c.url, page.c.host, page.c.trusted_origin, page.c.attempts)
    .select_from(_HOSTS.join(page, page.c.article_id.in_(_due_there)))
    .order_by(page.c.article_id.desc())
    .limit(bindparam("limit"))
)

_CLAIM = (
    update(page)
    .where(page.c.article_id == bindparam("row"))
    .values(next_fetch_at=bindparam("next"), attempts=page.c.attempts + 1)
)

_ROBOTS = select(robots).where(robots.c.origin == bindparam("of_origin"))

_RECORD = (
    update(page)
    .where(page.c.article_id == bindparam("row"))
    .values(
        final_url=bindparam("landed"),
        next_fetch_at=bindparam("next"),
        gave_up=bindparam("final"),
        error=bindparam("problem"),
        last_status=bindparam("code"),
    )
)

_KEEP_TEXT = (
    update(page)
    .where(page.c.article_id == bindparam("row"))
    .values({key: bindparam(f"new_{key}") for key in ("fetched_at", "title", "text", "extractor")})
)


def _recorded(change: PageUpdate) -> dict[str, Any]:
    download = change.download
    landed = download.final_url if download is not None and download.final_url != change.url else None
    return {
        "row": change.article_id,
        "landed": landed,
        "next": change.next_fetch_at,
        "final": change.gave_up,
        "problem": change.error,
        "code": download.status if download is not None else None,
    }


def _text_row(change: PageUpdate, text: PageText) -> dict[str, Any]:
    return {
        "row": change.article_id,
        "new_fetched_at": change.fetched_at,
        "new_title": text.title,
        "new_text": text.text,
        "new_extractor": text.extractor,
    }


def _new_row(row: Row[Any, Any, Any, Any, Any], now: datetime) -> dict[str, Any] | None:
    """Return the row of a page that nobody asked for yet, None for what is no address."""
    try:
        host = urlsplit(row.url).hostname
    except ValueError:  # a bracket that opens no IPv6 address
        return None
    if not host:
        return None
    home = _origin(row.url)
    return {
        "article_id": row.id,
        "feed_id": row.feed_id,
        "url": row.url,
        "host": host,
        "trusted_origin": home if home in _homes(row.feed_url, row.moved_url) else None,
        "next_fetch_at": now,
        "attempts": 0,
        "gave_up": False,
    }


def _homes(subscribed: str, moved: str | None) -> set[str]:
    """Return the origins that the user trusts with a feed: none once it has moved elsewhere, for others write it then.

    The same host with https in the place of http, at the ordinary ports, is nowhere else.
    """
    home = _origin(subscribed)
    if moved is None:
        return {home}
    upgraded = home.replace("http:", "https:", 1) if urlsplit(home).port is None else home
    there = _origin(moved)
    return {home, there} if there in (home, upgraded) else set()


def _origin(url: str) -> str:
    """Return scheme, host and port; the port is left out where it is the scheme's own."""
    parts = urlsplit(url)
    authority = parts.netloc.rpartition("@")[2].removesuffix(_OWN_PORTS.get(parts.scheme, ""))
    return f"{parts.scheme}://{authority}".lower()


def _interleaved(pages: Iterable[PageToFetch]) -> list[PageToFetch]:
    """Return the first page of each host, then the second of each …"""
    by_host: defaultdict[str, list[PageToFetch]] = defaultdict(list)
    for one in pages:
        by_host[one.host].append(one)
    return [one for one in chain.from_iterable(zip_longest(*by_host.values())) if one is not None]
