from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from aggregator.records import ArticleJob, Harm, ModelId, QuarantinedItem, ScoredTopic, Subscription
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
    asked,
    change,
    entry,
    input_hash,
    model_id,
    opened,
    plan,
    reading,
    revise,
    row,
    rows,
    save,
    sight,
    subscribe,
    writing,
)

NEWER = ModelId("text", "words", "2")


HOUR = timedelta(hours=1)
MODELS = "models/text-1.json"


def pending(database: Database, limit: int = 100, excluding: Sequence[int] = ()) -> list[ArticleJob]:
    with reading(database) as transaction:
        return transaction.analyses.pending(limit, MODELS, excluding)


def otherwise(
    database: Database, *in_use: int, after: int = 0, limit: int = 100, excluding: Sequence[int] = ()
) -> tuple[list[ArticleJob], int | None]:
    with reading(database) as transaction:
        return transaction.analyses.labelled_otherwise(in_use, after, limit, MODELS, excluding)


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
        assert pending(database) == [
            ArticleJob(
                1,
                input_hash(one, "sport"),
                "Title of one",
                "Summary of one",
                "en",
                "sport",
                url="https://harbour.test/one",
                models=MODELS,
            )
        ]


def test_what_the_publisher_files_an_article_under_comes_with_it(tmp_path: Path) -> None:
    tags = ("Sport", "Fußball", 'a "quoted" one')
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, replace(entry("one"), categories=tags))
        add_article(database, feed_id, entry("two"))
        assert [job.tags for job in pending(database)] == [tags, ()]
        assert rows(database, "SELECT tags FROM articles ORDER BY id") == [
            ('["Sport", "Fußball", "a \\"quoted\\" one"]',),
            (None,),
        ]


def test_an_analysed_article_is_pending_no_more(tmp_path: Path) -> None:
    one, two = entry("one"), entry("two")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        first, second = add_article(database, feed_id, one), add_article(database, feed_id, two)
        model = model_id(database)
        assert ids(pending(database)) == [first, second]
        assert ids(pending(database, limit=1)) == [first]
        assert ids(pending(database, excluding=[first])) == [second]
        analyze(database, analysis(first, one), model)
        assert ids(pending(database)) == [second]
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
        assert pending(database) == []
        assert rows(database, "SELECT * FROM labels") == []
        assert row(database, "SELECT topic, topic_score FROM articles") == (None, None)


def test_what_another_model_labelled_is_asked_for_apart_from_what_nobody_labelled(tmp_path: Path) -> None:
    one, two = entry("one"), entry("two")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        first, second = add_article(database, feed_id, one), add_article(database, feed_id, two)
        old, new = model_id(database), model_id(database, NEWER)
        analyze(database, analysis(first, one), old)
        assert ids(pending(database)) == [second], "an outdated label is better than none"
        jobs, after = otherwise(database, new)
        assert (ids(jobs), after) == ([first], first)
        assert jobs[0] == ArticleJob(
            first, input_hash(one), one.title, one.summary, "en", url="https://harbour.test/one", models=MODELS
        )
        assert otherwise(database, old) == ([], None)
        assert otherwise(database, old, new) == ([], None)
        analyze(database, analysis(first, one, "health", 0.5), new, LATER)
        assert ids(pending(database)) == [second]
        assert otherwise(database, new) == ([], None)
        assert ids(otherwise(database, old)[0]) == [first]
        assert rows(database, "SELECT * FROM labels") == [
            (first, "health", 0.5, 1, "words", "2", 1, "2026-03-02 11:30:00", new, 0)
        ]


def test_going_through_what_another_model_labelled_ends_and_hands_nothing_out_twice(tmp_path: Path) -> None:
    entries = [entry(f"a{n}") for n in range(7)]
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        numbers = [add_article(database, feed_id, one) for one in entries]
        old, new = model_id(database), model_id(database, NEWER)
        for number, one in zip(numbers, entries, strict=True):
            analyze(database, analysis(number, one), new if number == numbers[3] else old)
        item = QuarantinedItem(
            "article", numbers[2], None, "understand", Harm.TIMED_OUT, "too long", input_hash(entries[2])
        )
        with writing(database) as transaction:
            transaction.quarantine.add(item, NOW)
        found: list[list[int]] = []
        after: int | None = 0
        while after is not None:
            jobs, after = otherwise(database, new, after=after, limit=2, excluding=numbers[4:5])
            found.append(ids(jobs))
        assert found == [[numbers[0], numbers[1]], [], numbers[5:], []]
        assert ids(otherwise(database, new, after=numbers[5])[0]) == numbers[6:]


def test_an_edited_article_is_pending_and_not_labelled_otherwise(tmp_path: Path) -> None:
    one = entry("one")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        article_id = add_article(database, feed_id, one)
        analyze(database, analysis(article_id, one), model_id(database))
        revise(database, feed_id, entry("one", title="Edited"))
        assert ids(pending(database)) == [article_id]
        assert otherwise(database, model_id(database, NEWER)) == ([], None)


