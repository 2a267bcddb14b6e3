"""What is learnt of ready examples, and by which method. The only file that imports scikit-learn.

In the first round a word list's guesses stand for labels, if they are clear. In each round every fifth of the articles
is guessed by a model that learnt from the other four (`topic_folds`), and these guesses are the labels of the next.
Weak labels and corrections stay what they are. What was measured for each choice: docs/decisions/0029.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import sklearn
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB

from aggregator.analyze.calibration import calibrate
from aggregator.analyze.tfidf import FloatArray, IntArray
from aggregator.analyze.topic_examples import NO_LABEL, ReadyExamples
from aggregator.analyze.topic_folds import FOLDS, Folds
from aggregator.analyze.topic_model import join_scores

FEWEST_OF_TOPIC = 5
"""A topic with fewer examples is left to the word list."""

MANY_LABELS = 300
"""From so many weak labels and corrections on, other methods may take part."""

ROUNDS = 3
CLEAR_LEAD = 0.5
"""By how much ln(1 + evidence) of the best topic must lead for the word list's guess to be an example."""

SMOOTHING = 0.3
PRIOR_STRENGTH = 0.2
LEXICON_WEIGHT, LEXICON_HALVED_AT = 2.0, 125
"""For a topic, the lexicon weighs 2 / (1 + its examples / 125) standard deviations per unit of ln(1 + evidence)."""

SELF_TRAINED, LABELS_ONLY, REGRESSION = "self-trained naive Bayes", "naive Bayes on labels", "logistic regression"


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """Weights (words × topics), offsets (topics) and which topics they know."""

    weights: FloatArray
    offsets: FloatArray
    is_learnt: npt.NDArray[np.bool_]


Fit = Callable[[csr_matrix, IntArray, int], Linear]


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """What a method made of the examples: the labels that it learnt from, and its scores of articles held out."""

    method: str
    fit: Fit
    labels: IntArray
    scores: FloatArray

    def accuracy_on(self, truth: IntArray) -> float:
        """Return the share of labelled articles that it guesses right."""
        known = truth != NO_LABEL
        return float((self.scores[known].argmax(axis=1) == truth[known]).mean())


def learn(rows: csr_matrix, ready: ReadyExamples, folds: Folds) -> Learnt:
    """Learn by every method that the number of labels allows, and return what guesses held-out labels best.

    Another method than self-training must be better by more than chance: a standard error.
    """
    best = self_train(rows, ready, folds)
    truth = ready.labels
    count = int((truth != NO_LABEL).sum())
    if count < MANY_LABELS:
        return best
    labels = np.where(truth != NO_LABEL, best.labels, NO_LABEL)
    for method, fit in ((LABELS_ONLY, fit_bayes), (REGRESSION, fit_regression)):
        other = Learnt(method, fit, labels, _held_out_scores(rows, labels, ready, folds, fit))
        accuracy = best.accuracy_on(truth)
        if other.accuracy_on(truth) > accuracy + np.sqrt(accuracy * (1 - accuracy) / count):
            best = other
    return best


def self_train(rows: csr_matrix, ready: ReadyExamples, folds: Folds) -> Learnt:
    """Let each round learn from the guesses of the last."""
    fixed = ready.labels
    labels = first_labels(ready)
    scores = np.zeros_like(ready.evidence)
    says_something = (np.diff(rows.indptr) > 0) | ready.evidence.any(axis=1)
    for _ in range(ROUNDS):
        scores = _held_out_scores(rows, labels, ready, folds, fit_bayes)
        guesses = np.where(says_something, scores.argmax(axis=1), NO_LABEL)
        labels = np.where(fixed != NO_LABEL, fixed, guesses)
    return Learnt(SELF_TRAINED, fit_bayes, _believed(labels, scores, ready), scores)


def _believed(labels: IntArray, scores: FloatArray, ready: ReadyExamples) -> IntArray:
    """Return `labels` with those weak ones replaced that the text clearly contradicts: learnt, they teach the error."""
    calibration = calibrate(scores, ready.weak, ready.corrected)
    doubtful = np.flatnonzero((ready.weak != NO_LABEL) & (ready.corrected == NO_LABEL))
    logits = scores[doubtful] / calibration.temperature
    weak = ready.weak[doubtful]
    logits[np.arange(len(doubtful)), weak] += calibration.weak_gains[weak]
    believed = labels.copy()
    believed[doubtful] = logits.argmax(axis=1)
    return believed


