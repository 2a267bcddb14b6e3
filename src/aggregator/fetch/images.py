"""Deciding what became of a request for a picture, and keeping its bytes in the blob folder that is handed in."""

from __future__ import annotations

from datetime import datetime, timedelta

from aggregator.fetch.schedule import image_retry_at
from aggregator.fetch.sniff import image_kind
from aggregator.ports import Blobs
from aggregator.records import Download, ImageToFetch, ImageUpdate

IMAGE_ACCEPT = "image/avif,image/webp,image/png,image/jpeg,image/gif;q=0.9,image/*;q=0.5"

CLAIM = timedelta(hours=1)
"""A picture whose request was cut off by a crash is asked for again after this."""

UNWANTED = {
    "svg": "an SVG drawing, which is refused because it is a program",
    "ico": "an icon, which is no picture of an article",
    "heic": "a HEIC picture, which cannot be decoded here",
}
"""Kinds that are recognised and refused, with the words for it."""


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
    kind = image_kind(download.body[:64])
    problem = _problem(kind, download)
    if problem is not None:
        return ImageUpdate(image.image_id, now, now, status=download.status, error=problem, gave_up=True)
    blob = blobs.save(download.body, str(kind))
    return ImageUpdate(image.image_id, now, now, status=download.status, blob=blob, format=kind)


def _problem(kind: str | None, download: Download) -> str | None:
    if not download.body:
        return "the answer is empty"
    if kind is None:
        declared = f" (the server calls it {download.content_type})" if download.content_type else ""
        return f"not a picture{declared}"
    return UNWANTED.get(kind)
