from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

import pytest
from sqlalchemy import text

from aggregator.config import FetchSettings
from aggregator.fetch import worklists
from aggregator.fetch.asking import Asker
from aggregator.fetch.image_stage import images_due
from aggregator.fetch.images import CLAIM
from aggregator.fetch.parts import FetchParts
from aggregator.fetch.politeness import HostGate
from aggregator.fetch.schedule import ROUNDING
from aggregator.fetch.worklists import LOOK_EVERY_S, PoliteWorkList, feeds_due
from aggregator.records import (
    ArticleChange,
    ChangeKind,
    Download,
    EntryKeys,
    FeedToFetch,
    HostLesson,
    ImageCandidate,
    ImageToFetch,
    ImageUpdate,
    Outcome,
    ParsedEntry,
    Subscription,
)
from aggregator.store.database import Database
from aggregator.store.transaction import Transaction
from aggregator.store_ports import Blobs, StoreTransaction

R = TypeVar("R")
STARTED_AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
MIN_INTERVAL_S = 1800.0


@dataclass
class World:
    """A real database, and a clock that a test turns."""

    database: Database
    time: datetime = STARTED_AT
    now_s: float = 0.0
    gate: HostGate = field(default_factory=lambda: HostGate(per_host=2, spacing_s=0.0))
    more: bool = True

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.now_s

    def call(self, operation: Callable[[StoreTransaction], R]) -> R:
        """Commit, as the writer does."""
        with self.database.write() as connection:
            return operation(Transaction(connection))

    @contextmanager
    def read(self) -> Iterator[StoreTransaction]:
        with self.database.read() as connection:
            yield Transaction(connection)

    def subscribe(self, *urls: str) -> None:
        with self.database.write() as connection:
            Transaction(connection).feeds.sync([Subscription(url) for url in urls], STARTED_AT)

    def name_pictures(self, *urls: str) -> None:
        """Bring an article for every picture."""
        changes = [
            ArticleChange(
                ChangeKind.NEW,
                ParsedEntry(url, None, url, images=(ImageCandidate(url, "enclosure"),)),
                *(EntryKeys(url), "hash", STARTED_AT),
            )
            for url in urls
        ]
        self.call(lambda transaction: transaction.articles.save(1, changes, None, STARTED_AT))

    @property
    def parts(self) -> FetchParts:
        """What the lists need; nothing is ever asked."""
        return FetchParts(
            settings=FetchSettings(min_interval_s=MIN_INTERVAL_S),
            subscriptions={},
            asker=cast("Asker", None),
            gate=self.gate,
            blobs=cast("Blobs", None),
            read=self.read,
            writer=self,
            clock=self,
            monotonic=self.monotonic,
            parse_workers=1,
        )

    def feeds(self) -> PoliteWorkList[FeedToFetch]:
        return feeds_due(self.parts)

    def images(self) -> PoliteWorkList[ImageToFetch]:
        return images_due(self.parts, lambda: self.more)

    def ask(self, host: str) -> None:
        """Make the request that was admitted."""
        self.gate.begin(host, self.now_s)
        self.gate.end(host, self.now_s)

    def next_times(self, table: str) -> dict[str, str]:
        with self.database.read() as connection:
            return {row.url: row.next_fetch_at for row in connection.execute(text(f"SELECT * FROM {table}"))}  # noqa: S608


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    database = Database(f"sqlite:///{tmp_path / 'news.db'}")
    yield World(database)
    database.close()


def test_a_feed_is_claimed_durably_before_it_is_handed_out(world: World) -> None:
    world.subscribe("https://a.test/1", "https://b.test/1", "https://b.test/2", "https://b.test/3")
    taken = world.feeds().take(9)
    assert taken is not None
    assert [feed.url for feed in taken] == ["https://a.test/1", "https://b.test/1", "https://b.test/2"]
    claimed = "2026-03-02 06:30:01"
    assert world.next_times("feed") == {
        **dict.fromkeys(["https://a.test/1", "https://b.test/1", "https://b.test/2"], claimed),
        "https://b.test/3": "2026-03-02 06:00:00",
    }


