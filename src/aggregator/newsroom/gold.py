"""The truth about the newsroom's articles, against which topics, languages and stories are measured."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.newsroom.material import Material, load_material


@dataclass(frozen=True, slots=True)
class Gold:
    """What is true of one article. Articles with the same `story` tell the same event; it is the event's id."""

    story: str
    topic: str
    language: str


def gold_by_path(material: Material | None = None) -> dict[str, Gold]:
    """Return the truth about each article under the path of its address, as the links in the outlets' feeds have it.

    Articles of wire feeds are not in it: they are the same ones again, at addresses of their own.

    Raises:
        ValueError: the material is malformed.
    """
    material = material or load_material()
    return {
        article.path: Gold(article.event_id, article.topic, article.outlet.language) for article in material.articles
    }
