"""A small database of real rows, made through the store's own doors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from aggregator.records import (
    ArticleAnalysis,
    ArticleChange,
    Blob,
    ChangeKind,
    Download,
    EntryKeys,
    FeedMemory,
    FeedState,
    FeedUpdate,
    ImageCandidate,
    ImageUpdate,
    KnownArticles,
    ModelId,
    Outcome,
    ParsedEntry,
    ParsedFeed,
    PictureResult,
    Reason,
    ScoredTopic,
    Subscription,
    Thumbnail,
    Validators,
)
from aggregator.store.database import Database
from aggregator.store.transaction import Transaction

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=5)
HARBOUR, HILLS = "https://harbour.test/feed.xml", "https://hills.test/rss"
TEXT_MODEL = ModelId("text", "words", "1")
PICTURE_MODEL = ModelId("picture", "pixels", "400 px")


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'news.db'}"


@contextmanager
def opened(folder: Path) -> Iterator[Database]:
    database = Database(url_of(folder))
    try:
        yield database
    finally:
        database.close()


@contextmanager
def writing(database: Database, run_id: int | None = None) -> Iterator[Transaction]:
    with database.write() as connection:
        yield Transaction(connection, run_id)


@contextmanager
def reading(database: Database) -> Iterator[Transaction]:
    with database.read() as connection:
        yield Transaction(connection)


def rows(database: Database, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(text(sql), values)]


def row(database: Database, sql: str, **values: Any) -> tuple[Any, ...]:
    (only,) = rows(database, sql, **values)
    return only


@contextmanager
def asked(transaction: Transaction) -> Iterator[list[str]]:
    """Collect the questions that are asked of the database through `transaction`, with their values."""
    statements: list[str] = []
    questions: list[str] = []
    raw = transaction._connection.connection.driver_connection
    assert raw is not None
    raw.set_trace_callback(statements.append)
    try:
        yield questions
    finally:
        raw.set_trace_callback(None)
        questions += [statement for statement in statements if statement.startswith("SELECT")]


def plan(database: Database, question: str) -> list[str]:
    """Return the steps by which SQLite would answer."""
    with database.read() as connection:
        return [str(step) for *_, step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {question}")]


def subscribe(database: Database, *urls: str, now: datetime = NOW) -> list[int]:
    """Subscribe to `urls` and return the ids of the feeds, in that order."""
    with writing(database) as transaction:
        transaction.feeds.sync([Subscription(url) for url in urls], now)
    ids = dict(rows(database, "SELECT url, id FROM feed"))
    return [ids[url] for url in urls]


def start_run(database: Database) -> int:
    with writing(database) as transaction:
        return transaction.runs.start("fetch", NOW)


def entry(
    name: str, *, title: str = "", content: str = "", images: Sequence[str] = (), site: str = "https://harbour.test"
) -> ParsedEntry:
    return ParsedEntry(
        guid=f"guid-{name}",
        url=f"{site}/{name}",
        title=title or f"Title of {name}",
        summary=f"Summary of {name}",
        content=content,
        author="Ada",
        language="en",
        published_raw="Mon, 02 Mar 2026 05:00:00 GMT",
        published_at=datetime(2026, 3, 2, 5, tzinfo=UTC),
        images=tuple(ImageCandidate(url, "enclosure") for url in images),
    )


def text_hash(one: ParsedEntry) -> str:
    return hashlib.sha256(f"{one.title}|{one.summary}|{one.content}".encode()).hexdigest()


def keys_of(one: ParsedEntry) -> EntryKeys:
    return EntryKeys(f"guid {one.guid}", None if one.url is None else one.url.removeprefix("https://"))


def change(one: ParsedEntry, kind: ChangeKind = ChangeKind.NEW, **ids: Any) -> ArticleChange:
    return ArticleChange(
        kind=kind,
        entry=one,
        keys=keys_of(one),
        content_hash=text_hash(one),
        effective_at=one.published_at or NOW,
        **ids,
    )


def save(
    database: Database, feed_id: int, *changes: ArticleChange, origin: str | None = None, now: datetime = NOW
) -> list[int]:
    """Save changes, and return the ids of their sightings."""
    with writing(database) as transaction:
        return transaction.articles.save(feed_id, changes, origin, now)


def known(database: Database, feed_id: int, *entries: ParsedEntry) -> KnownArticles:
    return known_by(database, feed_id, *(keys_of(one) for one in entries))


def known_by(database: Database, feed_id: int, *keys: EntryKeys) -> KnownArticles:
    with reading(database) as transaction:
        return transaction.articles.known(feed_id, keys)


def sight(database: Database, feed_id: int, one: ParsedEntry, article_id: int, *, leads: bool = False) -> None:
    """See a known article in a second feed, which says more if it `leads`."""
    save(database, feed_id, change(one, ChangeKind.SIGHTED, article_id=article_id, leads=leads), now=LATER)


def add_article(database: Database, feed_id: int, one: ParsedEntry, origin: str | None = None) -> int:
    save(database, feed_id, change(one), origin=origin)
    return known(database, feed_id, one).by_entry_key[f"guid {one.guid}"].article_id


def revise(database: Database, feed_id: int, edited: ParsedEntry, now: datetime = LATER) -> None:
    sighting = known(database, feed_id, edited).by_entry_key[f"guid {edited.guid}"]
    revised = change(
        edited,
        ChangeKind.REVISED,
        article_id=sighting.article_id,
        sighting_id=sighting.sighting_id,
        leads=sighting.leads,
    )
    save(database, feed_id, revised, now=now)


def image_id(database: Database, url: str) -> int:
    (number,) = row(database, "SELECT id FROM image WHERE url = :url", url=url)
    return int(number)


def sha_of(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def store_picture(database: Database, url: str) -> None:
    blob = Blob(sha_of(url), f"{sha_of(url)[:8]}.jpeg", 1234)
    download = Download(url, url, Outcome.OK, NOW, 0.1, 200)
    update = ImageUpdate(image_id(database, url), NOW, NOW, download, "stored", status=200, blob=blob, format="jpeg")
    with writing(database) as transaction:
        transaction.images.record_download(update)


def give_picture_up(database: Database, url: str) -> None:
    download = Download(url, url, Outcome.HTTP_ERROR, NOW, 0.1, 404, error="not found")
    update = ImageUpdate(
        image_id(database, url), NOW, NOW, download, "http error", status=404, error="not found", gave_up=True
    )
    with writing(database) as transaction:
        transaction.images.record_download(update)


def see_picture(database: Database, url: str, model_id: int, sizes: Sequence[int] = (400,)) -> None:
    thumbnails = tuple(Thumbnail(size, f"{sha_of(url)[:8]}-{size}.jpeg", size, size // 2, size) for size in sizes)
    result = PictureResult(image_id(database, url), 1200, 600, "jpeg", "0f" * 8, thumbnails)
    with writing(database) as transaction:
        transaction.images.record_picture(result, model_id)


def model_id(database: Database, method: ModelId = TEXT_MODEL) -> int:
    with writing(database) as transaction:
        return transaction.models.model_id(method, NOW)


def input_hash(one: ParsedEntry, category: str = "") -> str:
    """What an analysis depends on: the text, and the category of the feeds that have it."""
    return f"{text_hash(one)} {category}"


def analysis(
    article_id: int, one: ParsedEntry, topic: str | None = "sport", score: float = 0.75, *, category: str = ""
) -> ArticleAnalysis:
    topics = (ScoredTopic(topic, score),) if topic is not None else ()
    return ArticleAnalysis(article_id, input_hash(one, category), "en", 0.9, topics=topics)


def analyze(database: Database, result: ArticleAnalysis, model: int, now: datetime = NOW) -> None:
    with writing(database) as transaction:
        transaction.analyses.record([replace(result, model_id=model)], now)


def success(feed_id: int, *, etag: str | None = '"1"', title: str = "Harbour News", entries: int = 1) -> FeedUpdate:
    """A feed that was read."""
    parsed = ParsedFeed("rss20", title, "https://harbour.test/", "en", (entry("one"),) * entries)
    download = Download(HARBOUR, HARBOUR, Outcome.OK, NOW, 0.25, 200, Validators(etag, None), received_bytes=512)
    return FeedUpdate(
        feed_id=feed_id,
        url=HARBOUR,
        state=FeedState.ACTIVE,
        outcome="new articles",
        failures=0,
        next_fetch_at=LATER,
        download=download,
        reason=Reason.DUE,
        decided_by="five hours between requests",
        memory=FeedMemory(entries=entries),
        validators=download.validators,
        body_sha256="ab" * 32,
        parsed=parsed,
        new_articles=entries,
    )


def failure(feed_id: int, failures: int = 1) -> FeedUpdate:
    """A feed whose server failed."""
    download = Download(
        HARBOUR, HARBOUR, Outcome.HTTP_ERROR, LATER, 0.5, 500, conditional=True, error="the server answered 500"
    )
    return FeedUpdate(
        feed_id=feed_id,
        url=HARBOUR,
        state=FeedState.FAILING,
        outcome="http error",
        failures=failures,
        next_fetch_at=LATER + timedelta(hours=1),
        download=download,
        reason=Reason.DUE,
        decided_by="one hour after a failure",
        memory=FeedMemory(),
        error=download.error,
    )


def not_modified(feed_id: int) -> FeedUpdate:
    """A server that said nothing changed, under a new ETag."""
    validators = Validators('"2"', None)
    download = Download(HARBOUR, HARBOUR, Outcome.NOT_MODIFIED, LATER, 0.1, 304, validators, conditional=True)
    return replace(
        success(feed_id),
        outcome="not modified",
        download=download,
        validators=validators,
        body_sha256=None,
        parsed=None,
        new_articles=0,
    )
