"""The packaged mapping of publishers' own words to topics: it is read, clear, and silent where they are vague."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from urllib.parse import quote, urlsplit

import pytest

from aggregator.analyze.weak_labels import load_sections
from aggregator.topics import TOPICS

VAGUE = ("news", "world", "opinion", "video", "panorama", "leute", "people", "us", "us news", "blog", "uncategorized")


def tables() -> dict[str, dict[str, list[str]]]:
    source = files("aggregator.analyze") / "sections.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))


def owners(key: str) -> dict[str, list[str]]:
    """Which topics list a word."""
    found: dict[str, list[str]] = {}
    for topic, table in tables().items():
        for word in table[key]:
            found.setdefault(word, []).append(topic)
    return found


def test_there_is_a_table_for_each_topic_and_nothing_else() -> None:
    assert tables().keys() == TOPICS.keys()
    assert {tuple(table) for table in tables().values()} == {("tags", "sections")}
    assert [topic for topic, table in tables().items() if len(table["tags"]) < 40 or len(table["sections"]) < 20] == []


def test_the_program_reads_all_of_it() -> None:
    """A mapping in which two spellings of one word name two topics is refused."""
    read = load_sections()
    assert set(read.tags.values()) == set(read.sections.values()) == set(TOPICS)


@pytest.mark.parametrize("key", ["tags", "sections"])
def test_no_word_stands_twice(key: str) -> None:
    assert {word: topics for word, topics in owners(key).items() if len(topics) > 1} == {}


@pytest.mark.parametrize("key", ["tags", "sections"])
def test_what_means_anything_is_left_out(key: str) -> None:
    assert [word for word in VAGUE if word in owners(key)] == []


def test_a_word_means_the_same_as_tag_and_as_section() -> None:
    tags, sections = owners("tags"), owners("sections")
    assert {word for word in tags.keys() & sections.keys() if tags[word] != sections[word]} == set()


def test_tags_are_written_as_they_are_compared() -> None:
    assert [tag for tag in owners("tags") if tag != " ".join(tag.lower().split())] == []


def test_a_section_is_one_part_of_a_path() -> None:
    for section in owners("sections"):
        assert section == section.lower()
        path = urlsplit(f"https://paper.example/{quote(section)}/article").path
        assert path.count("/") == 2
        assert section.strip() == section != ""


@pytest.mark.parametrize(
    ("word", "topic"),
    [
        *[
            ("politik", "politics and government"),
            ("deportes", "sport"),
            ("wirtschaft", "economy, business and finance"),
        ],
        *[("science", "science and technology"), ("cine", "arts, culture, entertainment and media")],
        *[("gezondheid", "health"), ("saúde", "health"), ("meteo", "weather"), ("klima", "environment")],
        *[("scuola", "education"), ("emploi", "labour"), ("viaggi", "lifestyle and leisure"), ("religie", "religion")],
    ],
)
def test_what_papers_write_is_known(word: str, topic: str) -> None:
    assert owners("tags")[word] == [topic]
