"""How long pictures stay: an age that each feed may set, a quota for all, and files that no row names.

    rows ─▶ StoredFile ─files_to_remove (pure)─▶ bury: tombstones, committed ─▶ the files are deleted
    files ─once a day─▶ those without a row are deleted

A picture stays for as long as any of the feeds whose articles name it wants it, unless the quota is exceeded: then the
oldest go, by the latest of their articles. New pictures displace older ones, so a full quota does not end the fetching;
within one run the quota may be exceeded by what that run brings. What was removed has a tombstone and is never fetched
again. The rows go first: a crash leaves files without rows, which the next sweep finds, and never rows without files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from sqlalchemy import and_, case, delete, exists, func, insert, not_, select, update
from sqlalchemy.engine import Connection

from aggregator.config import FetchSettings
from aggregator.store.blobs import UNFINISHED
from aggregator.store.conditions import image_is_stored
from aggregator.store.database import Database
from aggregator.store.images import ImageRows
from aggregator.store.schema import (
    article,
    article_image,
    feed,
    image,
    meta,
    sighting,
    thumbnail,
    time_text,
)
from aggregator.store.selecting import MAX_PARAMETERS, one_of_many, select_in

SWEEP_EVERY = timedelta(days=1)
"""How often the folder is searched, and how old a file without a row must be: an analysis may just be writing it."""

ROOM_FOR_NEW = 0.9
"""How full the quota is after pictures were displaced."""

BATCH = 500
"""Files that are buried in one transaction, which should be short."""

_FILE = re.compile(r"(?:[0-9a-f]{2}/[0-9a-f]{2}|thumbnails/[0-9]+/[0-9a-f]{2})/([0-9a-f]{64})\.[a-z0-9]+")
_LEFTOVER = re.compile(rf"(?:{re.escape(UNFINISHED)}[0-9a-f]+|\.[0-9a-f]{{64}}\.[a-z0-9]+\.[0-9]+\.tmp)")
_SWEPT_AT = "images swept at"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A stored picture, under however many addresses it was found, with its thumbnails.

    `newest_at` is the time of the latest article that names it, `kept_until` None where some feed keeps it for ever.
    """

    sha256: str
    size_bytes: int
    newest_at: datetime
    kept_until: datetime | None


@dataclass(frozen=True, slots=True)
class Removals:
    """The pictures to remove, by hash: those that nobody wants any longer, and those that the quota has no room for."""

    outdated: tuple[str, ...] = ()
    displaced: tuple[str, ...] = ()


def files_to_remove(files: Iterable[StoredFile], quota_bytes: int, now: datetime) -> Removals:
    """Decide which pictures go: all whose time is over, and if the rest exceeds the quota, the oldest of it.

    A tenth of the quota is made free then, so that this is not done at every fetch. A quota of 0 is none.
    """
    outdated: list[StoredFile] = []
    kept: list[StoredFile] = []
    for file in files:
        is_over = file.kept_until is not None and file.kept_until <= now
        (outdated if is_over else kept).append(file)
    displaced = _oldest(kept, quota_bytes) if quota_bytes else []
    return Removals(tuple(file.sha256 for file in outdated), tuple(file.sha256 for file in displaced))


def _oldest(files: Sequence[StoredFile], quota_bytes: int) -> list[StoredFile]:
    used_bytes = sum(file.size_bytes for file in files)
    if used_bytes <= quota_bytes:
        return []
    oldest = []
    for file in sorted(files, key=lambda file: (file.newest_at, file.sha256)):
        if used_bytes <= ROOM_FOR_NEW * quota_bytes:
            break
        used_bytes -= file.size_bytes
        oldest.append(file)
    return oldest


