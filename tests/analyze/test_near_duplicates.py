from __future__ import annotations

from dataclasses import replace

import pytest
from story_articles import AFTERSHOCK, EARTHQUAKE, FERRY, QUAKE, ROADS, article, duplicates, in_one_feed, parts

from aggregator.analyze.stories import tell_stories


def test_the_same_title_repeats_the_first_that_had_it() -> None:
    told = tell_stories([article(1, EARTHQUAKE), article(2, EARTHQUAKE.upper() + "!"), article(3, EARTHQUAKE)])
    assert duplicates(told) == {1: None, 2: 1, 3: 1}


def test_nearly_the_same_words_repeat() -> None:
    text = "A shallow quake of magnitude 5.4 hit the Skaddin range, toppled a church tower and hurt 23 villagers."
    told = tell_stories([article(1, EARTHQUAKE, text), article(2, "Quake: " + EARTHQUAKE, text + " Roads are shut.")])
    assert duplicates(told) == {1: None, 2: 1}


def test_the_same_address_repeats_whatever_it_says() -> None:
    told = tell_stories([article(1, EARTHQUAKE), replace(article(2, FERRY), url="example.org/1")])
    assert duplicates(told) == {1: None, 2: 1}
    assert parts(told) == {frozenset({1, 2})}


def test_other_words_on_the_same_event_repeat_nothing() -> None:
    told = tell_stories([article(1, EARTHQUAKE), article(2, AFTERSHOCK)])
    assert parts(told) == {frozenset({1, 2})}
    assert duplicates(told) == {1: None, 2: None}


def test_ten_columns_called_editorial_are_ten_stories() -> None:
    told = tell_stories([article(one, "Editorial") for one in range(1, 11)])
    assert len(told.stories) == 10
    assert set(duplicates(told).values()) == {None}


def test_a_short_title_is_no_repetition_but_its_text_counts() -> None:
    told = tell_stories([article(1, "Editorial", EARTHQUAKE), article(2, "Editorial", FERRY)])
    assert len(told.stories) == 2


def test_a_repetition_lies_within_the_window() -> None:
    told = tell_stories([article(one, EARTHQUAKE, hours=60 * one) for one in range(1, 5)])
    assert duplicates(told) == {1: None, 2: 1, 3: None, 4: 3}


def test_many_things_on_one_page_of_a_feed_repeat_nothing() -> None:
    page = [replace(one, url="example.org/page") for one in in_one_feed(article(1, EARTHQUAKE), article(2, FERRY))]
    elsewhere = replace(article(3, "Bakers quarrel over an oven"), url="example.org/page", feed_id=2)
    assert duplicates(tell_stories([*page, elsewhere])) == {1: None, 2: None, 3: None}


def test_within_a_feed_only_nearly_the_same_text_repeats() -> None:
    first, again = article(1, EARTHQUAKE, QUAKE), article(2, "Quake: " + EARTHQUAKE, QUAKE + ROADS)
    assert duplicates(tell_stories([first, again])) == {1: None, 2: 1}
    assert duplicates(tell_stories(in_one_feed(first, again))) == {1: None, 2: None}
    assert duplicates(tell_stories(in_one_feed(first, replace(again, title=first.title, text=QUAKE)))) == {
        1: None,
        2: 1,
    }


def test_a_column_of_the_same_name_repeats_nothing_in_its_feed() -> None:
    name = "Ten things to know today"
    columns = article(1, name, QUAKE), article(2, name, "Norsund cancels winter sailings, and pilots strike again.")
    assert duplicates(tell_stories(in_one_feed(*columns))) == {1: None, 2: None}


@pytest.mark.parametrize(
    ("one", "other"), [("Minisode 1", "Minisode 2"), ("in 2021", "in 2022"), ("v0.99.0", "v0.99.1")]
)
def test_titles_with_other_numbers_repeat_nothing(one: str, other: str) -> None:
    first, second = article(1, f"{EARTHQUAKE} {one}", QUAKE), article(2, f"{EARTHQUAKE} {other}", QUAKE)
    assert set(duplicates(tell_stories([first, second])).values()) == {None}
    assert set(duplicates(tell_stories(in_one_feed(first, second))).values()) == {None}


def test_a_few_words_repeat_nothing() -> None:
    told = tell_stories([article(1, "London local elections 2022"), article(2, "Local elections 2022 London")])
    assert duplicates(told) == {1: None, 2: None}
