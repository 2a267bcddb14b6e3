"""The keywords of articles: TF-IDF against the articles of the last days, words and phrases, pure.

    articles of one language → Counts → for each wanted one: words → runs of words → weights → [Keyword, …]

Adjacent words make a phrase where both have a capital that tells a name ("Angela Merkel", "Bank of England") or where
they recur together ("climate change"): twice in the article, or in several articles and seldom apart. A phrase takes
the place of its words.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from aggregator.analyze.keyword_counts import Counts, Pair, count_words, parts_of
from aggregator.analyze.keyword_words import APART, CAPITAL, DIRECT, LOWER, OVER, UNCLEAR, Word, form_of, read_words
from aggregator.records import ArticleKeywords, Keyword, StoryArticle

ENOUGH_ARTICLES = 1_000
"""Of one language; fewer do not tell what is rare, and all words of an article would weigh the same."""

ACRONYMS = frozenset({"US", "WHO", "UN", "IT", "EU", "UE", "AM"})
"""Those that are function words if they are written small."""

MOST_KEYWORDS = 8
LONGEST_PHRASE = 4

TITLE_MENTIONS = 3
"""A mention in the title counts as so many, as for topics."""

NAME_BONUS = 1.25
"""What a name weighs more than another term: people look for who and where."""

PASSING_SHARE = 0.5
"""What a term weighs that is said once, in title or text, and is no name: verbs mostly."""

FEWEST_TOGETHER = 3
"""Two words belong together if so many articles have them together …"""

COHESION = 0.3
"""… and that is so large a share of the articles that have the rarer one."""

LOOSE_SHARE = 0.15
"""Two words with capitals that are together in a smaller share are two names side by side."""

LOWER_SHARE = 0.34
"""A word that is written small more often than so, for each time with a clear capital, is no name."""

LEAST_SCORE = 0.2
"""A keyword that weighs less, of the weightiest's 1, is left out."""

SHORTEST_WORD = 3
"""Letters of a word that stands alone, unless it is in capitals ("EU")."""

Term = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """The title or the text of an article: its tokens, and the words of it that may tell something."""

    tokens: Sequence[str]
    words: Sequence[Word]
    mentions: int


@dataclass(slots=True)
class _Found:
    """What an article says of a term: how often (mentions in the title count more), in which forms, as a name."""

    mentions: int = 0
    forms: dict[str, int] = field(default_factory=dict)
    is_name: bool = False

    def note(self, form: str, mentions: int, *, is_name: bool) -> None:
        """Count another occurrence, which is worth so many mentions."""
        self.mentions += mentions
        self.forms[form] = self.forms.get(form, 0) + 1
        self.is_name = self.is_name or is_name

    @property
    def is_repeated(self) -> bool:
        """Whether it is said more than once, wherever."""
        return len(self.forms) > 1 or next(iter(self.forms.values())) > 1

    def main_form(self) -> str:
        """Return how it is mostly written."""
        return max(self.forms, key=self.forms.__getitem__) if len(self.forms) > 1 else next(iter(self.forms))


def choose_keywords(
    wanted: Collection[int], articles: Sequence[StoryArticle], background: Sequence[StoryArticle] = ()
) -> list[ArticleKeywords]:
    """Choose at most `MOST_KEYWORDS` keywords for each article whose id is in `wanted`, in the order of the ids.

    `articles` is the context that decides what is rare, and has the wanted ones in it; only those of an article's own
    language count. Where they are fewer than `ENOUGH_ARTICLES`, those of `background` count as well. Neither their
    order nor texts that occur several times change anything. Scores are relative to the article's weightiest keyword,
    which has 1. An article without words of its own has no keywords.
    """
    wanted_ids = frozenset(wanted)
    ordered = sorted(articles, key=lambda article: (article.language, article.feed_id, article.article_id))
    chosen: list[ArticleKeywords] = []
    for _, same in groupby(ordered, key=lambda article: article.language):
        group = list(same)
        ours = [article for article in group if article.article_id in wanted_ids]
        if ours:
            counts = count_words(_with_background(group, background), ours)
            chosen += [_choose(article, counts) for article in ours]
    return sorted(chosen, key=lambda one: one.article_id)


