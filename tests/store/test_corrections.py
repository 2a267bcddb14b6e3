"""What a person says of a topic counts, whether it was said to the program or written with SQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.errors import UsageError
from aggregator.store.database import Database
from store.small_news import HARBOUR, LATER, NOW, analysis, analyze, model_id, opened, row, rows, subscribe, writing
from store.story_rows import add_analysed, entry_at, tell_stories, told

SHOWN = "SELECT topic, topic_score, topic_from, unsure FROM articles WHERE id = 1"


def give(database: Database, article_id: int, topic: str | None) -> str:
    with writing(database) as transaction:
        return transaction.corrections.give(article_id, topic, LATER)


def test_a_correction_is_shown_in_the_place_of_the_label_until_it_is_taken_back(tmp_path: Path) -> None:
    one = entry_at("1-1-en", NOW)
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1, 2)
        analyze(database, replace(analysis(1, one, score=0.25), is_unsure=True), model_id(database))
        tell_stories(database, told(1, 2))
        assert row(database, SHOWN) == ("sport", 0.25, "words", 1)
        assert give(database, 1, "health") == "Title of 1-1-en"
        assert row(database, SHOWN) == ("health", 1.0, "correction", 0)
        assert rows(database, "SELECT topic FROM stories") == [("health",)]
        assert rows(database, "SELECT topic, unsure FROM labels WHERE article_id = 1") == [("sport", 1)], "it is kept"
        give(database, 1, "weather")
        assert rows(database, "SELECT * FROM corrections") == [(1, "weather", "2026-03-02 11:30:00")]
        analyze(database, analysis(1, one, "art"), model_id(database))
        assert row(database, SHOWN) == ("weather", 1.0, "correction", 0)
        give(database, 1, None)
        assert row(database, SHOWN) == ("art", 0.75, "words", 0)
        assert rows(database, "SELECT topic FROM stories") == [("art",)]


def test_an_article_may_be_corrected_before_it_is_analysed(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1)
        with database.write() as connection:
            connection.exec_driver_sql("UPDATE article SET analysis_id = NULL")
        assert row(database, SHOWN) == (None, None, None, 0)
        give(database, 1, "health")
        assert row(database, SHOWN) == ("health", 1.0, "correction", 0)


@pytest.mark.parametrize("topic", ["sport", None])
def test_an_article_that_there_is_not_is_named(tmp_path: Path, topic: str | None) -> None:
    with opened(tmp_path) as database, pytest.raises(UsageError, match="there is no article 7; ids are in the view"):
        give(database, 7, topic)


def test_plain_sql_may_correct(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1)
        with closing(sqlite3.connect(tmp_path / "news.db")) as connection, connection:
            connection.execute("INSERT INTO correction (article_id, topic) VALUES (1, 'my own')")
        assert row(database, SHOWN) == ("my own", 1.0, "correction", 0)
        pattern = "[12]___-__-__ __:__:__".replace("_", "[0-9]")
        assert rows(database, f"SELECT article_id FROM corrections WHERE made_at GLOB '{pattern}'") == [(1,)]  # noqa: S608
