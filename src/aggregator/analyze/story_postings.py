"""Term → the stories that have it, with what it weighs in each: an inverted index that numpy adds up.

With ten thousand articles in the window a thousand entries are read for each, and plain dicts took half as long again
(docs/decisions/0031-stories.md).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from aggregator.analyze.story_vectors import Vector

Weights = npt.NDArray[np.float64]

FIRST_ROOM = 2


class _Posting:
    """The stories of one term, in no order: `places` tells where a story stands in the arrays."""

    __slots__ = ("places", "stories", "weights")

    def __init__(self) -> None:
        self.places: dict[int, int] = {}
        self.stories: npt.NDArray[np.intp] = np.zeros(FIRST_ROOM, np.intp)
        self.weights: Weights = np.zeros(FIRST_ROOM)

    def put(self, story: int, weight: float) -> None:
        place = self.places.setdefault(story, len(self.places))
        if place == len(self.stories):
            self.stories = np.concatenate((self.stories, np.zeros_like(self.stories)))
            self.weights = np.concatenate((self.weights, np.zeros_like(self.weights)))
        self.stories[place] = story
        self.weights[place] = weight

    def drop(self, story: int) -> None:
        place, last = self.places.pop(story), len(self.places)
        if place < last:
            moved = int(self.stories[last])
            self.stories[place], self.weights[place] = moved, self.weights[last]
            self.places[moved] = place


class StoryPostings:
    """What the centroids of open stories weigh, by term."""

    def __init__(self) -> None:
        """Begin without any."""
        self._by_term: dict[str, _Posting] = {}

    def put(self, story: int, weights: Vector) -> None:
        """Set what these terms weigh in a story."""
        for term, weight in weights.items():
            posting = self._by_term.get(term)
            if posting is None:
                posting = self._by_term[term] = _Posting()
            posting.put(story, weight)

    def drop(self, story: int, terms: Iterable[str]) -> None:
        """Forget that a story has these terms."""
        for term in terms:
            posting = self._by_term[term]
            posting.drop(story)
            if not posting.places:
                del self._by_term[term]

    def products(self, vector: Vector, stories: int) -> Weights:
        """Return the product of a vector with the centroid of each story from 0 to `stories`."""
        found = [(weight, posting) for term, weight in vector.items() if (posting := self._by_term.get(term))]
        if not found:
            return np.zeros(stories)
        sizes = [len(posting.places) for _, posting in found]
        of_stories = [posting.stories[:size] for (_, posting), size in zip(found, sizes, strict=True)]
        weights = [posting.weights[:size] for (_, posting), size in zip(found, sizes, strict=True)]
        of_vector = np.repeat([weight for weight, _ in found], sizes)
        sums = np.bincount(np.concatenate(of_stories), np.concatenate(weights) * of_vector, stories)
        return np.asarray(sums, dtype=np.float64)