def first_labels(ready: ReadyExamples) -> IntArray:
    """Return corrections and weak labels, else what the word list says if that is clear, else `NO_LABEL`."""
    strengths = np.sort(np.log1p(ready.evidence), axis=1)
    lead = strengths[:, -1] - (strengths[:, -2] if strengths.shape[1] > 1 else 0)
    guesses = np.where(lead >= CLEAR_LEAD, ready.evidence.argmax(axis=1), NO_LABEL)
    return np.where(ready.labels != NO_LABEL, ready.labels, guesses)


def _held_out_scores(rows: csr_matrix, labels: IntArray, ready: ReadyExamples, folds: Folds, fit: Fit) -> FloatArray:
    scores = np.zeros_like(ready.evidence)
    for fold in range(FOLDS):
        held = folds.of_article == fold
        known = np.flatnonzero(~held & (labels != NO_LABEL))
        linear = fit(rows[known], labels[known], len(ready.topics))
        part = rows[np.flatnonzero(held)]
        scores[held] = join_scores(part @ linear.weights + linear.offsets, linear.is_learnt, np.diff(part.indptr))
    priors, weights = joining(labels, len(ready.topics))
    return np.asarray(scores + priors + weights * np.log1p(ready.evidence))


def joining(labels: IntArray, topics: int) -> tuple[FloatArray, FloatArray]:
    """Return for each topic its prior and the weight of the lexicon, for a model that learnt from `labels`.

    The weight lies between each topic's own and the mean one. With the mean alone, topics with few examples vanish
    where others have many; with their own alone, a stray word for a rare topic outweighs all that was learnt.
    """
    counts = np.bincount(labelled(labels), minlength=topics)
    priors = PRIOR_STRENGTH * np.log((counts + 1) / (counts.sum() + topics))
    own, usual = (LEXICON_WEIGHT / (1 + n / LEXICON_HALVED_AT) for n in (counts, counts.mean()))
    return priors, (own + usual) / 2


def labelled(labels: IntArray) -> IntArray:
    """Return the labels of those articles that have one."""
    return np.asarray(labels[labels != NO_LABEL])


def fit_bayes(rows: csr_matrix, labels: IntArray, topics: int) -> Linear:
    """Fit complement naive Bayes to the topics with enough examples."""
    return _fitted(rows, labels, topics, _bayes_weights)


def fit_regression(rows: csr_matrix, labels: IntArray, topics: int) -> Linear:
    """Fit logistic regression, topics weighted so that rare ones count as much, to those with enough examples."""
    return _fitted(rows, labels, topics, _regression_weights)


Weigh = Callable[[csr_matrix, IntArray], tuple[FloatArray, FloatArray]]


def _fitted(rows: csr_matrix, labels: IntArray, topics: int, weigh: Weigh) -> Linear:
    is_learnt = np.bincount(labels, minlength=topics) >= FEWEST_OF_TOPIC
    weights, offsets = np.zeros((rows.shape[1], topics)), np.zeros(topics)
    if is_learnt.sum() > 1:
        chosen = np.flatnonzero(is_learnt[labels])
        # What is checked here was made here; the checks take as long as the fit of a few hundred articles.
        with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
            weights[:, is_learnt], offsets[is_learnt] = weigh(rows[chosen], labels[chosen])
    return Linear(weights, offsets, is_learnt)


def _bayes_weights(rows: csr_matrix, labels: IntArray) -> tuple[FloatArray, FloatArray]:
    fitted = ComplementNB(alpha=SMOOTHING).fit(rows, labels)
    return fitted.feature_log_prob_.T, np.zeros(len(fitted.classes_))


def _regression_weights(rows: csr_matrix, labels: IntArray) -> tuple[FloatArray, FloatArray]:
    fitted = LogisticRegression(class_weight="balanced", max_iter=200, tol=1e-3).fit(rows, labels)
    if len(fitted.classes_) == 2:  # noqa: PLR2004 - scikit-learn has one column for two classes
        return np.hstack([-fitted.coef_.T, fitted.coef_.T]) / 2, np.concatenate(
            [-fitted.intercept_, fitted.intercept_]
        ) / 2
    return fitted.coef_.T, fitted.intercept_
