"""What was told is kept: stories, their articles, merges and keywords, whatever happened to the rows meanwhile."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.records import StoryArticle, StoryMember, StoryMerge, StoryNews
from aggregator.store.database import Database
from aggregator.store.stories import TEXT_CHARS
from store.small_news import (
    HARBOUR,
    HILLS,
    add_article,
    analysis,
    analyze,
    asked,
    model_id,
    opened,
    plan,
    reading,
    revise,
    row,
    rows,
    subscribe,
    writing,
)
from store.story_rows import (
    HOUR,
    START,
    add_analysed,
    entry_at,
    hash_of,
    keywords_of,
    places,
    sizes,
    tell,
    tell_stories,
    told,
)

# --- saving ----------------------------------------------------------------------------------------------------------


def test_a_new_story_gets_an_id_and_is_counted_from_its_articles(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        add_analysed(database, harbour, 3, 1)
        add_analysed(database, hills, 2, 9)
        assert tell_stories(database, told(1, 2, 3, lead=2, duplicates=[3]), told(4, title="Alone")) == [1, 2]
        assert rows(
            database,
            "SELECT id, title, size, sources, first_at, last_at, language, lead_article_id FROM stories ORDER BY id",
        ) == [
            (1, "Flood", 3, 2, "2026-02-20 07:30:00", "2026-02-20 09:30:00", "en", 2),
            (2, "Alone", 1, 1, "2026-02-20 15:30:00", "2026-02-20 15:30:00", "en", 4),
        ]
        assert rows(database, "SELECT id, story_id, duplicate_of FROM articles ORDER BY id") == [
            (1, 1, None),
            (2, 1, None),
            (3, 1, 2),
            (4, 2, None),
        ]
        assert rows(database, "SELECT * FROM merged_stories") == []


def test_articles_join_a_story_and_its_lead_stays(tmp_path: Path) -> None:
    """Of a story that was known only the members that are new are handed in: the lead is seldom among them."""
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1, 2, 3)
        assert tell_stories(database, told(1, 2)) == [1]
        joining = replace(told(3, story_id=1, lead=1), members=(StoryMember(3, 0.25, duplicate_of=2),))
        assert tell_stories(database, joining) == [1]
        assert row(database, "SELECT lead_article_id, size FROM stories") == (1, 3)
        assert rows(database, "SELECT duplicate_of FROM articles ORDER BY id") == [(None,), (None,), (2,)]
        assert tell_stories(database, told(story_id=1, lead=2, title="High water")) == [1]
        assert row(database, "SELECT title, lead_article_id, size FROM stories") == ("High water", 2, 3)


def test_an_article_that_changes_its_story_is_counted_in_both(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        add_analysed(database, harbour, 1, 2)
        add_analysed(database, hills, 3, 4)
        tell_stories(database, told(1, 2, 3), told(4))
        assert sizes(database) == {1: (3, 2), 2: (1, 1)}
        assert tell_stories(database, told(3, story_id=2, lead=4)) == [2]
        assert sizes(database) == {1: (2, 1), 2: (2, 1)}
        assert rows(database, "SELECT first_at, last_at FROM stories ORDER BY id") == [
            ("2026-02-20 07:30:00", "2026-02-20 08:30:00"),
            ("2026-02-20 09:30:00", "2026-02-20 10:30:00"),
        ]
        assert places(database) == {1: 1, 2: 1, 3: 2, 4: 2}


def test_a_story_that_merges_takes_its_articles_and_earlier_merges_along(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1, 2, 3, 4)
        tell_stories(database, told(1), told(2), told(3), told(4))
        tell(database, StoryNews((told(3, story_id=2, lead=2),), (StoryMerge(3, 2),)), START)
        assert rows(database, "SELECT * FROM merged_stories") == [(3, 2, "2026-02-20 06:30:00")]
        tell(database, StoryNews((), (StoryMerge(2, 1),)), START + HOUR)
        assert places(database) == {1: 1, 2: 1, 3: 1, 4: 4}, "those that nobody named too"
        assert rows(database, "SELECT * FROM merged_stories ORDER BY id") == [
            (2, 1, "2026-02-20 07:30:00"),
            (3, 1, "2026-02-20 06:30:00"),
        ]
        assert rows(database, "SELECT id, size, lead_article_id FROM stories ORDER BY id") == [(1, 3, 1), (4, 1, 4)]
        assert sizes(database) == {1: (3, 1), 2: (0, 0), 3: (0, 0), 4: (1, 1)}


def test_a_merged_story_may_live_again(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1, 2)
        tell_stories(database, told(1), told(2))
        tell(database, StoryNews((), (StoryMerge(2, 1),)))
        assert tell_stories(database, told(2, story_id=2)) == [2]
        assert sizes(database) == {1: (1, 1), 2: (1, 1)}
        assert rows(database, "SELECT merged_into, merged_at FROM story") == [(None, None), (None, None)]


# --- what happened meanwhile -----------------------------------------------------------------------------------------


def prune(database: Database, *article_ids: int) -> None:
    with writing(database) as transaction:
        transaction.articles.prune(article_ids, START)


def test_articles_that_were_removed_meanwhile_are_left_out(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1, 2, 3)
        prune(database, 1)
        news = StoryNews(
            (told(1, 2, 3, duplicates=[3]), told(1, title="Gone")),
            told=((1, hash_of(1, 1)), (2, hash_of(1, 2))),
            keywords=(keywords_of(1, "gone"), keywords_of(2, "here")),
        )
        tell(database, news)
        assert rows(database, "SELECT id, size, lead_article_id FROM stories") == [(1, 2, None)], "no empty one"
        assert rows(database, "SELECT id, duplicate_of FROM articles ORDER BY id") == [(2, None), (3, None)]
        assert rows(database, "SELECT article_id, term FROM keywords") == [(2, "here")]
        assert rows(database, "PRAGMA foreign_key_check") == []


def test_a_story_that_was_removed_meanwhile_is_made_again_under_its_id(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1, 2, 3, 4)
        tell_stories(database, told(3), told(1))
        prune(database, 1)
        assert sizes(database) == {1: (1, 1)}
        assert tell_stories(database, told(4, title="New"), told(2, story_id=2, lead=1)) == [3, 2]
        assert rows(database, "SELECT id, title, size FROM stories ORDER BY id") == [
            (1, "Flood", 1),
            (2, "Flood", 1),
            (3, "New", 1),
        ]
        assert places(database) == {2: 2, 3: 1, 4: 3}


def test_nothing_merges_into_a_story_that_was_removed_meanwhile(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1, 2)
        tell_stories(database, told(1), told(2))
        prune(database, 1)
        tell(database, StoryNews((), (StoryMerge(2, 1),)))
        assert rows(database, "SELECT id, size FROM stories") == [(2, 1)]
        assert rows(database, "SELECT * FROM merged_stories") == []


def test_an_article_that_was_edited_meanwhile_stays_untold(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1, 2)
        edited = replace(entry_at("1-1-en", START + HOUR), title="Edited")
        revise(database, feed_id, edited)
        tell(database, StoryNews((told(1, 2),), told=((1, hash_of(1, 1)), (2, hash_of(1, 2)))))
        assert untold(database) == [], "it waits for an analysis of its present text"
        analyze(database, analysis(1, edited), model_id(database))
        assert untold(database) == [START + HOUR]
        assert places(database) == {1: 1, 2: 1}


# --- keywords --------------------------------------------------------------------------------------------------------


def test_new_keywords_take_the_place_of_the_old(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1, 2)
        both = (1, hash_of(1, 1)), (2, hash_of(1, 2))
        tell(database, StoryNews(told=both, keywords=(keywords_of(1, "flood", "rain"), keywords_of(2, "dike"))))
        tell(database, StoryNews(told=both[:1], keywords=(keywords_of(1, "harbour"), keywords_of(2, "not asked for"))))
        kept = "SELECT article_id, term FROM keywords ORDER BY 1, rank"
        assert rows(database, kept) == [(1, "harbour"), (2, "dike")], "keywords are those of what was looked at"
        tell(database, StoryNews(told=both[1:], keywords=(keywords_of(2, "high dike", "dike"),)))
        assert rows(database, "SELECT article_id, term, score, rank FROM keywords ORDER BY 1, rank") == [
            (1, "harbour", 1.0, 1),
            (2, "high dike", 1.0, 1),
            (2, "dike", 0.5, 2),
        ]


# --- what is untold --------------------------------------------------------------------------------------------------


def untold(database: Database, after: datetime = START, limit: int = 9) -> list[datetime]:
    with reading(database) as transaction:
        return transaction.stories.untold_times(after, limit)


def test_analysed_articles_are_untold_until_their_text_was_compared(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        assert untold(database) == []
        with reading(database) as transaction:
            assert transaction.stories.newest_time() is None
        add_analysed(database, feed_id, 5, 1, 3)
        add_article(database, feed_id, entry_at("not analysed", START + 2 * HOUR))
        moments = [START + hour * HOUR for hour in (1, 3, 5)]
        assert untold(database) == moments
        assert untold(database, limit=2) == moments[:2]
        assert untold(database, after=START + 3 * HOUR) == moments[1:]
        assert untold(database, after=datetime.min.replace(tzinfo=UTC)) == moments
        with reading(database) as transaction:
            assert transaction.stories.newest_time() == moments[-1]
            spans = [
                transaction.stories.untold_between(START + first * HOUR, START + last * HOUR)
                for first, last in [(1, 3), (2, 4), (4, 4), (0, 9)]
            ]
        one, three, five = {2: hash_of(1, 1)}, {3: hash_of(1, 3)}, {1: hash_of(1, 5)}
        assert spans == [one | three, three, {}, one | three | five]
        tell(database, StoryNews(told=((3, hash_of(1, 3)),)))
        assert untold(database) == [moments[0], moments[2]], "a story is no matter: it is the text"


def test_the_untold_are_found_by_their_own_index(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with reading(database) as transaction, asked(transaction) as questions:
            transaction.stories.untold_times(START, 9)
            transaction.stories.untold_between(START, START + HOUR)
            transaction.stories.newest_time()
            transaction.stories.articles_between(START, START + HOUR, START)
        plans = [plan(database, question) for question in questions]
        assert plans[0] == ["SEARCH article USING INDEX ix_article_untold (effective_at>?)"]
        assert plans[1] == ["SEARCH article USING INDEX ix_article_untold (effective_at>? AND effective_at<?)"]
        assert plans[2] == ["SEARCH article USING COVERING INDEX ix_article_effective_at"]
        assert "ix_article_effective_at (effective_at>? AND effective_at<?)" in plans[3][0]


# --- the articles of a span ------------------------------------------------------------------------------------------


def test_articles_before_the_span_are_settled_if_they_have_a_story(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 4, 1, 2, 3, 5, 0, 6)
        add_article(database, feed_id, entry_at("not analysed", START + 2 * HOUR))
        tell_stories(database, told(2, 4), told(1))
        with reading(database) as transaction:
            found = transaction.stories.articles_between(START + HOUR, START + 5 * HOUR, START + 3 * HOUR)
        assert [(one.article_id, one.story_id, one.is_settled) for one in found] == [
            (2, 1, True),
            (3, None, False),
            (4, 1, False),
            (1, 2, False),
            (5, None, False),
        ]


def test_an_article_comes_with_what_is_compared(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        add_analysed(database, harbour, 1)
        add_analysed(database, hills, 2, language=None)
        long = replace(entry_at("long", START + 3 * HOUR), summary="ä" * (TEXT_CHARS + 1), url=None)
        analyze(database, analysis(add_article(database, hills, long), long), model_id(database))
        with reading(database) as transaction:
            found = transaction.stories.articles_between(START, START + 3 * HOUR, START)
        assert found == [
            StoryArticle(
                *(1, harbour, START + HOUR, "en", "Title of 1-1-en", "Summary of 1-1-en"),
                url="harbour.test/1-1-en",
            ),
            StoryArticle(
                *(2, hills, START + 2 * HOUR, "", "Title of 2-2-None", "Summary of 2-2-None"),
                url="harbour.test/2-2-None",
            ),
            StoryArticle(3, hills, START + 3 * HOUR, "en", "Title of long", "ä" * TEXT_CHARS, url=None),
        ]


def test_the_newest_articles_are_read_and_whether_their_times_were_told(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1, 3, 2)
        undated = replace(entry_at("undated", START), published_at=None)
        number = add_article(database, feed_id, undated)
        analyze(database, analysis(number, undated), model_id(database))
        with reading(database) as transaction:
            found = transaction.stories.newest_articles(10)
            assert [one.article_id for one in found if one.is_dated] == [2, 3, 1]
            assert [one.article_id for one in found if not one.is_dated] == [number]
            assert transaction.stories.newest_articles(1) == found[:1]


def test_what_was_told_can_be_compared_with_what_is_told_now(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1, 2, 3)
        tell_stories(database, told(1, 2, duplicates=[2]))
        with reading(database) as transaction:
            assert transaction.stories.members([1, 2, 3]) == {
                1: (1, StoryMember(1, 0.5)),
                2: (1, StoryMember(2, 0.5, duplicate_of=1)),
            }
            assert transaction.stories.titles([1, 2]) == {1: ("Flood", 1)}
            assert transaction.stories.members([]) == {}
            assert transaction.stories.titles([]) == {}


# --- the law ---------------------------------------------------------------------------------------------------------

ARTICLES = range(1, 7)
PLACED = st.lists(st.tuples(st.sampled_from(ARTICLES), st.integers(1, 4)), min_size=1, max_size=8)
"""Articles, each with the story that it shall tell; one that there is not yet is new."""


@pytest.fixture(scope="module")
def six_articles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that is copied for each example, which is quicker than to fill it anew."""
    folder = tmp_path_factory.mktemp("six")
    with opened(folder) as database:
        for feed_id in subscribe(database, HARBOUR, HILLS):
            add_analysed(database, feed_id, 1, 2, 3)
    return folder / "news.db"


