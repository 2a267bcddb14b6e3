"""What a newspaper calls its sections, in its own language, and which outlets say so in their feeds.

Real sites put section names into `<category>`, and each in its manner: some name the topic, some one of five or six
broad sections that hold several topics (so that "Panorama" is a fire or a wedding), and many say nothing. None uses the
names of `aggregator.topics`, but for the few that everybody uses, such as "Sport".
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from aggregator.newsroom.material import Article, Outlet

TOPIC_ORDER = (
    "arts, culture, entertainment and media",
    "conflict, war and peace",
    "crime, law and justice",
    "disaster, accident and emergency incident",
    "economy, business and finance",
    "education",
    "environment",
    "health",
    "human interest",
    "labour",
    "lifestyle and leisure",
    "politics and government",
    "religion",
    "science and technology",
    "society",
    "sport",
    "weather",
)


class Tagging(StrEnum):
    """How an outlet tags its articles."""

    OWN = "a section for each topic"
    BROAD = "a few broad sections"
    NONE = "no tags"


TAGGING_ROTATION = (Tagging.OWN, Tagging.BROAD, Tagging.NONE, Tagging.BROAD, Tagging.NONE)
"""By place in the list of outlets; two of nine feed formats carry no tags either, which leaves about half."""


def _by_topic(names: str) -> dict[str, str]:
    return dict(zip(TOPIC_ORDER, names.split("|"), strict=True))


SECTIONS = {
    "en": _by_topic(
        "Culture|Conflict|Justice|Emergencies|Business|Education|Environment|Health|People|Labour|Life|Politics"
        "|Religion|Science|Society|Sport|Weather"
    ),
    "de": _by_topic(
        "Feuilleton|Krisen & Konflikte|Justiz|Unglücke|Wirtschaft|Schule & Hochschule|Umwelt|Gesundheit|Menschen"
        "|Arbeit & Tarif|Genuss & Reise|Politik|Kirche & Glaube|Forschung|Gesellschaft|Sport|Wetter"
    ),
    "fr": _by_topic(
        "Culture|Guerres et conflits|Justice|Catastrophes|Économie|Éducation|Environnement|Santé|Insolite|Social"
        "|Art de vivre|Politique|Religions|Sciences|Société|Sports|Météo"
    ),
    "es": _by_topic(
        "Cultura|Conflictos|Tribunales|Sucesos|Economía|Educación|Medio ambiente|Salud|Gente|Laboral|Estilo de vida"
        "|Política|Religión|Ciencia|Sociedad|Deportes|El tiempo"
    ),
    "it": _by_topic(
        "Cultura e spettacoli|Guerre|Giustizia|Emergenze|Economia|Scuola|Ambiente|Salute|Storie|Lavoro|Tempo libero"
        "|Politica|Religione|Scienza|Società|Sport|Meteo"
    ),
}
"""Language → topic → what a newspaper calls the section."""

BROAD_SECTIONS = {
    "en": _by_topic(
        "Culture|World|News|News|Business|News|Science|Life|News|Business|Life|Politics|Life|Science|News|Sport|News"
    ),
    "de": _by_topic(
        "Kultur|Ausland|Panorama|Panorama|Wirtschaft|Wissen|Wissen|Wissen|Panorama|Wirtschaft|Leben|Politik|Leben"
        "|Wissen|Leben|Sport|Panorama"
    ),
    "fr": _by_topic(
        "Culture|Monde|Faits divers|Faits divers|Éco|Société|Planète|Société|Faits divers|Éco|Vivre|Politique|Société"
        "|Planète|Société|Sports|Planète"
    ),
    "es": _by_topic(
        "Cultura|Internacional|Sucesos|Sucesos|Dinero|Sociedad|Sociedad|Sociedad|Sociedad|Dinero|Vida|Actualidad"
        "|Sociedad|Ciencia y clima|Sociedad|Deportes|Ciencia y clima"
    ),
    "it": _by_topic(
        "Spettacoli|Esteri|Cronaca|Cronaca|Soldi|Cronaca|Scienze|Scienze|Cronaca|Soldi|Vivere|Palazzo|Vivere"
        "|Scienze|Vivere|Sport|Cronaca"
    ),
}
"""Language → topic → the broad section that holds it."""


def tagging_of(outlet: Outlet, outlets: Sequence[Outlet]) -> Tagging:
    """Return how the outlet tags its articles; `outlets` are all of them."""
    return TAGGING_ROTATION[outlets.index(outlet) % len(TAGGING_ROTATION)]


def section_tags(article: Article, tagging: Tagging) -> tuple[str, ...]:
    """Return the tags that the article's outlet gives it in feeds and in the API, none or one."""
    if tagging is Tagging.NONE:
        return ()
    names = SECTIONS if tagging is Tagging.OWN else BROAD_SECTIONS
    return (names[article.outlet.language][article.topic],)
