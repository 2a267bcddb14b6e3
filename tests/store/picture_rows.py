"""Articles that name pictures, and what became of the pictures, as the pipeline would write it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from aggregator.records import (
    Blob,
    Download,
    ImageUpdate,
    ModelId,
    Outcome,
    PictureResult,
    Thumbnail,
    Validators,
)
from aggregator.store.database import Database
from aggregator.store.images import ImageRows
from aggregator.store.models import ModelRows
from aggregator.store.schema import article, article_image, feed, sighting
from store.small_news import NOW, opened, row, rows

ONE, TWO, THREE = (f"https://cdn.test/{n}.jpg" for n in (1, 2, 3))
VALIDATORS = Validators('"1"', None)
PICTURE_MODEL = ModelId("picture", "pixels", "400 px")

__all__ = ["NOW", "ONE", "PICTURE_MODEL", "THREE", "TWO", "opened", "row", "rows"]


@contextmanager
def images(database: Database) -> Iterator[ImageRows]:
    with database.write() as connection:
        yield ImageRows(connection)


def add_feed(database: Database, name: str = "harbour", *, keep_s: float | None = None, read_at: datetime = NOW) -> int:
    """Subscribe to a feed that was last read at `read_at`, and whose pictures are kept for `keep_s`."""
    values = {
        "url": f"https://{name}.test/feed.xml",
        "host": f"{name}.test",
        "subscribed": True,
        "state": "active",
        "next_fetch_at": NOW,
        "last_success_at": read_at,
        "failures": 0,
        "created_at": NOW,
        "keep_images_s": keep_s,
    }
    with database.write() as connection:
        return int(connection.execute(insert(feed).returning(feed.c.id), values).scalar_one())


def add_article(
    database: Database,
    feed_id: int,
    urls: Sequence[str],
    *,
    origin: str | None = None,
    at: datetime = NOW,
    listed: bool = True,
) -> int:
    """Add an article that names the pictures at `urls`, the best first, seen in one feed at one time."""
    times = {"first_seen_at": at, "effective_at": at}
    values = {"feed_id": feed_id, "title": "", "summary": "", "content": "", "author": "", "content_hash": "", **times}
    with database.write() as connection:
        article_id = int(connection.execute(insert(article).returning(article.c.id), values).scalar_one())
        ids = ImageRows(connection).ensure(urls, origin, at)
        named = [
            {"article_id": article_id, "position": position, "image_id": ids[url], "source": "enclosure"}
            for position, url in enumerate(urls)
        ]
        if named:
            connection.execute(insert(article_image), named)
        ImageRows(connection).stand_by(list(ids.values()))
    see_article(database, article_id, feed_id, at=at, listed=listed)
    return article_id


def see_article(database: Database, article_id: int, feed_id: int, *, at: datetime = NOW, listed: bool = True) -> None:
    """Note that a feed had the article, last at `at` unless it lists it still."""
    values: dict[str, Any] = {
        "article_id": article_id,
        "feed_id": feed_id,
        "entry_key": f"entry {article_id}",
        "title": "",
        "content_hash": "",
        "first_seen_at": at,
        "last_seen_at": at,
        "listed": listed,
    }
    with database.write() as connection:
        connection.execute(insert(sighting), values)


def due(database: Database, now: datetime = NOW, limit: int = 100, excluding: Sequence[int] = ()) -> list[str]:
    with images(database) as pictures:
        return [image.url for image in pictures.due(now, limit, excluding)]


def image_id(database: Database, url: str) -> int:
    return int(row(database, "SELECT id FROM image WHERE url = :url", url=url)[0])


def sha_of(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def path_of(content: str) -> str:
    sha256 = sha_of(content)
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}.jpeg"


def answer(url: str, outcome: Outcome = Outcome.OK, status: int | None = 200, error: str | None = None) -> Download:
    return Download(url, url, outcome, NOW, 0.1, status, error=error)


def record(database: Database, url: str, **change: Any) -> None:
    """Keep what a request brought; `change` are fields of the update."""
    defaults: dict[str, Any] = {"fetched_at": NOW, "next_fetch_at": NOW, "download": answer(url), "outcome": "…"}
    update = ImageUpdate(image_id(database, url), **{**defaults, **change})
    with images(database) as pictures:
        pictures.record_download(update)


def store_picture(
    database: Database,
    url: str,
    content: str = "",
    *,
    at: datetime = NOW,
    again_at: datetime | None = None,
    size_bytes: int = 1000,
    validators: Validators = VALIDATORS,
) -> None:
    """Store a picture whose bytes are `content`, or its address where that is empty."""
    blob = Blob(sha_of(content or url), path_of(content or url), size_bytes)
    record(
        database,
        url,
        fetched_at=at,
        next_fetch_at=again_at or at,
        status=200,
        blob=blob,
        format="jpeg",
        validators=validators,
    )


def give_picture_up(database: Database, url: str) -> None:
    record(database, url, status=404, error="cdn.test answered 404", gave_up=True)


def model_id(database: Database, method: ModelId = PICTURE_MODEL) -> int:
    with database.write() as connection:
        return ModelRows(connection).model_id(method, NOW)


def see_picture(database: Database, url: str, model: int, sizes: Sequence[int] = (400,), content: str = "") -> None:
    """Keep an analysis with thumbnails, each of as many bytes as pixels."""
    sha256 = sha_of(content or url)
    thumbnails = tuple(
        Thumbnail(size, f"thumbnails/{size}/{sha256[:2]}/{sha256}.jpg", size, size // 2, size) for size in sizes
    )
    with images(database) as pictures:
        pictures.record_picture(PictureResult(image_id(database, url), 1200, 600, "jpeg", "0f" * 8, thumbnails), model)


def put_files(database: Database, folder: Path) -> None:
    """Make the files that the rows name, so that something can be deleted."""
    for (path,) in rows(database, "SELECT path FROM image WHERE path IS NOT NULL UNION SELECT path FROM thumbnail"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()


def change_rows(database: Database, sql: str, **values: Any) -> None:
    with database.write() as connection:
        connection.execute(text(sql), values)
