from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from aggregator.records import FeedToFetch, Subscription, Validators
from aggregator.store.database import Database
from store.small_news import (
    HARBOUR,
    HILLS,
    LATER,
    NOW,
    failure,
    not_modified,
    opened,
    reading,
    row,
    rows,
    start_run,
    subscribe,
    success,
    writing,
)


def sync(database: Database, *subscriptions: Subscription) -> int:
    """Synchronise, and return how many rows that wrote."""
    with writing(database) as transaction:
        before = transaction.feeds._connection.exec_driver_sql("SELECT total_changes()").scalar_one()
        transaction.feeds.sync(subscriptions, NOW)
        after = transaction.feeds._connection.exec_driver_sql("SELECT total_changes()").scalar_one()
    return int(after - before)


def due(database: Database, limit: int = 100, excluding: tuple[int, ...] = ()) -> list[FeedToFetch]:
    with reading(database) as transaction:
        return transaction.feeds.due(NOW, limit, excluding)


def test_sync_adds_changes_and_unsubscribes(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        sync(database, Subscription(HARBOUR, title="Port", category="sport", interval_s=900.0), Subscription(HILLS))
        wanted = "SELECT url, subscribed, wanted_title, category, interval_s, host, state FROM feed ORDER BY url"
        assert rows(database, wanted) == [
            (HARBOUR, 1, "Port", "sport", 900.0, "harbour.test", "new"),
            (HILLS, 1, None, None, None, "hills.test", "new"),
        ]
        sync(database, Subscription(HARBOUR, title="Harbour"), Subscription("https://new.test/"))
        assert rows(database, wanted) == [
            (HARBOUR, 1, "Harbour", None, None, "harbour.test", "new"),
            (HILLS, 0, None, None, None, "hills.test", "new"),
            ("https://new.test/", 1, None, None, None, "new.test", "new"),
        ]
        sync(database, Subscription(HILLS))
        assert rows(database, "SELECT url FROM feed WHERE subscribed") == [(HILLS,)]


def test_sync_leaves_what_was_observed(tmp_path: Path) -> None:
    observed = """SELECT title, site_url, language, format, state, etag, body_sha256, next_fetch_at, last_fetch_at,
                  last_success_at, last_status, failures, created_at FROM feed WHERE url = :url"""
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        with writing(database, start_run(database)) as transaction:
            transaction.feeds.record(success(feed_id))
        before = row(database, observed, url=HARBOUR)
        assert before[0] == "Harbour News"
        sync(database, Subscription(HARBOUR, title="Mine", category="sport", interval_s=60.0))
        sync(database)
        sync(database, Subscription(HARBOUR, title="Mine again"))
        assert row(database, observed, url=HARBOUR) == before


def test_sync_writes_nothing_where_nothing_changed(tmp_path: Path) -> None:
    subscriptions = [
        Subscription(HARBOUR, title="Port", category="sport", interval_s=900),
        Subscription(HILLS, enabled=False),
    ]
    with opened(tmp_path) as database:
        assert sync(database, *subscriptions) == 2
        assert sync(database, *subscriptions) == 0
        assert sync(database, subscriptions[0]) == 0
        assert sync(database) == 1
        assert sync(database) == 0


def test_a_disabled_feed_is_not_due(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        sync(database, Subscription(HARBOUR, enabled=False), Subscription(HILLS))
        assert [feed.url for feed in due(database)] == [HILLS]


def test_due_gives_what_a_request_needs(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        sync(database, Subscription(HARBOUR, interval_s=900.0))
        run_id = start_run(database)
        with writing(database, run_id) as transaction:
            feed_id = transaction.feeds.due(NOW, 1)[0].feed_id
            transaction.feeds.record(success(feed_id))
            transaction.feeds.record(failure(feed_id, failures=4))
            (found,) = transaction.feeds.due(LATER + timedelta(hours=1), 5)
        assert found == FeedToFetch(
            feed_id, HARBOUR, "harbour.test", Validators('"1"', None), "ab" * 32, failures=4, interval_s=900.0
        )


def test_due_takes_one_of_every_host_before_a_second_of_any(tmp_path: Path) -> None:
    urls = [f"https://{host}.test/{n}" for host, count in (("a", 4), ("b", 2), ("c", 1)) for n in range(count)]
    with opened(tmp_path) as database:
        subscribe(database, *urls)
        hosts = "".join(feed.host[0] for feed in due(database))
        assert hosts == "abcabaa"
        assert [feed.host[0] for feed in due(database, limit=3)] == ["a", "b", "c"]


def test_due_takes_of_a_host_the_feed_that_waited_longest(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        subscribe(database, "https://a.test/young", now=NOW - timedelta(minutes=1))
        with writing(database) as transaction:
            transaction.feeds.sync(
                [Subscription("https://a.test/young"), Subscription("https://a.test/old")], NOW - timedelta(hours=1)
            )
        assert [feed.url for feed in due(database)] == ["https://a.test/old", "https://a.test/young"]


def test_due_leaves_out_what_is_excluded_or_not_yet_due(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        ids = subscribe(database, "https://a.test/1", "https://a.test/2", "https://b.test/1")
        with writing(database) as transaction:
            first = transaction.feeds.due(NOW, 1)
            transaction.feeds.claim(first, [NOW + timedelta(seconds=1)])
            transaction.feeds.claim([], [])
        assert [feed.feed_id for feed in due(database)] == ids[1:]
        assert [feed.feed_id for feed in due(database, excluding=(ids[2],))] == [ids[1]]
        with reading(database) as reader:
            assert len(reader.feeds.due(NOW + timedelta(seconds=1), 9)) == 3
            assert reader.feeds.due(NOW - timedelta(seconds=1), 9) == []


def test_claims_and_feeds_must_be_as_many(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        subscribe(database, HARBOUR)
        feeds = due(database)
        with pytest.raises(ValueError, match="zip"), writing(database) as transaction:
            transaction.feeds.claim(feeds, [])


def test_a_success_is_kept_and_logged(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        run_id = start_run(database)
        with writing(database, run_id) as transaction:
            transaction.feeds.record(success(feed_id, entries=3))
        assert row(
            database,
            """SELECT title, site_url, language, format, state, last_fetch_at, last_success_at, last_status,
               last_outcome, last_error, failures, next_fetch_at FROM feeds""",
        ) == (
            *("Harbour News", "https://harbour.test/", "en", "rss20", "active"),
            *("2026-03-02 06:30:00", "2026-03-02 06:30:00", 200, "new articles", None, 0, "2026-03-02 11:30:00"),
        )
        assert row(database, "SELECT etag, last_modified, body_sha256 FROM feed") == ('"1"', None, "ab" * 32)
        assert row(database, "SELECT * FROM fetches") == (
            *(1, HARBOUR, run_id, "2026-03-02 06:30:00", 0.25, 0, "new articles", 200, None, 512, 3, 3, 0, None),
        )


def test_a_failure_keeps_the_validators_and_what_the_feed_said_of_itself(tmp_path: Path) -> None:
    kept = "SELECT etag, body_sha256, title, site_url, language, format, last_success_at FROM feed"
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        with writing(database, start_run(database)) as transaction:
            transaction.feeds.record(success(feed_id))
        before = row(database, kept)
        with writing(database, 1) as transaction:
            transaction.feeds.record(failure(feed_id, failures=2))
        assert row(database, kept) == before
        assert row(database, "SELECT state, last_status, last_error, failures, last_outcome FROM feeds") == (
            *("failing", 500, "the server answered 500", 2, "http error"),
        )
        assert row(database, "SELECT conditional, error, entries FROM fetches WHERE id = 2") == (
            *(1, "the server answered 500", 0),
        )


def test_a_success_after_a_failure_clears_the_error(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        with writing(database, start_run(database)) as transaction:
            transaction.feeds.record(failure(feed_id))
            transaction.feeds.record(success(feed_id, etag=None))
        assert row(database, "SELECT last_error, failures, etag FROM feed") == (None, 0, None)


def test_not_modified_is_a_success_that_keeps_the_hash_and_takes_the_new_validators(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        with writing(database, start_run(database)) as transaction:
            transaction.feeds.record(success(feed_id))
            transaction.feeds.record(not_modified(feed_id))
        assert row(database, "SELECT etag, body_sha256, title, last_status, last_success_at FROM feed") == (
            *('"2"', "ab" * 32, "Harbour News", 304, "2026-03-02 11:30:00"),
        )


def test_thousands_of_feeds_are_added_in_one_statement(tmp_path: Path) -> None:
    subscriptions = [Subscription(f"https://site{n}.test/feed") for n in range(3000)]
    with opened(tmp_path) as database:
        statements: list[str] = []
        event.listen(database._write_engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
        sync(database, *subscriptions)
        assert len([one for one in statements if one.startswith("INSERT")]) == 1
        assert len(due(database, limit=5000)) == 3000