def care_for_images(database: Database, settings: FetchSettings, images_dir: Path, now: datetime) -> dict[str, int]:
    """Remove the pictures that are not to be kept and the files that no row names; return how many, by reason.

    To be called at the end of a fetch, by whoever holds its lock: no picture may be stored meanwhile. A file that
    cannot be deleted is tried again by the next sweep.

    Raises:
        StorageError: the database failed.
    """
    with database.write() as connection:
        ImageRows(connection).stand_by()
    with database.read() as connection:
        removals = _removals(connection, settings, now)
    doomed = iter(removals.outdated + removals.displaced)
    while batch := list(islice(doomed, BATCH)):
        with database.write() as connection:
            paths = bury(connection, batch, now)
        _delete(images_dir, paths)
    return {
        "outdated": len(removals.outdated),
        "displaced": len(removals.displaced),
        "files without a row": sweep(database, images_dir, now),
    }


def bury(connection: Connection, hashes: Sequence[str], now: datetime) -> list[str]:
    """Give the pictures with these hashes a tombstone; return the files to delete once that is committed."""
    chosen = and_(image_is_stored(image), image.c.sha256.in_(hashes))
    paths = set(connection.execute(select(image.c.path).where(chosen)).scalars())
    scaled = thumbnail.c.image_id.in_(select(image.c.id).where(chosen))
    paths |= set(connection.execute(select(thumbnail.c.path).where(scaled)).scalars())
    connection.execute(delete(thumbnail).where(scaled))
    connection.execute(update(image).where(chosen).values(pruned_at=now, path=None, recheck_at=None))
    return sorted(paths)


# --- what is there ---------------------------------------------------------------------------------------------------


def _removals(connection: Connection, settings: FetchSettings, now: datetime) -> Removals:
    """Look at the stored pictures, if the settings or any feed may want some of them removed."""
    is_over_quota = 0 < settings.image_quota_bytes < _used_bytes(connection)
    shortest_s = _shortest_keep_s(connection, settings.keep_images_s)
    if not is_over_quota and shortest_s is None:
        return Removals()
    # For its age alone nothing goes that was stored less long ago than the shortest time for which any is kept.
    stored_before = now if is_over_quota or shortest_s is None else now - timedelta(seconds=shortest_s)
    files = _stored_files(connection, settings.keep_images_s, stored_before)
    return files_to_remove(files, settings.image_quota_bytes if is_over_quota else 0, now)


def _used_bytes(connection: Connection) -> int:
    """Return what all pictures take, at most: a file under two addresses counts twice."""
    pictures = connection.execute(select(func.sum(image.c.size_bytes)).where(image_is_stored(image))).scalar()
    return int(pictures or 0) + int(connection.execute(select(func.sum(thumbnail.c.size_bytes))).scalar() or 0)


def _shortest_keep_s(connection: Connection, default_s: float) -> float | None:
    """Return the shortest time for which any feed keeps its pictures; None where all do for ever."""
    own = connection.execute(select(func.min(feed.c.keep_images_s)).where(feed.c.keep_images_s > 0)).scalar()
    return min((seconds for seconds in (own, default_s or None) if seconds is not None), default=None)


def _stored_files(connection: Connection, default_keep_s: float, stored_before: datetime) -> Iterator[StoredFile]:
    """Yield the pictures of which no copy was stored after `stored_before`."""
    copy = image.alias()
    newer = exists().where(copy.c.sha256 == image.c.sha256, image_is_stored(copy), copy.c.fetched_at > stored_before)
    still_listed = and_(sighting.c.listed, feed.c.last_success_at > sighting.c.last_seen_at)
    listed_at = case((still_listed, feed.c.last_success_at), else_=sighting.c.last_seen_at)
    keep_s = func.coalesce(feed.c.keep_images_s, default_keep_s).label("keep_s")
    scaled = select(func.sum(thumbnail.c.size_bytes)).where(thumbnail.c.image_id == image.c.id).scalar_subquery()
    named = image.outerjoin(article_image, article_image.c.image_id == image.c.id)
    named = named.outerjoin(article, article.c.id == article_image.c.article_id)
    named = named.outerjoin(sighting, sighting.c.article_id == article.c.id)
    statement = (
        select(
            image.c.sha256,
            keep_s,
            func.max(image.c.size_bytes + func.coalesce(scaled, 0)).label("size_bytes"),
            func.max(func.coalesce(article.c.effective_at, image.c.fetched_at)).label("newest_at"),
            func.max(func.coalesce(listed_at, image.c.fetched_at)).label("listed_at"),
            func.max(image.c.fetched_at).label("stored_at"),
        )
        .select_from(named.outerjoin(feed, feed.c.id == sighting.c.feed_id))
        .where(image_is_stored(image), not_(newer))
        .group_by(image.c.sha256, keep_s)
        .order_by(image.c.sha256)
    )
    for sha256, wishes in groupby(connection.execute(statement), key=lambda row: row.sha256):
        yield _stored_file(sha256, tuple(wishes))


