"""Deciding what became of a request for a picture, and keeping its bytes in the blob folder that is handed in.

Each request ends in one outcome, and all but the good ones in a sentence for a person:

    stored             it came, and is one
    unchanged          it is stored, and is still the same
    replaced           it is stored, and another one has taken its place
    kept as it was     it is stored, and could not be looked at again
    to be tried again  something that may pass: no answer, too busy, a fault of the server
    given up           the same, for the third time
    not a picture      an empty file, a web page, text
    format not read    a drawing, a video, a picture of another format
    and, final at once, whatever else `Outcome` has for a request: http error, refused, too large …
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.fetch.freshness import LONGEST, fresh_until
from aggregator.fetch.schedule import ROUNDING, TRIES, retry_at
from aggregator.picture_kind import HEAD_BYTES, picture_kind, unread_kind, what_else
from aggregator.records import Blob, Download, ImageToFetch, ImageUpdate, Outcome, Validators
from aggregator.store_ports import Blobs

IMAGE_ACCEPT = "image/avif,image/webp,image/png,image/jpeg,image/gif;q=0.9,image/*;q=0.5"

CLAIM = timedelta(hours=1)
"""A picture whose request was cut off by a crash is asked for again after this."""

RECHECK_AFTER = timedelta(days=1)
"""A stored picture is not looked at again before this, whoever names it, and whatever became of the last look."""

STORED, UNCHANGED, REPLACED, KEPT = "stored", "unchanged", "replaced", "kept as it was"
TO_BE_TRIED_AGAIN, GIVEN_UP = "to be tried again", "given up"
NOT_A_PICTURE, FORMAT_NOT_READ = "not a picture", "format not read"


def claimed_until(image: ImageToFetch, now: datetime) -> datetime:
    """Return the time before which a picture that is about to be asked for is not asked for again, come what may."""
    return now + (CLAIM if image.sha256 is None else RECHECK_AFTER) + ROUNDING


def image_update(image: ImageToFetch, download: Download, blobs: Blobs, now: datetime) -> ImageUpdate:
    """Store the picture that came and return what to note; or why there is none, and when to try again.

    Raises:
        StorageError: the blob folder cannot be written to.
    """
    head = download.body[:HEAD_BYTES]
    kind = picture_kind(head)
    blob = blobs.save(download.body, kind) if kind is not None else None
    # A file holds the body from here on: many of these wait for the writer, and a batch of them is written at once.
    blank = ImageUpdate(image.image_id, now, now, replace(download, body=b""), "", status=download.status)
    if image.sha256 is not None:
        return _looked_again(image, blank, blob, kind)
    if not download.answered:
        return _not_had(image, blank)
    if blob is None:
        outcome = FORMAT_NOT_READ if unread_kind(head) else NOT_A_PICTURE
        return replace(blank, outcome=outcome, error=what_else(head), gave_up=True)
    return _had(image, blank, blob, kind, STORED)


def _had(image: ImageToFetch, blank: ImageUpdate, blob: Blob, kind: str | None, outcome: str) -> ImageUpdate:
    return replace(
        blank,
        outcome=outcome,
        next_fetch_at=_next_look(blank.download, blank.fetched_at),
        validators=_validators(image, blank.download),
        blob=blob,
        format=kind,
    )


def _looked_again(image: ImageToFetch, blank: ImageUpdate, blob: Blob | None, kind: str | None) -> ImageUpdate:
    """Return what follows for a picture that is stored: whatever went wrong, it is kept."""
    if blob is not None and blob.sha256 != image.sha256:
        return _had(image, blank, blob, kind, REPLACED)
    is_same = blob is not None or blank.download.outcome is Outcome.NOT_MODIFIED
    return replace(
        blank,
        outcome=UNCHANGED if is_same else KEPT,
        next_fetch_at=_next_look(blank.download, blank.fetched_at),
        validators=_validators(image, blank.download) if is_same else image.validators,
        unchanged=True,
    )


def _not_had(image: ImageToFetch, blank: ImageUpdate) -> ImageUpdate:
    download, now = blank.download, blank.fetched_at
    again_at = retry_at(download, image.failures, now)
    if again_at is not None:
        return replace(blank, outcome=TO_BE_TRIED_AGAIN, next_fetch_at=again_at, error=download.error)
    if retry_at(download, 0, now) is not None:
        error = f"{download.error}; given up after {TRIES} tries"
        return replace(blank, outcome=GIVEN_UP, error=error, gave_up=True)
    return replace(blank, outcome=str(download.outcome), error=download.error, gave_up=True)


def _next_look(download: Download, now: datetime) -> datetime:
    """Return the time before which a stored picture is not looked at again: a day, or for as long as it is fresh."""
    fresh = fresh_until(download, now)
    wish = min(fresh[0], now + LONGEST) if fresh is not None else now
    return max(wish, now + RECHECK_AFTER) + ROUNDING


def _validators(image: ImageToFetch, download: Download) -> Validators:
    """Return what to send next time: what the picture's own address gave. A 304 need not repeat what it confirms."""
    if download.final_url != download.url:
        return Validators()
    given = download.validators
    if download.outcome is not Outcome.NOT_MODIFIED:
        return given
    return Validators(given.etag or image.validators.etag, given.last_modified or image.validators.last_modified)
