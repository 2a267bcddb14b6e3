from __future__ import annotations

import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.robots import (
    LONGEST_DELAY_S,
    MAX_READ_BYTES,
    MAX_RULES,
    Refusal,
    Rules,
    read_rules,
    robots_after,
    robots_claim,
    robots_url,
    rules_for_us,
)
from aggregator.records import Download, Outcome, RobotsFile

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
SITE = "https://a.test"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EARLIER = RobotsFile(SITE, NOW - DAY, NOW, "User-agent: *\nDisallow: /private", 200)


def answer(body: str | bytes = "", **more: str | None) -> Download:
    content = body.encode() if isinstance(body, str) else body
    url = robots_url(SITE)
    return Download(url, url, Outcome.OK, NOW, 0.1, 200, body=content, **more)  # type: ignore[arg-type]


def failure(outcome: Outcome, status: int | None = None, retry_after: str | None = None) -> Download:
    url = robots_url(SITE)
    return Download(url, url, outcome, NOW, 0.1, status, retry_after=retry_after, error="a.test failed")


def rules(text: str) -> Rules:
    return read_rules(robots_after(SITE, answer(text), None, NOW))


def allowed(text: str, path: str) -> bool:
    return rules(text).refusal(SITE + path) is None


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("", "/x", True),
        ("User-agent: *\nDisallow: /", "/x", False),
        ("User-agent: *\nDisallow:", "/x", True),
        # The longest match wins, and of equals the one that allows.
        ("User-agent: *\nDisallow: /news\nAllow: /news/open", "/news/open/1", True),
        ("User-agent: *\nAllow: /n\nDisallow: /news", "/news/1", False),
        ("User-agent: *\nAllow: /news\nDisallow: /news", "/news", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf?x", True),
        ("User-agent: *\nDisallow: /*?print=", "/a?print=1", False),
        ("User-agent: *\nDisallow: /ä", "/%C3%A4/1", False),
        # Our own group, under any spelling of the name, is all that counts.
        ("User-agent: *\nDisallow: /\n\nUser-agent: News-Aggregator/2.0\nDisallow: /own", "/x", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: news-aggregator\nDisallow: /own", "/own/1", False),
        ("User-agent: other\nUser-agent: news-aggregator\nDisallow: /both", "/both", False),
        ("User-agent: news-aggregator\nDisallow: /1\nUser-agent: x\nDisallow: /2\nUser-agent: x", "/2", True),
        ("User-agent: news-aggregator\nAllow: /1\nUser-agent: news-aggregator\nDisallow: /3", "/3", False),
        # Somebody else's group is not, however alike the names.
        ("User-agent: news\nDisallow: /", "/x", True),
        ("User-agent: my-news-aggregator\nDisallow: /", "/x", True),
        ("User-agent: *bot\nDisallow: /", "/x", True),
        ("User-agent: *\nDisallow: /\nUser-agent: news\nAllow: /", "/x", False),
        # What people write in such files.
        ("\ufeffUser-agent: *\r\nDisallow: / # everything\r\n", "/x", False),
        ("user agent *\nDISALLOW: /x", "/x", False),
        ("User-agent: *\nSitemap: https://a.test/map\nDisallow: /x", "/x", False),
        ("User-agent: *\nSitemap: https://a.test/map\nUser-agent: other\nDisallow: /x", "/x", False),
        ("Disallow: /\nUser-agent: *\nDisallow: /x", "/y", True),
        ("<!doctype html><title>Not found</title>", "/x", True),
    ],
)  # fmt: skip
def test_what_a_file_allows(text: str, path: str, expected: bool) -> None:
    assert allowed(text, path) is expected


def test_a_refusal_names_the_site() -> None:
    refusal = rules("User-agent: *\nDisallow: /x").refusal(f"{SITE}/x")
    assert refusal == Refusal("the robots.txt of https://a.test does not allow it", None)


def test_only_the_first_500_kib_are_read() -> None:
    start = "User-agent: *\nDisallow: /x\n"
    padding = "#" * (MAX_READ_BYTES - len(start)) + "\n"
    assert allowed(start + padding + "Disallow: /y", "/y")
    assert not allowed(start + padding + "Disallow: /y", "/x")


def test_a_file_with_more_rules_than_anybody_needs_allows_nothing() -> None:
    longest = "User-agent: *\n" + "Disallow: /x\n" * (MAX_RULES - 1)
    others = "User-agent: other\n" + "Disallow: /\n" * MAX_RULES
    assert allowed(others + longest, "/y")
    robots = robots_after(SITE, answer(longest + "Disallow: /x\n"), EARLIER, NOW)
    refused = "the robots.txt of https://a.test has more than 2,000 lines for us, too many to be obeyed"
    assert robots == RobotsFile(SITE, NOW, NOW + DAY, status=200, refused=refused)


@pytest.mark.parametrize("rule", ["/{}", "/{}*a*b*c$", "/{}" + "*a" * 100, "/{}" + "x" * 200])
def test_the_memory_of_rules_is_not_underestimated(rule: str) -> None:
    text = "User-agent: *\n" + "".join(f"Disallow: {rule.format(number)}\n" for number in range(MAX_RULES - 1))
    rules("").refusal(SITE)  # what is imported and remembered once and for all
    tracemalloc.start()
    try:
        read = rules(text)
        read.refusal(f"{SITE}/{'a' * 1000}")
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 200_000 < taken < read.memory_bytes < 50 * taken


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", None),
        ("Crawl-delay: 5", 5.0),
        ("Crawl-delay: 0.5", 0.5),
        ("Crawl-delay: 86400", LONGEST_DELAY_S),
        ("Crawl-delay: inf", None),
        ("Crawl-delay: soon", None),
        ("User-agent: other\nCrawl-delay: 5", None),
    ],
)
def test_the_crawl_delay(line: str, expected: float | None) -> None:
    assert rules(f"User-agent: *\nDisallow: /x\n{line}").crawl_delay_s == expected