def test_nothing_is_handed_out_if_the_claim_fails(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.subscribe("https://a.test/1")
    due = world.feeds()
    monkeypatch.setattr(world, "call", _fail)
    with pytest.raises(OSError, match="the disk is gone"):
        due.take(9)


def _fail(_operation: object) -> None:
    raise OSError("the disk is gone")


def test_the_list_ends_only_when_everything_in_hand_is_committed(world: World) -> None:
    world.subscribe("https://a.test/1", "https://a.test/2", "https://a.test/3")
    due = world.feeds()
    first = due.take(9)
    assert first is not None
    assert len(first) == 2
    assert due.take(9) == [], "the third waits for its host"
    world.ask("a.test")
    second = due.take(9)
    assert second is not None
    assert [feed.url for feed in second] == ["https://a.test/3"]
    for feed in [*first, *second]:
        assert not due.finished
        assert due.take(9) == [], "something is in hand"
        due.done(feed)
    assert not due.finished, "nobody asked yet whether there is more"
    assert due.take(9) is None
    assert due.finished


def test_a_list_of_nothing_ends_at_once(world: World) -> None:
    due = world.feeds()
    assert due.take(9) is None
    assert due.finished


def test_a_feed_is_handed_out_once_a_run_however_long_the_run(world: World) -> None:
    world.subscribe("https://a.test/1")
    due = world.feeds()
    taken = due.take(9)
    assert taken is not None
    world.time += timedelta(days=2)
    assert due.take(9) == []
    due.done(taken[0])
    assert due.take(9) is None


def test_a_second_list_gets_nothing_that_the_first_has_claimed(world: World) -> None:
    world.subscribe("https://a.test/1", "https://b.test/1")
    assert len(world.feeds().take(1) or ()) == 1
    assert [feed.url for feed in world.feeds().take(9) or ()] == ["https://b.test/1"]


def test_feeds_and_pictures_of_a_host_are_counted_together(world: World) -> None:
    world.subscribe("https://a.test/1", "https://a.test/2")
    world.name_pictures("https://a.test/1.jpg", "https://b.test/1.jpg")
    assert len(world.feeds().take(9) or ()) == 2
    assert [image.url for image in world.images().take(9) or ()] == ["https://b.test/1.jpg"]


def test_the_spacing_of_a_host_holds_its_feeds_back_and_no_others(world: World) -> None:
    world.gate = HostGate(per_host=2, spacing_s=1.0)
    world.subscribe("https://a.test/1", "https://a.test/2", "https://b.test/1")
    due = world.feeds()
    assert [feed.url for feed in due.take(9) or ()] == ["https://a.test/1", "https://b.test/1"]
    world.ask("a.test")
    world.now_s = 0.9
    assert due.take(9) == []
    world.now_s = 1.0
    assert [feed.url for feed in due.take(9) or ()] == ["https://a.test/2"]


def test_pictures_that_come_while_the_list_is_worked_on_are_on_it(world: World) -> None:
    world.subscribe("https://a.test/1")
    due = world.images()
    assert due.take(9) == [], "articles may still come"
    world.name_pictures("https://cdn.test/1.jpg")
    world.now_s += LOOK_EVERY_S
    taken = due.take(9)
    assert taken is not None
    assert [image.url for image in taken] == ["https://cdn.test/1.jpg"]
    claimed_until = (STARTED_AT + CLAIM + ROUNDING).strftime("%Y-%m-%d %H:%M:%S")
    assert world.next_times("image") == {"https://cdn.test/1.jpg": claimed_until}
    world.more = False
    assert due.take(9) == [], "one is in hand, and its failure would bring the next candidate"
    due.done(taken[0])
    assert due.take(9) is None
    assert due.finished


def test_one_host_of_many_pictures_does_not_hold_up_those_that_come_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklists, "WINDOW", 7)
    world.subscribe("https://a.test/1")
    world.name_pictures(*(f"https://slow.test/{n}.jpg" for n in range(30)))
    due = world.images()
    slow = due.take(9) or ()
    assert {image.host for image in slow} == {"slow.test"}
    world.now_s += LOOK_EVERY_S
    assert due.take(9) == [], "and now the rest of them waits"
    world.name_pictures("https://quick.test/1.jpg")
    world.now_s += LOOK_EVERY_S
    assert [image.host for image in due.take(9) or ()] == ["quick.test"]


