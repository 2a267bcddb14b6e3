from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.analyze.keyword_words import function_words
from aggregator.analyze.keywords import MOST_KEYWORDS, choose_keywords
from aggregator.records import StoryArticle

NOW = datetime(2026, 1, 6, tzinfo=UTC)
LANGUAGES = ("en", "de", "es", "fr", "it", "nl", "pt")

NOTHING_SHARED = (
    "The harbour was dredged before winter.",
    "Two bakers quarrelled over an oven.",
    "A comet passed behind the clouds.",
    "Farmers counted fewer lambs than expected.",
    "The library repaired its roof.",
    "Divers photographed an old anchor.",
)


def article(number: int, title: str, text: str = "", language: str = "en", feed: int = 1) -> StoryArticle:
    return StoryArticle(number, feed, NOW, language, title, text, url=None)


def context(language: str = "en") -> list[StoryArticle]:
    return [article(1_000 + at, "", text, language, feed=50 + at) for at, text in enumerate(NOTHING_SHARED)]


def terms(wanted: StoryArticle, *others: StoryArticle) -> list[str]:
    [chosen] = choose_keywords([wanted.article_id], [wanted, *others])
    assert chosen.article_id == wanted.article_id
    return [one.term for one in chosen.keywords]


def score(term: str, wanted: StoryArticle, *others: StoryArticle) -> float:
    [chosen] = choose_keywords([wanted.article_id], [wanted, *others])
    return next(one.score for one in chosen.keywords if one.term == term)


# --- phrases ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("en", "In Berlin the chancellor Angela Merkel resigned.", "Angela Merkel"),
        ("en", "Rates were left alone by the Bank of England yesterday.", "Bank of England"),
        ("en", "They flew to New Zealand.", "New Zealand"),
        ("en", "New Zealand won again.", "New Zealand"),
        ("en", "A speech by John F. Kennedy was found.", "John F. Kennedy"),
        ("de", "In Brüssel sprach gestern Ursula Albrecht.", "Ursula Albrecht"),
        ("fr", "Des pluies sont tombées sur la Côte d'Ivoire.", "Côte d'Ivoire"),
        ("fr", "Le port de La Rochelle rouvre.", "La Rochelle"),
        ("es", "Habló el alcalde de Rivas del Monte.", "Rivas del Monte"),
        ("pl", "Na granicy stanął premier Jan Nowak.", "Jan Nowak"),
    ],
)
def test_a_name_is_one_keyword(language: str, text: str, name: str) -> None:
    found = terms(article(1, "", text, language), *context(language))
    assert name in found
    assert [one for one in found if one != name and one in name.split()] == []


@pytest.mark.parametrize(
    "text",
    [
        "They met in Paris. Angela waited.",
        "They met in Paris, Angela waited.",
        "They met in Paris (Angela waited).",
        "They met in Paris\nAngela waited.",
        "It was Paris's Angela who waited.",
        "They met in Paris while Angela waited.",
    ],
)
def test_a_name_ends_where_something_stands_between(text: str) -> None:
    found = terms(article(1, "", text), *context())
    assert {"Paris", "Angela"} <= set(found)


def test_a_phrase_has_four_words_at_most() -> None:
    found = terms(
        article(1, "", "After many quiet summers it blossomed beside Alder Birch Cedar Dogwood Elm Fir."), *context()
    )
    assert sorted(len(one.split()) for one in found if one[0].isupper())[-1] in {3, 4}


def test_words_that_recur_together_are_a_phrase() -> None:
    others = [
        article(9 + at, "", f"{text} A talk on climate change.", feed=at) for at, text in enumerate(NOTHING_SHARED)
    ]
    alone = article(1, "", "A report on climate change.")
    assert "climate change" in terms(alone, *others[:2], *context())
    assert "climate change" not in terms(alone, *context())


def test_words_that_are_mostly_apart_are_none() -> None:
    apart = [article(20 + at, "", f"A climate of {at}. No change.", feed=at) for at in range(12)]
    together = [article(40 + at, "", f"A climate change {at}", feed=at) for at in range(3)]
    assert "climate change" not in terms(together[0], *together[1:], *apart)


def test_what_an_article_says_twice_is_a_phrase() -> None:
    assert "ferry timetable" in terms(
        article(1, "A new ferry timetable", "The ferry timetable pleases few."), *context()
    )


