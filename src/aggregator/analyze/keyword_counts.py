"""What the articles of one language teach about words: how many have them, how they are written, what recurs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from aggregator.analyze.keyword_words import CAPITAL, LOWER, Word, function_words, read_words, tokens_of
from aggregator.records import StoryArticle

COMMON_SHARE = 0.2
"""A word that so large a share of the articles has is a function word to us …"""

FEWEST_TO_JUDGE = 30
"""… where there are at least so many articles."""

FURNITURE_SHARE = 0.6
"""What so large a share of a feed's articles has is the feed's, not the article's: "appeared first on" …"""

FEWEST_OF_A_FEED = 8
"""… where it has at least so many different ones."""

LEAST_RARITY = 0.1
"""What a word weighs that every article has: where there is one article alone, that is each."""

Pair = tuple[str, str]


@dataclass(slots=True)
class Counts:
    """In how many of `articles` different articles there is a word, it in lower case, it with a clear capital, a pair.

    `common` are the words that so many articles have that they say nothing of any, `furniture` those that most articles
    of a feed have.
    """

    articles: int = 0
    words: Counter[str] = field(default_factory=Counter)
    lower: Counter[str] = field(default_factory=Counter)
    capital: Counter[str] = field(default_factory=Counter)
    pairs: Counter[Pair] = field(default_factory=Counter)
    common: frozenset[str] = frozenset()
    furniture: dict[int, frozenset[str]] = field(default_factory=dict)
    nouns_have_capitals: bool = False
    _rarities: dict[int, float] = field(default_factory=dict)

    def rarity(self, articles: int) -> float:
        """Return the inverse document frequency of what so many articles have.

        What is rarer than a few in a thousand is not rarer still: it may be a slip.
        """
        known = self._rarities.get(articles)
        if known is None:
            seen = max(articles, 1 + math.log10(max(self.articles, 1)))
            known = self._rarities[articles] = math.log((self.articles + 1) / (seen + 0.5)) + LEAST_RARITY
        return known


def count_words(articles: Iterable[StoryArticle], wanted: Sequence[StoryArticle]) -> Counts:
    """Count over the articles of one language, sorted by feed. Equal texts count once.

    Where few are `wanted`, only their pairs are counted: those of tens of thousands of articles take much memory.
    """
    counts = Counts(nouns_have_capitals=bool(wanted) and function_words(wanted[0].language).nouns_have_capitals)
    distinct: dict[tuple[str, str], StoryArticle] = {}
    for article in articles:
        distinct.setdefault((article.title, article.text), article)
    counts.articles = len(distinct)
    looked_for = None
    if 2 * len(wanted) < len(distinct):
        looked_for = {pair for article in wanted for pair in _pairs(words_of_article(article))}
    for feed_id, same in groupby(distinct.values(), key=lambda article: article.feed_id):
        _count_feed(feed_id, list(same), looked_for, counts)
    if counts.articles >= FEWEST_TO_JUDGE:
        most = COMMON_SHARE * counts.articles
        counts.common = frozenset(key for key, number in counts.words.items() if number > most)
    return counts


def words_of_article(article: StoryArticle) -> list[Word]:
    """Return the words of the title, then those of the text; their places are those in one or the other."""
    title, text = parts_of(article)
    return read_words(title, article.language) + read_words(text, article.language)


def parts_of(article: StoryArticle) -> tuple[list[str], list[str]]:
    """Return the tokens of the title and of the text, without the title that many feeds begin their texts with."""
    text = article.text
    if article.title and text.startswith(article.title):
        text = text[len(article.title) :]
    return tokens_of(article.title), tokens_of(text)


def _count_feed(
    feed_id: int, articles: Sequence[StoryArticle], looked_for: AbstractSet[Pair] | None, counts: Counts
) -> None:
    here: Counter[str] = Counter()
    for article in articles:
        words = words_of_article(article)
        here.update({word.key for word in words})
        counts.lower.update({word.key for word in words if word.case is LOWER})
        counts.capital.update({word.key for word in words if word.case is CAPITAL})
        pairs = set(_pairs(words))
        counts.pairs.update(pairs if looked_for is None else pairs & looked_for)
    counts.words.update(here)
    if len(articles) >= FEWEST_OF_A_FEED:
        share = FURNITURE_SHARE * len(articles)
        counts.furniture[feed_id] = frozenset(key for key, number in here.items() if number >= share)


def _pairs(words: Sequence[Word]) -> list[Pair]:
    return [(before.key, word.key) for before, word in pairwise(words) if word.link]
