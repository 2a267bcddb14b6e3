"""What the stored pictures show: their size, a perceptual hash, and thumbnails written beside them.

    PictureJob → bytes of the file → its kind → small upright pixels → thumbnails on disk, hash → PictureResult

Runs in a worker process. What is wrong with a picture is a sentence in its result, never an exception; only memory
that runs out and a disk that fails get through.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from aggregator.analyze.phash import SIDE_PX, perceptual_hash
from aggregator.analyze.pixels import THUMBNAIL_SUFFIX, Scaled, UnreadablePictureError, read_scaled
from aggregator.errors import StorageError
from aggregator.picture_kind import HEAD_BYTES, picture_kind, what_else
from aggregator.records import PictureJob, PictureResult, Thumbnail

PICTURE_MODEL = "picture-1"
"""Changes when results by this code would differ from stored ones: another hash, another make of thumbnail."""

_SMALLEST_DECODED_PX = 128
"""The hash needs this much, however small the thumbnails are."""


def analyze_pictures(
    jobs: Iterable[PictureJob], *, images_dir: str, thumbnail_sizes: tuple[int, ...]
) -> list[PictureResult]:
    """Analyse a batch, one result for each job in their order. See `analyze_picture`."""
    return [analyze_picture(job, Path(images_dir), thumbnail_sizes) for job in jobs]


def analyze_picture(job: PictureJob, images_dir: Path, thumbnail_sizes: Sequence[int]) -> PictureResult:
    """Measure and hash `images_dir / job.path`, and write `thumbnails/<size>/<xx>/<sha256>.jpg` in the same folder.

    A thumbnail is upright, sRGB, opaque (transparency laid on white), without metadata, and never larger than the
    picture; its longer side is at most the size asked for. Of an animation the first frame counts.

    Raises StorageError if the folder cannot be read or written, MemoryError if the worker's memory is used up.
    """
    try:
        content = _read_file(images_dir / job.path)
        kind = picture_kind(content[:HEAD_BYTES])
        if kind is None:
            return _failed(job, what_else(content[:HEAD_BYTES]))
        scaled = read_scaled(content, kind, max((_SMALLEST_DECODED_PX, *thumbnail_sizes)))
    except FileNotFoundError as error:
        return PictureResult(image_id=job.image_id, problem=str(error), missing=True)
    except UnreadablePictureError as error:
        return _failed(job, str(error))
    return PictureResult(
        image_id=job.image_id,
        width=scaled.width,
        height=scaled.height,
        format=kind,
        phash=perceptual_hash(scaled.grey_levels(SIDE_PX)),
        thumbnails=tuple(_save_thumbnail(scaled, size, job.sha256, images_dir) for size in thumbnail_sizes),
    )


def _failed(job: PictureJob, problem: str) -> PictureResult:
    return PictureResult(image_id=job.image_id, problem=problem)


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        message = "the stored file is missing"
        raise FileNotFoundError(message) from error
    except OSError as error:
        message = f"cannot read the picture {path}: {error.strerror}"
        raise StorageError(message) from error


def _save_thumbnail(scaled: Scaled, size_px: int, sha256: str, images_dir: Path) -> Thumbnail:
    encoded, width, height = scaled.thumbnail(size_px)
    path = f"thumbnails/{size_px}/{sha256[:2]}/{sha256}{THUMBNAIL_SUFFIX}"
    _replace_file(images_dir / path, encoded)
    return Thumbnail(size=size_px, path=path, width=width, height=height, size_bytes=len(encoded))


def _replace_file(path: Path, content: bytes) -> None:
    """Write a file that readers see whole or not at all. It is not synced: a thumbnail can be made again."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        message = f"cannot write the thumbnail {path}: {error.strerror}"
        raise StorageError(message) from error