def test_old_articles_lie_before_the_last_that_was_seen_before_a_moment(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        for n in range(4):
            save(database, feed_id, change(entry(f"a{n}")), now=NOW + n * HOUR)
        with reading(database) as transaction:
            found = [transaction.analyses.last_before(NOW + n * HOUR) for n in range(6)]
        assert found == [0, 1, 2, 3, 4, 4]


def test_an_analysis_keeps_all_topics_in_their_order_and_doubts_the_first_alone(tmp_path: Path) -> None:
    one = entry("one")
    topics = (ScoredTopic("sport", 0.4), ScoredTopic("health", 0.3), ScoredTopic("weather", 0.1))
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        article_id = add_article(database, feed_id, one)
        model = model_id(database)
        analyze(database, replace(analysis(article_id, one), topics=topics, is_unsure=True), model)
        labels = "SELECT topic, score, rank, unsure, model_id FROM labels ORDER BY rank"
        assert rows(database, labels) == [
            ("sport", 0.4, 1, 1, model),
            ("health", 0.3, 2, 0, model),
            ("weather", 0.1, 3, 0, model),
        ]
        assert row(database, "SELECT topic, topic_score, unsure FROM articles") == ("sport", 0.4, 1)
        analyze(database, analysis(article_id, one), model)
        assert rows(database, labels) == [("sport", 0.75, 1, 0, model)]


def test_an_article_edited_while_it_was_analysed_stays_pending(tmp_path: Path) -> None:
    one, edited = entry("one"), entry("one", title="Edited")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        article_id = add_article(database, feed_id, one)
        model = model_id(database)
        (job,) = pending(database)
        revise(database, feed_id, edited)
        analyze(database, analysis(job.article_id, one), model)
        assert [job.title for job in pending(database)] == ["Edited"]
        assert row(database, "SELECT topic FROM articles") == (None,)
        assert row(database, "SELECT topic, current FROM labels") == ("sport", 0)
        analyze(database, analysis(article_id, edited, "health"), model)
        assert pending(database) == []
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
        assert ids(pending(database)) == [article_id]
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
        assert [job.category for job in pending(database)] == ["weather"]
        analyze(database, analysis(article_id, one, category="weather"), model)
        sight(database, 2, one, article_id)
        assert [(job.category, job.input_hash) for job in pending(database)] == [("art", input_hash(one, "art"))]
        analyze(database, analysis(article_id, one, category="weather"), model)
        assert ids(pending(database)) == [article_id], "it was analysed under another category"
        analyze(database, analysis(article_id, one, category="art"), model)
        assert pending(database) == []


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
        assert ids(pending(database)) == [first]


def test_a_quarantined_article_is_left_alone_until_it_is_edited(tmp_path: Path) -> None:
    one = entry("one")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        article_id = add_article(database, feed_id, one)
        other_id = add_article(database, feed_id, entry("two"))
        item = QuarantinedItem("article", article_id, None, "understand", Harm.TIMED_OUT, "too long", input_hash(one))
        with writing(database) as transaction:
            transaction.quarantine.add(item, NOW)
        assert ids(pending(database)) == [other_id]
        revise(database, feed_id, entry("one", title="Edited"))
        assert ids(pending(database)) == [article_id, other_id]


def test_an_item_of_another_kind_quarantines_no_article(tmp_path: Path) -> None:
    one = entry("one")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        article_id = add_article(database, feed_id, one)
        with writing(database) as transaction:
            for kind in ("feed", "image"):
                item = QuarantinedItem(kind, article_id, None, "read", Harm.BUG, "", input_hash(one))
                transaction.quarantine.add(item, NOW)
        assert ids(pending(database)) == [article_id]


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
            transaction.analyses.record([replace(one, model_id=model) for one in results], NOW)
        assert pending(database) == []
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
        assert ids(pending(database)) == [other_id]


def test_asking_what_is_pending_reads_no_whole_table(tmp_path: Path) -> None:
    one = entry("one")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        model = model_id(database)
        analyze(database, analysis(add_article(database, feed_id, one), one), model)
        with reading(database) as transaction, asked(transaction) as questions:
            transaction.analyses.pending(100, MODELS)
            transaction.analyses.labelled_otherwise([model + 1], 0, 100, MODELS)
            transaction.images.pending_pictures(model, 100)
        assert len(questions) == 6
        plans = [step for question in questions for step in plan(database, question)]
        assert not {f"SCAN {table}" for table in metadata.tables} & set(plans)


def test_looking_for_old_articles_begins_with_the_newest_and_sorts_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with reading(database) as transaction, asked(transaction) as questions:
            transaction.analyses.last_before(NOW)
        (question,) = questions
        assert "ORDER BY article.id DESC" in question
        assert plan(database, question) == ["SCAN article"]


def test_labels_below_another_threshold_are_unsure_from_now_on(tmp_path: Path) -> None:
    one, two = entry("one"), entry("two")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        first, second = add_article(database, feed_id, one), add_article(database, feed_id, two)
        model = model_id(database)
        analyze(database, analysis(first, one, "sport", 0.4), model)
        analyze(database, analysis(second, two, "health", 0.8), model)
        for below, unsure in ((0.5, [1, 0]), (0.9, [1, 1]), (0.3, [0, 0])):
            with writing(database) as transaction:
                transaction.analyses.mark_unsure(below)
            assert rows(database, "SELECT unsure FROM articles ORDER BY id") == [(one,) for one in unsure]
            assert rows(database, "SELECT unsure FROM labels ORDER BY article_id") == [(one,) for one in unsure]
