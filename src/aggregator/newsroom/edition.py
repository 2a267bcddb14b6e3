"""What the newsroom has published at a given time. Pure: times and a seed in, articles out.

An article appears at `opened_at + hour + delay`. About one in twelve, chosen by the seed, is edited ninety minutes
later: a sentence is added, and every third of them gets a slightly different title. Address and id stay.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.newsroom.chance import chance
from aggregator.newsroom.material import Article, Material

EDIT_DELAY = timedelta(minutes=90)
EDITED_ONE_IN = 12
RETITLED_ONE_IN = 3
PICTURE_VARIANTS = 3

UPDATES = {
    "en": (
        "Updated: Officials in {place} said a further statement would follow this evening.",
        "Updated: This report was expanded after new details reached us from {place}.",
    ),
    "de": (
        "Aktualisiert: Die Behörden in {place} kündigten für den Abend eine weitere Mitteilung an.",
        "Aktualisiert: Der Beitrag wurde um neue Angaben aus {place} ergänzt.",
    ),
    "fr": (
        "Mis à jour : les autorités de {place} annoncent un nouveau communiqué dans la soirée.",
        "Mis à jour : cet article a été complété avec de nouveaux éléments reçus de {place}.",
    ),
    "es": (
        "Actualizado: las autoridades de {place} anuncian un nuevo comunicado para esta noche.",
        "Actualizado: esta información se ha ampliado con nuevos datos llegados de {place}.",
    ),
    "it": (
        "Aggiornato: le autorità di {place} annunciano un nuovo comunicato in serata.",
        "Aggiornato: l’articolo è stato integrato con nuovi dettagli arrivati da {place}.",
    ),
}
"""Language → the sentences of which an edited article gets one; `{place}` is the event's place."""


@dataclass(frozen=True, slots=True)
class PublishedArticle:
    """An article as it stands at some time. `article` carries the edited text once `updated_at` is set."""

    article: Article
    published_at: datetime
    updated_at: datetime | None = None

    @property
    def changed_at(self) -> datetime:
        """When the text last changed."""
        return self.updated_at or self.published_at


class Edition:
    """All publications of a newsroom that opened at `opened_at`, for any time asked. Holds no clock and no state."""

    def __init__(self, material: Material, opened_at: datetime, seed: int) -> None:
        """`opened_at` is aware; `seed` decides which articles are edited."""
        self.opened_at = opened_at
        self._seed = seed
        first = [PublishedArticle(article, self._published_at(article)) for article in material.articles]
        self._drafts = sorted(first, key=lambda item: (item.published_at, item.article.path), reverse=True)
        edits = [item.published_at + EDIT_DELAY for item in first if is_edited(item.article, seed)]
        self._moments = sorted([item.published_at for item in first] + edits)

    def _published_at(self, article: Article) -> datetime:
        return self.opened_at + timedelta(hours=article.hour, minutes=article.delay_minutes)

    def state(self, now: datetime) -> int:
        """Return a number that grows with every publication and every edit, and only then."""
        return bisect_right(self._moments, now)

    def articles(self, now: datetime) -> tuple[PublishedArticle, ...]:
        """Return what is published at `now`, newest publication first."""
        return tuple(self._as_of(item, now) for item in self._drafts if item.published_at <= now)

    def _as_of(self, item: PublishedArticle, now: datetime) -> PublishedArticle:
        edited_at = item.published_at + EDIT_DELAY
        if now < edited_at or not is_edited(item.article, self._seed):
            return item
        return PublishedArticle(edited(item.article, self._seed), item.published_at, edited_at)


def is_edited(article: Article, seed: int) -> bool:
    """Whether `article` is edited after its publication."""
    return chance(seed, "edit", article.path) % EDITED_ONE_IN == 0


def edited(article: Article, seed: int) -> Article:
    """Return `article` with its sentence added to summary and body, and sometimes a longer title."""
    sentences = UPDATES[article.outlet.language]
    sentence = sentences[chance(seed, "sentence", article.path) % len(sentences)].format(place=article.place)
    label = sentence.partition(":")[0].strip()
    retitled = chance(seed, "title", article.path) % RETITLED_ONE_IN == 0
    return replace(
        article,
        title=f"{article.title} ({label.lower()})" if retitled else article.title,
        summary=f"{article.summary} {sentence}",
        paragraphs=(*article.paragraphs, sentence),
    )


def picture_path(article: Article, seed: int) -> str:
    """Return the address of the article's picture; outlets that drew the same variant share the very same photo."""
    variant = chance(seed, "picture", article.event_id, article.outlet.id) % PICTURE_VARIANTS
    return f"/pictures/{article.event_id}-{variant + 1}.jpg"