def _stored_file(sha256: str, wishes: Sequence[Any]) -> StoredFile:
    """Put together what feeds with different wishes say about a picture, a row for each: the most patient wins."""
    until = [
        max(wish.listed_at, wish.stored_at) + timedelta(seconds=wish.keep_s) if wish.keep_s else None for wish in wishes
    ]
    return StoredFile(
        sha256=sha256,
        size_bytes=max(wish.size_bytes for wish in wishes),
        newest_at=max(wish.newest_at for wish in wishes),
        kept_until=None if None in until else max(at for at in until if at is not None),
    )


# --- files -----------------------------------------------------------------------------------------------------------


def sweep(database: Database, images_dir: Path, now: datetime) -> int:
    """Delete what crashes left in the folder, unless that was done within a day; return how many files it was.

    Only names of our own making are touched, and only files that have lain there for a day.
    """
    with database.read() as connection:
        last = connection.execute(select(meta.c.value).where(meta.c.key == _SWEPT_AT)).scalar()
        if last is not None and last > time_text(now - SWEEP_EVERY):
            return 0
        orphans = list(_orphans(connection, images_dir, now - SWEEP_EVERY))
    deleted = _delete(images_dir, orphans)
    with database.write() as connection:
        connection.execute(delete(meta).where(meta.c.key == _SWEPT_AT))
        connection.execute(insert(meta), {"key": _SWEPT_AT, "value": time_text(now)})
    return deleted


def _orphans(connection: Connection, images_dir: Path, older_than: datetime) -> Iterator[str]:
    """Yield the files that no row names, as paths below `images_dir`."""
    files = _own_files(images_dir)
    while batch := list(islice(files, MAX_PARAMETERS)):
        hashes = sorted({sha256 for _, sha256 in batch if sha256 is not None})
        known = {row.path for statement in _NAMED for row in select_in(connection, statement, hashes)}
        for path, _ in batch:
            if path not in known and _is_older(images_dir / path, older_than):
                yield path


_NAMED = (
    select(image.c.path).where(image_is_stored(image), image.c.sha256.in_(one_of_many())),
    select(thumbnail.c.path)
    .join(image, image.c.id == thumbnail.c.image_id)
    .where(image_is_stored(image), image.c.sha256.in_(one_of_many())),
)


def _own_files(images_dir: Path) -> Iterator[tuple[str, str | None]]:
    """Yield each file that is named as ours are, with the hash in its name; leftovers of a write have none."""
    for folder, _, names in os.walk(images_dir):
        inner = Path(folder).relative_to(images_dir).as_posix()
        for name in names:
            path = f"{inner}/{name}"
            if found := _FILE.fullmatch(path):
                yield path, found[1]
            elif _LEFTOVER.fullmatch(name):
                yield path, None


def _is_older(path: Path, than: datetime) -> bool:
    try:
        return path.stat().st_mtime < than.timestamp()
    except OSError:  # it is gone, or not ours to look at
        return False


def _delete(images_dir: Path, paths: Iterable[str]) -> int:
    """Delete files, and return how many were: what cannot be deleted now is met by the next sweep."""
    deleted = 0
    for path in paths:
        try:
            (images_dir / path).unlink()
        except OSError:
            continue
        deleted += 1
    return deleted
