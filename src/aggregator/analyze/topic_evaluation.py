"""How well topics are told: accuracy, macro F1, calibration error, confusions. Plain Python, pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from aggregator.records import Confusion, TopicResult

BINS = 10


@dataclass(frozen=True, slots=True)
class Measured:
    """Accuracy, macro F1 (over the topics that are the truth of any article), calibration error: all 0 to 1."""

    accuracy: float
    macro_f1: float
    calibration_error: float
    topics: tuple[TopicResult, ...]
    confusions: tuple[Confusion, ...]


def measure(truths: Sequence[str], guesses: Sequence[str], scores: Sequence[float]) -> Measured | None:
    """Compare guesses, of which each has a score of 0 to 1, with the truth. None where there is nothing to compare.

    Raises:
        ValueError: the three are not of the same length.
    """
    pairs = Counter(zip(truths, guesses, strict=True))
    if not pairs:
        return None
    results = tuple(_result(topic, pairs) for topic in sorted(set(truths)))
    wrong = [Confusion(truth, guess, count) for (truth, guess), count in pairs.items() if truth != guess]
    is_right = [truth == guess for truth, guess in zip(truths, guesses, strict=True)]
    return Measured(
        accuracy=sum(is_right) / len(is_right),
        macro_f1=sum(result.f1 for result in results) / len(results),
        calibration_error=calibration_error(scores, is_right),
        topics=results,
        confusions=tuple(sorted(wrong, key=lambda one: (-one.articles, one.truth, one.guess))),
    )


def _result(topic: str, pairs: Counter[tuple[str, str]]) -> TopicResult:
    right = pairs[topic, topic]
    guessed = sum(count for (_, guess), count in pairs.items() if guess == topic)
    true = sum(count for (truth, _), count in pairs.items() if truth == topic)
    return TopicResult(
        topic=topic,
        precision=right / guessed if guessed else 0.0,
        recall=right / true if true else 0.0,
        f1=2 * right / (guessed + true) if guessed + true else 0.0,
        articles=true,
    )


def calibration_error(scores: Sequence[float], is_right: Sequence[bool]) -> float:
    """Return the expected calibration error: in ten bins of equal width, how far scores are from what came true.

    Raises:
        ValueError: the two are not of the same length.
    """
    gaps = [0.0] * BINS
    for score, right in zip(scores, is_right, strict=True):
        gaps[min(int(score * BINS), BINS - 1)] += score - right
    return sum(map(abs, gaps)) / len(scores) if scores else 0.0
