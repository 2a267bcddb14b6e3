from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.freshness import LONGEST
from aggregator.fetch.hosts import BURST, LONGEST_REST, LONGEST_SPACING_S, forgiven, is_public, lesson_after
from aggregator.records import Download, HostLesson, Outcome

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
HOST = "news.example.org"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def refusal(status: int, retry_after: str | None = None) -> Download:
    url = f"https://{HOST}/feed"
    return Download(url, url, Outcome.HTTP_ERROR, NOW, 0.1, status, retry_after=retry_after, error="no")


def known(strikes: int, learned_at: datetime = NOW) -> HostLesson:
    return HostLesson(HOST, None, strikes, 4.0, "earlier", learned_at)


def rest(lesson: HostLesson | None) -> timedelta:
    assert lesson is not None
    assert lesson.rests_until is not None
    return lesson.rests_until - NOW


def test_a_429_speaks_for_the_whole_host_and_the_next_for_longer() -> None:
    assert rest(lesson_after(None, HOST, refusal(429), NOW)) == 15 * MINUTE
    assert rest(lesson_after(known(1), HOST, refusal(429), NOW)) == 30 * MINUTE
    assert rest(lesson_after(known(99), HOST, refusal(429), NOW)) == LONGEST_REST


@pytest.mark.parametrize(
    ("retry_after", "strikes", "expected"),
    [
        ("7200", 1, timedelta(hours=2)),
        ("99999999", 1, LONGEST),
        ("0", 0, 15 * MINUTE),
        ("7200", 9, LONGEST_REST),
    ],
)
def test_a_429_may_say_how_long_and_is_believed_if_that_is_longer(
    retry_after: str, strikes: int, expected: timedelta
) -> None:
    assert rest(lesson_after(known(strikes), HOST, refusal(429, retry_after), NOW)) == expected


def test_every_lesson_keeps_requests_further_apart() -> None:
    spacings = [lesson_after(known(strikes), HOST, refusal(429), NOW) for strikes in range(8)]
    assert [lesson.spacing_s for lesson in spacings if lesson] == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]


def test_one_403_speaks_for_its_url_and_a_burst_for_the_host() -> None:
    assert [lesson_after(None, HOST, refusal(403), NOW, forbidden=count) for count in range(BURST)] == [None] * BURST
    lesson = lesson_after(None, HOST, refusal(403), NOW, forbidden=BURST)
    assert rest(lesson) == 30 * MINUTE
    assert lesson is not None
    assert lesson.reason == "it answered 403 3 times; it rests for 30 min"


@pytest.mark.parametrize("status", [200, 304, 401, 404, 410, 500, 503])
def test_other_answers_are_the_business_of_their_url(status: int) -> None:
    assert lesson_after(known(3), HOST, refusal(status, "7200"), NOW, forbidden=9) is None


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.7", "[::1]", "localhost", "rsshub", "rss.home.arpa", "nas.local"]
)
def test_one_program_that_serves_many_sites_at_home_is_not_one_site(host: str) -> None:
    assert not is_public(host)
    assert lesson_after(None, host, refusal(429, "7200"), NOW) is None


@pytest.mark.parametrize("host", [HOST, "93.184.215.14", "example.org.", "[2606:2800:21f:cb07:6820:80da:af6b:8b2c]"])
def test_names_with_dots_and_global_addresses_are_public(host: str) -> None:
    assert is_public(host)


def test_a_day_without_a_lesson_takes_a_strike_back() -> None:
    assert [forgiven(known(3), NOW + DAY * days).strikes for days in range(6)] == [3, 2, 1, 0, 0, 0]
    assert forgiven(known(3), NOW + 2 * DAY).spacing_s == 2.0
    assert forgiven(known(3), NOW + 9 * DAY).spacing_s == 0.0
    assert forgiven(known(3), NOW - DAY).strikes == 3, "a clock that was set back"


def test_a_rest_that_is_over_is_over() -> None:
    lesson = lesson_after(None, HOST, refusal(429), NOW)
    assert lesson is not None
    assert forgiven(lesson, NOW + 14 * MINUTE).rests_until == NOW + 15 * MINUTE
    assert forgiven(lesson, NOW + 15 * MINUTE).rests_until is None


@given(st.sampled_from([403, 429]), st.text(max_size=12) | st.none(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_whatever_a_host_says_it_is_asked_again(status: int, text: str | None, strikes: int, forbidden: int) -> None:
    lesson = lesson_after(known(strikes), HOST, refusal(status, text), NOW, forbidden=forbidden)
    assert lesson is None or (timedelta(0) <= rest(lesson) <= LONGEST and lesson.spacing_s <= LONGEST_SPACING_S)
