"""The newsroom's feeds: some forty of the outlets, and as many wire feeds as the size dial asks for.

Each outlet has a front feed; some English outlets have a section feed for one topic besides. The same article in both
keeps its id and its address. Wire feeds (see `wire`) draw on the same material without end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from aggregator.newsroom.material import Article, Material, Outlet, slug_of
from aggregator.newsroom.sections import SECTIONS

SECTION_FEEDS = 8
SECTIONS_PER_OUTLET = 2
NEWEST = 40
"""So many entries a feed holds at most: more than any outlet has articles, so that one reading misses none."""


class FeedFormat(StrEnum):
    """How a feed is written. The three RSS 2.0 ones differ in what they carry, as real sites do."""

    RSS20_FULL = "RSS 2.0, content:encoded and media:content"
    RSS20_ENCLOSURE = "RSS 2.0, description and enclosure"
    RSS20_ESCAPED = "RSS 2.0, HTML-escaped titles and HTML in the description"
    RSS092 = "RSS 0.92"
    RSS10 = "RSS 1.0"
    ATOM10 = "Atom 1.0"
    ATOM03 = "Atom 0.3"
    JSON11 = "JSON Feed 1.1"
    JSON10 = "JSON Feed 1.0"


EXTENSIONS = {
    FeedFormat.RSS20_FULL: "rss",
    FeedFormat.RSS20_ENCLOSURE: "rss",
    FeedFormat.RSS20_ESCAPED: "rss",
    FeedFormat.RSS092: "rss",
    FeedFormat.RSS10: "rdf",
    FeedFormat.ATOM10: "atom",
    FeedFormat.ATOM03: "atom",
    FeedFormat.JSON11: "json",
    FeedFormat.JSON10: "json",
}

FRONT_ROTATION = tuple(FeedFormat)
SECTION_ROTATION = (FeedFormat.RSS20_ENCLOSURE, FeedFormat.ATOM10, FeedFormat.RSS20_FULL, FeedFormat.JSON11)
NO_IDS = frozenset({FeedFormat.RSS092, FeedFormat.RSS10})
"""Formats without an id of their own for an entry: its address is all there is."""


@dataclass(frozen=True, slots=True)
class NewsroomFeed:
    """A feed that the newsroom serves.

    `category` is the topic of a section feed, otherwise None. `outlet` is None for wire feeds.
    """

    path: str
    title: str
    format: FeedFormat
    category: str | None
    language: str
    outlet: Outlet | None = None

    def takes(self, article: Article) -> bool:
        """Whether `article` belongs into this outlet's feed."""
        return article.outlet == self.outlet and self.category in (None, article.topic)


def core_feeds(material: Material) -> tuple[NewsroomFeed, ...]:
    """Return the outlets' feeds: the front feed of each, then `SECTION_FEEDS` section feeds."""
    fronts = tuple(_front(number, outlet) for number, outlet in enumerate(material.outlets))
    chosen = _chosen_sections(material)
    return fronts + tuple(_section(number, outlet, topic) for number, (outlet, topic) in enumerate(chosen))


def uses_permalinks(outlet: Outlet, outlets: Sequence[Outlet]) -> bool:
    """Whether the outlet's articles are identified by address, in all its feeds, for the sake of its front feed."""
    return FRONT_ROTATION[outlets.index(outlet) % len(FRONT_ROTATION)] in NO_IDS


def _front(number: int, outlet: Outlet) -> NewsroomFeed:
    format_ = FRONT_ROTATION[number % len(FRONT_ROTATION)]
    return NewsroomFeed(
        path=f"/{outlet.id}/front.{EXTENSIONS[format_]}",
        title=outlet.name,
        format=format_,
        category=None,
        language=outlet.language,
        outlet=outlet,
    )


def _section(number: int, outlet: Outlet, topic: str) -> NewsroomFeed:
    format_ = SECTION_ROTATION[number % len(SECTION_ROTATION)]
    name = SECTIONS[outlet.language][topic]
    return NewsroomFeed(
        path=f"/{outlet.id}/{slug_of(name)}.{EXTENSIONS[format_]}",
        title=f"{outlet.name}: {name}",
        format=format_,
        category=topic,
        language=outlet.language,
        outlet=outlet,
    )


def _chosen_sections(material: Material) -> list[tuple[Outlet, str]]:
    """Choose the fullest sections of English outlets: each topic once, and few for one outlet."""
    totals = Counter(article.outlet for article in material.articles if article.outlet.language == "en")
    sections = Counter(
        (article.outlet, article.topic) for article in material.articles if article.outlet.language == "en"
    )
    chosen: list[tuple[Outlet, str]] = []
    for (outlet, topic), articles in sorted(sections.items(), key=lambda item: (-item[1], item[0][0].id, item[0][1])):
        of_outlet = sum(1 for other, _ in chosen if other == outlet)
        is_new_topic = all(other != topic for _, other in chosen)
        if articles < totals[outlet] and is_new_topic and of_outlet < SECTIONS_PER_OUTLET:
            chosen.append((outlet, topic))
    return chosen[:SECTION_FEEDS]
