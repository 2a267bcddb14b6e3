from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.analyze.story_ids import keep_ids
from aggregator.records import StoryArticle, StoryMerge

AT = datetime(2026, 3, 1, tzinfo=UTC)


def told(*stories: list[int | None]) -> list[list[StoryArticle]]:
    """Articles that had these stories so far, in their new stories."""
    return [[StoryArticle(0, 1, AT, "en", "", "", None, story_id=old) for old in story] for story in stories]


def settled(*stories: list[int]) -> list[list[StoryArticle]]:
    return [[StoryArticle(0, 1, AT, "en", "", "", None, old, is_settled=True) for old in story] for story in stories]


def test_a_story_without_known_articles_is_new() -> None:
    assert keep_ids(told([None, None], [4, None])) == ([None, 4], ())


def test_a_story_that_splits_keeps_its_id_on_the_larger_part() -> None:
    assert keep_ids(told([7], [7, 7, None])) == ([None, 7], ())


def test_equal_parts_leave_the_id_with_the_one_that_began_first() -> None:
    assert keep_ids(told([7, None], [7])) == ([7, None], ())


def test_the_larger_story_gives_its_id_to_what_two_became() -> None:
    assert keep_ids(told([3, 8, 8])) == ([8], (StoryMerge(3, 8),))


def test_of_equals_the_lower_id_stays() -> None:
    assert keep_ids(told([8, 3, 3, 8])) == ([3], (StoryMerge(8, 3),))


def test_a_story_that_is_no_more_goes_where_most_of_its_articles_are() -> None:
    ids, merges = keep_ids(told([1, 1, 1, 9], [2, 2, 2, 9, 9]))
    assert (ids, merges) == ([1, 2], (StoryMerge(9, 2),))


def test_a_story_finds_a_second_place_where_the_best_is_taken() -> None:
    assert keep_ids(told([1, 1, 1, 5, 5], [5])) == ([1, 5], ())


def test_settled_articles_hold_the_id_against_a_larger_part() -> None:
    stories = settled([6])
    stories += told([6, 6, 6])
    assert keep_ids(stories) == ([6, None], ())


def test_a_settled_story_merges_as_a_whole() -> None:
    both = settled([6])[0] + told([2, 2])[0]
    assert keep_ids([both, *told([6, 6, 6])]) == ([2, None], (StoryMerge(6, 2),))


old_ids = st.one_of(st.none(), st.integers(1, 6))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(old_ids, min_size=1, max_size=6), max_size=6))
def test_every_old_id_lives_once_or_merges_into_a_living_one(old: list[list[int | None]]) -> None:
    ids, merges = keep_ids(told(*old))
    living = [one for one in ids if one is not None]
    gone = [merge.story_id for merge in merges]
    assert sorted(living + gone) == sorted({one for story in old for one in story if one is not None})
    assert {merge.merged_into for merge in merges} <= set(living)
    assert all(one is None or one in story for one, story in zip(ids, old, strict=True))
