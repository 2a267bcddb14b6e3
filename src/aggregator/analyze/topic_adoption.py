"""Whether a newly trained model takes the place of the one in use, the first one that of the word list. Pure.

Learning from one's own guesses can drift, so the new one must be no worse on labels that neither has learnt from, and
must not change too many labels without good reason.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aggregator.analyze.tfidf import IntArray
from aggregator.analyze.topic_examples import NO_LABEL, ReadyExamples
from aggregator.analyze.topic_model import Question, TopicModel

MOST_CHANGED = 0.3
"""The share of labels that may change without a reason."""

ENOUGH_FRESH = 30
"""So many labels that the model in use has not learnt from are needed to compare both on them."""

MUCH_GROWTH = 2.0
_BATCH = 512


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The examples, and what the new method guesses of each while it is held out."""

    ready: ReadyExamples
    guesses: IntArray


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the challenger is adopted, and why. Both accuracies are on the same labels; None where there are none."""

    reason: str
    is_adopted: bool
    accuracy: float | None = None
    champion_accuracy: float | None = None
    changed: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Accuracy of both on `count` labels. `noise` is the standard error of their difference."""

    challenger: float
    champion: float
    count: int
    noise: float

    @property
    def is_worse(self) -> bool:
        """Whether the challenger is worse by more than chance explains."""
        return self.champion - self.challenger > self.noise

    @property
    def is_clearly_better(self) -> bool:
        """Whether chance hardly explains by how much the challenger is better."""
        return self.challenger - self.champion > 2 * self.noise


def judge(held: Held, challenger: TopicModel, champion: TopicModel | None) -> Verdict:
    """Decide whether `challenger`, whose guesses of held-out articles are `held`, replaces `champion`.

    Without a champion, or with one for other topics, the word list is what it has to measure up to.
    """
    if champion is None:
        return _judge_beside_words(held, "it is the first model")
    if champion.topics != challenger.topics:
        return _judge_beside_words(held, "the topics are others than those of the model in use")
    accuracy = _accuracy(held.guesses, held.ready.labels)
    every = np.arange(len(held.ready))
    old, new = (_guesses(model, held.ready, every, with_weak=True) for model in (champion, challenger))
    changed = float((old != new).mean())
    compared = _compare(held, champion)
    if compared is not None:
        accuracy = compared.challenger
    objection = _objection(changed, compared, challenger, champion)
    return Verdict(
        reason=objection
        or ("it is no worse than the model in use" if compared else "there are no labels to compare on"),
        is_adopted=not objection,
        accuracy=accuracy,
        champion_accuracy=compared.champion if compared else None,
        changed=changed,
    )


def _judge_beside_words(held: Held, why: str) -> Verdict:
    """Compare with what the word list says of the same articles. The label of each was hidden from both."""
    evidence, labels = held.ready.evidence, held.ready.labels
    known = np.flatnonzero(labels != NO_LABEL)
    if not len(known):
        remark = "nothing could be compared, because no article has a weak label or a correction"
        return Verdict(f"{why}; {remark}", is_adopted=True)
    if not evidence.any():
        accuracy = _accuracy(held.guesses, labels)
        return Verdict(f"{why}, and there is no word list to compare it with", is_adopted=True, accuracy=accuracy)
    by_words = np.where(evidence.any(axis=1), evidence.argmax(axis=1), NO_LABEL)
    compared = _paired(held.guesses[known] == labels[known], by_words[known] == labels[known])
    beside = f"the word list on {compared.count} labels"
    if compared.is_worse:
        reason = f"it is worse than {beside}, by more than chance explains; the word list goes on"
    else:
        reason = f"{why}, and {'better' if compared.is_clearly_better else 'no worse'} than {beside}"
    return Verdict(reason, not compared.is_worse, compared.challenger, compared.champion)


def _objection(changed: float, compared: Comparison | None, challenger: TopicModel, champion: TopicModel) -> str:
    if compared and compared.is_worse:
        return f"it is worse than the model in use on {compared.count} labels, by more than chance explains"
    is_explained = (compared is not None and compared.is_clearly_better) or (
        challenger.card.articles >= MUCH_GROWTH * champion.card.articles
    )
    if changed > MOST_CHANGED and not is_explained:
        return (
            f"it would change {changed:.0%} of the labels, and neither is it clearly better than the model in use, "
            "nor has it learnt from twice as many articles"
        )
    return ""


def _compare(held: Held, champion: TopicModel) -> Comparison | None:
    ready = held.ready
    labels = ready.labels
    fresh = np.flatnonzero((labels != NO_LABEL) & ~np.isin(ready.label_keys(), champion.learnt_labels))
    if len(fresh) >= ENOUGH_FRESH:
        # The weak label is what is to be guessed, so it is not shown.
        old = _guesses(champion, ready, fresh, with_weak=False)
        return _paired(held.guesses[fresh] == labels[fresh], old == labels[fresh])
    accuracy = _accuracy(held.guesses, labels)
    if accuracy is None or champion.card.accuracy is None:
        return None
    # The champion has learnt from these labels. What it reached while they were held out from it is what compares.
    count = int((labels != NO_LABEL).sum())
    noise = float(np.sqrt(accuracy * (1 - accuracy) / count))
    return Comparison(accuracy, champion.card.accuracy, count, noise)


def _paired(new: npt.NDArray[np.bool_], old: npt.NDArray[np.bool_]) -> Comparison:
    # McNemar: only the articles that one of the two gets right tell them apart.
    noise = float(np.sqrt((new != old).sum())) / len(new)
    return Comparison(float(new.mean()), float(old.mean()), len(new), noise)


def _accuracy(guesses: IntArray, labels: IntArray) -> float | None:
    known = labels != NO_LABEL
    return float((guesses[known] == labels[known]).mean()) if known.any() else None


def _guesses(model: TopicModel, ready: ReadyExamples, articles: IntArray, *, with_weak: bool) -> IntArray:
    guesses = [
        model.probabilities([_question(ready, article, with_weak=with_weak) for article in articles[at : at + _BATCH]])
        for at in range(0, len(articles), _BATCH)
    ]
    return np.concatenate([shares.argmax(axis=1) for _, shares in guesses])


def _question(ready: ReadyExamples, article: int, *, with_weak: bool) -> Question:
    evidence = dict(zip(ready.topics, ready.evidence[article].tolist(), strict=True))
    weak = int(ready.weak[article])
    return Question(*ready.texts[article], evidence, ready.topics[weak] if with_weak and weak != NO_LABEL else None)
