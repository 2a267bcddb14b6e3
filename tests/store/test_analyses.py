from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aggregator.records import ArticleJob, Harm, ModelId, QuarantinedItem, Subscription
from aggregator.store.database import Database
from aggregator.store.schema import metadata
from store.small_news import (
    HARBOUR,
    HILLS,
    LATER,
    NOW,
    TEXT_MODEL,
    add_article,
    analysis,
    analyze,
    entry,
    input_hash,
    model_id,
    opened,
    reading,
    revise,
    row,
    rows,
    sight,
    subscribe,
    writing,
)

NEWER = ModelId("text", "words", "2")


def pending(database: Database, model: int, limit: int = 100, excluding: Sequence[int] = ()) -> list[ArticleJob]:
    with reading(database) as transaction:
        return transaction.analyses.pending(model, limit, excluding)


def ids(jobs: Sequence[ArticleJob]) -> list[int]:
    return [job.article_id for job in jobs]


def test_a_method_has_one_row_however_often_it_is_used(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        first = model_id(database)
        assert model_id(database) == first
        others = [NEWER, ModelId("picture", "words", "1"), ModelId("text", "letters", "1")]
        assert len({first, *(model_id(database, other) for other in others)}) == 4


def test_a_pending_article_comes_with_what_the_analysis_needs(tmp_path: Path) -> None:
    one = entry("one")
    with opened(tmp_path) as database:
        with writing(database) as transaction:
            transaction.feeds.sync([Subscription(HARBOUR, category="sport")], NOW)
        add_article(database, 1, one)
        assert pending(database, model_id(database)) == [
            ArticleJob(1, input_hash(one, "sport"), "Title of one", "Summary of one", "en", "sport")
        ]


def test_an_analysed_article_is_pending_no_more(tmp_path: Path) -> None:
    one, two = entry("one"), entry("two")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        first, second = add_article(database, feed_id, one), add_article(database, feed_id, two)
        model = model_id(database)
        assert ids(pending(database, model)) == [first, second]
        assert ids(pending(database, model, limit=1)) == [first]
        assert ids(pending(database, model, excluding=[first])) == [second]
        analyze(database, analysis(first, one), model)
        assert ids(pending(database, model)) == [second]
        assert rows(database, "SELECT id, language, topic, topic_score FROM articles ORDER BY id") == [
            (first, "en", "sport", 0.75),
            (second, "en", None, None),
        ]


def test_an_article_without_a_topic_counts_as_analysed(tmp_path: Path) -> None:
    one = entry("one")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        article_id = add_article(database, feed_id, one)
        model = model_id(database)
        analyze(database, analysis(article_id, one, topic=None, score=0.0), model)
        assert pending(database, model) == []
        assert rows(database, "SELECT * FROM labels") == []
        assert row(database, "SELECT topic, topic_score FROM articles") == (None, None)


def test_another_model_labels_again_after_what_nobody_labelled(tmp_path: Path) -> None:
    one, two = entry("one"), entry("two")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        first, second = add_article(database, feed_id, one), add_article(database, feed_id, two)
        old, new = model_id(database), model_id(database, NEWER)
        analyze(database, analysis(first, one), old)
        assert ids(pending(database, new)) == [second, first]
        assert ids(pending(database, new, limit=1)) == [second]
        assert ids(pending(database, new, excluding=[second])) == [first]
        analyze(database, analysis(first, one, "health", 0.5), new, LATER)
        assert ids(pending(database, new)) == [second]
        assert ids(pending(database, old)) == [second, first]
        assert rows(database, "SELECT * FROM labels") == [
            (first, "health", 0.5, 1, "words", "2", 1, "2026-03-02 11:30:00")
        ]


def test_an_article_edited_while_it_was_analysed_stays_pending(tmp_path: Path) -> None:
    one, edited = entry("one"), entry("one", title="Edited")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        article_id = add_article(database, feed_id, one)
        model = model_id(database)
        (job,) = pending(database, model)
        revise(database, feed_id, edited)
        analyze(database, analysis(job.article_id, one), model)
        assert [job.title for job in pending(database, model)] == ["Edited"]
        assert row(database, "SELECT topic FROM articles") == (None,)
        assert row(database, "SELECT topic, current FROM labels") == ("sport", 0)
        analyze(database, analysis(article_id, edited, "health"), model)
        assert pending(database, model) == []
        assert rows(database, "SELECT topic, current FROM labels") == [("health", 1)]


def test_an_edit_makes_an_analysed_article_pending_and_its_labels_outdated(tmp_path: Path) -> None:
    one = entry("one")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        article_id = add_article(database, feed_id, one)
        model = model_id(database)
        analyze(database, analysis(article_id, one), model)
        assert row(database, "SELECT current FROM labels") == (1,)
        revise(database, feed_id, entry("one", title="Edited"))
        assert ids(pending(database, model)) == [article_id]
        assert row(database, "SELECT topic, current FROM labels") == ("sport", 0)


def test_of_several_categories_the_first_in_the_alphabet_counts(tmp_path: Path) -> None:
    one = entry("one")
    with opened(tmp_path) as database:
        with writing(database) as transaction:
            transaction.feeds.sync(
                [Subscription(HARBOUR, category="weather"), Subscription(HILLS, category="art")], NOW
            )
        article_id = add_article(database, 1, one)
        model = model_id(database)
        assert [job.category for job in pending(database, model)] == ["weather"]
        analyze(database, analysis(article_id, one, category="weather"), model)
        sight(database, 2, one, article_id)
        assert [(job.category, job.input_hash) for job in pending(database, model)] == [("art", input_hash(one, "art"))]
        analyze(database, analysis(article_id, one, category="weather"), model)
        assert ids(pending(database, model)) == [article_id], "it was analysed under another category"
        analyze(database, analysis(article_id, one, category="art"), model)
        assert pending(database, model) == []


def test_another_category_makes_the_articles_of_a_feed_pending(tmp_path: Path) -> None:
    one, two = entry("one"), entry("two")
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        first, second = add_article(database, harbour, one), add_article(database, hills, two)
        model = model_id(database)
        analyze(database, analysis(first, one), model)
        analyze(database, analysis(second, two), model)
        with writing(database) as transaction:
            transaction.feeds.sync([Subscription(HARBOUR, category="sport"), Subscription(HILLS, title="Hills")], NOW)
        assert ids(pending(database, model)) == [first]


def test_a_quarantined_article_is_left_alone_until_it_is_edited(tmp_path: Path) -> None:
    one = entry("one")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        article_id = add_article(database, feed_id, one)
        other_id = add_article(database, feed_id, entry("two"))
        item = QuarantinedItem("article", article_id, None, "understand", Harm.TIMED_OUT, "too long", input_hash(one))
        with writing(database) as transaction:
            transaction.quarantine.add(item, NOW)
        model = model_id(database)
        assert ids(pending(database, model)) == [other_id]
        revise(database, feed_id, entry("one", title="Edited"))
        assert ids(pending(database, model)) == [article_id, other_id]


def test_an_item_of_another_kind_quarantines_no_article(tmp_path: Path) -> None:
    one = entry("one")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        article_id = add_article(database, feed_id, one)
        with writing(database) as transaction:
            for kind in ("feed", "image"):
                item = QuarantinedItem(kind, article_id, None, "read", Harm.BUG, "", input_hash(one))
                transaction.quarantine.add(item, NOW)
        assert ids(pending(database, model_id(database))) == [article_id]


def test_results_of_many_articles_are_recorded_together(tmp_path: Path) -> None:
    entries = [entry(f"a{n}") for n in range(3)]
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        numbers = [
            add_article(database, feed_id, one) for feed_id, one in zip((harbour, hills, hills), entries, strict=True)
        ]
        model = model_id(database, TEXT_MODEL)
        results = [analysis(number, one) for number, one in zip(numbers, entries, strict=True)]
        with writing(database) as transaction:
            transaction.analyses.record(results, model, NOW)
        assert pending(database, model) == []
        assert row(database, "SELECT COUNT(*) FROM labels WHERE current = 1") == (3,)


def test_a_category_of_another_feed_does_not_set_a_quarantined_article_free(tmp_path: Path) -> None:
    one = entry("one")
    with opened(tmp_path) as database:
        with writing(database) as transaction:
            transaction.feeds.sync(
                [Subscription(HARBOUR, category="sport"), Subscription(HILLS, category="health")], NOW
            )
        add_article(database, 1, one)
        other_id = add_article(database, 2, entry("two"))
        item = QuarantinedItem("article", 1, None, "understand", Harm.CRASHED, "died", input_hash(one, "sport"))
        with writing(database) as transaction:
            transaction.quarantine.add(item, NOW)
        assert ids(pending(database, model_id(database))) == [other_id]


def test_asking_what_is_pending_reads_no_whole_table(tmp_path: Path) -> None:
    asked: list[str] = []
    with opened(tmp_path) as database:
        subscribe(database, HARBOUR)
        model = model_id(database)
        with reading(database) as transaction:
            raw = transaction._connection.connection.driver_connection
            assert raw is not None
            raw.set_trace_callback(asked.append)
            transaction.analyses.pending(model, 100)
            transaction.images.pending_pictures(model, 100)
            raw.set_trace_callback(None)
            questions = [sql for sql in asked if sql.startswith("SELECT")]
            plans = [step for sql in questions for *_, step in raw.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert len(questions) == 5
    assert not {f"SCAN {table}" for table in metadata.tables} & set(plans)
