from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.arrivals import pace, spoken, turnover, usual_gap, with_arrivals
from aggregator.records import MAX_ARRIVALS, FeedMemory

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DEFAULT_S, LONGEST_S = 3600.0, 86400.0


def every(gap: timedelta, count: int = 20, *, entries: int = 20, until: datetime = NOW) -> FeedMemory:
    return FeedMemory(entries=entries, arrivals=tuple(until - gap * n for n in range(count - 1, -1, -1)))


def wait(memory: FeedMemory) -> timedelta:
    return timedelta(seconds=pace(memory, NOW, DEFAULT_S, LONGEST_S).interval_s)


@pytest.mark.parametrize(("gap", "expected"), [(2 * HOUR, HOUR), (12 * HOUR, 6 * HOUR), (30 * DAY, DAY)])
def test_a_feed_is_asked_twice_in_the_time_of_an_article_and_once_a_day_at_least(
    gap: timedelta, expected: timedelta
) -> None:
    assert wait(every(gap)) == expected


def test_the_reason_is_told() -> None:
    assert pace(every(2 * HOUR), NOW, DEFAULT_S, LONGEST_S).reason == "its articles come about every 2 h"
    assert "max_interval" in pace(every(30 * DAY), NOW, DEFAULT_S, LONGEST_S).reason


def test_a_feed_that_falls_silent_is_asked_ever_more_rarely() -> None:
    waits = [wait(every(2 * HOUR, until=NOW - silence)) for silence in (0 * HOUR, 12 * HOUR, 2 * DAY, 20 * DAY)]
    assert waits == sorted(waits)
    assert len(set(waits)) == len(waits)


def test_a_feed_that_wakes_up_is_soon_followed() -> None:
    asleep = tuple(NOW - 60 * DAY + 7 * DAY * n for n in range(8))
    awake = [tuple(NOW - HOUR * n for n in range(count, -1, -1)) for count in (12, 30)]
    waits = [wait(FeedMemory(entries=10, arrivals=with_arrivals(asleep, list(recent)))) for recent in awake]
    assert waits == [5 * HOUR, HOUR / 2], "at first because articles would be lost, then because that is its pace"


def test_a_feed_that_publishes_in_bursts_is_asked_before_a_burst_fills_it() -> None:
    # Twenty articles in two hours, once a day; the document holds ten.
    bursts = [NOW - DAY * day - timedelta(minutes=6) * n for day in range(3) for n in range(20)]
    assert wait(FeedMemory(entries=10, arrivals=with_arrivals((), bursts))) <= timedelta(minutes=30)


def test_a_burst_that_fits_into_the_document_needs_no_haste() -> None:
    bursts = [NOW - DAY * day - timedelta(minutes=6) * n for day in range(4) for n in range(10)]
    assert wait(FeedMemory(entries=40, arrivals=with_arrivals((), bursts))) > timedelta(minutes=30)


def test_a_long_document_bears_longer_waits() -> None:
    assert turnover(every(HOUR, entries=100)) == 100 * HOUR
    assert turnover(every(HOUR, entries=4)) == 4 * HOUR


@pytest.mark.parametrize("memory", [FeedMemory(), every(HOUR, 3), every(HOUR, entries=0)])
def test_too_little_is_known_to_know_a_turnover(memory: FeedMemory) -> None:
    assert turnover(memory) is None


def test_a_feed_without_a_history_is_asked_at_the_default_and_then_ever_more_rarely() -> None:
    assert wait(FeedMemory()) == timedelta(seconds=DEFAULT_S)
    assert wait(FeedMemory(arrivals=(NOW - 2 * HOUR,))) == timedelta(seconds=DEFAULT_S)
    assert wait(FeedMemory(arrivals=(NOW - 12 * HOUR,))) == 3 * HOUR
    assert wait(FeedMemory(arrivals=(NOW - 90 * DAY,))) == DAY


def test_after_articles_were_missed_a_feed_is_asked_as_often_as_it_may_be() -> None:
    missed = FeedMemory(arrivals=every(DAY).arrivals, entries=20, overflowed_at=NOW - 6 * DAY)
    assert wait(missed) == timedelta(seconds=DEFAULT_S)
    assert "missed" in pace(missed, NOW, DEFAULT_S, LONGEST_S).reason
    assert wait(FeedMemory(arrivals=every(DAY).arrivals, entries=20, overflowed_at=NOW - 8 * DAY)) == DAY / 2


@given(st.lists(st.integers(0, 10**6), max_size=80), st.integers(0, 5000))
def test_whatever_the_history_the_wait_is_sane(seconds: list[int], entries: int) -> None:
    memory = FeedMemory(entries=entries, arrivals=with_arrivals((), [NOW - timedelta(seconds=one) for one in seconds]))
    got = pace(memory, NOW, DEFAULT_S, LONGEST_S)
    assert 0 <= got.interval_s <= LONGEST_S
    assert got.reason
    lost = turnover(memory)
    assert lost is None or got.interval_s <= lost.total_seconds() / 2 or usual_gap(memory, NOW) is None


@given(st.lists(st.integers(0, 10**6)), st.lists(st.integers(0, 10**6)))
def test_the_history_is_the_latest_arrivals_in_order(known: list[int], new: list[int]) -> None:
    moments = [[NOW - timedelta(seconds=one) for one in seconds] for seconds in (known, new)]
    got = with_arrivals(tuple(moments[0]), moments[1])
    assert list(got) == sorted(moments[0] + moments[1])[-MAX_ARRIVALS:]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (89, "89 s"),
        (90, "1.5 min"),
        (3600, "60 min"),
        (7200, "2 h"),
        (129600, "1.5 days"),
        (1e8, "1157 days"),
    ],
)
def test_lengths_are_told_as_people_do(seconds: float, text: str) -> None:
    assert spoken(timedelta(seconds=seconds)) == text
