from __future__ import annotations

import pytest
from feed_documents import ONE, read, rss
from hypothesis import given
from hypothesis import strategies as st

from aggregator.records import PublisherHints

SYNDICATION = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
NONE = PublisherHints()


def hints(channel: str, after: str = "") -> PublisherHints:
    feed = read(rss(ONE + after, channel=f"<title>T</title>{channel}"))
    assert (feed.problem, len(feed.entries)) == (None, 1)
    return feed.hints


def sy(period: str | None, frequency: str | None = None) -> float | None:
    elements = (("updatePeriod", period), ("updateFrequency", frequency))
    channel = "".join(f"<sy:{name}>{value}</sy:{name}>" for name, value in elements if value is not None)
    return read(f'<rss version="2.0" {SYNDICATION}><channel>{channel}{ONE}</channel></rss>').hints.update_period_s


def skip_hours(*values: object) -> tuple[int, ...]:
    return hints("<skipHours>" + "".join(f"<hour>{value}</hour>" for value in values) + "</skipHours>").skip_hours


def skip_days(*values: str) -> tuple[int, ...]:
    return hints("<skipDays>" + "".join(f"<day>{value}</day>" for value in values) + "</skipDays>").skip_days


def test_a_feed_that_wishes_for_nothing() -> None:
    assert hints("") == NONE


@pytest.mark.parametrize(("minutes", "seconds"), [("60", 3600), (" 180 ", 10800), ("0.5", 30), ("527040", 31622400)])
def test_ttl_counts_minutes(minutes: str, seconds: float) -> None:
    assert hints(f"<ttl>{minutes}</ttl>").ttl_s == seconds


@pytest.mark.parametrize("value", ["0", "-5", "1000000000", "1e9", "abc", "", "60 minutes", "٦٠", "nan", "inf"])
def test_a_ttl_that_is_none_is_passed_over(value: str) -> None:
    assert hints(f"<ttl>{value}</ttl>") == NONE


def test_a_ttl_within_an_item_is_not_the_feeds() -> None:
    feed = read(rss("<item><title>One</title><ttl>60</ttl><hour>3</hour></item>"))
    assert feed.hints == NONE


def test_wishes_may_stand_behind_the_items() -> None:
    assert hints("", after="<ttl>60</ttl>").ttl_s == 3600


def test_skipped_hours_are_kept_each_once_and_in_order() -> None:
    assert skip_hours(23, "05", 5, " 0 ") == (0, 5, 23)


def test_hour_24_is_the_first_of_the_day() -> None:
    assert skip_hours(24) == (0,)


def test_hours_that_are_none_are_passed_over() -> None:
    assert skip_hours("25", "-1", "noon", "", "3.5", 7) == (7,)


def test_whoever_skips_all_hours_skips_none() -> None:
    assert skip_hours(*range(23)) == tuple(range(23))
    assert skip_hours(*range(24)) == ()
    assert skip_hours(*range(1, 25)) == ()


def test_an_hour_that_nobody_skips_is_no_wish() -> None:
    assert hints("<hour>3</hour><day>Monday</day>") == NONE


def test_days_in_any_case() -> None:
    assert skip_days("Sunday", "MONDAY", " saturday ", "Someday") == (0, 5, 6)


def test_whoever_skips_all_days_skips_none() -> None:
    week = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    assert skip_days(*week[:6]) == (0, 1, 2, 3, 4, 5)
    assert skip_days(*week) == ()


def test_a_million_hours_cost_nothing() -> None:
    assert skip_hours(*[7] * 5000, 8) == (7,)


@pytest.mark.parametrize(
    ("period", "frequency", "seconds"),
    [
        ("hourly", "1", 3600),
        ("hourly", "2", 1800),
        (" Daily ", None, 86400),
        ("weekly", "7", 86400),
        ("monthly", "1", 30 * 86400),
        ("yearly", "1", 365 * 86400),
        (None, "4", 21600),
        ("hourly", "abc", 3600),
        ("daily", "0", 86400),
    ],
)
def test_the_syndication_module(period: str | None, frequency: str | None, seconds: float) -> None:
    assert sy(period, frequency) == seconds


@pytest.mark.parametrize(("period", "frequency"), [("often", "2"), ("", "1"), (None, "-3"), (None, None)])
def test_a_period_that_is_none_is_passed_over(period: str | None, frequency: str | None) -> None:
    assert sy(period, frequency) is None


def test_a_broken_feed_may_wish_too() -> None:
    broken = "<skipHours><hour>3</hour></skipHours><ttl>60</ttl><description>a < b & c</description>"
    assert hints(broken) == PublisherHints(ttl_s=3600, skip_hours=(3,))


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="<&", exclude_categories=("Cc", "Cs"))))
def test_no_text_does_harm(text: str) -> None:
    found = hints(f"<ttl>{text}</ttl><skipHours><hour>{text}</hour></skipHours><skipDays><day>{text}</day></skipDays>")
    assert found.ttl_s is None or 0 < found.ttl_s <= 366 * 86400
    assert set(found.skip_hours) <= set(range(24))
    assert set(found.skip_days) <= set(range(7))
