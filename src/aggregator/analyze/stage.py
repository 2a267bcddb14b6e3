"""The analysis stage: whatever has no analysis by the present methods gets one.

    rows ─pictures not seen─▶ [see ×M processes] ─sizes, hash, thumbnails, what they show─▶ save sights (the writer)
    rows ─articles not labelled─▶ [understand ×M processes] ─language, topics─▶ save labels (the writer)
          ▲ again, where an older model labelled them                                  │ when all are labelled
          └── adopt models (the writer) ◀─ [learn ×1 process] ◀─languages that are due─┘
    rows ─spans of time with articles that no story has─▶ [tell ×1 process] ─stories, keywords─▶ save stories

What is pending is recomputed from the rows. Pictures and text are lists of their own, so that neither starves the
other; both may run while feeds still arrive: then a commit wakes them. How the lists wait for each other: `work_lists`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aggregator.analyze.picture_stage import PictureParts, add_picture_stage
from aggregator.analyze.story_stage import TellFunction, add_story_stage
from aggregator.analyze.text_stage import TextParts, add_text_stage
from aggregator.analyze.work_lists import TellWork
from aggregator.ports import Flow, ProcessLimits
from aggregator.store_ports import StoreTransaction


@dataclass(frozen=True, slots=True)
class AnalyzeParts:
    """What the stage is made of; `app` picks the parts.

    `tell` runs in a process within `tell_limits`; a story is open for `story_window_s` after its last article.
    """

    pictures: PictureParts
    text: TextParts
    tell: TellFunction
    tell_limits: ProcessLimits
    story_window_s: float


Finish = Callable[[StoreTransaction, Mapping[str, int]], list[str]]
"""Called in a transaction once the flow has ended, with how many items each stage ended.

It notes what was finished, looks for pictures that feeds repeat, and forgets the models that no label refers to; it
returns their files, to be deleted.
"""


def add_analyze_stage(flow: Flow[StoreTransaction], parts: AnalyzeParts) -> Finish:
    """Add the stage to `flow`; return what is to be called at its end."""
    add_picture_stage(flow, parts.pictures)
    text = add_text_stage(flow, parts.text)
    spans = TellWork(text, parts.text.read, parts.text.database, parts.story_window_s)
    add_story_stage(flow, spans, parts.tell, parts.tell_limits, parts.text.clock)

    def finish(transaction: StoreTransaction, ended: Mapping[str, int]) -> list[str]:
        if ended.get("save sights") or ended.get("save stories"):
            transaction.images.mark_repeated()
        if text.is_over:
            transaction.models.note_labelled(text.labelled_with)
        return transaction.models.forget_unused()

    return finish
