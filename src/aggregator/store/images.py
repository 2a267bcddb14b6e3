"""Pictures in the database: which are still to be fetched, which to be analysed, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import (
    ColumnElement,
    FromClause,
    and_,
    bindparam,
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

from aggregator.records import ImageToFetch, ImageUpdate, PictureJob, PictureResult
from aggregator.store.schema import article_image, image, quarantine_item, thumbnail
from aggregator.store.selecting import one_of_many, select_in


class ImageRows:
    """Pictures, through one connection."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through `connection`."""
        self._connection = connection

    def ensure(self, urls: Sequence[str], trusted_origin: str | None, now: datetime) -> dict[str, int]:
        """Return the id of the picture at each URL, making rows for those that are new."""
        ids = {row.url: row.id for row in select_in(self._connection, _AT_URL, urls)}
        new = [_new_row(url, trusted_origin, now) for url in urls if url not in ids]
        if new:
            added = insert(image).returning(image.c.id, sort_by_parameter_order=True)
            numbers = self._connection.execute(added, new).scalars()
            ids |= {row["url"]: number for row, number in zip(new, numbers, strict=True)}
        return ids

    def due(self, cutoff: datetime, limit: int, excluding: Collection[int] = ()) -> list[ImageToFetch]:
        """Return at most `limit` pictures that may be asked for, hosts interleaved.

        Of an article's candidates only the first that has not failed for good is asked for, so that a publisher is not
        asked for pictures that nobody will look at. One that harmed a worker counts as failed.
        """
        earlier, theirs = article_image.alias(), image.alias()
        better = exists().where(
            earlier.c.article_id == article_image.c.article_id,
            earlier.c.position < article_image.c.position,
            theirs.c.id == earlier.c.image_id,
            not_(theirs.c.gave_up),
            not_(_quarantined(theirs)),
        )
        wanted = exists().where(article_image.c.image_id == image.c.id, not_(better))
        turn = func.row_number().over(partition_by=image.c.host, order_by=image.c.id)
        statement = (
            select(image)
            .where(
                not_(image.c.gave_up),
                image.c.sha256.is_(None),
                image.c.next_fetch_at <= cutoff,
                image.c.id.not_in(excluding),
                not_(_quarantined(image)),
                wanted,
            )
            .order_by(turn, image.c.id)
            .limit(limit)
        )
        return [
            ImageToFetch(row.id, row.url, row.host, row.trusted_origin, row.attempts)
            for row in self._connection.execute(statement)
        ]

    def claim(self, images: Sequence[ImageToFetch], next_fetch_at: Sequence[datetime]) -> None:
        """Promise not to ask for `images` again before the given times. To be committed before the requests."""
        if images:
            rows = [{"row": one.image_id, "next": at} for one, at in zip(images, next_fetch_at, strict=True)]
            self._connection.execute(_CLAIM, rows)

    def record_download(self, change: ImageUpdate) -> None:
        """Keep what a request brought."""
        values: dict[str, Any] = {
            "next_fetch_at": change.next_fetch_at,
            "last_status": change.status,
            "error": change.error,
            "gave_up": change.gave_up,
        }
        if change.blob is not None:
            values |= {
                "fetched_at": change.fetched_at,
                "sha256": change.blob.sha256,
                "path": change.blob.path,
                "size_bytes": change.blob.size_bytes,
                "format": change.format,
            }
        self._connection.execute(update(image).where(image.c.id == change.image_id).values(values))

    def pending_pictures(self, model_id: int, limit: int, excluding: Collection[int] = ()) -> list[PictureJob]:
        """Return at most `limit` stored pictures that the method `model_id` has not analysed and that harmed nobody."""
        jobs: list[PictureJob] = []
        analyzed_by = image.c.picture_model_id
        # Two questions, because each has its own range of the index.
        for question in (analyzed_by.is_(None), or_(analyzed_by < model_id, analyzed_by > model_id)):
            if len(jobs) < limit:
                statement = (
                    select(image.c.id, image.c.sha256, image.c.path)
                    .where(question, image.c.sha256.is_not(None), image.c.id.not_in(excluding))
                    .where(not_(image.c.gave_up), not_(_quarantined(image)))
                    .order_by(image.c.id)
                    .limit(limit - len(jobs))
                )
                jobs += [PictureJob(*row) for row in self._connection.execute(statement)]
        return jobs

    def record_picture(self, result: PictureResult, model_id: int) -> None:
        """Keep what the pixels told. A picture that cannot be decoded gives way to the article's next one."""
        values = {
            "picture_model_id": model_id,
            "width": result.width or None,
            "height": result.height or None,
            "phash": result.phash,
            "error": result.problem,
            "gave_up": result.problem is not None,
        }
        if result.format:
            values["format"] = result.format
        self._connection.execute(update(image).where(image.c.id == result.image_id).values(values))
        self._connection.execute(delete(thumbnail).where(thumbnail.c.image_id == result.image_id))
        rows = [
            {
                "image_id": result.image_id,
                "size": one.size,
                "path": one.path,
                "width": one.width,
                "height": one.height,
                "size_bytes": one.size_bytes,
            }
            for one in result.thumbnails
        ]
        if rows:
            self._connection.execute(insert(thumbnail), rows)


_AT_URL = select(image.c.url, image.c.id).where(image.c.url.in_(one_of_many()))

_CLAIM = (
    update(image)
    .where(image.c.id == bindparam("row"))
    .values(next_fetch_at=bindparam("next"), attempts=image.c.attempts + 1)
)


def _quarantined(picture: FromClause) -> ColumnElement[bool]:
    return exists().where(
        quarantine_item.c.kind == "image",
        quarantine_item.c.item_id == picture.c.id,
        # Set aside before there was a file: until there is one.
        or_(
            quarantine_item.c.input_hash == picture.c.sha256,
            and_(quarantine_item.c.input_hash.is_(None), picture.c.sha256.is_(None)),
        ),
    )


def _new_row(url: str, trusted_origin: str | None, now: datetime) -> dict[str, Any]:
    trusted = trusted_origin is not None and url.startswith(trusted_origin + "/")
    return {
        "url": url,
        "host": urlsplit(url).hostname or "",
        "trusted_origin": trusted_origin if trusted else None,
        "first_seen_at": now,
        "next_fetch_at": now,
        "attempts": 0,
        "gave_up": False,
    }
