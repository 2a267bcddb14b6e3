"""Weak labels: what a feed's category, the publisher's tags and the URL say about an article's topic.

They come without being asked for and are right most of the time. `sections.toml` maps words to topics where the
mapping is clear: one table per topic with two lists in it:

    ["economy, business and finance"]
    tags = ["business", "wirtschaft"]     # an entry's own <category>
    sections = ["business", "money"]      # a part of the URL's path, or of its host's name
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote, urlsplit

from aggregator.analyze.lexicon import topic_among
from aggregator.records import TopicExample
from aggregator.topics import topic_name

MOST_TAGS = 50
"""Only so many tags of an article are looked at."""

LONGEST_URL = 2_000
"""In characters; what comes after is not looked at."""

ANSWERS_KEPT = 1_024
"""Of how many categories, tags and sections of sites the topic is remembered: a batch has few different ones."""

_LISTS = ("tags", "sections")
_NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, eq=False)
class Sections:
    """Normalised tag → topic, and normalised part of a URL → topic."""

    tags: Mapping[str, str]
    sections: Mapping[str, str]


def weak_topic(example: TopicExample, topics: Sequence[str]) -> str | None:
    """Return the one topic among `topics` that category, tags and URL of an article name, None if none or several.

    A category that is a topic stands for itself; one that is not is read like a tag.
    """
    return weak_topic_of(example.category, example.tags, example.url, topics)


def weak_topic_of(category: str | None, tags: Sequence[str], url: str | None, topics: Sequence[str]) -> str | None:
    """Return what `weak_topic` does, from an article's fields."""
    sections = load_sections()
    named = {_category_topic(category, sections, tuple(topics))} if category else set()
    own = _own_names(tuple(topics))
    named |= {own.get(normal_label(tag)) or _tag_topic(tag[:LONGEST_URL], sections) for tag in tags[:MOST_TAGS]}
    if url:
        named |= _section_topics(_folder(url[:LONGEST_URL]), sections)
    known = named & set(topics)
    return known.pop() if len(known) == 1 else None


@lru_cache(maxsize=ANSWERS_KEPT)
def _category_topic(category: str, sections: Sections, topics: tuple[str, ...]) -> str | None:
    try:
        return topic_among(category, topics)
    except ValueError:
        return _tag_topic(category[:LONGEST_URL], sections)


@lru_cache(maxsize=4)
def _own_names(topics: tuple[str, ...]) -> Mapping[str, str]:
    """Return the topics by the form in which tags are compared: a tag that is called as a topic names it."""
    return {normal_label(topic): topic for topic in topics}


@lru_cache(maxsize=ANSWERS_KEPT)
def _tag_topic(tag: str, sections: Sections) -> str | None:
    return sections.tags.get(normal_label(tag))


@lru_cache(maxsize=ANSWERS_KEPT)
def _section_topics(url: str, sections: Sections) -> frozenset[str | None]:
    return frozenset(sections.sections.get(part) for part in _url_parts(url))


def _folder(url: str) -> str:
    """Return `url` without the article's own name, which is no section: the articles of a section then share it."""
    address = url.partition("#")[0].partition("?")[0]
    folder, slash, _ = address.rpartition("/")
    return address if folder.endswith("/") else folder + slash


def normal_label(text: str) -> str:
    """Bring a tag or a part of a URL into the form in which they are compared: "Science_&-Tech" is "science tech"."""
    return _NO_WORD.sub(" ", unicodedata.normalize("NFC", text[:LONGEST_URL]).casefold()).strip()


def _url_parts(url: str) -> list[str]:
    try:
        parts = urlsplit(url[:LONGEST_URL])
        host = parts.hostname or ""
    except ValueError:
        return []
    # The last part of a path is the article's own name, and its words are no section.
    path = [unquote(part) for part in parts.path.split("/")[:-1]]
    return [normal_label(part) for part in [*host.split(".")[:-2], *path] if part]


@cache
def load_sections() -> Sections:
    """Load the packaged mapping, once per process."""
    source = files("aggregator.analyze") / "sections.toml"
    return parse_sections(source.read_text(encoding="utf-8"))


def parse_sections(text: str) -> Sections:
    """Read the text of a mapping.

    Raises:
        ValueError: not TOML, no topic, an unknown key, a list that is none, or a word that stands under two topics.
    """
    found: dict[str, dict[str, str]] = {key: {} for key in _LISTS}
    for name, table in tomllib.loads(text).items():
        topic = topic_name(name)
        for key, words in _checked(topic, table).items():
            for word in words:
                if found[key].setdefault(normal_label(word), topic) != topic:
                    raise ValueError(f"[{topic}] {key}: “{word}” stands under two topics")
    return Sections(**found)


def _checked(topic: str, table: Any) -> dict[str, list[str]]:
    if not isinstance(table, dict) or set(table) - set(_LISTS):
        raise ValueError(f"[{topic}] must be a table with the lists {' and '.join(_LISTS)}")
    if not all(isinstance(words, list) and all(isinstance(word, str) for word in words) for words in table.values()):
        raise ValueError(f"[{topic}] holds something else than lists of words")
    return table
