"""When topics are learnt: at most daily, or when the articles have grown by a fifth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.analyze.training_due import FEWEST_ARTICLES, LEARN_EVERY, why_learn
from aggregator.records import LastTraining

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def last(
    articles: int = 1000, ago: timedelta = HOUR, *, adopted: bool = True, correction: str | None = None
) -> LastTraining:
    return LastTraining(NOW - ago, articles, adopted, correction)


GROWN = "the articles have grown by a fifth"
CORRECTED = "topics were corrected, and a day has passed"
NEW = "there are new articles, and a day has passed"
LOST = "the model in use was lost"


@pytest.mark.parametrize(
    ("articles", "before", "has_model", "correction", "why"),
    [
        (199, None, False, None, None),
        (200, None, False, None, "there are enough articles for the first time"),
        (199, last(100, DAY), True, "new", None),
        (1199, last(), True, None, None),
        (1200, last(), True, None, GROWN),
        (1200, last(adopted=False), False, None, GROWN),
        (1001, last(ago=DAY - timedelta(seconds=1)), True, "new", None),
        (1000, last(ago=DAY), True, "new", CORRECTED),
        (1000, last(ago=DAY, correction="old"), True, "new", CORRECTED),
        (1000, last(ago=DAY, correction="old"), True, None, CORRECTED),
        (1001, last(ago=DAY), True, None, NEW),
        (999, last(ago=DAY), True, None, NEW),
        (1000, last(ago=9 * DAY), True, None, None),
        (1000, last(ago=9 * DAY, correction="old"), True, "old", None),
        (1000, last(), False, None, LOST),
        (1000, last(adopted=False), False, None, None),
        (1001, last(ago=DAY, adopted=False), False, None, NEW),
        (199, last(), False, None, None),
    ],
)
def test_each_reason_and_each_reason_to_wait(
    articles: int, before: LastTraining | None, *, has_model: bool, correction: str | None, why: str | None
) -> None:
    assert why_learn(articles, before, has_model=has_model, last_correction=correction, now=NOW) == why


COUNTS = st.integers(0, 5000)
WORDS = st.none() | st.sampled_from(["one", "two"])


@given(
    articles=COUNTS,
    before=st.builds(last, COUNTS, st.timedeltas(timedelta(0), 3 * DAY), adopted=st.booleans(), correction=WORDS),
    has_model=st.booleans(),
    correction=WORDS,
)
def test_never_twice_a_day_unless_grown_by_a_fifth_or_lost(
    articles: int, before: LastTraining, *, has_model: bool, correction: str | None
) -> None:
    why = why_learn(articles, before, has_model=has_model, last_correction=correction, now=NOW)
    if why is None:
        return
    is_lost = before.was_adopted and not has_model
    assert articles >= FEWEST_ARTICLES
    assert NOW - before.tried_at >= LEARN_EVERY or 5 * articles >= 6 * before.articles or is_lost


@given(st.lists(st.tuples(st.integers(0, 300), st.timedeltas(timedelta(0), 2 * DAY), WORDS), max_size=40))
def test_however_articles_and_corrections_come_trainings_are_few(
    runs: list[tuple[int, timedelta, str | None]],
) -> None:
    """Whatever becomes of them: of two in a row, the later is a day after the earlier, or has a fifth more to learn."""
    articles, now, before = FEWEST_ARTICLES, NOW, None
    for more, later, correction in runs:
        articles, now = articles + more, now + later
        if why_learn(articles, before, has_model=False, last_correction=correction, now=now):
            if before is not None:
                assert now - before.tried_at >= LEARN_EVERY or 5 * articles >= 6 * before.articles
            before = LastTraining(now, articles, was_adopted=False, last_correction=correction)
        elif before is None:
            pytest.fail("the first time is never put off")
