"""The stories that are open at a moment, found by the words that they share with an article.

An inverted index of centroids: term → the open stories whose centroid has it. What an article costs is what its words
share with open stories, however many there were before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from aggregator.analyze.story_postings import StoryPostings
from aggregator.analyze.story_vectors import Vector, dot, heaviest, unit_vector

MOST_TERMS = 400
KEPT_TERMS = 200
"""A centroid that grows beyond the first number is cut back to its heaviest terms, as many as the second says."""

FIRST_ROOM = 256

COMPARED_TERMS = 100
"""As many of its terms, the heaviest, are looked up when a story is compared with others."""

SEVERAL_FEEDS = -1

FEWEST_SHARED = 2
"""One word alone, however rare, makes no story: ten columns that are called "Editorial" are not one."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Of an article or a story: its feed, `SEVERAL_FEEDS` if there are more, and whether a time is told anywhere."""

    feed_id: int
    is_dated: bool = True

    def joined(self, other: Origin | None) -> Origin:
        """Return what both are together."""
        if other is None or other == self:
            return self
        feed_id = self.feed_id if other.feed_id == self.feed_id else SEVERAL_FEEDS
        return Origin(feed_id, self.is_dated or other.is_dated)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two must be to be one story: `usually`, if all of both is of one feed, and if both are undated."""

    usually: float
    of_one_feed: float
    undated: float

    def asked(self, one: Origin, other: Origin | None) -> float:
        """Return the cosine that is asked of two of such origins."""
        asked = self.usually
        if other is None:
            return asked
        if one.feed_id == other.feed_id != SEVERAL_FEEDS:
            asked = self.of_one_feed
        return asked if one.is_dated or other.is_dated else max(asked, self.undated)


@dataclass(slots=True)
class _Centroid:
    """The sum of the articles' vectors. `last_at` is in seconds since the epoch.

    `origin` says what all of its articles have in common: None as long as there are none.
    """

    weights: Vector = field(default_factory=dict)
    square: float = 0.0
    size: int = 0
    last_at: float = -math.inf
    is_open: bool = True
    origin: Origin | None = None


class StoryIndex:
    """Centroids of stories, numbered from 0 in the order in which they began."""

    def __init__(self, window_s: float, age_discount: float, size_discount: float) -> None:
        """Make an empty index; `StoryRules` says what the numbers mean."""
        self._window_s = window_s
        self._age_discount = age_discount
        self._size_discount = size_discount
        self._centroids: list[_Centroid] = []
        self._lengths = np.zeros(FIRST_ROOM)  # of each centroid, and zeros for those to come
        self._postings = StoryPostings()
        self._open: dict[int, None] = {}  # the one that was silent longest comes first

    def start(self) -> int:
        """Return the number of a new story, which has no articles yet."""
        if len(self._centroids) == len(self._lengths):
            self._lengths = np.concatenate((self._lengths, np.zeros_like(self._lengths)))
        self._centroids.append(_Centroid())
        return len(self._centroids) - 1

    def size(self, story: int) -> int:
        """Return how many articles a story has."""
        return self._centroids[story].size

    def similarity(self, story: int, vector: Vector) -> float:
        """Return the cosine of an article to the centroid of its story, between 0 and 1."""
        centroid = self._centroids[story]
        length = float(self._lengths[story])
        if not length:
            return 1.0 if centroid.size == 1 else 0.0
        return min(1.0, dot(vector, centroid.weights) / length)

    def add(self, story: int, vector: Vector, at: float, origin: Origin) -> None:
        """Add an article to a story, which is open again from then on."""
        centroid = self._centroids[story]
        centroid.size += 1
        centroid.last_at = max(centroid.last_at, at)
        centroid.origin = origin.joined(centroid.origin)
        self._enlarge(story, vector)

    def absorb(self, story: int, other: int) -> None:
        """Make `other` a part of `story`."""
        mine, its = self._centroids[story], self._centroids[other]
        self._close(other)
        mine.size += its.size
        mine.last_at = max(mine.last_at, its.last_at)
        mine.origin = its.origin.joined(mine.origin) if its.origin else mine.origin
        self._enlarge(story, its.weights)
        self._centroids[other] = _Centroid(is_open=False)

    def close_before(self, at: float) -> None:
        """Close the stories whose last article lies more than the window before `at`."""
        while self._open:
            story = next(iter(self._open))
            if self._centroids[story].last_at >= at - self._window_s:
                return
            self._close(story)

    def nearest(self, vector: Vector, at: float, origin: Origin, likeness: Likeness) -> int | None:
        """Return the open story that is most like an article: more than is asked, discounts taken off."""
        return self._nearest(vector, at, origin, likeness, None)

    def nearest_to_story(self, story: int, likeness: Likeness) -> int | None:
        """Return the open story that is most like another story: more than is asked, discounts taken off."""
        centroid = self._centroids[story]
        origin = centroid.origin
        vector = unit_vector(heaviest(centroid.weights, COMPARED_TERMS))
        return None if origin is None else self._nearest(vector, centroid.last_at, origin, likeness, story)

    def _nearest(
        self, vector: Vector, at: float, origin: Origin, likeness: Likeness, besides: int | None
    ) -> int | None:
        stories = len(self._centroids)
        lengths = self._lengths[:stories]
        products = self._postings.products(vector, stories)
        if besides is not None:
            products[besides] = 0.0
        candidates = np.flatnonzero(products > likeness.usually * lengths)
        cosines = products[candidates] / lengths[candidates]
        best, best_score = None, likeness.usually
        for place in np.argsort(-cosines, kind="stable"):
            story, cosine = int(candidates[place]), float(cosines[place])
            if cosine <= best_score:
                break  # discounts make it no better
            centroid = self._centroids[story]
            score = self._discounted(cosine, centroid, at)
            is_enough = score > max(best_score, likeness.asked(origin, centroid.origin))
            if is_enough and _shares_enough(vector, centroid.weights):
                best, best_score = story, score
        return best

    def _discounted(self, cosine: float, centroid: _Centroid, at: float) -> float:
        age = min(1.0, max(0.0, at - centroid.last_at) / self._window_s) if self._window_s else 0.0
        return cosine * (1.0 - self._age_discount * age) - self._size_discount * math.log(centroid.size)

    def _enlarge(self, story: int, vector: Vector) -> None:
        centroid = self._centroids[story]
        if not centroid.is_open:
            centroid.is_open = True
            self._postings.put(story, centroid.weights)
        self._open.pop(story, None)
        self._open[story] = None
        weights, square = centroid.weights, centroid.square
        for term, weight in vector.items():
            before = weights.get(term, 0.0)
            weights[term] = after = before + weight
            square += after * after - before * before
        self._postings.put(story, {term: weights[term] for term in vector})
        centroid.square, self._lengths[story] = square, math.sqrt(square)
        if len(weights) > MOST_TERMS:
            self._cut_back(story)

    def _cut_back(self, story: int) -> None:
        centroid = self._centroids[story]
        kept = heaviest(centroid.weights, KEPT_TERMS)
        self._postings.drop(story, centroid.weights.keys() - kept.keys())
        centroid.weights = kept
        centroid.square = sum(weight * weight for weight in kept.values())
        self._lengths[story] = math.sqrt(centroid.square)

    def _close(self, story: int) -> None:
        centroid = self._centroids[story]
        if centroid.is_open:
            centroid.is_open = False
            self._open.pop(story, None)
            self._postings.drop(story, centroid.weights.keys())


def _shares_enough(one: Vector, other: Vector) -> bool:
    shared = 0
    for term in one:
        if term in other:
            shared += 1
            if shared == FEWEST_SHARED:
                return True
    return False
