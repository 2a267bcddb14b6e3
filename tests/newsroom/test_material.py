from __future__ import annotations

from itertools import combinations
from pathlib import Path
from statistics import median

import pytest

from aggregator.newsroom.material import LANGUAGES, Article, Event, Material, load_material, slug_of
from aggregator.topics import TOPICS

from .conftest import EVENTS, OUTLETS, write_material


def test_the_material_of_the_package_loads_and_covers_the_topics(material: Material) -> None:
    assert {event.topic for event in material.events} == set(TOPICS)
    assert {outlet.language for outlet in material.outlets} == {"en", "de", "fr", "es", "it"}
    assert {article.outlet for article in material.articles} == set(material.outlets)


def test_the_material_is_large_enough_to_measure_topics_and_stories_on(material: Material) -> None:
    assert len(material.articles) >= 300
    told_by_several = [event for event in material.events if 2 <= len(event.articles) <= 5]
    assert len(told_by_several) >= 70
    for language in LANGUAGES:
        assert len([event for event in told_by_several if language_of(event) == language]) >= 15
        assert {event.topic for event in material.events if language_of(event) == language} == set(TOPICS)
        assert len([outlet for outlet in material.outlets if outlet.language == language]) >= 4


def test_an_event_is_told_in_one_language_and_once_by_each_outlet(material: Material) -> None:
    for event in material.events:
        outlets = [article.outlet for article in event.articles]
        assert len({outlet.language for outlet in outlets}) == 1
        assert len(set(outlets)) == len(outlets)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_what_makes_stories_hard(material: Material, language: str) -> None:
    events = [event for event in material.events if language_of(event) == language]
    # Two events of one topic at one place within a day, which are two stories.
    twins = [(one, two) for one, two in combinations(events, 2) if (one.topic, one.place) == (two.topic, two.place)]
    assert any(abs(one.hour - two.hour) < 24 for one, two in twins)
    # A follow-up of the next day, which belongs to the story of the day before.
    assert any(article.delay_minutes >= 15 * 60 for event in events for article in event.articles)
    # A wire text that another outlet has taken over nearly word for word, and others that share little but the facts.
    told = [overlap(one, two) for event in events for one, two in combinations(event.articles, 2)]
    assert max(told) > 0.5
    assert median(told) < 0.1


def language_of(event: Event) -> str:
    return event.articles[0].outlet.language


def overlap(one: Article, two: Article) -> float:
    """The share of three-word sequences that both have."""
    first, second = (_triples(" ".join((each.title, each.summary, *each.paragraphs))) for each in (one, two))
    return len(first & second) / len(first | second)


def _triples(text: str) -> set[tuple[str, ...]]:
    words = text.lower().split()
    return set(zip(words, words[1:], words[2:], strict=False))


def test_an_article_is_read_word_for_word(small_material: Material) -> None:
    english, spanish = small_material.articles
    assert english.title == "Fenmouth's “long” bridge opens: 3 < 4 lanes & no toll"
    assert english.paragraphs == ("First paragraph, with <angle> brackets & more.", "Second paragraph.")
    assert english.path == "/north-star/fenmouths-long-bridge-opens-3-4-lanes-no-toll"
    assert (spanish.outlet.language, spanish.topic, spanish.hour) == ("es", "society", 1)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('topic = "society"', 'topic = "gossip"', "gossip"),
        ("hour = 1", "hour = 72", "hour"),
        ("hour = 1", "hour = true", "hour"),
        ('scene = "bridge"', 'scene = "moonbase"', "moonbase"),
        ('place = "Fenmouth"', "", "missing key place"),
        ('place = "Fenmouth"', 'place = "Fenmouth"\nmood = "glad"', "unknown key mood"),
        ('outlet = "el-sol"', 'outlet = "la-luna"', "la-luna"),
        ("delay_minutes = 40", "delay_minutes = -1", "delay_minutes"),
        ('title = "El puente, por fin: ¿y ahora qué?"', 'title = "¿?"', "no letter"),
        ('summary = "It\'s open."', 'summary = " "', "summary"),
        ('summary = "It\'s open."', 'summary = "It\\u0007s open."', "control character"),
    ],
)
def test_malformed_material_is_refused_with_file_and_event(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in EVENTS
    write_material(tmp_path, events=EVENTS.replace(old, new))
    with pytest.raises(ValueError, match=complaint) as caught:
        load_material(tmp_path)
    assert "en-1.toml: event “bridge-opens”" in str(caught.value)


def test_broken_toml_names_its_file(tmp_path: Path) -> None:
    write_material(tmp_path, events="[[event]\n")
    with pytest.raises(ValueError, match=r"en-1\.toml"):
        load_material(tmp_path)


def test_a_missing_outlets_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"outlets\.toml"):
        load_material(tmp_path)


def test_two_articles_of_one_address_are_refused(tmp_path: Path) -> None:
    write_material(tmp_path, events=EVENTS + EVENTS.replace("bridge-opens", "bridge-again"))
    with pytest.raises(ValueError, match="bridge-again"):
        load_material(tmp_path)


def test_an_outlet_may_not_take_a_reserved_name(tmp_path: Path) -> None:
    write_material(tmp_path, outlets=OUTLETS.replace("north-star", "wire"))
    with pytest.raises(ValueError, match="reserved"):
        load_material(tmp_path)


def test_slugs_are_plain_words_of_bounded_length() -> None:
    assert slug_of("À Port-Cérane, l’Auditorium: Größe & Co.") == "a-port-cerane-lauditorium-grosse-co"
    assert len(slug_of("word " * 60)) <= 80
