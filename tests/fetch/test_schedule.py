from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.fetch.freshness import LONGEST
from aggregator.fetch.schedule import (
    FIRST_BACKOFF,
    LONGEST_BACKOFF,
    ROUNDING,
    TRIES,
    UNCONDITIONAL,
    Answer,
    Limits,
    Plan,
    backoff,
    claim_until,
    is_unwelcome,
    plan_after,
    retry_at,
    why_now,
)
from aggregator.records import (
    Download,
    FeedMemory,
    FeedState,
    FeedToFetch,
    Outcome,
    PublisherHints,
    Reason,
    Validators,
)
from aggregator.store.schema import time_text

URL = "https://news.test/feed"
NOW = datetime(2026, 3, 2, 6, 0, 0, 700_000, tzinfo=UTC)
INTERVAL_S = 1800.0
LIMITS = Limits(INTERVAL_S, 86400.0)
NOTHING = FeedMemory()
TAGGED = Validators('"a"')
MOMENTS = st.integers(0, 10**16).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)


@pytest.fixture(autouse=True)
def _no_luck(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every backoff is the shortest that chance allows, a half."""
    monkeypatch.setattr("random.random", lambda: 0.0)


def feed(
    *,
    failures: int = 0,
    interval_s: float | None = None,
    memory: FeedMemory = NOTHING,
    validators: Validators = TAGGED,
    asked_url: str = URL,
) -> FeedToFetch:
    return FeedToFetch(
        *(1, URL, asked_url, "news.test"),
        validators=validators,
        failures=failures,
        interval_s=interval_s,
        last_success_at=NOW - timedelta(days=1),
        memory=memory,
    )


def answer(
    outcome: Outcome = Outcome.OK,
    status: int | None = 200,
    *,
    retry_after: str | None = None,
    cache_control: str | None = None,
    expires: str | None = None,
    date: str | None = None,
    age: str | None = None,
) -> Download:
    error = None if outcome in (Outcome.OK, Outcome.NOT_MODIFIED) else "it failed"
    return Download(
        *(URL, URL, outcome, NOW, 0.1, status),
        retry_after=retry_after,
        cache_control=cache_control,
        expires=expires,
        date=date,
        age=age,
        error=error,
    )


def refusal(status: int, retry_after: str | None = None) -> Download:
    return answer(Outcome.HTTP_ERROR, status, retry_after=retry_after)


def after(
    download: Download,
    *,
    failures: int = 0,
    interval_s: float | None = None,
    readable: bool = True,
    memory: FeedMemory = NOTHING,
    validators: Validators = TAGGED,
    asked_url: str = URL,
) -> Plan:
    one = feed(failures=failures, interval_s=interval_s, asked_url=asked_url)
    return plan_after(Answer(one, download, memory, validators, readable), NOW, LIMITS)


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
    stored = time_text(claim_until(feed(interval_s=interval_s), now, Limits(min_interval_s, 86400.0)))
    wanted = now + timedelta(seconds=max(min_interval_s, interval_s or 0))
    assert datetime.fromisoformat(stored).replace(tzinfo=UTC) >= wanted.replace(microsecond=0)
    assert datetime.fromisoformat(stored).replace(tzinfo=UTC) + timedelta(seconds=1) > wanted
    assert stored > time_text(now)


def test_the_longer_of_the_users_two_intervals_counts() -> None:
    assert claim_until(feed(interval_s=60), NOW, LIMITS) == NOW + timedelta(seconds=1801)
    assert claim_until(feed(interval_s=7200), NOW, LIMITS) == NOW + timedelta(seconds=7201)


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
        (refusal(410), 9, FeedState.FAILING),
        (answer(Outcome.TIMEOUT, None), 9, FeedState.FAILING),
        (answer(Outcome.TOO_LARGE, 200), 0, FeedState.FAILING),
    ],
)
def test_the_state_tells_how_a_feed_fails(download: Download, failures: int, state: FeedState) -> None:
    plan = after(download, failures=failures)
    assert (plan.state, plan.failures) == (state, failures + 1)


@pytest.mark.parametrize(
    ("gone", "since", "state"),
    [
        (1, timedelta(days=9), FeedState.FAILING),
        (2, timedelta(days=9), FeedState.FAILING),
        (3, timedelta(days=2), FeedState.GONE),
        (9, timedelta(hours=47), FeedState.FAILING),
    ],
)
def test_only_410_repeated_over_days_retires_a_feed(gone: int, since: timedelta, state: FeedState) -> None:
    assert after(refusal(410), memory=FeedMemory(gone=gone, gone_since=NOW - since)).state is state


@settings(deadline=None)
@given(st.integers(1, 10_000), st.floats(0, 1))
def test_backoff_doubles_from_an_hour_and_is_spread_over_a_half(failures: int, chance: float) -> None:
    whole = min(timedelta(hours=1) * 2 ** min(failures - 1, 30), timedelta(weeks=1))
    assert whole / 2 <= backoff(failures, chance, LONGEST) <= whole
    assert backoff(failures, 0.0, LONGEST) == whole / 2
    assert backoff(failures, 1.0, LONGEST) == whole


def test_a_failing_feed_is_left_alone_for_longer_but_looked_at_every_day() -> None:
    waits = [wait(after(refusal(500), failures=failures)) for failures in range(10)]
    assert waits[:6] == [
        timedelta(seconds=INTERVAL_S),
        *(FIRST_BACKOFF / 2 * 2**n for n in range(1, 5)),
        LONGEST_BACKOFF / 2,
    ]
    assert waits[6:] == [LONGEST_BACKOFF / 2] * 4


def test_a_feed_that_refuses_us_is_left_alone_for_up_to_a_week() -> None:
    assert wait(after(refusal(403), failures=20)) == LONGEST / 2
    assert after(refusal(403), failures=1).decided_by == "backoff: refused 2 times in a row"


def test_chance_spreads_the_feeds_that_failed_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 0.5)
    assert wait(after(refusal(500), failures=3)) == 0.75 * timedelta(hours=8)


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
    throttled = after(refusal(429, "7200"), memory=FeedMemory(throttles=7))
    assert (wait(throttled), throttled.decided_by) == (timedelta(hours=32), "it asked for fewer requests")
    assert after(refusal(429, "7200")).decided_by == "Retry-After"
    assert after(refusal(429, "99999999")).decided_by == "Retry-After, capped at a week (it asked for 1157 days)"


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


# --- how it is asked ----------------------------------------------------------------------------------------------


def test_a_claim_of_a_feed_without_validators_lasts_a_day() -> None:
    full = FeedMemory(full_at=NOW - timedelta(days=2))
    assert claim_until(feed(memory=full, validators=Validators()), NOW, LIMITS) == NOW + UNCONDITIONAL + ROUNDING
    assert claim_until(feed(memory=full), NOW, LIMITS) == NOW + timedelta(seconds=INTERVAL_S) + ROUNDING


def test_why_a_feed_is_asked() -> None:
    assert why_now(FeedToFetch(1, URL, URL, "news.test"), NOW) is Reason.FIRST
    assert why_now(feed(failures=2), NOW) is Reason.RETRY
    assert why_now(feed(), NOW) is Reason.DUE


EVERY_HOUR = tuple(NOW - timedelta(days=10) + timedelta(hours=n) for n in range(10))


@pytest.mark.parametrize(
    ("memory", "reason"),
    [
        (FeedMemory(NOW - timedelta(days=8), not_modified=9, arrivals=EVERY_HOUR), Reason.PROBE),
        (FeedMemory(NOW - timedelta(days=8), not_modified=0, arrivals=EVERY_HOUR), Reason.DUE),
        (FeedMemory(NOW - timedelta(hours=23), not_modified=9, arrivals=EVERY_HOUR), Reason.DUE),
        (FeedMemory(NOW - timedelta(days=3), not_modified=9, probes=2, arrivals=EVERY_HOUR), Reason.DUE),
        (FeedMemory(NOW - timedelta(days=4), not_modified=9, probes=2, arrivals=EVERY_HOUR), Reason.PROBE),
        (FeedMemory(NOW - timedelta(days=13), not_modified=9, probes=99, arrivals=EVERY_HOUR), Reason.DUE),
        (FeedMemory(NOW - timedelta(days=14), not_modified=9, probes=99, arrivals=EVERY_HOUR), Reason.PROBE),
        (FeedMemory(NOW - timedelta(days=2), not_modified=9, arrivals=(NOW - timedelta(hours=2),)), Reason.DUE),
        (FeedMemory(NOW - timedelta(days=6), not_modified=9), Reason.DUE),
        (FeedMemory(NOW - timedelta(days=8), not_modified=9), Reason.PROBE),
    ],
)
def test_a_feed_that_says_304_for_ever_is_probed_when_news_is_overdue(memory: FeedMemory, reason: Reason) -> None:
    assert why_now(feed(memory=memory), NOW) is reason


def test_the_time_in_which_nobody_was_asked_raises_no_suspicion() -> None:
    news_until = tuple(NOW - timedelta(days=10) + timedelta(hours=n) for n in range(10))
    memory = FeedMemory(NOW - timedelta(days=10), not_modified=1, arrivals=news_until)
    away = replace(feed(memory=memory), last_success_at=NOW - timedelta(days=9, hours=13))
    assert why_now(away, NOW) is Reason.DUE


def test_the_claim_of_a_probe_lasts_a_day() -> None:
    suspicious = feed(memory=FeedMemory(NOW - timedelta(days=8), not_modified=9, arrivals=EVERY_HOUR))
    assert claim_until(suspicious, NOW, LIMITS) == NOW + UNCONDITIONAL + ROUNDING


def test_what_is_asked_without_validators_is_never_a_probe() -> None:
    overdue = FeedMemory(NOW - timedelta(days=8), not_modified=9, arrivals=EVERY_HOUR)
    assert why_now(feed(memory=overdue, validators=Validators()), NOW) is Reason.DUE


# --- what else speaks for waiting -----------------------------------------------------------------------------------


def test_without_validators_once_a_day_is_enough() -> None:
    plan = after(answer(), validators=Validators())
    assert (wait(plan), plan.decided_by) == (UNCONDITIONAL, "without validators it is asked once a day")
    assert wait(after(answer(), validators=Validators(), readable=False)) == UNCONDITIONAL


def test_without_validators_a_feed_that_would_lose_articles_is_asked_as_often_as_needed() -> None:
    # Ten entries, replaced within ten hours.
    fast = FeedMemory(entries=10, arrivals=tuple(NOW - timedelta(hours=n) for n in range(20, -1, -1)))
    plan = after(answer(), validators=Validators(), memory=fast)
    assert wait(plan) == timedelta(hours=5)
    assert plan.decided_by == "it has no validators, and its entries are replaced within 10 h"


@pytest.mark.parametrize(
    ("hints", "expected", "reason"),
    [
        (PublisherHints(ttl_s=7200), timedelta(hours=2), "the feed's <ttl>"),
        (PublisherHints(update_period_s=86400), timedelta(days=1), "the feed's sy:updatePeriod"),
        (PublisherHints(ttl_s=60), timedelta(seconds=INTERVAL_S), "it has no history yet"),
        (PublisherHints(ttl_s=1e7), LONGEST, "the feed's <ttl>, capped at a week (it asked for 116 days)"),
    ],
)
def test_what_the_feed_itself_asks_for_is_granted(hints: PublisherHints, expected: timedelta, reason: str) -> None:
    plan = after(answer(), memory=FeedMemory(hints=hints))
    assert (wait(plan), plan.decided_by) == (expected, reason)


def test_hours_and_days_that_a_feed_wants_skipped_are_skipped() -> None:
    night = FeedMemory(hints=PublisherHints(skip_hours=(6, 7, 8)))
    assert after(answer(), memory=night).next_fetch_at == datetime(2026, 3, 2, 9, 0, 1, tzinfo=UTC)
    weekday = FeedMemory(hints=PublisherHints(skip_days=(0, 1)))  # NOW is a Monday
    assert after(answer(), memory=weekday).next_fetch_at == datetime(2026, 3, 4, 0, 0, 1, tzinfo=UTC)
    assert after(answer(), memory=weekday).decided_by == "the feed's skipHours and skipDays"


def test_a_feed_that_skips_every_hour_is_asked_once_a_week() -> None:
    never = FeedMemory(hints=PublisherHints(skip_hours=tuple(range(24))))
    assert wait(after(answer(), memory=never)) == LONGEST


def test_age_is_taken_off_and_expires_is_counted_from_the_servers_own_clock() -> None:
    assert wait(after(answer(cache_control="max-age=7200", age="3600"))) == timedelta(hours=1)
    assert wait(after(answer(cache_control="max-age=60", age="9" * 400))) == timedelta(seconds=INTERVAL_S)
    off = NOW - timedelta(days=400)
    assert wait(after(answer(expires=http_date(off + timedelta(hours=3)), date=http_date(off)))) == timedelta(hours=3)


def test_after_throttling_a_feed_is_asked_more_rarely_until_it_has_been_content_for_a_while() -> None:
    waits = [wait(after(answer(), memory=FeedMemory(throttles=strikes))) for strikes in (0, 1, 2, 60)]
    assert waits == [timedelta(minutes=30), timedelta(hours=1), timedelta(hours=2), LONGEST]
    assert after(answer(), memory=FeedMemory(throttles=1)).decided_by == "it asked for fewer requests lately"


def test_a_feed_that_answers_elsewhere_is_called_moved() -> None:
    assert after(answer(), asked_url="https://new.test/feed").state is FeedState.MOVED
    assert after(refusal(500), asked_url="https://new.test/feed").state is FeedState.FAILING


# --- pictures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "download",
    [answer(Outcome.TIMEOUT, None), answer(Outcome.UNREACHABLE, None), refusal(429), refusal(500), refusal(503)],
)
def test_what_may_pass_is_tried_three_times(download: Download) -> None:
    waits = [retry_at(download, attempts, NOW) for attempts in range(TRIES)]
    assert waits == [NOW + timedelta(hours=1) + ROUNDING, NOW + timedelta(hours=2) + ROUNDING, None]


@pytest.mark.parametrize(
    "download",
    [
        *(refusal(400), refusal(403), refusal(404), refusal(410)),
        *(answer(outcome, None) for outcome in (Outcome.REFUSED, Outcome.BAD_URL, Outcome.BAD_REDIRECT)),
        *(answer(Outcome.TOO_LARGE, 200), answer(Outcome.BAD_RESPONSE, 200)),
    ],
)
def test_a_refusal_is_final(download: Download) -> None:
    assert retry_at(download, 0, NOW) is None


def test_a_host_that_rests_was_not_asked_so_that_is_no_try() -> None:
    resting = answer(Outcome.RESTING, None, retry_after="7200")
    assert [retry_at(resting, attempts, NOW) for attempts in (0, 9)] == [NOW + timedelta(hours=2) + ROUNDING] * 2
    one = feed(failures=4)
    plan = plan_after(Answer(one, resting, NOTHING, TAGGED, readable=False), NOW, LIMITS)
    assert (plan.state, plan.failures, wait(plan)) == (one.state, 4, timedelta(hours=2))


def test_hours_that_a_feed_wants_skipped_are_skipped_when_it_failed_and_when_a_run_comes_late() -> None:
    night = FeedMemory(hints=PublisherHints(skip_hours=(6, 7, 8)))
    assert after(refusal(500), memory=night).next_fetch_at == datetime(2026, 3, 2, 9, 0, 1, tzinfo=UTC)
    assert is_unwelcome(feed(memory=night), NOW)
    assert not is_unwelcome(feed(memory=night), NOW + timedelta(hours=3))
    assert not is_unwelcome(replace(feed(memory=night), last_success_at=NOW - LONGEST), NOW), "a week is enough"
    assert not is_unwelcome(replace(feed(memory=night), last_success_at=None), NOW)


def test_validators_that_never_fit_the_url_are_as_good_as_none() -> None:
    behind_a_changing_redirect = FeedMemory(full_at=NOW, fulls=2)
    assert wait(after(answer(), memory=behind_a_changing_redirect)) == UNCONDITIONAL
    assert claim_until(feed(memory=behind_a_changing_redirect), NOW, LIMITS) == NOW + UNCONDITIONAL + ROUNDING
    assert wait(after(answer(), memory=FeedMemory(full_at=NOW, fulls=1))) == timedelta(seconds=INTERVAL_S)


def test_a_body_that_was_too_large_is_not_sent_again_within_a_day() -> None:
    assert wait(after(answer(Outcome.TOO_LARGE, 200), validators=Validators(), readable=False)) == UNCONDITIONAL


def test_a_picture_server_may_ask_for_more_time_up_to_a_week() -> None:
    assert retry_at(refusal(503, "7200"), 0, NOW) == NOW + timedelta(hours=2) + ROUNDING
    assert retry_at(refusal(503, "99999999"), 1, NOW) == NOW + LONGEST + ROUNDING
    assert retry_at(refusal(503, "5"), 0, NOW) == NOW + timedelta(hours=1) + ROUNDING
