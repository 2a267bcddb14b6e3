"""The gate: topics and stories of the newsroom are told as well as the floors say, per language.

    python -m pytest tests/quality --new-floors     measures, and writes what was reached as the new floors

It guards against regression and proves nothing else: the same hands wrote the word lists and the articles. How well
news of others are told is measured by benchmarks/analysis.py.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from aggregator.topics import TOPICS

from .measure import Answer, analysed_newsroom, answers, material_digest, measured

FLOORS = Path(__file__).with_name("floors.json")
AIR = 2
"""By how many hundredths a floor lies below what was reached: a better idea may cost an article."""

LEAST = 0.90
"""What is promised of topics and stories in each language; floors may be higher, and never lower."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Answer]:
    return answers(analysed_newsroom(tmp_path_factory.mktemp("gate")))


def test_topics_languages_and_stories_reach_their_floors(found: list[Answer], request: pytest.FixtureRequest) -> None:
    reached = measured(found)
    if request.config.getoption("--new-floors"):
        floors = {
            language: {name: max(LEAST, math.floor(share * 100 - AIR) / 100) for name, share in shares.items()}
            for language, shares in reached.items()
        }
        FLOORS.write_text(json.dumps({"material": material_digest(), "floors": floors}, indent=1) + "\n")
    kept = json.loads(FLOORS.read_text())
    assert kept["material"] == material_digest(), (
        "the articles of the newsroom have changed: measure again with “pytest tests/quality --new-floors”, and say in "
        "the commit why a floor is lower than it was"
    )
    assert kept["floors"].keys() == reached.keys()
    below = [
        f"{language}: {name} {reached[language][name]:.3f} < {floor}"
        for language, floors in kept["floors"].items()
        for name, floor in floors.items()
        if reached[language][name] < floor
    ]
    assert below == []
    assert min(floor for floors in kept["floors"].values() for floor in floors.values()) >= LEAST


def test_a_topic_that_is_told_with_certainty_is_mostly_right(found: list[Answer]) -> None:
    certain = [one for one in found if one.topic_score >= 0.8]
    assert len(certain) > len(found) / 4
    assert np.mean([one.topic == one.gold.topic for one in certain]) >= 0.9
    assert {one.topic for one in found} - {None} <= set(TOPICS)
