"""What the text of articles tells: language, and from it topics. Runs in worker processes, a batch at a time.

    ArticleJobs ─detect_languages─▶ by language ┬ trained model: its boilerplate off, seed evidence, words ┬▶ topics
                                                └ seed words, or weak labels alone ────────────────────────┘

Which of these, and which files, is in the file that `ArticleJob.models` names (see `text_models`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from aggregator.analyze.boilerplate import strip_boilerplate
from aggregator.analyze.language import LanguageGuess, detect_languages
from aggregator.analyze.text_models import LoadedTextModels, ReadyMethod, load_text_models
from aggregator.analyze.tfidf import words_of_batch
from aggregator.analyze.topic import LexiconScorer, evidence_among, guess_from_evidence
from aggregator.analyze.topic_model import TopicModel
from aggregator.analyze.weak_labels import weak_topic_of
from aggregator.analyze.words import TEXT_CAP
from aggregator.records import ArticleAnalysis, ArticleJob, ScoredTopic

MOST_TOPICS = 3
"""How many topics an article may have."""

LEAST_SCORE = 0.1
"""What the second and third topic must score; the best is told whatever it scores."""

K = TypeVar("K", bound=Hashable)


def analyze_articles(jobs: Sequence[ArticleJob]) -> list[ArticleAnalysis]:
    """Return the language and topics of each article, in the order of `jobs`.

    Raises:
        StorageError: the file that says which models are in use cannot be read.
    """
    analyses: dict[int, ArticleAnalysis] = {}
    for path, places in _grouped(job.models for job in jobs).items():
        found = _analyze([jobs[at] for at in places], load_text_models(path))
        analyses.update(zip(places, found, strict=True))
    return [analyses[at] for at in range(len(jobs))]


def _grouped(keys: Iterable[K]) -> dict[K, list[int]]:
    """Return for each key at which places it stands."""
    groups: defaultdict[K, list[int]] = defaultdict(list)
    for at, key in enumerate(keys):
        groups[key].append(at)
    return groups


def _analyze(jobs: Sequence[ArticleJob], models: LoadedTextModels) -> list[ArticleAnalysis]:
    guesses = detect_languages(
        [f"{job.title[:TEXT_CAP]}\n{job.text[:TEXT_CAP]}" for job in jobs],
        [job.declared_language for job in jobs],
        models.content.languages,
        models.content.languages_file,
    )
    analyses: dict[int, ArticleAnalysis] = {}
    for language, places in _grouped(guess.language for guess in guesses).items():
        method = models.method(language)
        told = _topics([jobs[at] for at in places], method, models.content.topics)
        for at, topics in zip(places, told, strict=True):
            analyses[at] = _analysis(jobs[at], guesses[at], method.model_id, topics, models.content.unsure_below)
    return [analyses[at] for at in range(len(jobs))]


def _topics(
    jobs: Sequence[ArticleJob], method: ReadyMethod, topics: tuple[str, ...]
) -> Sequence[tuple[ScoredTopic, ...]]:
    """Return the topics of articles in one language, the best first."""
    weak = [weak_topic_of(job.category, job.tags, job.url, topics) for job in jobs]
    if method.model is not None:
        return _likeliest(method.model, method.scorer, jobs, weak)
    if method.scorer is None:
        return [_guessed({}, one, topics) for one in weak]
    found = method.scorer.evidence_of(words_of_batch((job.title, job.text) for job in jobs)).tolist()
    return [
        _guessed(dict(zip(method.scorer.topics, weights, strict=True)), one, topics)
        for weights, one in zip(found, weak, strict=True)
    ]


def _guessed(evidence: Mapping[str, float], weak: str | None, topics: tuple[str, ...]) -> tuple[ScoredTopic, ...]:
    guess = guess_from_evidence(evidence, weak, topics)
    ranked = sorted(guess.scores, key=guess.scores.__getitem__, reverse=True) if guess.topic is not None else []
    return tuple(ScoredTopic(topic, guess.scores[topic]) for topic in ranked[:MOST_TOPICS])


def _likeliest(
    model: TopicModel, scorer: LexiconScorer | None, jobs: Sequence[ArticleJob], weak: Sequence[str | None]
) -> list[tuple[ScoredTopic, ...]]:
    # What `TopicModel.predict` says, but only as much of it as is kept: a fifth of the time.
    words = words_of_batch(
        (job.title, strip_boilerplate(job.title, job.text[:TEXT_CAP], model.boilerplate)) for job in jobs
    )
    is_silent, shares = model.shares(words, evidence_among(words, scorer, model.topics), weak)
    best = np.argsort(-shares, axis=1, kind="stable")[:, :MOST_TOPICS]
    rows = zip(is_silent.tolist(), best.tolist(), np.take_along_axis(shares, best, axis=1).tolist(), strict=True)
    return [
        () if silent else tuple(map(ScoredTopic, map(model.topics.__getitem__, columns), scores))
        for silent, columns, scores in rows
    ]


def _analysis(
    job: ArticleJob, guess: LanguageGuess, model_id: int, told: Sequence[ScoredTopic], unsure_below: float
) -> ArticleAnalysis:
    return ArticleAnalysis(
        article_id=job.article_id,
        input_hash=job.input_hash,
        language=guess.language,
        language_score=guess.score,
        model_id=model_id,
        topics=tuple(told[:1]) + tuple(one for one in told[1:MOST_TOPICS] if one.score >= LEAST_SCORE),
        is_unsure=bool(told) and told[0].score < unsure_below,
    )
