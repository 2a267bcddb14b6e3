from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aggregator.fetch.moves import CONFIRMATIONS, HOMESICK_AFTER, Move, is_upgrade, move_after, same_place
from aggregator.records import Download, FeedMemory, FeedToFetch, Outcome

OLD, NEW, OTHER = "https://old.test/feed", "https://new.test/feed", "https://other.test/feed"
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
FEED = FeedToFetch(1, OLD, OLD, "old.test")


def answer(permanent_url: str | None = None) -> Download:
    return Download(OLD, permanent_url or OLD, Outcome.OK, NOW, 0.1, 200, permanent_url=permanent_url)


def polls(feed: FeedToFetch, *claims: str | None, readable: bool = True) -> FeedToFetch:
    for claim in claims:
        move = move_after(feed, answer(claim), readable=readable, failures=feed.failures)
        feed = replace(
            feed, asked_url=move.asked_url, memory=FeedMemory(move_url=move.claimed_url, move_seen=move.seen)
        )
    return feed


def test_a_new_address_is_kept_once_it_was_named_several_times_in_a_row() -> None:
    assert polls(FEED, *[NEW] * (CONFIRMATIONS - 1)).asked_url == OLD
    assert polls(FEED, *[NEW] * CONFIRMATIONS).asked_url == NEW


@pytest.mark.parametrize("between", [None, OTHER])
def test_one_poll_without_the_claim_starts_the_count_again(between: str | None) -> None:
    assert polls(FEED, NEW, NEW, between, NEW, NEW).asked_url == OLD
    assert polls(FEED, NEW, NEW, between, NEW, NEW, NEW).asked_url == NEW


def test_an_address_without_a_feed_confirms_nothing_and_loses_nothing() -> None:
    claimed = polls(FEED, NEW, NEW)
    assert polls(claimed, NEW, readable=False).memory == claimed.memory
    assert polls(FEED, *[NEW] * 9, readable=False).asked_url == OLD


def test_https_is_kept_at_once() -> None:
    plain = FeedToFetch(1, "http://old.test/feed", "http://old.test/feed", "old.test")
    assert polls(plain, OLD).asked_url == OLD


def test_who_fails_at_a_new_address_goes_home() -> None:
    moved = replace(FEED, asked_url=NEW)
    failed = Download(NEW, NEW, Outcome.HTTP_ERROR, NOW, 0.1, 404)
    assert move_after(moved, failed, readable=False, failures=HOMESICK_AFTER - 1) == Move(NEW)
    assert move_after(moved, failed, readable=False, failures=HOMESICK_AFTER) == Move(OLD)
    assert move_after(FEED, failed, readable=False, failures=99) == Move(OLD)


@pytest.mark.parametrize(
    ("old", "new", "is_one"),
    [
        ("http://a.test/f?x=1", "https://a.test/f?x=1", True),
        ("http://a.test:80/f", "https://a.test:443/f", True),
        ("http://a.test", "https://a.test/", True),
        ("https://a.test/f", "http://a.test/f", False),
        ("http://a.test/f", "https://www.a.test/f", False),
        ("http://a.test/f", "https://a.test/g", False),
        ("http://a.test/f", "https://a.test/f?x=1", False),
        ("http://a.test:8080/f", "https://a.test/f", False),
        ("http://a.test/f", "https://a.test:8443/f", False),
    ],
)
def test_what_counts_as_the_same_address_with_https(old: str, new: str, is_one: bool) -> None:
    assert is_upgrade(old, new) is is_one


@pytest.mark.parametrize(
    ("subscribed", "asked", "is_one"),
    [
        ("https://a.test/f", "https://a.test/g", True),
        ("https://a.test/f", "https://a.test:443/g", True),
        ("http://a.test/f", "https://a.test/f", True),
        ("https://a.test/f", "http://a.test/f", False),
        ("https://a.test/f", "https://b.test/f", False),
        ("http://a.test:8080/f", "https://a.test/f", False),
        ("http://a.test:8080/f", "http://a.test/f", False),
        ("http://a.test/f", "https://a.test:8443/f", False),
        ("http://bücher.test/f", "https://xn--bcher-kva.test/f", True),
    ],
)
def test_credentials_go_where_the_user_subscribed_and_nowhere_else(subscribed: str, asked: str, is_one: bool) -> None:
    assert same_place(subscribed, asked) is is_one