@pytest.mark.parametrize(
    ("cache_control", "life"),
    [(None, DAY), ("max-age=7200", timedelta(hours=2)), ("max-age=0", HOUR), ("max-age=9999999", DAY)],
)
def test_a_file_holds_for_an_hour_at_least_and_a_day_at_most(cache_control: str | None, life: timedelta) -> None:
    assert robots_after(SITE, answer(cache_control=cache_control), None, NOW).expires_at == NOW + life


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_where_there_is_no_file_everything_is_allowed(status: int) -> None:
    robots = robots_after(SITE, failure(Outcome.HTTP_ERROR, status), EARLIER, NOW)
    assert robots == RobotsFile(SITE, NOW, NOW + DAY, status=status)
    assert read_rules(robots).refusal(f"{SITE}/private") is None


UNKNOWN = [
    failure(Outcome.HTTP_ERROR, 500),
    failure(Outcome.HTTP_ERROR, 503),
    failure(Outcome.HTTP_ERROR, 429),
    failure(Outcome.TIMEOUT),
    failure(Outcome.UNREACHABLE),
    failure(Outcome.TOO_LARGE, 200),
    failure(Outcome.BAD_REDIRECT, 301),
    failure(Outcome.REFUSED),
]


@pytest.mark.parametrize("download", UNKNOWN, ids=lambda one: f"{one.outcome} {one.status}")
def test_where_nobody_knows_nothing_is_allowed_for_an_hour(download: Download) -> None:
    robots = robots_after(SITE, download, None, NOW)
    refused = "the robots.txt of https://a.test could not be read: a.test failed"
    assert robots == RobotsFile(SITE, NOW, NOW + HOUR, status=download.status, refused=refused)
    assert read_rules(robots).refusal(f"{SITE}/x") == Refusal(refused, NOW + HOUR)


def test_whoever_fails_again_is_asked_ever_more_rarely_and_once_a_day_at_least() -> None:
    robots, waits, now = None, [], NOW
    for _ in range(7):
        robots = robots_after(SITE, failure(Outcome.TIMEOUT), robots, now)
        waits.append((robots.expires_at - now) // HOUR)
        now = robots.expires_at
    assert waits == [1, 2, 4, 8, 16, 24, 24]


@pytest.mark.parametrize(
    ("asked", "wait"), [("60", HOUR), ("7200", timedelta(hours=2)), ("99999999", timedelta(weeks=1))]
)
def test_a_retry_after_is_obeyed_for_a_week_at_most(asked: str, wait: timedelta) -> None:
    robots = robots_after(SITE, failure(Outcome.HTTP_ERROR, 503, asked), None, NOW)
    assert robots.expires_at == NOW + wait


@pytest.mark.parametrize("download", UNKNOWN, ids=lambda one: f"{one.outcome} {one.status}")
def test_the_last_good_copy_serves_for_thirty_days(download: Download) -> None:
    fresh_enough = replace(EARLIER, fetched_at=NOW - 30 * DAY)
    assert robots_after(SITE, download, fresh_enough, NOW) == replace(fresh_enough, expires_at=NOW + HOUR)
    too_old = replace(EARLIER, fetched_at=NOW - 30 * DAY - HOUR)
    assert robots_after(SITE, download, too_old, NOW).refused is not None


def test_a_crash_while_a_file_is_asked_for_allows_nothing_new_for_an_hour() -> None:
    assert robots_claim(SITE, EARLIER, NOW) == replace(EARLIER, expires_at=NOW + HOUR)
    claim = robots_claim(SITE, None, NOW)
    assert (claim.expires_at, claim.rules) == (NOW + HOUR, "")
    assert claim.refused is not None
    assert read_rules(claim).refusal(f"{SITE}/x") is not None


@given(st.text(alphabet="User-agent: *nws\nDisallow/Allow$#\r\t0x", max_size=300), st.text(max_size=20))
def test_no_file_is_too_odd_to_be_read(text: str, path: str) -> None:
    refusal = read_rules(RobotsFile(SITE, NOW, NOW, rules_for_us(text))).refusal(f"{SITE}/{path}")
    assert refusal is None or refusal.reason


@given(st.lists(st.sampled_from(["User-agent: *", "User-agent: x", "Disallow: /x", "Allow: /x/y", "Sitemap: /m"])))
def test_what_is_left_out_of_a_file_changes_nothing(lines: list[str]) -> None:
    left = rules_for_us("\n".join(lines))
    assert rules_for_us(left) == left


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"User-agent: a{number}\n" for number in range(15_000)) + "User-agent: *\n" + "Disallow: /x\n" * 20_000,
        "User-agent: *\n" + "".join(f"Disallow: /{number}*a*b*c$\n" for number in range(20_000)),
        "User-agent: *\nDisallow: /" + "*a" * 250_000,
        "user-agent" + " " * 500_000 + "x",
    ],
    ids=["names", "wildcards", "stars", "spaces"],
)
def test_a_hostile_file_costs_seconds_at_most(text: str) -> None:
    started = time.process_time()
    rules(text).refusal(f"{SITE}/{'a' * 2000}")
    assert time.process_time() - started < 20