@settings(max_examples=10, deadline=None)
@given(turns=st.lists(st.tuples(PLACED, st.none() | st.sampled_from(ARTICLES)), min_size=1, max_size=4))
def test_counts_and_merges_are_right_whatever_was_told_in_whatever_order(
    six_articles: Path, turns: list[tuple[list[tuple[int, int]], int | None]]
) -> None:
    with TemporaryDirectory() as folder, opened(Path(shutil.copy(six_articles, folder)).parent) as database:
        for wanted, removed in turns:
            alive = {number for (number,) in rows(database, "SELECT id FROM stories")}
            stories = [
                told(*sorted(one for one, place in dict(wanted).items() if place == story))
                for story in sorted(set(dict(wanted).values()))
            ]
            kept = [
                replace(one, story_id=number) if number in alive else one for number, one in enumerate(stories, start=1)
            ]
            merges = [StoryMerge(max(alive), min(alive))] if len(alive) > len(kept) else []
            if removed:
                prune(database, removed)
            tell(database, StoryNews(tuple(kept), tuple(merges)))
            assert_counted(database)


def assert_counted(database: Database) -> None:
    counted = """
        SELECT a.story_id, COUNT(*), COUNT(DISTINCT a.feed_url), MIN(a.effective_at), MAX(a.effective_at)
        FROM articles a WHERE a.story_id IS NOT NULL GROUP BY 1 ORDER BY 1
    """
    stories = "SELECT id, size, sources, first_at, last_at FROM stories ORDER BY id"
    assert rows(database, stories) == rows(database, counted)
    assert rows(database, "SELECT * FROM merged_stories WHERE merged_into NOT IN (SELECT id FROM stories)") == []
    assert rows(database, "PRAGMA foreign_key_check") == []
