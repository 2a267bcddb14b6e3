"""What the labels of known sets mean in topics, and how to say it of any other set.

A label belongs to a class, and a class is told rightly by each of its topics. Labels that fit no topic (HuffPost's
"IMPACT") are left out of the measurement. A file of one's own, in TOML:

    [topics]
    money = ["economy, business and finance", "labour"]
    [labels]                    # only where labels are not named like their classes
    "Business Day" = "money"
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from aggregator.topics import topic_name

ARTS = "arts, culture, entertainment and media"
CONFLICT = "conflict, war and peace"
CRIME = "crime, law and justice"
DISASTER = "disaster, accident and emergency incident"
ECONOMY = "economy, business and finance"
LIFESTYLE = "lifestyle and leisure"
POLITICS = "politics and government"
SCIENCE = "science and technology"


@dataclass(frozen=True, slots=True)
class LabelMap:
    """`class_of` gives the class of a label, `topics` the topics that tell a class, the plainest first."""

    class_of: Mapping[str, str]
    topics: Mapping[str, tuple[str, ...]]

    def told_class(self, topic: str | None) -> str | None:
        """Return the class that a topic tells, None where it tells none."""
        return next((name for name, topics in self.topics.items() if topic in topics), None)


def _plain(topics: Mapping[str, tuple[str, ...]]) -> LabelMap:
    return LabelMap({name: name for name in topics}, topics)


BBC = _plain(
    {
        "sport": ("sport",),
        "business": (ECONOMY,),
        "politics": (POLITICS,),
        "tech": (SCIENCE,),
        "entertainment": (ARTS,),
    }
)
"""Greene & Cunningham's five classes."""

AG_NEWS = LabelMap(
    {"1": "World", "2": "Sports", "3": "Business", "4": "Sci/Tech"}
    | {name: name for name in ("World", "Sports", "Business", "Sci/Tech")},
    {
        "World": (POLITICS, CONFLICT, CRIME, DISASTER, "society", "religion", "human interest", "weather"),
        "Sports": ("sport",),
        "Business": (ECONOMY, "labour"),
        "Sci/Tech": (SCIENCE, "environment", "health"),
    },
)
"""Its "World" is whatever happens abroad, its "Sci/Tech" holds what is written about nature and medicine."""

_HUFFPOST: Mapping[str, tuple[str, ...]] = {
    ARTS: ("ENTERTAINMENT", "COMEDY", "ARTS", "ARTS & CULTURE", "CULTURE & ARTS", "MEDIA"),
    CRIME: ("CRIME",),
    ECONOMY: ("BUSINESS", "MONEY"),
    "education": ("EDUCATION", "COLLEGE"),
    "environment": ("GREEN", "ENVIRONMENT"),
    "health": ("WELLNESS", "HEALTHY LIVING"),
    "human interest": ("WEIRD NEWS", "GOOD NEWS"),
    LIFESTYLE: ("TRAVEL", "STYLE & BEAUTY", "STYLE", "FOOD & DRINK", "TASTE", "HOME & LIVING"),
    POLITICS: ("POLITICS",),
    "religion": ("RELIGION",),
    SCIENCE: ("TECH", "SCIENCE"),
    "society": (
        *("QUEER VOICES", "BLACK VOICES", "LATINO VOICES", "WOMEN"),
        *("PARENTING", "PARENTS", "WEDDINGS", "DIVORCE"),
    ),
    "sport": ("SPORTS",),
}

HUFFPOST = LabelMap(
    {label: topic for topic, labels in _HUFFPOST.items() for label in labels}, {topic: (topic,) for topic in _HUFFPOST}
)
"""Thirteen topics; world and national news, IMPACT and FIFTY fit none."""

UCI = LabelMap(
    {"b": "business", "e": "entertainment", "t": "technology", "m": "medicine"},
    {"business": (ECONOMY, "labour"), "entertainment": (ARTS,), "technology": (SCIENCE,), "medicine": ("health",)},
)
"""The four categories of the UCI News Aggregator's headlines."""

KNOWN = (BBC, AG_NEWS, HUFFPOST, UCI)


def map_for(labels: Collection[str]) -> LabelMap:
    """Return the known map that fits the labels of a set.

    Raises:
        ValueError: none of the known maps has half of them.
    """
    best = max(KNOWN, key=lambda one: len(set(labels) & one.class_of.keys()))
    if 2 * len(set(labels) & best.class_of.keys()) < len(set(labels)):
        raise ValueError(
            f"no known set has the labels {', '.join(sorted(labels)[:8])} …; say with --map what they mean"
        )
    return best


def load_map(path: Path) -> LabelMap:
    """Read a map from a TOML file.

    Raises:
        ValueError: it is no TOML, has no [topics], or names what is no topic or no class.
    """
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    topics = {name: tuple(topic_name(one) for one in listed) for name, listed in tables.get("topics", {}).items()}
    labels: dict[str, str] = tables.get("labels", {})
    if not topics:
        raise ValueError(f"{path} has no [topics]")
    strange = sorted(set(labels.values()) - topics.keys())
    if strange:
        raise ValueError(f"{path}: [labels] names “{strange[0]}”, which is not in [topics]")
    return LabelMap({name: name for name in topics} | labels, topics)
