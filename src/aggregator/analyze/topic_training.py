"""Learning topics from one's own articles, and measuring how well they are told. Only a training worker loads this.

TopicExample… ─prepare─▶ ReadyExamples ─weigh─▶ TF-IDF ─learn─▶ Learnt ─calibrate─▶ TopicModel
              ─judge, against the model in use─▶ TrainingReport
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version

import numpy as np
from scipy.sparse import csr_matrix

from aggregator.analyze.calibration import Calibration, calibrate
from aggregator.analyze.tfidf import FloatArray
from aggregator.analyze.topic import ODDS_POWER, LexiconScorer
from aggregator.analyze.topic_adoption import Held, judge
from aggregator.analyze.topic_evaluation import Measured, measure
from aggregator.analyze.topic_examples import NO_LABEL, ReadyExamples, prepare_examples, unknown_corrections
from aggregator.analyze.topic_folds import FOLDS, Folds, assign_folds, one_by_one
from aggregator.analyze.topic_learning import FEWEST_OF_TOPIC, Learnt, first_labels, joining, labelled, learn
from aggregator.analyze.topic_model import ModelCard, TopicModel, softmax
from aggregator.analyze.topic_words import TrainingWords, weigh_texts
from aggregator.records import Evaluation, TopicExample, TrainingReport

FEWEST_ARTICLES = 200
"""With fewer, the word list alone was better, on news of four classes."""

NOTHING_TO_MEASURE_ON = (
    "no article has a weak label or a correction to measure on: correct some with “aggregator label ID TOPIC”, or give "
    "feeds a category in feeds.toml"
)
NO_TOPIC = ""
"""What is guessed of an article in which the word list finds nothing."""


SPLIT_FEEDS = "feeds that are most of the articles, or of a topic, were held out in parts, not as a whole"


def train_topics(
    examples: Sequence[TopicExample],
    *,
    language: str,
    topics: Sequence[str],
    scorer: LexiconScorer | None,
    champion: TopicModel | None,
    unsure_below: float,  # noqa: ARG001 - the same settings go to both entry points
    seed: int = 0,
) -> tuple[TopicModel | None, TrainingReport]:
    """Learn topics from articles of one language. The order of `examples` does not matter.

    Returns what was learnt, None where nothing can be, and a report that says whether it is to be used from now on, and
    why. The champion is the model in use.
    """
    ready = prepare_examples(examples, topics, scorer)
    report = TrainingReport(
        language=language,
        is_adopted=False,
        reason="",
        articles=len(ready),
        weak_labels=int((ready.weak != NO_LABEL).sum()),
        corrections=int((ready.corrected != NO_LABEL).sum()),
    )
    words = weigh_texts(ready.texts)
    passed_over = unknown_corrections(examples, topics)
    problem = why_not(ready, words)
    if problem:
        return None, replace(report, reason=_joined(problem, "the word list goes on", passed_over))
    folds = assign_folds(ready.feeds, ready.labels, seed=seed)
    learnt = learn(words.rows, ready, folds)
    calibration = calibrate(learnt.scores, ready.weak, ready.corrected)
    shares = softmax(learnt.scores / calibration.temperature)
    measured = _measured(shares, ready)
    model = replace(_model(language, words, ready, learnt, calibration), card=_card(ready, measured))
    # The model in use knows the feeds of the articles that it is compared on, so for that the challenger may too.
    beside = learnt if champion is None else learn(words.rows, ready, one_by_one(len(ready)))
    verdict = judge(Held(ready, beside.scores.argmax(axis=1)), model, champion)
    report = replace(
        report,
        is_adopted=verdict.is_adopted,
        reason=_joined(verdict.reason, *_remarks(ready, folds, learnt), passed_over),
        method=learnt.method,
        accuracy=verdict.accuracy,
        champion_accuracy=verdict.champion_accuracy,
        macro_f1=measured.macro_f1 if measured else None,
        calibration_error=measured.calibration_error if measured else None,
        changed=verdict.changed,
    )
    return model, report


def evaluate_topics(
    examples: Sequence[TopicExample],
    *,
    language: str,
    topics: Sequence[str],
    scorer: LexiconScorer | None,
    unsure_below: float,
    seed: int = 0,
) -> Evaluation:
    """Measure how well topics are told of articles whose labels were held out, a fifth of them at a time.

    The truth is the user's correction, else the weak label: where weak labels are wrong, so is the measurement. Where
    nothing can be learnt the word list is measured, and `problem` says so.
    """
    ready = prepare_examples(examples, topics, scorer)
    words = weigh_texts(ready.texts)
    is_labelled = ready.labels != NO_LABEL
    found = Evaluation(language, articles=int(is_labelled.sum()), corrections=int((ready.corrected != NO_LABEL).sum()))
    passed_over = unknown_corrections(examples, topics)
    why = why_not(ready, words)
    if not is_labelled.any():
        return replace(found, problem=_joined(NOTHING_TO_MEASURE_ON, passed_over))
    if why and not ready.evidence.any():
        return replace(found, problem=_joined(why, "no word list knows these articles either", passed_over))
    folds = assign_folds(ready.feeds, ready.labels, seed=seed)
    shares = _word_list_shares(ready) if why else _shares_by_fold(words.rows, ready, folds)
    measured = _measured(shares, ready)
    how = "this measures the word list, which labels meanwhile" if why else SPLIT_FEEDS if folds.split_articles else ""
    problem = _joined(why, how, passed_over)
    if measured is None:
        return found
    return replace(
        found,
        problem=problem or None,
        accuracy=measured.accuracy,
        macro_f1=measured.macro_f1,
        calibration_error=measured.calibration_error,
        unsure=float((shares[is_labelled].max(axis=1) < unsure_below).mean()),
        topics=measured.topics,
        confusions=measured.confusions,
    )


def _shares_by_fold(rows: csr_matrix, ready: ReadyExamples, folds: Folds) -> FloatArray:
    shares = np.zeros_like(ready.evidence)
    for fold in range(FOLDS):
        held = folds.of_article == fold
        if (held & (ready.labels != NO_LABEL)).any():
            shares[held] = _held_out_shares(rows, ready.without_labels(held), folds)[held]
    return shares


def _word_list_shares(ready: ReadyExamples) -> FloatArray:
    """Return what `guess_from_evidence` makes of the evidence alone: zeros for articles without any."""
    odds = (1 + ready.evidence) ** ODDS_POWER
    return np.where(ready.evidence.any(axis=1, keepdims=True), odds / odds.sum(axis=1, keepdims=True), 0.0)


def _held_out_shares(rows: csr_matrix, ready: ReadyExamples, folds: Folds) -> FloatArray:
    learnt = learn(rows, ready, folds)
    return softmax(learnt.scores / calibrate(learnt.scores, ready.weak, ready.corrected).temperature)


def why_not(ready: ReadyExamples, words: TrainingWords) -> str:
    """Return a sentence if nothing can be learnt from these examples, else nothing."""
    if len(ready) < FEWEST_ARTICLES:
        there = "is one article" if len(ready) == 1 else f"are {len(ready)} different articles"
        return f"there {there}, and {FEWEST_ARTICLES} are needed"
    if not words.vocabulary:
        return "the articles have no words in common, or only words that most of them share"
    counts = np.bincount(labelled(first_labels(ready)), minlength=len(ready.topics))
    if (counts >= FEWEST_OF_TOPIC).sum() < 2:  # noqa: PLR2004 - a choice needs two
        return (
            f"fewer than two topics have {FEWEST_OF_TOPIC} examples or more: give feeds a category, "
            "label some articles, or add words to the word list"
        )
    return ""


# --- the result ----------------------------------------------------------------------------------------------------


def _model(
    language: str, words: TrainingWords, ready: ReadyExamples, learnt: Learnt, calibration: Calibration
) -> TopicModel:
    known = np.flatnonzero(learnt.labels != NO_LABEL)
    linear = learnt.fit(words.rows[known], learnt.labels[known], len(ready.topics))
    priors, lexicon_weights = joining(learnt.labels, len(ready.topics))
    return TopicModel(
        language=language,
        topics=ready.topics,
        method=learnt.method,
        vocabulary=words.vocabulary,
        idf=words.idf,
        weights=linear.weights.astype(np.float32),
        offsets=linear.offsets,
        is_learnt=linear.is_learnt,
        priors=priors,
        lexicon_weights=lexicon_weights,
        temperature=calibration.temperature,
        weak_gains=calibration.weak_gains,
        boilerplate=ready.boilerplate,
        learnt_labels=np.unique(ready.label_keys()[ready.labels != NO_LABEL]),
    )


def _card(ready: ReadyExamples, measured: Measured | None) -> ModelCard:
    return ModelCard(
        training_set=ready.fingerprint,
        articles=len(ready),
        weak_labels=int((ready.weak != NO_LABEL).sum()),
        corrections=int((ready.corrected != NO_LABEL).sum()),
        accuracy=measured.accuracy if measured else None,
        macro_f1=measured.macro_f1 if measured else None,
        calibration_error=measured.calibration_error if measured else None,
        versions={name: version(name) for name in ("news-aggregator", "numpy", "scikit-learn")},
    )


def _measured(shares: FloatArray, ready: ReadyExamples) -> Measured | None:
    at = np.flatnonzero(ready.labels != NO_LABEL)
    truths = [ready.topics[label] for label in ready.labels[at]]
    guesses = [ready.topics[row.argmax()] if row.any() else NO_TOPIC for row in shares[at]]
    return measure(truths, guesses, shares[at].max(axis=1).tolist())


def _joined(*sentences: str) -> str:
    return "; ".join(filter(None, sentences))


def _remarks(ready: ReadyExamples, folds: Folds, learnt: Learnt) -> list[str]:
    remarks = []
    if folds.split_articles:
        remarks.append(SPLIT_FEEDS)
    counts = np.bincount(labelled(learnt.labels), minlength=len(ready.topics))
    unknown = [topic for topic, count in zip(ready.topics, counts, strict=True) if count < FEWEST_OF_TOPIC]
    if unknown:
        remarks.append(f"too few examples, so left to the word list: {', '.join(unknown)}")
    return remarks
