"""The one clock, and the variable that moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.errors import UsageError
from aggregator.pipeline.clock import ShiftedClock, clock_from_environment
from pipeline.machine import DEADLINE_S, answer_of

NAME = "AGGREGATOR_CLOCK"
SLACK = timedelta(seconds=DEADLINE_S)
NEW_YEAR = datetime(2031, 1, 1, tzinfo=UTC)


def told_by(text: str) -> datetime:
    return clock_from_environment({NAME: text}).now()


@pytest.mark.parametrize("environment", [{}, {NAME: ""}, {NAME: "  "}])
def test_without_the_variable_it_is_the_machines_time(environment: dict[str, str]) -> None:
    before = datetime.now(UTC)
    assert before <= clock_from_environment(environment).now() <= datetime.now(UTC)


@pytest.mark.parametrize(("text", "seconds"), [("+3600", 3600), ("-86400", -86400), ("+0.5", 0.5), (" +60 ", 60)])
def test_a_shift_moves_it_by_seconds(text: str, seconds: float) -> None:
    before = datetime.now(UTC)
    now = told_by(text) - timedelta(seconds=seconds)
    assert before <= now <= datetime.now(UTC)


@pytest.mark.parametrize(
    "text", ["2031-01-01", "2031-01-01T00:00:00Z", "2031-01-01T05:30:00+05:30", "20310101T000000Z"]
)
def test_an_iso_time_is_the_time_at_the_start_and_goes_on(text: str) -> None:
    clock = clock_from_environment({NAME: text})
    first, second = clock.now(), clock.now()
    assert NEW_YEAR <= first < NEW_YEAR + SLACK
    assert first <= second
    assert first.utcoffset() == timedelta()


@pytest.mark.parametrize(
    "text", ["tomorrow", "+", "+ten", "-nan", "+inf", "+1e300", "+1e12", "3600", "2031-13-01", "0001-01-01T00:00+14:00"]
)
def test_anything_else_is_a_usage_error_that_names_it(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        told_by(text)
    assert NAME in str(refused.value)
    assert text in str(refused.value)


def test_the_default_clock_is_not_shifted() -> None:
    assert abs(ShiftedClock().now() - datetime.now(UTC)) < SLACK


def test_a_program_that_is_started_inherits_it() -> None:
    now = datetime.fromisoformat(answer_of("tell-time", AGGREGATOR_CLOCK="2031-01-01T00:00:00Z"))
    assert NEW_YEAR <= now < NEW_YEAR + SLACK
    elsewhere = datetime.fromisoformat(answer_of("tell-time", AGGREGATOR_CLOCK="2031-01-01", TZ="JST-9"))
    assert NEW_YEAR <= elsewhere < NEW_YEAR + SLACK, "a time without a zone is UTC, wherever the machine stands"
    later = datetime.fromisoformat(answer_of("tell-time", AGGREGATOR_CLOCK="+864000"))
    assert timedelta(days=10) - SLACK < later - datetime.now(UTC) < timedelta(days=10) + SLACK
