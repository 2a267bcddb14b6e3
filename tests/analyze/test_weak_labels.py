from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.analyze import weak_labels
from aggregator.analyze.weak_labels import (
    Sections,
    load_sections,
    normal_label,
    parse_sections,
    weak_topic,
    weak_topic_of,
)
from aggregator.records import TopicExample
from aggregator.topics import TOPICS

BUSINESS, POLITICS, SPORT = "economy, business and finance", "politics and government", "sport"
EXAMPLE = TopicExample(1, 1, "A title", "A text")
SECTIONS = parse_sections(
    f"""
    [sport]
    tags = ["sport", "Fußball", "Formula 1"]
    sections = ["sport", "sports", "formula-1"]
    ["{BUSINESS}"]
    tags = ["business", "Science & Money"]
    sections = ["business", "money"]
    ["{POLITICS}"]
    tags = ["politics"]
    """
)


@pytest.fixture(autouse=True)
def sections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weak_labels, "load_sections", lambda: SECTIONS)


def weak(**fields: object) -> str | None:
    return weak_topic(replace(EXAMPLE, **fields), tuple(TOPICS))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "topic"),
    [
        ({}, None),
        ({"category": SPORT}, SPORT),
        ({"category": "SPORT"}, SPORT),
        ({"category": "04000000"}, BUSINESS),
        ({"category": "business"}, BUSINESS),  # no topic, but a tag that is clear
        ({"category": "my own shelf"}, None),
        ({"tags": ("fussball",)}, SPORT),
        ({"tags": ("FUSSBALL", "Weltmeister", "formula_1")}, SPORT),
        ({"tags": ("science and money",)}, None),
        ({"tags": ("Science &  Money",)}, BUSINESS),
        ({"url": "https://news.example/Sports/2026/goal.html"}, SPORT),
        ({"url": "https://news.example/a/formula_1/x"}, SPORT),
        ({"url": "https://money.news.example/2026/x.html"}, BUSINESS),
        ({"url": "https://news.example/sport"}, None),  # the article's own name
        ({"url": "https://sport.example/x"}, None),  # the publisher's name
        ({"url": "https://news.example/x?section=/sport/"}, None),
        ({"category": SPORT, "tags": ("sport",), "url": "https://news.example/sport/x"}, SPORT),
        ({"category": SPORT, "tags": ("business",)}, None),
        ({"tags": ("sport", "politics")}, None),
        ({"tags": ("business",), "url": "https://news.example/sport/x"}, None),
        ({"category": "my own shelf", "tags": ("sport",)}, SPORT),
        ({"url": "https://[news.example/sport/x"}, None),
        ({"url": ""}, None),
    ],
)
def test_what_feed_tags_and_address_say(fields: dict[str, object], topic: str | None) -> None:
    assert weak(**fields) == topic


def test_topics_of_ones_own_are_named_by_categories_and_by_nothing_else() -> None:
    own = ("Chess", "sport")
    assert weak_topic_of("chess", (), None, own) == "Chess"
    assert weak_topic_of(None, ("sport",), None, own) == "sport"
    assert weak_topic_of(None, ("business",), None, own) is None
    # Business is no topic here, so it contradicts nothing.
    assert weak_topic_of("Chess", ("business",), None, own) == "Chess"


def test_only_so_much_of_tags_and_addresses_is_looked_at() -> None:
    assert weak(tags=("x",) * weak_labels.MOST_TAGS + ("sport",)) is None
    assert weak(url="https://news.example/" + "x" * weak_labels.LONGEST_URL + "/sport/x") is None


@given(st.text(max_size=30))
def test_a_label_is_normal_after_once(text: str) -> None:
    assert normal_label(normal_label(text)) == normal_label(text)


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=4), st.text(max_size=60))
def test_whatever_a_publisher_writes_there_is_an_answer(category: str, tags: list[str], url: str) -> None:
    assert weak_topic_of(category, tags, "https://" + url, tuple(TOPICS)) in {None, *TOPICS}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[chess]\ntags = ["chess"]', "unknown topic"),
        ('[sport]\nwords = ["goal"]', "lists tags and sections"),
        ('sport = ["goal"]', "lists tags and sections"),
        ("[sport]\ntags = [1]", "lists of words"),
        ('[sport]\ntags = "goal"', "lists of words"),
        ('[sport]\ntags = ["Money-Games"]\n[labour]\ntags = ["money games"]', "under two topics"),
        ("[sport", "table declaration"),
    ],
)
def test_a_mapping_that_is_not_clear_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_sections(text)


def test_the_packaged_mapping_is_read_and_knows_sport() -> None:
    packaged = load_sections()
    assert isinstance(packaged, Sections)
    assert packaged.tags["sport"] == packaged.sections["sport"] == SPORT
    assert {*packaged.tags.values(), *packaged.sections.values()} <= set(TOPICS)
