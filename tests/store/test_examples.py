"""Articles to learn topics from: the newest, what was corrected, and what publishers and feeds say of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from aggregator.records import Subscription, TopicExample
from aggregator.store.database import Database
from aggregator.store.examples import TEXT_CHARS
from store.small_news import (
    HARBOUR,
    HILLS,
    NOW,
    add_article,
    analysis,
    analyze,
    entry,
    model_id,
    opened,
    reading,
    sight,
    subscribe,
    writing,
)
from store.story_rows import add_analysed, entry_at


def examples(database: Database, language: str = "en", limit: int = 100) -> list[TopicExample]:
    with reading(database) as transaction:
        return transaction.examples.of_language(language, limit)


def numbers(found: list[TopicExample]) -> list[int]:
    return [one.article_id for one in found]


def test_an_example_has_all_that_tells_its_topic(tmp_path: Path) -> None:
    one = replace(entry("one"), categories=("Football", "Cup"), summary="x" * (TEXT_CHARS + 1))
    with opened(tmp_path) as database:
        with writing(database) as transaction:
            feeds = [Subscription(HARBOUR, category="sport"), Subscription(HILLS, category="health")]
            transaction.feeds.sync(feeds, NOW)
        add_article(database, 1, one)
        add_article(database, 2, replace(entry("two"), url=None))
        sight(database, 2, one, 1)
        model = model_id(database)
        analyze(database, analysis(1, one, category="health"), model)
        analyze(database, analysis(2, entry("two"), category="health"), model)
        with writing(database) as transaction:
            transaction.corrections.give(2, "weather", NOW)
        assert examples(database) == [
            TopicExample(
                *(1, 1, "Title of one", "x" * TEXT_CHARS, "health", ("Football", "Cup")),
                url="https://harbour.test/one",
            ),
            TopicExample(2, 2, "Title of two", "Summary of two", "health", correction="weather"),
        ]


def test_those_that_were_analysed_last_are_taken_and_all_that_were_corrected(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1, 2, 3, 4, 5)
        add_analysed(database, feed_id, 6, language="de")
        add_article(database, feed_id, entry("not analysed"))
        analyze(database, analysis(2, entry_at("1-2-en", NOW)), model_id(database))
        with writing(database) as transaction:
            for article_id in (1, 5, 6, 7):
                transaction.corrections.give(article_id, "sport", NOW)
        assert numbers(examples(database)) == [1, 2, 3, 4, 5]
        assert numbers(examples(database, limit=2)) == [1, 2, 5]
        assert numbers(examples(database, limit=1)) == [1, 2, 5]
        assert numbers(examples(database, "de")) == [6]
        assert examples(database, "fr") == []
