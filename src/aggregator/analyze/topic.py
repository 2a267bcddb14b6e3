"""The first guess at an article's topic: it counts seed words, and needs no training.

    <language>.toml → load_scorer → LexiconScorer.guess(title, body) → TopicGuess

A lexicon is a TOML file with one table per topic (the names of `aggregator.topics`) and two lists in it:

    ["economy, business and finance"]
    words = ["inflation", "interest rate*"]     # they speak for this topic alone
    shared = ["pharmaceutical*"]                # listed under several topics on purpose: each gets its share

A term is one to four words. Case does not matter, and whatever is neither letter nor digit (space, hyphen,
apostrophe) separates words, in the lexicon as in the text: "cease-fire" also finds "cease fire". A `*` at the end
stands for any ending or none: "volcan*" finds "volcano" and "volcanic". Of overlapping terms the longest counts,
so "labour party" can speak for politics while "labour market" speaks for labour.
"""

from __future__ import annotations

import math
import re
import tomllib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from aggregator.topics import TOPICS, topic_name

TEXT_CAP = 5_000
"""Only so many characters of a title, and of a body, are read: a megabyte costs no more than a page."""

LONGEST_PHRASE = 4
"""The most words that a term may have."""

SHORTEST_STEM = 3
"""The fewest characters before a `*`: less would match half the language."""

HEADLINE_MENTIONS = 3
"""A hit in the headline counts as three mentions, which the damping turns into twice the weight of one."""

PHRASE_BONUS = 0.5
"""What each word after the first adds to a term's weight: a phrase is less often a coincidence."""

SHARPNESS = 1.0
"""How far one unit of evidence moves the odds (as a power of e)."""

CATEGORY_EVIDENCE = math.log(len(TOPICS) - 1) / SHARPNESS
"""What the feed's category is worth: where the text is silent, it alone gives a score of one half."""

_WORD = re.compile(r"[^\W_]+")
_LANGUAGE_CODE = re.compile(r"[a-z]{2,3}")
_LISTS = ("words", "shared")


