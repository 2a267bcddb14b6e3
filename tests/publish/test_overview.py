from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.errors import StorageError, UsageError
from aggregator.publish.overview import AILING_SHOWN, LAST_RUNS, ObservedFeed, load_overview, observed_feeds
from aggregator.records import (
    Download,
    FeedMemory,
    FeedState,
    Harm,
    HostLesson,
    ImageUpdate,
    Outcome,
    PageText,
    PageUpdate,
    QuarantinedItem,
    RunSummary,
    Subscription,
)
from aggregator.store import sqlite
from aggregator.store.database import Database
from store.small_news import (
    HARBOUR,
    HILLS,
    LATER,
    NOW,
    PICTURE_MODEL,
    add_article,
    analysis,
    analyze,
    entry,
    failure,
    give_picture_up,
    image_id,
    model_id,
    opened,
    revise,
    see_picture,
    start_run,
    store_picture,
    subscribe,
    success,
    url_of,
    writing,
)

COAST = "https://coast.test/feed"


def _fill(database: Database) -> None:
    """Three feeds, one gone from the list, one ailing; four articles; seven pictures in seven conditions."""
    subscribe(database, COAST)
    harbour, hills = subscribe(database, HARBOUR, HILLS)
    with writing(database, start_run(database)) as transaction:
        transaction.feeds.record([success(harbour)])
        transaction.feeds.record([failure(hills, failures=2)])
    pictures = [["stored", "spare"], ["seen"], ["lost", "next"], ["busy"]]
    entries = [entry(f"a{n}", images=[f"https://cdn.test/{p}" for p in names]) for n, names in enumerate(pictures)]
    ids = [add_article(database, harbour, one) for one in entries]
    analyze(database, analysis(ids[0], entries[0]), model_id(database))
    revise(database, harbour, replace(entries[1], title="Edited"))
    for name in ("stored", "seen"):
        store_picture(database, f"https://cdn.test/{name}")
    see_picture(database, "https://cdn.test/seen", model_id(database, PICTURE_MODEL))
    give_picture_up(database, "https://cdn.test/lost")
    url = "https://cdn.test/busy"
    download = Download(url, url, Outcome.HTTP_ERROR, NOW, 0.1, 503, error="busy")
    busy = ImageUpdate(image_id(database, url), NOW, LATER, download, "to be tried again", status=503, error="busy")
    with writing(database) as transaction:
        transaction.images.record_download(busy)
        transaction.quarantine.add(QuarantinedItem("article", ids[2], None, "understand", Harm.BUG, "…", "x"), NOW)