def _with_background(group: list[StoryArticle], background: Sequence[StoryArticle]) -> list[StoryArticle]:
    if len(group) >= ENOUGH_ARTICLES or not background:
        return group
    numbers, language = {article.article_id for article in group}, group[0].language
    added = (one for one in background if one.language == language and one.article_id not in numbers)
    return sorted([*group, *added], key=lambda one: (one.feed_id, one.article_id))


def _choose(article: StoryArticle, counts: Counts) -> ArticleKeywords:
    furniture = counts.furniture.get(article.feed_id, frozenset())
    title, text = parts_of(article)
    words_of_title = _without_shouts(read_words(title, article.language), counts)
    parts = [
        _Part(title, _telling(words_of_title, counts, furniture), TITLE_MENTIONS),
        _Part(text, _telling(read_words(text, article.language), counts, furniture), 1),
    ]
    words = _find_words(parts, counts)
    weights = _weigh(words, _without_overlaps(_find_phrases(parts, counts), words), counts)
    best = max(weights.values(), default=0.0)
    ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:MOST_KEYWORDS]
    return ArticleKeywords(
        article.article_id,
        tuple(Keyword(form, round(weight / best, 3)) for form, weight in ranked if weight >= LEAST_SCORE * best),
    )


def _without_shouts(words: Iterable[Word], counts: Counts) -> list[Word]:
    """Leave out words in capitals that are written small elsewhere: "get MORE for FREE", but not "NATO" or "US"."""
    kept: list[Word] = []
    breaks = False
    for word in words:
        is_shout = _is_shout(word, counts)
        if not is_shout:
            kept.append(word._replace(link=APART) if breaks else word)
        breaks = is_shout
    return kept


def _is_shout(word: Word, counts: Counts) -> bool:
    if len(word.form) < 2 or not word.form.isupper() or word.key[0].isdigit():  # noqa: PLR2004 - "A" is no word
        return False
    if word.key.isupper():  # a function word
        return word.key not in ACRONYMS
    return counts.lower[word.key] > counts.capital[word.key]


def _telling(words: Iterable[Word], counts: Counts, furniture: frozenset[str]) -> list[Word]:
    """Leave out what is common, or the feed's; the word after it stands alone."""
    telling: list[Word] = []
    breaks = False
    for word in words:
        is_left_out = word.key in counts.common or word.key in furniture
        if not is_left_out:
            telling.append(word._replace(link=APART) if breaks else word)
        breaks = is_left_out
    return telling


# --- words and phrases -----------------------------------------------------------------------------------------------


def _find_words(parts: Iterable[_Part], counts: Counts) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    for part in parts:
        for word in part.words:
            key, form = word.key, word.form
            if word.is_alone and (len(form) >= SHORTEST_WORD or form.isupper()) and not key[0].isdigit():
                one = found.get(key) or found.setdefault(key, _Found())
                one.note(form, part.mentions, is_name=word.case > LOWER and _is_name(word, counts))
    return found


def _find_phrases(parts: Sequence[_Part], counts: Counts) -> dict[Term, _Found]:
    twice = _pairs_said_twice(parts)
    found: dict[Term, _Found] = {}
    for part in parts:
        for run in _runs(part.words, counts, twice):
            form = form_of(part.tokens, run[0], run[-1])
            is_name = all(word.case for word in run) and any(_is_name(word, counts) for word in run)
            one = found.setdefault(tuple(word.key for word in run), _Found())
            one.note(form, part.mentions, is_name=is_name)
    return found


def _is_name(word: Word, counts: Counts) -> bool:
    """Tell whether a capital is one that the word has everywhere."""
    if word.case is LOWER:
        return False
    lower, capital = counts.lower.get(word.key, 0), counts.capital.get(word.key, 0)
    if word.case is UNCLEAR and counts.nouns_have_capitals:
        return lower < capital
    return lower < max(LOWER_SHARE * capital, 1)


