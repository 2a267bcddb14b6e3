"""Deciding what became of a request for a picture, and keeping its bytes in the blob folder that is handed in."""

from __future__ import annotations

from datetime import datetime, timedelta

from aggregator.fetch.schedule import image_retry_at
from aggregator.picture_kind import HEAD_BYTES, picture_kind, what_else
from aggregator.ports import Blobs
from aggregator.records import Download, ImageToFetch, ImageUpdate

IMAGE_ACCEPT = "image/avif,image/webp,image/png,image/jpeg,image/gif;q=0.9,image/*;q=0.5"

CLAIM = timedelta(hours=1)
"""A picture whose request was cut off by a crash is asked for again after this."""


def image_update(image: ImageToFetch, download: Download, blobs: Blobs, now: datetime) -> ImageUpdate:
    """Store the picture that came and return what to note; or why there is none, and when to try again."""
    if not download.answered:
        retry_at = image_retry_at(download, image.failures, now)
        return ImageUpdate(
            image_id=image.image_id,
            fetched_at=now,
            next_fetch_at=retry_at or now,
            status=download.status,
            error=download.error,
            gave_up=retry_at is None,
        )
    head = download.body[:HEAD_BYTES]
    kind = picture_kind(head)
    if kind is None:
        return ImageUpdate(image.image_id, now, now, download.status, error=what_else(head), gave_up=True)
    blob = blobs.save(download.body, kind)
    return ImageUpdate(image.image_id, now, now, download.status, blob, kind)