def test_a_picture_that_fails_makes_room_for_the_next_of_its_article(world: World) -> None:
    world.subscribe("https://a.test/1")
    candidates = tuple(ImageCandidate(f"https://cdn.test/{n}.jpg", "content") for n in (1, 2))
    entry = ParsedEntry("g", None, "One", images=candidates)
    change = ArticleChange(ChangeKind.NEW, entry, EntryKeys("guid g"), "hash", STARTED_AT)
    world.call(lambda transaction: transaction.articles.save(1, [change], None, STARTED_AT))
    world.more = False
    due = world.images()
    (first,) = due.take(9) or ()
    world.ask("cdn.test")
    answered = Download(first.url, first.url, Outcome.HTTP_ERROR, STARTED_AT, 0.1, 404, error="not found")
    given_up = ImageUpdate(
        *(first.image_id, STARTED_AT, STARTED_AT, answered, "given up"), status=404, error="not found", gave_up=True
    )
    world.call(lambda transaction: transaction.images.record_download(given_up))
    due.done(first)
    (second,) = due.take(9) or ()
    assert (first.url, second.url) == ("https://cdn.test/1.jpg", "https://cdn.test/2.jpg")


def test_more_feeds_than_the_window_holds_are_all_handed_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worklists, "WINDOW", 7)
    urls = {f"https://{host}.test/{n}" for host, count in (("a", 25), ("b", 5), ("c", 1)) for n in range(count)}
    world.subscribe(*urls)
    due = world.feeds()
    seen: list[str] = []
    while (items := due.take(9)) is not None:
        assert len(due._waiting) <= 7
        for feed in items:
            world.ask(feed.host)
            due.done(feed)
            seen.append(feed.url)
    assert sorted(seen) == sorted(urls)
    assert {url[8] for url in seen[:4]} == {"a", "b", "c"}, "no host waits behind all feeds of another"


def test_a_host_that_is_alone_gets_half_of_the_window_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklists, "WINDOW", 20)
    world.subscribe(*(f"https://a.test/{n}" for n in range(50)))
    due = world.feeds()
    taken = due.take(9) or ()
    assert (len(taken), len(due._waiting)) == (2, 8)
    world.now_s += LOOK_EVERY_S
    assert due.take(9) == []
    assert len(due._waiting) == 10


# --- hosts that rest -------------------------------------------------------------------------------------------------


def test_a_host_that_rests_is_left_out_and_the_others_are_not(world: World) -> None:
    world.subscribe("https://tired.test/1", "https://tired.test/2", "https://awake.test/1")
    lesson = HostLesson("tired.test", STARTED_AT + timedelta(hours=1), 1, 2.0, "it answered 429", STARTED_AT)
    world.call(lambda transaction: transaction.hosts.learn(lesson))
    work = world.feeds()
    assert [feed.host for feed in work.take(9) or []] == ["awake.test"]
    world.time += timedelta(hours=1)
    assert sorted(feed.host for feed in world.feeds().take(9) or []) == ["awake.test", "tired.test", "tired.test"]


def test_what_waits_for_a_host_waits_no_longer_once_that_rests(world: World) -> None:
    world.gate = HostGate(per_host=1, spacing_s=1.0)
    world.subscribe("https://tired.test/1", "https://tired.test/2")
    work = world.feeds()
    (first,) = work.take(9) or []
    world.ask("tired.test")
    world.gate.rest("tired.test", 3600.0)
    work.done(first)
    world.now_s += 2.0
    assert work.take(9) is None, "the run ends instead of waiting for an hour"
    assert work.finished