def test_a_headline_in_capitals_tells_no_names() -> None:
    shown = article(1, "Harbour Council Delays Ferry Timetable", "It was delayed once more.")
    assert [one for one in terms(shown, *context()) if " " in one] == []


def test_the_title_at_the_start_of_the_text_is_no_second_mention() -> None:
    title = "Council delays ferry timetable"
    repeated = article(1, title, f"{title} Nobody was asked.")
    assert terms(repeated, *context()) == terms(article(1, title, "Nobody was asked."), *context())


# --- words -----------------------------------------------------------------------------------------------------------


def test_what_is_rare_weighs_more() -> None:
    others = [article(10 + at, "", f"{text} A ferry sailed.", feed=at) for at, text in enumerate(NOTHING_SHARED)]
    wanted = article(1, "", "A ferry, a walrus.")
    assert score("walrus", wanted, *others, *context()) > score("ferry", wanted, *others, *context())


def test_the_title_weighs_more() -> None:
    wanted = article(1, "A walrus", "A penguin.")
    assert score("walrus", wanted, *context()) > score("penguin", wanted, *context())


def test_a_keyword_is_written_as_the_article_mostly_does() -> None:
    assert terms(article(1, "", "The eBook. An eBook, an Ebook."), *context()) == ["eBook"]


def test_only_articles_of_the_same_language_count() -> None:
    others = [article(10 + at, "", "Un ferry.", "fr", feed=at) for at in range(40)]
    wanted = article(1, "", "A ferry, a walrus.")
    assert score("ferry", wanted, *others) == score("ferry", wanted)


@pytest.mark.parametrize("term", ["EU", "US", "WHO", "U.S."])
def test_short_words_in_capitals_are_names(term: str) -> None:
    assert term in terms(article(1, "", f"It was said in the {term} by nobody."), *context())


def test_addresses_and_numbers_are_no_keywords() -> None:
    text = "See https://walrus.example/penguin or mail walrus@penguin.example about 1,200 or 3.5 in 2026."
    assert terms(article(1, "", text), *context()) == ["mail"]


def test_without_a_list_what_many_articles_have_is_a_function_word() -> None:
    others = [article(10 + at, "", f"kucing{at}" + " yang" * (at < 12), "id", feed=at) for at in range(40)]
    assert "yang" not in terms(article(1, "", "yang walrus tidur", "id"), *others)
    assert "yang" in terms(article(1, "", "yang walrus tidur", "id"))


def test_what_every_article_of_a_feed_says_is_its_furniture() -> None:
    def told(at: int, feed: int) -> StoryArticle:
        return article(at, "", f"{NOTHING_SHARED[at % 6]} {at}th walrus. Subscribers read Moonlight.", feed=feed)

    one_feed = [told(at, 7) for at in range(10)]
    assert "Moonlight" not in terms(one_feed[0], *one_feed[1:])
    many_feeds = [told(at, at) for at in range(10)]
    assert "Moonlight" in terms(many_feeds[0], *many_feeds[1:])


def test_scripts_without_spaces_give_only_what_can_be_cut() -> None:
    assert terms(article(1, "日本のコンクリート船", "第二次世界大戦 OpenAI の話", "ja")) == ["OpenAI", "コンクリート"]
    assert terms(article(1, "国务院公布新规定", "今天发布", "zh")) == []


def test_vowel_signs_are_part_of_a_word() -> None:
    assert "हिन्दी" in terms(article(1, "", "हिन्दी", "hi"))


def test_words_that_are_shouted_in_a_headline_are_none() -> None:
    others = [article(10 + at, "", f"{text} It is free.", feed=at) for at, text in enumerate(NOTHING_SHARED)]
    found = terms(article(1, "WOW: get MORE walrus for FREE, says NATO in the US", ""), *others)
    assert sorted(found) == ["NATO", "US", "walrus"]


def test_where_the_context_is_thin_the_background_tells_what_is_rare() -> None:
    wanted = article(1, "", "A ferry, a walrus.")
    background = [article(10 + at, "", f"{text} A ferry.", feed=at) for at, text in enumerate(NOTHING_SHARED)]
    [alone], [chosen] = choose_keywords([1], [wanted]), choose_keywords([1], [wanted], [*background, wanted])
    assert {one.score for one in alone.keywords} == {1.0}
    assert chosen.keywords[0].term == "walrus"
    assert all(one.score < 1 for one in chosen.keywords[1:])


