from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from aggregator.analyze.topic_evaluation import calibration_error, measure
from aggregator.records import Confusion, TopicResult


def test_a_few_guesses_counted_by_hand() -> None:
    found = measure(["a", "a", "a", "b"], ["a", "a", "b", "c"], [0.95, 0.95, 0.55, 0.05])
    assert found is not None
    assert found.accuracy == 0.5
    assert found.topics == (TopicResult("a", 1.0, 2 / 3, 0.8, 3), TopicResult("b", 0.0, 0.0, 0.0, 1))
    assert found.macro_f1 == 0.4
    assert found.confusions == (Confusion("a", "b", 1), Confusion("b", "c", 1))
    assert found.calibration_error == pytest.approx((2 * 0.05 + 0.55 + 0.05) / 4)


def test_nothing_to_compare_gives_nothing() -> None:
    assert measure([], [], []) is None
    assert calibration_error([], []) == 0


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        measure(["a"], [], [])
    with pytest.raises(ValueError, match="zip"):
        calibration_error([0.5], [])


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1, max_size=60))
@settings(max_examples=25)
def test_the_numbers_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    truths, guesses = [truth for truth, _ in pairs], [guess for _, guess in pairs]
    found = measure(truths, guesses, [1.0] * len(pairs))
    assert found is not None
    assert found.accuracy == pytest.approx(accuracy_score(truths, guesses))
    labels = sorted(set(truths))
    theirs = precision_recall_fscore_support(truths, guesses, labels=labels, zero_division=0.0)
    ours = [(one.precision, one.recall, one.f1, one.articles) for one in found.topics]
    assert ours == [pytest.approx(row) for row in zip(*theirs, strict=True)]
    assert found.macro_f1 == pytest.approx(theirs[2].mean())
    assert sum(one.articles for one in found.confusions) == sum(truth != guess for truth, guess in pairs)


@pytest.mark.parametrize(
    ("score", "right", "error"), [(1.0, True, 0), (1.0, False, 1), (0.0, False, 0), (0.3, True, 0.7)]
)
def test_the_calibration_error_of_one_guess(score: float, right: bool, error: float) -> None:
    assert calibration_error([score], [right]) == pytest.approx(error)


def test_scores_that_come_true_as_often_as_they_say_have_no_error() -> None:
    rng = random.Random(1)  # noqa: S311 - not for secrets
    scores = [rng.random() for _ in range(20_000)]
    assert calibration_error(scores, [rng.random() < score for score in scores]) < 0.02
    assert calibration_error(scores, [rng.random() < score / 2 for score in scores]) == pytest.approx(0.25, abs=0.02)
