"""Articles that say again what another said: the same address, the same title, or nearly the same words.

What was said first is an original, and every repetition refers to one. Candidates are found by their rarest terms: two
vectors whose cosine reaches a limit share a term among those without which what remains is shorter than the limit.

Within one feed only nearly the same text repeats. A feed has its formulas, its footers and its series, and many items
of one page; another feed that says the same has copied it.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aggregator.analyze.story_vectors import TITLE_CHARS, Vector, dot, title_key
from aggregator.records import StoryArticle

FEWEST_TITLE_WORDS = 4
"""Shorter titles recur: "Editorial", "Letters to the editor"."""

FEWEST_TERMS = 8
"""A cosine says nothing about an article of fewer different terms: "London local elections 2022" is hardly more."""

LATEST_LISTED = 200
"""So many originals, the latest, are listed under a term."""

MOST_COMPARED = 10
"""With so many candidates, those that share most, an article is compared; this bounds what crafted articles cost."""

_NUMBER = re.compile(r"\d+(?:[.,:]?\w+)*")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a repetition is: at most `window_s` later, and with so large a cosine; within one feed with the second."""

    window_s: float
    similarity: float
    within_feed: float


@dataclass(frozen=True, slots=True)
class _Told:
    """What of an article is compared. `title` is empty for one that may recur."""

    feed_id: int
    at: float
    title: str
    numbers: frozenset[str]
    vector: Vector


class Originals:
    """The originals so far, of articles that come in the order of their time and are named by their places."""

    def __init__(
        self, articles: Sequence[StoryArticle], vectors: Sequence[Vector], found_in: Mapping[str, int], limits: Limits
    ) -> None:
        """`found_in` tells how many articles have a term."""
        self._articles = articles
        self._vectors = vectors
        self._found_in = found_in
        self._limits = limits
        self._pages = _pages(articles)
        self._by_key: dict[str, int] = {}
        self._by_term: dict[str, deque[int]] = {}
        self._told: dict[int, _Told] = {}

    def find_or_add(self, number: int) -> int | None:
        """Return the original that an article repeats; it is one itself if there is none within the window."""
        article = self._articles[number]
        told = _read(article, self._vectors[number])
        terms = self._rare_terms(told.vector)
        keys = self._keys(article, told)
        named = [one for key in keys if (one := self._by_key.get(key)) is not None and self._is_named(one, told)]
        original = min(named) if named else self._most_alike(told, terms)
        if original is None:
            self._told[number] = told
            for term in terms:
                self._by_term.setdefault(term, deque(maxlen=LATEST_LISTED)).append(number)
        for key in keys:
            self._by_key[key] = number if original is None else original
        return original

    def _keys(self, article: StoryArticle, told: _Told) -> list[str]:
        keys = [f"url {article.url}"] if article.url and article.url not in self._pages else []
        return [*keys, f"title {told.title}"] if told.title else keys

    def _is_recent(self, original: int, at: float) -> bool:
        return self._told[original].at >= at - self._limits.window_s

    def _is_named(self, original: int, told: _Told) -> bool:
        """Tell whether an original with the same address or title is repeated: in one feed, if the text is the same."""
        other = self._told[original]
        return self._is_recent(original, told.at) and (other.feed_id != told.feed_id or self._is_alike(told, other))

    def _most_alike(self, told: _Told, terms: list[str]) -> int | None:
        shared = Counter[int]()
        for term in terms:
            listed = self._by_term.get(term, deque[int]())
            while listed and not self._is_recent(listed[0], told.at):
                listed.popleft()
            shared.update(listed)
        candidates = sorted(shared, key=lambda one: (-shared[one], one))[:MOST_COMPARED]
        return min((one for one in candidates if self._is_alike(told, self._told[one])), default=None)

    def _is_alike(self, one: _Told, other: _Told) -> bool:
        is_of_one_feed = one.feed_id == other.feed_id
        if _numbers_differ(one, other) if is_of_one_feed else _numbers_contradict(one, other):
            return False
        has_same_title = bool(one.title) and one.title == other.title
        if not has_same_title and min(len(one.vector), len(other.vector)) < FEWEST_TERMS:
            return False
        least = self._limits.within_feed if is_of_one_feed else self._limits.similarity
        return dot(one.vector, other.vector) >= least

    def _rare_terms(self, vector: Vector) -> list[str]:
        terms = sorted(vector, key=lambda term: (self._found_in[term], term))
        left = 1.0
        for place, term in enumerate(terms):
            if left < self._limits.similarity**2:
                return terms[:place]
            left -= vector[term] ** 2
        return terms


def _numbers_differ(one: _Told, other: _Told) -> bool:
    return one.numbers != other.numbers


def _numbers_contradict(one: _Told, other: _Told) -> bool:
    """Tell whether each title has a number that the other has not; one may just leave it out."""
    return bool(one.numbers - other.numbers and other.numbers - one.numbers)


def _pages(articles: Sequence[StoryArticle]) -> frozenset[str]:
    """Return the addresses that a feed has more than once: those of pages on which many things stand."""
    times = Counter((article.feed_id, article.url) for article in articles)
    return frozenset(url for (_, url), count in times.items() if url and count > 1)


def _read(article: StoryArticle, vector: Vector) -> _Told:
    title = title_key(article.title)
    numbers = frozenset(_NUMBER.findall(article.title[:TITLE_CHARS]))
    is_telling = title.count(" ") + 1 >= FEWEST_TITLE_WORDS
    return _Told(article.feed_id, article.at.timestamp(), title if is_telling else "", numbers, vector)