def test_the_background_of_another_language_tells_nothing() -> None:
    wanted = article(1, "", "A ferry, a walrus.")
    background = [article(10 + at, "", f"{text} Un ferry.", "fr", feed=at) for at, text in enumerate(NOTHING_SHARED)]
    assert choose_keywords([1], [wanted], background) == choose_keywords([1], [wanted])


# --- always ----------------------------------------------------------------------------------------------------------


SOME_WORDS = [
    "the",
    "of",
    "a",
    "and",
    "Walrus",
    "walrus",
    "Penguin",
    "New",
    "harbour",
    "1",
    "3.5",
    "US",
    "d'Or",
    "—",
    "…",
]
TEXTS = st.lists(st.sampled_from([*SOME_WORDS, "Of", "The", ",", ".", "海", "\n"]), max_size=30).map(" ".join)


@given(texts=st.lists(st.tuples(TEXTS, TEXTS, st.sampled_from(["en", "fr", "pl"])), min_size=1, max_size=6))
def test_every_list_is_as_promised(texts: list[tuple[str, str, str]]) -> None:
    articles = [article(at, title, text, language, feed=at % 2) for at, (title, text, language) in enumerate(texts)]
    chosen = choose_keywords(range(len(articles)), articles)
    assert [one.article_id for one in chosen] == list(range(len(articles)))
    for one, of in zip(chosen, articles, strict=True):
        known = function_words(of.language)
        scores = [keyword.score for keyword in one.keywords]
        assert len(scores) <= MOST_KEYWORDS
        assert scores == sorted(scores, reverse=True)
        assert not scores or (scores[0] == 1 and scores[-1] > 0)
        assert len({keyword.term for keyword in one.keywords}) == len(scores)
        for keyword in one.keywords:
            ends = (keyword.term.split()[0], keyword.term.split()[-1])
            assert ends[1].casefold() not in known.words or ends[1].isupper()
            assert ends[0].casefold() not in known.words or ends[0].isupper() or ends[0].casefold() in known.opening
            assert 1 <= len(keyword.term.split()) <= 8  # four, and small words between them


@given(seed=st.integers(0, 99))
def test_order_and_repetition_change_nothing(seed: int) -> None:
    articles = [article(at, text, "A walrus in New Zealand.", feed=at % 3) for at, text in enumerate(NOTHING_SHARED)]
    again = [article(100 + at, one.title, one.text, feed=one.feed_id) for at, one in enumerate(articles)]
    shuffled = random.Random(seed).sample([*articles, *again], 2 * len(articles))  # noqa: S311 - an order
    wanted = range(len(articles))
    assert choose_keywords(wanted, shuffled) == choose_keywords(wanted, articles)


def test_few_wanted_of_many_get_what_all_would() -> None:
    articles = [article(at, text, "On climate change.", feed=at % 3) for at, text in enumerate(NOTHING_SHARED)]
    everything = choose_keywords(range(6), articles)
    assert choose_keywords([2], articles) == [everything[2]]


def test_there_are_eight_at_most() -> None:
    assert len(terms(article(1, "", "; ".join(f"walrus{letter}" for letter in "abcdefghijkl")))) == MOST_KEYWORDS == 8


def test_bad_input_has_few_keywords_or_none() -> None:
    empty, long, odd = article(1, ""), article(2, "walrus " * 150_000), article(3, "x" * 1_000_000, "' ’ - -- 's O' l'")
    assert [len(one.keywords) for one in choose_keywords([1, 2, 3], [empty, long, odd])] == [0, 1, 0]
    assert choose_keywords([], [empty]) == []
    assert choose_keywords([4], [empty]) == []


def test_many_identical_articles_still_have_keywords() -> None:
    same = [article(at, "A walrus in the harbour", "It was seen by Angela Merkel.") for at in range(300)]
    assert terms(*same) == terms(same[0]) == ["Angela Merkel", "harbour", "walrus"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_list_of_function_words_is_sound(language: str) -> None:
    known = function_words(language)
    assert len(known.words) > 300
    assert known.linking | known.opening <= known.words
    assert all(word == word.casefold().strip() for word in known.words)


def test_other_languages_have_none() -> None:
    assert function_words("xx").words == frozenset()
