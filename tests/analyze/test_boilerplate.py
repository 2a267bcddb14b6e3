"""What a feed repeats is found and taken off; what its articles say stays, however often it says it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.analyze.boilerplate import FEWEST_TEXTS, find_boilerplate, strip_boilerplate

TITLES = [
    "Bridge reopens early",
    "Is the ferry late? Often",
    "Two herons at the lock",
    "Council buys a clock",
    "A quiet night in Nordhaven",
]
SAID = [
    "Traffic was back before the morning, the engineers said.",
    "Half of the crossings left after their time. Passengers complain.",
    "A pair has built its nest under the gate, watched by children.",
    "It cost 4,000 and it is wrong by a minute.",
    "Nobody was seen in the streets, and nothing happened",
]


def stripped(template: str, titles: list[str] = TITLES) -> list[str]:
    """What is left of five articles, each said in `template` with its `{title}`, its `{said}` and its `{number}`."""
    texts = [
        template.format(title=title, said=said, number=17 * at)
        for at, (title, said) in enumerate(zip(titles, SAID, strict=True))
    ]
    boilerplate = find_boilerplate((1, title, text) for title, text in zip(titles, texts, strict=True))
    return [strip_boilerplate(title, text, boilerplate) for title, text in zip(titles, texts, strict=True)]


@pytest.mark.parametrize(
    "template",
    [
        "{said} […] The post {title} appeared first on The Daily Heron.",
        "{said} | Artykuł {title} pochodzi z serwisu Czapla.",
        "{said} … Continue reading {title}",
        "{said} • Read more",
        "{said} · Sign up for our harbour newsletter, every Tuesday and Friday!",
        "{said} [...] {number} posts · {number} participants · Read full topic",
        "{said} … Comments: https://example.org/comments/{number}?a=b. Points so far {number}.",
        "{said}\nThis story is from The Daily Heron.",
        "(Heron News) - {said}",
        "NORDHAVEN (Heron News) – {said}",
        "Photo by our own staff. {said}",
        "{said}. “Subscribe to our daily letter.” Share this:",
    ],
)
def test_takes_off_what_frames_the_articles_of_a_feed(template: str) -> None:
    # What the brackets and dashes leave behind is no word, and no matter.
    assert [left.strip(" |•·–-…[].") for left in stripped(template)] == [said.strip(".") for said in SAID]


def test_keeps_the_title_where_the_article_says_it() -> None:
    said = [f"{title}: {said}" for title, said in zip(TITLES, SAID, strict=True)]
    footer = " The post {} appeared first on The Daily Heron."
    articles = [(1, title, text + footer.format(title)) for title, text in zip(TITLES, said, strict=True)]
    boilerplate = find_boilerplate(articles)
    assert boilerplate
    assert [strip_boilerplate(title, text, boilerplate) for _, title, text in articles[:4]] == said[:4]


def test_reports_that_are_made_of_the_same_few_sentences_stay() -> None:
    skies = ["Sunny with a chance of showers.", "Cloudy with a chance of showers.", "Rain and gales on the coast."]
    reports = [f"{sky} Wind {wind} km/h from the west." for sky in skies for wind in range(4)]
    boilerplate = find_boilerplate((1, "Tomorrow", report) for report in reports)
    assert boilerplate == {"wind 0 km h from the west"}
    warned = "Sunny with a chance of showers. Wind 3 km/h from the west. The pier is closed."
    assert strip_boilerplate("Tomorrow", warned, boilerplate) == "Sunny with a chance of showers. The pier is closed."
    assert strip_boilerplate("Tomorrow", "Wind 9 km/h from the west.", boilerplate) == "Wind 9 km/h from the west."


def test_the_same_article_many_times_is_no_boilerplate() -> None:
    text = "The ferry is late again. Passengers complain of the cold."
    assert find_boilerplate([(1, "Ferry", text)] * 10_000) == frozenset()


def test_an_agency_that_is_named_by_chance_stays() -> None:
    texts = ["The ferry is late. Police said. " + said for said in SAID[:2]] + SAID[2:]
    assert find_boilerplate((1, "", text) for text in texts) == frozenset()


def test_feeds_are_judged_one_by_one() -> None:
    footer = " Read more at the pier."
    in_many_feeds = [(feed, "", said + footer) for feed, said in enumerate(SAID)]
    assert find_boilerplate(in_many_feeds) == frozenset()
    in_one_feed = [(7, "", said + footer) for said in SAID[:FEWEST_TEXTS]]
    assert find_boilerplate(in_many_feeds + in_one_feed) == {"read more at the pier"}


def test_a_sentence_of_few_articles_among_many_stays() -> None:
    plain = [(1, "", f"Report {chr(97 + at // 26)}{chr(97 + at % 26)} tells of another thing.") for at in range(40)]
    seldom = [(1, "", f"{said} Follow our reporter on the pier.") for said in SAID]
    assert find_boilerplate(plain + seldom) == frozenset()


def test_nothing_to_take_off_changes_nothing() -> None:
    text = "  Two  spaces,\n and a line. "
    assert strip_boilerplate("", text, frozenset()) == text
    assert strip_boilerplate("", text, frozenset({"read more"})) == text


ANY_TEXT = st.text(st.sampled_from("ab 0.!?…|()[]-\n\ue000é’\ud800") | st.characters(codec=None), max_size=60)


@settings(deadline=None)
@given(articles=st.lists(st.tuples(st.integers(0, 1), ANY_TEXT, ANY_TEXT), max_size=8))
def test_any_text_only_loses_segments(articles: list[tuple[int, str, str]]) -> None:
    boilerplate = find_boilerplate(articles)
    for _, title, text in articles:
        left = strip_boilerplate(title, text, boilerplate)
        assert len(left) <= max(len(text), len(left.replace(title, "\ue000")) if title else 0)
        assert bool(left.strip()) == bool(text.strip())
