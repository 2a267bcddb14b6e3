"""How good answers are, in numbers from 0 to 1: pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple


class BCubed(NamedTuple):
    """Of the articles told together with one, how many belong to it; of those that belong to it, how many are."""

    precision: float
    recall: float
    f1: float


def b_cubed(told: Sequence[Hashable], gold: Sequence[Hashable]) -> BCubed:
    """Compare two ways of putting the same articles into groups, given as the group of each article.

    The measure of Bagga and Baldwin (1998), each article counting the same; F1 is the harmonic mean of the averages.

    Raises:
        ValueError: there are no articles, or not as many in one as in the other.
    """
    if not told or len(told) != len(gold):
        raise ValueError(f"{len(told)} and {len(gold)} articles cannot be compared")
    together = Counter(zip(told, gold, strict=True))
    told_sizes, gold_sizes = Counter(told), Counter(gold)
    precision = sum(number**2 / told_sizes[group] for (group, _), number in together.items()) / len(told)
    recall = sum(number**2 / gold_sizes[group] for (_, group), number in together.items()) / len(gold)
    return BCubed(precision, recall, 2 * precision * recall / (precision + recall))


def accuracy(told: Sequence[str | None], gold: Sequence[str]) -> float:
    """Return the share of right answers; None is a wrong one."""
    return sum(one == other for one, other in zip(told, gold, strict=True)) / len(gold)


def macro_f1(told: Sequence[str | None], gold: Sequence[str]) -> float:
    """Return the mean of the F1 of each class that there is in `gold`."""
    right = Counter(one for one, other in zip(told, gold, strict=True) if one == other)
    told_sizes, gold_sizes = Counter(told), Counter(gold)
    return sum(2 * right[name] / (told_sizes[name] + gold_sizes[name]) for name in gold_sizes) / len(gold_sizes)


def calibration_error(scores: Sequence[float], is_right: Sequence[bool], bins: int = 10) -> float:
    """Return the expected calibration error: how far scores and shares of right answers are apart, in equal bins.

    Raises:
        ValueError: there are no scores.
    """
    if not scores:
        raise ValueError("there are no scores")
    grouped: dict[int, list[tuple[float, bool]]] = {}
    for score, right in zip(scores, is_right, strict=True):
        grouped.setdefault(min(int(score * bins), bins - 1), []).append((score, right))
    gaps = (abs(sum(score for score, _ in one) - sum(right for _, right in one)) for one in grouped.values())
    return sum(gaps) / len(scores)
