"""The analysis stage: whatever has no analysis by the present methods gets one.

    rows ─pictures without one─▶ [pictures ×M processes] ─sizes, hash, thumbnails─▶ save (the writer)
    rows ─articles without one─▶ [text ×M processes, batches] ─language, topic─▶ save (the writer)

What is pending is recomputed from the rows. Pictures and text are lists of their own, so that neither starves the
other; both may run while feeds still arrive: then a commit wakes them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from aggregator.analyze.picture import PICTURE_MODEL, analyze_pictures
from aggregator.analyze.text import analyze_articles
from aggregator.ports import Clock, Flow, ProcessTask, Reader, StoreTransaction, Stream, Writer
from aggregator.records import (
    ArticleAnalysis,
    ArticleJob,
    Casualty,
    ModelId,
    PictureJob,
    PictureResult,
    QuarantinedItem,
)

J = TypeVar("J", PictureJob, ArticleJob)
R = TypeVar("R", PictureResult, ArticleAnalysis)

TEXT_BATCH = 128
PICTURE_BATCH = 1

LOOK_AHEAD_PICTURES, LOOK_AHEAD_ARTICLES = 256, 4096
"""Jobs that wait in memory: ids and paths of pictures, headlines and summaries of articles."""

MOST_IN_BATCHES = 8192
"""Articles that all workers together may have in hand. What is in hand is named in a query, which has its limits."""


@dataclass(frozen=True, slots=True)
class AnalyzeParts:
    """What the stage is made of; `app` picks the parts. `more_may_come` tells whether a fetch still runs beside it."""

    images_dir: Path
    thumbnail_sizes: tuple[int, ...]
    lexicon_dir: Path | None
    text_model: ModelId
    workers: int
    read: Reader
    writer: Writer[StoreTransaction]
    clock: Clock
    more_may_come: Callable[[], bool]


class PendingWork(Generic[J]):
    """Jobs that the rows call for. Each is handed out once, until its outcome is committed.

    Taken from by one thread; `done` may be called by any other.
    """

    def __init__(
        self,
        load: Callable[[int, Collection[int]], list[J]],
        id_of: Callable[[J], int],
        more_may_come: Callable[[], bool],
    ) -> None:
        """Hand out what `load` finds. The list ends once it finds nothing and `more_may_come` is false."""
        self._load: Callable[[int, Collection[int]], list[J]] = load
        self._id_of: Callable[[J], int] = id_of
        self._more_may_come = more_may_come
        self._in_hand: set[int] = set()

    def done(self, job: J) -> None:
        """Note that the outcome of a job is committed, or that it was given up."""
        self._in_hand.discard(self._id_of(job))

    def take(self, limit: int) -> Sequence[J] | None:
        """Return pending jobs; none while more may come; None when there are no more."""
        # Asked before the rows are: what is committed after these questions is then found by the next ones. What is in
        # hand may become pending again, if it is edited meanwhile.
        may_grow = self._more_may_come() or bool(self._in_hand)
        jobs = self._load(limit, tuple(self._in_hand))
        self._in_hand.update(self._id_of(job) for job in jobs)
        return None if not jobs and not may_grow else jobs


@dataclass(frozen=True, slots=True)
class Analyzed(Generic[J, R]):
    """A job with its result, or with what it did to its worker."""

    job: J
    result: R | Casualty


def add_analyze_stage(flow: Flow[StoreTransaction], parts: AnalyzeParts) -> None:
    """Add the stage to `flow`."""
    # Other sizes need other thumbnails, so they are part of the method's identity.
    pictures = ModelId("picture", PICTURE_MODEL, ", ".join(f"{size} px" for size in parts.thumbnail_sizes))
    _add_pictures(flow, parts, _model_id(parts, pictures))
    _add_text(flow, parts, _model_id(parts, parts.text_model))


def _model_id(parts: AnalyzeParts, method: ModelId) -> int:
    return parts.writer.call(lambda transaction: transaction.analyses.model_id(method, parts.clock.now()))


def _itself(job: J) -> J:
    return job


# --- pictures ----------------------------------------------------------------------------------------------------


def _add_pictures(flow: Flow[StoreTransaction], parts: AnalyzeParts, model_id: int) -> None:
    def load(limit: int, excluding: Collection[int]) -> list[PictureJob]:
        with parts.read() as transaction:
            return transaction.images.pending_pictures(model_id, limit, excluding)

    def save(transaction: StoreTransaction, analyzed: Sequence[Analyzed[PictureJob, PictureResult]]) -> list[str]:
        for one in analyzed:
            if isinstance(one.result, Casualty):
                transaction.quarantine.add(_quarantined_picture(one.job, one.result), parts.clock.now())
            else:
                transaction.images.record_picture(one.result, model_id)
        return [_picture_outcome(one.result) for one in analyzed]

    pending = PendingWork(load, lambda job: job.image_id, parts.more_may_come)
    function = partial(analyze_pictures, images_dir=str(parts.images_dir), thumbnail_sizes=parts.thumbnail_sizes)
    jobs = flow.pull("pictures pending", pending, look_ahead=LOOK_AHEAD_PICTURES, done=pending.done)
    analyzed: Stream[Analyzed[PictureJob, PictureResult]] = flow.processes(
        "see",
        ProcessTask(function, PictureJob, PictureResult),
        jobs,
        job_of=_itself,
        join=_with_result,
        workers=parts.workers,
        batch=PICTURE_BATCH,
    )
    flow.save("save sights", save, analyzed)


def _picture_outcome(result: PictureResult | Casualty) -> str:
    if isinstance(result, Casualty):
        return "quarantined"
    if result.missing:
        return "file missing"
    return "unreadable" if result.problem else "analysed"


def _quarantined_picture(job: PictureJob, casualty: Casualty) -> QuarantinedItem:
    return QuarantinedItem("image", job.image_id, job.path, "see", casualty.harm, casualty.detail, job.sha256)


# --- text --------------------------------------------------------------------------------------------------------


def _add_text(flow: Flow[StoreTransaction], parts: AnalyzeParts, model_id: int) -> None:
    def load(limit: int, excluding: Collection[int]) -> list[ArticleJob]:
        with parts.read() as transaction:
            return transaction.analyses.pending(model_id, limit, excluding)

    def save(transaction: StoreTransaction, analyzed: Sequence[Analyzed[ArticleJob, ArticleAnalysis]]) -> list[str]:
        now = parts.clock.now()
        for one in analyzed:
            if isinstance(one.result, Casualty):
                transaction.quarantine.add(_quarantined_article(one.job, one.result), now)
        results = [one.result for one in analyzed if not isinstance(one.result, Casualty)]
        transaction.analyses.record(results, model_id, now)
        return [_text_outcome(one.result) for one in analyzed]

    pending = PendingWork(load, lambda job: job.article_id, parts.more_may_come)
    function = partial(analyze_articles, lexicon_dir=str(parts.lexicon_dir) if parts.lexicon_dir else None)
    jobs = flow.pull("articles pending", pending, look_ahead=LOOK_AHEAD_ARTICLES, done=pending.done)
    analyzed: Stream[Analyzed[ArticleJob, ArticleAnalysis]] = flow.processes(
        "understand",
        ProcessTask(function, ArticleJob, ArticleAnalysis),
        jobs,
        job_of=_itself,
        join=_with_result,
        workers=parts.workers,
        batch=min(TEXT_BATCH, MOST_IN_BATCHES // parts.workers),
    )
    flow.save("save labels", save, analyzed)


def _text_outcome(result: ArticleAnalysis | Casualty) -> str:
    if isinstance(result, Casualty):
        return "quarantined"
    return "labelled" if result.topic else "without a topic"


def _quarantined_article(job: ArticleJob, casualty: Casualty) -> QuarantinedItem:
    return QuarantinedItem(
        "article", job.article_id, None, "understand", casualty.harm, casualty.detail, job.input_hash
    )


def _with_result(job: J, result: R | Casualty | None) -> Analyzed[J, R]:
    assert result is not None, "every job of this stage goes to a worker"  # noqa: S101 - the flow's own promise
    return Analyzed(job, result)
