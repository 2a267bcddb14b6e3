from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.records import ParsedEntry
from aggregator.store.database import Database
from aggregator.store.digest import content_digest
from store.small_news import (
    HARBOUR,
    HILLS,
    NOW,
    PICTURE_MODEL,
    add_article,
    analysis,
    analyze,
    entry,
    image_id,
    model_id,
    opened,
    revise,
    see_picture,
    start_run,
    store_picture,
    subscribe,
    writing,
)

PICTURE = "https://cdn.test/1.jpg"
ENTRIES = [entry("one", images=[PICTURE]), entry("two"), entry("three", content="<p>3</p>")]


def digest_of(folder: Path, build: Callable[[Database], None]) -> str:
    folder.mkdir(exist_ok=True)
    with opened(folder) as database:
        build(database)
        with database.read() as connection:
            return content_digest(connection)


def fill(database: Database, entries: Sequence[ParsedEntry] = ENTRIES, feeds: Sequence[str] = (HARBOUR, HILLS)) -> None:
    feed_id = dict(zip(feeds, subscribe(database, *feeds), strict=True))[HARBOUR]
    model, pictures = model_id(database), model_id(database, PICTURE_MODEL)
    for one in entries:
        analyze(database, analysis(add_article(database, feed_id, one), one), model)
    store_picture(database, PICTURE)
    see_picture(database, PICTURE, pictures)
    revise(database, feed_id, entry("two", title="Edited"))


def fill_otherwise(database: Database) -> None:
    """The same news under other keys, at other times, with a history of its own."""
    start_run(database)
    model_id(database, PICTURE_MODEL)
    with writing(database) as transaction:
        transaction.images.ensure([PICTURE], None, NOW - timedelta(days=3))
    assert image_id(database, PICTURE) == 1
    fill(database, ENTRIES[::-1], (HILLS, HARBOUR))


def test_the_digest_is_equal_for_the_same_news_however_it_came(tmp_path: Path) -> None:
    assert digest_of(tmp_path / "a", fill) == digest_of(tmp_path / "b", fill_otherwise)


def _note_a_run(database: Database) -> None:
    start_run(database)


def _relabel(database: Database) -> None:
    analyze(database, analysis(1, ENTRIES[0], "health"), model_id(database))


def _retitle(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE article SET title = 'Title of 1' WHERE id = 1")


def _forget_a_revision(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM revision")


def _see_otherwise(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE image SET phash = 'ffffffffffffffff'")


def _read_a_page(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql(
            """INSERT INTO page (article_id, feed_id, url, host, next_fetch_at, attempts, gave_up, text)
               VALUES (1, 1, '', '', '2026-03-02 06:30:00', 1, 0, 'All of it.')"""
        )


@pytest.mark.parametrize("differ", [_relabel, _retitle, _forget_a_revision, _see_otherwise, _read_a_page])
def test_the_digest_differs_where_the_news_differ(tmp_path: Path, differ: Callable[[Database], None]) -> None:
    same = digest_of(tmp_path, fill)
    assert digest_of(tmp_path, _note_a_run) == same
    assert digest_of(tmp_path, differ) != same
