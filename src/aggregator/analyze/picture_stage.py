"""The stage for pictures: those that the present method has not seen.

rows ─PictureJob─▶ [see ×M processes] ─PictureResult─▶ save sights (the writer), thumbnails on disk
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aggregator.analyze.analyzed import Analyzed, itself, with_result
from aggregator.analyze.picture import PICTURE_MODEL, analyze_pictures
from aggregator.analyze.vision import vision_method
from aggregator.analyze.work_lists import PendingWork
from aggregator.ports import Clock, Flow, ProcessTask, Stream, Writer
from aggregator.records import Casualty, ModelId, PictureJob, PictureResult, QuarantinedItem
from aggregator.store_ports import Reader, StoreTransaction

PICTURE_BATCH = 1
LOOK_AHEAD = 256
"""Jobs that wait in memory: ids and paths."""

Seen = Analyzed[PictureJob, PictureResult]


@dataclass(frozen=True, slots=True)
class PictureParts:
    """What the stage is made of. `more_may_come` tells whether a fetch still runs beside it.

    `image_model` is the user's own ONNX file, if there is one.
    """

    images_dir: Path
    thumbnail_sizes: tuple[int, ...]
    image_model: Path | None
    workers: int
    read: Reader
    writer: Writer[StoreTransaction]
    clock: Clock
    more_may_come: Callable[[], bool]


def add_picture_stage(flow: Flow[StoreTransaction], parts: PictureParts) -> None:
    """Add the stage to `flow`."""
    model_id, vision_id = _model_ids(parts)

    def load(limit: int, excluding: Collection[int]) -> list[PictureJob]:
        with parts.read() as transaction:
            return transaction.images.pending_pictures(model_id, limit, excluding)

    def save(transaction: StoreTransaction, seen: Sequence[Seen]) -> list[str]:
        for one in seen:
            if isinstance(one.result, Casualty):
                transaction.quarantine.add(_quarantined(one.job, one.result), parts.clock.now())
            else:
                transaction.images.record_picture(one.result, model_id, vision_id)
        return [_outcome(one.result) for one in seen]

    pending = PendingWork(load, lambda job: job.image_id, parts.more_may_come)
    function = partial(
        analyze_pictures,
        images_dir=str(parts.images_dir),
        thumbnail_sizes=parts.thumbnail_sizes,
        image_model=str(parts.image_model) if parts.image_model else None,
    )
    jobs = flow.pull("pictures pending", pending, look_ahead=LOOK_AHEAD, done=pending.done)
    seen: Stream[Seen] = flow.processes(
        "see",
        ProcessTask(function, PictureJob, PictureResult),
        jobs,
        job_of=itself,
        join=with_result,
        workers=parts.workers,
        batch=PICTURE_BATCH,
    )
    flow.save("save sights", save, seen)


def _model_ids(parts: PictureParts) -> tuple[int, int | None]:
    """Return the rows of the method, and of the user's own model, if there is one."""
    vision = vision_method(parts.image_model) if parts.image_model else None
    # Other sizes need other thumbnails, and another model gives other labels: both are part of the method's identity.
    depends_on = [f"{size} px" for size in parts.thumbnail_sizes] + (
        [f"{vision.name} {vision.version}"] if vision else []
    )
    method = ModelId("picture", PICTURE_MODEL, ", ".join(depends_on))
    now = parts.clock.now()

    def use(transaction: StoreTransaction) -> tuple[int, int | None]:
        number = transaction.models.model_id(method, now)
        transaction.models.use("picture", [number], now)
        vision_id = transaction.models.model_id(vision, now) if vision else None
        transaction.models.use("vision", [vision_id] if vision_id is not None else [], now)
        return number, vision_id

    return parts.writer.call(use)


def _outcome(result: PictureResult | Casualty) -> str:
    if isinstance(result, Casualty):
        return "quarantined"
    if result.missing:
        return "file missing"
    return "unreadable" if result.problem else "analysed"


def _quarantined(job: PictureJob, casualty: Casualty) -> QuarantinedItem:
    return QuarantinedItem("image", job.image_id, job.path, "see", casualty.harm, casualty.detail, job.sha256)
