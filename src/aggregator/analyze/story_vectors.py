"""Articles as vectors of weighted words, by which stories are told apart: TF-IDF with what helps on short texts.

    title, text → count_terms → {term: count} of every article → weigh_terms → {term: weight}, of length 1

Words are cut to their first letters, which is the lightest stemming that serves all languages alike. All constants were
set on headlines with gold stories and on the newsroom, see docs/decisions/0031-stories.md.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise

from aggregator.analyze.keyword_words import function_words
from aggregator.analyze.words import words_of

Vector = dict[str, float]
"""Term → weight. Its length is 1, or 0 if the article has no word that tells anything."""

TITLE_CHARS = 500
TEXT_CHARS = 1_500
"""Only so many characters are read: news says first what it is about."""

TITLE_WEIGHT = 2.0
"""A word of the title counts so often, where there is a text beside it."""

STEM_CHARS = 5
MOST_TERMS = 60
"""The heaviest of an article; a summary of 1,500 characters seldom has more."""

IMAGINED_ARTICLES = 1_000
IMAGINED_COUNT = 10
"""IDF is that of the articles given and of so many more, of which so many have the term.

A word in one article of fifty says little about how rare it is. And the rarest words of all, which nothing shares, do
not drown those that are shared.
"""

LARGEST_SHARE = 0.2
FEWEST_TO_BE_COMMON = 10
"""A term that more than this share of the articles has, and more than so many, says nothing about any."""

_ADDRESS = re.compile(r"[a-z]+://\S+", re.IGNORECASE)

FURNITURE_SHARE = 0.6
FEWEST_OF_A_FEED = 8
"""What so large a share of a feed's articles has, of at least so many, is the feed's: its series, its form."""

# Written without spaces: read as pairs of characters, which serve as words.
_SOLID = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")


def count_terms(title: str, text: str, language: str) -> Vector:
    """Count the terms of an article: its words without function words, each cut to its stem."""
    if "://" in text:
        text = _ADDRESS.sub(" ", text)
    title_terms = _terms(title[:TITLE_CHARS], language)
    text_terms = _terms(text[:TEXT_CHARS], language)
    counts = dict.fromkeys(title_terms, 0.0)
    weight = TITLE_WEIGHT if text_terms else 1.0
    for term in title_terms:
        counts[term] += weight
    for term in text_terms:
        counts[term] = counts.get(term, 0.0) + 1.0
    return counts


def title_key(title: str) -> str:
    """Return the words of a title, case and punctuation gone: titles with the same key are the same."""
    return " ".join(words_of(title[:TITLE_CHARS]))


def _terms(text: str, language: str) -> list[str]:
    ignored = _ignored_words(language)
    terms: list[str] = []
    for word in words_of(text):
        if word in ignored:
            continue
        if word.isascii():
            if len(word) > 1:
                terms.append(word[:STEM_CHARS] if word.isalpha() else word)
        elif _SOLID.fullmatch(word):
            terms.extend(first + second for first, second in pairwise(word))
        else:
            terms.append(word[:STEM_CHARS])
    return terms


@cache
def _ignored_words(language: str) -> frozenset[str]:
    known = function_words(language)
    return known.words | {prefix.rstrip("'") for prefix in known.elided}


def count_articles(counts: Iterable[Mapping[str, float]]) -> Counter[str]:
    """Count in how many articles each term is."""
    return Counter(term for one in counts for term in one)


def without_furniture(counts: Sequence[Vector], feed_ids: Sequence[int]) -> list[Vector]:
    """Leave out what most articles of a feed say, where anything else is left; `feed_ids` are those of the articles."""
    by_feed: dict[int, list[Vector]] = {}
    for one, feed_id in zip(counts, feed_ids, strict=True):
        by_feed.setdefault(feed_id, []).append(one)
    furniture = {
        feed_id: frozenset(term for term, found in count_articles(own).items() if found >= FURNITURE_SHARE * len(own))
        for feed_id, own in by_feed.items()
        if len(own) >= FEWEST_OF_A_FEED
    }
    return [_without(one, furniture.get(feed_id)) for one, feed_id in zip(counts, feed_ids, strict=True)]


def _without(counts: Vector, left_out: frozenset[str] | None) -> Vector:
    if not left_out:
        return counts
    return {term: count for term, count in counts.items() if term not in left_out} or counts


def weigh_terms(counts: Sequence[Mapping[str, float]], found_in: Mapping[str, int]) -> list[Vector]:
    """Return the vector of each article; `found_in` tells how many of them have a term."""
    articles = len(counts)
    too_common = max(LARGEST_SHARE * articles, FEWEST_TO_BE_COMMON)
    rarity = {
        term: math.log((articles + IMAGINED_ARTICLES) / (found + IMAGINED_COUNT))
        for term, found in found_in.items()
        if found <= too_common
    }
    return [_weigh(one, rarity) for one in counts]


def _weigh(counts: Mapping[str, float], rarity: Mapping[str, float]) -> Vector:
    weights = {term: (1.0 + math.log(count)) * rarity[term] for term, count in counts.items() if term in rarity}
    if not weights:
        # Everything it says is common: then all of it is compared, or copies of one text would not be found.
        weights = dict.fromkeys(counts, 1.0)
    return unit_vector(heaviest(weights, MOST_TERMS))


def heaviest(weights: Vector, most: int) -> Vector:
    """Return the `most` heaviest terms; of equals, the first in the alphabet."""
    if len(weights) <= most:
        return weights
    return dict(sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:most])


def unit_vector(weights: Vector) -> Vector:
    """Return the vector of length 1 in the direction of `weights`."""
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {term: weight / length for term, weight in weights.items()} if length else {}


def dot(one: Vector, other: Vector) -> float:
    """Return the product of two vectors: of unit vectors, their cosine."""
    if len(other) < len(one):
        one, other = other, one
    return sum(weight * other[term] for term, weight in one.items() if term in other)
