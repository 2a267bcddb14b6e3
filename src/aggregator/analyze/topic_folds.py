"""Which articles are held out together: those of a feed, so that nothing is learnt from its footer or its bylines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aggregator.analyze.tfidf import IntArray

FOLDS = 5

LARGEST_SHARE = 0.4
"""A feed with more than this share of all articles, or of the labels of a topic, is split. Held out as a whole, it
would leave too little to learn from: a topic that a single feed is about could never be told."""


@dataclass(frozen=True, slots=True, eq=False)
class Folds:
    """The fold of each article, 0 to `FOLDS` − 1, and how many of the articles are in feeds that had to be split."""

    of_article: IntArray
    split_articles: int


def assign_folds(feeds: IntArray, labels: IntArray, *, seed: int) -> Folds:
    """Put articles into folds of about the same size, whole feeds together where they are small enough.

    `labels` are positions of topics, negative where there is none. The same input gives the same folds.
    """
    is_split = np.isin(feeds, _feeds_to_split(feeds, labels))
    folds = np.zeros(len(feeds), np.int64)
    shuffled = np.random.default_rng(seed).permutation(np.flatnonzero(is_split))
    folds[shuffled] = np.arange(len(shuffled)) % FOLDS
    sizes = np.bincount(folds[is_split], minlength=FOLDS)
    whole, counts = np.unique(feeds[~is_split], return_counts=True)
    for feed, count in sorted(zip(whole.tolist(), counts.tolist(), strict=True), key=lambda one: (-one[1], one[0])):
        emptiest = int(sizes.argmin())
        folds[feeds == feed] = emptiest
        sizes[emptiest] += count
    return Folds(folds, int(is_split.sum()))


def one_by_one(articles: int) -> Folds:
    """Put so many articles into folds without regard to their feeds."""
    return Folds(np.arange(articles) % FOLDS, articles)


def _feeds_to_split(feeds: IntArray, labels: IntArray) -> list[int]:
    groups = [feeds, *(feeds[labels == label] for label in np.unique(labels[labels >= 0]))]
    found: set[int] = set()
    for group in groups:
        names, counts = np.unique(group, return_counts=True)
        found.update(names[counts > LARGEST_SHARE * len(group)].tolist())
    return sorted(found)
