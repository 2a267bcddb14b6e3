from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text

from aggregator.records import (
    Download,
    Harm,
    ImageCandidate,
    Outcome,
    PageText,
    PageToFetch,
    PageUpdate,
    QuarantinedItem,
    RobotsFile,
    Subscription,
)
from aggregator.store import pages
from aggregator.store.database import Database
from aggregator.store.schema import article, sighting
from aggregator.store.transaction import Transaction

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FULL, PLAIN = "https://harbour.test/feed.xml", "https://hills.test/rss"
LONG_TEXT = PageText("trafilatura 2.3.1", "The harbour", "It opened.\n\nNobody came.")


class News:
    """A database with a feed that asks for full text and one that does not, and a door for every test."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.subscribe(Subscription(FULL, full_text=True), Subscription(PLAIN, full_text=False))

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        with self.database.write() as connection:
            yield Transaction(connection)

    def subscribe(self, *subscriptions: Subscription) -> None:
        with self.writing() as transaction:
            transaction.feeds.sync(subscriptions, NOW)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.database.read() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]

    def add(self, url: str | None, feed_url: str = FULL, at: datetime = NOW) -> int:
        """Bring an article, or sight a known one in another feed; return its id."""
        (feed_id,) = next(row for row in self.rows("SELECT id, url FROM feed") if row[1] == feed_url)[:1]
        with self.database.write() as connection:
            known = connection.execute(text("SELECT id FROM article WHERE url = :url"), {"url": url}).scalar()
            values = {"title": "t", "content_hash": "h", "first_seen_at": at}
            if known is None:
                made = insert(article).values(
                    feed_id=feed_id, url=url, summary="", content="", author="", effective_at=at, **values
                )
                known = connection.execute(made.returning(article.c.id)).scalar_one()
            seen = {"article_id": known, "feed_id": feed_id, "entry_key": f"{url} {at}", "last_seen_at": at}
            connection.execute(insert(sighting).values(**seen, **values))
        return int(known)

    def enlist(self, after: int = 0, now: datetime = NOW) -> int:
        with self.writing() as transaction:
            return transaction.pages.enlist(after, now)

    def due(self, now: datetime = NOW, limit: int = 100, excluding: Sequence[int] = ()) -> list[PageToFetch]:
        with self.database.read() as connection:
            return Transaction(connection).pages.due(now, limit, excluding)

    def urls(self, now: datetime = NOW, limit: int = 100, excluding: Sequence[int] = ()) -> list[str]:
        return [page.url for page in self.due(now, limit, excluding)]

    def claim(self, until: datetime = LATER) -> None:
        found = self.due()
        with self.writing() as transaction:
            transaction.pages.claim(found, [until] * len(found))

    def record(self, *updates: PageUpdate) -> None:
        with self.writing() as transaction:
            transaction.pages.record(updates)


@pytest.fixture
def news(tmp_path: Path) -> Iterator[News]:
    database = Database(f"sqlite:///{tmp_path / 'news.db'}")
    yield News(database)
    database.close()


def update(article_id: int, url: str, **more: Any) -> PageUpdate:
    landed = more.pop("landed", url)
    download = Download(url, landed, Outcome.OK, NOW, 0.1, 200)
    values: dict[str, Any] = {"next_fetch_at": NOW, "outcome": "", "download": download} | more
    return PageUpdate(article_id, url, NOW, **values)


def test_the_pages_of_a_feed_with_full_text_are_wanted_and_no_others(news: News) -> None:
    mine = news.add("https://harbour.test/1")
    news.add("https://hills.test/1", PLAIN)
    news.enlist()
    assert news.due() == [PageToFetch(mine, "https://harbour.test/1", "harbour.test", "https://harbour.test", 0)]


def test_an_article_that_has_another_feeds_text_is_wanted_too(news: News) -> None:
    news.add("https://hills.test/1", PLAIN)
    news.add("https://hills.test/1", FULL)
    news.enlist()
    assert news.due() == [PageToFetch(1, "https://hills.test/1", "hills.test", None, 0)]


@pytest.mark.parametrize(
    ("feed_url", "url", "trusted"),
    [
        ("http://10.0.0.5:8080/feed", "http://10.0.0.5:8080/1", "http://10.0.0.5:8080"),
        ("http://user:secret@10.0.0.5:80/feed", "http://10.0.0.5/1", "http://10.0.0.5"),
        ("http://10.0.0.5:8080/feed", "http://10.0.0.5/1", None),
        ("https://10.0.0.5/feed", "http://10.0.0.5/1", None),
    ],
)
def test_only_a_page_on_the_feeds_own_origin_is_trusted(
    news: News, feed_url: str, url: str, trusted: str | None
) -> None:
    news.subscribe(Subscription(feed_url, full_text=True))
    news.add(url, feed_url)
    news.enlist()
    assert [page.trusted_origin for page in news.due()] == [trusted]


@pytest.mark.parametrize(
    ("feed_url", "moved_url", "url", "trusted"),
    [
        ("http://10.0.0.5/feed", "http://evil.test/feed", "http://10.0.0.5/1", None),
        ("http://10.0.0.5/feed", "http://evil.test/feed", "http://evil.test/1", None),
        ("http://10.0.0.5/feed", "http://10.0.0.5:8080/feed", "http://10.0.0.5/1", None),
        ("http://10.0.0.5:8080/feed", "https://10.0.0.5/feed", "http://10.0.0.5:8080/1", None),
        ("http://10.0.0.5/feed", "http://10.0.0.5/rss", "http://10.0.0.5/1", "http://10.0.0.5"),
        ("http://10.0.0.5/feed", "https://10.0.0.5/feed", "https://10.0.0.5/1", "https://10.0.0.5"),
        ("http://10.0.0.5/feed", "https://10.0.0.5/feed", "http://10.0.0.5/1", "http://10.0.0.5"),
        ("https://10.0.0.5/feed", "http://10.0.0.5/feed", "https://10.0.0.5/1", None),
    ],
)
def test_who_writes_a_feed_that_moved_away_is_not_trusted(
    news: News, feed_url: str, moved_url: str, url: str, trusted: str | None
) -> None:
    news.subscribe(Subscription(feed_url, full_text=True))
    with news.database.write() as connection:
        connection.execute(
            text("UPDATE feed SET moved_url = :moved WHERE url = :url"), {"moved": moved_url, "url": feed_url}
        )
    news.add(url, feed_url)
    news.enlist()
    assert [page.trusted_origin for page in news.due()] == [trusted]


@pytest.mark.parametrize("url", [None, "mailto:ada@harbour.test", "ftp://harbour.test/1", "https://[half/1", "http://"])
def test_what_is_no_address_of_a_page_is_not_wanted(news: News, url: str | None) -> None:
    news.add(url)
    news.add("https://harbour.test/2")
    news.enlist()
    assert news.urls() == ["https://harbour.test/2"]


def test_articles_that_came_long_ago_are_left_alone(news: News) -> None:
    news.add("https://harbour.test/old", at=NOW - pages.ONLY_RECENT - timedelta(seconds=1))
    news.add("https://harbour.test/new", at=NOW - pages.ONLY_RECENT)
    news.enlist()
    assert news.urls() == ["https://harbour.test/new"]


def test_sightings_are_looked_through_in_steps_and_from_where_it_ended(
    news: News, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "SIGHTINGS_AT_ONCE", 2)
    for number in range(3):
        news.add(f"https://harbour.test/{number}")
    assert news.enlist() == 2
    assert news.urls() == ["https://harbour.test/1", "https://harbour.test/0"]
    assert news.enlist(2) == 3
    assert news.enlist(3) == 3
    assert news.urls() == [f"https://harbour.test/{number}" for number in (2, 1, 0)]


def test_hosts_take_turns_and_the_latest_article_of_each_comes_first(news: News) -> None:
    for path in ("a.test/1", "a.test/2", "a.test/3", "b.test/4", "c.test/5"):
        news.add(f"https://{path}")
    news.enlist()
    inorder = ["c.test/5", "b.test/4", "a.test/3", "a.test/2", "a.test/1"]
    assert news.urls() == [f"https://{path}" for path in inorder]
    assert news.urls(limit=2) == ["https://c.test/5", "https://b.test/4"]
    assert news.urls(limit=3, excluding=[3, 5]) == ["https://b.test/4", "https://a.test/2"]


def test_a_claimed_page_waits_and_is_then_asked_for_again(news: News) -> None:
    news.add("https://harbour.test/1")
    news.enlist()
    news.claim(LATER)
    assert news.urls() == []
    assert [page.failures for page in news.due(LATER)] == [1]


def test_a_page_that_was_had_is_not_wanted_again(news: News) -> None:
    one = news.add("https://harbour.test/1")
    news.enlist()
    news.claim(NOW)
    news.record(update(one, "https://harbour.test/1", page=LONG_TEXT, landed="https://harbour.test/one"))
    assert news.urls(NOW + timedelta(days=9)) == []
    assert news.rows("SELECT final_url, title, text, extractor, fetched_at, error, last_status, gave_up FROM page") == [
        (
            *("https://harbour.test/one", "The harbour", "It opened.\n\nNobody came.", "trafilatura 2.3.1"),
            *("2026-03-02 06:30:00", None, 200, 0),
        )
    ]
    news.add("https://harbour.test/1", FULL, LATER)
    news.enlist()
    assert news.rows("SELECT COUNT(*) FROM page") == [(1,)]


def test_a_page_that_was_given_up_is_not_wanted_again(news: News) -> None:
    one = news.add("https://harbour.test/1")
    news.enlist()
    news.record(update(one, "https://harbour.test/1", gave_up=True, error="gone", download=None))
    assert news.urls() == []
    assert news.rows("SELECT gave_up, error, last_status, final_url, text FROM page") == [(1, "gone", None, None, None)]


def test_a_page_that_failed_is_wanted_when_its_time_has_come(news: News) -> None:
    one = news.add("https://harbour.test/1")
    news.enlist()
    news.record(update(one, "https://harbour.test/1", next_fetch_at=LATER, error="busy"))
    assert news.urls() == []
    assert news.urls(LATER) == ["https://harbour.test/1"]


def test_a_page_that_was_set_aside_is_not_wanted(news: News) -> None:
    one = news.add("https://harbour.test/1")
    news.enlist()
    with news.writing() as transaction:
        transaction.quarantine.add(QuarantinedItem("page", one, None, "visit", Harm.BUG, "Traceback …"), NOW)
    assert news.urls() == []


@pytest.mark.parametrize("left", [(), (Subscription(FULL, full_text=False),), (Subscription(FULL, enabled=False),)])
def test_pages_of_feeds_that_no_longer_ask_for_full_text_leave_the_list(
    news: News, left: tuple[Subscription, ...]
) -> None:
    one = news.add("https://harbour.test/1")
    news.add("https://harbour.test/2")
    news.enlist()
    news.record(update(one, "https://harbour.test/1", page=LONG_TEXT))
    with news.writing() as transaction:
        transaction.pages.forget_unwanted()
    assert news.urls() == ["https://harbour.test/2"]
    news.subscribe(*left)
    with news.writing() as transaction:
        transaction.pages.forget_unwanted()
    assert news.urls() == []
    assert news.rows("SELECT article_id FROM page") == [(one,)]


def test_the_pages_picture_comes_after_those_of_the_feed(news: News) -> None:
    one = news.add("https://harbour.test/1")
    news.enlist()
    with news.database.write() as connection:
        ids = Transaction(connection).images.ensure(["https://cdn.test/own.jpg"], None, NOW)
        connection.execute(
            text("INSERT INTO article_image VALUES (:article, 0, :image, 'enclosure')"),
            {"article": one, "image": ids["https://cdn.test/own.jpg"]},
        )
    found = (
        ImageCandidate("https://cdn.test/own.jpg", "og:image"),
        ImageCandidate("https://a.test/og.jpg", "og:image"),
    )
    nothing = PageText("trafilatura 2.3.1", images=found, problem="no text found")
    for _ in range(2):
        news.record(update(one, "https://harbour.test/1", page=nothing, gave_up=True, error="no text found"))
    named = "SELECT i.url, a.source FROM article_image a JOIN image i ON i.id = a.image_id ORDER BY a.position"
    assert news.rows(named) == [("https://cdn.test/own.jpg", "enclosure"), ("https://a.test/og.jpg", "og:image")]
    assert news.rows("SELECT text FROM page") == [(None,)]


def test_a_robots_file_is_kept_and_replaced(news: News) -> None:
    first = RobotsFile("https://a.test", NOW, LATER, "User-agent: *", 200)
    second = RobotsFile("https://a.test", LATER, LATER, status=503, refused="it could not be read")
    with news.writing() as transaction:
        assert transaction.pages.robots("https://a.test") is None
        transaction.pages.keep_robots(first)
        assert transaction.pages.robots("https://a.test") == first
        transaction.pages.keep_robots(second)
        assert transaction.pages.robots("https://a.test") == second
        assert transaction.pages.robots("https://b.test") is None


def test_a_robots_file_is_forgotten_a_month_after_it_expired(news: News) -> None:
    month = timedelta(days=30)
    old = RobotsFile("https://old.test", NOW - 2 * month, NOW - month - timedelta(seconds=1))
    young = RobotsFile("https://young.test", NOW - 2 * month, NOW - month)
    with news.writing() as transaction:
        for file in (old, young):
            transaction.pages.keep_robots(file)
        transaction.pages.forget_old_robots(NOW)
        assert transaction.pages.robots(old.origin) is None
        assert transaction.pages.robots(young.origin) == young
