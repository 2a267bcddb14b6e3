"""What the stored pictures show: size, hash, colours, the kind of picture, and thumbnails written beside them.

    PictureJob → bytes of the file → its format → small upright pixels ─┬─▶ thumbnails on disk      ─┬─▶ PictureResult
                                          (decoded once)                ├─▶ hash, colour, blurhash   ─┤
                                                                        └─▶ what is shown, or junk   ─┘

Runs in a worker process. What is wrong with a picture is a sentence in its result, never an exception; only memory
that runs out and a disk that fails get through.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.analyze.blank import junk_reason
from aggregator.analyze.colour import COARSE_BITS, dominant_colour
from aggregator.analyze.phash import SIDE_PX, perceptual_hash
from aggregator.analyze.pixels import THUMBNAIL_SUFFIX, Scaled, UnreadablePictureError, read_scaled
from aggregator.analyze.placeholder import blurhash, sample_size
from aggregator.analyze.shown import shown
from aggregator.errors import StorageError
from aggregator.picture_kind import HEAD_BYTES, picture_kind, what_else
from aggregator.records import PictureJob, PictureResult, Thumbnail

if TYPE_CHECKING:
    from aggregator.analyze.vision import ImageModel

PICTURE_MODEL = "picture-2"
"""Changes when results by this code would differ from stored ones: another hash, other weights, other thumbnails."""

LOOK_PX = 400
"""At this size the pixels are looked at, whatever the sizes of thumbnails: smaller, the lines of a text run together.

It is the default size of a thumbnail, so that nothing has to be scaled twice."""

COARSE_SIDE_PX, _EXACT_SIDE_PX = 32, 20
"""Sides of the grids of single pixels whose colours are counted."""


def analyze_pictures(
    jobs: Iterable[PictureJob], *, images_dir: str, thumbnail_sizes: tuple[int, ...], image_model: str | None = None
) -> list[PictureResult]:
    """Analyse a batch, one result for each job in their order. See `analyze_picture`.

    `image_model` is the path of a model of the user's own, which was tried before (see `vision.load_image_model`).
    """
    model = _loaded(image_model) if image_model else None
    return [analyze_picture(job, Path(images_dir), thumbnail_sizes, model) for job in jobs]


def _loaded(image_model: str) -> ImageModel:
    from aggregator.analyze.vision import load_image_model  # noqa: PLC0415 - it brings numpy, which nothing else here needs

    return load_image_model(image_model)


def analyze_picture(
    job: PictureJob, images_dir: Path, thumbnail_sizes: Sequence[int], model: ImageModel | None = None
) -> PictureResult:
    """Measure and hash `images_dir / job.path`, and write `thumbnails/<size>/<xx>/<sha256>.jpg` in the same folder.

    A thumbnail is upright, sRGB, opaque (transparency laid on white), without metadata, and never larger than the
    picture; its longer side is at most the size asked for. Of an animation the first frame counts. `model` labels what
    is no junk.

    Raises StorageError if the folder cannot be read or written, MemoryError if the worker's memory is used up.
    """
    try:
        content = _read_file(images_dir / job.path)
        kind = picture_kind(content[:HEAD_BYTES])
        if kind is None:
            return _failed(job, what_else(content[:HEAD_BYTES]))
        scaled = read_scaled(content, kind, max((LOOK_PX, *thumbnail_sizes, model.look_px if model else 0)))
    except FileNotFoundError as error:
        return PictureResult(image_id=job.image_id, problem=str(error), missing=True)
    except UnreadablePictureError as error:
        return _failed(job, str(error))
    thumbnails = tuple(_save_thumbnail(scaled, size, job.sha256, images_dir) for size in thumbnail_sizes)
    result = _looked_at(job, kind, scaled, thumbnails)
    return result if model is None or result.junk else replace(result, labels=model.labels(scaled))


def _looked_at(job: PictureJob, kind: str, scaled: Scaled, thumbnails: tuple[Thumbnail, ...]) -> PictureResult:
    exact, coarse = scaled.sampled_colours(_EXACT_SIDE_PX), scaled.sampled_colours(COARSE_SIDE_PX, COARSE_BITS)
    steps = scaled.steps(LOOK_PX)
    kind_shown, score = shown(scaled.width, scaled.height, scaled.see_through, coarse, steps)
    sample = sample_size(scaled.width, scaled.height)
    return PictureResult(
        image_id=job.image_id,
        width=scaled.width,
        height=scaled.height,
        format=kind,
        phash=perceptual_hash(scaled.grey_levels(SIDE_PX)),
        thumbnails=thumbnails,
        colour=dominant_colour(coarse, exact),
        blurhash=blurhash(scaled.average_colours(*sample), *sample),
        shows=kind_shown,
        shows_score=score,
        junk=junk_reason(scaled.width, scaled.height, scaled.see_through, exact, steps),
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
