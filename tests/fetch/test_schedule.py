from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.fetch.schedule import (
    FIRST_BACKOFF,
    IMAGE_TRIES,
    LONGEST,
    ROUNDING,
    Plan,
    backoff,
    claim_until,
    image_retry_at,
    plan_after,
)
from aggregator.records import Download, FeedState, FeedToFetch, Outcome
from aggregator.store.schema import time_text

URL = "https://news.test/feed"
NOW = datetime(2026, 3, 2, 6, 0, 0, 700_000, tzinfo=UTC)
INTERVAL_S = 1800.0
MOMENTS = st.integers(0, 10**16).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)


@pytest.fixture(autouse=True)
def _no_luck(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every backoff is the shortest that chance allows, a half."""
    monkeypatch.setattr("random.random", lambda: 0.0)


def feed(*, failures: int = 0, interval_s: float | None = None) -> FeedToFetch:
    return FeedToFetch(1, URL, "news.test", failures=failures, interval_s=interval_s)


def answer(
    outcome: Outcome = Outcome.OK,
    status: int | None = 200,
    *,
    retry_after: str | None = None,
    cache_control: str | None = None,
    expires: str | None = None,
) -> Download:
    error = None if outcome in (Outcome.OK, Outcome.NOT_MODIFIED) else "it failed"
    return Download(
        *(URL, URL, outcome, NOW, 0.1, status),
        retry_after=retry_after,
        cache_control=cache_control,
        expires=expires,
        error=error,
    )


def refusal(status: int, retry_after: str | None = None) -> Download:
    return answer(Outcome.HTTP_ERROR, status, retry_after=retry_after)


def after(download: Download, *, failures: int = 0, interval_s: float | None = None, readable: bool = True) -> Plan:
    return plan_after(feed(failures=failures, interval_s=interval_s), download, NOW, INTERVAL_S, readable=readable)


def wait(plan: Plan) -> timedelta:
    return plan.next_fetch_at - NOW - ROUNDING


def http_date(moment: datetime) -> str:
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


# --- claims ---------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(MOMENTS, st.floats(0, 1e6), st.none() | st.floats(0, 1e6))
def test_a_claim_is_never_early_however_the_store_rounds(
    now: datetime, min_interval_s: float, interval_s: float | None
) -> None:
    stored = time_text(claim_until(feed(interval_s=interval_s), now, min_interval_s))
    wanted = now + timedelta(seconds=max(min_interval_s, interval_s or 0))
    assert datetime.fromisoformat(stored).replace(tzinfo=UTC) >= wanted.replace(microsecond=0)
    assert datetime.fromisoformat(stored).replace(tzinfo=UTC) + timedelta(seconds=1) > wanted
    assert stored > time_text(now)


def test_the_longer_of_the_users_two_intervals_counts() -> None:
    assert claim_until(feed(interval_s=60), NOW, 1800) == NOW + timedelta(seconds=1801)
    assert claim_until(feed(interval_s=7200), NOW, 1800) == NOW + timedelta(seconds=7201)


# --- after a success -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.NOT_MODIFIED])
def test_a_success_clears_the_failures(outcome: Outcome) -> None:
    plan = after(answer(outcome), failures=7)
    assert (plan.state, plan.failures, wait(plan)) == (FeedState.ACTIVE, 0, timedelta(seconds=INTERVAL_S))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"cache_control": "max-age=7200"}, timedelta(hours=2)),
        ({"cache_control": "public, Max-Age=7200, must-revalidate"}, timedelta(hours=2)),
        ({"cache_control": 'max-age="7200"'}, timedelta(hours=2)),
        ({"cache_control": "max-age=7200", "expires": http_date(NOW + timedelta(days=3))}, timedelta(hours=2)),
        ({"cache_control": "max-age=60"}, timedelta(seconds=INTERVAL_S)),
        ({"cache_control": "max-age=0"}, timedelta(seconds=INTERVAL_S)),
        ({"cache_control": "max-age=31536000"}, LONGEST),
        ({"cache_control": "max-age=" + "9" * 6000}, LONGEST),
        ({"cache_control": "max-age=" + "0" * 6000 + "7200"}, timedelta(hours=2)),
        ({"cache_control": "max-age=-1"}, timedelta(seconds=INTERVAL_S)),
        ({"cache_control": "s-maxage=7200, no-store"}, timedelta(seconds=INTERVAL_S)),
        ({"cache_control": "max-age=soon"}, timedelta(seconds=INTERVAL_S)),
        ({"cache_control": "max-age=²"}, timedelta(seconds=INTERVAL_S)),
        ({"expires": http_date(NOW - timedelta(days=1))}, timedelta(seconds=INTERVAL_S)),
        ({"expires": http_date(NOW + timedelta(days=400))}, LONGEST),
        ({"expires": "0"}, timedelta(seconds=INTERVAL_S)),
        ({"expires": "-1"}, timedelta(seconds=INTERVAL_S)),
    ],
)
def test_an_answer_that_stays_fresh_is_not_asked_for_again(headers: dict[str, str], expected: timedelta) -> None:
    fresh = answer(cache_control=headers.get("cache_control"), expires=headers.get("expires"))
    assert wait(after(fresh)) == expected


def test_expires_is_honoured_to_the_second() -> None:
    fresh_until = (NOW + timedelta(hours=3)).replace(microsecond=0)
    assert after(answer(expires=http_date(fresh_until))).next_fetch_at == fresh_until + ROUNDING


def test_a_body_that_is_no_feed_is_a_failure() -> None:
    plan = after(answer(), readable=False)
    assert (plan.state, plan.failures) == (FeedState.FAILING, 1)


# --- after a failure -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("download", "failures", "state"),
    [
        (refusal(429), 0, FeedState.THROTTLED),
        (refusal(429, "60"), 5, FeedState.THROTTLED),
        (refusal(503, "60"), 0, FeedState.THROTTLED),
        (refusal(503), 0, FeedState.FAILING),
        (refusal(403), 0, FeedState.BLOCKED),
        (refusal(401), 0, FeedState.BLOCKED),
        (refusal(404), 9, FeedState.FAILING),
        (refusal(500), 0, FeedState.FAILING),
        (refusal(410), 0, FeedState.FAILING),
        (refusal(410), 1, FeedState.FAILING),
        (refusal(410), 2, FeedState.GONE),
        (refusal(410), 3, FeedState.GONE),
        (answer(Outcome.TIMEOUT, None), 9, FeedState.FAILING),
        (answer(Outcome.TOO_LARGE, 200), 0, FeedState.FAILING),
    ],
)
def test_the_state_tells_how_a_feed_fails(download: Download, failures: int, state: FeedState) -> None:
    plan = after(download, failures=failures)
    assert (plan.state, plan.failures) == (state, failures + 1)


@settings(deadline=None)
@given(st.integers(1, 10_000), st.floats(0, 1))
def test_backoff_doubles_from_an_hour_to_a_week_and_is_spread_over_a_half(failures: int, chance: float) -> None:
    whole = min(timedelta(hours=1) * 2 ** min(failures - 1, 30), timedelta(weeks=1))
    assert whole / 2 <= backoff(failures, chance) <= whole
    assert backoff(failures, 0.0) == whole / 2
    assert backoff(failures, 1.0) == whole


def test_a_failing_feed_is_left_alone_for_longer_and_longer() -> None:
    waits = [wait(after(refusal(500), failures=failures)) + ROUNDING for failures in range(12)]
    assert waits[0] == timedelta(seconds=INTERVAL_S) + ROUNDING, "half an hour, but never less than the interval"
    assert waits[1:8] == [FIRST_BACKOFF / 2 * 2**n for n in range(1, 8)]
    assert waits[8:] == [LONGEST / 2] * 4


def test_chance_spreads_the_feeds_that_failed_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 0.5)
    assert after(refusal(500), failures=3).next_fetch_at == NOW + 0.75 * timedelta(hours=8)


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        ("7200", timedelta(hours=2)),
        (" 7200 ", timedelta(hours=2)),
        ("31536000", LONGEST),
        ("9" * 6000, LONGEST),
        (http_date(NOW + timedelta(days=365)), LONGEST),
        ("10", timedelta(seconds=INTERVAL_S)),
        ("0", timedelta(seconds=INTERVAL_S)),
        ("-5", timedelta(seconds=INTERVAL_S)),
        ("soon", timedelta(seconds=INTERVAL_S)),
        ("", timedelta(seconds=INTERVAL_S)),
        ("12.5", timedelta(seconds=INTERVAL_S)),
        ("٣", timedelta(seconds=INTERVAL_S)),
        ("Mon, 99 Foo 2026 99:99:99 GMT", timedelta(seconds=INTERVAL_S)),
        (http_date(NOW - timedelta(days=365)), timedelta(seconds=INTERVAL_S)),
        ("Mon, 01 Jan 0001 00:00:00 +1400", timedelta(seconds=INTERVAL_S)),
        ("Fri, 31 Dec 9999 23:59:59 -1400", timedelta(seconds=INTERVAL_S)),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_servers_wish_is_honoured_up_to_a_week(status: int, retry_after: str, expected: timedelta) -> None:
    assert wait(after(refusal(status, retry_after))) == expected


def test_a_date_to_come_back_at_is_honoured_to_the_second() -> None:
    back_at = (NOW + timedelta(hours=5)).replace(microsecond=0)
    assert after(refusal(503, http_date(back_at))).next_fetch_at == back_at + ROUNDING


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the clock's zone cannot be changed here")
def test_a_date_without_a_zone_is_utc_wherever_we_run(monkeypatch: pytest.MonkeyPatch) -> None:
    back_at = (NOW + timedelta(hours=5)).replace(microsecond=0)
    monkeypatch.setenv("TZ", "UTC+7")
    time.tzset()
    try:
        plan = after(refusal(503, http_date(back_at).replace("GMT", "-0000")))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert plan.next_fetch_at == back_at + ROUNDING


def test_the_longest_of_interval_wish_and_backoff_counts() -> None:
    assert wait(after(refusal(429, "7200"), interval_s=86_400)) == timedelta(days=1)
    assert after(refusal(429, "7200"), failures=6).next_fetch_at == NOW + timedelta(hours=32)


@settings(deadline=None)
@given(
    st.sampled_from([200, 304, 403, 404, 410, 429, 500, 503]),
    st.none() | st.text(max_size=40) | st.integers().map(str),
    st.none() | st.text(max_size=40),
    st.integers(0, 100),
)
def test_whatever_a_server_says_the_next_time_is_bounded(
    status: int, retry_after: str | None, cache_control: str | None, failures: int
) -> None:
    outcome = {200: Outcome.OK, 304: Outcome.NOT_MODIFIED}.get(status, Outcome.HTTP_ERROR)
    download = Download(
        *(URL, URL, outcome, NOW, 0.1, status),
        retry_after=retry_after,
        cache_control=cache_control,
        expires=retry_after,
    )
    waited = wait(after(download, failures=failures))
    assert timedelta(seconds=INTERVAL_S) <= waited <= LONGEST


# --- pictures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "download",
    [answer(Outcome.TIMEOUT, None), answer(Outcome.UNREACHABLE, None), refusal(429), refusal(500), refusal(503)],
)
def test_what_may_pass_is_tried_three_times(download: Download) -> None:
    waits = [image_retry_at(download, attempts, NOW) for attempts in range(IMAGE_TRIES)]
    assert waits == [NOW + timedelta(hours=1), NOW + timedelta(hours=2), None]


@pytest.mark.parametrize(
    "download",
    [
        *(refusal(400), refusal(403), refusal(404), refusal(410)),
        *(answer(outcome, None) for outcome in (Outcome.REFUSED, Outcome.BAD_URL, Outcome.BAD_REDIRECT)),
        *(answer(Outcome.TOO_LARGE, 200), answer(Outcome.BAD_RESPONSE, 200)),
    ],
)
def test_a_refusal_is_final(download: Download) -> None:
    assert image_retry_at(download, 0, NOW) is None


def test_a_picture_server_may_ask_for_more_time_up_to_a_week() -> None:
    assert image_retry_at(refusal(503, "7200"), 0, NOW) == NOW + timedelta(hours=2) + ROUNDING
    assert image_retry_at(refusal(503, "99999999"), 1, NOW) == NOW + LONGEST + ROUNDING
    assert image_retry_at(refusal(503, "5"), 0, NOW) == NOW + timedelta(hours=1)
