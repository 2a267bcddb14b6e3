"""Which of the stories found anew is which of the old ones: ids are kept by overlap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aggregator.records import StoryArticle, StoryMerge


def keep_ids(stories: Sequence[Sequence[StoryArticle]]) -> tuple[list[int | None], tuple[StoryMerge, ...]]:
    """Return the id of each story, None for a new one, and into which of them the old stories without a place went.

    The largest overlap goes first; of equals the lower id, then the story that comes first. A story that splits keeps
    its id on the larger part, and one that is no more merges into the one that has most of its articles. Settled
    articles cannot leave their story, so one that has such is looked for only where they are.
    """
    overlaps = _overlaps(stories)
    ids: list[int | None] = [None] * len(stories)
    largest: dict[int, int] = {}
    placed: set[int] = set()
    for (old, number), _ in sorted(overlaps.items(), key=lambda item: (-item[1], item[0])):
        largest.setdefault(old, number)
        if old not in placed and ids[number] is None:
            ids[number] = old
            placed.add(old)
    merges: list[StoryMerge] = []
    for old, number in sorted(largest.items()):
        into = ids[number]
        if old not in placed and into is not None:
            merges.append(StoryMerge(old, into))
    return ids, tuple(merges)


def _overlaps(stories: Sequence[Sequence[StoryArticle]]) -> dict[tuple[int, int], int]:
    """Count the articles of each (old id, number of the story)."""
    counts = Counter[tuple[int, int]]()
    settled_in: dict[int, set[int]] = {}
    for number, articles in enumerate(stories):
        for article in articles:
            if article.story_id is not None:
                counts[article.story_id, number] += 1
                if article.is_settled:
                    settled_in.setdefault(article.story_id, set()).add(number)
    return {
        (old, number): count
        for (old, number), count in counts.items()
        if old not in settled_in or number in settled_in[old]
    }