def test_the_overview_counts_what_is_there(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        _fill(database)
    overview = load_overview(url_of(tmp_path), LATER)
    assert overview.counts == {
        "articles": 4,
        "articles without an analysis": 3,
        "revisions": 1,
        "pictures stored": 2,
        "pictures to fetch": 2,
        "pictures without an analysis": 1,
        "pictures that failed": 1,
        "pictures removed to save space": 0,
        "full texts": 0,
        "pages to fetch": 0,
        "feeds subscribed": 2,
        "feeds due": 1,
        "feeds that ail": 1,
        "feeds that overflowed": 0,
        "hosts at rest": 0,
        "quarantined": 1,
    }
    assert overview.newest_article_at == "2026-03-02 06:30:00"
    assert overview.database == url_of(tmp_path)
    assert load_overview(url_of(tmp_path), LATER - timedelta(seconds=1)).counts["feeds due"] == 0


def test_feeds_are_due_when_they_may_be_asked(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, hills, coast = subscribe(database, HARBOUR, HILLS, COAST)
        assert load_overview(url_of(tmp_path), NOW).counts["feeds due"] == 3
        with writing(database, start_run(database)) as transaction:
            gone = replace(failure(harbour), state=FeedState.GONE, next_fetch_at=NOW)
            twin = replace(success(hills), next_fetch_at=NOW, moved_url=COAST, has_moved=True)
            transaction.feeds.record([gone, twin])
        assert load_overview(url_of(tmp_path), NOW).counts["feeds due"] == 1
        with writing(database) as transaction:
            assert [feed.feed_id for feed in transaction.feeds.due(NOW, 9)] == [coast]
            transaction.hosts.learn(HostLesson("coast.test", LATER, 1, 2.0, "it answered 429", NOW))
    counts = load_overview(url_of(tmp_path), NOW).counts
    assert (counts["feeds due"], counts["hosts at rest"]) == (0, 1)
    counts = load_overview(url_of(tmp_path), LATER).counts
    assert (counts["feeds due"], counts["hosts at rest"]) == (1, 0)


def test_pages_and_overflows_and_removed_pictures_are_counted(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with writing(database) as transaction:
            transaction.feeds.sync([Subscription(HARBOUR, full_text=True)], NOW)
        with writing(database, start_run(database)) as transaction:
            transaction.feeds.record([replace(success(1), memory=FeedMemory(overflows=2))])
        for name in ("one", "two", "three"):
            add_article(database, 1, entry(name, images=[f"https://cdn.test/{name}"]))
        with writing(database) as transaction:
            transaction.pages.enlist(0, NOW)
            read = PageUpdate(1, "https://harbour.test/one", NOW, NOW, "text", page=PageText("x", "One", "It was so."))
            lost = PageUpdate(2, "https://harbour.test/two", NOW, NOW, "http error", error="not found", gave_up=True)
            transaction.pages.record([read, lost])
        with database.write() as connection:
            connection.exec_driver_sql("UPDATE image SET pruned_at = '2026-03-02 06:30:00' WHERE id = 1")
    counts = load_overview(url_of(tmp_path), NOW).counts
    names = ("full texts", "pages to fetch", "feeds that overflowed")
    assert [counts[name] for name in names] == [1, 1, 1]
    assert [counts[name] for name in ("pictures removed to save space", "pictures to fetch")] == [1, 2]


def test_feeds_that_ail_are_named_the_worst_first(tmp_path: Path) -> None:
    urls = [f"https://site{n:02}.test/feed" for n in range(AILING_SHOWN + 5)]
    with opened(tmp_path) as database:
        ids = subscribe(database, *urls)
        with writing(database, start_run(database)) as transaction:
            for failures, feed_id in enumerate(ids):
                transaction.feeds.record([failure(feed_id, failures)])
    ailing = load_overview(url_of(tmp_path), NOW).ailing
    assert [feed["url"] for feed in ailing] == urls[: -AILING_SHOWN - 1 : -1]
    assert ailing[0] == {
        "title": urls[-1],
        "url": urls[-1],
        "state": "failing",
        "failures": AILING_SHOWN + 4,
        "last_status": 500,
        "last_error": "the server answered 500",
        "next_fetch_at": "2026-03-02 12:30:00",
    }


def test_the_last_runs_are_shown_the_newest_first(tmp_path: Path) -> None:
    summary = RunSummary("fetch", 0, 1.5, 1.0, 0.5, 100, 200, {"save feeds": {"timeout": 1}})
    with opened(tmp_path) as database:
        ids = [start_run(database) for _ in range(LAST_RUNS + 2)]
        with writing(database) as transaction:
            transaction.runs.finish(ids[-2], summary, LATER)
    runs = load_overview(url_of(tmp_path), NOW).runs
    assert [run["id"] for run in runs] == ids[:1:-1]
    assert (runs[0]["exit_code"], runs[0]["counts"]) == (None, {})
    assert (runs[1]["exit_code"], runs[1]["seconds"], runs[1]["counts"]) == (0, 1.5, {"save feeds": {"timeout": 1}})


def test_an_empty_database_has_an_overview(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    overview = load_overview(url_of(tmp_path), NOW)
    assert set(overview.counts.values()) == {0}
    assert (overview.newest_article_at, overview.runs, overview.ailing) == (None, [], [])


def test_without_a_database_there_is_no_overview(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no database"):
        load_overview(url_of(tmp_path), NOW)


def test_what_was_observed_of_feeds_is_found_by_their_address(tmp_path: Path) -> None:
    assert observed_feeds(url_of(tmp_path)) == {}
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        with writing(database, start_run(database)) as transaction:
            transaction.feeds.record([success(harbour)])
            transaction.feeds.record([failure(hills)])
        add_article(database, harbour, entry("one"))
    assert observed_feeds(url_of(tmp_path)) == {
        HARBOUR: ObservedFeed("Harbour News", ("active", 1, "2026-03-02 06:30:00", "2026-03-02 11:30:00", None)),
        HILLS: ObservedFeed(
            HILLS, ("failing", 0, "2026-03-02 11:30:00", "2026-03-02 12:30:00", "the server answered 500")
        ),
    }


def test_a_database_that_was_never_finished(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "news.db")) as unfinished:
        unfinished.execute(f"PRAGMA application_id = {sqlite.APPLICATION_ID}")
    with pytest.raises(StorageError, match="cannot be read: no such table"):
        observed_feeds(url_of(tmp_path))
    with pytest.raises(UsageError, match="not up to date with this version of aggregator; “aggregator run”"):
        load_overview(url_of(tmp_path), NOW)


def test_a_database_of_a_newer_version(tmp_path: Path) -> None:
    with opened(tmp_path) as database, database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageError, match=r"newer version of aggregator \(schema 9999"):
        load_overview(url_of(tmp_path), NOW)