@dataclass(frozen=True, slots=True)
class TopicGuess:
    """The likeliest topic, or None where nothing speaks for any; then every score is 0.

    `score` is in 0..1 and behaves like a probability: one weak hit gives little, contradicting hits share.
    `scores` holds one for each of the 17 topics; they sum to 1.
    """

    topic: str | None
    score: float
    scores: dict[str, float]


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the lexicon: the topics it speaks for, and how much for each."""

    topics: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class LexiconScorer:
    """The lexicon of one language, compiled for look-up. `load_scorer` makes it.

    `terms` is keyed by normalised text, the `*` kept. `phrase_lengths` gives for a first word the most words of a
    term that begins with it. `stems` are the starred terms without their star, `longest_stem` is the longest's length.
    """

    terms: Mapping[str, Term]
    phrase_lengths: Mapping[str, int]
    stems: frozenset[str]
    longest_stem: int

    def guess(self, title: str, body: str, prior_topic: str | None = None) -> TopicGuess:
        """Guess the topic of an article from plain text.

        `prior_topic` is the category that the user gave to the feed: it decides where the text is silent, clear
        text overrules it.

        Raises:
            ValueError: `prior_topic` is not a topic.
        """
        mentions = Counter(self._find_terms(words_of(body)))
        for key in self._find_terms(words_of(title)):
            mentions[key] += HEADLINE_MENTIONS
        return guess_from_evidence(self._weigh(mentions), prior_topic)

    def _weigh(self, mentions: Mapping[str, int]) -> dict[str, float]:
        evidence: defaultdict[str, float] = defaultdict(float)
        for key, count in mentions.items():
            term = self.terms[key]
            for topic in term.topics:
                # The logarithm: the tenth "goal" of a report says little that the first did not.
                evidence[topic] += term.weight * math.log2(1 + count)
        return dict(evidence)

    def _find_terms(self, words: Sequence[str]) -> Iterator[str]:
        at = 0
        while at < len(words):
            key, length = self._longest_term(words, at)
            if key is not None:
                yield key
            at += length

    def _longest_term(self, words: Sequence[str], at: int) -> tuple[str | None, int]:
        first = words[at]
        for length in range(self.phrase_lengths.get(first, 1), 1, -1):
            key = self._lookup(" ".join(words[at : at + length]))
            if key is not None:
                return key, length
        return self._lookup(first), 1

    def _lookup(self, phrase: str) -> str | None:
        if phrase in self.terms:
            return phrase
        # A stem must reach into the last word: "bank*" is not the phrase "bank holiday".
        shortest = max(SHORTEST_STEM, phrase.rfind(" ") + 2)
        for length in range(min(len(phrase), self.longest_stem), shortest - 1, -1):
            if phrase[:length] in self.stems:
                return phrase[:length] + "*"
        return None


def words_of(text: str) -> list[str]:
    """Split the first `TEXT_CAP` characters of `text` into case-folded words of letters and digits."""
    return _WORD.findall(unicodedata.normalize("NFC", text[:TEXT_CAP]).casefold())


def guess_from_evidence(evidence: Mapping[str, float], prior_topic: str | None = None) -> TopicGuess:
    """Turn weights per topic (0 or more, absent means 0) into a guess.

    With no evidence, this is also the guess for a language without lexicon: the feed's category or None.

    Raises:
        ValueError: `prior_topic` is not a topic.
    """
    weights = {topic: evidence.get(topic, 0.0) for topic in TOPICS}
    if prior_topic is not None:
        weights[topic_name(prior_topic)] += CATEGORY_EVIDENCE
    best = max(weights, key=weights.__getitem__)
    if weights[best] == 0.0:
        return TopicGuess(None, 0.0, weights)
    # Softmax: topics without evidence keep a share, so that one weak hit cannot win all.
    odds = {topic: math.exp(SHARPNESS * (weight - weights[best])) for topic, weight in weights.items()}
    total = sum(odds.values())
    return TopicGuess(best, 1 / total, {topic: odd / total for topic, odd in odds.items()})


@cache
def load_scorer(language: str, folder: Path | None = None) -> LexiconScorer | None:
    """Load the scorer for an ISO 639 code, or return None where there is no lexicon for it.

    A file `<language>.toml` in the user's `folder` replaces the packaged one. Each is read once per process.

    Raises:
        ValueError: the file is malformed; the message names the file and the key.
    """
    source = _lexicon_file(language, folder)
    if source is None:
        return None
    try:
        return _compile(parse_lexicon(source.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error


def _lexicon_file(language: str, folder: Path | None) -> Traversable | None:
    # The check also keeps a declared language such as "../x" from naming a path.
    if _LANGUAGE_CODE.fullmatch(language) is None:
        return None
    packaged = files("aggregator.analyze") / "lexicon"
    candidates: list[Traversable] = [packaged / f"{language}.toml"]
    if folder is not None:
        candidates.insert(0, folder / f"{language}.toml")
    return next((file for file in candidates if file.is_file()), None)


def parse_lexicon(text: str) -> dict[str, tuple[str, ...]]:
    """Read the text of a lexicon: for each topic its terms, normalised, each once.

    Raises:
        ValueError: not TOML, a table that is no topic or repeats one, an unknown key, a term that cannot be matched.
    """
    lexicon: dict[str, tuple[str, ...]] = {}
    for key, table in tomllib.loads(text).items():
        topic = topic_name(key)
        if topic in lexicon:
            raise ValueError(f"[{key}] is the second table of the topic “{topic}”")
        lexicon[topic] = _parse_topic(key, table)
    return lexicon


def _parse_topic(topic: str, table: Any) -> tuple[str, ...]:
    if not isinstance(table, dict):
        raise ValueError(f"[{topic}] must be a table")  # noqa: TRY004 - a fault of the file, not of the caller
    unknown = sorted(set(table) - set(_LISTS))
    if unknown:
        raise ValueError(f"[{topic}] unknown key “{unknown[0]}”, known are {' and '.join(_LISTS)}")
    terms: dict[str, None] = {}
    for key, listed in table.items():
        if not isinstance(listed, list) or not all(isinstance(term, str) for term in listed):
            raise ValueError(f"[{topic}] {key} must be a list of strings")
        terms.update(dict.fromkeys(_parse_listed(topic, term) for term in listed))
    return tuple(terms)


def _parse_listed(topic: str, term: str) -> str:
    try:
        return parse_term(term)
    except ValueError as error:
        raise ValueError(f"[{topic}] {error}") from error


def parse_term(text: str) -> str:
    """Normalise a term: its words case-folded with single spaces between, and the final `*` if it has one.

    Raises:
        ValueError: no word, too many words, a `*` elsewhere than at the end, or too little before it.
    """
    body = text.strip()
    star = "*" if body.endswith("*") else ""
    words = words_of(body)
    if not 1 <= len(words) <= LONGEST_PHRASE:
        raise ValueError(f"term “{text}” must have 1 to {LONGEST_PHRASE} words")
    if body.count("*") != len(star):
        raise ValueError(f"term “{text}”: a * may only stand at the end")
    phrase = " ".join(words)
    if star and len(phrase) < SHORTEST_STEM:
        raise ValueError(f"term “{text}”: at least {SHORTEST_STEM} characters must stand before the *")
    return phrase + star


def _compile(lexicon: Mapping[str, Sequence[str]]) -> LexiconScorer:
    topics_by_term: defaultdict[str, list[str]] = defaultdict(list)
    for topic, keys in lexicon.items():
        for key in keys:
            topics_by_term[key].append(topic)
    phrase_lengths: dict[str, int] = {}
    for key in topics_by_term:
        words = key.split(" ")
        phrase_lengths[words[0]] = max(len(words), phrase_lengths.get(words[0], 1))
    stems = frozenset(key[:-1] for key in topics_by_term if key.endswith("*"))
    return LexiconScorer(
        terms={key: _weighted(key, topics) for key, topics in topics_by_term.items()},
        phrase_lengths=phrase_lengths,
        stems=stems,
        longest_stem=max(map(len, stems), default=0),
    )


def _weighted(key: str, topics: Sequence[str]) -> Term:
    weight = 1 + PHRASE_BONUS * key.count(" ")
    return Term(tuple(topics), weight / len(topics))
