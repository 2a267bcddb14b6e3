from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from aggregator.records import (
    ApiRecipe,
    FeedMemory,
    FeedState,
    FeedToFetch,
    FeedUpdate,
    HostLesson,
    PublisherHints,
    Subscription,
    Validators,
)
from aggregator.store.database import Database
from store.small_news import (
    HARBOUR,
    HILLS,
    LATER,
    NOW,
    add_article,
    entry,
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
            transaction.feeds.record([success(feed_id)])
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
            transaction.feeds.record([success(feed_id)])
            transaction.feeds.record([failure(feed_id, failures=4)])
            (found,) = transaction.feeds.due(LATER + timedelta(hours=1), 5)
        assert found == FeedToFetch(
            feed_id,
            HARBOUR,
            HARBOUR,
            "harbour.test",
            FeedState.FAILING,
            Validators('"1"', None),
            HARBOUR,
            "ab" * 32,
            failures=4,
            interval_s=900.0,
            last_success_at=NOW,
            memory=failure(feed_id).memory,
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
            transaction.feeds.record([success(feed_id, entries=3)])
        assert row(
            database,
            """SELECT title, site_url, language, format, state, last_fetch_at, last_success_at, last_status,
               last_outcome, last_error, failures, next_fetch_at FROM feeds""",
        ) == (
            *("Harbour News", "https://harbour.test/", "en", "rss20", "active"),
            *("2026-03-02 06:30:00", "2026-03-02 06:30:00", 200, "new articles", None, 0, "2026-03-02 11:30:00"),
        )
        assert row(database, "SELECT etag, last_modified, body_sha256 FROM feed") == ('"1"', None, "ab" * 32)
        decided = "five hours between requests"
        assert row(database, "SELECT decided_by, overflows, full_text FROM feeds") == (decided, 0, 0)
        assert row(database, "SELECT * FROM fetches") == (
            *(1, "feed", HARBOUR, HARBOUR, "due", run_id, "2026-03-02 06:30:00", 0.25, 0, "new articles", 200, None),
            *(512, 3, 3, 0, None, "2026-03-02 11:30:00", decided, 0),
        )


def test_a_failure_keeps_the_validators_and_what_the_feed_said_of_itself(tmp_path: Path) -> None:
    kept = "SELECT etag, body_sha256, title, site_url, language, format, last_success_at FROM feed"
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        with writing(database, start_run(database)) as transaction:
            transaction.feeds.record([success(feed_id)])
        before = row(database, kept)
        with writing(database, 1) as transaction:
            transaction.feeds.record([failure(feed_id, failures=2)])
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
            transaction.feeds.record([failure(feed_id)])
            transaction.feeds.record([success(feed_id, etag=None)])
        assert row(database, "SELECT last_error, failures, etag FROM feed") == (None, 0, None)


def test_not_modified_is_a_success_that_keeps_the_hash_and_takes_the_new_validators(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        with writing(database, start_run(database)) as transaction:
            transaction.feeds.record([success(feed_id)])
            transaction.feeds.record([not_modified(feed_id)])
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


# --- what a polite client remembers ----------------------------------------------------------------------------------

NEW_HOME = "https://news.harbour.test/all.xml"


def record(database: Database, *updates: FeedUpdate) -> None:
    with writing(database, start_run(database)) as transaction:
        transaction.feeds.record(updates)


def moved(feed_id: int, place: str = NEW_HOME) -> FeedUpdate:
    """A feed that was read, and that has moved to `place` for good."""
    one = success(feed_id)
    return replace(
        one,
        state=FeedState.MOVED,
        download=replace(one.download, final_url=place),
        next_fetch_at=NOW,
        moved_url=place,
        has_moved=True,
    )


def test_what_is_remembered_comes_back_as_it_was(tmp_path: Path) -> None:
    memory = FeedMemory(
        full_at=NOW,
        not_modified=3,
        probes=1,
        gone=2,
        throttles=4,
        move_url=NEW_HOME,
        move_seen=2,
        newest_at=LATER,
        entries=20,
        arrivals=(NOW - timedelta(days=1), NOW),
        overflows=5,
        overflowed_at=NOW,
        hints=PublisherHints(900.0, 3600.0, (0, 23), (5, 6)),
    )
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        assert due(database)[0].memory == FeedMemory()
        record(database, replace(success(feed_id), memory=memory, next_fetch_at=NOW))
        assert due(database)[0].memory == memory
        assert row(database, "SELECT overflows FROM feeds") == (5,)


def test_a_feed_that_moved_is_asked_for_at_its_new_address_and_counted_there(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        record(database, moved(feed_id))
        (found,) = due(database)
        assert (found.url, found.asked_url, found.host) == (HARBOUR, NEW_HOME, "news.harbour.test")
        assert (found.state, found.validators_url) == (FeedState.MOVED, NEW_HOME)
        assert row(database, "SELECT url, moved_url, state FROM feeds") == (HARBOUR, NEW_HOME, "moved")
        assert row(database, "SELECT feed_url, url, final_url FROM fetches") == (HARBOUR, HARBOUR, NEW_HOME)
        record(database, replace(moved(feed_id), moved_url=None, next_fetch_at=NOW))
        assert [(one.asked_url, one.host) for one in due(database)] == [(HARBOUR, "harbour.test")]


def test_the_ledger_names_the_address_that_was_asked(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        one = success(feed_id)
        record(
            database, replace(one, download=replace(one.download, url=NEW_HOME, final_url=NEW_HOME), overflowed=True)
        )
        assert row(database, "SELECT feed_url, url, final_url, overflowed FROM fetches") == (HARBOUR, NEW_HOME, None, 1)


def test_a_feed_that_moved_to_where_another_one_is_leaves_the_asking_to_that(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        old, _ = subscribe(database, HARBOUR, NEW_HOME)
        record(database, moved(old))
        assert [one.url for one in due(database)] == [NEW_HOME]
        sync(database, Subscription(HARBOUR))
        assert [one.url for one in due(database)] == [HARBOUR], "the other one is subscribed to no longer"


def test_of_several_that_moved_to_one_place_the_first_is_asked(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        first, second, _ = subscribe(database, HARBOUR, HILLS, "https://coast.test/")
        record(database, moved(first), replace(moved(second), url=HILLS))
        assert [one.url for one in due(database)] == [HARBOUR, "https://coast.test/"]


def test_feeds_of_a_host_that_rests_are_not_due(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        subscribe(database, HARBOUR, HILLS)
        rest = NOW + timedelta(minutes=15)
        with writing(database) as transaction:
            transaction.hosts.learn(HostLesson("harbour.test", rest, 1, 2.0, "it answered 429", NOW))
            transaction.hosts.learn(HostLesson("hills.test", NOW, 1, 2.0, "it answered 429 before", NOW))
        assert [one.url for one in due(database)] == [HILLS]
        with reading(database) as reader:
            assert {one.url for one in reader.feeds.due(rest, 9)} == {HARBOUR, HILLS}


def test_a_feed_that_is_gone_is_asked_again_only_when_it_is_taken_up_again(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        record(database, replace(failure(feed_id), state=FeedState.GONE, next_fetch_at=NOW))
        assert due(database) == []
        sync(database, Subscription(HARBOUR, title="Still there"))
        assert due(database) == []
        sync(database)
        sync(database, Subscription(HARBOUR))
        assert [(one.state, one.failures) for one in due(database)] == [(FeedState.NEW, 0)]


def test_a_feed_is_found_by_the_address_subscribed_to_due_or_not(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        record(database, success(feed_id))
        with reading(database) as reader:
            found = reader.feeds.by_url(HARBOUR)
            assert found is not None
            assert (found.feed_id, found.last_success_at) == (feed_id, NOW)
            assert reader.feeds.by_url(HILLS) is None


def test_what_an_api_and_full_text_and_pictures_need_is_kept_of_a_subscription(tmp_path: Path) -> None:
    wanted = "SELECT kind, full_text, keep_images_s FROM feed"
    api = Subscription(HARBOUR, api=ApiRecipe("items", ()), full_text=True, keep_images_s=60.0)
    with opened(tmp_path) as database:
        assert sync(database, api) == 1
        assert row(database, wanted) == ("api", 1, 60.0)
        assert sync(database, api) == 0
        sync(database, Subscription(HARBOUR))
        assert row(database, wanted) == ("feed", 0, None)


def test_secrets_of_a_subscription_are_nowhere_in_the_database(tmp_path: Path) -> None:
    trusted = Subscription(
        HARBOUR, headers=(("X-Key", "s3cret-1"),), auth=("me", "s3cret-2"), query=(("key", "s3cret-3"),)
    )
    with opened(tmp_path) as database:
        sync(database, trusted)
        record(database, success(1))
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert any(HARBOUR.encode() in content for content in files)
    assert not any(b"s3cret" in content for content in files)


def test_what_a_document_held_is_kept_until_another_one_is_read(tmp_path: Path) -> None:
    slices = {b"one": 1, bytes(range(16)): 2}
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        with writing(database) as transaction:
            assert transaction.feeds.slices(harbour) == {}
            transaction.feeds.keep_slices({harbour: slices, hills: {}})
            assert transaction.feeds.slices(harbour) == slices
            assert transaction.feeds.slices_of([hills, harbour]) == {harbour: slices, hills: {}}
            transaction.feeds.keep_slices({harbour: {b"two": 3}})
            assert transaction.feeds.slices(harbour) == {b"two": 3}
            transaction.feeds.keep_slices({harbour: None})
            assert transaction.feeds.slices(harbour) == {}


def test_updates_of_many_feeds_are_written_together(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        ids = subscribe(database, *(f"https://site{n}.test/feed" for n in range(50)))
        statements: list[str] = []
        event.listen(database._write_engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
        record(database, *(success(feed_id) for feed_id in ids))
        assert len([one for one in statements if one.startswith("UPDATE")]) <= 5
        assert len([one for one in statements if one.startswith("INSERT INTO fetch")]) == 1
        assert row(database, "SELECT COUNT(*) FROM fetches") == (50,)
        with writing(database) as transaction:
            transaction.feeds.record([])
        assert row(database, "SELECT COUNT(*) FROM fetches") == (50,)


def test_who_writes_the_new_address_of_a_feed_that_moved_keeps_its_articles_and_its_time(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one"))
        record(database, replace(success(feed_id), moved_url=NEW_HOME, has_moved=True))
        before = row(database, "SELECT id, next_fetch_at, articles FROM feeds")
        subscribe(database, NEW_HOME)
        assert row(database, "SELECT id, next_fetch_at, articles FROM feeds") == before
        assert row(database, "SELECT url, moved_url, subscribed FROM feeds") == (NEW_HOME, None, 1)
        subscribe(database, HARBOUR, NEW_HOME)
        assert row(database, "SELECT COUNT(*) FROM feeds") == (2,), "a feed at the old address is another one now"