def _pairs_said_twice(parts: Iterable[_Part]) -> frozenset[Pair]:
    times = Counter((a.key, b.key) for part in parts for a, b in pairwise(part.words) if b.link is DIRECT)
    return frozenset(pair for pair, count in times.items() if count > 1)


def _runs(words: Sequence[Word], counts: Counts, twice: Collection[Pair]) -> Iterator[Sequence[Word]]:
    """Yield the runs of words that belong together, two or more; what is too long is cut where it is loosest."""
    run: list[Word] = []
    for word in words:
        if run and word.link and _belong_together(run[-1], word, counts, twice):
            run.append(word)
            continue
        if len(run) > 1:
            yield from _cut(run, counts)
        run = [word]
    yield from _cut(run, counts)


def _belong_together(before: Word, word: Word, counts: Counts, twice: Collection[Pair]) -> bool:
    if before.key == word.key or before.key[0].isdigit():
        return False
    pair = (before.key, word.key)
    together = counts.pairs.get(pair, 0)
    if CAPITAL in {before.case, word.case} and _is_name(before, counts) and _is_name(word, counts):
        if word.link is OVER and counts.nouns_have_capitals:
            return together > 1 and _cohesion(pair, counts) >= COHESION
        is_known = min(counts.words[before.key], counts.words[word.key]) >= FEWEST_TOGETHER
        return not is_known or _cohesion(pair, counts) >= LOOSE_SHARE
    if word.link is OVER:
        return False
    return pair in twice or (together >= FEWEST_TOGETHER and _cohesion(pair, counts) >= COHESION)


def _cohesion(pair: Pair, counts: Counts) -> float:
    return counts.pairs.get(pair, 0) / max(min(counts.words[pair[0]], counts.words[pair[1]]), 1)


def _cut(run: Sequence[Word], counts: Counts) -> Iterator[Sequence[Word]]:
    while run and not run[-1].is_alone:
        run = run[:-1]
    if len(run) > LONGEST_PHRASE:
        at = min(range(1, len(run)), key=lambda i: _cohesion((run[i - 1].key, run[i].key), counts))
        yield from _cut(run[:at], counts)
        yield from _cut(run[at:], counts)
    elif len(run) > 1:
        yield run


def _without_overlaps(phrases: Mapping[Term, _Found], words: dict[str, _Found]) -> dict[Term, _Found]:
    """Of phrases within phrases keep the one said most. It takes its words away, and of a name's last its mentions."""
    kept: dict[Term, _Found] = {}
    for term, found in sorted(phrases.items(), key=lambda item: (-item[1].mentions, -len(item[0]), item[0])):
        keys = frozenset(term)
        if any(keys <= frozenset(other) or keys >= frozenset(other) for other in kept):
            continue
        last = words.get(term[-1])
        if found.is_name and last is not None:
            found.mentions = max(found.mentions, last.mentions)
        kept[term] = found
    for term in kept:
        for key in term:
            words.pop(key, None)
    return kept


# --- weights ---------------------------------------------------------------------------------------------------------


def _weigh(words: Mapping[str, _Found], phrases: Mapping[Term, _Found], counts: Counts) -> dict[str, float]:
    """Return the weight of each term by the form that it mostly has."""
    weights: dict[str, float] = {}
    for term, found in phrases.items():
        articles = min(counts.pairs[pair] for pair in pairwise(term))
        weights.setdefault(found.main_form(), _weight(found, counts.rarity(articles)))
    for key, found in words.items():
        weights.setdefault(found.main_form(), _weight(found, counts.rarity(counts.words[key])))
    return weights


def _weight(found: _Found, rarity: float) -> float:
    weight = math.log2(1 + found.mentions) * rarity
    if found.is_name:
        return weight * NAME_BONUS
    return weight if found.is_repeated else weight * PASSING_SHARE
