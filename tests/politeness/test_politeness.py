from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .page import PAGE, politeness_page
from .score import ALSO, RULES, Scenario, scenarios, score


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda one: f"{one.rule}-{one.name}")
def test_scenario(scenario: Scenario, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    record_property("politeness rule", scenario.rule)
    scenario.play(tmp_path)


def test_every_rule_has_a_scenario_and_every_scenario_says_what_it_measures() -> None:
    assert {one.rule for one in scenarios()} == {*RULES, ALSO}
    assert [one.name for one in scenarios() if len(one.text) < 40] == []


def test_the_score_counts_a_rule_only_if_all_of_its_scenarios_passed() -> None:
    kept = [(rule, True) for rule in RULES]
    assert score(kept) == "politeness score: 14/14"
    assert score([*kept, ("R3", False)]) == "politeness score: 13/14 (broken or not played: R3)"
    assert score(kept[1:]) == "politeness score: 13/14 (broken or not played: R1)"


def test_the_page_is_in_step_with_the_scenarios() -> None:
    assert PAGE.read_text(encoding="utf-8") == politeness_page(), (
        "python -m tests.politeness --doc > docs/politeness.md"
    )
