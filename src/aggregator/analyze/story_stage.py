"""The stage for stories: articles that no story has are compared with those around them.

rows ─TellJob─▶ [tell ×1 process] ─StoryNews─▶ save stories (the writer)

A span is told after the one before it is committed, because it builds on that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aggregator.analyze.analyzed import Analyzed, itself, with_result
from aggregator.analyze.work_lists import TellWork
from aggregator.ports import Clock, Flow, ProcessLimits, ProcessTask, Stream
from aggregator.records import Casualty, QuarantinedItem, StoryNews, TellJob
from aggregator.store_ports import StoreTransaction

TellFunction = Callable[[Sequence[TellJob]], Sequence[StoryNews]]
Told = Analyzed[TellJob, StoryNews]


def add_story_stage(
    flow: Flow[StoreTransaction], spans: TellWork, tell: TellFunction, limits: ProcessLimits, clock: Clock
) -> None:
    """Add the stage to `flow`; `tell` runs in a process, within `limits`."""

    def save(transaction: StoreTransaction, told: Sequence[Told]) -> list[str]:
        return [_save(transaction, one, clock) for one in told]

    jobs = flow.pull("stories to tell", spans, look_ahead=1, done=spans.done)
    told: Stream[Told] = flow.processes(
        "tell",
        ProcessTask(tell, TellJob, StoryNews),
        jobs,
        job_of=itself,
        join=with_result,
        workers=1,
        limits=limits,
    )
    flow.save("save stories", save, told)


def _save(transaction: StoreTransaction, told: Told, clock: Clock) -> str:
    if isinstance(told.result, Casualty):
        transaction.quarantine.add(_quarantined(told.job, told.result), clock.now())
        return "quarantined"
    transaction.stories.save(told.result, clock.now())
    return "told"


def _quarantined(job: TellJob, casualty: Casualty) -> QuarantinedItem:
    span = f"articles from {job.from_at:%Y-%m-%d %H:%M} to {job.to_at:%Y-%m-%d %H:%M}"
    return QuarantinedItem("stories", 0, None, "tell", casualty.harm, f"{span}: {casualty.detail}")
